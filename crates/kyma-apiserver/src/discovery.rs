//! Discovery: which groups, versions and kinds are served, in the old form and in the aggregated one (KEP-3352).
//!
//! The built-in kinds stand as the table has them, in the real server's order; those of custom kinds follow by name.

mod aggregated;
mod documents;

use bytes::Bytes;
use http::HeaderMap;
use http::header::HOST;
use kyma_registry::structure::{self, Kind, Part};
use kyma_registry::{Catalog, Resource};
use serde::Serialize;

pub(crate) use aggregated::{aggregated, wants_aggregated};
use documents::{
    ApiGroup, ApiGroupList, ApiResource, ApiResourceList, ApiVersions, Paths, ServerAddress, Version,
    VersionName,
};

/// The Kubernetes version whose behaviour is followed.
const GIT_VERSION: &str = "v1.37.2";
/// The order in which the real server lists the verbs of custom kinds.
const CUSTOM_VERBS: [&str; 8] =
    ["delete", "deletecollection", "get", "list", "patch", "create", "update", "watch"];
const PART_VERBS: [&str; 3] = ["get", "patch", "update"];

/// A document as the real server writes it: a line.
fn line(document: &impl Serialize) -> Bytes {
    let mut json = serde_json::to_vec(document).unwrap_or_default();
    json.push(b'\n');
    json.into()
}

/// `/version`, which is written for people.
pub(crate) fn version_document() -> Bytes {
    serde_json::to_vec_pretty(&build()).unwrap_or_default().into()
}

/// The members of `/version`.
pub(crate) fn version() -> serde_json::Value {
    serde_json::to_value(build()).unwrap_or_default()
}

fn build() -> Version {
    Version {
        major: "1",
        minor: "37",
        emulation_major: "1",
        emulation_minor: "37",
        min_compatibility_major: "1",
        min_compatibility_minor: "36",
        git_version: GIT_VERSION,
        git_commit: "",
        git_tree_state: "clean",
        build_date: "1970-01-01T00:00:00Z",
        go_version: "",
        compiler: "rustc",
        platform: format!("{}/{}", std::env::consts::OS, architecture()),
    }
}

/// The machine as Go names it.
fn architecture() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    }
}

/// `/`: the paths that are served.
pub(crate) fn paths(catalog: &Catalog) -> Bytes {
    let mut paths: Vec<String> = ["/api", "/api/v1", "/apis", "/apis/"].map(str::to_owned).to_vec();
    let mut groups = groups_of(catalog);
    groups.sort();
    for (group, versions) in groups.iter().filter(|(group, _)| !group.is_empty()) {
        paths.push(format!("/apis/{group}"));
        paths.extend(versions.iter().map(|version| format!("/apis/{group}/{version}")));
    }
    paths.extend(
        ["/healthz", "/livez", "/metrics", "/openapi/v2", "/openapi/v3", "/readyz", "/version"]
            .map(str::to_owned),
    );
    line(&Paths { paths })
}

/// `/api`.
pub(crate) fn core_versions(headers: &HeaderMap) -> Bytes {
    // The address is the one by which this client came.
    let address = headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or("127.0.0.1:6443");
    let addresses = [ServerAddress { client: "0.0.0.0/0", address }];
    line(&ApiVersions { kind: "APIVersions", versions: ["v1"], addresses })
}

/// Groups with their versions, the preferred one first.
fn groups_of(catalog: &Catalog) -> Vec<(String, Vec<String>)> {
    let mut groups: Vec<(String, Vec<String>)> = Vec::new();
    let mut add = |group: &str, version: &str| {
        let place = groups.iter().position(|(name, _)| name == group).unwrap_or_else(|| {
            groups.push((group.to_owned(), Vec::new()));
            groups.len() - 1
        });
        if let Some((_, versions)) = groups.get_mut(place)
            && !versions.iter().any(|other| other == version)
        {
            versions.push(version.to_owned());
        }
    };
    structure::kinds().iter().for_each(|kind| add(kind.group, kind.version));
    for (group, versions) in catalog.groups() {
        versions.iter().for_each(|version| add(&group, version));
    }
    groups
}

/// `/apis`.
pub(crate) fn groups(catalog: &Catalog) -> Bytes {
    let groups = groups_of(catalog);
    let named = groups.iter().filter(|(group, _)| !group.is_empty());
    let groups = named.map(|(group, versions)| api_group(group, versions, false)).collect();
    line(&ApiGroupList { kind: "APIGroupList", api_version: "v1", groups })
}

fn api_group(group: &str, versions: &[String], alone: bool) -> ApiGroup {
    let names: Vec<VersionName> = versions
        .iter()
        .map(|version| VersionName { group_version: format!("{group}/{version}"), version: version.clone() })
        .collect();
    ApiGroup {
        kind: alone.then_some("APIGroup"),
        api_version: alone.then_some("v1"),
        name: group.to_owned(),
        preferred: names.first().cloned(),
        versions: names,
    }
}

/// `/apis/GROUP`.
pub(crate) fn group(catalog: &Catalog, group: &str) -> Option<Bytes> {
    let groups = groups_of(catalog);
    let (_, versions) = groups.iter().find(|(name, _)| !group.is_empty() && *name == *group)?;
    Some(line(&api_group(group, versions, true)))
}

/// `/apis/GROUP/VERSION`.
pub(crate) fn resources(catalog: &Catalog, group: &str, version: &str) -> Option<Bytes> {
    let builtin = structure::kinds().iter().filter(|kind| kind.group == group && kind.version == version);
    let mut resources: Vec<ApiResource> = builtin.flat_map(builtin_entries).collect();
    let custom = catalog.in_version(group, version).filter(|resource| resource.is_custom());
    resources.extend(custom.flat_map(|resource| custom_entries(resource)));
    if resources.is_empty() {
        return None;
    }
    let (group_version, api_version) = match group {
        // The oldest of all documents names no version of its own.
        "" => (version.to_owned(), None),
        _ => (format!("{group}/{version}"), Some("v1")),
    };
    Some(line(&ApiResourceList { kind: "APIResourceList", api_version, group_version, resources }))
}

fn builtin_entries(kind: &'static Kind) -> Vec<ApiResource> {
    let mut all = vec![ApiResource {
        name: kind.plural.to_owned(),
        singular: kind.singular.clone(),
        namespaced: !kind.cluster,
        kind: kind.kind.to_owned(),
        verbs: kind.verbs.clone(),
        short: kind.short.iter().map(|name| (*name).to_owned()).collect(),
        categories: kind.categories.iter().map(|name| (*name).to_owned()).collect(),
        hash: kind.hash.to_owned(),
        ..ApiResource::default()
    }];
    all.extend(kind.parts.iter().map(|part| part_entry(kind, part)));
    all
}

fn part_entry(kind: &'static Kind, part: &'static Part) -> ApiResource {
    let (group, version, name) = part.kind;
    let foreign = (group, version) != (kind.group, kind.version);
    ApiResource {
        name: format!("{}/{}", kind.plural, part.name),
        namespaced: !kind.cluster,
        group: if foreign { group } else { "" },
        version: if foreign { version } else { "" },
        kind: name.to_owned(),
        verbs: part.verbs.clone(),
        ..ApiResource::default()
    }
}

fn custom_entries(resource: &Resource) -> Vec<ApiResource> {
    let mut all = vec![ApiResource {
        name: resource.names.plural.to_string(),
        singular: resource.names.singular.to_string(),
        namespaced: resource.namespaced(),
        kind: resource.names.kind.to_string(),
        verbs: CUSTOM_VERBS.to_vec(),
        short: resource.names.short.clone(),
        categories: resource.names.categories.clone(),
        hash: storage_hash(resource),
        ..ApiResource::default()
    }];
    if resource.status {
        all.push(ApiResource {
            name: format!("{}/status", resource.names.plural),
            namespaced: resource.namespaced(),
            kind: resource.names.kind.to_string(),
            verbs: PART_VERBS.to_vec(),
            ..ApiResource::default()
        });
    }
    if resource.scale.is_some() {
        all.push(ApiResource {
            name: format!("{}/scale", resource.names.plural),
            namespaced: resource.namespaced(),
            group: "autoscaling",
            version: "v1",
            kind: "Scale".to_owned(),
            verbs: PART_VERBS.to_vec(),
            ..ApiResource::default()
        });
    }
    all
}

/// Tells clients whether objects of two servers are stored alike; opaque to them.
fn storage_hash(resource: &Resource) -> String {
    use base64::Engine as _;
    let text = format!("{}/{}/{}", resource.group, resource.storage_version, resource.names.kind);
    base64::engine::general_purpose::STANDARD.encode(fnv1a(text.as_bytes()).to_be_bytes())
}

/// FNV-1a, 64 bits.
fn fnv1a(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

//! Discovery: which groups, versions and kinds are served, in the old form and in the aggregated one (KEP-3352).

use std::sync::Arc;

use http::header::{ACCEPT, ETAG, HOST, IF_NONE_MATCH, VARY};
use http::{HeaderMap, HeaderValue, Response, StatusCode};
use kyma_registry::{ApiError, Catalog, Resource};
use serde_json::{Value, json};

use crate::body::Body;
use crate::encode::json::to_vec;
use crate::response;
use crate::verbs::review::{self, REVIEWS, Review};

/// The Kubernetes version whose behaviour is followed.
const GIT_VERSION: &str = "v1.37.2";
const VERBS: [&str; 8] = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"];
/// The order in which the real server lists the verbs of custom kinds.
const CUSTOM_VERBS: [&str; 8] =
    ["delete", "deletecollection", "get", "list", "patch", "create", "update", "watch"];
const PART_VERBS: [&str; 3] = ["get", "patch", "update"];
const AGGREGATED: &str = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";

/// `/version`.
pub(crate) fn version() -> Value {
    json!({
        "major": "1", "minor": "37",
        "emulationMajor": "1", "emulationMinor": "37",
        "minCompatibilityMajor": "1", "minCompatibilityMinor": "36",
        "gitVersion": GIT_VERSION, "gitCommit": "", "gitTreeState": "clean", "buildDate": "1970-01-01T00:00:00Z",
        "goVersion": "", "compiler": "rustc", "platform": format!("{}/{}", std::env::consts::OS, architecture()),
    })
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
pub(crate) fn paths(catalog: &Catalog) -> Value {
    let mut paths: Vec<String> = ["/api", "/api/v1", "/apis", "/apis/"].map(str::to_owned).to_vec();
    for (group, versions) in groups_of(catalog).iter().filter(|(group, _)| !group.is_empty()) {
        paths.push(format!("/apis/{group}"));
        paths.extend(versions.iter().map(|version| format!("/apis/{group}/{version}")));
    }
    paths.extend(
        ["/healthz", "/livez", "/metrics", "/openapi/v2", "/openapi/v3", "/readyz", "/version"]
            .map(str::to_owned),
    );
    json!({"paths": paths})
}

/// `/api`.
pub(crate) fn core_versions(headers: &HeaderMap) -> Value {
    // The address is the one by which this client came.
    let address = headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or("127.0.0.1:6443");
    json!({"kind": "APIVersions", "versions": ["v1"],
        "serverAddressByClientCIDRs": [{"clientCIDR": "0.0.0.0/0", "serverAddress": address}]})
}

/// Groups with their versions: those of the kinds, and those of the questions that are no kinds.
fn groups_of(catalog: &Catalog) -> Vec<(Arc<str>, Vec<Arc<str>>)> {
    let mut groups = catalog.groups();
    for review in REVIEWS {
        if groups.iter().all(|(group, _)| **group != *review.group) {
            groups.push((review.group.into(), vec![review::VERSION.into()]));
        }
    }
    groups.sort();
    groups
}

/// The questions of a group and version.
fn reviews_of(group: &str, version: &str) -> impl Iterator<Item = Review> {
    REVIEWS.into_iter().filter(move |review| review.group == group && review::VERSION == version)
}

/// `/apis`.
pub(crate) fn groups(catalog: &Catalog) -> Value {
    let groups = groups_of(catalog);
    let groups: Vec<Value> = groups
        .iter()
        .filter(|(group, _)| !group.is_empty())
        .map(|(group, versions)| group_value(group, versions))
        .collect();
    json!({"kind": "APIGroupList", "apiVersion": "v1", "groups": groups})
}

fn group_value(group: &str, versions: &[Arc<str>]) -> Value {
    let versions: Vec<Value> = versions
        .iter()
        .map(|version| json!({"groupVersion": format!("{group}/{version}"), "version": version}))
        .collect();
    json!({"name": group, "versions": versions, "preferredVersion": versions.first()})
}

/// `/apis/GROUP`.
pub(crate) fn group(catalog: &Catalog, group: &str) -> Option<Value> {
    let groups = groups_of(catalog);
    let (_, versions) = groups.iter().find(|(name, _)| !group.is_empty() && **name == *group)?;
    let mut value = group_value(group, versions);
    value["kind"] = "APIGroup".into();
    value["apiVersion"] = "v1".into();
    Some(value)
}

/// `/apis/GROUP/VERSION`.
pub(crate) fn resources(catalog: &Catalog, group: &str, version: &str) -> Option<Value> {
    let reviews = reviews_of(group, version).map(|review| {
        json!({"name": review.plural, "singularName": review.singular, "namespaced": false, "kind": review.kind,
            "verbs": ["create"]})
    });
    let kinds = catalog.in_version(group, version).flat_map(|resource| entries(resource));
    let resources: Vec<Value> = kinds.chain(reviews).collect();
    if resources.is_empty() {
        return None;
    }
    let group_version = if group.is_empty() { version.to_owned() } else { format!("{group}/{version}") };
    Some(
        json!({"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": group_version, "resources": resources}),
    )
}

fn entries(resource: &Resource) -> Vec<Value> {
    let mut main = json!({
        "name": resource.names.plural,
        "singularName": resource.names.singular,
        "namespaced": resource.namespaced(),
        "kind": resource.names.kind,
        "verbs": verbs(resource),
        "storageVersionHash": storage_hash(resource),
    });
    if !resource.names.short.is_empty() {
        main["shortNames"] = json!(resource.names.short);
    }
    if !resource.names.categories.is_empty() {
        main["categories"] = json!(resource.names.categories);
    }
    let part = |name: &str, verbs: &[&str]| {
        json!({"name": format!("{}/{name}", resource.names.plural), "singularName": "",
            "namespaced": resource.namespaced(), "kind": resource.names.kind, "verbs": verbs})
    };
    let mut all = vec![main];
    if is_namespace(resource) {
        all.push(part("finalize", &["update"]));
    }
    if resource.status {
        all.push(part("status", &PART_VERBS));
    }
    all
}

fn is_namespace(resource: &Resource) -> bool {
    resource.group.is_empty() && &*resource.names.plural == "namespaces"
}

fn verbs(resource: &Resource) -> Vec<&'static str> {
    if resource.is_custom() {
        return CUSTOM_VERBS.to_vec();
    }
    VERBS.into_iter().filter(|verb| *verb != "deletecollection" || !is_namespace(resource)).collect()
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

/// Whether the client asks for the aggregated form first.
pub(crate) fn wants_aggregated(headers: &HeaderMap) -> bool {
    let accepts = headers
        .get_all(ACCEPT)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','));
    let mut accepts = accepts.map(str::trim);
    accepts.next().is_some_and(|first| {
        ["as=APIGroupDiscoveryList", "g=apidiscovery.k8s.io", "v=v2"]
            .iter()
            .all(|part| first.split(';').any(|p| p.trim() == *part))
    })
}

/// The aggregated form of `/api` or `/apis`.
pub(crate) fn aggregated(
    catalog: &Catalog,
    core: bool,
    headers: &HeaderMap,
) -> Result<Response<Body>, ApiError> {
    let groups = groups_of(catalog);
    let items: Vec<Value> = groups
        .iter()
        .filter(|(group, _)| group.is_empty() == core)
        .map(|(group, versions)| {
            let versions: Vec<Value> = versions
                .iter()
                .map(|version| {
                    let reviews = reviews_of(group, version).map(aggregated_review);
                    let kinds = catalog.in_version(group, version).map(|kind| aggregated_entry(kind));
                    let resources: Vec<Value> = kinds.chain(reviews).collect();
                    json!({"version": version, "resources": resources, "freshness": "Current"})
                })
                .collect();
            let metadata = if core {
                json!({"creationTimestamp": null})
            } else {
                json!({"name": group, "creationTimestamp": null})
            };
            json!({"metadata": metadata, "versions": versions})
        })
        .collect();
    let list = json!({"kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2", "metadata": {}, "items": items});
    let body = to_vec(&list)?;
    let tag = format!("\"{:016X}\"", fnv1a(&body));
    let known = headers.get(IF_NONE_MATCH).is_some_and(|given| given.as_bytes() == tag.as_bytes());
    let (status, body) = if known { (StatusCode::NOT_MODIFIED, Vec::new()) } else { (StatusCode::OK, body) };
    let mut response = response::bytes(status, AGGREGATED, body);
    response.headers_mut().insert(VARY, HeaderValue::from_static("Accept"));
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        response.headers_mut().insert(ETAG, tag);
    }
    Ok(response)
}

fn aggregated_review(review: Review) -> Value {
    json!({
        "resource": review.plural,
        "responseKind": {"group": "", "version": "", "kind": review.kind},
        "scope": "Cluster",
        "singularResource": review.singular,
        "verbs": ["create"],
    })
}

fn aggregated_entry(resource: &Resource) -> Value {
    // Built-in kinds leave out what the group and version around them say.
    let kind = match resource.is_custom() {
        true => json!({"group": resource.group, "version": resource.version, "kind": resource.names.kind}),
        false => json!({"group": "", "version": "", "kind": resource.names.kind}),
    };
    let part =
        |name: &str, verbs: &[&str]| json!({"subresource": name, "responseKind": kind, "verbs": verbs});
    let mut parts = Vec::new();
    if is_namespace(resource) {
        parts.push(part("finalize", &["update"]));
    }
    if resource.status {
        parts.push(part("status", &PART_VERBS));
    }
    let mut entry = json!({
        "resource": resource.names.plural,
        "responseKind": kind,
        "scope": if resource.namespaced() { "Namespaced" } else { "Cluster" },
        "singularResource": resource.names.singular,
        "verbs": verbs(resource),
    });
    if !resource.names.short.is_empty() {
        entry["shortNames"] = json!(resource.names.short);
    }
    if !resource.names.categories.is_empty() {
        entry["categories"] = json!(resource.names.categories);
    }
    if !parts.is_empty() {
        entry["subresources"] = parts.into();
    }
    entry
}

//! The aggregated form: all groups, versions and kinds in one document (`k8s.io/api/apidiscovery/v2`, its members in the
//! order in which Go writes them).

use http::header::{ACCEPT, ETAG, IF_NONE_MATCH, VARY};
use http::{HeaderMap, HeaderValue, Response, StatusCode};
use kyma_registry::structure::{self, Kind};
use kyma_registry::{ApiError, Catalog, Resource};
use serde::Serialize;

use super::{CUSTOM_VERBS, PART_VERBS, fnv1a, groups_of, line};
use crate::body::Body;
use crate::response;

const MEDIA_TYPE: &str = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct List {
    kind: &'static str,
    api_version: &'static str,
    metadata: Metadata,
    items: Vec<Group>,
}

#[derive(Serialize)]
struct Metadata {
    #[serde(skip_serializing_if = "String::is_empty")]
    name: String,
}

#[derive(Serialize)]
struct Group {
    metadata: Metadata,
    versions: Vec<Version>,
}

#[derive(Serialize)]
struct Version {
    version: String,
    resources: Vec<Entry>,
    freshness: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    resource: String,
    response_kind: ResponseKind,
    scope: &'static str,
    singular_resource: String,
    verbs: Vec<&'static str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    short_names: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    categories: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    subresources: Vec<Part>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Part {
    subresource: &'static str,
    response_kind: ResponseKind,
    verbs: Vec<&'static str>,
}

#[derive(Serialize, Clone)]
struct ResponseKind {
    group: String,
    version: String,
    kind: String,
}

impl ResponseKind {
    /// Built-in kinds leave out what the group and version around them say.
    fn of(kind: &Kind, (group, version, name): (&str, &str, &str)) -> Self {
        let (group, version) =
            if (group, version) == (kind.group, kind.version) { ("", "") } else { (group, version) };
        ResponseKind { group: group.to_owned(), version: version.to_owned(), kind: name.to_owned() }
    }
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
    let items = groups.iter().filter(|(group, _)| group.is_empty() == core);
    let items = items.map(|(group, versions)| Group {
        metadata: Metadata { name: group.clone() },
        versions: versions.iter().map(|version| entries(catalog, group, version)).collect(),
    });
    let list = List {
        kind: "APIGroupDiscoveryList",
        api_version: "apidiscovery.k8s.io/v2",
        metadata: Metadata { name: String::new() },
        items: items.collect(),
    };
    let body = line(&list);
    let tag = format!("\"{:016X}\"", fnv1a(&body));
    let known = headers.get(IF_NONE_MATCH).is_some_and(|given| given.as_bytes() == tag.as_bytes());
    let (status, body) =
        if known { (StatusCode::NOT_MODIFIED, Default::default()) } else { (StatusCode::OK, body) };
    let mut response = response::bytes(status, MEDIA_TYPE, body);
    response.headers_mut().insert(VARY, HeaderValue::from_static("Accept"));
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        response.headers_mut().insert(ETAG, tag);
    }
    Ok(response)
}

fn entries(catalog: &Catalog, group: &str, version: &str) -> Version {
    let builtin = structure::kinds().iter().filter(|kind| kind.group == group && kind.version == version);
    let mut resources: Vec<Entry> = builtin.map(builtin_entry).collect();
    let custom = catalog.in_version(group, version).filter(|resource| resource.is_custom());
    resources.extend(custom.map(|resource| custom_entry(resource)));
    Version { version: version.to_owned(), resources, freshness: "Current" }
}

fn scope(namespaced: bool) -> &'static str {
    if namespaced { "Namespaced" } else { "Cluster" }
}

fn builtin_entry(kind: &'static Kind) -> Entry {
    let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    let parts = kind.parts.iter().map(|part| Part {
        subresource: part.name,
        response_kind: ResponseKind::of(kind, part.kind),
        verbs: part.verbs.clone(),
    });
    Entry {
        resource: kind.plural.to_owned(),
        response_kind: ResponseKind::of(kind, (kind.group, kind.version, kind.kind)),
        scope: scope(!kind.cluster),
        singular_resource: kind.singular.clone(),
        verbs: kind.verbs.clone(),
        short_names: owned(&kind.short),
        categories: owned(&kind.categories),
        subresources: parts.collect(),
    }
}

fn custom_entry(resource: &Resource) -> Entry {
    let kind = ResponseKind {
        group: resource.group.to_string(),
        version: resource.version.to_string(),
        kind: resource.names.kind.to_string(),
    };
    let status = resource.status.then(|| Part {
        subresource: "status",
        response_kind: kind.clone(),
        verbs: PART_VERBS.to_vec(),
    });
    let scale = resource.scale.is_some().then(|| Part {
        subresource: "scale",
        response_kind: ResponseKind {
            group: "autoscaling".to_owned(),
            version: "v1".to_owned(),
            kind: "Scale".to_owned(),
        },
        verbs: PART_VERBS.to_vec(),
    });
    Entry {
        resource: resource.names.plural.to_string(),
        response_kind: kind,
        scope: scope(resource.namespaced()),
        singular_resource: resource.names.singular.to_string(),
        verbs: CUSTOM_VERBS.to_vec(),
        short_names: resource.names.short.clone(),
        categories: resource.names.categories.clone(),
        subresources: status.into_iter().chain(scale).collect(),
    }
}

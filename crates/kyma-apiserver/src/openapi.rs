//! OpenAPI, as far as clients read it: which paths take which parameters, and the structure of each kind.

use http::header::ACCEPT;
use http::{HeaderMap, Response, StatusCode};
use kyma_registry::{ApiError, Catalog, Resource};
use serde_json::{Map, Value, json};

use crate::body::Body;
use crate::encode::Accept;
use crate::encode::json::to_vec;
use crate::response;

mod builtin;

/// `/openapi/v3`, and the document of one group and version behind it.
pub(crate) fn v3(catalog: &Catalog, path: Option<&str>) -> Result<Response<Body>, ApiError> {
    let document = match path {
        None => index(catalog),
        Some(path) => group_version(catalog, path).ok_or_else(ApiError::resource_not_found)?,
    };
    Ok(response::bytes(StatusCode::OK, "application/json", to_vec(&document)?))
}

/// The media type by which kubectl asks for the old document, and, as that is none by RFC 2045, the one of the answer.
const V2_PROTOBUF: &str = "application/com.github.proto-openapi.spec.v2@v1.0+protobuf";
const V2_PROTOBUF_ANSWER: &str = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf";

/// The head of the old document as kubectl's decoder has it (github.com/google/gnostic-models/openapiv2). Its paths and
/// definitions are left out: clients that take this encoding read them from version 3 and only look here whether a kind
/// that they did not find there is known after all.
#[derive(Clone, PartialEq, prost::Message)]
struct DocumentHead {
    #[prost(string, tag = "1")]
    swagger: String,
    #[prost(message, optional, tag = "2")]
    info: Option<InfoHead>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct InfoHead {
    #[prost(string, tag = "1")]
    title: String,
    #[prost(string, tag = "2")]
    version: String,
}

/// `/openapi/v2`: the old document.
pub(crate) fn v2(catalog: &Catalog, headers: &HeaderMap) -> Result<Response<Body>, ApiError> {
    let accepts = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
    if accepts.flat_map(|value| value.split(',')).any(|choice| choice.trim() == V2_PROTOBUF) {
        let info = InfoHead { title: TITLE.to_owned(), version: VERSION.to_owned() };
        let head = DocumentHead { swagger: "2.0".to_owned(), info: Some(info) };
        return Ok(response::bytes(StatusCode::OK, V2_PROTOBUF_ANSWER, prost::Message::encode_to_vec(&head)));
    }
    Accept::from_headers(headers, false)?;
    let mut schemas = builtin::Schemas::default();
    let mut paths = Map::new();
    for resource in catalog.all() {
        define(resource, &mut schemas);
        paths.extend(paths_of(resource, false));
    }
    let definitions: Map<String, Value> = schemas
        .finish()
        .iter()
        .map(|(name, schema)| (name.clone(), builtin::for_version_2(schema)))
        .collect();
    let document = json!({"swagger": "2.0", "info": info(), "paths": paths, "definitions": definitions});
    Ok(response::bytes(StatusCode::OK, "application/json", to_vec(&document)?))
}

const TITLE: &str = "Kubernetes";
const VERSION: &str = "v1.37.2";

fn info() -> Value {
    json!({"title": TITLE, "version": VERSION})
}

/// The path of a group and version below `/openapi/v3/`.
fn below(group: &str, version: &str) -> String {
    if group.is_empty() { format!("api/{version}") } else { format!("apis/{group}/{version}") }
}

fn index(catalog: &Catalog) -> Value {
    let mut paths = Map::new();
    for (group, versions) in catalog.groups() {
        for version in versions {
            let path = below(&group, &version);
            // The hash lets clients keep a document until the kinds change.
            let url = format!("/openapi/v3/{path}?hash={:016X}", catalog.epoch());
            paths.insert(path, json!({"serverRelativeURL": url}));
        }
    }
    json!({"paths": paths})
}

fn group_version(catalog: &Catalog, path: &str) -> Option<Value> {
    let (group, version) = match path.split('/').collect::<Vec<_>>().as_slice() {
        ["api", version] => ("", *version),
        ["apis", group, version] => (*group, *version),
        _ => return None,
    };
    let (mut paths, mut schemas) = (Map::new(), builtin::Schemas::default());
    for resource in catalog.in_version(group, version) {
        paths.extend(paths_of(resource, true));
        define(resource, &mut schemas);
    }
    if paths.is_empty() {
        return None;
    }
    let schemas = schemas.finish();
    Some(json!({"openapi": "3.0.0", "info": info(), "paths": paths, "components": {"schemas": schemas}}))
}

/// Adds the schema of a kind.
fn define(resource: &Resource, schemas: &mut builtin::Schemas) {
    match resource.builtin() {
        Some(builtin) => schemas.add_kind(builtin.table),
        None => {
            schemas.add_common();
            schemas.insert(custom_name(resource), structure(resource));
        }
    }
}

/// `io.kyma-project.inventory.v1alpha1.Kyma`: the group backwards, as the real server names custom kinds.
fn custom_name(resource: &Resource) -> String {
    let backwards: Vec<&str> = resource.group.split('.').rev().collect();
    format!("{}.{}.{}", backwards.join("."), resource.version, resource.names.kind)
}

fn gvk(resource: &Resource) -> Value {
    json!({"group": resource.group, "version": resource.version, "kind": resource.names.kind})
}

fn structure(resource: &Resource) -> Value {
    let mut schema = json!({"type": "object"});
    // A kind without a schema gets no properties at all: clients would take them for all that there are.
    if let Some(raw) = resource.raw_schema.as_deref() {
        schema = raw.clone();
        for (name, property) in builtin::common_properties() {
            schema["properties"][name] = property;
        }
    }
    schema["x-kubernetes-group-version-kind"] = json!([gvk(resource)]);
    schema
}

/// Parameters of writes.
const WRITE: [&str; 3] = ["dryRun", "fieldManager", "fieldValidation"];

/// An operation on a kind with its query parameters.
fn operation(action: &str, gvk: &Value, parameters: &[&str], v3: bool) -> Value {
    let parameters: Vec<Value> = parameters
        .iter()
        .map(|name| {
            let mut parameter = json!({"name": name, "in": "query", "uniqueItems": true});
            match v3 {
                true => parameter["schema"] = json!({"type": "string"}),
                false => parameter["type"] = "string".into(),
            }
            parameter
        })
        .collect();
    json!({"parameters": parameters, "responses": {"200": {"description": "OK"}},
        "x-kubernetes-action": action, "x-kubernetes-group-version-kind": gvk})
}

/// The paths of a kind with the operations that a client looks for.
fn paths_of(resource: &Resource, v3: bool) -> Vec<(String, Value)> {
    let base = match (resource.group.is_empty(), resource.namespaced()) {
        (true, false) => format!("/api/{}", resource.version),
        (true, true) => format!("/api/{}/namespaces/{{namespace}}", resource.version),
        (false, false) => format!("/apis/{}/{}", resource.group, resource.version),
        (false, true) => format!("/apis/{}/{}/namespaces/{{namespace}}", resource.group, resource.version),
    };
    let base = format!("{base}/{}", resource.names.plural);
    let operation = |action: &str, parameters: &[&str]| operation(action, &gvk(resource), parameters, v3);
    let select = [
        "allowWatchBookmarks",
        "continue",
        "fieldSelector",
        "labelSelector",
        "limit",
        "resourceVersion",
        "resourceVersionMatch",
        "sendInitialEvents",
        "timeoutSeconds",
        "watch",
    ];
    let object = json!({
        "get": operation("get", &[]),
        "put": operation("put", &WRITE),
        "patch": operation("patch", &WRITE),
        "delete": operation("delete", &["dryRun", "gracePeriodSeconds", "orphanDependents", "propagationPolicy"]),
    });
    let mut paths = vec![
        (base.clone(), json!({"get": operation("list", &select), "post": operation("post", &WRITE)})),
        (format!("{base}/{{name}}"), object),
    ];
    if resource.status {
        let status = json!({"get": operation("get", &[]), "put": operation("put", &WRITE), "patch": operation("patch", &WRITE)});
        paths.push((format!("{base}/{{name}}/status"), status));
    }
    paths
}

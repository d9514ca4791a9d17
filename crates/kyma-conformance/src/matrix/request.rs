//! The request of a cell.

use http::Method;
use http::header::ACCEPT;
use serde_json::{Map, Value, json};

use super::cell::{Cell, Condition as C, Verb};
use super::subject::Change;
use crate::client::{JSON_PATCH, MERGE, METADATA, STRATEGIC, TABLE};
use crate::fixture::with;

const APPLY: &str = "application/apply-patch+yaml";
const METADATA_LIST: &str = "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io";
/// A UID that no object has.
const OTHER_UID: &str = "00000000-0000-0000-0000-000000000000";
/// A manager's name may have 128 characters.
const LONG: usize = 129;

/// What is sent.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) query: Vec<(&'static str, String)>,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Option<(&'static str, String)>,
}

/// What was there before.
#[derive(Debug, Default)]
pub(crate) struct Before {
    pub(crate) namespace: String,
    pub(crate) name: String,
    /// The object as it is now; null if there is none.
    pub(crate) object: Value,
    /// The version before the last change.
    pub(crate) earlier_version: String,
    /// The part that the request is about, as the server answers it.
    pub(crate) part: Value,
}

/// Makes the request of a cell.
pub(crate) fn request(cell: &Cell, before: &Before) -> Request {
    let mut request = Request {
        method: method(cell.verb),
        path: path(cell, before),
        query: Vec::new(),
        headers: Vec::new(),
        body: body(cell, before),
    };
    let query = &mut request.query;
    if cell.of_collection() {
        let selector =
            if cell.condition == C::BadSelector { "a in b" } else { &format!("cell={}", before.name) };
        query.push(("labelSelector", selector.to_owned()));
    }
    if cell.verb == Verb::Watch {
        query.push(("watch", "true".into()));
        query.push(("timeoutSeconds", "1".into()));
    }
    if cell.verb == Verb::Apply && cell.condition != C::NoManager {
        query.push(("fieldManager", "matrix".into()));
    }
    if let Some((key, value)) = parameter(cell.condition) {
        query.push((key, value));
    }
    if cell.condition == C::Forbidden {
        request.headers.push(("impersonate-user", "nobody@example.com".into()));
    }
    if let Some(accept) = accept(cell) {
        request.headers.push((ACCEPT.as_str(), accept.to_owned()));
    }
    request
}

fn method(verb: Verb) -> Method {
    match verb {
        Verb::Create => Method::POST,
        Verb::Get | Verb::List | Verb::Watch => Method::GET,
        Verb::Update => Method::PUT,
        Verb::JsonPatch | Verb::MergePatch | Verb::StrategicPatch | Verb::Apply => Method::PATCH,
        Verb::Delete | Verb::DeleteCollection => Method::DELETE,
    }
}

fn path(cell: &Cell, before: &Before) -> String {
    let namespace = match cell.condition {
        C::NoNamespace => format!("{}-absent", before.namespace),
        _ => before.namespace.clone(),
    };
    let collection = cell.subject.collection(&namespace);
    let whole = cell.of_collection() || (cell.verb == Verb::Create && cell.part.is_empty());
    if whole {
        return collection;
    }
    let name = if cell.condition == C::BadName { "Bad_Name" } else { &before.name };
    let part = if cell.part.is_empty() { String::new() } else { format!("/{}", cell.part) };
    format!("{collection}/{name}{part}")
}

fn parameter(condition: C) -> Option<(&'static str, String)> {
    let (key, value) = match condition {
        C::UnknownStrict => ("fieldValidation", "Strict"),
        C::UnknownWarn => ("fieldValidation", "Warn"),
        C::UnknownIgnore => ("fieldValidation", "Ignore"),
        C::BadValidation => ("fieldValidation", "Sometimes"),
        C::DryRun => ("dryRun", "All"),
        C::BadDryRun => ("dryRun", "Some"),
        C::BadManager => return Some(("fieldManager", "m".repeat(LONG))),
        C::Forced => ("force", "true"),
        C::BadField => ("fieldSelector", "spec.absent=x"),
        C::BadContinue => ("continue", "nonsense"),
        C::BadLimit => ("limit", "-1"),
        C::BadVersion => ("resourceVersion", "nonsense"),
        C::FutureVersion => ("resourceVersion", "0"),
        C::BadMatch => ("resourceVersionMatch", "Sometimes"),
        C::Foreground => ("propagationPolicy", "Foreground"),
        C::Orphan => ("propagationPolicy", "Orphan"),
        C::BadPropagation => ("propagationPolicy", "Sideways"),
        _ => return None,
    };
    Some((key, value.to_owned()))
}

fn accept(cell: &Cell) -> Option<&'static str> {
    match cell.condition {
        C::Table => Some(TABLE),
        C::Metadata if cell.verb == Verb::List => Some(METADATA_LIST),
        C::Metadata => Some(METADATA),
        C::Yaml => Some("application/yaml"),
        C::NotAcceptable => Some("text/html"),
        _ => None,
    }
}

fn body(cell: &Cell, before: &Before) -> Option<(&'static str, String)> {
    let media_type = match cell.verb {
        Verb::Get | Verb::List | Verb::Watch => return None,
        Verb::JsonPatch => JSON_PATCH,
        Verb::MergePatch => MERGE,
        Verb::StrategicPatch => STRATEGIC,
        Verb::Apply => APPLY,
        _ => "application/json",
    };
    let text = match cell.condition {
        C::Broken => "{\"kind\": ".to_owned(),
        C::Empty => String::new(),
        C::NoPatch => "\"text\"".to_owned(),
        C::BadMediaType => return Some(("text/plain", "text".to_owned())),
        _ => match cell.verb {
            Verb::Delete | Verb::DeleteCollection => return delete_options(cell, before),
            Verb::Create | Verb::Update => whole(cell, before).to_string(),
            Verb::JsonPatch => json_patch(cell, before).to_string(),
            Verb::Apply => applied(cell, before).to_string(),
            _ => merge_patch(cell, before).to_string(),
        },
    };
    Some((media_type, text))
}

fn delete_options(cell: &Cell, before: &Before) -> Option<(&'static str, String)> {
    let preconditions = match cell.condition {
        C::Stale => json!({"resourceVersion": before.earlier_version}),
        C::OtherUid => json!({"uid": OTHER_UID}),
        C::OtherKind => {
            return Some(("application/json", r#"{"kind":"Status","apiVersion":"v1"}"#.to_owned()));
        }
        _ => return None,
    };
    let options = json!({"kind": "DeleteOptions", "apiVersion": "v1", "preconditions": preconditions});
    Some(("application/json", options.to_string()))
}

/// What the condition puts into an object, and where.
fn change(cell: &Cell) -> Option<Change> {
    let subject = cell.subject;
    match cell.condition {
        C::Same => None,
        C::Invalid => Some(subject.invalid),
        C::UnknownStrict | C::UnknownWarn | C::UnknownIgnore => Some(subject.unknown),
        C::WrongType if cell.part == "status" => Some((subject.status.0, || json!(["x"]))),
        C::WrongType if cell.part == "scale" => Some(("/spec/replicas", || "three".into())),
        C::WrongType => Some(subject.wrong_type),
        _ => match cell.part {
            "status" => Some(subject.status),
            "scale" => Some(("/spec/replicas", || 4.into())),
            "finalize" => Some(("/spec/finalizers", || json!([]))),
            _ => Some(subject.change),
        },
    }
}

/// The body of a create or an update.
fn whole(cell: &Cell, before: &Before) -> Value {
    let start = if cell.verb == Verb::Create || before.object.is_null() {
        cell.subject.named(&before.name)
    } else if before.part.is_object() && cell.part == "scale" {
        before.part.clone()
    } else {
        before.object.clone()
    };
    let mut object = match change(cell) {
        // A plain create is the object as it is.
        Some(_) if cell.verb == Verb::Create && creates_plain(cell.condition) => start,
        Some((pointer, value)) => with(start, pointer, value()),
        None => start,
    };
    if cell.condition == C::Stale {
        object = with(object, "/metadata/resourceVersion", before.earlier_version.as_str());
    }
    disguise(cell.condition, &mut object, before);
    match (cell.condition, object["metadata"].as_object_mut()) {
        (C::Unversioned, Some(metadata)) if cell.verb == Verb::Update => {
            metadata.remove("resourceVersion");
        }
        (C::Unversioned, Some(metadata)) => {
            metadata.insert("resourceVersion".into(), "1".into());
        }
        (C::Generated, Some(metadata)) => {
            metadata.remove("name");
            metadata.insert("generateName".into(), format!("{}-", before.name).into());
        }
        (C::BadName, Some(metadata)) => {
            metadata.insert("name".into(), "Bad_Name".into());
        }
        _ => {}
    }
    object
}

fn creates_plain(condition: C) -> bool {
    !matches!(condition, C::Invalid | C::UnknownStrict | C::UnknownWarn | C::UnknownIgnore | C::WrongType)
}

/// Says in the body that it is something else than the path says.
fn disguise(condition: C, object: &mut Value, before: &Before) {
    let (pointer, value) = match condition {
        C::OtherUid => ("/metadata/uid", OTHER_UID.to_owned()),
        C::OtherNamespace => ("/metadata/namespace", "elsewhere".to_owned()),
        C::OtherName => ("/metadata/name", format!("{}-other", before.name)),
        C::OtherKind => ("/kind", "Other".to_owned()),
        C::OtherVersion => ("/apiVersion", "v9".to_owned()),
        _ => return,
    };
    *object = with(object.take(), pointer, value);
}

fn merge_patch(cell: &Cell, before: &Before) -> Value {
    let mut patch = match change(cell) {
        Some((pointer, value)) => with(Value::Object(Map::new()), pointer, value()),
        None => Value::Object(Map::new()),
    };
    if cell.condition == C::Stale {
        patch = with(patch, "/metadata/resourceVersion", before.earlier_version.as_str());
    }
    disguise(cell.condition, &mut patch, before);
    patch
}

fn json_patch(cell: &Cell, before: &Before) -> Value {
    let add = |path: &str, value: Value| json!({"op": "add", "path": path, "value": value});
    let mut steps: Vec<Value> = change(cell).into_iter().map(|(path, value)| add(path, value())).collect();
    match cell.condition {
        C::Stale => steps.push(add("/metadata/resourceVersion", before.earlier_version.as_str().into())),
        C::OtherUid => steps.push(add("/metadata/uid", OTHER_UID.into())),
        C::OtherName => steps.push(add("/metadata/name", format!("{}-other", before.name).into())),
        C::OtherKind => steps.push(add("/kind", "Other".into())),
        _ => {}
    }
    Value::Array(steps)
}

/// What the manager `matrix` applies: a label of its own, or what the condition says.
fn applied(cell: &Cell, before: &Before) -> Value {
    let object = (cell.subject.object)();
    let mut patch = json!({
        "apiVersion": object["apiVersion"], "kind": object["kind"],
        "metadata": {"name": before.name},
    });
    if cell.part == "scale" {
        patch["apiVersion"] = "autoscaling/v1".into();
        patch["kind"] = "Scale".into();
    }
    match (cell.condition, change(cell)) {
        (C::Absent, _) if cell.part.is_empty() => {
            patch = object;
            patch["metadata"]["name"] = before.name.as_str().into();
        }
        (C::Ok | C::DryRun | C::Deleting | C::NoManager | C::Forbidden, _) if cell.part.is_empty() => {
            patch["metadata"]["labels"] = json!({"applied": "yes"});
        }
        (_, Some((pointer, value))) => patch = with(patch, pointer, value()),
        (_, None) => {}
    }
    if cell.condition == C::Stale {
        patch["metadata"]["resourceVersion"] = before.earlier_version.as_str().into();
    }
    disguise(cell.condition, &mut patch, before);
    patch
}

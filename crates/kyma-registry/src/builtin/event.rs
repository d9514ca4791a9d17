//! Event of the core group.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{Builtin, BuiltinColumn, NAME, NameRule, always, never, nothing_at_update, schema, text};
use crate::columns::human_age;
use crate::object::{self, Object};
use crate::reason::{FieldError, Path};
use crate::resource::Scope;

const fn column(name: &'static str, priority: i32) -> BuiltinColumn {
    BuiltinColumn { name, kind: "string", priority }
}

pub(super) const KIND: Builtin = Builtin {
    group: "",
    version: "v1",
    kind: "Event",
    plural: "events",
    singular: "event",
    short: &["ev"],
    scope: Scope::Namespaced,
    name_rule: NameRule::Subdomain,
    status: false,
    generation: false,
    unconditional_update: true,
    create_on_update: true,
    selectable: &[
        "involvedObject.kind",
        "involvedObject.namespace",
        "involvedObject.name",
        "involvedObject.uid",
        "involvedObject.apiVersion",
        "involvedObject.resourceVersion",
        "involvedObject.fieldPath",
        "reason",
        "reportingComponent",
        "source",
        "type",
    ],
    schema: structure,
    prepare_create,
    prepare_update: nothing_at_update,
    immortal: &[],
    mark_deleting: never,
    may_go: always,
    validate,
    columns: &[
        column("Last Seen", 0),
        column("Type", 0),
        column("Reason", 0),
        column("Object", 0),
        column("Subobject", 1),
        column("Source", 1),
        column("Message", 0),
        column("First Seen", 1),
        column("Count", 1),
        BuiltinColumn { priority: 1, ..NAME },
    ],
    cells,
};

fn structure() -> Value {
    let reference = json!({"type": "object", "properties": {
        "kind": {"type": "string"}, "namespace": {"type": "string"}, "name": {"type": "string"},
        "uid": {"type": "string"}, "apiVersion": {"type": "string"}, "resourceVersion": {"type": "string"},
        "fieldPath": {"type": "string"}}});
    let time = json!({"type": "string", "format": "date-time", "nullable": true});
    schema(json!({
        "involvedObject": reference,
        "related": reference,
        "reason": {"type": "string"},
        "message": {"type": "string"},
        "source": {"type": "object", "properties": {"component": {"type": "string"}, "host": {"type": "string"}}},
        "firstTimestamp": time,
        "lastTimestamp": time,
        "eventTime": time,
        "count": {"type": "integer", "format": "int32"},
        "type": {"type": "string"},
        "action": {"type": "string"},
        "reportingComponent": {"type": "string"},
        "reportingInstance": {"type": "string"},
        "series": {"type": "object", "properties": {
            "count": {"type": "integer", "format": "int32"}, "lastObservedTime": time}},
    }))
}

/// Members that Go writes though they are empty.
fn prepare_create(event: &mut Object) {
    let members = [
        ("eventTime", Value::Null),
        ("firstTimestamp", Value::Null),
        ("lastTimestamp", Value::Null),
        ("reportingComponent", "".into()),
        ("reportingInstance", "".into()),
        ("source", json!({})),
    ];
    for (member, empty) in members {
        event.entry(member).or_insert(empty);
    }
}

/// An Event lives in the namespace of the object that it speaks of; one of a cluster-scoped object in `default`.
fn validate(event: &Object, _existing: Option<&Object>) -> Vec<FieldError> {
    let involved = text(event, &["involvedObject", "namespace"]);
    let own = object::namespace(event);
    let right = if involved.is_empty() { own == "default" || own == "kube-system" } else { own == involved };
    if right {
        return Vec::new();
    }
    let path = Path::new("involvedObject").child("namespace");
    vec![FieldError::invalid(&path, Value::from(involved), "does not match event.namespace")]
}

fn cells(event: &Object, now: Timestamp) -> Vec<Value> {
    let first_of = |fields: &[&[&str]]| -> String {
        fields
            .iter()
            .map(|path| text(event, path))
            .find(|time| !time.is_empty())
            .unwrap_or_default()
            .to_owned()
    };
    let age = |time: String| Value::from(human_age(&time, now));
    let kind = text(event, &["involvedObject", "kind"]).to_lowercase();
    let target = format!("{kind}/{}", text(event, &["involvedObject", "name"]));
    let component = match text(event, &["source", "component"]) {
        "" => text(event, &["reportingComponent"]),
        component => component,
    };
    let source = match text(event, &["source", "host"]) {
        "" => component.to_owned(),
        host => format!("{component}, {host}"),
    };
    let count = event
        .get("count")
        .and_then(Value::as_i64)
        .or_else(|| event.get("series").and_then(|series| series.get("count")).and_then(Value::as_i64));
    vec![
        age(first_of(&[
            &["series", "lastObservedTime"],
            &["lastTimestamp"],
            &["eventTime"],
            &["firstTimestamp"],
        ])),
        text(event, &["type"]).into(),
        text(event, &["reason"]).into(),
        target.into(),
        text(event, &["involvedObject", "fieldPath"]).into(),
        source.into(),
        text(event, &["message"]).trim().into(),
        age(first_of(&[&["firstTimestamp"], &["eventTime"]])),
        count.unwrap_or(1).into(),
        object::name(event).into(),
    ]
}

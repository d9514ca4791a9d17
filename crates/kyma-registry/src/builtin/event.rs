//! Event of the core group.

use jiff::Timestamp;
use serde_json::Value;

use super::{Builtin, NAME, NameRule, always, column, never, nothing, nothing_at_update, text};
use crate::columns::human_age;
use crate::object::{self, Object};
use crate::reason::{FieldError, Path};
use crate::resource::Scope;
use crate::structure::kinds;

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
    structure: &kinds::EVENT,
    prepare_create: nothing,
    prepare_update: nothing_at_update,
    immortal: &[],
    mark_deleting: never,
    may_go: always,
    validate,
    columns: &[
        column("Last Seen", "The time at which the most recent occurrence of this event was recorded."),
        column("Type", "Type of this event (Normal, Warning), new types could be added in the future"),
        column("Reason", REASON),
        column("Object", "The object that this event is about."),
        column("Subobject", FIELD_PATH).wide(),
        column(
            "Source",
            "The component reporting this event. Should be a short machine understandable string.",
        )
        .wide(),
        column("Message", "A human-readable description of the status of this operation."),
        column("First Seen", FIRST_SEEN).wide(),
        column("Count", "The number of times this event has occurred.").wide(),
        NAME.wide(),
    ],
    cells,
};

const REASON: &str = "This should be a short, machine understandable string that gives the reason for the transition into \
                      the object's current status.";
const FIRST_SEEN: &str =
    "The time at which the event was first recorded. (Time of server receipt is in TypeMeta.)";
const FIELD_PATH: &str = "If referring to a piece of an object instead of an entire object, this string should contain a valid \
     JSON/Go field access statement, such as desiredState.manifest.containers[2]. For example, if the object reference \
     is to a container within a pod, this would take on a value like: \"spec.containers{name}\" (where \"name\" refers \
     to the name of the container that triggered the event) or if no container name is specified \
     \"spec.containers[2]\" (container with index 2 in this pod). This syntax is chosen only to have some well-defined \
     way of referencing a part of an object.";

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
        let mut texts = fields.iter().map(|path| text(event, path));
        texts.find(|text| !text.is_empty()).unwrap_or_default().to_owned()
    };
    let age = |time: String| Value::from(human_age(&time, now));
    let first: &[&[&str]] = &[&["firstTimestamp"], &["eventTime"]];
    let series = event.get("series");
    let last = match series {
        Some(_) => first_of(&[&["series", "lastObservedTime"]]),
        None => first_of(&[&["lastTimestamp"], first[0], first[1]]),
    };
    let count = match series {
        Some(series) => series.get("count").and_then(Value::as_i64).unwrap_or_default(),
        None => event.get("count").and_then(Value::as_i64).unwrap_or(1),
    };
    let kind = text(event, &["involvedObject", "kind"]).to_lowercase();
    let target = match text(event, &["involvedObject", "name"]) {
        "" => kind,
        name => format!("{kind}/{name}"),
    };
    let component = first_of(&[&["source", "component"], &["reportingComponent"]]);
    let source = match first_of(&[&["source", "host"], &["reportingInstance"]]) {
        instance if instance.is_empty() => component,
        instance => format!("{component}, {instance}"),
    };
    vec![
        age(last),
        text(event, &["type"]).into(),
        text(event, &["reason"]).into(),
        target.into(),
        text(event, &["involvedObject", "fieldPath"]).into(),
        source.into(),
        text(event, &["message"]).trim().into(),
        age(first_of(first)),
        count.into(),
        object::name(event).into(),
    ]
}

//! Event, of the core group and of `events.k8s.io`: one kind under two names, stored as the first has it
//! (k8s.io/kubernetes/pkg/{registry/core/event,apis/events/v1/conversion.go,apis/core/validation/events.go}).

mod newer;

use jiff::Timestamp;
use serde_json::Value;

use super::strategy::{PLAIN, Strategy, not_supported};
use super::text;
use crate::columns::human_age;
use crate::names::{NameRule, qualified_name};
use crate::object::{self, Object};
use crate::reason::{FieldError, Path};
use crate::update::Subresource;

pub(super) const STRATEGY: Strategy = Strategy {
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
    field: |event, path| (path == "source").then(|| source(event)),
    unsupported_field: not_supported,
    validate,
    cells,
    convert_to_stored: |event| rename(event, |(old, new)| (new, old)),
    convert_from_stored: |event| rename(event, |names| names),
    name_rule: NameRule::PathSegment,
    ..PLAIN
};

/// Under its newer name an Event is judged more strictly, and some of its fields have other names
/// (`AddFieldLabelConversionsForEvent`).
pub(super) const NEWER: Strategy = Strategy {
    name_rule: NameRule::Subdomain,
    validate: newer::validate,
    selected_as: &[
        ("reason", "reason"),
        ("regarding.kind", "involvedObject.kind"),
        ("regarding.namespace", "involvedObject.namespace"),
        ("regarding.name", "involvedObject.name"),
        ("regarding.uid", "involvedObject.uid"),
        ("regarding.apiVersion", "involvedObject.apiVersion"),
        ("regarding.resourceVersion", "involvedObject.resourceVersion"),
        ("regarding.fieldPath", "involvedObject.fieldPath"),
        ("reportingController", "reportingComponent"),
        ("type", "type"),
    ],
    ..STRATEGY
};

/// The members that have other names in the two groups, those of the core group first.
const NAMES: [(&str, &str); 7] = [
    ("involvedObject", "regarding"),
    ("message", "note"),
    ("source", "deprecatedSource"),
    ("firstTimestamp", "deprecatedFirstTimestamp"),
    ("lastTimestamp", "deprecatedLastTimestamp"),
    ("count", "deprecatedCount"),
    ("reportingComponent", "reportingController"),
];

fn rename(event: &mut Object, direction: fn((&'static str, &'static str)) -> (&'static str, &'static str)) {
    for (from, to) in NAMES.map(direction) {
        if let Some(value) = event.remove(from) {
            event.insert(to.into(), value);
        }
    }
}

/// What a selector of the source is compared with (`ToSelectableFields`).
fn source(event: &Object) -> String {
    super::cells::or(text(event, &["source", "component"]), text(event, &["reportingComponent"])).to_owned()
}

fn validate(event: &Object, _existing: Option<&Object>, _subresource: Subresource) -> Vec<FieldError> {
    check(event, "reportingComponent")
}

/// An Event lives in the namespace of the object that it speaks of; one of a cluster-scoped object in `default`. `reporter`
/// is what the group calls who reports.
fn check(event: &Object, reporter: &str) -> Vec<FieldError> {
    let involved = text(event, &["involvedObject", "namespace"]);
    let own = object::namespace(event);
    let new = !text(event, &["eventTime"]).is_empty();
    let right = match (involved.is_empty(), new) {
        (true, true) => own == "default" || own == "kube-system",
        (true, false) => own == "default",
        (false, true) => true,
        (false, false) => own == involved,
    };
    let mut errors = Vec::new();
    if !right {
        let path = Path::new("involvedObject").child("namespace");
        errors.push(FieldError::invalid(&path, Value::from(involved), "does not match event.namespace"));
    }
    if new {
        check_new(event, reporter, &mut errors);
    }
    errors
}

/// What an Event of the new kind must say, one that has an `eventTime`.
fn check_new(event: &Object, reporter_name: &str, errors: &mut Vec<FieldError>) {
    const LIMITS: [(&str, bool, usize); 4] = [
        ("reportingInstance", true, 128),
        ("action", true, 128),
        ("reason", true, 128),
        ("message", false, 1024),
    ];
    let reporter = text(event, &["reportingComponent"]);
    let path = Path::new(reporter_name);
    if reporter.is_empty() {
        errors.push(FieldError::required(&path, ""));
    }
    let problems = qualified_name(reporter).into_iter();
    errors.extend(problems.map(|problem| FieldError::invalid(&path, Value::from(reporter), problem)));
    for (member, required, most) in LIMITS {
        let (value, path) = (text(event, &[member]), Path::new(member));
        if required && value.is_empty() {
            errors.push(FieldError::required(&path, ""));
        }
        if value.len() > most {
            errors.push(FieldError::invalid(&path, "", format!("can have at most {most} characters")));
        }
    }
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

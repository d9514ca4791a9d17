//! What is asked of an Event of `events.k8s.io/v1` besides: the fields of old must be empty, and little may change
//! (`ValidateEventCreate` and `ValidateEventUpdate`).

use serde_json::Value;

use super::super::internal;
use super::super::spot::{IMMUTABLE, Spot};
use crate::object::Object;
use crate::reason::FieldError;
use crate::update::Subresource;

/// The smallest number of events that are a series.
const SERIES_MIN: i64 = 2;
const REFERENCE: &str = "core/v1.ObjectReference";
const SOURCE: &str = "core/v1.EventSource";
/// What stays as it is, as the core group names it, in the real server's order, with the structure of what is one.
const FIXED: [(&str, Option<&str>); 13] = [
    ("involvedObject", Some(REFERENCE)),
    ("reason", None),
    ("message", None),
    ("source", Some(SOURCE)),
    ("firstTimestamp", None),
    ("lastTimestamp", None),
    ("count", None),
    ("type", None),
    ("eventTime", None),
    ("action", None),
    ("related", Some(REFERENCE)),
    ("reportingComponent", None),
    ("reportingInstance", None),
];

pub(super) fn validate(
    event: &Object,
    existing: Option<&Object>,
    _subresource: Subresource,
) -> Vec<FieldError> {
    let mut errors = super::check(event, "reportingController");
    match existing {
        None => check_created(event, &mut errors),
        Some(existing) => check_changed(event, existing, &mut errors),
    }
    errors
}

fn check_created(event: &Object, errors: &mut Vec<FieldError>) {
    check_series(event, errors);
    let time = Spot::of(event, "eventTime");
    if !time.is_set() {
        errors.push(FieldError::required(&time.path, ""));
    }
    let kind = Spot::of(event, "type");
    if !matches!(kind.text(), "Normal" | "Warning") {
        errors.push(FieldError::invalid(&kind.path, "", format!("has invalid value: {}", kind.text())));
    }
    for field in ["firstTimestamp", "lastTimestamp", "count", "source"] {
        let old = Spot::of(event, field);
        if !is_zero(old.value) {
            errors.push(FieldError::invalid(&old.path, "", "needs to be unset"));
        }
    }
}

fn check_changed(event: &Object, existing: &Object, errors: &mut Vec<FieldError>) {
    if event.get("series") != existing.get("series") {
        check_series(event, errors);
    }
    for (field, structure) in FIXED {
        let (new, old) = (Spot::of(event, field), Spot::of(existing, field));
        if new.value == old.value || is_zero(new.value) && is_zero(old.value) {
            continue;
        }
        let path = match field {
            "reportingComponent" => Spot::of(event, "reportingController").path,
            _ => new.path,
        };
        errors.push(match structure {
            Some(structure) => {
                FieldError::invalid_written(&path, internal::written(new.value, structure), IMMUTABLE)
            }
            None => FieldError::invalid(&path, shown(field, new.value), IMMUTABLE),
        });
    }
}

/// Go's zero of what is not there.
fn shown(field: &str, value: &Value) -> Value {
    match (value, field) {
        (Value::Null, "count") => 0.into(),
        (Value::Null, "firstTimestamp" | "lastTimestamp" | "eventTime") => Value::Null,
        (Value::Null, _) => "".into(),
        (value, _) => value.clone(),
    }
}

fn check_series(event: &Object, errors: &mut Vec<FieldError>) {
    let series = Spot::of(event, "series");
    if !series.is_set() {
        return;
    }
    let count = series.member("count");
    if count.number() < SERIES_MIN {
        errors.push(FieldError::invalid(&count.path, "", "should be at least 2"));
    }
    let observed = series.member("lastObservedTime");
    if !observed.is_set() {
        errors.push(FieldError::required(&observed.path, ""));
    }
}

fn is_zero(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Number(number) => number.as_i64() == Some(0),
        Value::Object(map) => map.values().all(is_zero),
        _ => false,
    }
}

//! ReplicationController, which is older than selectors, and ControllerRevision.

use serde_json::Value;

use super::super::super::pod::check_template;
use super::super::super::spot::{Errors, Spot};
use super::{MISMATCH, replica_set_status, runs_on};
use crate::object::Object;
use crate::reason::{FieldError, gotext};
use crate::update::Subresource;

pub(in super::super) fn replication_controller(
    controller: &Object,
    existing: Option<&Object>,
    subresource: Subresource,
) -> Errors {
    let mut errors = Errors::new();
    if existing.is_some() && subresource == Subresource::Status {
        replica_set_status(controller, &mut errors);
        return errors;
    }
    let spec = Spot::of(controller, "spec");
    let (wanted, template) = (spec.member("selector"), spec.member("template"));
    if wanted.len() == 0 {
        wanted.required("", &mut errors);
    }
    if template.is_set() {
        check_labels(&wanted, &template, &mut errors);
        check_template(&template, &mut errors);
        runs_on(&template, "ReplicationController", &mut errors);
    } else {
        template.required("", &mut errors);
    }
    // Upstream checks these declaratively, behind all else.
    spec.member("replicas").nonnegative(&mut errors);
    spec.member("minReadySeconds").nonnegative(&mut errors);
    errors
}

/// The pods of the template have to be found again. Whether the selector's labels could be labels is not asked.
fn check_labels(wanted: &Spot<'_>, template: &Spot<'_>, errors: &mut Errors) {
    let labels = template.member("metadata").member("labels");
    if wanted.entries().any(|(key, value)| labels.member(key).value != value.value) {
        let shown = gotext::json(labels.value);
        errors.push(FieldError::invalid_written(&labels.path, shown, MISMATCH));
    }
}

/// A revision is of something, and stays that.
pub(in super::super) fn revision(revision: &Object, existing: Option<&Object>) -> Errors {
    let mut errors = Errors::new();
    Spot::of(revision, "revision").nonnegative(&mut errors);
    let data = Spot::of(revision, "data");
    match (existing, data.value) {
        (Some(existing), _) => data.unchanged(Spot::of(existing, "data").value, &mut errors),
        (None, Value::Null) => data.required("data is mandatory", &mut errors),
        (None, Value::Object(_)) => {}
        (None, _) => data.required("data must be a valid JSON object", &mut errors),
    }
    errors
}

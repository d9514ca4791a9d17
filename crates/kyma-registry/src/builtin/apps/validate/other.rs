//! ReplicationController, which is older than selectors, and ControllerRevision.

use serde_json::{Value, json};

use super::super::super::pod::check_template;
use super::super::super::spot::{Errors, Spot};
use super::{check_labels, replica_set_status, runs_on};
use crate::object::Object;
use crate::selector::object::Selected;
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
        // What would be no selector of labels matches nothing, and the template has no such labels either.
        let selector = json!({"matchLabels": wanted.value});
        if let Some(selected) = Selected::read(&selector) {
            check_labels(&selected, &template, &mut errors);
        }
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

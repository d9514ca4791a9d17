//! What is wrong with what keeps pods running (k8s.io/kubernetes/pkg/apis/apps/validation).

mod daemon;
mod other;
mod rolling;
mod stateful;
mod status;

pub(super) use daemon::daemon_set;
pub(super) use other::{replication_controller, revision};
pub(super) use stateful::stateful_set;
pub(super) use status::set as replica_set_status;

use serde_json::Value;

use super::super::pod::check_template;
use super::super::spot::{Errors, IMMUTABLE, Spot};
use crate::object::Object;
use crate::reason::{FieldError, gotext};
use crate::selector::object::{self as selector, Selected};
use crate::update::Subresource;

/// What a template's labels and a selector that do not belong together are told.
const MISMATCH: &str = "`selector` does not match template `labels`";

pub(super) fn deployment(deployment: &Object, existing: Option<&Object>, subresource: Subresource) -> Errors {
    let mut errors = Errors::new();
    let spec = Spot::of(deployment, "spec");
    if let (Some(existing), Subresource::Status) = (existing, subresource) {
        status::deployment(deployment, existing, &mut errors);
        return errors;
    }
    spec.member("replicas").nonnegative(&mut errors);
    check_selector(&spec, "deployment", &mut errors);
    replicated_template(&spec, &mut errors);
    rolling::deployment(&spec.member("strategy"), &mut errors);
    let (ready, deadline) = (spec.member("minReadySeconds"), spec.member("progressDeadlineSeconds"));
    ready.nonnegative(&mut errors);
    spec.member("revisionHistoryLimit").nonnegative(&mut errors);
    deadline.nonnegative(&mut errors);
    if deadline.is_set() && deadline.number() <= ready.number() {
        deadline.invalid("must be greater than minReadySeconds", &mut errors);
    }
    same_selector(&spec, existing, &mut errors);
    errors
}

pub(super) fn replica_set(set: &Object, existing: Option<&Object>, subresource: Subresource) -> Errors {
    let mut errors = Errors::new();
    let spec = Spot::of(set, "spec");
    if existing.is_some() && subresource == Subresource::Status {
        replica_set_status(set, &mut errors);
        return errors;
    }
    spec.member("replicas").nonnegative(&mut errors);
    spec.member("minReadySeconds").nonnegative(&mut errors);
    check_selector(&spec, "deployment", &mut errors);
    replicated_template(&spec, &mut errors);
    same_selector(&spec, existing, &mut errors);
    errors
}

/// A selector has to be there, and to select by something.
fn check_selector(spec: &Spot<'_>, kind: &str, errors: &mut Errors) {
    let wanted = spec.member("selector");
    if !wanted.is_set() {
        wanted.required("", errors);
        return;
    }
    selector::check(wanted.value, &wanted.path, errors);
    check_empty(&wanted, kind, errors);
}

fn check_empty(wanted: &Spot<'_>, kind: &str, errors: &mut Errors) {
    if wanted.member("matchLabels").len() + wanted.member("matchExpressions").len() == 0 {
        shown_selector(wanted, &format!("empty selector is invalid for {kind}"), errors);
    }
}

fn shown_selector(wanted: &Spot<'_>, detail: &str, errors: &mut Errors) {
    let shown = selector::written(wanted.value);
    errors.push(FieldError::invalid_written(&wanted.path, shown, detail));
}

/// A template whose pods are kept running by their number (`ValidatePodTemplateSpecForReplicaSet`).
fn replicated_template(spec: &Spot<'_>, errors: &mut Errors) {
    let (wanted, template) = (spec.member("selector"), spec.member("template"));
    let Some(selected) = Selected::read(wanted.value) else {
        shown_selector(&wanted, "invalid label selector", errors);
        return;
    };
    check_labels(&selected, &template, errors);
    check_template(&template, errors);
    runs_on(&template, "ReplicaSet", errors);
}

/// The pods of a template have to be found again.
fn check_labels(selected: &Selected, template: &Spot<'_>, errors: &mut Errors) {
    let labels = template.member("metadata").member("labels");
    if !selected.is_everything() && !selected.matches(labels.value) {
        let shown = gotext::json(labels.value);
        errors.push(FieldError::invalid_written(&labels.path, shown, MISMATCH));
    }
}

/// Pods that end are started again.
fn runs_on(template: &Spot<'_>, kind: &str, errors: &mut Errors) {
    let pod = template.member("spec");
    pod.member("restartPolicy").one_of(&["Always"], errors);
    let deadline = pod.member("activeDeadlineSeconds");
    if deadline.is_set() {
        deadline.forbidden(&format!("activeDeadlineSeconds in {kind} is not Supported"), errors);
    }
}

fn same_selector(spec: &Spot<'_>, existing: Option<&Object>, errors: &mut Errors) {
    let wanted = spec.member("selector");
    let before = existing.map(|existing| Spot::of(existing, "spec").member("selector").value);
    if before.is_some_and(|before: &Value| before != wanted.value) {
        shown_selector(&wanted, IMMUTABLE, errors);
    }
}

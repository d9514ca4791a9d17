//! DaemonSet.

use super::super::super::pod::check_template;
use super::super::super::spot::{Errors, Spot};
use super::{check_empty, check_labels, rolling, runs_on, same_selector, status};
use crate::object::Object;
use crate::selector::object::{self as selector, Selected};
use crate::update::Subresource;

pub(in super::super) fn daemon_set(
    set: &Object,
    existing: Option<&Object>,
    subresource: Subresource,
) -> Errors {
    let mut errors = Errors::new();
    if let (Some(existing), Subresource::Status) = (existing, subresource) {
        status::daemon_set(set, existing, &mut errors);
        return errors;
    }
    let spec = Spot::of(set, "spec");
    same_selector(&spec, existing, &mut errors);
    let (wanted, template) = (spec.member("selector"), spec.member("template"));
    selector::check(wanted.value, &wanted.path, &mut errors);
    if let Some(selected) = Selected::read(wanted.value) {
        check_labels(&selected, &template, &mut errors);
    }
    if wanted.is_set() {
        check_empty(&wanted, "daemonset", &mut errors);
    }
    check_template(&template, &mut errors);
    runs_on(&template, "DaemonSet", &mut errors);
    spec.member("minReadySeconds").nonnegative(&mut errors);
    rolling::daemon_set(&spec.member("updateStrategy"), &mut errors);
    spec.member("revisionHistoryLimit").nonnegative(&mut errors);
    errors
}

//! Lease.

use jiff::Timestamp;
use serde_json::Value;

use super::strategy::{PLAIN, Strategy};
use super::{age, inner, text};
use crate::object::{self, Object};
use crate::reason::{FieldError, Path};
use crate::update::Subresource;

pub(super) const STRATEGY: Strategy = Strategy {
    unconditional_update: false,
    create_on_update: true,
    validate,
    cells,
    prepare_create: |lease| drop_elections(lease, None),
    prepare_update: |lease, existing, _| drop_elections(lease, Some(existing)),
    ..PLAIN
};

/// Members of a feature that is off by default (KEP-4355, CoordinatedLeaderElection): none takes one that had none.
fn drop_elections(lease: &mut Object, existing: Option<&Object>) {
    let before = existing.and_then(|existing| existing.get("spec"));
    let Some(spec) = inner(lease, "spec") else { return };
    for member in ["strategy", "preferredHolder"] {
        if before.and_then(|before| before.get(member)).is_none() {
            spec.remove(member);
        }
    }
}

fn validate(lease: &Object, _existing: Option<&Object>, _subresource: Subresource) -> Vec<FieldError> {
    let spec = Path::new("spec");
    let number = |field: &str| lease.get("spec").and_then(|spec| spec.get(field)).and_then(Value::as_i64);
    let mut errors = Vec::new();
    if let Some(seconds) = number("leaseDurationSeconds").filter(|seconds| *seconds <= 0) {
        errors.push(FieldError::invalid(
            &spec.child("leaseDurationSeconds"),
            seconds,
            "must be greater than 0",
        ));
    }
    if let Some(count) = number("leaseTransitions").filter(|count| *count < 0) {
        let detail = "must be greater than or equal to 0";
        errors.push(FieldError::invalid(&spec.child("leaseTransitions"), count, detail));
    }
    errors
}

fn cells(lease: &Object, now: Timestamp) -> Vec<Value> {
    vec![object::name(lease).into(), text(lease, &["spec", "holderIdentity"]).into(), age(lease, now)]
}

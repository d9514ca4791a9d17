//! Lease.

use jiff::Timestamp;
use serde_json::Value;

use super::{AGE, Builtin, NAME, NameRule, age, always, column, never, nothing, nothing_at_update, text};
use crate::object::{self, Object};
use crate::reason::{FieldError, Path};
use crate::resource::Scope;
use crate::structure::kinds;

pub(super) const KIND: Builtin = Builtin {
    group: "coordination.k8s.io",
    version: "v1",
    kind: "Lease",
    plural: "leases",
    singular: "lease",
    short: &[],
    scope: Scope::Namespaced,
    name_rule: NameRule::Subdomain,
    status: false,
    generation: false,
    unconditional_update: false,
    create_on_update: true,
    selectable: &[],
    structure: &kinds::LEASE,
    prepare_create: nothing,
    prepare_update: nothing_at_update,
    immortal: &[],
    mark_deleting: never,
    may_go: always,
    validate,
    columns: &[NAME, column("Holder", HOLDER), AGE],
    cells,
};

const HOLDER: &str = "holderIdentity contains the identity of the holder of a current lease. If Coordinated Leader Election \
                      is used, the holder identity must be equal to the elected LeaseCandidate.metadata.name field.";

fn validate(lease: &Object, _existing: Option<&Object>) -> Vec<FieldError> {
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

//! Counts of pods, as controllers report them.

use super::super::super::spot::{Errors, Spot};
use crate::object::Object;
use crate::reason::FieldError;

const MORE_THAN_ALL: &str = "cannot be greater than status.replicas";

/// `ValidateDeploymentStatusUpdate`.
pub(super) fn deployment(deployment: &Object, existing: &Object, errors: &mut Errors) {
    let status = Spot::of(deployment, "status");
    const COUNTS: [&str; 8] = [
        "observedGeneration",
        "replicas",
        "updatedReplicas",
        "readyReplicas",
        "availableReplicas",
        "unavailableReplicas",
        "terminatingReplicas",
        "collisionCount",
    ];
    nonnegative(&status, &COUNTS, errors);
    within(&status, &["updatedReplicas", "readyReplicas", "availableReplicas"], errors);
    available(&status, "cannot be greater than readyReplicas", errors);
    collisions(&status, existing, errors);
}

/// `ValidateReplicaSetStatus`.
pub(in super::super) fn set(set: &Object, errors: &mut Errors) {
    let status = Spot::of(set, "status");
    const COUNTS: [&str; 6] = [
        "replicas",
        "fullyLabeledReplicas",
        "readyReplicas",
        "availableReplicas",
        "observedGeneration",
        "terminatingReplicas",
    ];
    nonnegative(&status, &COUNTS, errors);
    within(&status, &["fullyLabeledReplicas", "readyReplicas", "availableReplicas"], errors);
    available(&status, "cannot be greater than readyReplicas", errors);
}

/// `ValidateStatefulSetStatusUpdate`.
pub(super) fn stateful_set(set: &Object, existing: &Object, errors: &mut Errors) {
    let status = Spot::of(set, "status");
    const COUNTS: [&str; 7] = [
        "replicas",
        "readyReplicas",
        "currentReplicas",
        "updatedReplicas",
        "availableReplicas",
        "observedGeneration",
        "collisionCount",
    ];
    nonnegative(&status, &COUNTS, errors);
    let parts = ["readyReplicas", "currentReplicas", "updatedReplicas", "availableReplicas"];
    within(&status, &parts, errors);
    available(&status, "cannot be greater than status.readyReplicas", errors);
    collisions(&status, existing, errors);
}

/// `ValidateDaemonSetStatusUpdate`.
pub(super) fn daemon_set(set: &Object, existing: &Object, errors: &mut Errors) {
    let status = Spot::of(set, "status");
    const COUNTS: [&str; 9] = [
        "currentNumberScheduled",
        "numberMisscheduled",
        "desiredNumberScheduled",
        "numberReady",
        "observedGeneration",
        "updatedNumberScheduled",
        "numberAvailable",
        "numberUnavailable",
        "collisionCount",
    ];
    nonnegative(&status, &COUNTS, errors);
    collisions(&status, existing, errors);
}

fn nonnegative(status: &Spot<'_>, counts: &[&str], errors: &mut Errors) {
    counts.iter().for_each(|count| status.member(count).nonnegative(errors));
}

fn within(status: &Spot<'_>, parts: &[&str], errors: &mut Errors) {
    let all = status.member("replicas").number();
    for part in parts.iter().map(|part| status.member(part)) {
        if part.number() > all {
            errors.push(FieldError::invalid(&part.path, part.number(), MORE_THAN_ALL));
        }
    }
}

fn available(status: &Spot<'_>, detail: &str, errors: &mut Errors) {
    let available = status.member("availableReplicas");
    if available.number() > status.member("readyReplicas").number() {
        errors.push(FieldError::invalid(&available.path, available.number(), detail));
    }
}

fn collisions(status: &Spot<'_>, existing: &Object, errors: &mut Errors) {
    let count = status.member("collisionCount");
    let before = Spot::of(existing, "status").member("collisionCount");
    if before.is_set() && count.number() < before.number() {
        errors.push(FieldError::invalid(&count.path, count.number(), "cannot be decremented"));
    }
}

//! CertificateSigningRequest, ClusterTrustBundle and PodCertificateRequest
//! (k8s.io/kubernetes/pkg/registry/certificates).

use jiff::SignedDuration;
use serde_json::Value;

use super::cells::{NONE, field, labels, or};
use super::strategy::{PLAIN, Strategy, not_supported};
use super::{age, at, inner, items, text};
use crate::columns::human_duration;
use crate::names::NameRule;
use crate::object::{self, Object};
use crate::reason::{FieldError, Path};
use crate::update::Subresource;

pub(super) const REQUEST: Strategy = Strategy {
    selectable: &["spec.signerName"],
    unsupported_field: not_supported,
    prepare_update,
    stamp: Some(stamp),
    validate,
    cells: |request, now| {
        let seconds = at(request, &["spec", "expirationSeconds"]).as_i64();
        let duration = seconds.map(|seconds| human_duration(SignedDuration::from_secs(seconds)));
        vec![
            object::name(request).into(),
            age(request, now),
            or(text(request, &["spec", "signerName"]), NONE).into(),
            text(request, &["spec", "username"]).into(),
            duration.unwrap_or_else(|| NONE.to_owned()).into(),
            state(request).into(),
        ]
    },
    ..PLAIN
};

pub(super) const TRUST_BUNDLE: Strategy = Strategy {
    name_rule: NameRule::PathSegment,
    unconditional_update: false,
    selectable: &["spec.signerName"],
    unsupported_field: not_supported,
    cells: |bundle, _| {
        vec![object::name(bundle).into(), or(text(bundle, &["spec", "signerName"]), NONE).into()]
    },
    ..PLAIN
};

pub(super) const POD_REQUEST: Strategy = Strategy {
    unconditional_update: false,
    selectable: &["spec.signerName", "spec.podName", "spec.nodeName"],
    unsupported_field: not_supported,
    cells: |request, _| {
        let mut states =
            items(request, &["status", "conditions"]).iter().map(|condition| field(condition, "type"));
        let state = states.rfind(|state| matches!(*state, "Issued" | "Denied" | "Failed"));
        let spec = |name: &str| text(request, &["spec", name]);
        vec![
            object::name(request).into(),
            spec("podName").into(),
            spec("serviceAccountName").into(),
            spec("nodeName").into(),
            spec("signerName").into(),
            state.unwrap_or("Pending").into(),
            labels(at(request, &["spec", "unverifiedUserAnnotations"])).into(),
        ]
    },
    ..PLAIN
};

/// What is decided on a request, which only `/approval` may write.
const DECISIONS: [&str; 2] = ["Approved", "Denied"];

fn conditions(request: &Object) -> &[Value] {
    items(request, &["status", "conditions"])
}

fn prepare_update(request: &mut Object, existing: &Object, subresource: Subresource) {
    match subresource {
        // What was asked for stays as it was asked.
        Subresource::Main => drop(request.insert("spec".into(), at(existing, &["spec"]).clone())),
        Subresource::Status => {
            for decision in DECISIONS {
                keep_decision(request, existing, decision);
            }
        }
        _ => {}
    }
}

/// Gives the conditions of a type back their places and what they said, if there are as many as before; else it is for the
/// validation to refuse that (`preserveConditionInstances`).
fn keep_decision(request: &mut Object, existing: &Object, decision: &str) {
    let old: Vec<Value> = of_type(existing, decision).cloned().collect();
    if of_type(request, decision).count() != old.len() {
        return;
    }
    let Some(status) = inner(request, "status") else { return };
    let list = status.get_mut("conditions").and_then(Value::as_array_mut);
    let places = list.into_iter().flatten().filter(|condition| field(condition, "type") == decision);
    for (place, condition) in places.zip(old) {
        *place = condition;
    }
}

/// `populateConditionTimestamps`.
fn stamp(request: &mut Object, existing: &Object, now: &str) {
    let Some(status) = inner(request, "status") else { return };
    let list = status.get_mut("conditions").and_then(Value::as_array_mut);
    for condition in list.into_iter().flatten() {
        let same = |old: &&Value| ["type", "status"].iter().all(|name| old[*name] == condition[*name]);
        let before = conditions(existing).iter().find(same).map(|old| old["lastTransitionTime"].clone());
        let Some(condition) = condition.as_object_mut() else { continue };
        let changed = before.filter(|time| !time.is_null()).unwrap_or_else(|| now.into());
        for (name, time) in [("lastUpdateTime", now.into()), ("lastTransitionTime", changed)] {
            let slot = condition.entry(name).or_insert(Value::Null);
            if slot.is_null() {
                *slot = time;
            }
        }
    }
}

/// What may become of the status (`validateCertificateSigningRequestUpdate`). What is asked for and the certificate itself are
/// not looked at.
fn validate(request: &Object, existing: Option<&Object>, subresource: Subresource) -> Vec<FieldError> {
    let mut errors = Vec::new();
    let Some(existing) = existing else { return errors };
    let path = Path::new("status").child("conditions");
    check_conditions(request, existing, &path, &mut errors);
    let count = |request: &Object, kind: &str| of_type(request, kind).count();
    for kind in DECISIONS.into_iter().chain(["Failed"]) {
        if count(request, kind) < count(existing, kind) {
            let detail = format!("updates may not remove a condition of type {kind:?}");
            errors.push(FieldError::forbidden(&path, detail));
        }
    }
    for decision in DECISIONS {
        if subresource != Subresource::Approval && count(request, decision) > count(existing, decision) {
            let detail = format!("updates may not add a condition of type {decision:?}");
            errors.push(FieldError::forbidden(&path, detail));
        }
    }
    let certificate = |request| text(request, &["status", "certificate"]);
    let old = certificate(existing);
    if certificate(request) != old && !old.is_empty() {
        let path = Path::new("status").child("certificate");
        let detail = "updates may not modify existing certificate content";
        errors.push(FieldError::forbidden(&path, detail));
    }
    errors
}

fn of_type<'a>(request: &'a Object, kind: &'a str) -> impl Iterator<Item = &'a Value> {
    conditions(request).iter().filter(move |condition| field(condition, "type") == kind)
}

/// Faults that the stored conditions have already are let be.
fn check_conditions(request: &Object, existing: &Object, path: &Path, errors: &mut Vec<FieldError>) {
    let old_kinds: Vec<&str> =
        conditions(existing).iter().map(|condition| field(condition, "type")).collect();
    let both = DECISIONS.iter().all(|decision| old_kinds.contains(decision));
    let twice = old_kinds.iter().enumerate().any(|(at, kind)| old_kinds[..at].contains(kind));
    let mut seen: Vec<&str> = Vec::new();
    for (position, condition) in conditions(request).iter().enumerate() {
        let at = path.index(position);
        let kind = field(condition, "type");
        if kind.is_empty() && !old_kinds.contains(&"") {
            errors.push(FieldError::required(&at.child("type"), ""));
        }
        check_status(kind, field(condition, "status"), &at.child("status"), errors);
        if seen.contains(&kind) && !twice {
            errors.push(FieldError::duplicate(&at.child("type"), kind));
        }
        seen.push(kind);
    }
    if !both && DECISIONS.iter().all(|decision| seen.contains(decision)) {
        let [one, other] = DECISIONS.map(|decision| format!("conditions[{{\"type\": \"{decision}\"}}]"));
        let detail = format!("must specify at most one of: `{one}`, `{other}`");
        errors.push(FieldError::invalid(path, format!("{{{one}, {other}}}"), detail));
    }
}

fn check_status(kind: &str, status: &str, path: &Path, errors: &mut Vec<FieldError>) {
    let known: &[&str] = match kind {
        // There is no way back from these.
        "Approved" | "Denied" | "Failed" => &["True"],
        _ => &["False", "True", "Unknown"],
    };
    if status.is_empty() {
        errors.push(FieldError::required(path, ""));
    } else if !known.contains(&status) {
        errors.push(FieldError::not_supported(path, status, known));
    }
}

fn state(request: &Object) -> String {
    let conditions = conditions(request);
    let has = |kind: &str| conditions.iter().any(|condition| field(condition, "type") == kind);
    let mut state = match (has("Denied"), has("Approved")) {
        (true, _) => "Denied".to_owned(),
        (false, true) => "Approved".to_owned(),
        (false, false) => "Pending".to_owned(),
    };
    if has("Failed") {
        state.push_str(",Failed");
    }
    if !text(request, &["status", "certificate"]).is_empty() {
        state.push_str(",Issued");
    }
    state
}

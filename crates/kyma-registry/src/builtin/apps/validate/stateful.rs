//! StatefulSet.

use serde_json::{Value, json};

use super::super::super::internal;
use super::super::super::pod::check_template;
use super::super::super::spot::{Errors, IMMUTABLE, Spot};
use super::super::super::storage::check_claim;
use super::{check_labels, check_selector, rolling, runs_on, same_selector, shown_selector, status};
use crate::names;
use crate::object::{self, Object};
use crate::reason::FieldError;
use crate::selector::object::Selected;
use crate::update::Subresource;

pub(in super::super) fn stateful_set(
    set: &Object,
    existing: Option<&Object>,
    subresource: Subresource,
) -> Errors {
    let mut errors = Errors::new();
    if let (Some(existing), Subresource::Status) = (existing, subresource) {
        status::stateful_set(set, existing, &mut errors);
        return errors;
    }
    let spec = Spot::of(set, "spec");
    check_settings(&spec, existing.is_none(), &mut errors);
    check_selector(&spec, "statefulset", &mut errors);
    let (wanted, template) = (spec.member("selector"), spec.member("template"));
    match Selected::read(wanted.value) {
        Some(selected) => {
            check_labels(&selected, &template, &mut errors);
            let value = own_template(&spec);
            check_template(&Spot { value: &value, path: template.path.clone() }, &mut errors);
        }
        None => shown_selector(&wanted, "", &mut errors),
    }
    runs_on(&template, "StatefulSet", &mut errors);
    if let Some(existing) = existing {
        same_selector(&spec, Some(existing), &mut errors);
        let before = Spot::of(existing, "spec");
        let claims = spec.member("volumeClaimTemplates");
        if claims.value != before.member("volumeClaimTemplates").value {
            let shown = match claims.is_set() {
                true => internal::written_list(claims.value, "core/v1.PersistentVolumeClaim"),
                false => "null".to_owned(),
            };
            errors.push(FieldError::invalid_written(&claims.path, shown, IMMUTABLE));
        }
        for name in ["serviceName", "podManagementPolicy"] {
            spec.member(name).unchanged(before.member(name).value, &mut errors);
        }
    }
    errors
}

/// What cannot change any more is not looked at again.
fn check_settings(spec: &Spot<'_>, new: bool, errors: &mut Errors) {
    let policy = spec.member("podManagementPolicy");
    match policy.text() {
        "" => policy.required("", errors),
        "OrderedReady" | "Parallel" => {}
        _ => policy.invalid("must be 'OrderedReady' or 'Parallel'", errors),
    }
    rolling::stateful_set(&spec.member("updateStrategy"), errors);
    let retention = spec.member("persistentVolumeClaimRetentionPolicy");
    if retention.is_set() {
        for event in ["whenDeleted", "whenScaled"] {
            retention.member(event).one_of(&["Retain", "Delete"], errors);
        }
    }
    for claim in spec.member("volumeClaimTemplates").items().filter(|_| new) {
        check_claim(&claim.member("spec"), errors);
    }
    spec.member("replicas").nonnegative(errors);
    spec.member("minReadySeconds").nonnegative(errors);
    spec.member("ordinals").member("start").nonnegative(errors);
    if new {
        spec.member("serviceName").name(names::dns1123_label, errors);
    }
}

/// The template as the controller will use it: it gives the host's name, and volumes for the claims.
fn own_template(spec: &Spot<'_>) -> Value {
    let mut template = spec.member("template").value.clone();
    let claims: Vec<Value> = spec
        .member("volumeClaimTemplates")
        .items()
        .map(|claim| claim.member("metadata").member("name").value.clone())
        .collect();
    let Some(pod) = template.get_mut("spec").and_then(Value::as_object_mut) else { return template };
    pod.remove("hostname");
    pod.remove("subdomain");
    if !claims.is_empty() {
        let volumes = object::as_array_mut(pod.entry("volumes").or_insert(Value::Null));
        volumes.retain(|volume| volume.get("name").is_none_or(|name| !claims.contains(name)));
        for name in claims.into_iter().rev() {
            volumes.insert(0, json!({"name": name, "persistentVolumeClaim": {"claimName": name}}));
        }
    }
    template
}

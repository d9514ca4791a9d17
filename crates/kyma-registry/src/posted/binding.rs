//! Binding: a pod is put on a node, once. What is written is no client's change, and so nobody's to own.

use serde_json::{Value, json};

use super::{Given, set_condition};
use crate::ApiError;
use crate::builtin::text;
use crate::object::{self, Object};
use crate::reason::{FieldError, Path};
use crate::registry::Request;

/// `ValidatePodBinding`.
pub(super) fn validate(binding: &Object) -> Vec<FieldError> {
    let target = Path::new("target");
    let kind = text(binding, &["target", "kind"]);
    let mut errors = Vec::new();
    if !matches!(kind, "" | "Node") {
        errors.push(FieldError::not_supported(&target.child("kind"), kind, &["Node", "<empty>"]));
    }
    if text(binding, &["target", "name"]).is_empty() {
        errors.push(FieldError::required(&target.child("name"), ""));
    }
    errors
}

/// Puts a pod on the node that a binding names (`setPodNodeAndMetadata`).
pub(super) fn assign(pods: &Request<'_>, pod: &mut Object, given: &Given, now: &str) -> Result<(), ApiError> {
    let Given { object: binding, name, dry_run } = given;
    for (what, given, actual) in [
        ("UID", object::uid(binding), object::uid(pod)),
        ("ResourceVersion", object::resource_version(binding), object::resource_version(pod)),
    ] {
        if !given.is_empty() && given != actual {
            return Err(pods.unmet(name, what, (given, actual), *dry_run));
        }
    }
    let refused = |detail: String| Err(ApiError::conflict("", "pods/binding", name, &detail));
    if object::is_deleting(pod) {
        return refused(format!("pod {name} is being deleted, cannot be assigned to a host"));
    }
    let node = text(pod, &["spec", "nodeName"]);
    if !node.is_empty() {
        return refused(format!("pod {name} is already assigned to node {node:?}"));
    }
    let gates = pod.get("spec").and_then(|spec| spec.get("schedulingGates")).and_then(Value::as_array);
    if gates.is_some_and(|gates| !gates.is_empty()) {
        return refused(format!("pod {name} has non-empty .spec.schedulingGates"));
    }
    let spec = object::as_object_mut(pod.entry("spec").or_insert(Value::Null));
    spec.insert("nodeName".into(), text(binding, &["target", "name"]).into());
    for map in ["annotations", "labels"] {
        let own = object::metadata(binding).and_then(|metadata| metadata.get(map)).and_then(Value::as_object);
        let Some(own) = own.filter(|own| !own.is_empty()) else { continue };
        let all = object::metadata_mut(pod).entry(map).or_insert(Value::Null);
        object::as_object_mut(all).extend(own.clone());
    }
    mark_scheduled(pod, now);
    Ok(())
}

fn mark_scheduled(pod: &mut Object, now: &str) {
    let status = object::as_object_mut(pod.entry("status").or_insert(Value::Null));
    // Where it might have gone is no more of interest.
    status.remove("nominatedNodeName");
    let scheduled =
        json!({"type": "PodScheduled", "status": "True", "lastProbeTime": null, "lastTransitionTime": now});
    set_condition(status, scheduled);
}

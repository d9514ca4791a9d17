//! Namespace (k8s.io/kubernetes/pkg/registry/core/namespace): it stays until its finalizer `kubernetes` is taken from the
//! spec, which the namespace controller does when the namespace is empty.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::spot::{Errors, Spot};
use super::strategy::{PLAIN, Strategy, not_supported};
use super::{age, text};
use crate::delete::{DeleteOptions, finalizers_for};
use crate::names::{self, NameRule};
use crate::object::{self, Object};
use crate::reason::{FieldError, Path};
use crate::update::Subresource;

/// The label that names the namespace, for selectors (KEP-2161).
const NAME_LABEL: &str = "kubernetes.io/metadata.name";

pub(super) const STRATEGY: Strategy = Strategy {
    name_rule: NameRule::Label,
    selectable: &["status.phase"],
    unsupported_field: not_supported,
    // What decoding fills in belongs to the writer, what the strategy fills in to nobody.
    default: label_with_name,
    prepare_create,
    prepare_update,
    validate,
    immortal: &["default", "kube-public", "kube-system"],
    mark_deleting,
    own_preconditions: true,
    may_go: |namespace| spec_finalizers(namespace).is_empty(),
    cells,
    ..PLAIN
};

fn spec_finalizers(namespace: &Object) -> Vec<&str> {
    let list = namespace.get("spec").and_then(|spec| spec.get("finalizers")).and_then(Value::as_array);
    list.into_iter().flatten().filter_map(Value::as_str).collect()
}

fn label_with_name(namespace: &mut Object) {
    let name = object::name(namespace).to_owned();
    if !name.is_empty() {
        let labels = object::metadata_mut(namespace).entry("labels").or_insert(Value::Null);
        object::as_object_mut(labels).insert(NAME_LABEL.into(), name.into());
    }
}

fn prepare_create(namespace: &mut Object) {
    label_with_name(namespace);
    namespace.insert("status".into(), json!({"phase": "Active"}));
    let spec = object::as_object_mut(namespace.entry("spec").or_insert(Value::Null));
    let finalizers = object::as_array_mut(spec.entry("finalizers").or_insert(Value::Null));
    if !finalizers.iter().any(|f| f == "kubernetes") {
        finalizers.push("kubernetes".into());
    }
}

fn prepare_update(namespace: &mut Object, existing: &Object, subresource: Subresource) {
    label_with_name(namespace);
    // Only `/finalize` and the deletion change the spec, whose one field the finalizers are.
    if subresource == Subresource::Main
        && let Some(spec) = existing.get("spec")
    {
        namespace.insert("spec".into(), spec.clone());
    }
}

/// Finalizers of the specification, and a phase that says what the deletion has begun.
fn validate(namespace: &Object, existing: Option<&Object>, subresource: Subresource) -> Errors {
    let mut errors = Errors::new();
    match (existing, subresource) {
        (Some(_), Subresource::Status) => check_phase(namespace, &mut errors),
        (_, subresource) => {
            let indexed = subresource == Subresource::Finalize;
            check_spec_finalizers(namespace, indexed, &mut errors);
        }
    }
    errors
}

/// The path is that of the finalizer only where finalizers alone are written.
fn check_spec_finalizers(namespace: &Object, indexed: bool, errors: &mut Errors) {
    let finalizers = Spot::of(namespace, "spec").member("finalizers");
    for finalizer in finalizers.items() {
        let finalizer = if indexed { finalizer } else { finalizer.at(finalizers.path.clone()) };
        finalizer.problems(names::qualified_name(finalizer.text()), errors);
        names::check_finalizer(finalizer.text(), &finalizer.path, errors);
    }
}

fn check_phase(namespace: &Object, errors: &mut Errors) {
    let (phase, condition) = match object::is_deleting(namespace) {
        false => ("Active", "empty"),
        true => ("Terminating", "not empty"),
    };
    let found = text(namespace, &["status", "phase"]);
    if found != phase {
        let detail = format!("may only be '{phase}' if `deletionTimestamp` is {condition}");
        errors.push(FieldError::invalid(&Path::new("status").child("Phase"), found, detail));
    }
}

/// The first request only begins the deletion, whatever holds the namespace; later ones end it when nothing does.
fn mark_deleting(namespace: &mut Object, _now: &str, options: &DeleteOptions) -> bool {
    if object::is_deleting(namespace) {
        return !spec_finalizers(namespace).is_empty();
    }
    let status = object::as_object_mut(namespace.entry("status").or_insert(Value::Null));
    status.insert("phase".into(), "Terminating".into());
    object::set_finalizers(namespace, finalizers_for(namespace, options));
    true
}

fn cells(namespace: &Object, now: Timestamp) -> Vec<Value> {
    vec![object::name(namespace).into(), text(namespace, &["status", "phase"]).into(), age(namespace, now)]
}

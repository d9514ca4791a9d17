//! CustomResourceDefinitions: what the server does with one, as plain functions of it and the others
//! (k8s.io/apiextensions-apiserver/pkg/{registry/customresourcedefinition,controller/status,controller/establish}).

mod conditions;
mod kinds;
mod validate;

use serde_json::{Value, json};

use crate::delete::DeleteOptions;
use crate::object::{self, Object};
use crate::update::Subresource;

pub use conditions::{next_status, set_condition};
pub use kinds::{compare_versions, served};
pub use validate::validate;

/// The finalizer under which the instances are deleted before the definition goes.
pub const CLEANUP_FINALIZER: &str = "customresourcecleanup.apiextensions.k8s.io";

/// Whether a condition of the definition is "True".
pub fn has_condition(definition: &Object, kind: &str) -> bool {
    condition(definition, kind).is_some_and(|condition| condition.get("status") == Some(&json!("True")))
}

/// The condition of this type.
pub fn condition<'a>(definition: &'a Object, kind: &str) -> Option<&'a Value> {
    let conditions = definition.get("status")?.get("conditions")?.as_array()?;
    conditions.iter().find(|condition| condition.get("type").and_then(Value::as_str) == Some(kind))
}

/// Whether the definition's kinds are served.
pub fn is_established(definition: &Object) -> bool {
    has_condition(definition, "Established")
}

/// `spec.versions`.
fn versions(definition: &Object) -> &[Value] {
    let list = definition.get("spec").and_then(|spec| spec.get("versions")).and_then(Value::as_array);
    list.map(Vec::as_slice).unwrap_or_default()
}

/// A string of `spec` or below; "" where it is absent.
fn spec_str<'a>(definition: &'a Object, pointer: &str) -> &'a str {
    definition.get("spec").and_then(|spec| spec.pointer(pointer)).and_then(Value::as_str).unwrap_or_default()
}

fn storage_version(definition: &Object) -> Option<&str> {
    let stored =
        versions(definition).iter().find(|version| version.get("storage") == Some(&Value::Bool(true)))?;
    stored.get("name")?.as_str()
}

/// What the server fills in at creation.
pub(crate) fn prepare_create(definition: &mut Object) {
    set_defaults(definition);
    definition
        .insert("status".into(), json!({"conditions": [], "acceptedNames": {"plural": "", "kind": ""}}));
    note_stored_version(definition);
    object::set_generation(definition, 1);
}

/// What the server fills in at an update; the status is kept by the rules that all kinds share.
pub(crate) fn prepare_update(definition: &mut Object, _existing: &Object, _subresource: Subresource) {
    set_defaults(definition);
    note_stored_version(definition);
}

pub(crate) fn set_defaults(definition: &mut Object) {
    let kind = spec_str(definition, "/names/kind").to_owned();
    let spec = object::as_object_mut(definition.entry("spec").or_insert(Value::Null));
    let names = object::as_object_mut(spec.entry("names").or_insert(Value::Null));
    let mut fill = |field: &str, value: String| {
        let slot = names.entry(field).or_insert(Value::Null);
        if slot.as_str().is_none_or(str::is_empty) {
            *slot = value.into();
        }
    };
    if !kind.is_empty() {
        fill("singular", kind.to_lowercase());
        fill("listKind", format!("{kind}List"));
    }
    spec.entry("conversion").or_insert_with(|| json!({"strategy": "None"}));
    if spec.get("preserveUnknownFields") == Some(&Value::Bool(false)) {
        spec.remove("preserveUnknownFields");
    }
}

fn note_stored_version(definition: &mut Object) {
    let Some(version) = storage_version(definition).map(Value::from) else { return };
    let status = object::as_object_mut(definition.entry("status").or_insert(Value::Null));
    let stored = object::as_array_mut(status.entry("storedVersions").or_insert(Value::Null));
    if !stored.contains(&version) {
        stored.push(version);
    }
}

/// When deletion begins the definition waits for its instances to go.
pub(crate) fn mark_deleting(definition: &mut Object, now: &str, _options: &DeleteOptions) -> bool {
    if object::is_deleting(definition) {
        return !object::finalizers(definition).is_empty();
    }
    let mut finalizers: Vec<String> = object::finalizers(definition).into_iter().map(str::to_owned).collect();
    if !finalizers.iter().any(|finalizer| finalizer == CLEANUP_FINALIZER) {
        finalizers.push(CLEANUP_FINALIZER.to_owned());
    }
    object::set_finalizers(definition, finalizers);
    let message = "CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon";
    set_condition(definition, "Terminating", true, "InstanceDeletionPending", message, now);
    true
}

#[cfg(test)]
mod tests;

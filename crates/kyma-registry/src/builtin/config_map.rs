//! ConfigMap.

use base64::Engine as _;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{
    AGE, Builtin, BuiltinColumn, NAME, NameRule, age, always, entries, never, nothing, nothing_at_update,
    schema,
};
use crate::object::{self, Object};
use crate::reason::{FieldError, Path};
use crate::resource::Scope;

pub(super) const KIND: Builtin = Builtin {
    group: "",
    version: "v1",
    kind: "ConfigMap",
    plural: "configmaps",
    singular: "configmap",
    short: &["cm"],
    scope: Scope::Namespaced,
    name_rule: NameRule::Subdomain,
    status: false,
    generation: false,
    unconditional_update: true,
    create_on_update: false,
    selectable: &[],
    schema: structure,
    prepare_create: nothing,
    prepare_update: nothing_at_update,
    immortal: &[],
    mark_deleting: never,
    may_go: always,
    validate,
    columns: &[NAME, BuiltinColumn { name: "Data", kind: "string", priority: 0 }, AGE],
    cells,
};

/// The largest sum of all values, in bytes (k8s.io/api/core/v1, MaxSecretSize).
pub(super) const MAX_SIZE: usize = 1024 * 1024;

fn structure() -> Value {
    let strings = json!({"type": "object", "additionalProperties": {"type": "string"}});
    schema(json!({"data": strings, "binaryData": strings, "immutable": {"type": "boolean"}}))
}

fn validate(map: &Object, existing: Option<&Object>) -> Vec<FieldError> {
    let mut errors = check_keys(map, &["binaryData", "data"]);
    errors.extend(check_immutable(map, existing, &["data", "binaryData"]));
    errors
}

/// Keys must be file names, and the values together no larger than a mebibyte.
pub(super) fn check_keys(object: &Object, fields: &[&str]) -> Vec<FieldError> {
    let mut errors = Vec::new();
    let mut size = 0;
    for field in fields {
        for (key, value) in object.get(*field).and_then(Value::as_object).into_iter().flatten() {
            for problem in crate::names::config_map_key(key) {
                errors.push(FieldError::invalid(
                    &Path::new(field).key(key),
                    Value::from(key.as_str()),
                    &problem,
                ));
            }
            size += value_size(field, value);
        }
    }
    if size > MAX_SIZE {
        errors.push(FieldError::too_long(&Path::root(), MAX_SIZE));
    }
    errors
}

fn value_size(field: &str, value: &Value) -> usize {
    let text = value.as_str().unwrap_or_default();
    if field == "data" {
        return text.len();
    }
    base64::engine::general_purpose::STANDARD.decode(text).map_or(text.len(), |bytes| bytes.len())
}

/// What is marked immutable stays as it is.
pub(super) fn check_immutable(
    object: &Object,
    existing: Option<&Object>,
    fields: &[&str],
) -> Vec<FieldError> {
    let Some(existing) = existing.filter(|existing| existing.get("immutable") == Some(&Value::Bool(true)))
    else {
        return Vec::new();
    };
    let forbidden =
        |field: &str| FieldError::forbidden(&Path::new(field), "field is immutable when `immutable` is set");
    let mut errors = Vec::new();
    if object.get("immutable") != Some(&Value::Bool(true)) {
        errors.push(forbidden("immutable"));
    }
    errors.extend(
        fields
            .iter()
            .filter(|field| object.get(**field) != existing.get(**field))
            .map(|field| forbidden(field)),
    );
    errors
}

fn cells(map: &Object, now: Timestamp) -> Vec<Value> {
    vec![object::name(map).into(), entries(map, &["data", "binaryData"]).into(), age(map, now)]
}

//! ConfigMap.

use base64::Engine as _;
use jiff::Timestamp;
use serde_json::Value;

use super::strategy::{PLAIN, Strategy};
use super::{age, entries};
use crate::object::{self, Object};
use crate::reason::{FieldError, Path};
use crate::update::Subresource;

pub(super) const STRATEGY: Strategy = Strategy { validate, cells, ..PLAIN };

/// The largest sum of all values, in bytes (k8s.io/api/core/v1, MaxSecretSize).
pub(super) const MAX_SIZE: usize = 1024 * 1024;

fn validate(map: &Object, existing: Option<&Object>, _subresource: Subresource) -> Vec<FieldError> {
    let mut errors = check_immutable(map, existing, &["data", "binaryData"]);
    errors.extend(check_keys(map, &["data", "binaryData"]));
    errors
}

/// Keys must be file names, and the values together no larger than a mebibyte.
pub(super) fn check_keys(object: &Object, fields: &[&str]) -> Vec<FieldError> {
    let mut errors = Vec::new();
    let mut size = 0;
    for field in fields {
        for (key, value) in object.get(*field).and_then(Value::as_object).into_iter().flatten() {
            let path = Path::new(field).key(key);
            for problem in crate::names::config_map_key(key) {
                errors.push(FieldError::invalid(&path, key.as_str(), &problem));
            }
            // Only a ConfigMap has the other bag.
            if *field == "data" && object.get("binaryData").is_some_and(|binary| binary.get(key).is_some()) {
                errors.push(FieldError::invalid(
                    &path,
                    key.as_str(),
                    "duplicate of key present in binaryData",
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

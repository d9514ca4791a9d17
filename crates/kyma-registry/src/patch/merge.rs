//! JSON merge patch (RFC 7386), as `gopkg.in/evanphx/json-patch.v4` merges.

use serde_json::{Map, Value};

use super::{decode_json, no_object, unreadable, wrong_shape};
use crate::reason::{ApiError, gotext};
use crate::registry::FieldValidation;

/// An object to be laid over another one.
#[derive(Clone, Debug, PartialEq)]
pub struct MergePatch(Map<String, Value>);

impl MergePatch {
    /// Reads a patch, and complains about members that appear twice.
    ///
    /// # Errors
    /// 400 for what is no JSON object; 422 for a list that nobody has looked into, which takes the place of the object.
    pub fn parse(body: &[u8], mode: FieldValidation) -> Result<(Self, Vec<String>), ApiError> {
        match decode_json(body).map_err(|_| unreadable())? {
            (Value::Object(patch), complaints) => Ok((Self(patch), complaints)),
            (Value::Null, _) => Err(ApiError::bad_request("Invalid JSON Patch")),
            (list @ Value::Array(_), _) if mode == FieldValidation::Ignore => {
                Err(no_object(&without_nulls(&list)))
            }
            (_, _) if mode == FieldValidation::Ignore => Err(ApiError::bad_request("Invalid JSON Patch")),
            (other, _) => Err(wrong_shape(&format!(
                "{} into Go value of type map[string]interface {{}}",
                gotext::type_name(&other)
            ))),
        }
    }

    /// The object to be laid over.
    pub(crate) fn object(&self) -> &Map<String, Value> {
        &self.0
    }

    /// The object with the patch laid over it.
    pub fn apply(&self, object: &Map<String, Value>) -> Map<String, Value> {
        let mut merged = object.clone();
        merge(&mut merged, &self.0);
        merged
    }
}

fn merge(target: &mut Map<String, Value>, patch: &Map<String, Value>) {
    for (key, value) in patch {
        match (target.get_mut(key), value) {
            (_, Value::Null) => {
                target.remove(key);
            }
            (Some(Value::Object(target)), Value::Object(patch)) => merge(target, patch),
            // Upstream takes the nulls out of what is new, except where it takes the place of an object.
            (Some(slot @ Value::Object(_)), value) => *slot = value.clone(),
            (_, value) => {
                target.insert(key.clone(), without_nulls(value));
            }
        }
    }
}

/// A value without null members; nulls among the items of a list stay.
fn without_nulls(value: &Value) -> Value {
    match value {
        Value::Object(map) => {
            let members = map.iter().filter(|(_, value)| !value.is_null());
            Value::Object(members.map(|(key, value)| (key.clone(), without_nulls(value))).collect())
        }
        Value::Array(items) => Value::Array(items.iter().map(without_nulls).collect()),
        scalar => scalar.clone(),
    }
}

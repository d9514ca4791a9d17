//! Server-side apply: a configuration that says what its manager wants to own (KEP-555). What comes of it is for
//! [`crate::fields`] to say.

use serde_json::{Map, Value};

use crate::reason::{ApiError, gotext};

/// An applied configuration: a part of an object.
#[derive(Clone, Debug, PartialEq)]
pub struct ApplyPatch(Map<String, Value>);

impl ApplyPatch {
    /// Takes a body that was decoded, as YAML or JSON. None is an empty one.
    ///
    /// # Errors
    /// 400 for what is no object.
    pub fn new(body: Value) -> Result<Self, ApiError> {
        match body {
            Value::Object(object) => Ok(Self(object)),
            Value::Null => Ok(Self(Map::new())),
            other => Err(ApiError::bad_request(format!(
                "error decoding patch: error unmarshaling JSON: while decoding JSON: json: cannot unmarshal {} into Go value \
                 of type map[string]interface {{}}",
                gotext::type_name(&other)
            ))),
        }
    }

    /// The configuration.
    pub(crate) fn object(&self) -> &Map<String, Value> {
        &self.0
    }
}

//! YAML bodies, in both directions, as Go's library (`sigs.k8s.io/yaml`) writes them and speaks of what it cannot read.

mod emit;
mod explain;

use bytes::Bytes;
use kyma_registry::ApiError;
use serde_json::Value;

pub(crate) use explain::explain;

/// A JSON answer as YAML.
pub(crate) fn from_json(json: &[u8]) -> Result<Bytes, ApiError> {
    let value: Value = serde_json::from_slice(json).map_err(|e| ApiError::internal(e.to_string()))?;
    Ok(emit::to_yaml(&value).into())
}

/// A YAML body as a value; the error says what is wrong with it.
pub(crate) fn to_value(body: &[u8]) -> Result<Value, String> {
    let text = std::str::from_utf8(body).map_err(|error| error.to_string())?;
    serde_saphyr::from_str(text).map_err(|error| explain::explain(&error, text))
}

//! YAML bodies, in both directions.

use bytes::Bytes;
use kyma_registry::ApiError;
use serde_json::Value;

/// A JSON answer as YAML.
pub(crate) fn from_json(json: &[u8]) -> Result<Bytes, ApiError> {
    let value: Value = serde_json::from_slice(json).map_err(|e| ApiError::internal(e.to_string()))?;
    let text = serde_saphyr::to_string(&value).map_err(|e| ApiError::internal(e.to_string()))?;
    Ok(text.into())
}

/// A YAML body as a value; the error says what is wrong with it.
pub(crate) fn to_value(body: &[u8]) -> Result<Value, String> {
    let text = std::str::from_utf8(body).map_err(|error| error.to_string())?;
    serde_saphyr::from_str(text).map_err(|error| error.to_string())
}

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

/// A YAML body as a value.
pub(crate) fn to_value(body: &[u8]) -> Result<Value, ApiError> {
    let text = std::str::from_utf8(body)
        .map_err(|e| ApiError::bad_request(format!("the body is not UTF-8: {e}")))?;
    serde_saphyr::from_str(text)
        .map_err(|e| ApiError::bad_request(format!("error converting YAML to JSON: {e}")))
}

//! Request bodies, turned into a value by their content type.

use http::HeaderMap;
use http::header::CONTENT_TYPE;
use kyma_registry::ApiError;
use kyma_registry::patch::decode_json;
use kyma_registry::reason::json_error;
use serde_json::Value;

use crate::encode::{protobuf, yaml};

const MEDIA_TYPES: [&str; 3] = ["application/json", "application/yaml", protobuf::CONTENT_TYPE];

/// The media type of the body, without parameters; JSON where none is given.
pub(crate) fn media_type(headers: &HeaderMap) -> &str {
    let Some(value) = headers.get(CONTENT_TYPE) else { return "application/json" };
    let value = value.to_str().unwrap_or_default();
    value.split(';').next().unwrap_or_default().trim()
}

/// The body as a value, with what strict decoding finds wrong with its text. `kind` is what it should be.
pub(crate) fn value(headers: &HeaderMap, body: &[u8], kind: &str) -> Result<(Value, Vec<String>), ApiError> {
    let unrecognized = |cause: &str| {
        ApiError::bad_request(format!(
            "the object provided is unrecognized (must be of type {kind}): {cause}"
        ))
    };
    match media_type(headers) {
        "application/json" => decode_json(body).map_err(|error| {
            unrecognized(&format!(
                "couldn't get version/kind; json parse error: {} ({})",
                json_error(body, &error),
                shown(body)
            ))
        }),
        "application/yaml" => match yaml::to_value(body) {
            Ok(value) => Ok((value, Vec::new())),
            Err(error) => Err(unrecognized(&format!("{error} ({})", shown(body)))),
        },
        protobuf::CONTENT_TYPE => Ok((protobuf::to_value(body, kind)?, Vec::new())),
        _ => Err(ApiError::unsupported_media_type(&MEDIA_TYPES)),
    }
}

/// `DeleteOptions`, whose errors the real server words without what was expected.
pub(crate) fn options(headers: &HeaderMap, body: &[u8]) -> Result<Value, ApiError> {
    match media_type(headers) {
        "application/json" => decode_json(body).map(|(value, _)| value).map_err(|error| {
            ApiError::bad_request(format!(
                "couldn't get version/kind; json parse error: {}",
                json_error(body, &error)
            ))
        }),
        _ => value(headers, body, "DeleteOptions").map(|(value, _)| value),
    }
}

/// The body as the real server shows it in an error: what begins like JSON as text, else as hexadecimal digits.
pub(crate) fn shown(body: &[u8]) -> String {
    const MOST: usize = 30;
    if body.is_empty() {
        return "<empty>".to_owned();
    }
    let (start, more) = match body.get(..MOST) {
        Some(start) if body.len() > MOST => (start, " ..."),
        _ => (body, ""),
    };
    let start = match start.first() {
        Some(b'{') => String::from_utf8_lossy(start).into_owned(),
        _ => start.iter().map(|byte| format!("{byte:02x}")).collect(),
    };
    format!("{start}{more}")
}

//! Request bodies: read up to the limit, then turned into a value by their content type.

use bytes::Bytes;
use http::HeaderMap;
use http::header::CONTENT_TYPE;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use kyma_registry::ApiError;
use serde_json::Value;
use tower::BoxError;

use crate::encode::{protobuf, yaml};

/// The largest body that is read, as in the real server (`--max-request-bytes` of its handlers).
pub(crate) const BODY_LIMIT: usize = 3 * 1024 * 1024;
const MEDIA_TYPES: [&str; 3] = ["application/json", "application/yaml", protobuf::CONTENT_TYPE];

/// Reads all of a body.
pub(crate) async fn read<B>(body: B) -> Result<Bytes, ApiError>
where
    B: http_body::Body<Data = Bytes>,
    B::Error: Into<BoxError>,
{
    match Limited::new(body, BODY_LIMIT).collect().await {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => {
            Err(ApiError::request_entity_too_large(&format!("limit is {BODY_LIMIT}")))
        }
        Err(error) => Err(ApiError::bad_request(format!("the body could not be read: {error}"))),
    }
}

/// The media type of the body, without parameters; JSON where none is given.
pub(crate) fn media_type(headers: &HeaderMap) -> &str {
    let value = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("application/json");
    value.split(';').next().unwrap_or_default().trim()
}

/// The body as a value.
pub(crate) fn value(headers: &HeaderMap, body: &[u8]) -> Result<Value, ApiError> {
    match media_type(headers) {
        "application/json" | "" => json(body),
        "application/yaml" => yaml::to_value(body),
        protobuf::CONTENT_TYPE => protobuf::to_value(body),
        _ => Err(ApiError::unsupported_media_type(&MEDIA_TYPES)),
    }
}

fn json(body: &[u8]) -> Result<Value, ApiError> {
    serde_json::from_slice(body).map_err(|error| {
        ApiError::bad_request(format!("couldn't get version/kind; json parse error: {error}"))
    })
}

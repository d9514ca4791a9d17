//! Answers: objects, lists, statuses.

use bytes::Bytes;
use http::header::{CONTENT_TYPE, RETRY_AFTER, WARNING, X_CONTENT_TYPE_OPTIONS};
use http::{HeaderMap, HeaderValue, Response, StatusCode};
use kyma_registry::ApiError;
use serde_json::Value;

use crate::body::Body;
use crate::encode::{Accept, Format, json, yaml};

/// The content type of plain text.
pub(crate) const TEXT: &str = "text/plain; charset=utf-8";

/// An answer in plain text, as Go's `http.Error` writes one.
pub(crate) fn text(status: StatusCode, text: impl Into<Bytes>) -> Response<Body> {
    let mut response = bytes(status, TEXT, text);
    response.headers_mut().insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

/// 429 as the real server answers it (k8s.io/apiserver/pkg/server/filters): no Status, and come back in a second.
pub(crate) fn too_many_requests() -> Response<Body> {
    let mut response = text(StatusCode::TOO_MANY_REQUESTS, "Too many requests, please try again later.\n");
    response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("1"));
    response
}

/// An answer of these bytes.
pub(crate) fn bytes(
    status: StatusCode,
    content_type: &'static str,
    bytes: impl Into<Bytes>,
) -> Response<Body> {
    let mut response = Response::new(Body::whole(bytes));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

/// A JSON document in the format that the client accepts.
pub(crate) fn document(status: StatusCode, accept: Accept, json: Bytes) -> Result<Response<Body>, ApiError> {
    let body = match accept.format {
        Format::Json => json,
        Format::Yaml => yaml::from_json(&json)?,
    };
    Ok(bytes(status, accept.content_type(), body))
}

/// A value in the format that the client accepts.
pub(crate) fn value(status: StatusCode, accept: Accept, value: &Value) -> Result<Response<Body>, ApiError> {
    document(status, accept, json::to_vec(value)?.into())
}

/// A failure, as a `Status` object in the format that the client accepts, or in JSON.
pub(crate) fn failure(error: &ApiError, headers: &HeaderMap) -> Response<Body> {
    let status = StatusCode::from_u16(error.code()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    // Written from the error itself, whose members come in the real server's order.
    let body = serde_json::to_vec(error).unwrap_or_default();
    let accept = Accept::of_status(headers);
    let mut response = match document(status, accept, body.clone().into()) {
        Ok(response) => response,
        Err(_) => bytes(status, "application/json", body),
    };
    if let Some(seconds) =
        error.details().map(|details| details.retry_after_seconds).filter(|seconds| *seconds > 0)
    {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    with_warnings(response, error.warnings())
}

/// Adds a `Warning` header for each text (RFC 7234, code 299, as the real server writes it).
pub(crate) fn with_warnings(mut response: Response<Body>, warnings: &[String]) -> Response<Body> {
    for text in warnings {
        let text = text.replace('\\', "\\\\").replace('"', "\\\"");
        if let Ok(value) = HeaderValue::from_str(&format!("299 - \"{text}\"")) {
            response.headers_mut().append(WARNING, value);
        }
    }
    response
}

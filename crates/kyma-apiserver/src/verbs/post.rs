//! POST of what is done to a pod and not stored: a Binding, an Eviction.

use http::{Response, StatusCode};
use kyma_registry::{ApiError, CreateOptions, Posted, UpdateOptions};
use serde_json::json;

use super::Call;
use crate::body::Body;
use crate::path::ResourcePath;
use crate::response;

/// What a path says is posted to it.
pub(crate) fn posted(path: &ResourcePath<'_>) -> Option<Posted> {
    if !path.group.is_empty() || path.version != "v1" || path.namespace.is_none() || path.more {
        return None;
    }
    match (path.resource, path.name, path.subresource) {
        ("bindings", None, None) => Some(Posted::Binding),
        ("pods", Some(_), part) => {
            [Posted::Binding, Posted::Eviction].into_iter().find(|posted| part == Some(posted.part()))
        }
        _ => None,
    }
}

pub(crate) async fn post(call: &Call<'_>, posted: Posted) -> Result<Response<Body>, ApiError> {
    let UpdateOptions { dry_run, field_validation, manager, .. } =
        call.query.write_options("CreateOptions", call.headers)?;
    let options = CreateOptions { dry_run, field_validation, manager };
    let accept = call.accept()?;
    let body = call.decoded()?;
    let request = call.request();
    let warnings = call.registry.post(posted, &request, call.name, body, &options).await?;
    let done =
        json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201});
    Ok(response::with_warnings(response::value(StatusCode::CREATED, accept, &done)?, &warnings))
}

//! DELETE of an object, and of all that a list finds.

use http::{Response, StatusCode};
use kyma_registry::{ApiError, DeleteOptions, Deleted, Listed};
use serde_json::{Value, json};

use super::{Call, list};
use crate::body::Body;
use crate::metrics::Operation;
use crate::{decode, response};

pub(crate) async fn delete(call: &Call<'_>) -> Result<Response<Body>, ApiError> {
    let accept = call.accept()?;
    let options = options(call)?;
    let request = call.request();
    let work = call.registry.delete(&request, call.name(), &options);
    match call.timed(Operation::Delete, work).await? {
        Deleted::Marked(stored) => call.object(StatusCode::OK, &stored),
        Deleted::Gone(stored) if call.resource.builtin().is_some_and(|kind| kind.shows_deleted) => {
            call.object(StatusCode::OK, &stored)
        }
        Deleted::Gone(stored) => {
            let mut details = json!({
                "name": call.name(),
                "kind": call.resource.names.plural,
                "uid": stored.index.uid,
            });
            if !call.resource.group.is_empty() {
                details["group"] = (*call.resource.group).into();
            }
            let status = json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details});
            response::value(StatusCode::OK, accept, &status)
        }
    }
}

pub(crate) async fn delete_collection(call: &Call<'_>) -> Result<Response<Body>, ApiError> {
    let accept = call.accept_of(true)?;
    let request = call.request();
    let asked = call.query.list(&request, None)?;
    let options = options(call)?;
    let work = call.registry.delete_collection(&request, &asked, &options);
    let objects = call.timed(Operation::Delete, work).await?;
    let revision = call.registry.store().revision();
    let listed = Listed { objects, revision, continue_token: None, remaining: None };
    response::document(StatusCode::OK, accept, list::document(call.resource, &listed, true).await?)
}

/// `DeleteOptions` of the body, else of the query.
fn options(call: &Call<'_>) -> Result<DeleteOptions, ApiError> {
    let body = if call.body.is_empty() { Value::Null } else { decode::options(call.headers, &call.body)? };
    // A body hides the query, whatever it leaves open.
    let query = |name: &str| if call.body.is_empty() { call.query.get(name) } else { None };
    let given = kyma_registry::read_deletion(&body, query)?;
    let dry_run = if call.body.is_empty() { call.query.dry_run()? } else { given.dry_run };
    Ok(DeleteOptions { dry_run, ..given })
}

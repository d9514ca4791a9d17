//! DELETE of an object, and of all that a list finds.

use http::{Response, StatusCode};
use kyma_registry::{ApiError, DeleteOptions, Deleted, Listed, Preconditions, Propagation};
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
    response::document(StatusCode::OK, accept, list::document(call.resource, &listed).await?)
}

/// `DeleteOptions` of the body, else of the query.
fn options(call: &Call<'_>) -> Result<DeleteOptions, ApiError> {
    let body = if call.body.is_empty() { Value::Null } else { decode::options(call.headers, &call.body)? };
    // A body hides the query, whatever it leaves open.
    let query = |name: &str| if call.body.is_empty() { call.query.get(name) } else { None };
    if !matches!(body, Value::Null | Value::Object(_)) {
        return Err(ApiError::bad_request("the body of a delete must be a DeleteOptions object"));
    }
    if let Some(kind) = body.get("kind").and_then(Value::as_str).filter(|kind| *kind != "DeleteOptions") {
        return Err(ApiError::bad_request(format!(
            "converting (v1.{kind}) to (v1.DeleteOptions): unknown conversion"
        )));
    }
    let text = |name: &str| body.get(name).and_then(Value::as_str).or_else(|| query(name));
    let condition = |name: &str| {
        let given = body.get("preconditions").and_then(|p| p.get(name)).and_then(Value::as_str);
        given.or_else(|| query(name)).map(str::to_owned)
    };
    let orphan = body.get("orphanDependents").and_then(Value::as_bool);
    let orphan = orphan.or_else(|| query("orphanDependents").map(|value| value == "true" || value == "1"));
    let propagation = match (text("propagationPolicy"), orphan) {
        (None | Some(""), None) => None,
        (None | Some(""), Some(true)) | (Some("Orphan"), None) => Some(Propagation::Orphan),
        (None | Some(""), Some(false)) | (Some("Background"), None) => Some(Propagation::Background),
        (Some("Foreground"), None) => Some(Propagation::Foreground),
        (Some(policy), _) => return Err(kyma_registry::unknown_propagation(policy, orphan.is_some())),
    };
    let dry_runs = body.get("dryRun").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let dry_runs: Vec<&str> = dry_runs.iter().filter_map(Value::as_str).collect();
    kyma_registry::check_dry_run(&dry_runs)?;
    let dry_run = if call.body.is_empty() { call.query.dry_run()? } else { !dry_runs.is_empty() };
    Ok(DeleteOptions {
        dry_run,
        preconditions: Preconditions {
            uid: condition("uid"),
            resource_version: condition("resourceVersion"),
        },
        propagation,
        grace_period_seconds: body.get("gracePeriodSeconds").and_then(Value::as_i64),
    })
}

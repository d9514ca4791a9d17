//! GET of a kind.

use bytes::Bytes;
use http::{Response, StatusCode};
use kyma_registry::{ApiError, Listed, Resource};
use tokio::task::yield_now;

use super::Call;
use crate::aside::{self, Aside};
use crate::body::Body;
use crate::encode::table::{Include, table};
use crate::encode::{Accept, Shape, json, metadata};
use crate::metrics::Operation;
use crate::response;

/// How much of a list is written before others have their turn: well under a millisecond's work.
const TURN_BYTES: usize = 64 * 1024;

pub(crate) async fn list(call: &Call<'_>) -> Result<Response<Body>, ApiError> {
    let accept = call.accept_of(true)?;
    let options = call.query.list(&call.request(), call.name)?;
    if let Some(asked) = options.resource_version {
        call.reach(asked).await?;
    }
    let listed = async { call.registry.list(&call.request(), &options) };
    let listed = call.timed(Operation::List, listed).await?;
    // While it waits for room it is only a list of objects that are there anyway: their bytes are copied afterwards.
    let bytes = json::list_size(&listed);
    let Some(room) = call.answers.reserve(bytes).await else {
        return Ok(response::too_many_requests());
    };
    let is_aside = aside::is_for(bytes);
    let answer = answer(call, accept, &listed, !is_aside);
    let answer = if is_aside { Aside::new(answer).await } else { answer.await };
    Ok(answer?.map(|body| body.counted(room)))
}

async fn answer(
    call: &Call<'_>,
    accept: Accept,
    listed: &Listed,
    pauses: bool,
) -> Result<Response<Body>, ApiError> {
    match accept.shape {
        Shape::Object => {
            call.document(StatusCode::OK, accept, document(call.resource, listed, pauses).await?)
        }
        Shape::Metadata => response::value(StatusCode::OK, accept, &metadata::list(listed)?),
        Shape::Table => {
            let include = Include::from_query(call.query.get("includeObject"))?;
            let objects: Vec<_> = listed.objects.iter().map(|object| &**object).collect();
            let metadata = json::list_metadata(listed);
            let now = call.registry.now();
            let table = table(call.resource, &objects, &metadata, include, true, now)?;
            response::value(StatusCode::OK, accept, &table)
        }
    }
}

/// The list's bytes. A large list takes as long as thousands of other requests, which must not wait for it: it pauses, unless it
/// has a thread of its own.
pub(crate) async fn document(resource: &Resource, listed: &Listed, pauses: bool) -> Result<Bytes, ApiError> {
    let mut list = json::List::begin(resource, listed)?;
    let mut turn_ends = TURN_BYTES;
    for stored in &listed.objects {
        list.push(stored)?;
        if list.len() >= turn_ends {
            turn_ends = list.len() + TURN_BYTES;
            if pauses {
                yield_now().await;
            } else {
                aside::give_way();
            }
        }
    }
    Ok(list.end())
}

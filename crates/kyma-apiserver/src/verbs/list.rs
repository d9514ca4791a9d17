//! GET of a kind.

use http::{Response, StatusCode};
use kyma_registry::{ApiError, Listed};

use super::Call;
use crate::body::Body;
use crate::encode::table::{Include, table};
use crate::encode::{Accept, Shape, json, metadata};
use crate::metrics::Operation;
use crate::response;

pub(crate) async fn list(call: &Call<'_>) -> Result<Response<Body>, ApiError> {
    let accept = call.accept_of(true)?;
    let options = call.query.whole_list(call.name)?;
    if let Some(asked) = options.resource_version {
        call.reach(asked).await?;
    }
    let listed = async { call.registry.list(&call.request(), &options) };
    let listed = call.timed(Operation::List, listed).await?;
    // While it waits for room it is only a list of objects that are there anyway: their bytes are copied afterwards.
    let Some(room) = call.answers.reserve(json::list_size(&listed)).await else {
        return Ok(response::too_many_requests());
    };
    Ok(answer(call, accept, &listed)?.map(|body| body.counted(room)))
}

fn answer(call: &Call<'_>, accept: Accept, listed: &Listed) -> Result<Response<Body>, ApiError> {
    match accept.shape {
        Shape::Object => call.document(StatusCode::OK, accept, json::list(call.resource, listed)?),
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

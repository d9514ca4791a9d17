//! GET of a kind.

use http::{Response, StatusCode};
use kyma_registry::ApiError;

use super::Call;
use crate::body::Body;
use crate::encode::table::{Include, table};
use crate::encode::{Shape, json, metadata};
use crate::response;

pub(crate) async fn list(call: &Call<'_>) -> Result<Response<Body>, ApiError> {
    let accept = call.accept_of(true)?;
    call.query.check_list()?;
    let options = call.query.list(call.name)?;
    if let Some(asked) = options.resource_version {
        call.reach(asked).await?;
    }
    let listed = call.registry.list(&call.request(), &options)?;
    match accept.shape {
        Shape::Object => call.document(StatusCode::OK, accept, json::list(call.resource, &listed)?),
        Shape::Metadata => response::value(StatusCode::OK, accept, &metadata::list(&listed)?),
        Shape::Table => {
            let include = Include::from_query(call.query.get("includeObject"))?;
            let objects: Vec<_> = listed.objects.iter().map(|object| &**object).collect();
            let metadata = json::list_metadata(&listed);
            let now = call.registry.now();
            response::value(
                StatusCode::OK,
                accept,
                &table(call.resource, &objects, &metadata, include, true, now)?,
            )
        }
    }
}

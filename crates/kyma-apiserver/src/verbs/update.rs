//! PUT of an object or of one of its parts.

use http::Response;
use kyma_registry::ApiError;

use super::Call;
use crate::body::Body;
use crate::metrics::Operation;

pub(crate) async fn update(call: &Call<'_>) -> Result<Response<Body>, ApiError> {
    let options = call.query.write_options("UpdateOptions", call.headers)?;
    call.accept()?;
    let body = call.decoded()?;
    let request = call.request();
    let work = call.registry.update(&request, call.name(), body, call.subresource, &options);
    call.outcome(&call.timed(Operation::Update, work).await?)
}

//! GET of an object.

use http::{Response, StatusCode};
use kyma_registry::ApiError;

use super::Call;
use crate::body::Body;
use crate::metrics::Operation;

pub(crate) async fn get(call: &Call<'_>) -> Result<Response<Body>, ApiError> {
    call.accept()?;
    if let Some(asked) = call.query.bare_revision()? {
        call.reach(asked).await?;
    }
    let stored = async { call.registry.get(&call.request(), call.name()) };
    let stored = call.timed(Operation::Get, stored).await?;
    call.object(StatusCode::OK, &stored)
}

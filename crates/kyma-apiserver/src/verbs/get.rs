//! GET of an object.

use http::{Response, StatusCode};
use kyma_registry::ApiError;

use super::Call;
use crate::body::Body;

pub(crate) async fn get(call: &Call<'_>) -> Result<Response<Body>, ApiError> {
    call.accept()?;
    if let Some(asked) = call.query.bare_revision()? {
        call.reach(asked).await?;
    }
    let stored = call.registry.get(&call.request(), call.name())?;
    call.object(StatusCode::OK, &stored)
}

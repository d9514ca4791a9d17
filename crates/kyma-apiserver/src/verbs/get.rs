//! GET of an object.

use http::{Response, StatusCode};
use kyma_registry::ApiError;

use super::Call;
use crate::body::Body;
use crate::metrics::Operation;

pub(crate) async fn get(call: &Call<'_>) -> Result<Response<Body>, ApiError> {
    call.accept()?;
    // Events alone are read past the real server's cache, whose error is the bare one.
    let cached = &*call.resource.names.plural != "events";
    let asked = if cached { call.query.bare_revision() } else { call.query.revision() };
    if let Some(asked) = asked? {
        call.reach(asked).await?;
    }
    let stored = async { call.registry.get(&call.request(), call.name()) };
    let stored = call.timed(Operation::Get, stored).await?;
    call.object(StatusCode::OK, &stored)
}

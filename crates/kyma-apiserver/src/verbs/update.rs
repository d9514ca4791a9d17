//! PUT of an object or of one of its parts.

use http::Response;
use kyma_registry::{ApiError, UpdateOptions};

use super::Call;
use crate::body::Body;

pub(crate) async fn update(call: &Call<'_>) -> Result<Response<Body>, ApiError> {
    let options =
        UpdateOptions { dry_run: call.query.dry_run()?, field_validation: call.query.field_validation()? };
    call.accept()?;
    let body = call.decoded()?;
    let outcome =
        call.registry.update(&call.request(), call.name(), body, call.subresource, &options).await?;
    call.outcome(&outcome)
}

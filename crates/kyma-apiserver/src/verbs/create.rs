//! POST of a kind.

use http::Response;
use kyma_registry::{ApiError, CreateOptions};

use super::Call;
use crate::body::Body;

pub(crate) async fn create(call: &Call<'_>) -> Result<Response<Body>, ApiError> {
    let options =
        CreateOptions { dry_run: call.query.dry_run()?, field_validation: call.query.field_validation()? };
    call.accept()?;
    let body = call.decoded()?;
    let outcome = call.registry.create(&call.request(), body, &options).await?;
    call.outcome(&outcome)
}

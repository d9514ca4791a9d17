//! POST of a kind.

use http::Response;
use kyma_registry::{ApiError, CreateOptions};

use super::{Call, object_of};
use crate::body::Body;
use crate::decode;

pub(crate) async fn create(call: &Call<'_>) -> Result<Response<Body>, ApiError> {
    let options =
        CreateOptions { dry_run: call.query.dry_run()?, field_validation: call.query.field_validation()? };
    call.accept()?;
    let body = object_of(decode::value(call.headers, &call.body)?)?;
    let outcome = call.registry.create(&call.request(), body, &options).await?;
    call.outcome(&outcome)
}

//! PATCH of an object or of one of its parts.

use http::Response;
use kyma_registry::patch::Patch;
use kyma_registry::{ApiError, PatchOptions};

use super::Call;
use crate::body::Body;
use crate::decode;

pub(crate) async fn patch(call: &Call<'_>) -> Result<Response<Body>, ApiError> {
    let options =
        PatchOptions { dry_run: call.query.dry_run()?, field_validation: call.query.field_validation()? };
    call.accept()?;
    let patch = Patch::parse(decode::media_type(call.headers), &call.body)?;
    let outcome =
        call.registry.patch(&call.request(), call.name(), &patch, call.subresource, &options).await?;
    call.outcome(&outcome)
}

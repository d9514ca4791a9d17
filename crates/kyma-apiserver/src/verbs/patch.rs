//! PATCH of an object or of one of its parts.

use http::Response;
use kyma_registry::patch::{Patch, PatchType, accepted};
use kyma_registry::{ApiError, PatchOptions};

use super::Call;
use crate::body::Body;
use crate::decode;

pub(crate) async fn patch(call: &Call<'_>) -> Result<Response<Body>, ApiError> {
    let options =
        PatchOptions { dry_run: call.query.dry_run()?, field_validation: call.query.field_validation()? };
    call.accept()?;
    let media_type = decode::media_type(call.headers);
    let kind = PatchType::from_content_type(media_type, accepted(call.resource)).map_err(|error| {
        let known = PatchType::from_content_type(media_type, &PatchType::ALL).is_ok();
        match call.resource.is_custom() || known {
            // What is not there yet is named, and so is what can be used instead.
            true => error,
            false => ApiError::unsupported_patch(),
        }
    })?;
    // Text that is no JSON is refused first, then an absent object, then JSON of the wrong shape.
    let patch = Patch::parse(kind, &call.body);
    if patch.is_err() && serde_json::from_slice::<serde::de::IgnoredAny>(&call.body).is_ok() {
        call.registry.get(&call.request(), call.name())?;
    }
    let patch = patch?;
    let outcome =
        call.registry.patch(&call.request(), call.name(), &patch, call.subresource, &options).await?;
    call.outcome(&outcome)
}

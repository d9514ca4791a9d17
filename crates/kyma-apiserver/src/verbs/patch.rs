//! PATCH of an object or of one of its parts.

mod applied;

use http::Response;
use kyma_registry::patch::{Patch, PatchType, accepted};
use kyma_registry::{ApiError, FieldValidation};

use super::Call;
use crate::body::Body;
use crate::decode;
use crate::metrics::Operation;

pub(crate) async fn patch(call: &Call<'_>) -> Result<Response<Body>, ApiError> {
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
    let options = call.query.patch_options(kind == PatchType::Apply, call.headers)?;
    let patch = match kind {
        PatchType::Apply => {
            let (body, complaints) = applied::decode(&call.body)?;
            Patch::applied(body, complaints)?
        }
        _ => parsed(call, kind, options.field_validation)?,
    };
    let request = call.request();
    let work = call.registry.patch(&request, call.name(), &patch, call.subresource, &options);
    call.outcome(&call.timed(Operation::Update, work).await?)
}

/// Text that is no JSON is refused first, then an absent object, then JSON of the wrong shape.
fn parsed(call: &Call<'_>, kind: PatchType, mode: FieldValidation) -> Result<Patch, ApiError> {
    let patch = Patch::parse(kind, &call.body, mode);
    if patch.is_err() && serde_json::from_slice::<serde::de::IgnoredAny>(&call.body).is_ok() {
        call.registry.get(&call.request(), call.name())?;
    }
    patch
}

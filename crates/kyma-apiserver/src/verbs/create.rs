//! POST of a kind.

use http::Response;
use kyma_registry::{ApiError, CreateOptions, UpdateOptions};

use super::Call;
use crate::body::Body;
use crate::metrics::Operation;

pub(crate) async fn create(call: &Call<'_>) -> Result<Response<Body>, ApiError> {
    let UpdateOptions { dry_run, field_validation, manager, .. } =
        call.query.write_options("CreateOptions", call.headers)?;
    let options = CreateOptions { dry_run, field_validation, manager };
    call.accept()?;
    let body = call.decoded()?;
    let request = call.request();
    let work = call.registry.create(&request, body, &options);
    call.outcome(&call.timed(Operation::Create, work).await?)
}

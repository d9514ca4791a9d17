//! POST of a kind.

use http::Response;
use kyma_registry::{ApiError, CreateOptions};

use super::Call;
use crate::body::Body;
use crate::metrics::Operation;

pub(crate) async fn create(call: &Call<'_>) -> Result<Response<Body>, ApiError> {
    let options = CreateOptions {
        dry_run: call.query.dry_run()?,
        field_validation: call.query.field_validation()?,
        manager: call.query.manager("CreateOptions", call.headers)?,
    };
    call.accept()?;
    let body = call.decoded()?;
    let request = call.request();
    let work = call.registry.create(&request, body, &options);
    call.outcome(&call.timed(Operation::Create, work).await?)
}

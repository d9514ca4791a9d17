//! One file for each verb, as each is one walk from a request to an answer.

pub(crate) mod create;
pub(crate) mod delete;
pub(crate) mod get;
pub(crate) mod list;
pub(crate) mod patch;
pub(crate) mod update;
pub(crate) mod watch;

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, Response, StatusCode};
use kyma_registry::{ApiError, Outcome, Registry, Request, Resource, Subresource};
use kyma_store::Object as Stored;
use serde_json::Value;

use crate::body::Body;
use crate::encode::table::{Include, table};
use crate::encode::{Accept, Shape, json, metadata};
use crate::query::Query;
use crate::response;

/// A request for a kind, after routing, authorization and the reading of its body.
pub(crate) struct Call<'a> {
    pub(crate) registry: &'a Registry,
    pub(crate) resource: &'a Arc<Resource>,
    pub(crate) namespace: Option<&'a str>,
    pub(crate) name: Option<&'a str>,
    pub(crate) subresource: Subresource,
    pub(crate) query: Query<'a>,
    pub(crate) headers: &'a HeaderMap,
    pub(crate) body: Bytes,
}

impl Call<'_> {
    pub(crate) fn request(&self) -> Request<'_> {
        Request { resource: self.resource, namespace: self.namespace }
    }

    pub(crate) fn name(&self) -> &str {
        self.name.unwrap_or_default()
    }

    pub(crate) fn accept(&self) -> Result<Accept, ApiError> {
        Accept::from_headers(self.headers)
    }

    /// One object, in the form that the client accepts.
    pub(crate) fn object(&self, status: StatusCode, stored: &Stored) -> Result<Response<Body>, ApiError> {
        let accept = self.accept()?;
        match accept.shape {
            Shape::Object => response::document(status, accept, json::object(self.resource, stored)?),
            Shape::Metadata => response::value(status, accept, &metadata::object(stored)?),
            Shape::Table => {
                let include = Include::from_query(self.query.get("includeObject"))?;
                let version = serde_json::json!({"resourceVersion": stored.revision.to_string()});
                let now = self.registry.now();
                let table = table(self.resource, &[stored], &version, include, true, now)?;
                response::value(status, accept, &table)
            }
        }
    }

    /// What a write gave.
    pub(crate) fn outcome(&self, outcome: &Outcome) -> Result<Response<Body>, ApiError> {
        let status = if outcome.created { StatusCode::CREATED } else { StatusCode::OK };
        Ok(response::with_warnings(self.object(status, &outcome.object)?, &outcome.warnings))
    }
}

/// A body that must be a JSON object.
pub(crate) fn object_of(value: Value) -> Result<kyma_registry::object::Object, ApiError> {
    match value {
        Value::Object(object) => Ok(object),
        other => {
            let kind = match other {
                Value::Array(_) => "array",
                Value::String(_) => "string",
                Value::Number(_) => "number",
                Value::Bool(_) => "bool",
                _ => "null",
            };
            Err(ApiError::bad_request(format!(
                "couldn't get version/kind; json parse error: json: cannot unmarshal {kind} into Go value of type struct"
            )))
        }
    }
}

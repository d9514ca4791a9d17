//! One file for each verb, as each is one walk from a request to an answer.

pub(crate) mod create;
pub(crate) mod delete;
pub(crate) mod get;
pub(crate) mod list;
pub(crate) mod patch;
pub(crate) mod post;
pub(crate) mod review;
pub(crate) mod update;
pub(crate) mod watch;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Response, StatusCode};
use kyma_registry::object::Object;
use kyma_registry::{ApiError, Outcome, Registry, Request, Resource, Subresource};
use kyma_store::{Object as Stored, Revision};
use serde_json::Value;
use tokio::time::{Instant, timeout};

use crate::body::Body;
use crate::encode::accept::{MEDIA_TYPES, STREAMED_MEDIA_TYPES};
use crate::encode::table::{Include, table};
use crate::encode::{Accept, Shape, json, metadata, scale};
use crate::limits::Answers;
use crate::metrics::{Metrics, Operation};
use crate::query::Query;
use crate::{decode, response};

/// How long a reader waits for a version that is still to come (`blockTimeout` of the real server's cache).
const PATIENCE: Duration = Duration::from_secs(3);

/// A request for a kind, after routing, authorization and the reading of its body.
pub(crate) struct Call<'a> {
    pub(crate) registry: &'a Registry,
    pub(crate) answers: &'a Answers,
    pub(crate) metrics: &'a Metrics,
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
        self.accept_of(false)
    }

    /// What the client accepts, `many` saying whether objects are asked for or one.
    pub(crate) fn accept_of(&self, many: bool) -> Result<Accept, ApiError> {
        self.negotiated(many, many)
    }

    /// What the client accepts of a watch: objects one by one, in a stream.
    pub(crate) fn accept_streamed(&self) -> Result<Accept, ApiError> {
        self.negotiated(false, true)
    }

    fn negotiated(&self, many: bool, streamed: bool) -> Result<Accept, ApiError> {
        Accept::from_headers(self.headers, many).map_err(|error| {
            match (self.resource.is_custom(), streamed) {
                (true, _) => error,
                (false, true) => ApiError::not_acceptable_here(&STREAMED_MEDIA_TYPES),
                (false, false) => ApiError::not_acceptable_here(&MEDIA_TYPES),
            }
        })
    }

    /// A JSON document in the format that the client accepts, indented where it asks for that.
    pub(crate) fn document(
        &self,
        status: StatusCode,
        accept: Accept,
        json: Bytes,
    ) -> Result<Response<Body>, ApiError> {
        let json = if self.query.flag("pretty") { json::indented(&json)? } else { json };
        response::document(status, accept, json)
    }

    /// Does something with the store, and counts it.
    pub(crate) async fn timed<T>(
        &self,
        operation: Operation,
        work: impl Future<Output = Result<T, ApiError>>,
    ) -> Result<T, ApiError> {
        let began = Instant::now();
        let done = work.await;
        let failed = done.as_ref().is_err_and(|error| error.code() >= 500);
        self.metrics.store().done(operation, self.resource, began.elapsed(), failed);
        done
    }

    /// Waits until the store has reached a version that a reader asks for, as the real server's cache does.
    pub(crate) async fn reach(&self, asked: Revision) -> Result<(), ApiError> {
        let store = self.registry.store();
        let mut changes = store.changes();
        let wait = async {
            while store.revision() < asked {
                if !changes.changed().await {
                    std::future::pending::<()>().await;
                }
            }
        };
        let late = timeout(PATIENCE, wait).await.is_err();
        if late { Err(ApiError::version_too_large(asked.get(), store.revision().get())) } else { Ok(()) }
    }

    /// One object, in the form that the client accepts.
    pub(crate) fn object(&self, status: StatusCode, stored: &Stored) -> Result<Response<Body>, ApiError> {
        let accept = self.accept()?;
        if let (Subresource::Scale, Some(paths)) = (self.subresource, &self.resource.scale) {
            let view =
                paths.view(&kyma_registry::object::parse(&stored.json)?).map_err(ApiError::bad_request)?;
            let include = match accept.shape {
                Shape::Table => Include::from_query(self.query.get("includeObject"))?,
                Shape::Object | Shape::Metadata => Include::Nothing,
            };
            let (is_custom, now) = (self.resource.is_custom(), self.registry.now());
            return response::value(
                status,
                accept,
                &scale::shaped(view, accept.shape, include, is_custom, now),
            );
        }
        match accept.shape {
            Shape::Object => self.document(status, accept, json::object(self.resource, stored)?),
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

impl Call<'_> {
    /// The body as an object of the kind; `null` counts as an empty one, as in Go.
    pub(crate) fn decoded(&self) -> Result<kyma_registry::Body, ApiError> {
        let kind = &*self.resource.names.kind;
        let (value, complaints) = decode::value(self.headers, &self.body, kind)?;
        let object = match value {
            Value::Object(object) => object,
            Value::Null => Object::new(),
            other => {
                let given = match other {
                    Value::Array(_) => "array",
                    Value::String(_) => "string",
                    Value::Number(_) => "number",
                    _ => "bool",
                };
                return Err(ApiError::bad_request(format!(
                    "the object provided is unrecognized (must be of type {kind}): couldn't get version/kind; json parse \
                     error: json: cannot unmarshal {given} into Go value of type {} ({})",
                    kyma_registry::patch::TYPE_META,
                    decode::shown(&self.body)
                )));
            }
        };
        let unrecognized = |problem: &str| {
            ApiError::bad_request(format!(
                "the object provided is unrecognized (must be of type {kind}): {problem} ({})",
                decode::shown(&self.body)
            ))
        };
        if let Some(problem) = kyma_registry::unrecognized(&object) {
            return Err(unrecognized(&problem));
        }
        let text = |field: &str| object.get(field).and_then(Value::as_str).unwrap_or_default();
        if self.resource.is_custom() && text("kind").is_empty() {
            let problem = kyma_registry::kind_missing(&String::from_utf8_lossy(&self.body));
            if self.query.get("fieldValidation") != Some("Ignore") {
                return Err(unrecognized(&problem));
            }
            // The decoder that does not look for unknown fields takes the path's kind for what is left out.
            let version = text("apiVersion").rsplit('/').next().unwrap_or_default();
            return Err(ApiError::bad_request(format!(
                "{kind} in version {version:?} cannot be handled as a {kind}: {problem}"
            )));
        }
        Ok(kyma_registry::Body { object, complaints })
    }
}

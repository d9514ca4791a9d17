//! One request from its head to the last byte of its answer: what the metrics, the audit log and the access log say of it.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_util::Stream;
use http::header::CACHE_CONTROL;
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};
use kyma_registry::authz::User;
use kyma_registry::{ApiError, Registry};
use tokio::time::Instant;

use crate::audit::{AuditLevel, AuditLog, Ending, Event, Stage};
use crate::body::Body;
use crate::limits::Pass;
use crate::metrics::{Labels, Meters};
use crate::path::parse;
use crate::router::{Route, verb_name};
use crate::service::Shared;

/// By which a client and the log name a request.
const AUDIT_ID: HeaderName = HeaderName::from_static("audit-id");
/// The target of the access log's events.
const ACCESS: &str = "access";

/// A request that is being answered. Dropped before its answer, it counts as one whose client went away.
pub(crate) struct Exchange {
    labels: Labels,
    meters: Arc<Meters>,
    began: Instant,
    audit_id: HeaderValue,
    audit: Option<Box<Audited>>,
    access: Option<Box<Access>>,
    registry: Arc<Registry>,
    /// What it takes of the server's limits.
    passes: Vec<Pass>,
    code: StatusCode,
    bytes: usize,
    ended: bool,
}

struct Audited {
    log: Arc<AuditLog>,
    event: Event,
    /// Whether the event already says how it ended.
    failed: bool,
}

struct Access {
    method: String,
    path: String,
    verb: String,
    user: String,
}

impl Exchange {
    /// Begins with a request that was routed.
    pub(crate) fn begin(
        shared: &Shared,
        parts: &Parts,
        route: Result<&Route<'_>, &ApiError>,
        user: Option<&User>,
    ) -> Self {
        let labels = Labels::of(parts, route.ok());
        let audit_id = match parts.headers.get(AUDIT_ID).filter(|id| !id.is_empty()) {
            Some(id) => id.clone(),
            None => shared.audit_id(),
        };
        Exchange {
            meters: shared.metrics.request(&labels),
            labels,
            began: Instant::now(),
            audit: audited(shared, parts, route, user, &audit_id),
            access: access(parts, user),
            audit_id,
            registry: Arc::clone(&shared.registry),
            passes: Vec::new(),
            code: StatusCode::OK,
            bytes: 0,
            ended: false,
        }
    }

    /// The labels by which it is counted.
    pub(crate) fn labels(&self) -> &Labels {
        &self.labels
    }

    /// Keeps what it takes of a limit until its end.
    pub(crate) fn hold(&mut self, pass: Pass) {
        self.passes.push(pass);
    }

    /// Its body was read.
    pub(crate) fn body(&mut self, headers: &HeaderMap, body: &[u8]) {
        if let Some(audited) = &mut self.audit {
            audited.event.body(headers, body);
        }
    }

    /// It is turned away, or cut off.
    pub(crate) fn terminated(&self, code: StatusCode) {
        self.meters.terminated(code.as_u16());
    }

    /// It has failed: the audit log has the reason from here, the client in its own format.
    pub(crate) fn failed(&mut self, error: &ApiError) {
        if let Some(audited) = &mut self.audit {
            audited.event.ended(&Ending::Failure(error));
            audited.failed = true;
        }
    }

    /// Its answer begins, and mostly ends with that; a stream goes on.
    pub(crate) fn answered(mut self, mut response: Response<Body>) -> Response<Body> {
        self.code = response.status();
        let headers = response.headers_mut();
        headers.insert(AUDIT_ID, self.audit_id.clone());
        headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-cache, private"));
        let whole = match response.body() {
            Body::Whole(bytes) => bytes.clone(),
            Body::Stream(_) => None,
        };
        self.bytes = whole.as_ref().map_or(0, Bytes::len);
        let (code, is_stream) = (self.code, matches!(response.body(), Body::Stream(_)));
        if let Some(audited) = self.audit.as_mut().filter(|audited| !audited.failed) {
            audited.event.ended(&Ending::Answer(code, response.headers(), whole.as_ref()));
        }
        if !is_stream {
            self.end();
            return response;
        }
        self.audit_stage(Stage::ResponseStarted);
        response.map(|body| match body {
            Body::Stream(stream) => Body::Stream(Box::pin(Tracked { stream, exchange: self })),
            whole @ Body::Whole(_) => whole,
        })
    }

    fn audit_stage(&mut self, stage: Stage) {
        if let Some(Audited { log, event, .. }) = self.audit.as_deref_mut() {
            let now = self.registry.now();
            event.reached(stage, now);
            log.log(event, now);
        }
    }

    /// Nothing more will be sent.
    fn end(&mut self) {
        if std::mem::replace(&mut self.ended, true) {
            return;
        }
        self.passes.clear();
        let took = self.began.elapsed();
        self.meters.answered(self.code.as_u16(), took, self.bytes);
        self.audit_stage(Stage::ResponseComplete);
        if let Some(Access { method, path, verb, user }) = self.access.as_deref() {
            let (code, bytes) = (self.code.as_u16(), self.bytes);
            // To the microsecond, which is more than a clock can tell.
            let ms = took.as_micros() as f64 / 1e3;
            tracing::info!(target: ACCESS, method, path, verb, code, ms, user, bytes);
        }
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        if self.ended {
            return;
        }
        if let Some(audited) = &mut self.audit {
            audited.event.ended(&Ending::Gone);
        }
        self.audit_stage(Stage::ResponseComplete);
    }
}

fn audited(
    shared: &Shared,
    parts: &Parts,
    route: Result<&Route<'_>, &ApiError>,
    user: Option<&User>,
    id: &HeaderValue,
) -> Option<Box<Audited>> {
    let log = shared.audit.as_ref()?;
    let target = parse(parts.uri.path());
    let level = log.level(&target);
    if level == AuditLevel::None {
        return None;
    }
    let id = String::from_utf8_lossy(id.as_bytes());
    let mut event = Event::new(level, &id, parts, &target, user, shared.registry.now());
    if route.is_err_and(|error| matches!(error.code(), 401 | 403)) {
        event.forbidden();
    }
    Some(Box::new(Audited { log: Arc::clone(log), event, failed: false }))
}

/// Without the query, where a careless client may have put a secret.
fn access(parts: &Parts, user: Option<&User>) -> Option<Box<Access>> {
    if !tracing::enabled!(target: ACCESS, tracing::Level::INFO) {
        return None;
    }
    let path = parts.uri.path();
    Some(Box::new(Access {
        method: parts.method.to_string(),
        path: path.to_owned(),
        verb: verb_name(parts, &parse(path)),
        user: user.map_or_else(|| "system:anonymous".to_owned(), |user| user.name.clone()),
    }))
}

/// A stream that ends its exchange, by itself or because nobody reads it any more.
struct Tracked {
    stream: Pin<Box<dyn Stream<Item = Bytes> + Send>>,
    exchange: Exchange,
}

impl Stream for Tracked {
    type Item = Bytes;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        let next = self.stream.as_mut().poll_next(cx);
        match &next {
            Poll::Ready(Some(bytes)) => self.exchange.bytes += bytes.len(),
            Poll::Ready(None) => self.exchange.end(),
            Poll::Pending => {}
        }
        next
    }
}

impl Drop for Tracked {
    fn drop(&mut self) {
        self.exchange.end();
    }
}

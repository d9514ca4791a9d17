//! One request from its head to the last byte of its answer: what the metrics, the audit log and the access log say of it.
//!
//! The access log has a line for each request, where it is asked for (`access=debug`); without that, for those that the
//! server failed to answer (5xx).

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use futures_util::Stream;
use http::header::CACHE_CONTROL;
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};
use kyma_registry::authz::ANONYMOUS;
use kyma_registry::{ApiError, Registry};
use tokio::time::Instant;

use crate::asked::{Asked, Asker};
use crate::audit::{AuditLevel, AuditLog, Ending, Event, Stage};
use crate::body::{Body, Kind};
use crate::limits::Pass;
use crate::metrics::{Labels, Meters};
use crate::router::Route;
use crate::service::Shared;

/// By which a client and the log name a request.
const AUDIT_ID: HeaderName = HeaderName::from_static("audit-id");
/// The target of the access log's events: a name that people type in `--log-level`.
const ACCESS: &str = "access";

/// A request that is being answered. Dropped before its answer, it counts as one whose client went away.
pub(crate) struct Exchange {
    labels: Labels,
    meters: Arc<Meters>,
    began: Instant,
    audit_id: HeaderValue,
    audit: Option<Box<Audited>>,
    access: Option<Box<Access>>,
    /// Why the server could not answer.
    failure: Option<String>,
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

/// What the access log says of a request from its head.
struct Access {
    method: String,
    /// Without the query, where a careless client may have put a secret.
    path: String,
    verb: String,
    user: String,
    /// Whom the user acts as.
    other: Option<String>,
}

impl Access {
    fn of(asked: &Asked<'_>, asker: Asker<'_>) -> Box<Self> {
        Box::new(Access {
            method: asked.parts.method.to_string(),
            path: asked.parts.uri.path().to_owned(),
            verb: asked.verb_name.clone().into_owned(),
            user: asker.user.map_or(ANONYMOUS, |user| &user.name).to_owned(),
            other: asker.other.map(|other| other.user.name.clone()),
        })
    }

    fn log(&self, code: StatusCode, took: Duration, bytes: usize, failure: Option<&str>) {
        let Access { method, path, verb, user, other } = self;
        // To the microsecond, which is more than a clock can tell.
        let ms = took.as_micros() as f64 / 1e3;
        let (other, is_failure, code) = (other.as_deref(), code.is_server_error(), code.as_u16());
        if is_failure {
            tracing::warn!(target: ACCESS, method, path, verb, code, ms, user, impersonated = other, bytes, failure);
        } else {
            tracing::debug!(target: ACCESS, method, path, verb, code, ms, user, impersonated = other, bytes);
        }
    }
}

impl Exchange {
    /// Begins with a request that goes to `route`, if anywhere. `allowed` says whether its user may do that, where it
    /// came to that question.
    pub(crate) fn begin(
        shared: &Shared,
        asked: &Asked<'_>,
        asker: Asker<'_>,
        route: Option<&Route<'_>>,
        allowed: Option<bool>,
    ) -> Self {
        let labels = Labels::of(asked.parts, route);
        let audit_id = match asked.parts.headers.get(AUDIT_ID).filter(|id| !id.is_empty()) {
            Some(id) => id.clone(),
            None => shared.audit_id(),
        };
        Exchange {
            meters: shared.metrics.request(&labels),
            labels,
            began: Instant::now(),
            audit: audited(shared, asked, asker, allowed, &audit_id),
            access: tracing::enabled!(target: ACCESS, tracing::Level::DEBUG)
                .then(|| Access::of(asked, asker)),
            failure: None,
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

    /// It is cut off, or turned away.
    pub(crate) fn terminated(&self, code: StatusCode) {
        self.meters.terminated(code.as_u16());
    }

    /// It has failed: the audit log has the reason from here, the client in its own format.
    pub(crate) fn failed(&mut self, error: &ApiError) {
        self.failure = Some(error).filter(|error| error.code() >= 500).map(ToString::to_string);
        if let Some(audited) = &mut self.audit {
            audited.event.ended(&Ending::Failure(error));
            audited.failed = true;
        }
    }

    /// Its answer begins, and mostly ends with that; a stream goes on.
    pub(crate) fn answered(
        mut self,
        mut response: Response<Body>,
        asked: &Asked<'_>,
        asker: Asker<'_>,
    ) -> Response<Body> {
        self.code = response.status();
        if self.code.is_server_error() {
            self.access.get_or_insert_with(|| Access::of(asked, asker));
        }
        let headers = response.headers_mut();
        headers.insert(AUDIT_ID, self.audit_id.clone());
        headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-cache, private"));
        let (whole, is_stream) = match &response.body().0 {
            Kind::Whole(bytes, _) => (bytes.clone(), false),
            Kind::Stream(_) => (None, true),
        };
        self.bytes = whole.as_ref().map_or(0, Bytes::len);
        let code = self.code;
        if code == StatusCode::TOO_MANY_REQUESTS {
            self.terminated(code);
        }
        if let Some(audited) = self.audit.as_mut().filter(|audited| !audited.failed) {
            audited.event.ended(&Ending::Answer(code, response.headers(), whole.as_ref()));
        }
        if !is_stream {
            self.end();
            return response;
        }
        self.audit_stage(Stage::ResponseStarted);
        response.map(|body| match body.0 {
            Kind::Stream(stream) => Body::stream(Tracked { stream, exchange: self }),
            whole @ Kind::Whole(..) => Body(whole),
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
        if let Some(access) = &self.access {
            access.log(self.code, took, self.bytes, self.failure.as_deref());
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
    asked: &Asked<'_>,
    asker: Asker<'_>,
    allowed: Option<bool>,
    id: &HeaderValue,
) -> Option<Box<Audited>> {
    let log = shared.audit.as_ref()?;
    let level = log.level(&asked.target);
    if level == AuditLevel::None {
        return None;
    }
    let id = String::from_utf8_lossy(id.as_bytes());
    let mut event = Event::new(level, &id, asked, asker, shared.registry.now());
    if let Some(allowed) = allowed {
        event.decided(allowed);
    }
    Some(Box::new(Audited { log: Arc::clone(log), event, failed: false }))
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

//! One request: through the gate, to the server, into the metrics.

use std::time::Duration;

use bytes::Bytes;
use http::header::{HeaderValue, RETRY_AFTER, USER_AGENT};
use http::{Method, Request, Response, StatusCode};
use http_body_util::BodyExt;
use kube::client::Body;
use kyma_workqueue::Turn;
use thiserror::Error;
use tokio::time::{Instant, timeout};
use tower::{BoxError, Service, ServiceExt, service_fn};
use tracing::{Instrument as _, Span, field};

use super::ClientOptions;
use super::fence::NotLeading;
use super::throttle::Throttle;
use crate::metrics::rest::ClientMetrics;
use crate::worker::whole_millis;

/// How long a response may take to begin. The API server itself ends requests after 60 s (`--request-timeout`); who
/// has heard nothing by then speaks to a connection that is dead.
const RESPONSE_TIMEOUT: Duration = Duration::from_secs(65);

/// No response began in time.
#[derive(Debug, Error)]
#[error("the server did not begin to answer within {} s", RESPONSE_TIMEOUT.as_secs())]
struct NoResponse;

/// What the gate and the metrics must know of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// Passes the gate.
    Plain,
    /// Does not wait: a Lease that is renewed too late is lost, and with it the leadership.
    Lease,
    /// Does not wait and has no end.
    Watch,
}

impl Kind {
    fn of<B>(request: &Request<B>) -> Self {
        let uri = request.uri();
        let query = uri.query().unwrap_or_default();
        if query.split('&').any(|parameter| matches!(parameter, "watch=true" | "watch=1")) {
            Self::Watch
        } else if uri.path().starts_with("/apis/coordination.k8s.io/") {
            Self::Lease
        } else {
            Self::Plain
        }
    }
}

/// Wraps a service that sends requests.
pub(super) fn throttled<S, B>(
    service: S,
    options: &ClientOptions,
    metrics: ClientMetrics,
) -> impl Service<
    Request<Body>,
    Response = Response<impl http_body::Body<Data = Bytes, Error = B::Error> + Send + 'static>,
    Error = BoxError,
    Future: Send + 'static,
> + Send
+ 'static
where
    S: Service<Request<Body>, Response = Response<B>> + Clone + Send + 'static,
    S::Future: Send + 'static,
    S::Error: Into<BoxError>,
    B: http_body::Body<Data = Bytes> + Send + 'static,
{
    let throttle = Throttle::new(options, metrics.clone());
    let user_agent = HeaderValue::from_static(options.user_agent);
    let fence = options.fence.clone();
    service_fn(move |mut request: Request<Body>| {
        request.headers_mut().entry(USER_AGENT).or_insert_with(|| user_agent.clone());
        let (service, throttle, metrics, fence) =
            (service.clone(), throttle.clone(), metrics.clone(), fence.clone());
        let kind = Kind::of(&request);
        let span = span(&request);
        let sending = async move {
            let method = request.method().clone();
            let start = Instant::now();
            let slot = if kind == Kind::Plain {
                let turn = request.extensions().get::<Turn>().copied().unwrap_or_default();
                let slot = throttle.pass(turn).await;
                let throttled = start.elapsed();
                Span::current().record("throttled_ms", whole_millis(throttled));
                metrics.throttled(&method, throttled);
                Some(slot)
            } else {
                None
            };
            let is_write = kind == Kind::Plain && method != Method::GET;
            if is_write && fence.is_some_and(|fence| !fence.is_open()) {
                return Err(BoxError::from(NotLeading));
            }
            let sent = Instant::now();
            let result = match timeout(RESPONSE_TIMEOUT, service.oneshot(request)).await {
                Ok(result) => result.map_err(Into::into),
                Err(_elapsed) => Err(BoxError::from(NoResponse)),
            };
            if kind == Kind::Plain {
                throttle.answered(sent.elapsed(), result.as_ref().map_or(true, is_refusal));
            }
            metrics.answered(&method, result.as_ref().ok().map(Response::status));
            trace(&result);
            if kind != Kind::Watch {
                metrics.took(&method, start.elapsed());
            }
            // The connection is busy until the body has been read, so the slot goes with the body.
            result.map(|response| {
                response.map(|body| {
                    body.map_frame(move |frame| {
                        let _ = &slot;
                        frame
                    })
                })
            })
        };
        sending.instrument(span)
    })
}

/// What traces show of a request; the names are OpenTelemetry's (semantic conventions for HTTP clients). What belongs to no
/// reconcile, as a Lease's renewal or a watch, would be a trace of its own each time, and is none.
fn span<B>(request: &Request<B>) -> Span {
    if Span::current().is_none() {
        return Span::none();
    }
    tracing::trace_span!(
        "request",
        otel.name = request.method().as_str(),
        otel.kind = "client",
        http.request.method = request.method().as_str(),
        url.path = request.uri().path(),
        throttled_ms = field::Empty,
        http.response.status_code = field::Empty,
        otel.status_code = field::Empty,
        otel.status_description = field::Empty,
    )
}

/// Adds to the span of the request how it ended.
fn trace<B>(result: &Result<Response<B>, BoxError>) {
    let span = Span::current();
    match result {
        Ok(response) => {
            let status = response.status();
            span.record("http.response.status_code", i64::from(status.as_u16()));
            if status.is_client_error() || status.is_server_error() {
                span.record("otel.status_code", "error");
            }
        }
        Err(error) => {
            span.record("otel.status_code", "error").record("otel.status_description", field::display(error));
        }
    }
}

/// Whether a server has too much to do: it says so, or when to come again.
fn is_refusal<B>(response: &Response<B>) -> bool {
    response.status() == StatusCode::TOO_MANY_REQUESTS || response.headers().contains_key(RETRY_AFTER)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn watches_and_leases_are_told_from_the_rest() {
        for (uri, kind) in [
            ("/api/v1/pods?watch=true&limit=5", Kind::Watch),
            ("/api/v1/pods?limit=5&watch=1", Kind::Watch),
            ("/api/v1/pods?watch=false", Kind::Plain),
            ("/api/v1/pods?fieldSelector=watch%3Dtrue", Kind::Plain),
            ("/api/v1/namespaces/watch=true", Kind::Plain),
            ("/apis/coordination.k8s.io/v1/namespaces/a/leases/b", Kind::Lease),
            ("/apis/coordination.k8s.io/v1/leases?watch=true", Kind::Watch),
            ("/apis/apps/v1/deployments", Kind::Plain),
        ] {
            let request = Request::get(uri).body(()).unwrap();
            assert_eq!(Kind::of(&request), kind, "{uri}");
        }
    }
}

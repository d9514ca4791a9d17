//! `/metrics` on one address, `/healthz` and `/readyz` on another.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, ALLOW, CONTENT_TYPE};
use http::{HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::{sleep, timeout};

use crate::metrics::{Format, Metrics};
use crate::shutdown::Shutdown;

mod address;
mod guard;
mod health;
mod tls;

pub use address::{AddressChoice, BindError, Listener, bind};
pub use guard::Guard;
pub use health::Health;
pub use tls::{Tls, TlsError};

/// Connections at the same time; one more, and the oldest ends, so that nobody shuts out a probe by holding many.
const CONNECTIONS: usize = 64;
/// How long a client may take to send a request's head.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a connection may last, whatever its client does not read.
const CONNECTION_LIFE: Duration = Duration::from_secs(300);
/// How long responses under way may take once the end has begun.
const LAST_RESPONSES: Duration = Duration::from_secs(1);
/// The wait after a connection could not be accepted, for want of file descriptors for example.
const ACCEPT_RETRY: Duration = Duration::from_millis(100);

/// What an address serves.
#[derive(Clone, Debug)]
pub enum Site {
    /// `/metrics`.
    Metrics(Metrics),
    /// `/healthz` and `/readyz`, with `?verbose`, and `/healthz/<check>`.
    Health(Health),
}

/// How a site may be reached. By default by everybody, and without TLS.
#[derive(Clone, Debug, Default)]
pub struct Access {
    /// Who says who may; health is for everybody.
    pub guard: Option<Arc<Guard>>,
    /// The certificate.
    pub tls: Option<Arc<Tls>>,
}

/// Serves a site until the shut-down drains.
pub async fn serve(listener: Listener, site: Site, access: Access, shutdown: Shutdown) {
    let mut connections = JoinSet::new();
    // In the order in which they came.
    let mut oldest = VecDeque::new();
    let mut draining = std::pin::pin!(shutdown.draining());
    loop {
        tokio::select! {
            biased;
            () = &mut draining => break,
            Some(_) = connections.join_next() => {}
            accepted = listener.tcp.accept() => match accepted {
                Ok((stream, _)) => {
                    let conversation = meet(stream, site.clone(), access.clone(), shutdown.clone());
                    oldest.push_back(connections.spawn(timeout(CONNECTION_LIFE, conversation)));
                    oldest.retain(|connection: &AbortHandle| !connection.is_finished());
                    if oldest.len() > CONNECTIONS
                        && let Some(first) = oldest.pop_front()
                    {
                        first.abort();
                    }
                }
                Err(error) => {
                    tracing::warn!("failed to accept a connection: {error}");
                    sleep(ACCEPT_RETRY).await;
                }
            },
        }
    }
    let last = async { while connections.join_next().await.is_some() {} };
    // What is then still open is closed with the set.
    let _ = timeout(LAST_RESPONSES, last).await;
}

/// Serves a connection, behind its certificate where there is one.
async fn meet(stream: TcpStream, site: Site, access: Access, shutdown: Shutdown) {
    let Some(tls) = &access.tls else { return converse(stream, site, access.guard, shutdown).await };
    match timeout(REQUEST_TIMEOUT, tls.acceptor().accept(stream)).await {
        Ok(Ok(stream)) => converse(stream, site, access.guard, shutdown).await,
        Ok(Err(error)) => tracing::debug!("a connection was no TLS: {error}"),
        Err(_elapsed) => {}
    }
}

async fn converse<S>(stream: S, site: Site, guard: Option<Arc<Guard>>, shutdown: Shutdown)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let service = service_fn(move |request| {
        let (site, guard) = (site.clone(), guard.clone());
        async move { Ok::<_, Infallible>(answer(&site, guard.as_deref(), &request).await) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(REQUEST_TIMEOUT)
        .serve_connection(TokioIo::new(stream), service);
    let mut connection = std::pin::pin!(connection);
    let ended = tokio::select! {
        biased;
        ended = connection.as_mut() => ended,
        () = shutdown.draining() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!("a connection broke: {error}");
    }
}

/// Answers whoever may ask.
async fn answer<B>(site: &Site, guard: Option<&Guard>, request: &Request<B>) -> Response<Full<Bytes>> {
    if let (Site::Metrics(_), Some(guard)) = (site, guard)
        && let Err(refusal) = guard.admit(request).await
    {
        return text(refusal.status(), refusal.text());
    }
    respond(site, request)
}

fn respond<B>(site: &Site, request: &Request<B>) -> Response<Full<Bytes>> {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        let mut response = text(StatusCode::METHOD_NOT_ALLOWED, "only GET is served here\n".to_owned());
        response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
        return response;
    }
    let path = request.uri().path();
    match site {
        Site::Metrics(metrics) if path == "/metrics" => {
            let accept = request.headers().get(ACCEPT).and_then(|accept| accept.to_str().ok());
            let format = Format::for_accept(accept.unwrap_or_default());
            let mut response = text(StatusCode::OK, metrics.encode(format));
            response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(format.content_type()));
            response
        }
        Site::Health(health) => {
            let query = request.uri().query().unwrap_or_default();
            let verbose = query
                .split('&')
                .any(|parameter| matches!(parameter, "verbose" | "verbose=true" | "verbose=1"));
            match health.answer(path, verbose) {
                Some((true, body)) => text(StatusCode::OK, body),
                Some((false, body)) => text(StatusCode::INTERNAL_SERVER_ERROR, body),
                None => not_found(),
            }
        }
        Site::Metrics(_) => not_found(),
    }
}

fn not_found() -> Response<Full<Bytes>> {
    text(StatusCode::NOT_FOUND, "404 page not found\n".to_owned())
}

fn text(status: StatusCode, body: String) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(body)));
    *response.status_mut() = status;
    let plain = HeaderValue::from_static("text/plain; charset=utf-8");
    response.headers_mut().insert(CONTENT_TYPE, plain);
    response
}

impl Listener {
    /// The address that is listened on.
    #[must_use]
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }
}

#[cfg(test)]
mod tests;

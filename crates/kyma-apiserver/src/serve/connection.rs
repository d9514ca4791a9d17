//! One connection: its handshake, who is at the other end, its requests, and its end.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use http::header::AUTHORIZATION;
use http::{Request, Response, Version};
use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulConnection;
use kyma_registry::authz::User;
use kyma_store::Clock;
use parking_lot::Mutex;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::{Notify, OwnedSemaphorePermit, watch};
use tokio::time::{Instant, interval, sleep, timeout};
use tokio_rustls::server::TlsStream;

use super::activity::{Activity, Overdue};
use super::bodies::{Answer, InTime, Running};
use super::limits::ConnectionLimits;
use super::stats::ConnectionStats;
use super::tls::Tls;
use super::transport::{Receiving, Sending};
use crate::audit::PeerAddress;
use crate::authn::{Shown, TokenHolder, Unauthorized, authenticate};
use crate::body::Body;
use crate::service::ApiServer;

/// How long a client that was told to go may take.
const GOODBYE: Duration = Duration::from_secs(1);
/// How often an HTTP/2 client is asked whether it is still there, and how long it may take to say so. A client that is
/// gone without a word leaves its watches open otherwise. (On HTTP/1.1 the system asks, see `serve.rs`.)
const PING_INTERVAL: Duration = Duration::from_secs(60);
const PING_TIMEOUT: Duration = Duration::from_secs(20);
/// How much of all its requests' bodies an HTTP/2 client may send ahead, and of one of them: 256 KiB hold 99 % of what
/// clients write (k8s.io/apiserver/pkg/server/secure_serving.go).
const CONNECTION_WINDOW: u32 = 1024 * 1024;
const STREAM_WINDOW: u32 = 256 * 1024;
/// How much of its answers is kept for an HTTP/2 client that does not take them, a stream.
const SEND_BUFFER: usize = 64 * 1024;
/// How many requests a client may take back before they were looked at, and how many may break the protocol, before the
/// connection is closed (CVE-2023-44487 "rapid reset", CVE-2025-8671).
const RESETS_PENDING: usize = 20;
const RESETS_BY_ERROR: usize = 200;

/// What all connections of a listener share.
pub(super) struct Floor {
    pub(super) server: ApiServer,
    pub(super) tls: Tls,
    pub(super) holder: TokenHolder,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) limits: ConnectionLimits,
    pub(super) stats: Arc<ConnectionStats>,
}

/// A connection's place among those that are open at a time.
pub(super) struct Place {
    stats: Arc<ConnectionStats>,
    _permit: OwnedSemaphorePermit,
}

impl Place {
    pub(super) fn taken(stats: &Arc<ConnectionStats>, permit: OwnedSemaphorePermit) -> Self {
        stats.accepted.add();
        stats.open.fetch_add(1, Ordering::Relaxed);
        Place { stats: Arc::clone(stats), _permit: permit }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.stats.open.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Floor {
    /// Serves a connection to its end, which comes soon after `draining` turns true.
    pub(super) async fn connection<S>(
        self: Arc<Self>,
        stream: S,
        peer: SocketAddr,
        draining: watch::Receiver<bool>,
        _place: Place,
    ) where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let activity = Arc::new(Mutex::new(Activity::new(Instant::now(), self.limits.streams as usize)));
        let stream = Sending::new(stream, &activity);
        let stream = match timeout(self.limits.handshake_timeout, self.tls.acceptor.accept(stream)).await {
            Ok(Ok(stream)) => stream,
            Ok(Err(error)) => {
                self.stats.handshakes_failed.add();
                return tracing::debug!(%peer, %error, "a TLS handshake failed");
            }
            Err(_) => {
                self.stats.handshake_timeouts.add();
                return tracing::debug!(%peer, "a TLS handshake took too long");
            }
        };
        let (_, session) = stream.get_ref();
        let shown = self.tls.shown(session.peer_certificates(), self.clock.now());
        let is_http2 = session.alpn_protocol() == Some(b"h2");
        let client = Arc::new(Client { floor: self, peer, shown, activity, leave: Notify::new() });
        if is_http2 { client.http2(stream, draining).await } else { client.http1(stream, draining).await }
    }
}

/// The other end of a connection.
struct Client {
    floor: Arc<Floor>,
    peer: SocketAddr,
    shown: Shown,
    activity: Arc<Mutex<Activity>>,
    /// Wakes the connection when it is to end after its requests.
    leave: Notify,
}

impl Client {
    async fn http1<S>(self: Arc<Self>, stream: TlsStream<S>, draining: watch::Receiver<bool>)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let limits = &self.floor.limits;
        let header_bytes = limits.header_bytes as usize;
        let io = TokioIo::new(Receiving::new(stream, &self.activity));
        let client = Arc::clone(&self);
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            // hyper's timer runs between requests too: it is the idle one. A head that has begun has less time.
            .header_read_timeout(limits.idle_timeout)
            .max_header_size(header_bytes)
            .max_buf_size(header_bytes.max(64 * 1024))
            .serve_connection(io, service_fn(move |request| Arc::clone(&client).answer(request)));
        self.watch_over(connection, draining).await;
    }

    async fn http2<S>(self: Arc<Self>, stream: TlsStream<S>, draining: watch::Receiver<bool>)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let limits = &self.floor.limits;
        let io = TokioIo::new(stream);
        let client = Arc::clone(&self);
        let connection = http2::Builder::new(TokioExecutor::new())
            .timer(TokioTimer::new())
            .max_header_list_size(limits.header_bytes)
            .max_concurrent_streams(limits.streams)
            .initial_connection_window_size(CONNECTION_WINDOW)
            .initial_stream_window_size(STREAM_WINDOW)
            .max_send_buf_size(SEND_BUFFER)
            .max_pending_accept_reset_streams(RESETS_PENDING)
            .max_local_error_reset_streams(RESETS_BY_ERROR)
            .keep_alive_interval(PING_INTERVAL)
            .keep_alive_timeout(PING_TIMEOUT)
            .serve_connection(io, service_fn(move |request| Arc::clone(&client).answer(request)));
        self.watch_over(connection, draining).await;
    }

    /// Carries a connection, and ends it when it has overrun a limit or the server ends.
    async fn watch_over<C>(&self, connection: C, mut draining: watch::Receiver<bool>)
    where
        C: GracefulConnection<Error = hyper::Error>,
    {
        let Floor { limits, stats, .. } = &*self.floor;
        let mut connection = pin!(connection);
        let mut glances = interval(limits.glance());
        let mut told = false;
        let mut goodbye = pin!(sleep(Duration::MAX));
        loop {
            tokio::select! {
                biased;
                ended = connection.as_mut() => return self.ended(ended),
                _ = draining.wait_for(|draining| *draining), if !told => {
                    // The listener gives all of them the same time, which is longer.
                    connection.as_mut().graceful_shutdown();
                    told = true;
                }
                () = self.leave.notified(), if !told => {
                    connection.as_mut().graceful_shutdown();
                    told = true;
                }
                () = goodbye.as_mut() => return,
                _ = glances.tick() => {
                    let overdue = self.activity.lock().overdue(limits, Instant::now());
                    let Some(overdue) = overdue else { continue };
                    if told && overdue == Overdue::Idle {
                        continue;
                    }
                    tracing::debug!(peer = %self.peer, ?overdue, "a connection is closed");
                    stats.overdue(overdue);
                    if overdue != Overdue::Idle {
                        return;
                    }
                    connection.as_mut().graceful_shutdown();
                    told = true;
                    goodbye.as_mut().reset(Instant::now() + GOODBYE);
                }
            }
        }
    }

    fn ended(&self, ended: Result<(), hyper::Error>) {
        let Err(error) = ended else { return };
        let stats = &self.floor.stats;
        if error.is_parse_too_large() {
            stats.headers_too_large.add();
        } else if error.is_timeout() {
            stats.idle_timeouts.add();
        }
        tracing::debug!(peer = %self.peer, %error, "a connection ended early");
    }

    async fn answer(
        self: Arc<Self>,
        mut request: Request<Incoming>,
    ) -> Result<Response<Answer<Body>>, Infallible> {
        let running = Running::begin(&self.activity);
        if request.version() == Version::HTTP_2 && self.activity.lock().is_full() {
            self.floor.stats.streams_full.add();
        }
        let user = self.who(&request);
        request.extensions_mut().insert(PeerAddress(self.peer));
        // Whatever it was, nothing behind this line can show it to anybody.
        request.headers_mut().remove(AUTHORIZATION);
        if request.version() == Version::HTTP_2 && !matches!(user, Ok(Some(_))) {
            // HTTP/2 gives a client cheap ways to cost much: whoever is not known gets one request a connection
            // (k8s.io/apiserver/pkg/endpoints/filters/authentication.go, UnauthenticatedHTTP2DOSMitigation).
            self.leave.notify_one();
        }
        let response = match user {
            Ok(user) => {
                let body = |body| InTime::new(body, self.floor.limits.body_read_timeout, &self.floor.stats);
                self.floor.server.handle(request.map(body), user.as_deref()).await
            }
            Err(Unauthorized) => self.floor.server.refuse(request),
        };
        Ok(response.map(|body| Answer::new(body, running)))
    }

    fn who(&self, request: &Request<Incoming>) -> Result<Option<Arc<User>>, Unauthorized> {
        let Floor { holder, clock, stats, .. } = &*self.floor;
        let user = authenticate(&self.shown, request.headers(), holder, clock.now());
        match &user {
            Ok(Some(_)) => stats.authenticated.add(),
            Ok(None) => stats.anonymous.add(),
            Err(Unauthorized) => stats.unauthorized.add(),
        }
        user
    }
}

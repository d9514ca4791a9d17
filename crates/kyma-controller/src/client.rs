//! Clients of the API server: kube's typed calls on a transport of our own.
//!
//! kube's own stack has no rate limit, opens a connection for each request in flight and repeats refused requests by
//! itself. Here a request passes a gate first (a rate, a number of connections, and an order of those who wait), is
//! counted under client-go's names, and is sent once: whether to try again is the work queue's decision.

use std::fmt;

use bytes::Bytes;
use http::{Request, Response};
use hyper_util::client::legacy;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use kube::client::{Body, ConfigExt};
use thiserror::Error;
use tower::{BoxError, Service, ServiceBuilder};

use crate::metrics::Metrics;

mod fence;
mod gate;
mod pace;
mod service;
mod throttle;

pub use fence::Fence;
use service::throttled;

/// The host label of a client whose server is in the same process.
const IN_PROCESS: &str = "in-process";

/// Who asks, where the program does not say.
const USER_AGENT: &str = concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION"));

/// How many requests per second a client sends.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Qps {
    /// As many as its connections carry.
    Unlimited,
    /// So many, after a burst. Not positive: unlimited, as in client-go.
    PerSecond(f32),
    /// As many as the server bears: found by how fast it answers, and whether it refuses.
    Auto,
}

/// The settings of a client.
#[derive(Clone, Debug)]
pub struct ClientOptions {
    /// Requests per second; watches and leases are not counted and never wait.
    pub qps: Qps,
    /// How many requests may come at once before `qps` holds them back; with [`Qps::Auto`] those of a second.
    pub burst: u32,
    /// Requests under way at the same time, at least 1; watches and leases come on top. As many connections are kept
    /// for the next requests, so there are never more than twice as many.
    pub max_connections: usize,
    /// The `User-Agent` of requests that bring none. The server takes the part before the slash for the field manager
    /// of its writes (upstream: apiserver, endpoints/handlers/create.go, `managerOrUserAgent`).
    pub user_agent: &'static str,
    /// Writes are sent only while it is open, those of Leases always. Asked last of all, behind every wait.
    pub fence: Option<Fence>,
}

impl ClientOptions {
    /// No rate limit.
    #[must_use]
    pub fn unlimited() -> Self {
        Self { qps: Qps::Unlimited, ..Self::default() }
    }
}

impl Default for ClientOptions {
    /// controller-runtime's rate (20 per second after 30).
    fn default() -> Self {
        Self {
            qps: Qps::PerSecond(20.0),
            burst: 30,
            max_connections: 64,
            user_agent: USER_AGENT,
            fence: None,
        }
    }
}

impl fmt::Display for ClientOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.qps {
            Qps::PerSecond(qps) if qps > 0.0 => {
                write!(f, "{qps} requests/s after a burst of {}", self.burst)
            }
            Qps::PerSecond(_) | Qps::Unlimited => f.write_str("no rate limit"),
            Qps::Auto => f.write_str("as many requests/s as the server bears"),
        }?;
        write!(f, ", {} connections", self.max_connections)
    }
}

/// Why a client cannot be made from a configuration.
#[derive(Debug, Error)]
pub enum BuildError {
    /// The credentials cannot be used.
    #[error("failed to prepare the credentials of the cluster configuration")]
    PrepareCredentials(#[source] kube::Error),
    /// The headers (of an impersonation, for example) cannot be sent.
    #[error("failed to prepare the headers of the cluster configuration")]
    PrepareHeaders(#[source] kube::Error),
    /// The certificates cannot be used.
    #[error("failed to prepare TLS from the cluster configuration")]
    PrepareTls(#[source] kube::Error),
    /// The configuration wants a proxy.
    #[error("the cluster configuration asks for the proxy {proxy}, which is not supported")]
    Proxy {
        /// Its URL.
        proxy: http::Uri,
    },
}

/// A client of the server that a configuration names. Must be called inside a tokio runtime.
///
/// # Errors
///
/// When credentials, certificates or headers cannot be used, or a proxy is asked for.
pub fn over_config(
    config: kube::Config,
    options: &ClientOptions,
    metrics: &Metrics,
) -> Result<kube::Client, BuildError> {
    if let Some(proxy) = config.proxy_url {
        return Err(BuildError::Proxy { proxy });
    }
    let mut connector = HttpConnector::new();
    connector.enforce_http(false);
    // Requests are small and each waits for its answer: Nagle's algorithm only delays them.
    connector.set_nodelay(true);
    connector.set_connect_timeout(config.connect_timeout);
    let connector =
        config.rustls_https_connector_with_connector(connector).map_err(BuildError::PrepareTls)?;
    let transport = legacy::Client::builder(TokioExecutor::new())
        .pool_timer(TokioTimer::new())
        .pool_max_idle_per_host(options.max_connections)
        .build::<_, Body>(connector);
    let service = ServiceBuilder::new()
        .layer(config.base_uri_layer())
        .option_layer(config.auth_layer().map_err(BuildError::PrepareCredentials)?)
        .layer(config.extra_headers_layer().map_err(BuildError::PrepareHeaders)?)
        .map_err(BoxError::from)
        .service(transport);
    let host = config.cluster_url.authority().map_or("", http::uri::Authority::as_str);
    let service = throttled(service, options, metrics.rest().of(host));
    Ok(kube::Client::new(service, config.default_namespace))
}

/// A client of a server in the same process. Must be called inside a tokio runtime.
pub fn over_service<S, B>(
    service: S,
    default_namespace: impl Into<String>,
    options: &ClientOptions,
    metrics: &Metrics,
) -> kube::Client
where
    S: Service<Request<Body>, Response = Response<B>> + Clone + Send + 'static,
    S::Future: Send + 'static,
    S::Error: Into<BoxError>,
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    let service = throttled(service, options, metrics.rest().of(IN_PROCESS));
    kube::Client::new(service, default_namespace)
}

#[cfg(test)]
mod tests;

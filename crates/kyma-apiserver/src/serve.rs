//! Serving over TLS: who the server is, who is at the other end, what connections may cost, and a clean end.
//!
//! A connection walks: [`Listener::serve`] accepts it if there is room → `connection.rs` (handshake within its time, who
//! has shown which certificate) → each request: `authn` (certificate or token) → [`ApiServer::handle`]. `activity.rs`
//! knows which time limit a connection has overrun. `renewal.rs` replaces certificates before they end.

mod activity;
mod bodies;
mod connection;
mod identity;
mod kubeconfig;
mod limits;
mod names;
mod renewal;
pub(crate) mod stats;
mod tls;
mod transport;

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use kyma_registry::authz::User;
use kyma_store::Clock;
use socket2::{SockRef, TcpKeepalive};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use self::connection::{Floor, Place};
use self::tls::Tls;
use crate::authn::TokenHolder;
use crate::service::ApiServer;

pub use identity::{Identity, IdentityError, Renewed};
pub use kubeconfig::{Kubeconfig, WriteError};
pub use limits::ConnectionLimits;
pub use names::{NameError, Names};
pub use stats::ConnectionStats;
pub use tls::TlsError;

/// The port that is used where none is asked for.
pub const DEFAULT_PORT: u16 = 6443;
/// How many ports after the default one are tried.
const PORT_ATTEMPTS: u16 = 100;
/// How long open requests may take after the server was told to end, so that all is over within five seconds.
pub const DRAIN_TIMEOUT: Duration = Duration::from_secs(4);
/// Pause when the system gives no connection, so that the loop is not a hot one.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// When the system asks a silent client whether it is still there: first and again. Linux asks nine times.
const KEEPALIVE: TcpKeepalive =
    TcpKeepalive::new().with_time(Duration::from_secs(60)).with_interval(Duration::from_secs(15));
/// How much of an answer the system holds that the client has no room for. By itself it takes up to 4 MiB a connection, which
/// no limit here would count; a watcher that does not read would cost as much as one that does until that is full.
#[cfg(target_os = "linux")]
const UNSENT_BYTES: u32 = 128 * 1024;

/// Why a server cannot listen.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    /// The port is taken.
    #[error("the address {address} is in use: choose another with --secure-port, or end what listens there")]
    InUse {
        /// What was asked for.
        address: SocketAddr,
    },
    /// The address cannot be listened on.
    #[error("failed to listen on {address}")]
    Listen {
        /// What was asked for.
        address: SocketAddr,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// No port is free.
    #[error("none of the ports {first} to {last} is free: choose one with --secure-port")]
    NoneFree {
        /// The first that was tried.
        first: u16,
        /// The last that was tried.
        last: u16,
    },
}

/// How to serve.
pub struct ServeOptions {
    /// What connections may cost.
    pub limits: ConnectionLimits,
    /// The time by which certificates are valid and renewed.
    pub clock: Arc<dyn Clock>,
    /// What is written again when the admin's certificate is renewed.
    pub kubeconfig: Option<Kubeconfig>,
    /// How long open requests may take after the end was asked for; [`DRAIN_TIMEOUT`] is meant.
    pub drain_timeout: Duration,
}

impl std::fmt::Debug for ServeOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ServeOptions")
            .field("limits", &self.limits)
            .field("kubeconfig", &self.kubeconfig)
            .finish()
    }
}

/// A bound address, not served yet.
#[derive(Debug)]
pub struct Listener {
    listener: TcpListener,
    address: SocketAddr,
}

impl Listener {
    /// Listens on `port`, or where none is given on the default one or the next that is free.
    ///
    /// # Errors
    /// Where the port is taken or the address is none of this machine's.
    pub async fn bind(ip: IpAddr, port: Option<u16>) -> Result<Self, BindError> {
        if let Some(port) = port {
            return Listener::on(SocketAddr::new(ip, port)).await;
        }
        for port in DEFAULT_PORT..DEFAULT_PORT + PORT_ATTEMPTS {
            match Listener::on(SocketAddr::new(ip, port)).await {
                Err(BindError::InUse { .. }) => {}
                other => return other,
            }
        }
        Err(BindError::NoneFree { first: DEFAULT_PORT, last: DEFAULT_PORT + PORT_ATTEMPTS - 1 })
    }

    async fn on(address: SocketAddr) -> Result<Self, BindError> {
        let listen = async {
            let listener = TcpListener::bind(address).await?;
            let address = listener.local_addr()?;
            Ok(Listener { listener, address })
        };
        listen.await.map_err(|source: io::Error| match source.kind() {
            io::ErrorKind::AddrInUse => BindError::InUse { address },
            _ => BindError::Listen { address, source },
        })
    }

    /// The address that clients are told.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The URL for clients; an unspecified address is reached through loopback.
    pub fn url(&self) -> String {
        let ip = match self.address.ip() {
            IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
            IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
            ip => ip,
        };
        format!("https://{}", SocketAddr::new(ip, self.address.port()))
    }

    /// Serves until `shutdown` is done. Then nobody new gets in, watches end, and open requests have some
    /// seconds to finish before they are cut off.
    ///
    /// # Errors
    /// Where the certificates cannot be used.
    pub async fn serve(
        self,
        server: ApiServer,
        mut identity: Identity,
        options: ServeOptions,
        shutdown: impl Future<Output = ()>,
    ) -> Result<(), TlsError> {
        let ServeOptions { limits, clock, kubeconfig, drain_timeout } = options;
        let tls = Tls::new(&identity, &clock)?;
        let holder = TokenHolder { token: identity.token().clone(), user: Arc::new(User::admin()) };
        let stats = Arc::clone(server.connections());
        stats.limit.store(limits.connections as u64, Ordering::Relaxed);
        let clock_of_renewal = Arc::clone(&clock);
        let floor = Arc::new(Floor { server: server.clone(), tls, holder, clock, limits, stats });
        let (drain, _) = watch::channel(false);
        let mut connections = JoinSet::new();
        {
            let accepting = accept(&self.listener, &floor, &drain, &mut connections);
            let renewing = renewal::run(&mut identity, &floor.tls, &clock_of_renewal, kubeconfig.as_ref());
            tokio::select! {
                biased;
                () = shutdown => {}
                never = renewing => match never {},
                never = accepting => match never {},
            }
        }
        drop(self.listener);
        server.drain();
        drain.send_replace(true);
        let drained = async { while connections.join_next().await.is_some() {} };
        if timeout(drain_timeout, drained).await.is_err() {
            tracing::warn!(connections = connections.len(), "requests that were still open are cut off");
        }
        Ok(())
    }
}

/// Accepts connections for ever.
async fn accept(
    listener: &TcpListener,
    floor: &Arc<Floor>,
    drain: &watch::Sender<bool>,
    connections: &mut JoinSet<()>,
) -> std::convert::Infallible {
    let places = Arc::new(Semaphore::new(floor.limits.connections));
    loop {
        let accepted = tokio::select! {
            biased;
            Some(_) = connections.join_next() => continue,
            accepted = listener.accept() => accepted,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        let Ok(permit) = Arc::clone(&places).try_acquire_owned() else {
            floor.stats.refused.add();
            tracing::debug!(%peer, "a connection was closed: too many are open");
            continue;
        };
        prepare(&stream);
        let place = Place::taken(&floor.stats, permit);
        connections.spawn(Arc::clone(floor).connection(stream, peer, drain.subscribe(), place));
    }
}

fn prepare(stream: &TcpStream) {
    // Small writes must not wait for more: a watch event is one.
    let set = stream.set_nodelay(true).and_then(|()| SockRef::from(stream).set_tcp_keepalive(&KEEPALIVE));
    #[cfg(target_os = "linux")]
    let set = set.and_then(|()| SockRef::from(stream).set_tcp_notsent_lowat(UNSENT_BYTES));
    if let Err(error) = set {
        tracing::debug!(%error, "a connection's options could not be set");
    }
}

#[cfg(test)]
mod tests;

//! Serving over TLS: connections, client certificates, and a clean end.

mod certificates;
mod kubeconfig;

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

use crate::service::ApiServer;

pub use certificates::{CertificateError, Identity};
pub use kubeconfig::{WriteError, write as write_kubeconfig};

/// The port that is used where none is asked for.
pub const DEFAULT_PORT: u16 = 6443;
/// How many ports after the default one are tried.
const PORT_ATTEMPTS: u16 = 100;
/// A handshake that takes longer is given up.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);
/// How long open requests may take after the server was told to end.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(4);
/// Pause when the system gives no connection, so that the loop is not a hot one.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

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
        let ip = if self.address.ip().is_unspecified() {
            IpAddr::V4(Ipv4Addr::LOCALHOST)
        } else {
            self.address.ip()
        };
        format!("https://{}", SocketAddr::new(ip, self.address.port()))
    }

    /// Serves until `shutdown` is done, then ends watches and lets open requests finish, for a few seconds.
    ///
    /// # Errors
    /// Where the certificates cannot be used.
    pub async fn serve(
        self,
        server: ApiServer,
        identity: &Identity,
        shutdown: impl Future<Output = ()>,
    ) -> Result<(), CertificateError> {
        let acceptor = TlsAcceptor::from(identity.server_config()?);
        let graceful = GracefulShutdown::new();
        let mut shutdown = std::pin::pin!(shutdown);
        loop {
            let accepted = tokio::select! {
                biased;
                () = &mut shutdown => break,
                accepted = self.listener.accept() => accepted,
            };
            match accepted {
                Ok((stream, _)) => {
                    let connection = connection(server.clone(), acceptor.clone(), stream, graceful.watcher());
                    tokio::spawn(connection);
                }
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
        drop(self.listener);
        server.close_watches();
        if timeout(DRAIN_TIMEOUT, graceful.shutdown()).await.is_err() {
            tracing::warn!("requests that were still open were cut off");
        }
        Ok(())
    }
}

async fn connection(
    server: ApiServer,
    acceptor: TlsAcceptor,
    stream: TcpStream,
    watcher: hyper_util::server::graceful::Watcher,
) {
    // Small writes must not wait for more: a watch event is one.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "TCP_NODELAY could not be set");
    }
    let stream = match timeout(HANDSHAKE_TIMEOUT, acceptor.accept(stream)).await {
        Ok(Ok(stream)) => stream,
        Ok(Err(error)) => return tracing::debug!(%error, "a TLS handshake failed"),
        Err(_) => return tracing::debug!("a TLS handshake took too long"),
    };
    let user = certificates::user(stream.get_ref().1.peer_certificates()).map(Arc::new);
    let service = service_fn(move |request| {
        let (server, user) = (server.clone(), user.clone());
        async move { Ok::<_, std::convert::Infallible>(server.handle(request, user.as_deref()).await) }
    });
    let builder = auto::Builder::new(TokioExecutor::new());
    let connection = builder.serve_connection(TokioIo::new(stream), service);
    if let Err(error) = watcher.watch(connection.into_owned()).await {
        tracing::debug!(error, "a connection ended early");
    }
}

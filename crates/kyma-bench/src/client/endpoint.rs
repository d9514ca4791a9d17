//! Where a server is, and how to trust it.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use hyper_util::rt::TokioIo;
use kube::client::ConfigExt as _;
use kube::config::{KubeConfigOptions, Kubeconfig};
use rustls::pki_types::ServerName;
use tokio_rustls::TlsConnector;

use super::connection::Connection;
use super::raw::{self, Raw};
use crate::error::Error;

/// Where clients connect.
#[derive(Clone)]
pub(crate) struct Endpoint {
    authority: String,
    tls: Option<(TlsConnector, ServerName<'static>)>,
}

impl std::fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Endpoint").field("authority", &self.authority).finish_non_exhaustive()
    }
}

impl Endpoint {
    /// The server of a kubeconfig's current context, and the identity in it.
    pub(crate) async fn from_kubeconfig(path: &Path) -> Result<Self, Error> {
        let failed = |error| Error::ReadKubeconfig(Box::new(error));
        let kubeconfig = Kubeconfig::read_from(path).map_err(failed)?;
        let options = KubeConfigOptions::default();
        let config = kube::Config::from_custom_kubeconfig(kubeconfig, &options).await.map_err(failed)?;
        let tls = config.rustls_client_config().map_err(|error| Error::SetUpTls(Box::new(error)))?;
        let url = &config.cluster_url;
        let unusable = || Error::ServerName(url.to_string());
        let host = url.host().ok_or_else(unusable)?;
        let name = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        let name = ServerName::try_from(name).map_err(|_| unusable())?;
        let authority = format!("{host}:{}", url.port_u16().unwrap_or(443));
        Ok(Endpoint { authority, tls: Some((TlsConnector::from(Arc::new(tls)), name)) })
    }

    /// A server without TLS.
    pub(crate) fn plain(address: SocketAddr) -> Self {
        Endpoint { authority: address.to_string(), tls: None }
    }

    /// Opens a connection.
    pub(crate) async fn connect(&self) -> Result<Connection, Error> {
        let failed = |source| Error::Connect { authority: self.authority.clone(), source };
        let tcp = raw::tcp(&self.authority, None).await.map_err(failed)?;
        tcp.set_nodelay(true).map_err(failed)?;
        match &self.tls {
            None => Connection::start(&self.authority, TokioIo::new(tcp)).await,
            Some((connector, name)) => {
                let tls = connector.connect(name.clone(), tcp).await.map_err(failed)?;
                Connection::start(&self.authority, TokioIo::new(tls)).await
            }
        }
    }

    /// Opens a connection for whoever reads and writes its bytes alone. `receive_bytes` is how much the system shall
    /// take for it that is not read, where that is to be little.
    pub(crate) async fn connect_raw(&self, receive_bytes: Option<u32>) -> Result<Raw, Error> {
        let failed = |source| Error::Connect { authority: self.authority.clone(), source };
        let tcp = raw::tcp(&self.authority, receive_bytes).await.map_err(failed)?;
        match &self.tls {
            None => Ok(Raw::new(&self.authority, tcp)),
            Some((connector, name)) => {
                let tls = connector.connect(name.clone(), tcp).await.map_err(failed)?;
                Ok(Raw::new(&self.authority, tls))
            }
        }
    }

    /// Opens a connection and begins nothing on it, not even TLS.
    pub(crate) async fn connect_silent(&self) -> Result<Raw, Error> {
        let tcp = raw::tcp(&self.authority, None).await;
        let tcp = tcp.map_err(|source| Error::Connect { authority: self.authority.clone(), source })?;
        Ok(Raw::new(&self.authority, tcp))
    }
}

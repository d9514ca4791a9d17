//! `kymactl apiserver`: the embedded server alone.

use std::net::IpAddr;
use std::path::Path;

use kyma_apiserver::ApiServer;
use kyma_apiserver::serve::{Identity, Listener, write_kubeconfig};
use kyma_controller::shutdown;

use crate::args::{ApiserverArgs, StoreArgs};
use crate::exit::Failure;
use crate::output;

pub(crate) async fn run(args: ApiserverArgs) -> Result<(), Failure> {
    check_store(&args.store)?;
    if !args.store.in_memory {
        return Err(Failure::usage("say where objects are kept: --in-memory"));
    }
    if !args.bind_address.is_loopback() {
        let text = "--bind-address: only loopback addresses are served so far, since clients elsewhere need certificates that \
             are kept; use 127.0.0.1 or ::1";
        return Err(Failure::usage(text));
    }
    let (drain, stop) = shutdown::channel();
    let serving = Serving::bind(args.bind_address, args.secure_port).await?;
    let server = ApiServer::builder().start().await.map_err(|error| Failure::of(&error))?;
    serving.write(&args.write_kubeconfig)?;
    output::line(&format!("serving {} (objects are kept in memory)", serving.listener.url()))?;
    output::line(&format!("kubeconfig {}", args.write_kubeconfig.display()))?;
    tokio::spawn(shutdown::on_signals(drain));
    serving.run(server, async move { stop.draining().await }).await
}

/// Refuses what is not there yet.
pub(crate) fn check_store(store: &StoreArgs) -> Result<(), Failure> {
    match &store.data_dir {
        Some(_) => Err(Failure::usage(
            "--data-dir: objects cannot be kept on disk yet, this version's only engine is memory; use --in-memory",
        )),
        None => Ok(()),
    }
}

/// A bound address with its certificates.
pub(crate) struct Serving {
    pub(crate) listener: Listener,
    identity: Identity,
}

impl Serving {
    /// Listens, and makes certificates for the address.
    pub(crate) async fn bind(ip: IpAddr, port: Option<u16>) -> Result<Self, Failure> {
        let listener = Listener::bind(ip, port).await.map_err(|error| Failure::of(&error))?;
        let loopback = [IpAddr::from([127, 0, 0, 1]), "::1".parse().unwrap_or(ip), ip];
        let identity = Identity::generate(&loopback).map_err(|error| Failure::of(&error))?;
        Ok(Serving { listener, identity })
    }

    /// Writes the admin's kubeconfig.
    pub(crate) fn write(&self, path: &Path) -> Result<(), Failure> {
        write_kubeconfig(path, &self.listener.url(), &self.identity).map_err(|error| Failure::of(&error))
    }

    /// Serves until `stop` is done.
    pub(crate) async fn run(self, server: ApiServer, stop: impl Future<Output = ()>) -> Result<(), Failure> {
        self.listener.serve(server, &self.identity, stop).await.map_err(|error| Failure::of(&error))
    }
}

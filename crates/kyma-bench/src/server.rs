//! A server under measurement, whichever it is: how to reach it, and which processes it is.

mod control_plane;
mod program;

use std::path::PathBuf;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::client::{Call, Endpoint};
use crate::error::{Error, within};
use crate::process::{self, Process};
use crate::tools::{Tools, free_port};
use control_plane::ControlPlane;
pub(crate) use program::Program;

/// How long a server may take until it is ready.
const START_LIMIT: Duration = Duration::from_secs(60);
/// How often something is looked at again that tells nobody when it changes.
const POLL: Duration = Duration::from_millis(10);
/// A server has settled when it used less than this part of a core over a while, or when it never does.
const IDLE_SHARE: f64 = 0.05;
const IDLE_WINDOW: Duration = Duration::from_secs(1);
/// kube-apiserver holds a create back for two seconds when its kind is younger than that
/// (k8s.io/apiextensions-apiserver/pkg/apiserver/customresource_handler.go, `justCreated`).
const SETTLE_MIN: Duration = Duration::from_secs(3);
const SETTLE_LIMIT: Duration = Duration::from_secs(20);

/// Which server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// `kymactl apiserver`.
    Embedded,
    /// kube-apiserver with etcd.
    Real,
}

impl Kind {
    /// What it is called in tables.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Kind::Embedded => "kymactl apiserver",
            Kind::Real => "kube-apiserver + etcd",
        }
    }

    /// Where it keeps objects.
    pub(crate) fn store(self) -> &'static str {
        match self {
            Kind::Embedded => "memory",
            Kind::Real => "etcd on disk, no fsync",
        }
    }
}

/// How all clients here talk to a server.
pub(crate) const TRANSPORT: &str = "HTTP/1.1, TLS, loopback";

/// A running server; it ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Server {
    /// Where clients connect.
    pub(crate) endpoint: Endpoint,
    /// The admin's kubeconfig.
    pub(crate) kubeconfig: PathBuf,
    /// The processes that it consists of.
    pub(crate) processes: Vec<Process>,
    keeper: Keeper,
}

#[derive(Debug)]
enum Keeper {
    Program(Program),
    ControlPlane(ControlPlane),
}

impl Server {
    /// Starts a server without any objects.
    pub(crate) async fn start(kind: Kind, tools: &Tools) -> Result<Self, Error> {
        match kind {
            Kind::Embedded => Server::embedded(tools).await,
            Kind::Real => Server::real(tools).await,
        }
    }

    async fn embedded(tools: &Tools) -> Result<Self, Error> {
        let folder = tempfile::tempdir().map_err(Error::MakeFolder)?;
        let kubeconfig = folder.path().join("kubeconfig");
        let port = free_port()?.to_string();
        let mut args = ["apiserver", "--bind-address", "127.0.0.1", "--secure-port", &port, "--in-memory"]
            .map(Into::into)
            .to_vec();
        args.extend(["--write-kubeconfig".into(), kubeconfig.clone().into_os_string()]);
        let mut program = Program::start("kymactl apiserver", &tools.kymactl, &args, folder)?;
        let endpoint = program.endpoint(&kubeconfig, START_LIMIT).await?;
        let processes = vec![program.process()];
        Ok(Server { endpoint, kubeconfig, processes, keeper: Keeper::Program(program) })
    }

    async fn real(tools: &Tools) -> Result<Self, Error> {
        let (control_plane, kubeconfig) = ControlPlane::up(tools).await?;
        let endpoint = Endpoint::from_kubeconfig(&kubeconfig).await?;
        let processes = control_plane.processes(&kubeconfig)?;
        Ok(Server { endpoint, kubeconfig, processes, keeper: Keeper::ControlPlane(control_plane) })
    }

    /// CPU time of all its processes so far.
    pub(crate) fn cpu(&self) -> Result<Duration, Error> {
        process::cpu(&self.processes)
    }

    /// Waits until it has done what a start and new kinds make it do, so that no figure has it in.
    pub(crate) async fn settle(&self) -> Result<(), Error> {
        let since = Instant::now();
        while since.elapsed() < SETTLE_LIMIT {
            let before = self.cpu()?;
            sleep(IDLE_WINDOW).await;
            let idle = (self.cpu()? - before).as_secs_f64() < IDLE_SHARE * IDLE_WINDOW.as_secs_f64();
            if idle && since.elapsed() >= SETTLE_MIN {
                break;
            }
        }
        Ok(())
    }

    /// Ends it in an orderly way.
    pub(crate) async fn stop(self) -> Result<(), Error> {
        match self.keeper {
            Keeper::Program(program) => program.stop().await,
            Keeper::ControlPlane(control_plane) => control_plane.down().await,
        }
    }
}

/// Asks `path` until it is answered 200.
pub(crate) async fn wait_for_ok(endpoint: &Endpoint, path: &str, limit: Duration) -> Result<(), Error> {
    let call = Call::get(path);
    let asking = async {
        loop {
            // Nobody may listen yet, or the one who does may not be ready.
            if let Ok(mut connection) = endpoint.connect().await
                && connection.send(&call).await.is_ok_and(|answer| answer.status.is_success())
            {
                return Ok(());
            }
            sleep(POLL).await;
        }
    };
    within(limit, format!("{path} to become ready"), asking).await
}

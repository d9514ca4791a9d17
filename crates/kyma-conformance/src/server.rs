//! The servers of a run: found, or started and ended here.

use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tempfile::TempDir;
use tokio::process::Command;
use tokio::time::{Instant, sleep};

use crate::client::{ClientError, Http};
use crate::process::Process;

const READY_LIMIT: Duration = Duration::from_secs(30);
const READY_INTERVAL: Duration = Duration::from_millis(50);

/// The instance of the control plane that a run makes for itself, unless the environment names another.
const CONTROLPLANE_NAME: &str = "conformance";

/// Why a server could not be used.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// No kymactl was named.
    #[error("the embedded server needs the kymactl binary: set KYMACTL_BIN or --kymactl")]
    NameKymactl,
    /// No free port or no temporary folder.
    #[error("failed to prepare the embedded server")]
    PrepareEmbedded(#[source] std::io::Error),
    /// The binary does not start.
    #[error("failed to start {program}")]
    StartProgram {
        /// The program.
        program: PathBuf,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
    /// It ended, or took too long.
    #[error("the embedded server is not ready: {why}; the end of its output:\n{tail}")]
    AwaitEmbedded {
        /// What happened.
        why: String,
        /// The end of its output.
        tail: String,
    },
    /// The control plane's script failed.
    #[error("`{script} up` failed: {output}")]
    StartReal {
        /// The script.
        script: PathBuf,
        /// What it printed.
        output: String,
    },
    /// The kubeconfig is no good.
    #[error("failed to connect to the {label} server")]
    Connect {
        /// Which server.
        label: &'static str,
        /// Why.
        #[source]
        source: ClientError,
    },
}

/// A server that answers.
pub(crate) struct Server {
    pub(crate) label: &'static str,
    pub(crate) kubeconfig: PathBuf,
    pub(crate) http: Http,
    pub(crate) anonymous: Http,
    origin: Origin,
}

enum Origin {
    Given,
    Durable(Box<Process>),
    Embedded(Box<Process>, TempDir),
    Real(PathBuf),
}

impl Server {
    /// The server of a kubeconfig that somebody else looks after.
    pub(crate) async fn given(kubeconfig: &Path) -> Result<Self, ServerError> {
        Self::connect("given", kubeconfig.to_owned(), Origin::Given).await
    }

    /// `kymactl apiserver` on a free port, in memory.
    pub(crate) async fn embedded(kymactl: Option<&Path>) -> Result<Self, ServerError> {
        Self::in_memory(kymactl, &["--in-memory"]).await
    }

    /// The same without controllers.
    pub(crate) async fn embedded_alone(kymactl: Option<&Path>) -> Result<Self, ServerError> {
        Self::in_memory(kymactl, &["--in-memory", "--no-controllers"]).await
    }

    async fn in_memory(kymactl: Option<&Path>, flags: &[&str]) -> Result<Self, ServerError> {
        let kymactl = kymactl.ok_or(ServerError::NameKymactl)?;
        let folder = tempfile::tempdir().map_err(ServerError::PrepareEmbedded)?;
        let port = free_port().map_err(ServerError::PrepareEmbedded)?;
        let (process, kubeconfig) = launch(kymactl, folder.path(), port, flags).await?;
        Self::connect("embedded", kubeconfig, Origin::Embedded(Box::new(process), folder)).await
    }

    /// `kymactl apiserver` on this port, with its objects below a folder that outlives it.
    pub(crate) async fn durable(kymactl: &Path, folder: &Path, port: u16) -> Result<Self, ServerError> {
        let data = data_folder(folder);
        let store = ["--data-dir", &data.display().to_string()];
        let (process, kubeconfig) = launch(kymactl, folder, port, &store).await?;
        Self::connect("embedded", kubeconfig, Origin::Durable(Box::new(process))).await
    }

    /// SIGKILL, to what was started here as a single process.
    pub(crate) async fn kill(self) {
        match self.origin {
            Origin::Durable(process) | Origin::Embedded(process, _) => process.kill().await,
            Origin::Given | Origin::Real(_) => {}
        }
    }

    /// The real control plane, by its script.
    pub(crate) async fn real(script: &Path) -> Result<Self, ServerError> {
        Self::real_by(script, controlplane(script, "up")).await
    }

    /// The real API server and etcd alone: no controllers.
    pub(crate) async fn real_without_manager(script: &Path) -> Result<Self, ServerError> {
        let mut command = controlplane(script, "up");
        command.arg("--no-manager");
        Self::real_by(script, command).await
    }

    async fn real_by(script: &Path, mut command: Command) -> Result<Self, ServerError> {
        let output = command.output().await;
        let output =
            output.map_err(|source| ServerError::StartProgram { program: script.to_owned(), source })?;
        if !output.status.success() {
            let output = String::from_utf8_lossy(&output.stderr).trim().to_owned();
            return Err(ServerError::StartReal { script: script.to_owned(), output });
        }
        let kubeconfig = PathBuf::from(String::from_utf8_lossy(&output.stdout).trim());
        Self::connect("real", kubeconfig, Origin::Real(script.to_owned())).await
    }

    async fn connect(label: &'static str, kubeconfig: PathBuf, origin: Origin) -> Result<Self, ServerError> {
        let failed = |source| ServerError::Connect { label, source };
        let http = Http::from_kubeconfig(&kubeconfig).await.map_err(failed)?;
        let anonymous = Http::anonymous(&kubeconfig).await.map_err(failed)?;
        Ok(Self { label, kubeconfig, http, anonymous, origin })
    }

    /// Ends what was started; says so if that went wrong.
    pub(crate) async fn stop(self) -> Result<(), String> {
        match self.origin {
            Origin::Given => Ok(()),
            Origin::Embedded(process, _folder) => end(process).await,
            Origin::Durable(process) => end(process).await,
            Origin::Real(script) => match controlplane(&script, "down").status().await {
                Ok(status) if status.success() => Ok(()),
                Ok(status) => Err(format!("`{} down`: {status}", script.display())),
                Err(error) => Err(format!("`{} down`: {error}", script.display())),
            },
        }
    }
}

/// Where a durable server below this folder keeps what it keeps.
pub(crate) fn data_folder(folder: &Path) -> PathBuf {
    folder.join("data")
}

/// Starts `kymactl apiserver` with its log and its kubeconfig in a folder, and waits until it serves.
async fn launch(
    kymactl: &Path,
    folder: &Path,
    port: u16,
    store: &[&str],
) -> Result<(Process, PathBuf), ServerError> {
    let kubeconfig = folder.join("kubeconfig");
    // That of an earlier start would look like this one's.
    match std::fs::remove_file(&kubeconfig) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            return Err(ServerError::PrepareEmbedded(error));
        }
        _ => {}
    }
    let (port, file) = (port.to_string(), kubeconfig.display().to_string());
    let mut args = vec!["apiserver", "--bind-address", "127.0.0.1", "--secure-port", &port];
    args.extend(["--write-kubeconfig", &file]);
    args.extend(store);
    let started = Process::start(kymactl, &args, folder.join("log"));
    let mut process =
        started.map_err(|source| ServerError::StartProgram { program: kymactl.to_owned(), source })?;
    match written(&kubeconfig, &mut process).await {
        Ok(()) => Ok((process, kubeconfig)),
        Err(why) => Err(ServerError::AwaitEmbedded { why, tail: process.tail() }),
    }
}

async fn end(process: Box<Process>) -> Result<(), String> {
    let tail = process.tail();
    if process.end().await {
        return Ok(());
    }
    Err(format!(
        "the embedded server did not end with exit code 0 on SIGTERM; the end of its output:\n{tail}"
    ))
}

fn controlplane(script: &Path, verb: &str) -> Command {
    let mut command = Command::new(script);
    command.arg(verb).stdin(Stdio::null());
    if std::env::var_os("CONTROLPLANE_NAME").is_none() {
        command.env("CONTROLPLANE_NAME", CONTROLPLANE_NAME);
    }
    command
}

/// Waits for the kubeconfig, which is written when the server serves.
async fn written(kubeconfig: &Path, process: &mut Process) -> Result<(), String> {
    let deadline = Instant::now() + READY_LIMIT;
    while !kubeconfig.exists() {
        if let Some(status) = process.ended() {
            return Err(format!("it ended with {status}"));
        }
        if Instant::now() >= deadline {
            return Err(format!("no kubeconfig after {} s", READY_LIMIT.as_secs()));
        }
        sleep(READY_INTERVAL).await;
    }
    Ok(())
}

/// A port of the loopback interface that nobody listens on right now.
pub(crate) fn free_port() -> std::io::Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}

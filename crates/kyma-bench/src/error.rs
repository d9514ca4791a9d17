//! What can go wrong, by what was being done.

use std::io;
use std::path::PathBuf;
use std::process::ExitStatus;
use std::time::Duration;

use http::{Method, StatusCode};

/// Why a benchmark has no figures.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("interrupted")]
    Interrupted,
    #[error("failed to listen for signals")]
    ListenForSignals(#[source] io::Error),
    #[error("failed to write to standard output")]
    Print(#[source] io::Error),
    #[error(
        "{0} is not there; build it with `cargo build --release -p kymactl`, or say where it is by KYMACTL_BIN"
    )]
    NoKymactl(PathBuf),
    #[error("hack/controlplane/run.sh is in no folder above this one; run this inside of the repository")]
    NoRepository,
    #[error("failed to make a temporary folder")]
    MakeFolder(#[source] io::Error),
    #[error("failed to start {program}")]
    StartProgram { program: &'static str, source: io::Error },
    #[error("failed to wait for {program}")]
    WaitForProgram { program: &'static str, source: io::Error },
    #[error("failed to signal {program}")]
    SignalProgram { program: &'static str, source: io::Error },
    #[error("{program} ended too early ({status}); its last lines:\n{tail}")]
    ProgramEnded { program: &'static str, status: ExitStatus, tail: String },
    #[error("`kymactl {command}` failed ({status}): {stderr}")]
    Kymactl { command: String, status: ExitStatus, stderr: String },
    #[error(
        "the control plane {name} of Kubernetes {version} is up already; end it by `CONTROLPLANE_NAME={name} K8S_VERSION={version} hack/controlplane/run.sh down`, or choose another CONTROLPLANE_NAME"
    )]
    ControlPlaneInUse { name: String, version: String },
    #[error("`hack/controlplane/run.sh {command}` failed ({status}); what it said is above")]
    ControlPlane { command: &'static str, status: ExitStatus },
    #[error("failed to find a free port")]
    FindPort(#[source] io::Error),
    #[error("failed to read {file}")]
    ReadFile { file: String, source: io::Error },
    #[error("failed to write {file}")]
    WriteFile { file: String, source: io::Error },
    #[error("{file} does not look as expected")]
    ParseFile { file: String },
    #[error("failed to read the kubeconfig")]
    ReadKubeconfig(#[source] Box<kube::config::KubeconfigError>),
    #[error("failed to set up TLS from the kubeconfig")]
    SetUpTls(#[source] Box<kube::Error>),
    #[error("the kubeconfig's server {0} has no host that a certificate could name")]
    ServerName(String),
    #[error("failed to parse a YAML document of kymactl")]
    ParseYaml(#[source] Box<serde_saphyr::Error>),
    #[error("failed to connect to {authority}")]
    Connect { authority: String, source: io::Error },
    #[error("failed to start HTTP with {authority}")]
    Handshake { authority: String, source: hyper::Error },
    #[error("failed to make the request {path}")]
    MakeRequest { path: String, source: http::Error },
    #[error("failed to send {method} {path}")]
    Send { method: Method, path: String, source: hyper::Error },
    #[error("failed to read the answer to {path}")]
    ReadAnswer { path: String, source: hyper::Error },
    #[error("{method} {path} was answered {status}: {message}")]
    Refused { method: Method, path: String, status: StatusCode, message: String },
    #[error("failed to parse what {path} was answered")]
    ParseAnswer { path: String, source: serde_json::Error },
    #[error("the watch of {path} failed: {message}")]
    Watch { path: String, message: String },
    #[error("the watches ended before the fleet was done")]
    WatchesEnded,
    #[error("{what} took longer than {limit:?}")]
    TimeLimit { what: String, limit: Duration },
    #[error("failed to open the store")]
    OpenStore(#[source] Box<kyma_store::OpenError>),
    #[error("failed to write to the store")]
    Commit(#[source] Box<kyma_store::CommitError>),
    #[error("failed to copy the store's file")]
    CopyStore(#[source] io::Error),
    #[error("failed to start the API server in this process")]
    StartServer(#[source] Box<kyma_apiserver::StartError>),
    #[error("{method} {path} was answered {status}: {answer}")]
    Unwanted { method: Method, path: String, status: StatusCode, answer: String },
    #[error("a worker of the load driver did not come back")]
    Worker(#[source] tokio::task::JoinError),
    #[error("failed to start the attackers")]
    StartAttackers(#[source] io::Error),
    #[error("the attackers did not come back")]
    AttackersGone,
    #[error("`kymactl sample` printed no Kyma")]
    NoSample,
    #[error("`kymactl {command}` names no default of {flag}")]
    NoDefault { command: &'static str, flag: &'static str },
    #[error("the figures are printed, but do not count: {0}")]
    Invalid(String),
}

/// An error and its sources in one line; a source that the text before it repeats is left out.
pub(crate) fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        let next = error.to_string();
        if !text.contains(&next) {
            text.push_str(": ");
            text.push_str(&next);
        }
        source = error.source();
    }
    text
}

/// Gives `work` up when it takes longer than `limit`.
pub(crate) async fn within<T>(
    limit: Duration,
    what: impl Into<String>,
    work: impl Future<Output = Result<T, Error>>,
) -> Result<T, Error> {
    match tokio::time::timeout(limit, work).await {
        Ok(done) => done,
        Err(_) => Err(Error::TimeLimit { what: what.into(), limit }),
    }
}

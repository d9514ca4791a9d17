//! The operator from outside, as one process: what its traces and metrics show, and to whom.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::json;
use tempfile::TempDir;
use tokio::process::Command;

use crate::check::{Failure, Outcome, holds};
use crate::client::Http;
use crate::context::NAMESPACES;
use crate::fixture::namespace;
use crate::output::{Output, Totals, Verdict};
use crate::poll::eventually;
use crate::process::Process;
use crate::runner::play_all;
use crate::server::{Server, free_port};

mod collector;
mod metrics;
mod traces;

/// The cases of this module.
pub(crate) const NAMES: [&str; 3] =
    ["operator/metrics-for-the-few", "operator/metrics-for-promtool", "operator/traces"];

/// How long the operator may take to serve, and to create a component.
const SERVES: Duration = Duration::from_secs(20);
const CREATED: Duration = Duration::from_secs(20);

/// Runs the cases whose names contain `filter`; without a kymactl they are skipped.
pub(crate) async fn run_all(
    server: &Server,
    kymactl: Option<&Path>,
    filter: &str,
    run: &str,
    output: &mut Output,
) -> Totals {
    play_all(&NAMES, server.label, kymactl, filter, output, async |name, kymactl| {
        let scene = Scene { server, kymactl, name: format!("{}-{run}", name.replace('/', "-")) };
        match name {
            "operator/metrics-for-the-few" => metrics::for_the_few(&scene).await,
            "operator/metrics-for-promtool" => metrics::for_promtool(&scene).await,
            _ => traces::play(&scene).await.map_or_else(Verdict::Failed, |()| Verdict::Passed),
        }
    })
    .await
}

/// A server, and a name for what a case makes there.
struct Scene<'a> {
    server: &'a Server,
    kymactl: &'a Path,
    name: String,
}

impl Scene<'_> {
    fn http(&self) -> &Http {
        &self.server.http
    }

    /// A namespace of this name.
    async fn create_namespace(&self) -> Outcome {
        self.http().post(NAMESPACES, &namespace(&self.name)).await?.created().map(|_| ())
    }

    /// Creates a Kyma in it, and waits until the operator has created its one component.
    async fn create_kyma(&self) -> Outcome {
        let root = format!("/apis/inventory.kyma-project.io/v1alpha1/namespaces/{}", self.name);
        let kyma = json!({
            "apiVersion": "inventory.kyma-project.io/v1alpha1", "kind": "Kyma", "metadata": {"name": "one"},
            "spec": {"components": [{"name": "abc"}]},
        });
        self.http().post(&format!("{root}/kymas"), &kyma).await?.created()?;
        let component = format!("{root}/helmcomponents/one-abc");
        eventually("the component is created", CREATED, || async {
            let answer = self.http().get(&component).await?;
            Ok(if answer.code() == 200 { Ok(()) } else { Err(answer.text()) })
        })
        .await
    }

    async fn tidy(&self) {
        let _ = self.http().delete(&format!("{NAMESPACES}/{}", self.name)).await;
    }
}

/// A running operator.
pub(crate) struct Operator {
    process: Process,
    metrics: String,
}

impl Operator {
    /// Starts one against a server, with its log in a folder, and with more flags and variables.
    pub(crate) fn start(
        server: &Server,
        kymactl: &Path,
        log: PathBuf,
        more: &[&str],
        variables: &[(&str, &str)],
    ) -> Outcome<Self> {
        let failed = |error: std::io::Error| Failure::new("kymactl operator", "it starts", error.to_string());
        let address = || free_port().map(|port| format!("127.0.0.1:{port}"));
        let (metrics, health) = (address().map_err(failed)?, address().map_err(failed)?);
        let mut command = Command::new(kymactl);
        command.arg("operator").args([OsStr::new("--kubeconfig"), server.kubeconfig.as_os_str()]);
        command.args(["--metrics-bind-address", &metrics, "--health-probe-bind-address", &health]);
        command.args(more).envs(variables.iter().copied());
        let process = Process::spawn(command, log).map_err(failed)?;
        Ok(Self { process, metrics })
    }

    /// The process alone.
    pub(crate) fn into_process(self) -> Process {
        self.process
    }

    /// Where its metrics are.
    fn metrics(&self) -> &str {
        &self.metrics
    }

    /// Waits until it listens.
    async fn serves(&mut self) -> Outcome {
        let address = self.metrics.clone();
        let listens = eventually("the operator serves metrics", SERVES, || async {
            let connected = tokio::net::TcpStream::connect(&address).await;
            Ok(connected.map(drop).map_err(|error| error.to_string()))
        });
        match listens.await {
            Err(_) if self.process.ended().is_some() => {
                Err(Failure::new("the operator", "it runs", self.process.tail()))
            }
            listens => listens,
        }
    }

    /// Ends it by SIGTERM.
    async fn end(self) -> Outcome {
        let tail = self.process.tail();
        holds("the operator ends on SIGTERM with exit code 0", self.process.end().await, &tail)
    }
}

/// A folder that goes away.
fn folder() -> Outcome<TempDir> {
    tempfile::tempdir().map_err(|error| Failure::new("a folder", "one", error.to_string()))
}

//! The operator as a process of its own.

use std::net::SocketAddr;
use std::time::Duration;

use crate::client::Endpoint;
use crate::error::Error;
use crate::install;
use crate::server::{Program, Server, wait_for_ok};
use crate::tools::{Tools, free_port};

/// How long it may take until it watches.
const START_LIMIT: Duration = Duration::from_secs(60);

/// How the operator is started.
#[derive(Debug, Clone)]
pub(crate) struct Options {
    /// Its `--kube-api-qps`; the burst is as large.
    pub(crate) qps: String,
    /// Its `--max-concurrent-reconciles`.
    pub(crate) concurrency: u16,
    /// Whether it is a ServiceAccount, instead of the admin, whom nothing limits.
    pub(crate) service_account: bool,
}

/// Starts the operator and waits until it watches.
pub(crate) async fn start(server: &Server, options: &Options, tools: &Tools) -> Result<Program, Error> {
    let folder = tempfile::tempdir().map_err(Error::MakeFolder)?;
    let kubeconfig = match options.service_account {
        true => install::service_account(&server.endpoint, &server.kubeconfig, folder.path()).await?,
        false => server.kubeconfig.clone(),
    };
    // A whole number, since half a request is none.
    let burst = options.qps.parse::<f64>().map_or("-1".to_owned(), |qps| format!("{:.0}", qps.ceil()));
    let health = SocketAddr::from(([127, 0, 0, 1], free_port()?));
    let (health_text, concurrency) = (health.to_string(), options.concurrency.to_string());
    let mut args = vec!["operator".into(), "--kubeconfig".into(), kubeconfig.into_os_string()];
    args.extend(
        [
            "--kube-api-qps",
            &options.qps,
            "--kube-api-burst",
            &burst,
            "--max-concurrent-reconciles",
            &concurrency,
            "--metrics-bind-address",
            "0",
            "--health-probe-bind-address",
            &health_text,
        ]
        .map(Into::into),
    );
    let mut operator = Program::start("kymactl operator", &tools.kymactl, &args, folder)?;
    operator.during(wait_for_ok(&Endpoint::plain(health), "/readyz", START_LIMIT)).await?;
    Ok(operator)
}

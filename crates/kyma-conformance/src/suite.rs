//! A whole run: servers, cases, kubectl, the operator's life cycle.

use std::path::{Path, PathBuf};

use tokio::signal::unix::{SignalKind, signal};
use tokio::time::Instant;

use crate::args::{Args, Which};
use crate::case::Case;
use crate::cases;
use crate::check::Failure;
use crate::kubectl;
use crate::lifecycle;
use crate::matrix;
use crate::operator;
use crate::output::{Output, Totals, Verdict};
use crate::runner::{Surroundings, report, run_cases};
use crate::server::{Server, ServerError};

mod definitions;

pub(crate) use definitions::install_definitions;

/// Why a run could not be done, as opposed to a case that fails.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// A filter that nothing passes would look like success.
    #[error("no case's name contains {filter:?}; see --list")]
    SelectCases {
        /// The filter.
        filter: String,
    },
    /// A server could not be used.
    #[error("failed to get a server to run against")]
    GetServer(#[source] Box<ServerError>),
    /// The definitions of the inventory are not there or not taken.
    #[error("failed to install the definitions of {folder} on the {server} server: {why}")]
    InstallDefinitions {
        /// Where they should be.
        folder: PathBuf,
        /// Which server.
        server: &'static str,
        /// Why not.
        why: String,
    },
    /// The suites of other projects are not there, or cannot be run.
    #[error("failed to run the suites of other projects: {place}: {why}")]
    RunPeers {
        /// Where they should be.
        place: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// The weights and explanations of the random requests cannot be read.
    #[error("failed to read {file}: {why}")]
    ReadDiffer {
        /// The file.
        file: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// Ctrl-C or SIGTERM.
    #[error("interrupted")]
    Interrupt,
}

/// Runs what the arguments ask for, and ends all servers that it started.
///
/// # Errors
/// When nothing could be run; a case that fails is no error but counted.
pub async fn run(args: &Args, output: &mut Output) -> Result<Totals, RunError> {
    let names = names(&args.filter);
    if names.is_empty() {
        return Err(RunError::SelectCases { filter: args.filter.clone() });
    }
    if args.list {
        names.iter().for_each(|name| output.line(name));
        return Ok(Totals::default());
    }
    let mut servers = Vec::new();
    let done = tokio::select! {
        biased;
        () = interrupted() => Err(RunError::Interrupt),
        done = start_and_run(args, &mut servers, output) => done,
    };
    let mut totals = done.as_ref().copied().unwrap_or_default();
    for server in servers {
        let label = server.label;
        let started = Instant::now();
        if let Err(why) = server.stop().await {
            let verdict = Verdict::Failed(Failure::new("the end of the server", "a clean one", why));
            report(output, &mut totals, ("server/ends", label), started.elapsed(), &verdict);
        }
    }
    done?;
    output.totals(totals);
    Ok(totals)
}

/// Ctrl-C, or a SIGTERM of whoever runs this.
pub(crate) async fn interrupted() {
    let terminated = async {
        match signal(SignalKind::terminate()) {
            Ok(mut signal) => signal.recv().await,
            Err(_) => std::future::pending().await,
        }
    };
    tokio::select! {
        biased;
        _ = tokio::signal::ctrl_c() => {}
        _ = terminated => {}
    }
}

/// The names of all cases that contain this text.
fn names(filter: &str) -> Vec<String> {
    let cases = cases::all().into_iter().map(|case| case.name);
    let scripts = kubectl::scripts().into_iter().map(|script| script.name);
    let named = cases.chain(scripts).chain(lifecycle::NAMES).chain(operator::NAMES).map(str::to_owned);
    named.chain(matrix::names()).filter(|name| name.contains(filter)).collect()
}

async fn start_and_run(
    args: &Args,
    servers: &mut Vec<Server>,
    output: &mut Output,
) -> Result<Totals, RunError> {
    start(args, servers).await.map_err(|error| RunError::GetServer(Box::new(error)))?;
    for server in servers.iter() {
        install_definitions(server, &args.crds).await.map_err(|why| RunError::InstallDefinitions {
            folder: args.crds.clone(),
            server: server.label,
            why,
        })?;
    }
    // Short and of a legal name's letters.
    let run = format!("{:05x}", fastrand::u32(0..=0xf_ffff));
    let cases: Vec<Case> = cases::all().into_iter().filter(|case| case.name.contains(&args.filter)).collect();
    let mut totals = Totals::default();
    for server in servers.iter() {
        let around = Surroundings {
            server: server.label,
            http: &server.http,
            anonymous: &server.anonymous,
            run: &run,
            concurrency: usize::from(args.concurrency),
        };
        totals.add(run_cases(&around, &cases, output).await);
        let plan = matrix::Plan {
            filter: &args.filter,
            run: &run,
            concurrency: usize::from(args.concurrency),
            folder: &args.recorded,
            // Only the real server's answers are worth it.
            record: args.record && server.label == "real",
        };
        totals.add(matrix::run_all(server, &plan, output).await);
    }
    if let [one, other] = servers.as_slice() {
        let kubectl = absolute(&args.kubectl.clone().unwrap_or_else(pinned_kubectl));
        totals.add(kubectl::compare_all(&kubectl, [one, other], &args.filter, &run, output).await);
    } else {
        totals.add(kubectl::skip_all(&args.filter, output));
    }
    for server in servers.iter() {
        let kymactl = args.kymactl.as_deref();
        totals.add(lifecycle::run_all(server, kymactl, &args.filter, &run, output).await);
        totals.add(operator::run_all(server, kymactl, &args.filter, &run, output).await);
    }
    Ok(totals)
}

async fn start(args: &Args, servers: &mut Vec<Server>) -> Result<(), ServerError> {
    if let Some(kubeconfig) = &args.kubeconfig {
        servers.push(Server::given(&absolute(kubeconfig)).await?);
        return Ok(());
    }
    if args.server != Which::Real {
        servers.push(Server::embedded(args.kymactl.as_deref()).await?);
    }
    if args.server != Which::Embedded {
        servers.push(Server::real(&args.controlplane).await?);
    }
    Ok(())
}

/// For programs that are started in another folder.
fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

/// Where hack/controlplane puts it.
fn pinned_kubectl() -> PathBuf {
    let variable = |name: &str, default: &str| std::env::var(name).unwrap_or_else(|_| default.to_owned());
    let cache = variable("CONTROLPLANE_CACHE", ".cache/controlplane");
    let version = variable("K8S_VERSION", "1.37.2");
    Path::new(&cache).join(version.trim_start_matches('v')).join("kubectl")
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::{RunError, names, run};
    use crate::args::Args;
    use crate::output::tests::Shared;
    use crate::output::{Output, Totals};

    async fn run_with(args: &[&str]) -> (Result<Totals, RunError>, String) {
        let args = Args::try_parse_from(["run"].iter().chain(args)).unwrap();
        let shared = Shared::default();
        let done = run(&args, &mut Output::new(shared.clone(), false)).await;
        (done, shared.text())
    }

    #[tokio::test]
    async fn the_list_names_every_kind_of_case() {
        let (done, text) = run_with(&["--list"]).await;
        assert!(done.is_ok());
        assert_eq!(text.lines().collect::<Vec<_>>(), names(""));
        for name in ["create/name-taken", "kubectl/apply", "lifecycle/one-kyma", "operator/traces"] {
            assert!(text.lines().any(|line| line == name), "{name}");
        }
        assert_eq!(run_with(&["--list", "--filter", "create/name-t"]).await.1, "create/name-taken\n");
    }

    #[tokio::test]
    async fn a_filter_that_nothing_passes_is_an_error() {
        let (done, text) = run_with(&["--filter", "craete"]).await;
        assert!(matches!(done, Err(RunError::SelectCases { filter }) if filter == "craete"));
        assert_eq!(text, "");
    }

    #[tokio::test]
    async fn without_the_binary_the_embedded_server_cannot_be_had() {
        let (done, _) = run_with(&["--server", "embedded", "--kymactl", "/nowhere/kymactl"]).await;
        assert!(matches!(done, Err(RunError::GetServer(_))));
    }
}

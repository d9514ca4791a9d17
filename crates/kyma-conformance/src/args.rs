//! The command line.

use std::path::PathBuf;

use clap::{Parser, ValueEnum};

/// Conformance cases of the Kubernetes API, against the embedded and the real API server.
#[derive(Debug, Parser)]
#[command(name = "kyma-conformance", version)]
pub enum Command {
    /// Run the cases; exit code 1 when one fails.
    Run(Args),
    /// Kill `kymactl apiserver` under load again and again: nothing that it acknowledged may be lost.
    Durability(DurabilityArgs),
    /// Run the test suites of other projects; every case that passes on the real server must pass on the embedded one.
    Peers(PeersArgs),
    /// Send the same random requests to both servers and compare the answers.
    Differ(DifferArgs),
}

/// How many random requests, and from which seeds.
#[derive(Clone, Debug, Parser)]
pub struct DifferArgs {
    /// How many requests in all.
    #[arg(long, value_name = "N", default_value_t = 20_000, value_parser = clap::value_parser!(u64).range(1..))]
    pub requests: u64,
    /// End after so many seconds.
    #[arg(long, value_name = "S")]
    pub seconds: Option<u64>,
    /// A stream of requests for each [default: those of the configuration]
    #[arg(long = "seed", value_name = "SEED")]
    pub seeds: Vec<u64>,
    /// Weights, and the differences that are explained.
    #[arg(long, value_name = "FILE", default_value = "crates/kyma-conformance/differ.yaml")]
    pub config: PathBuf,
    /// The kymactl binary.
    #[arg(long, value_name = "FILE", env = "KYMACTL_BIN")]
    pub kymactl: Option<PathBuf>,
    /// The script that starts and stops the real control plane.
    #[arg(long, value_name = "FILE", env = "KYMA_CONTROLPLANE", default_value = "hack/controlplane/run.sh")]
    pub controlplane: PathBuf,
}

/// Which suites, and against what.
#[derive(Clone, Debug, Parser)]
pub struct PeersArgs {
    /// Which servers to start, a fresh one for each suite.
    #[arg(long, value_enum, default_value_t = Which::Both)]
    pub server: Which,
    /// Only suites whose name, such as controller-runtime/client, contains this text.
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub filter: String,
    /// The folder with the suites, as hack/peers/build.sh builds them.
    #[arg(long, value_name = "DIR", env = "PEERS_CACHE", default_value = ".cache/peers")]
    pub suites: PathBuf,
    /// The cases that do not apply to the embedded server, each with its reason.
    #[arg(long, value_name = "FILE", default_value = "hack/peers/not-applicable.yaml")]
    pub not_applicable: PathBuf,
    /// Where to write the table; without it, it is printed.
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// The kymactl binary.
    #[arg(long, value_name = "FILE", env = "KYMACTL_BIN")]
    pub kymactl: Option<PathBuf>,
    /// The script that starts and stops the real control plane.
    #[arg(long, value_name = "FILE", env = "KYMA_CONTROLPLANE", default_value = "hack/controlplane/run.sh")]
    pub controlplane: PathBuf,
}

/// How often to kill the server, and which.
#[derive(Clone, Debug, Parser)]
pub struct DurabilityArgs {
    /// How often the server is killed; between these ends some more are by SIGTERM.
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u16).range(1..))]
    pub kills: u16,
    /// Repeats the choices of a run: which writes, and after how many the server ends.
    #[arg(long, value_name = "SEED")]
    pub seed: Option<u64>,
    /// The kymactl binary.
    #[arg(long, value_name = "FILE", env = "KYMACTL_BIN")]
    pub kymactl: PathBuf,
    /// The folder with the inventory's CRDs.
    #[arg(long, value_name = "DIR", default_value = "config/crd/bases")]
    pub crds: PathBuf,
}

/// What to run, and against what.
#[derive(Clone, Debug, Parser)]
pub struct Args {
    /// Which servers to start.
    #[arg(long, value_enum, default_value_t = Which::Both)]
    pub server: Which,
    /// Only cases whose name contains this text.
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub filter: String,
    /// Print the names of the cases instead of running them.
    #[arg(long)]
    pub list: bool,
    /// Use the server of this kubeconfig instead of starting one.
    #[arg(long, value_name = "FILE")]
    pub kubeconfig: Option<PathBuf>,
    /// The kymactl binary: the embedded server and the operator.
    #[arg(long, value_name = "FILE", env = "KYMACTL_BIN")]
    pub kymactl: Option<PathBuf>,
    /// The script that starts and stops the real control plane.
    #[arg(long, value_name = "FILE", env = "KYMA_CONTROLPLANE", default_value = "hack/controlplane/run.sh")]
    pub controlplane: PathBuf,
    /// The pinned kubectl [default: that of the control plane's cache]
    #[arg(long, value_name = "FILE", env = "KYMA_KUBECTL")]
    pub kubectl: Option<PathBuf>,
    /// The folder with the inventory's CRDs.
    #[arg(long, value_name = "DIR", default_value = "config/crd/bases")]
    pub crds: PathBuf,
    /// The folder with the recorded answers of the matrix.
    #[arg(long, value_name = "DIR", default_value = "crates/kyma-conformance/recorded")]
    pub recorded: PathBuf,
    /// Write what the real server answers in the matrix, instead of comparing with it.
    #[arg(long)]
    pub record: bool,
    /// How many cases run at a time.
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u8).range(1..=64))]
    pub concurrency: u8,
}

/// Which servers a run is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Which {
    /// `kymactl apiserver`.
    Embedded,
    /// kube-apiserver with etcd and kube-controller-manager.
    Real,
    /// One after the other, and kubectl's output on both compared.
    Both,
}

#[cfg(test)]
mod tests {
    use clap::{CommandFactory, Parser};

    use super::{Args, Command, Which};

    #[test]
    fn the_command_line_is_consistent() {
        Command::command().debug_assert();
    }

    #[test]
    fn without_flags_everything_runs_on_both() {
        let args = Args::try_parse_from(["run"]).unwrap();
        assert_eq!((args.server, args.filter.as_str(), args.concurrency), (Which::Both, "", 4));
    }

    #[test]
    fn a_wrong_server_is_wrong_usage() {
        assert!(Command::try_parse_from(["kyma-conformance", "run", "--server", "mock"]).is_err());
        assert!(Command::try_parse_from(["kyma-conformance", "run", "--concurrency", "0"]).is_err());
    }
}

//! The experiment's command line.

use std::path::PathBuf;

use clap::{Args as Group, Subcommand, ValueEnum};
use kyma_report::gate::Gate;

use super::{Defaults as _, UpDefaults, api_rate};

#[derive(Debug, Group)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub(crate) struct LoadtestArgs {
    #[command(subcommand)]
    pub(crate) action: Option<LoadtestAction>,
    /// Where to write the result; a new folder, or an empty one.
    #[arg(long, value_name = "DIR", required = true)]
    pub(crate) out: Option<PathBuf>,
    /// What is to happen: `basic` (1000 Kymas at once), `burst` (4000 at once), `original` (4 batches of 1000, 1.1 a second),
    /// or a YAML file.
    #[arg(long, value_name = "NAME|FILE", default_value = "basic")]
    pub(crate) scenario: String,
    /// How many Kymas; without it as many as the scenario says.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub(crate) kymas: Option<u32>,
    /// Let the fleet arrive so many times as fast.
    #[arg(long, value_name = "FACTOR", default_value_t = 1.0, value_parser = speed)]
    pub(crate) speed: f64,
    /// The operator's flag: requests a second to the API server; -1 for no limit, auto for as many as it bears.
    #[arg(long, value_name = "RATE", default_value = UpDefaults::KUBE_API_QPS, allow_negative_numbers = true, value_parser = typed_rate)]
    pub(crate) kube_api_qps: String,
    /// The operator's flag: how many objects each controller works on at a time.
    #[arg(long, value_name = "N", default_value = UpDefaults::MAX_CONCURRENT_RECONCILES, value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) max_concurrent_reconciles: u16,
    /// What a figure of the result must be, such as `makespan_ratio<=1.2` or `kyma_lateness_seconds.p99<3`; exit code 3 where it
    /// is not. Can be repeated.
    #[arg(long, value_name = "GATE")]
    pub(crate) assert: Vec<Gate>,
    /// More flags of the operator.
    #[arg(last = true, value_name = "FLAG")]
    pub(crate) operator: Vec<String>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum LoadtestAction {
    /// Make the result again from what a run has written.
    Report {
        /// The folder of the run.
        #[arg(value_name = "DIR")]
        folder: PathBuf,
        /// What a figure of the result must be; exit code 3 where it is not. Can be repeated.
        #[arg(long, value_name = "GATE")]
        assert: Vec<Gate>,
    },
}

/// Which runs to compare.
#[derive(Debug, Group)]
pub(crate) struct CompareArgs {
    /// The folders of the runs before, with commas between them.
    #[arg(value_name = "BASE", value_delimiter = ',', required = true, num_args = 1)]
    pub(crate) base: Vec<PathBuf>,
    /// The folders of the runs now.
    #[arg(value_name = "NEW", value_delimiter = ',', required = true, num_args = 1)]
    pub(crate) new: Vec<PathBuf>,
    /// What is worse by more than this, and by more than the noise of the runs, is a regression: exit code 3.
    #[arg(long, value_name = "PERCENT", default_value_t = 10.0, value_parser = percent)]
    pub(crate) threshold: f64,
    /// The form of the output.
    #[arg(short, long, value_enum, default_value_t = CompareFormat::Markdown)]
    pub(crate) output: CompareFormat,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum CompareFormat {
    /// A table for a pull request.
    Markdown,
    /// For programs.
    Json,
}

fn percent(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(percent) if (0.0..=1000.0).contains(&percent) => Ok(percent),
        _ => Err("must be between 0 and 1000".to_owned()),
    }
}

/// A rate as it was typed, if it is one.
fn typed_rate(text: &str) -> Result<String, String> {
    api_rate(text).map(|_| text.to_owned())
}

fn speed(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(speed) if (0.001..=10_000.0).contains(&speed) => Ok(speed),
        _ => Err("must be between 0.001 and 10000".to_owned()),
    }
}

//! The command line, as typed.

use std::path::PathBuf;

use clap::{Args as Group, Parser, Subcommand};

use crate::scenario::Attack;

/// Measures what kymactl costs: CPU time, memory and the time that a fleet takes.
///
/// The binary is target/release/kymactl, or what KYMACTL_BIN names. The real control plane is built by
/// hack/controlplane/build.sh; an instance of its own, `bench` or what CONTROLPLANE_NAME names, is started for each run and removed.
#[derive(Debug, Parser)]
#[command(name = "kyma-bench", max_term_width = 100)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// What one request costs the server.
    Requests(RequestsArgs),
    /// How long one Kyma and a fleet take in one process.
    Up(UpArgs),
    /// How long a fleet takes over the network, and what it costs server and operator.
    Fleet(FleetArgs),
    /// What a fleet costs the operator as a process of its own, on the embedded server: memory, CPU, start-up, and how long a user
    /// waits in the middle of a roll-out.
    Operator(OperatorArgs),
    /// What a durable write costs the store, beside one in memory, and how long its opening takes.
    Store(StoreArgs),
    /// Whether clients that misbehave cost the server more memory than is stated, or others their time.
    Attack(AttackArgs),
    /// What the API server costs as a library, in this process.
    Library(LibraryArgs),
    /// What a waiting key costs in the operator's work queue, in this process.
    Queue(QueueArgs),
    /// `requests`, `up`, `up --durable`, `operator`, `store`, `attack`, `library` and `queue` with their defaults: what needs no real control
    /// plane.
    Embedded(SuiteArgs),
    /// `requests --real` and `fleet --real` with their defaults.
    Real(SuiteArgs),
}

/// What all have in common.
#[derive(Debug, Clone, Group)]
pub(crate) struct CommonArgs {
    /// How often to measure; the tables have the median, with the extremes behind it. [default: 3, with --quick 1]
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) runs: Option<u16>,
    /// Small numbers: shows that it works, not how fast.
    #[arg(long)]
    pub(crate) quick: bool,
    /// The real control plane's version.
    #[arg(long, value_name = "VERSION", default_value = "1.34.4")]
    pub(crate) k8s_version: String,
}

/// Where one command's tables go besides standard output.
#[derive(Debug, Clone, Default, Group)]
pub(crate) struct OutArgs {
    /// Also write the tables, with command, commit and machine, to this file.
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
}

#[derive(Debug, Group)]
pub(crate) struct RequestsArgs {
    /// Also measure kube-apiserver and etcd, and compare.
    #[arg(long)]
    pub(crate) real: bool,
    /// Requests of each kind, lists apart, to kymactl. [default: 20000, with --quick 200]
    #[arg(long, value_name = "N", value_parser = at_least_one)]
    pub(crate) operations: Option<usize>,
    /// Requests of each kind, lists apart, to kube-apiserver. [default: 3000, with --quick 100]
    #[arg(long, value_name = "N", value_parser = at_least_one)]
    pub(crate) operations_real: Option<usize>,
    /// Objects in a list. [default: 3000, with --quick 50]
    #[arg(long, value_name = "N", value_parser = at_least_one)]
    pub(crate) list_objects: Option<usize>,
    /// Lists that kymactl is asked for: many, since the process table counts in steps of 10 ms. [default: 200, with --quick 20]
    #[arg(long, value_name = "N", value_parser = at_least_one)]
    pub(crate) lists: Option<usize>,
    /// Lists that kube-apiserver is asked for. [default: 20]
    #[arg(long, value_name = "N", value_parser = at_least_one)]
    pub(crate) lists_real: Option<usize>,
    /// Connections, each with one request at a time.
    #[arg(long, value_name = "N", default_value_t = 16, value_parser = at_least_one)]
    pub(crate) connections: usize,
    #[command(flatten)]
    pub(crate) common: CommonArgs,
    #[command(flatten)]
    pub(crate) out: OutArgs,
}

#[derive(Debug, Group)]
pub(crate) struct UpArgs {
    /// Kymas of the fleet that is compared with one Kyma. [default: 1000, with --durable 4000, with --quick 5]
    #[arg(long, value_name = "N", value_parser = at_least_one)]
    pub(crate) kymas: Option<usize>,
    /// With a data directory, in the temporary folder, instead of in memory.
    #[arg(long)]
    pub(crate) durable: bool,
    #[command(flatten)]
    pub(crate) common: CommonArgs,
    #[command(flatten)]
    pub(crate) out: OutArgs,
}

#[derive(Debug, Group)]
#[command(group(clap::ArgGroup::new("server").args(["real", "embedded"]).required(true).multiple(true)))]
pub(crate) struct FleetArgs {
    /// Against kube-apiserver and etcd.
    #[arg(long)]
    pub(crate) real: bool,
    /// Against `kymactl apiserver`, as a process of its own.
    #[arg(long)]
    pub(crate) embedded: bool,
    /// Kymas of the fleet. [default: 500, with --quick 5]
    #[arg(long, value_name = "N", value_parser = at_least_one)]
    pub(crate) kymas: Option<usize>,
    /// The operator's flag of the same name.
    #[arg(long, value_name = "N", default_value_t = 16, value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) max_concurrent_reconciles: u16,
    /// The operator's flag of the same name: requests a second, -1 for no limit, or auto. The burst is as large.
    #[arg(long, value_name = "RATE", default_value = "-1", allow_negative_numbers = true)]
    pub(crate) kube_api_qps: String,
    /// Let the operator be a ServiceAccount, which API Priority and Fairness does not exempt.
    #[arg(long, conflicts_with = "embedded")]
    pub(crate) service_account: bool,
    #[command(flatten)]
    pub(crate) common: CommonArgs,
    #[command(flatten)]
    pub(crate) out: OutArgs,
}

#[derive(Debug, Group)]
pub(crate) struct OperatorArgs {
    /// Kymas of the fleet. [default: 4000, with --quick 5]
    #[arg(long, value_name = "N", value_parser = at_least_one)]
    pub(crate) kymas: Option<usize>,
    /// The operator's flag of the same name.
    #[arg(long, value_name = "N", default_value_t = 128, value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) max_concurrent_reconciles: u16,
    #[command(flatten)]
    pub(crate) common: CommonArgs,
    #[command(flatten)]
    pub(crate) out: OutArgs,
}

#[derive(Debug, Group)]
pub(crate) struct StoreArgs {
    /// Objects that are created, and then replaced once each. [default: 20000, with --quick 2000]
    #[arg(long, value_name = "N", value_parser = at_least_one)]
    pub(crate) objects: Option<usize>,
    /// Objects in the store whose opening is measured. [default: 100000, with --quick 10000]
    #[arg(long, value_name = "N", value_parser = at_least_one)]
    pub(crate) stored_objects: Option<usize>,
    /// Where to make the data directories: their disk is what is measured. [default: the temporary folder]
    #[arg(long, value_name = "DIR")]
    pub(crate) scratch: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) common: CommonArgs,
    #[command(flatten)]
    pub(crate) out: OutArgs,
}

#[derive(Debug, Group)]
pub(crate) struct AttackArgs {
    /// Only this attack; can be repeated. [default: all]
    #[arg(long, value_name = "ATTACK")]
    pub(crate) only: Vec<Attack>,
    /// How long each turn is, without attackers or with them. [default: 5, with --quick 1]
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u16).range(1..=60))]
    pub(crate) seconds: Option<u16>,
    /// Requests that well-behaved clients send in a second, together.
    #[arg(long, value_name = "N", default_value_t = 500, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub(crate) rate: u32,
    #[command(flatten)]
    pub(crate) common: CommonArgs,
    #[command(flatten)]
    pub(crate) out: OutArgs,
}

#[derive(Debug, Group)]
pub(crate) struct LibraryArgs {
    /// Servers in this process. [default: 1000, with --quick 50]
    #[arg(long, value_name = "N", value_parser = at_least_one)]
    pub(crate) servers: Option<usize>,
    /// Custom kinds that are defined. [default: 100, with --quick 10]
    #[arg(long, value_name = "N", value_parser = at_least_one)]
    pub(crate) kinds: Option<usize>,
    /// Objects whose memory is measured. [default: 50000, with --quick 5000]
    #[arg(long, value_name = "N", value_parser = at_least_one)]
    pub(crate) objects: Option<usize>,
    /// Watchers of one resource. [default: 10000, with --quick 500]
    #[arg(long, value_name = "N", value_parser = at_least_one)]
    pub(crate) watchers: Option<usize>,
    /// Events that each of them gets.
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = at_least_one)]
    pub(crate) events: usize,
    #[command(flatten)]
    pub(crate) common: CommonArgs,
    #[command(flatten)]
    pub(crate) out: OutArgs,
}

#[derive(Debug, Group)]
pub(crate) struct QueueArgs {
    /// Keys that wait at once. [default: 1000000, with --quick 50000]
    #[arg(long, value_name = "N", value_parser = at_least_one)]
    pub(crate) keys: Option<usize>,
    #[command(flatten)]
    pub(crate) common: CommonArgs,
    #[command(flatten)]
    pub(crate) out: OutArgs,
}

#[derive(Debug, Group)]
pub(crate) struct SuiteArgs {
    /// Also write each command's tables to a file in this folder.
    #[arg(long, value_name = "DIR")]
    pub(crate) out_dir: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) common: CommonArgs,
}

impl CommonArgs {
    /// How often to measure.
    pub(crate) fn runs(&self) -> usize {
        usize::from(self.runs.unwrap_or(if self.quick { 1 } else { 3 }))
    }

    /// What was asked for, or the default.
    pub(crate) fn pick(&self, given: Option<usize>, full: usize, quick: usize) -> usize {
        given.unwrap_or(if self.quick { quick } else { full })
    }
}

impl SuiteArgs {
    /// What `requests` would have been called with.
    pub(crate) fn requests(&self, real: bool) -> RequestsArgs {
        RequestsArgs {
            real,
            operations: None,
            operations_real: None,
            list_objects: None,
            lists: None,
            lists_real: None,
            connections: 16,
            common: self.common.clone(),
            out: self.out(if real { "requests-real.md" } else { "requests.md" }),
        }
    }

    /// What `up` would have been called with.
    pub(crate) fn up(&self, durable: bool) -> UpArgs {
        let out = self.out(if durable { "up-durable.md" } else { "up.md" });
        UpArgs { kymas: None, durable, common: self.common.clone(), out }
    }

    /// What `operator` would have been called with.
    pub(crate) fn operator(&self) -> OperatorArgs {
        OperatorArgs {
            kymas: None,
            max_concurrent_reconciles: 128,
            common: self.common.clone(),
            out: self.out("operator.md"),
        }
    }

    /// What `store` would have been called with.
    pub(crate) fn store(&self) -> StoreArgs {
        StoreArgs {
            objects: None,
            stored_objects: None,
            scratch: None,
            common: self.common.clone(),
            out: self.out("store.md"),
        }
    }

    /// What `attack` would have been called with.
    pub(crate) fn attack(&self) -> AttackArgs {
        AttackArgs {
            only: Vec::new(),
            seconds: None,
            rate: 500,
            common: self.common.clone(),
            out: self.out("attack.md"),
        }
    }

    /// What `library` would have been called with.
    pub(crate) fn library(&self) -> LibraryArgs {
        LibraryArgs {
            servers: None,
            kinds: None,
            objects: None,
            watchers: None,
            events: 20,
            common: self.common.clone(),
            out: self.out("library.md"),
        }
    }

    /// What `queue` would have been called with.
    pub(crate) fn queue(&self) -> QueueArgs {
        QueueArgs { keys: None, common: self.common.clone(), out: self.out("queue.md") }
    }

    /// What `fleet --real` would have been called with.
    pub(crate) fn fleet(&self) -> FleetArgs {
        FleetArgs {
            real: true,
            embedded: false,
            kymas: None,
            max_concurrent_reconciles: 16,
            kube_api_qps: "-1".to_owned(),
            service_account: false,
            common: self.common.clone(),
            out: self.out("fleet-real.md"),
        }
    }

    fn out(&self, file: &str) -> OutArgs {
        OutArgs { out: self.out_dir.as_ref().map(|folder| folder.join(file)) }
    }
}

fn at_least_one(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(number) if number > 0 => Ok(number),
        _ => Err("must be a whole number above 0".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    fn parse(line: &str) -> Result<Command, String> {
        let words = std::iter::once("kyma-bench").chain(line.split_whitespace());
        Args::try_parse_from(words).map(|args| args.command).map_err(|error| error.to_string())
    }

    #[test]
    fn the_command_line_is_consistent() {
        Args::command().debug_assert();
    }

    #[test]
    fn quick_changes_only_what_was_not_given() {
        let Ok(Command::Requests(args)) = parse("requests --real --quick --operations 7") else { panic!() };
        assert_eq!(args.common.pick(args.operations, 20_000, 200), 7);
        assert_eq!(args.common.pick(args.operations_real, 3000, 100), 100);
        assert_eq!(args.common.runs(), 1);
        let Ok(Command::Up(args)) = parse("up --runs 2") else { panic!() };
        assert_eq!((args.common.pick(args.kymas, 1000, 5), args.common.runs()), (1000, 2));
    }

    #[test]
    fn a_fleet_needs_a_server() {
        assert!(parse("fleet --kymas 5").is_err());
        assert!(parse("fleet --real --embedded").is_ok());
        for line in ["fleet --real --kymas 0", "up --runs 0", "requests --connections 0", "store --objects 0"]
        {
            assert!(parse(line).is_err(), "{line}");
        }
    }

    #[test]
    fn a_suite_is_its_commands_with_their_defaults() {
        let Ok(Command::Real(suite)) = parse("real --quick --out-dir d") else { panic!() };
        let Ok(Command::Requests(typed)) = parse("requests --real --quick --out d/requests-real.md") else {
            panic!()
        };
        assert_eq!(format!("{:?}", suite.requests(true)), format!("{typed:?}"));
        let Ok(Command::Fleet(typed)) = parse("fleet --real --quick --out d/fleet-real.md") else { panic!() };
        assert_eq!(format!("{:?}", suite.fleet()), format!("{typed:?}"));
        let Ok(Command::Up(typed)) = parse("up --quick --out d/up.md") else { panic!() };
        assert_eq!(format!("{:?}", suite.up(false)), format!("{typed:?}"));
        let Ok(Command::Up(typed)) = parse("up --durable --quick --out d/up-durable.md") else { panic!() };
        assert_eq!(format!("{:?}", suite.up(true)), format!("{typed:?}"));
        let Ok(Command::Operator(typed)) = parse("operator --quick --out d/operator.md") else { panic!() };
        assert_eq!(format!("{:?}", suite.operator()), format!("{typed:?}"));
        let Ok(Command::Store(typed)) = parse("store --quick --out d/store.md") else { panic!() };
        assert_eq!(format!("{:?}", suite.store()), format!("{typed:?}"));
        let Ok(Command::Attack(typed)) = parse("attack --quick --out d/attack.md") else { panic!() };
        assert_eq!(format!("{:?}", suite.attack()), format!("{typed:?}"));
        let Ok(Command::Library(typed)) = parse("library --quick --out d/library.md") else { panic!() };
        assert_eq!(format!("{:?}", suite.library()), format!("{typed:?}"));
        let Ok(Command::Queue(typed)) = parse("queue --quick --out d/queue.md") else { panic!() };
        assert_eq!(format!("{:?}", suite.queue()), format!("{typed:?}"));
    }
}

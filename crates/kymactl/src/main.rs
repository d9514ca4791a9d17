//! kymactl: operate, try and prove a Kyma fleet. Parses the command line, joins the parts, prints.

mod allocator;
mod args;
mod commands;
mod connect;
mod exit;
mod fleet;
mod logging;
mod output;
mod signals;
mod status;
mod traces;

use std::process::ExitCode;

use clap::Parser;

use args::{Args, Command, LoadtestAction, LoadtestArgs};
use exit::Failure;
use traces::Traces;

fn main() -> ExitCode {
    // Usage errors end here with code 2, help and version with 0.
    let args = Args::parse();
    let collector = traces_of(&args.command);
    let (traces, refused) = match collector.map(Traces::to).transpose() {
        Ok(traces) => (traces, None),
        // What is said to all programs of a machine must not end this one.
        Err(error) if traces::is_from_environment(collector) => (None, Some(error)),
        Err(error) => return Failure::from(error).report(),
    };
    logging::start(&args.log, traces.as_ref());
    if let Some(error) = refused {
        tracing::warn!("there are no traces: {}", exit::chain(&error));
    }
    let done = run(args);
    if let Some(traces) = traces {
        traces.end();
    }
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(),
    }
}

/// The collector of traces, for commands that have some.
fn traces_of(command: &Command) -> Option<&str> {
    match command {
        Command::Operator(operator) => {
            operator.traces.otlp_endpoint.as_deref().filter(|endpoint| !endpoint.is_empty())
        }
        _ => None,
    }
}

fn run(args: Args) -> Result<(), Failure> {
    match args.command {
        Command::Crds => commands::documents::crds(),
        Command::Completion { shell } => commands::documents::completion(shell),
        Command::Man => commands::documents::man(),
        Command::Version => commands::documents::version(),
        Command::Up(up) => block_on(commands::up::run(up)),
        Command::Apiserver(apiserver) => block_on(commands::apiserver::run(apiserver)),
        Command::Operator(operator) => block_on(commands::operator::run(operator)),
        Command::Loadtest(LoadtestArgs {
            action: Some(LoadtestAction::Report { folder, assert }), ..
        }) => commands::loadtest::report(&folder, &assert),
        Command::Compare(args) => commands::compare::run(&args),
        Command::Loadtest(args) => block_on(commands::loadtest::run(args)),
        Command::Sample(sample) if sample.apply => block_on(commands::sample::apply(sample)),
        Command::Sample(sample) => commands::sample::print(&sample),
        Command::Status(status) => block_on(commands::status::run(status)),
    }
}

fn block_on(command: impl Future<Output = Result<(), Failure>>) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|source| Failure::new("failed to start the runtime", &source))?;
    let done = runtime.block_on(command);
    // A thread that hangs, as on a disk that does not answer, must not keep the process from ending.
    runtime.shutdown_background();
    done
}

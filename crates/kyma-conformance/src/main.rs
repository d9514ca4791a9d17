//! `kyma-conformance`: parse, run, exit code.

use std::io::{IsTerminal, stderr, stdout};
use std::process::ExitCode;

use clap::Parser;
use kyma_conformance::{Command, Output, differ, durability, peers, run};

#[tokio::main]
async fn main() -> ExitCode {
    let mut output = Output::new(stdout(), stdout().is_terminal());
    let done = match Command::parse() {
        Command::Run(args) => run(&args, &mut output).await,
        Command::Durability(args) => durability(&args, &mut output).await,
        Command::Differ(args) => differ(&args, &mut output).await,
        Command::Peers(args) => peers(&args, &mut output).await,
    };
    match done {
        Ok(totals) if totals.failed == 0 => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => {
            Output::new(stderr(), false).error(&error);
            ExitCode::FAILURE
        }
    }
}

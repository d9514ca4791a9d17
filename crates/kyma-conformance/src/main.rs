//! `kyma-conformance`: parse, run, exit code.

use std::io::{IsTerminal, stderr, stdout};
use std::process::ExitCode;

use clap::Parser;
use kyma_conformance::{Command, Output, run};

#[tokio::main]
async fn main() -> ExitCode {
    let Command::Run(args) = Command::parse();
    let mut output = Output::new(stdout(), stdout().is_terminal());
    match run(&args, &mut output).await {
        Ok(totals) if totals.failed == 0 => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => {
            Output::new(stderr(), false).error(&error);
            ExitCode::FAILURE
        }
    }
}

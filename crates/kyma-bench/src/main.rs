//! `kyma-bench`: what kymactl costs, measured from outside.
//!
//! It starts the release binary, and the real control plane where a figure stands beside it, drives them over TLS as
//! any client would, and reads their CPU time and memory from the process table. It links nothing of what it
//! measures, the store and the server as a library excepted, which are measured in this process. CPU time is the figure to trust on a machine that others use too; times and rates are only as good as
//! the machine is quiet.
//!
//! A run is a list of `scenario`s: `requests` (one request's price), `up` (a fleet in one process), `fleet` (a fleet
//! over the network), `operator` (what the operator costs and how soon it is there), `attack` (what clients that misbehave
//! cost the others), `store` (a durable write's price), `library` (the server in this process) and `queue` (the work queue in
//! this process). Each but the last three starts a `server`, drives it through `client`, and hands back plain numbers; `report`
//! makes Markdown of them. Whoever is dropped ends the processes it started, so failure, a time limit and Ctrl-C all clean up.

mod args;
mod client;
mod console;
mod environment;
mod error;
mod fleet_watch;
mod install;
mod operator;
mod process;
mod report;
mod sample;
mod scenario;
mod server;
mod statistics;
mod tools;

use std::process::ExitCode;

use clap::Parser as _;
use tokio::signal::unix::{SignalKind, signal};

use crate::args::Args;
use crate::error::{Error, chain};

/// That of kymactl: what is measured in this process is to cost what it costs there.
#[cfg(not(target_env = "msvc"))]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

#[tokio::main]
async fn main() -> ExitCode {
    let args = Args::parse();
    let done = tokio::select! {
        biased;
        signalled = signalled() => signalled,
        done = scenario::run(args) => done,
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            console::note(&format!("error: {}", chain(&error)));
            ExitCode::FAILURE
        }
    }
}

/// Resolves when somebody wants this process to end.
async fn signalled() -> Result<(), Error> {
    let listen = |kind| signal(kind).map_err(Error::ListenForSignals);
    let mut interrupt = listen(SignalKind::interrupt())?;
    let mut terminate = listen(SignalKind::terminate())?;
    let mut hangup = listen(SignalKind::hangup())?;
    tokio::select! {
        biased;
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
        _ = hangup.recv() => {}
    }
    Err(Error::Interrupted)
}

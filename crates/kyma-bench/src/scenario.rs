//! What is measured: each scenario starts what it needs, drives it, and makes tables of the figures.

mod attack;
mod fleet;
mod library;
mod operator;
mod queue;
mod requests;
mod store;
mod up;

use crate::args::{Args, Command};
use crate::error::Error;
pub(crate) use attack::Attack;

/// Does what the command line says.
pub(crate) async fn run(args: Args) -> Result<(), Error> {
    match args.command {
        Command::Requests(args) => requests::run(&args).await,
        Command::Up(args) => up::run(&args).await,
        Command::Fleet(args) => fleet::run(&args).await,
        Command::Operator(args) => operator::run(&args).await,
        Command::Store(args) => store::run(&args).await,
        Command::Attack(args) => attack::run(&args).await,
        Command::Library(args) => library::run(&args).await,
        Command::Queue(args) => queue::run(&args).await,
        Command::Embedded(args) => {
            requests::run(&args.requests(false)).await?;
            up::run(&args.up(false)).await?;
            up::run(&args.up(true)).await?;
            operator::run(&args.operator()).await?;
            store::run(&args.store()).await?;
            attack::run(&args.attack()).await?;
            library::run(&args.library()).await?;
            queue::run(&args.queue()).await
        }
        Command::Real(args) => {
            requests::run(&args.requests(true)).await?;
            fleet::run(&args.fleet()).await
        }
    }
}

/// Fails when figures were measured but mean nothing; after they are printed, so that one sees why.
fn check(problems: &[String]) -> Result<(), Error> {
    if problems.is_empty() { Ok(()) } else { Err(Error::Invalid(problems.join("; "))) }
}

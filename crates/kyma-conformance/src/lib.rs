//! What a client may rely on, as cases that run unchanged against the embedded and the real API server.
//!
//! What it is not: it sees no crate of the server or the operator. It talks HTTPS to what a kubeconfig names and
//! starts binaries, so that whatever passes here holds for kubectl, kube-rs and client-go as well.
//!
//! A run walks through like this: [`Args`] say which servers; each is started (or found) and gets the three CRDs
//! of the inventory. The table of cases runs against each of them, four at a time, every case in namespaces and
//! API groups of its own. Then the same kubectl command lines run against both and their outputs are compared,
//! and last the operator brings a small Kyma to success on each. The real server is the oracle: what a case
//! asserts was measured there first.
//!
//! A case is an `async fn` in `cases/<topic>.rs` and one line in that file's table.

mod args;
mod case;
mod cases;
mod check;
mod client;
mod context;
mod differ;
mod durability;
mod fixture;
mod kubectl;
mod lifecycle;
mod matrix;
mod normal;
mod operator;
mod output;
mod peers;
mod poll;
mod process;
mod runner;
mod server;
mod suite;
mod watch;

pub use args::{Args, Command, DifferArgs, DurabilityArgs, PeersArgs, Which};
pub use differ::run as differ;
pub use durability::run as durability;
pub use output::{Output, Totals};
pub use peers::run as peers;
pub use server::ServerError;
pub use suite::{RunError, run};

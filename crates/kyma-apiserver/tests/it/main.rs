//! The server by its front door: the service in-process, on virtual time.

#![expect(clippy::unwrap_used, reason = "what is not there fails the test")]

mod answers;
mod audit;
mod background;
mod fairness;
mod health;
mod hostile;
mod impersonation;
mod limits;
mod metrics;
mod restart;
mod serve;
mod server;
mod stalled;
mod watch;

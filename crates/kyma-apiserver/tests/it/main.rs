//! The server by its front door: the service in-process, on virtual time.

#![expect(clippy::unwrap_used, reason = "what is not there fails the test")]

mod background;
mod server;
mod watch;

//! A plain HTTP/1.1 client: one connection for each worker, and no layer that could cost or hide anything.

mod connection;
mod crew;
mod endpoint;
mod lines;
mod raw;
mod watch;

pub(crate) use connection::{Answer, Call, Connection};
pub(crate) use crew::{Crew, Job};
pub(crate) use endpoint::Endpoint;
pub(crate) use raw::Raw;
pub(crate) use watch::Watch;

#[cfg(test)]
mod tests;

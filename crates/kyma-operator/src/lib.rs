//! The three controllers: Kyma, HelmComponent, Cluster.
//!
//! What it is not: a client library or a framework (those are `kube` and `kyma_controller`), nor the domain, whose
//! life cycle and plans are pure functions in `kyma_inventory`.
//!
//! How an event walks through: the watch's object → [`records`], a compact record in the [`fleet`]'s cache →
//! [`decide`] names the keys that it concerns, with class and priority → their queue → a controller asks [`decide`]
//! what to do → the only writer sends what carries news → its answer goes into the cache at once, before the watch
//! brings it. Refusals and news that wait are kept in the [`memory`] between turns.
//!
//! Everything public below [`Operator`] is pure: the simulation drives the same functions with its own clock.

mod apply;
mod cluster;
mod component;
mod config;
mod context;
pub mod decide;
pub mod fleet;
mod kyma;
pub mod memory;
mod meters;
pub mod records;
mod run;
mod shards;
mod sinks;
mod sweep;

pub use config::{Config, Replicas};
pub use run::{Operator, run};

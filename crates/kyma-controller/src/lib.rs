//! What controller-runtime is to Go, on kube-rs: everything of an operator but its decisions.
//!
//! It knows nothing of Kyma: kinds, records and reconcilers are the caller's. It is not a client library (that is
//! kube) and not a framework that finds its controllers by itself: the caller joins the parts in a [`Manager`].
//!
//! How an event walks through: the API server's watch → [`informer`] (list, watch, back-off) → the caller's
//! [`Sink`], which keeps a compact [`cache`] and adds keys to a [`kyma_workqueue::WorkQueue`] → [`worker`] → the
//! caller's [`Reconciler`] → its writes through [`client`] (throttle, connections, metrics) → the API server.
//! Events for users go aside, through [`events`]. Of many replicas [`elector`] lets one act, or [`sharder`] gives each a part,
//! which [`ownership`] tells to those who act. [`admin`] shows what [`metrics`] counts, [`drive`] starts and [`shutdown`] ends
//! it all. Time and chance come from [`clock`] alone.

pub mod admin;
pub mod cache;
pub mod client;
pub mod clock;
pub mod drive;
pub mod election;
pub mod elector;
pub mod events;
pub mod informer;
pub mod metrics;
pub mod ownership;
pub mod reconciler;
pub mod shard;
pub mod sharder;
pub mod shutdown;
pub mod worker;

#[cfg(test)]
mod fake;

pub use admin::{AddressChoice, Health};
pub use cache::{Cache, Change, ObjectKey, Record, Shared, Uid};
pub use client::{ClientOptions, Fence, Qps};
pub use clock::{Clock, FastRandom, Random, TokioClock};
pub use drive::Manager;
pub use elector::{Elector, ElectorOptions};
pub use events::{EventRecorder, EventType, EventWriter};
pub use informer::{InformerOptions, Seen, Sink};
pub use metrics::{Metrics, named_queue};
pub use ownership::Ownership;
pub use reconciler::{ErrorClass, Outcome, Reconciler};
pub use shard::Numbers;
pub use sharder::{Sharder, SharderOptions};
pub use shutdown::{Drain, Shutdown};

//! What is counted, under the names of controller-runtime and client-go, so that their dashboards work unchanged.
//!
//! Labels come from closed enums, from kinds, and from names that the program itself gives (controllers, the API
//! server's host); never from names of objects or texts of errors.

use std::fmt;
use std::sync::Arc;

use kyma_workqueue::{LimiterOptions, WorkQueue};
use parking_lot::Mutex;
use prometheus_client::collector::Collector;
use prometheus_client::registry::{Metric, Registry};

pub(crate) mod election;
pub(crate) mod events;
pub(crate) mod informer;
mod process;
mod queue;
pub(crate) mod reconcile;
pub(crate) mod rest;
pub(crate) mod shard;
mod text;

pub use text::Format;

/// The registry of one program; clones share it.
#[derive(Clone)]
pub struct Metrics {
    inner: Arc<Inner>,
}

struct Inner {
    registry: Mutex<Registry>,
    reconcile: reconcile::Families,
    queue: queue::Families,
    rest: rest::Families,
    informer: informer::Families,
    events: events::Counters,
    election: election::Families,
}

impl Metrics {
    /// A registry with everything that this crate counts, all at zero.
    #[must_use]
    pub fn new() -> Self {
        let mut registry = Registry::default();
        let reconcile = reconcile::Families::register(&mut registry);
        let queue = queue::Families::register(&mut registry);
        let rest = rest::Families::register(&mut registry);
        let informer = informer::Families::register(&mut registry);
        let events = events::Counters::register(&mut registry);
        let election = election::Families::register(&mut registry);
        process::register(&mut registry);
        let registry = Mutex::new(registry);
        Self { inner: Arc::new(Inner { registry, reconcile, queue, rest, informer, events, election }) }
    }

    /// Adds a metric of the caller. A counter's name is given without `_total`, which the encoding adds; the help
    /// text without a full stop, likewise.
    pub fn register<M: Metric>(&self, name: &'static str, help: &'static str, metric: M) {
        self.inner.registry.lock().register(name, help, metric);
    }

    /// Adds metrics that are read when they are asked for.
    pub fn register_collector(&self, collector: Box<dyn Collector>) {
        self.inner.registry.lock().register_collector(collector);
    }

    /// Everything, as text.
    #[must_use]
    pub fn encode(&self, format: Format) -> String {
        text::encode(&self.inner.registry.lock(), format)
    }

    pub(crate) fn reconcile(&self) -> &reconcile::Families {
        &self.inner.reconcile
    }

    pub(crate) fn rest(&self) -> &rest::Families {
        &self.inner.rest
    }

    pub(crate) fn informer(&self) -> &informer::Families {
        &self.inner.informer
    }

    pub(crate) fn events(&self) -> &events::Counters {
        &self.inner.events
    }

    pub(crate) fn election(&self) -> &election::Families {
        &self.inner.election
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Metrics").finish_non_exhaustive()
    }
}

/// A queue whose `workqueue_*` metrics carry this name. Must be called inside a tokio runtime.
pub fn named_queue<K>(name: &'static str, limiter: LimiterOptions, metrics: &Metrics) -> WorkQueue<K>
where
    K: Clone + Eq + std::hash::Hash + Send + 'static,
{
    let families = &metrics.inner.queue;
    let queue = WorkQueue::new(limiter, Arc::new(families.observer(name)));
    families.show(name, &queue);
    queue
}

#[cfg(test)]
mod tests;

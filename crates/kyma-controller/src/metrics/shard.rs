//! `shard_*`: how the replicas share the work. Neither client-go nor controller-runtime has such metrics; the names are
//! ours.

use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

/// What a replica shows of its part.
#[derive(Clone, Default)]
pub(crate) struct ShardMetrics {
    granted: Gauge,
    replicas: Gauge,
}

impl ShardMetrics {
    pub(super) fn register(registry: &mut Registry) -> Self {
        let metrics = Self::default();
        registry.register(
            "shard_granted",
            "How many of the 256 shards this replica may act upon",
            metrics.granted.clone(),
        );
        registry.register(
            "shard_replicas",
            "How many replicas live, as this one sees it",
            metrics.replicas.clone(),
        );
        metrics
    }

    pub(crate) fn granted(&self, count: usize) {
        self.granted.set(count.try_into().unwrap_or(i64::MAX));
    }

    pub(crate) fn replicas(&self, count: usize) {
        self.replicas.set(count.try_into().unwrap_or(i64::MAX));
    }
}

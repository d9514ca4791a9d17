//! `shard_*`: how the replicas share the work. Neither client-go nor controller-runtime has such metrics; the names are
//! ours.

use prometheus_client::metrics::gauge::Gauge;

use super::Metrics;

/// What a replica shows of its part.
#[derive(Clone, Default)]
pub(crate) struct ShardMetrics {
    granted: Gauge,
    replicas: Gauge,
}

impl ShardMetrics {
    /// Shows them from now on; a process that has the fleet to itself has none.
    pub(crate) fn register(all: &Metrics) -> Self {
        let metrics = Self::default();
        let help = "How many of the 256 shards this replica may act upon";
        all.register("shard_granted", help, metrics.granted.clone());
        let help = "How many replicas there are, as this one sees it";
        all.register("shard_replicas", help, metrics.replicas.clone());
        metrics
    }

    pub(crate) fn granted(&self, count: usize) {
        self.granted.set(count.try_into().unwrap_or(i64::MAX));
    }

    pub(crate) fn replicas(&self, count: usize) {
        self.replicas.set(count.try_into().unwrap_or(i64::MAX));
    }
}

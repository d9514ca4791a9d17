//! Stored objects and the build, read when they are asked for.

use std::fmt;
use std::sync::Arc;

use kyma_registry::Registry;
use kyma_store::Persistence;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::gauge::ConstGauge;

use super::{each, single};
use crate::discovery;

/// Counts of stored objects.
#[derive(Debug)]
pub(super) struct Storage(pub(super) Arc<Registry>);

impl Collector for Storage {
    #[expect(clippy::cast_precision_loss, reason = "a store is far smaller than 2^52 bytes")]
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let store = self.0.store();
        let catalog = self.0.catalog();
        let help = "Stored objects by kind";
        let mut objects =
            encoder.encode_descriptor("apiserver_resource_objects", help, None, MetricType::Gauge)?;
        for resource in catalog.stored() {
            let labels = [("group", &*resource.group), ("resource", &*resource.names.plural)];
            let count = i64::try_from(store.count(resource.id)).unwrap_or(i64::MAX);
            ConstGauge::new(count).encode(objects.encode_family(&labels)?)?;
        }
        let stats = store.stats();
        let (place, bytes) = match stats.disk_bytes {
            Some(bytes) => ("disk", bytes),
            None => ("memory", stats.object_bytes as u64),
        };
        let help = "Bytes of the data file, or of all objects where they are kept in memory";
        let size = ("apiserver_storage_size_bytes", help);
        each(&mut encoder, MetricType::Gauge, size, "storage_cluster_id", [(place, bytes)])?;

        let gauge = MetricType::Gauge;
        let history = ("kymactl_history_events", "Events inside the history window");
        single(&mut encoder, gauge, history, stats.window_events as f64)?;
        let history = ("kymactl_history_bytes", "Bytes of memory that only the history window keeps");
        single(&mut encoder, gauge, history, stats.window_bytes as f64)?;

        let writable = store.persistence() == Persistence::Healthy;
        let help = "1 if the newest write was kept, 0 if it was not: a full disk, or one that failed";
        single(&mut encoder, gauge, ("kymactl_store_writable", help), f64::from(u8::from(writable)))?;

        let version = discovery::version();
        let labels: Vec<(&str, &str)> = [
            ("major", "major"),
            ("minor", "minor"),
            ("git_version", "gitVersion"),
            ("git_commit", "gitCommit"),
            ("git_tree_state", "gitTreeState"),
            ("build_date", "buildDate"),
            ("go_version", "goVersion"),
            ("compiler", "compiler"),
            ("platform", "platform"),
        ]
        .map(|(label, member)| (label, version[member].as_str().unwrap_or_default()))
        .into();
        let help = "1, labelled by the version that is followed and by the build";
        let mut build = encoder.encode_descriptor("kubernetes_build_info", help, None, MetricType::Gauge)?;
        ConstGauge::new(1_i64).encode(build.encode_family(&labels)?)
    }
}

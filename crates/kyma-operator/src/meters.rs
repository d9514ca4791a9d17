//! What the operator counts beside what every controller counts.

use kube::Resource;
use kyma_controller::Metrics;
use kyma_inventory::Stage;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;

type Labels<const N: usize> = [(&'static str, String); N];

/// The operator's own metrics; clones share them.
#[derive(Clone, Debug)]
pub(crate) struct Meters {
    writes: Family<Labels<2>, Counter>,
    components: Family<Labels<1>, Gauge>,
    kymas: Gauge,
    clusters: Gauge,
}

/// The kinds of writes; a closed set, since it is a label.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Verb {
    Create,
    UpdateStatus,
    PatchStatus,
    Patch,
    Delete,
}

impl Verb {
    fn as_str(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::UpdateStatus => "update_status",
            Self::PatchStatus => "patch_status",
            Self::Patch => "patch",
            Self::Delete => "delete",
        }
    }
}

impl Meters {
    pub(crate) fn register(metrics: &Metrics) -> Self {
        let meters = Self {
            writes: Family::default(),
            components: Family::default(),
            kymas: Gauge::default(),
            clusters: Gauge::default(),
        };
        metrics.register("kyma_writes", "Writes that succeeded, by kind and verb", meters.writes.clone());
        metrics.register("kyma_components", "HelmComponents by stage", meters.components.clone());
        metrics.register("kyma_kymas", "Kymas", meters.kymas.clone());
        metrics.register("kyma_clusters", "Clusters", meters.clusters.clone());
        meters
    }

    pub(crate) fn written<K: Resource<DynamicType = ()>>(&self, verb: Verb) {
        let labels = [("kind", K::kind(&()).into_owned()), ("verb", verb.as_str().to_owned())];
        self.writes.get_or_create(&labels).inc();
    }

    pub(crate) fn fleet(&self, kymas: usize, stages: &[usize; Stage::COUNT], clusters: usize) {
        let gauge = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
        self.kymas.set(gauge(kymas));
        self.clusters.set(gauge(clusters));
        for stage in Stage::all() {
            let labels = [("stage", stage.reason().to_lowercase())];
            self.components.get_or_create(&labels).set(gauge(stages[stage.index()]));
        }
    }
}

//! `leader_election_*`, as in client-go (`component-base/metrics/prometheus/clientgo/leaderelection/metrics.go`).

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ByLease {
    name: &'static str,
}

/// The families of all Leases; the program names them, so there are few.
#[derive(Clone)]
pub(crate) struct Families {
    leads: Family<ByLease, Gauge>,
    slow_paths: Family<ByLease, Counter>,
}

/// What is counted of one Lease.
#[derive(Clone)]
pub(crate) struct LeaseMetrics {
    leads: Gauge,
    slow_paths: Counter,
}

impl Families {
    pub(super) fn register(registry: &mut Registry) -> Self {
        let families = Self { leads: Family::default(), slow_paths: Family::default() };
        registry.register(
            "leader_election_master_status",
            "Gauge of if the reporting system is master of the relevant lease, 0 indicates backup, 1 indicates master. \
             'name' is the string used to identify the lease. Please make sure to group by name",
            families.leads.clone(),
        );
        registry.register(
            "leader_election_slowpath",
            "Total number of slow path exercised in renewing leader leases. 'name' is the string used to identify the lease. \
             Please make sure to group by name",
            families.slow_paths.clone(),
        );
        families
    }

    /// Those of one Lease, which does not lead yet.
    pub(crate) fn of(&self, lease: &'static str) -> LeaseMetrics {
        let label = ByLease { name: lease };
        let metrics = LeaseMetrics {
            leads: self.leads.get_or_create_owned(&label),
            slow_paths: self.slow_paths.get_or_create_owned(&label),
        };
        metrics.leads(false);
        metrics
    }
}

impl LeaseMetrics {
    /// Whether this process leads.
    pub(crate) fn leads(&self, leads: bool) {
        self.leads.set(leads.into());
    }

    /// The Lease had to be read before it could be renewed.
    pub(crate) fn slow_path(&self) {
        self.slow_paths.inc();
    }
}

//! `informer_*`: lists and watches. Neither client-go nor controller-runtime has such metrics; the names are ours.

use std::sync::Arc;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ByKind {
    kind: Arc<str>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ByEvent {
    kind: Arc<str>,
    event: &'static str,
}

/// The families of all informers.
pub(crate) struct Families {
    events: Family<ByEvent, Counter>,
    relists: Family<ByKind, Counter>,
    failures: Family<ByKind, Counter>,
    synced: Family<ByKind, Gauge>,
}

impl Families {
    pub(super) fn register(registry: &mut Registry) -> Self {
        let families = Self {
            events: Family::default(),
            relists: Family::default(),
            failures: Family::default(),
            synced: Family::default(),
        };
        registry.register(
            "informer_events",
            "Objects that lists and watches brought, by kind and event",
            families.events.clone(),
        );
        registry.register("informer_lists", "Complete lists, by kind", families.relists.clone());
        registry.register(
            "informer_failures",
            "Failed lists and watches, by kind",
            families.failures.clone(),
        );
        registry.register(
            "informer_synced",
            "1 when a first list was complete, by kind",
            families.synced.clone(),
        );
        families
    }

    /// The metrics of one kind's informer.
    pub(crate) fn of(&self, kind: &str) -> InformerMetrics {
        let kind: Arc<str> = kind.into();
        let event = |event| self.events.get_or_create_owned(&ByEvent { kind: Arc::clone(&kind), event });
        let label = ByKind { kind: Arc::clone(&kind) };
        InformerMetrics {
            listed: event("listed"),
            applied: event("applied"),
            deleted: event("deleted"),
            undecodable: event("undecodable"),
            lists: self.relists.get_or_create_owned(&label),
            failures: self.failures.get_or_create_owned(&label),
            synced: self.synced.get_or_create_owned(&label),
        }
    }
}

/// The metrics of one kind's informer.
#[derive(Clone)]
pub(crate) struct InformerMetrics {
    pub(crate) listed: Counter,
    pub(crate) applied: Counter,
    pub(crate) deleted: Counter,
    pub(crate) undecodable: Counter,
    pub(crate) lists: Counter,
    pub(crate) failures: Counter,
    pub(crate) synced: Gauge,
}

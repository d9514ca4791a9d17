//! Watches: how many are open, and what was sent to them.

use std::sync::Arc;

use kyma_registry::Resource;
use prometheus_client::encoding::{EncodeLabelSet, EncodeLabelValue, LabelValueEncoder};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry as Metric;

use super::Labels;

/// A label that is shared with the kind it names.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Text(pub(super) Arc<str>);

impl EncodeLabelValue for Text {
    fn encode(&self, encoder: &mut LabelValueEncoder<'_>) -> Result<(), std::fmt::Error> {
        (&*self.0).encode(encoder)
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Open {
    verb: &'static str,
    group: Text,
    version: Text,
    resource: Text,
    subresource: &'static str,
    scope: &'static str,
    component: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Kind {
    group: Text,
    version: Text,
    resource: Text,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Stored {
    group: Text,
    resource: Text,
}

type Sizes = Family<Kind, Histogram, fn() -> Histogram>;

/// All watches.
pub(super) struct Watches {
    open: Family<Open, Gauge>,
    events: Family<Kind, Counter>,
    sizes: Sizes,
    initial: Family<Stored, Counter>,
}

impl Watches {
    pub(super) fn registered(metrics: &mut Metric) -> Self {
        let watches = Watches {
            open: Family::default(),
            events: Family::default(),
            // From 1 KiB to 128 KiB.
            sizes: Sizes::new_with_constructor(|| Histogram::new(exponential_buckets(1024.0, 2.0, 8))),
            initial: Family::default(),
        };
        let Watches { open, events, sizes, initial } = &watches;
        // Counters get their suffix `_total` from the encoder.
        metrics.register("apiserver_longrunning_requests", "Watches that are open now", open.clone());
        metrics.register("apiserver_watch_events", "Events sent to watchers", events.clone());
        metrics.register(
            "apiserver_watch_events_sizes",
            "Bytes of the events sent to watchers",
            sizes.clone(),
        );
        metrics.register(
            "apiserver_init_events",
            "Objects sent to watchers as the state from which they begin",
            initial.clone(),
        );
        watches
    }

    pub(super) fn meter(&self, resource: &Resource, labels: &Labels) -> WatchMeter {
        let text = |text: &Arc<str>| Text(Arc::clone(text));
        let (group, resource_name) = (text(&resource.group), text(&resource.names.plural));
        let kind =
            Kind { group: group.clone(), version: text(&resource.version), resource: resource_name.clone() };
        let open = Open {
            verb: labels.verb,
            group: group.clone(),
            version: kind.version.clone(),
            resource: resource_name.clone(),
            subresource: labels.subresource,
            scope: labels.scope,
            component: labels.component,
        };
        let open = self.open.get_or_create(&open).clone();
        open.inc();
        WatchMeter {
            open,
            events: self.events.get_or_create(&kind).clone(),
            sizes: self.sizes.get_or_create(&kind).clone(),
            initial: self.initial.get_or_create(&Stored { group, resource: resource_name }).clone(),
        }
    }
}

/// What an open watch counts.
#[derive(Debug)]
pub(crate) struct WatchMeter {
    open: Gauge,
    events: Counter,
    sizes: Histogram,
    initial: Counter,
}

impl WatchMeter {
    /// An event of so many bytes was sent; `initial` where it shows what was there before.
    #[expect(clippy::cast_precision_loss, reason = "an event is far smaller than 2^52 bytes")]
    pub(crate) fn sent(&self, bytes: usize, initial: bool) {
        self.events.inc();
        self.sizes.observe(bytes as f64);
        if initial {
            self.initial.inc();
        }
    }
}

impl Drop for WatchMeter {
    fn drop(&mut self) {
        self.open.dec();
    }
}

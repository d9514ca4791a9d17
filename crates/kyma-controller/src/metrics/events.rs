//! `event_recorder_*`: what became of events for users. The names are ours.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::registry::Registry;

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ByFate {
    fate: &'static str,
}

/// The fates of events.
#[derive(Clone)]
pub(crate) struct Counters {
    /// Written as a new object.
    pub(crate) created: Counter,
    /// Counted on an object that was there.
    pub(crate) counted: Counter,
    /// Left out because there were too many about one object.
    pub(crate) spam: Counter,
    /// Pushed out of the full buffer by newer ones.
    pub(crate) overflowed: Counter,
    /// Given up, since the server would not take it.
    pub(crate) failed: Counter,
}

impl Counters {
    pub(super) fn register(registry: &mut Registry) -> Self {
        let family = Family::<ByFate, Counter>::default();
        registry.register(
            "event_recorder_events",
            "Events for users, by what became of them",
            family.clone(),
        );
        let fate = |fate| family.get_or_create_owned(&ByFate { fate });
        Self {
            created: fate("created"),
            counted: fate("counted"),
            spam: fate("spam"),
            overflowed: fate("overflowed"),
            failed: fate("failed"),
        }
    }
}

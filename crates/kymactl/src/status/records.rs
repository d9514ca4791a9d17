//! What is held of the fleet, and the way from lists and watches into it.

use std::sync::Arc;

use kyma_controller::cache::revision_of;
use kyma_controller::informer::Seen;
use kyma_controller::{Cache, ObjectKey, Sink};
use kyma_inventory::{HelmComponent, Kyma};
use kyma_operator::fleet::{Components, PartId};
use kyma_operator::records::{ComponentRecord, Pools};
use parking_lot::{Mutex, MutexGuard};
use tokio::sync::watch;

use super::Scope;
use super::kyma::KymaEntry;

/// The fleet, or the part of it that is asked about. Bounded by the objects on the server, about 300 bytes each.
#[derive(Debug)]
pub(crate) struct Records {
    kymas: Cache<KymaEntry>,
    components: Components,
    pools: Pools,
    scope: Scope,
}

impl Records {
    /// No objects yet; only those of `scope` will be taken.
    pub(crate) fn new(scope: Scope) -> Self {
        let (kymas, components, pools) = (Cache::new(), Components::default(), Pools::default());
        Self { kymas, components, pools, scope }
    }

    /// The Kymas, in the order of their names.
    pub(crate) fn kymas(&self) -> &Cache<KymaEntry> {
        &self.kymas
    }

    /// The components with their counters.
    pub(crate) fn components(&self) -> &Components {
        &self.components
    }

    /// Which part of the fleet this is.
    pub(crate) fn scope(&self) -> &Scope {
        &self.scope
    }

    /// Whether both kinds have been listed.
    fn is_complete(&self) -> bool {
        self.kymas.synced() && self.components.synced()
    }

    fn observe_kyma(&mut self, kyma: &Kyma) {
        let key = ObjectKey::of(kyma);
        if self.scope.has(key.name()) {
            let entry = KymaEntry::of(kyma, &mut self.pools);
            self.kymas.observe(key, entry);
        }
    }

    fn observe_component(&mut self, component: &HelmComponent) {
        let mut record = ComponentRecord::of(component, &mut self.pools);
        // Only who writes an object has to know what others wrote into it.
        record.foreign = None;
        let owner = record.owner.as_ref().map(|owner| owner.key.name());
        let wanted = self.scope.names.is_empty() || owner.is_some_and(|owner| self.scope.has(owner));
        if wanted {
            self.components.observe(PartId::FIRST, &ObjectKey::of(component), record);
        }
    }
}

/// Fills the records; clones fill the same.
#[derive(Clone, Debug)]
pub(crate) struct Feed {
    records: Arc<Mutex<Records>>,
    changed: watch::Sender<u64>,
}

impl Feed {
    /// Nothing yet.
    pub(crate) fn new(scope: Scope) -> Self {
        Self { records: Arc::new(Mutex::new(Records::new(scope))), changed: watch::channel(0).0 }
    }

    /// The records, to read.
    pub(crate) fn records(&self) -> MutexGuard<'_, Records> {
        self.records.lock()
    }

    /// Tells of every change.
    pub(crate) fn changes(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    /// Waits until both kinds have been listed.
    pub(crate) async fn complete(&self) {
        let mut changes = self.changes();
        while !self.records().is_complete() {
            // This value holds the sender, so there is always a next change to wait for.
            if changes.changed().await.is_err() {
                return;
            }
        }
    }

    fn change(&self, change: impl FnOnce(&mut Records)) {
        change(&mut self.records.lock());
        self.changed.send_modify(|count| *count += 1);
    }
}

impl Sink<Kyma> for Feed {
    fn relist_begin(&mut self) {
        self.change(|records| records.kymas.relist_begin());
    }

    fn apply(&mut self, kyma: Kyma, _initial: bool) {
        self.change(|records| records.observe_kyma(&kyma));
    }

    fn delete(&mut self, kyma: Kyma) {
        let revision = revision_of(&kyma.metadata);
        self.change(|records| drop(records.kymas.observe_delete(&ObjectKey::of(&kyma), revision)));
    }

    fn relist_end(&mut self) {
        self.change(|records| drop(records.kymas.relist_end()));
    }

    fn undecodable(&mut self, key: ObjectKey, seen: Seen) {
        self.change(|records| match seen {
            Seen::Listed | Seen::Applied => records.kymas.keep(&key),
            Seen::Deleted { revision } => drop(records.kymas.observe_delete(&key, revision)),
        });
    }
}

impl Sink<HelmComponent> for Feed {
    fn relist_begin(&mut self) {
        self.change(|records| records.components.relist_begin(PartId::FIRST));
    }

    fn apply(&mut self, component: HelmComponent, _initial: bool) {
        self.change(|records| records.observe_component(&component));
    }

    fn delete(&mut self, component: HelmComponent) {
        let revision = revision_of(&component.metadata);
        self.change(|records| {
            drop(records.components.observe_delete(PartId::FIRST, &ObjectKey::of(&component), revision));
        });
    }

    fn relist_end(&mut self) {
        self.change(|records| drop(records.components.relist_end(PartId::FIRST)));
    }

    fn undecodable(&mut self, key: ObjectKey, seen: Seen) {
        self.change(|records| match seen {
            Seen::Listed | Seen::Applied => records.components.keep(PartId::FIRST, &key),
            Seen::Deleted { revision } => {
                drop(records.components.observe_delete(PartId::FIRST, &key, revision));
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::status::fixture::everywhere;

    /// However much others write into an object, what is held of it does not grow.
    #[test]
    fn what_others_wrote_is_dropped() {
        let foreign = json!({
            "type": "Audited", "status": "False", "reason": "R", "message": "m".repeat(100_000),
            "lastTransitionTime": "2026-01-01T00:00:00Z",
        });
        let object = json!({
            "metadata": { "name": "c", "namespace": "pb", "uid": "u", "annotations": { "a": "b".repeat(100_000) } },
            "spec": { "componentName": "c" },
            "status": { "status": "pending", "conditions": [foreign] },
        });
        let mut feed = Feed::new(everywhere());
        Sink::<HelmComponent>::apply(&mut feed, serde_json::from_value(object).unwrap(), false);
        let records = feed.records();
        let (_, record) = records.components().iter().next().unwrap();
        assert_eq!((record.chart.name.as_ref(), &record.foreign), ("c", &None));
        assert!(size_of::<ComponentRecord>() <= 200, "{}", size_of::<ComponentRecord>());
    }
}

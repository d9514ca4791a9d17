//! The cache of components, its counters always in step with it.

use kyma_controller::{Cache, Change, ObjectKey, Uid};

use crate::records::{ComponentRecord, Tallies};

/// The cache and the counters.
#[derive(Debug)]
pub struct Components {
    cache: Cache<ComponentRecord>,
    tallies: Tallies,
}

impl Default for Components {
    fn default() -> Self {
        Self { cache: Cache::new(), tallies: Tallies::default() }
    }
}

impl Components {
    /// The cache, to read.
    #[must_use]
    pub fn cache(&self) -> &Cache<ComponentRecord> {
        &self.cache
    }

    /// The counters, to read.
    #[must_use]
    pub fn tallies(&self) -> &Tallies {
        &self.tallies
    }

    /// The components of the Kyma with this key and of its predecessors, each with its owner's UID.
    pub fn owned(&self, kyma: &ObjectKey) -> impl Iterator<Item = (&ObjectKey, &Uid)> {
        let owned = |uid| self.cache.owned_by(uid).map(move |child| (child, uid));
        let owned = self.tallies.owners(kyma).flat_map(owned);
        // An owner in another namespace is none, as for the garbage collector.
        owned.filter(|(child, _)| child.namespace == kyma.namespace)
    }

    /// A list begins.
    pub fn relist_begin(&mut self) {
        self.cache.relist_begin();
    }

    /// The list ends; returns what is gone.
    pub fn relist_end(&mut self) -> Vec<(ObjectKey, ComponentRecord)> {
        let gone = self.cache.relist_end();
        for (key, record) in &gone {
            self.tallies.change(key, Some(record), None);
        }
        gone
    }

    /// A listed object that cannot be read keeps its last record.
    pub fn keep(&mut self, key: &ObjectKey) {
        self.cache.keep(key);
    }

    /// A record from the list or the watch.
    pub fn observe(&mut self, key: &ObjectKey, record: ComponentRecord) -> Change<ComponentRecord> {
        let change = self.cache.observe(key.clone(), record);
        self.count(key, change)
    }

    /// A record from the answer to an own write.
    pub fn learn(&mut self, key: &ObjectKey, record: ComponentRecord) -> Change<ComponentRecord> {
        let change = self.cache.learn(key.clone(), record);
        self.count(key, change)
    }

    /// A deletion from the watch.
    pub fn observe_delete(&mut self, key: &ObjectKey, revision: u64) -> Option<ComponentRecord> {
        let gone = self.cache.observe_delete(key, revision);
        self.tallies.change(key, gone.as_ref(), None);
        gone
    }

    /// An own delete was answered with "gone".
    pub fn learn_delete(&mut self, key: &ObjectKey, uid: &Uid) -> Option<ComponentRecord> {
        let gone = self.cache.learn_delete(key, uid);
        self.tallies.change(key, gone.as_ref(), None);
        gone
    }

    fn count(&mut self, key: &ObjectKey, change: Change<ComponentRecord>) -> Change<ComponentRecord> {
        match &change {
            Change::Added => self.tallies.change(key, None, self.cache.get(key)),
            Change::Replaced(old) => self.tallies.change(key, Some(old), self.cache.get(key)),
            Change::Stale => {}
        }
        change
    }
}

//! The caches of components, the counters always in step with them.
//!
//! Each informer has a cache of its own, its part, since a list can only say what is gone of what it lists. An operator that
//! has the fleet to itself has one part. One that shares it has a part for components without a valid shard label, which
//! every replica sees, and one or a few for its shards.

use std::collections::BTreeMap;

use kyma_controller::{Cache, Change, Numbers, ObjectKey, Record as _, Uid};

use crate::records::{ComponentRecord, Tallies};

/// One of the parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PartId(u64);

impl PartId {
    /// The part that is always there.
    pub const FIRST: Self = Self(0);
}

/// Which components belong to a part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// All.
    Everything,
    /// Those without a valid shard label.
    Unlabelled,
    /// Those with one of these shards.
    Shards(Numbers),
}

impl Scope {
    fn has(self, record: &ComponentRecord) -> bool {
        match (self, record.shard) {
            (Self::Everything, _) | (Self::Unlabelled, None) => true,
            (Self::Shards(numbers), Some(shard)) => numbers.contains(shard),
            (Self::Unlabelled, Some(_)) | (Self::Shards(_), None) => false,
        }
    }
}

#[derive(Debug)]
struct Part {
    scope: Scope,
    cache: Cache<ComponentRecord>,
}

/// The caches and the counters.
#[derive(Debug)]
pub struct Components {
    /// Never without [`PartId::FIRST`]; as many more as there are informers of shards.
    parts: BTreeMap<PartId, Part>,
    next: PartId,
    tallies: Tallies,
}

impl Default for Components {
    fn default() -> Self {
        let first = Part { scope: Scope::Everything, cache: Cache::new() };
        Self { parts: [(PartId::FIRST, first)].into(), next: PartId(1), tallies: Tallies::default() }
    }
}

impl Components {
    /// The record of a key.
    #[must_use]
    pub fn get(&self, key: &ObjectKey) -> Option<&ComponentRecord> {
        // While a component's label changes, two watches may speak of it.
        self.parts.values().filter_map(|part| part.cache.get(key)).max_by_key(|record| record.revision())
    }

    /// All records, part by part.
    pub fn iter(&self) -> impl Iterator<Item = (&ObjectKey, &ComponentRecord)> {
        self.parts.values().flat_map(|part| part.cache.iter())
    }

    /// Whether there is no record.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.parts.values().all(|part| part.cache.is_empty())
    }

    /// Whether everything has been listed once.
    #[must_use]
    pub fn synced(&self) -> bool {
        self.parts.values().all(|part| part.cache.synced())
    }

    /// The counters, to read.
    #[must_use]
    pub fn tallies(&self) -> &Tallies {
        &self.tallies
    }

    /// The components of the Kyma with this key and of its predecessors, each with its owner's UID.
    pub fn owned(&self, kyma: &ObjectKey) -> impl Iterator<Item = (&ObjectKey, &Uid)> {
        let owned = |uid| {
            self.parts.values().flat_map(move |part| part.cache.owned_by(uid)).map(move |child| (child, uid))
        };
        let owned = self.tallies.owners(kyma).flat_map(owned);
        // An owner in another namespace is none, as for the garbage collector.
        owned.filter(|(child, _)| child.namespace() == kyma.namespace())
    }

    /// From now on the first part has only what has no valid shard label.
    pub fn share(&mut self) {
        if let Some(first) = self.parts.get_mut(&PartId::FIRST) {
            first.scope = Scope::Unlabelled;
        }
    }

    /// A new part for these shards. It takes over the records of other parts, which end.
    pub fn add(&mut self, shards: Numbers, instead_of: &[PartId]) -> PartId {
        let mut cache = Cache::new();
        for ended in instead_of.iter().filter(|part| **part != PartId::FIRST) {
            if let Some(part) = self.parts.remove(ended) {
                let outdated = cache.absorb(part.cache);
                self.uncount(&outdated);
            }
        }
        let part = self.next;
        self.next.0 += 1;
        self.parts.insert(part, Part { scope: Scope::Shards(shards), cache });
        part
    }

    /// Ends a part of which all shards are another replica's.
    pub fn remove(&mut self, part: PartId) {
        if part != PartId::FIRST
            && let Some(mut part) = self.parts.remove(&part)
        {
            let gone = part.cache.extract(|_, _| true);
            self.uncount(&gone);
        }
    }

    /// These shards are another replica's now: their components go. Returns which they were.
    pub fn drop_shards(&mut self, lost: Numbers) -> Vec<(ObjectKey, ComponentRecord)> {
        let mut gone = Vec::new();
        for part in self.parts.values_mut() {
            if let Scope::Shards(numbers) = &mut part.scope {
                *numbers = *numbers & !lost;
                gone.extend(
                    part.cache.extract(|_, record| record.shard.is_some_and(|shard| lost.contains(shard))),
                );
            }
        }
        self.uncount(&gone);
        gone
    }

    /// A list begins.
    pub fn relist_begin(&mut self, part: PartId) {
        if let Some(part) = self.parts.get_mut(&part) {
            part.cache.relist_begin();
        }
    }

    /// The list ends; returns what is gone.
    pub fn relist_end(&mut self, part: PartId) -> Vec<(ObjectKey, ComponentRecord)> {
        let gone = self.parts.get_mut(&part).map(|part| part.cache.relist_end()).unwrap_or_default();
        self.uncount(&gone);
        gone
    }

    /// A listed object that cannot be read keeps its last record.
    pub fn keep(&mut self, part: PartId, key: &ObjectKey) {
        if let Some(part) = self.parts.get_mut(&part) {
            part.cache.keep(key);
        }
    }

    /// A record from the list or the watch of a part.
    pub fn observe(
        &mut self,
        part: PartId,
        key: &ObjectKey,
        record: ComponentRecord,
    ) -> Change<ComponentRecord> {
        // An informer goes on to see the shards that it was started for, also those that have been lost since.
        match self.parts.get_mut(&part) {
            Some(part) if part.scope.has(&record) => {
                let change = part.cache.observe(key.clone(), record);
                count(&mut self.tallies, &part.cache, key, &change);
                change
            }
            _ => Change::Stale,
        }
    }

    /// A record from the answer to an own write.
    pub fn learn(&mut self, key: &ObjectKey, record: ComponentRecord) -> Change<ComponentRecord> {
        match self.parts.values_mut().find(|part| part.scope.has(&record)) {
            Some(part) => {
                let change = part.cache.learn(key.clone(), record);
                count(&mut self.tallies, &part.cache, key, &change);
                change
            }
            None => Change::Stale,
        }
    }

    /// A deletion from the watch of a part.
    pub fn observe_delete(
        &mut self,
        part: PartId,
        key: &ObjectKey,
        revision: u64,
    ) -> Option<ComponentRecord> {
        let gone = self.parts.get_mut(&part)?.cache.observe_delete(key, revision);
        self.tallies.change(gone.as_ref(), None);
        gone
    }

    /// An own delete was answered with "gone".
    pub fn learn_delete(&mut self, key: &ObjectKey, uid: &Uid) -> Option<ComponentRecord> {
        let gone = self.parts.values_mut().find_map(|part| part.cache.learn_delete(key, uid));
        self.tallies.change(gone.as_ref(), None);
        gone
    }

    fn uncount(&mut self, gone: &[(ObjectKey, ComponentRecord)]) {
        for (_, record) in gone {
            self.tallies.change(Some(record), None);
        }
    }
}

fn count(
    tallies: &mut Tallies,
    cache: &Cache<ComponentRecord>,
    key: &ObjectKey,
    change: &Change<ComponentRecord>,
) {
    match change {
        Change::Added => tallies.change(None, cache.get(key)),
        Change::Replaced(old) => tallies.change(Some(old), cache.get(key)),
        Change::Stale => {}
    }
}

//! All that is known of the fleet: the caches of the three kinds with their counters, and the memory.
//!
//! Locks are taken in the order of the fields and never held across an await.

use std::time::Duration;

use jiff::Timestamp;
use kyma_controller::{Cache, Change, Numbers, ObjectKey, Record, Uid};
use kyma_inventory::names::shard_of;
use kyma_inventory::plan::Limits;
use kyma_inventory::{Cluster, HelmComponent, Kyma};
use kyma_workqueue::{Class, LimiterOptions, Turn};
use parking_lot::{Mutex, RwLock};

use crate::decide::{self, ComponentDecision, KymaDecision};
use crate::memory::Memory;
use crate::records::{ClusterRecord, ComponentRecord, KymaRecord, Pools};

mod components;

pub use components::{Components, PartId, Scope};

/// Keys that are to be looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wakes {
    /// A component, with its turn and the shard whose holder acts upon it.
    pub component: Option<(ObjectKey, Turn, u8)>,
    /// Kymas, with their turns.
    pub kymas: Turns,
    /// A Kyma that is gone and may leave components behind.
    pub orphaned: Option<ObjectKey>,
}

/// Keys with their turns.
pub type Turns = Vec<(ObjectKey, Turn)>;

/// The shard of a Kyma: its holder acts upon it.
#[must_use]
pub fn kyma_shard(key: &ObjectKey) -> u8 {
    shard_of(key.namespace(), key.name())
}

/// The caches and the memory.
#[derive(Debug)]
pub struct Fleet {
    kymas: RwLock<Cache<KymaRecord>>,
    components: RwLock<Components>,
    clusters: RwLock<Cache<ClusterRecord>>,
    memory: Mutex<Memory>,
    pools: Mutex<Pools>,
    limits: Limits,
}

impl Fleet {
    /// An empty fleet.
    #[must_use]
    pub fn new(status_interval: Duration, limiter: LimiterOptions) -> Self {
        Self {
            kymas: RwLock::new(Cache::new()),
            components: RwLock::default(),
            clusters: RwLock::new(Cache::new()),
            memory: Mutex::new(Memory::new(limiter)),
            pools: Mutex::default(),
            limits: Limits { creates: decide::CREATES_PER_TURN, status_interval },
        }
    }

    /// The cache of Kymas, to read.
    pub fn kymas<T>(&self, read: impl FnOnce(&Cache<KymaRecord>) -> T) -> T {
        read(&self.kymas.read())
    }

    /// The cache of components and its counters, to read.
    pub fn components<T>(&self, read: impl FnOnce(&Components) -> T) -> T {
        read(&self.components.read())
    }

    /// The cache of Clusters.
    pub fn clusters(&self) -> &RwLock<Cache<ClusterRecord>> {
        &self.clusters
    }

    /// The memory.
    pub fn memory<T>(&self, change: impl FnOnce(&mut Memory) -> T) -> T {
        change(&mut self.memory.lock())
    }

    /// A write of a component from `revision` met a conflict; returns the revision that the cache has. What is not there, or not any
    /// more, is not remembered: nobody would forget it.
    pub fn component_outdated(&self, key: &ObjectKey, revision: u64, now: Duration) -> Option<u64> {
        let components = self.components.read();
        let held = components.get(key)?.revision();
        self.memory.lock().stale_components.mark(key, revision, now);
        Some(held)
    }

    /// A list of Kymas begins.
    pub fn relist_kymas_begin(&self) {
        self.kymas.write().relist_begin();
    }

    /// The list of Kymas is complete: what was not in it is gone.
    pub fn relist_kymas_end(&self) -> Vec<Wakes> {
        let gone = self.kymas.write().relist_end();
        gone.into_iter().map(|(key, _)| self.kyma_gone(&key)).collect()
    }

    /// A Kyma that cannot be read keeps its last record.
    pub fn keep_kyma(&self, key: &ObjectKey) {
        self.kymas.write().keep(key);
    }

    /// A component that cannot be read keeps its last record.
    pub fn keep_component(&self, part: PartId, key: &ObjectKey) {
        self.components.write().keep(part, key);
    }

    /// A Kyma from the list or the watch.
    pub fn observe_kyma(&self, object: &Kyma) -> Wakes {
        let key = ObjectKey::of(object);
        let record = KymaRecord::of(object, &mut self.pools.lock());
        let mut kymas = self.kymas.write();
        let old = match kymas.observe(key.clone(), record) {
            Change::Added => None,
            Change::Replaced(old) => Some(old),
            Change::Stale => return Wakes::default(),
        };
        let Some(new) = kymas.get(&key) else { return Wakes::default() };
        let awaited = self.memory.lock().stale_kymas.take_awaited(&key, new.revision());
        let class = decide::kyma_event(old.as_ref(), new).or_else(|| awaited.then_some(Class::Dependent));
        drop(kymas);
        let turn = class.map(|class| match class {
            Class::User => decide::users_turn(old.is_some(), self.kyma_priority(&key)),
            class => Turn::new(class, self.kyma_priority(&key)),
        });
        Wakes { kymas: turn.map(|turn| (key, turn)).into_iter().collect(), ..Wakes::default() }
    }

    /// A deletion of a Kyma from the watch.
    pub fn observe_kyma_delete(&self, key: &ObjectKey, revision: u64) -> Wakes {
        let gone = self.kymas.write().observe_delete(key, revision);
        gone.map(|_| self.kyma_gone(key)).unwrap_or_default()
    }

    /// A Kyma's status was written from `record`, and answered with `revision`.
    pub fn learn_kyma_status(
        &self,
        key: &ObjectKey,
        record: &KymaRecord,
        status: &kyma_inventory::kyma::KymaStatus,
        revision: u64,
    ) {
        let written = record.clone().with_status(status, revision, &mut self.pools.lock());
        // Our own news wake nobody.
        self.kymas.write().learn(key.clone(), written);
        self.memory.lock().note_news(key, record.generation, false, Duration::ZERO);
    }

    /// From now on components are shared with other replicas: see [`Components::share`].
    pub fn share_components(&self) {
        self.components.write().share();
    }

    /// A new part of the components: see [`Components::add`].
    pub fn add_components(&self, shards: Numbers, instead_of: &[PartId]) -> PartId {
        self.components.write().add(shards, instead_of)
    }

    /// The end of a part that has no components any more.
    pub fn remove_components(&self, part: PartId) {
        self.components.write().remove(part);
    }

    /// These shards are another replica's now.
    pub fn drop_shards(&self, lost: Numbers) {
        let gone = self.components.write().drop_shards(lost);
        let mut memory = self.memory.lock();
        for (key, _) in gone {
            memory.forget_component(&key);
        }
    }

    /// A list of components begins.
    pub fn relist_components_begin(&self, part: PartId) {
        self.components.write().relist_begin(part);
    }

    /// The list of components is complete: what was not in it is gone.
    pub fn relist_components_end(&self, part: PartId) -> Vec<Wakes> {
        let gone = self.components.write().relist_end(part);
        gone.into_iter().map(|(key, record)| self.component_changed(&key, Some(&record), None)).collect()
    }

    /// A component from the list or the watch.
    pub fn observe_component(&self, part: PartId, object: &HelmComponent) -> Wakes {
        let key = ObjectKey::of(object);
        let record = ComponentRecord::of(object, &mut self.pools.lock());
        let change = self.components.write().observe(part, &key, record.clone());
        self.component_settled(&key, change, &record)
    }

    /// A deletion of a component from the watch.
    pub fn observe_component_delete(&self, part: PartId, key: &ObjectKey, revision: u64) -> Wakes {
        let gone = self.components.write().observe_delete(part, key, revision);
        gone.map(|gone| self.component_changed(key, Some(&gone), None)).unwrap_or_default()
    }

    /// A component as the answer to an own write shows it.
    pub fn learn_component(&self, key: &ObjectKey, record: &ComponentRecord) -> Wakes {
        let change = self.components.write().learn(key, record.clone());
        self.component_settled(key, change, record)
    }

    /// A whole component as the answer to an own request shows it.
    pub fn learn_component_object(&self, object: &HelmComponent) -> Wakes {
        let record = ComponentRecord::of(object, &mut self.pools.lock());
        self.learn_component(&ObjectKey::of(object), &record)
    }

    /// An own delete was answered with "gone".
    pub fn learn_component_delete(&self, key: &ObjectKey, uid: &Uid) -> Wakes {
        let gone = self.components.write().learn_delete(key, uid);
        gone.map(|gone| self.component_changed(key, Some(&gone), None)).unwrap_or_default()
    }

    /// Makes a record with the shared texts.
    pub fn record<T>(&self, make: impl FnOnce(&mut Pools) -> T) -> T {
        make(&mut self.pools.lock())
    }

    /// A Cluster from the list or the watch; says whether it is news.
    pub fn observe_cluster(&self, object: &Cluster) -> bool {
        let change = self.clusters.write().observe(ObjectKey::of(object), ClusterRecord::of(object));
        change != Change::Stale
    }

    /// Decides a turn of a Kyma; none when there is no such Kyma. `now` is since the operator's start.
    #[must_use]
    pub fn decide_kyma(&self, key: &ObjectKey, now: Duration) -> Option<(KymaRecord, KymaDecision)> {
        let kymas = self.kymas.read();
        let record = kymas.get(key)?;
        let components = self.components.read();
        let mut memory = self.memory.lock();
        let decision = decide::kyma(key, record, &components, &mut memory, &self.limits, now);
        Some((record.clone(), decision))
    }

    /// Decides a turn of a component; none when there is no such component.
    #[must_use]
    pub fn decide_component(
        &self,
        key: &ObjectKey,
        now: Timestamp,
    ) -> Option<(ComponentRecord, ComponentDecision)> {
        let components = self.components.read();
        let record = components.get(key)?.clone();
        drop(components);
        let seen = self.memory.lock().first_seen(key, &record, now);
        let decision = decide::component(&record, seen, now);
        Some((record, decision))
    }

    /// The priority of a Kyma's work; 0 when there is no such Kyma.
    #[must_use]
    pub fn kyma_priority(&self, key: &ObjectKey) -> u64 {
        let kymas = self.kymas.read();
        let Some(record) = kymas.get(key) else { return 0 };
        let components = self.components.read();
        decide::kyma_priority(record, components.tallies().of(key, record.uid()))
    }

    /// The first turns of everything in these shards that the initial lists have shown.
    #[must_use]
    pub fn seeds(&self, shards: Numbers) -> (Turns, Turns) {
        let kymas = self.kymas.read();
        let components = self.components.read();
        let tally = |key: &ObjectKey, record: &KymaRecord| {
            decide::seed_kyma(record, components.tallies().of(key, record.uid()))
        };
        let is_ours = |key: &ObjectKey| shards == Numbers::ALL || shards.contains(kyma_shard(key));
        let present = kymas.iter().filter(|(key, _)| is_ours(key));
        let present = present.map(|(key, record)| (key.clone(), tally(key, record)));
        // Owners that are gone left components behind while nobody looked.
        let gone = components.tallies().kymas().filter(|key| kymas.get(key).is_none() && is_ours(key));
        let mut gone: Vec<_> = gone.map(|key| (key.clone(), Turn::sweep(0))).collect();
        gone.sort_unstable_by(|(a, _), (b, _)| a.cmp(b));
        let children = components.iter().filter(|(_, record)| shards.contains(record.acting_shard()));
        let children = children.map(|(key, record)| (key.clone(), decide::seed_component(record)));
        (present.chain(gone).collect(), children.collect())
    }

    /// How many Kymas there are in these shards.
    #[must_use]
    pub fn kymas_in(&self, shards: Numbers) -> usize {
        let kymas = self.kymas.read();
        if shards == Numbers::ALL {
            return kymas.len();
        }
        kymas.iter().filter(|(key, _)| shards.contains(kyma_shard(key))).count()
    }

    fn kyma_gone(&self, key: &ObjectKey) -> Wakes {
        self.memory.lock().forget_kyma(key);
        let left = self.components.read().owned(key).next().is_some();
        Wakes { orphaned: left.then(|| key.clone()), ..Wakes::default() }
    }

    fn component_settled(
        &self,
        key: &ObjectKey,
        change: Change<ComponentRecord>,
        new: &ComponentRecord,
    ) -> Wakes {
        let mut wakes = match change {
            Change::Added => self.component_changed(key, None, Some(new)),
            Change::Replaced(old) => self.component_changed(key, Some(&old), Some(new)),
            Change::Stale => return Wakes::default(),
        };
        if self.memory.lock().stale_components.take_awaited(key, new.revision()) {
            self.wake_awaiting(key, new, &mut wakes);
        }
        wakes
    }

    /// A newer state has come than the one from which a write met a conflict: both who may have written go on at once.
    fn wake_awaiting(&self, key: &ObjectKey, record: &ComponentRecord, wakes: &mut Wakes) {
        let own = || (key.clone(), Turn::dependent(record.remaining()), record.acting_shard());
        wakes.component.get_or_insert_with(own);
        let Some(owner) = &record.owner else { return };
        let woken = wakes.kymas.iter().any(|(kyma, _)| *kyma == owner.key);
        if !woken && self.kymas.read().get(&owner.key).is_some() {
            wakes.kymas.push((owner.key.clone(), Turn::dependent(self.kyma_priority(&owner.key))));
        }
    }

    fn component_changed(
        &self,
        key: &ObjectKey,
        old: Option<&ComponentRecord>,
        new: Option<&ComponentRecord>,
    ) -> Wakes {
        let wake = decide::component_event(old, new);
        let owner = |record: Option<&ComponentRecord>| {
            record.and_then(|record| record.owner.as_ref()).map(|owner| owner.key.clone())
        };
        let mut kymas: Vec<ObjectKey> = Vec::new();
        kymas.extend(owner(old).filter(|_| wake.old_owner));
        kymas.extend(owner(new).filter(|_| wake.new_owner));
        kymas.dedup();
        if new.is_none() {
            self.memory.lock().forget_component(key);
            kymas.extend(self.unblocked(key));
        }
        let shard = new.map_or(0, |record| record.acting_shard());
        // Whoever acts upon it now has not had it in a queue.
        let moved = new.filter(|new| !new.deleting && old.is_some_and(|old| old.acting_shard() != shard));
        let moved = moved.map(|new| Turn::dependent(new.remaining()));
        let component = wake.component.or(moved).map(|turn| (key.clone(), turn, shard));
        let mut wakes = Wakes { component, ..Wakes::default() };
        for kyma in kymas {
            if self.kymas.read().get(&kyma).is_some() {
                let turn = Turn::dependent(self.kyma_priority(&kyma));
                wakes.kymas.push((kyma, turn));
            } else {
                wakes.orphaned = Some(kyma);
            }
        }
        wakes
    }

    /// The Kymas that wanted the name of a component that is gone: each part of the name before a dash may be one.
    fn unblocked(&self, gone: &ObjectKey) -> Vec<ObjectKey> {
        let mut memory = self.memory.lock();
        let mut unblocked = Vec::new();
        for (dash, _) in gone.name().match_indices('-') {
            let kyma = ObjectKey::new(gone.namespace(), &gone.name()[..dash]);
            if memory.is_refused(&kyma) {
                memory.keep_refusals(&kyma, |component| component != &gone.name()[dash + 1..]);
                unblocked.push(kyma);
            }
        }
        unblocked
    }
}

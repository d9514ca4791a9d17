//! Counters per Kyma, kept up to date with each event, so that how far a Kyma is need not be counted out.

use std::collections::{BTreeMap, HashMap};

use kyma_controller::{ObjectKey, Uid};
use kyma_inventory::Stage;

use super::ComponentRecord;

/// How far the components of one Kyma are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// How many there are.
    pub children: usize,
    /// How many of them have not arrived, by the seconds that remain to them at the longest.
    on_the_way: BTreeMap<u64, usize>,
}

impl Tally {
    /// How many have not arrived.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.on_the_way.values().sum()
    }

    /// The longest time in seconds until one of them has arrived.
    #[must_use]
    pub fn longest(&self) -> u64 {
        self.on_the_way.last_key_value().map_or(0, |(remaining, _)| *remaining)
    }

    fn add(&mut self, record: &ComponentRecord) {
        self.children += 1;
        if record.stage != Stage::SUCCESS {
            *self.on_the_way.entry(record.remaining()).or_default() += 1;
        }
    }

    fn subtract(&mut self, record: &ComponentRecord) {
        self.children = self.children.saturating_sub(1);
        if record.stage != Stage::SUCCESS
            && let Some(count) = self.on_the_way.get_mut(&record.remaining())
        {
            *count -= 1;
            if *count == 0 {
                self.on_the_way.remove(&record.remaining());
            }
        }
    }
}

/// The counters of all Kymas that own components, present and past.
#[derive(Debug, Default)]
pub struct Tallies {
    /// By the owner's key; a list, because a Kyma and its predecessors of the same name differ by UID. Bounded by
    /// the components that have an owner.
    by_kyma: HashMap<ObjectKey, Vec<(Uid, Tally)>>,
    /// How many components are in each stage, owned or not.
    stages: [usize; Stage::COUNT],
}

impl Tallies {
    /// A component has come, gone, or changed from one record to another.
    pub fn change(&mut self, old: Option<&ComponentRecord>, new: Option<&ComponentRecord>) {
        if let Some(old) = old {
            self.stages[old.stage.index()] -= 1;
            self.subtract(old);
        }
        if let Some(new) = new {
            self.stages[new.stage.index()] += 1;
            self.add(new);
        }
    }

    /// The counters of the Kyma `key` that has this UID.
    #[must_use]
    pub fn of(&self, key: &ObjectKey, uid: &Uid) -> Option<&Tally> {
        self.by_kyma.get(key)?.iter().find(|(owner, _)| owner == uid).map(|(_, tally)| tally)
    }

    /// The UIDs of all Kymas with this key, present and past, that own components.
    pub fn owners(&self, key: &ObjectKey) -> impl Iterator<Item = &Uid> {
        self.by_kyma.get(key).into_iter().flatten().map(|(uid, _)| uid)
    }

    /// The keys of all Kymas that own components.
    pub fn kymas(&self) -> impl Iterator<Item = &ObjectKey> {
        self.by_kyma.keys()
    }

    /// How many components are in each stage.
    #[must_use]
    pub fn stages(&self) -> [usize; Stage::COUNT] {
        self.stages
    }

    fn add(&mut self, record: &ComponentRecord) {
        let Some(owner) = &record.owner else { return };
        let tallies = match self.by_kyma.get_mut(&owner.key) {
            Some(tallies) => tallies,
            None => self.by_kyma.entry(owner.key.clone()).or_default(),
        };
        match tallies.iter_mut().find(|(uid, _)| *uid == owner.uid) {
            Some((_, tally)) => tally.add(record),
            None => {
                let mut tally = Tally::default();
                tally.add(record);
                tallies.push((owner.uid.clone(), tally));
            }
        }
    }

    fn subtract(&mut self, record: &ComponentRecord) {
        let Some(owner) = &record.owner else { return };
        let Some(tallies) = self.by_kyma.get_mut(&owner.key) else { return };
        if let Some((_, tally)) = tallies.iter_mut().find(|(uid, _)| *uid == owner.uid) {
            tally.subtract(record);
        }
        tallies.retain(|(_, tally)| tally.children > 0);
        if tallies.is_empty() {
            self.by_kyma.remove(&owner.key);
        }
    }
}

//! What the watch has shown, as compact records with an owner index; pure.

use std::collections::BTreeMap;
use std::sync::Arc;

use parking_lot::RwLock;

mod key;
mod owned;
mod uid;

pub use key::ObjectKey;
pub use uid::Uid;

use owned::Owned;

/// What a cache must know of a record; the rest is the caller's.
pub trait Record {
    /// The object's resourceVersion as a number. Comparable among objects of one kind (KEP-5504), which every API
    /// server on etcd has always kept.
    fn revision(&self) -> u64;
    /// The object's UID.
    fn uid(&self) -> &Uid;
    /// The UID of the controller owner, if there is one.
    fn owner(&self) -> Option<&Uid>;
}

/// The number in an object's resourceVersion; 0 when there is none.
#[must_use]
pub fn revision_of(meta: &kube::core::ObjectMeta) -> u64 {
    meta.resource_version.as_deref().and_then(|version| version.parse().ok()).unwrap_or_default()
}

/// What a record did to the cache.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change<R> {
    /// There was none with this key.
    Added,
    /// The previous record was replaced.
    Replaced(R),
    /// It was older than what is known: nothing changed.
    Stale,
}

/// A cache behind a lock.
pub type Shared<R> = Arc<RwLock<Cache<R>>>;

/// An empty cache behind a lock.
#[must_use]
pub fn shared<R: Record>() -> Shared<R> {
    Arc::new(RwLock::new(Cache::new()))
}

/// The records of one kind.
///
/// Two sources feed it: the watch ([`Cache::observe`], which decides in the end), and the responses to own writes
/// ([`Cache::learn`]), so that a reconciler sees what it wrote before the watch brings it.
#[derive(Debug)]
pub struct Cache<R> {
    /// Bounded by the number of objects on the server. Ordered, so that no decision hangs on a hash. Boxed, as lists come in
    /// order and leave the nodes of such a tree half empty.
    entries: BTreeMap<ObjectKey, Box<Entry<R>>>,
    /// The keys of `entries` by their record's owner.
    owned: Owned,
    list: List,
    /// The highest revision that list and watch have delivered since the last list began.
    revision: u64,
}

#[derive(Debug)]
struct Entry<R> {
    record: R,
    /// The list in which it was seen last; compared with the running list at its end.
    seen: u64,
    /// Whether it came from an own write and the watch has not brought it yet.
    learned: bool,
}

/// How far the current list is.
#[derive(Clone, Copy, Debug, Default)]
struct List {
    /// Lists begun so far.
    number: u64,
    running: bool,
    /// Lists completed so far.
    completed: u64,
    /// Whether the watch has delivered anything since the last list's end.
    followed: bool,
}

impl<R: Record> Default for Cache<R> {
    fn default() -> Self {
        Self::new()
    }
}

impl<R: Record> Cache<R> {
    /// An empty cache that has seen no list yet.
    #[must_use]
    pub fn new() -> Self {
        Self { entries: BTreeMap::new(), owned: Owned::default(), list: List::default(), revision: 0 }
    }

    /// A list of everything begins. A list that was begun and not ended is forgotten.
    pub fn relist_begin(&mut self) {
        self.list = List { number: self.list.number + 1, running: true, followed: false, ..self.list };
        self.revision = 0;
    }

    /// The list is complete: removes what was not in it and returns it in the order of keys.
    pub fn relist_end(&mut self) -> Vec<(ObjectKey, R)> {
        if !self.list.running {
            return Vec::new();
        }
        self.list.running = false;
        self.list.completed += 1;
        let number = self.list.number;
        let gone: Vec<_> = self.entries.extract_if(.., |_, entry| entry.seen != number).collect();
        self.released(gone)
    }

    /// Takes a record from the list or the watch.
    ///
    /// The watch may bring a state that is older than the response to an own write: that is stale. A list may not:
    /// what it shows replaces all that came by watch, even if the server's revisions went back (a restored backup).
    pub fn observe(&mut self, key: ObjectKey, record: R) -> Change<R> {
        self.note(record.revision());
        let number = self.list.number;
        if let Some(entry) = self.entries.get_mut(&key) {
            entry.seen = number;
            let from_list = self.list.running && !entry.learned;
            if !from_list && record.revision() < entry.record.revision() {
                return Change::Stale;
            }
        }
        self.put(key, Entry { record, seen: number, learned: false })
    }

    /// Takes a deletion from the watch; `revision` is that of the deletion. Returns the record that was removed, if
    /// what is held is not a newer object of the same name.
    pub fn observe_delete(&mut self, key: &ObjectKey, revision: u64) -> Option<R> {
        self.note(revision);
        let held = self.entries.get(key)?;
        if held.record.revision() > revision { None } else { self.take(key) }
    }

    /// Lets the last record of a listed object stay, though the list's item cannot be read.
    pub fn keep(&mut self, key: &ObjectKey) {
        if let Some(entry) = self.entries.get_mut(key) {
            entry.seen = self.list.number;
        }
    }

    /// Takes the record from the response to an own write, unless the watch knows better.
    ///
    /// A held record is replaced by a higher revision only. An absent one is added only when its revision is higher
    /// than all that the watch has delivered: otherwise the watch has been past it, so the object is deleted, and a
    /// response that comes late must not bring it back. While a list runs, and after a repeated one until the watch
    /// has delivered something, that revision is unknown and nothing is added (the watch will).
    pub fn learn(&mut self, key: ObjectKey, record: R) -> Change<R> {
        let number = self.list.number;
        match self.entries.get(&key) {
            Some(entry) if record.revision() <= entry.record.revision() => Change::Stale,
            Some(entry) => {
                let seen = entry.seen;
                self.put(key, Entry { record, seen, learned: true })
            }
            None if self.may_add(record.revision()) => {
                self.put(key, Entry { record, seen: number, learned: true })
            }
            None => Change::Stale,
        }
    }

    /// Removes the record of an object of which an own request has learned that it is gone; a newer object of the
    /// same name stays.
    pub fn learn_delete(&mut self, key: &ObjectKey, uid: &Uid) -> Option<R> {
        let held = self.entries.get(key)?;
        if held.record.uid() == uid { self.take(key) } else { None }
    }

    /// Removes the records for which `leaves` is true, and returns them in the order of keys.
    pub fn extract(&mut self, mut leaves: impl FnMut(&ObjectKey, &R) -> bool) -> Vec<(ObjectKey, R)> {
        let gone: Vec<_> = self.entries.extract_if(.., |key, entry| leaves(key, &entry.record)).collect();
        self.released(gone)
    }

    /// Takes over the records of a cache that nobody feeds any more, as if they had been listed before: the next list says
    /// which of them are still there. Returns the records of which the other cache has a newer one.
    pub fn absorb(&mut self, other: Self) -> Vec<(ObjectKey, R)> {
        self.list.completed = self.list.completed.max(other.list.completed);
        let mut outdated = Vec::new();
        for (key, entry) in other.entries {
            if self.entries.get(&key).is_some_and(|held| held.record.revision() >= entry.record.revision()) {
                outdated.push((key, entry.record));
            } else if let Change::Replaced(old) = self.put(key.clone(), Entry { seen: 0, ..*entry }) {
                outdated.push((key, old));
            }
        }
        outdated
    }

    /// The record of a key.
    #[must_use]
    pub fn get(&self, key: &ObjectKey) -> Option<&R> {
        self.entries.get(key).map(|entry| &entry.record)
    }

    /// The keys of the records with this owner, in their order.
    pub fn owned_by(&self, owner: &Uid) -> impl Iterator<Item = &ObjectKey> {
        self.owned.of(owner).iter()
    }

    /// All records, in the order of their keys.
    pub fn iter(&self) -> impl Iterator<Item = (&ObjectKey, &R)> {
        self.entries.iter().map(|(key, entry)| (key, &entry.record))
    }

    /// The number of records.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is no record.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Whether a list has been completed.
    #[must_use]
    pub fn synced(&self) -> bool {
        self.list.completed > 0
    }

    /// The highest revision that list and watch have delivered since the last list began.
    #[must_use]
    pub fn revision(&self) -> u64 {
        self.revision
    }

    fn note(&mut self, revision: u64) {
        self.revision = self.revision.max(revision);
        self.list.followed |= !self.list.running;
    }

    /// The first list is no repeated one: own writes begin after it, so none of their responses can be older.
    fn may_add(&self, revision: u64) -> bool {
        let List { running, completed, followed, number: _ } = self.list;
        !running && (completed <= 1 || followed) && revision > self.revision
    }

    fn put(&mut self, key: ObjectKey, entry: Entry<R>) -> Change<R> {
        let owner = entry.record.owner();
        let Some(held) = self.entries.get_mut(&key) else {
            if let Some(owner) = owner {
                self.owned.insert(owner, &key);
            }
            self.entries.insert(key, Box::new(entry));
            return Change::Added;
        };
        if held.record.owner() != owner {
            if let Some(before) = held.record.owner() {
                self.owned.remove(before, &key);
            }
            if let Some(owner) = owner {
                self.owned.insert(owner, &key);
            }
        }
        Change::Replaced(std::mem::replace(&mut **held, entry).record)
    }

    fn take(&mut self, key: &ObjectKey) -> Option<R> {
        let entry = self.entries.remove(key)?;
        self.disown(key, &entry.record);
        Some(entry.record)
    }

    /// What was taken out of `entries`, once nothing else refers to it.
    fn released(&mut self, gone: Vec<(ObjectKey, Box<Entry<R>>)>) -> Vec<(ObjectKey, R)> {
        // From the end, since an owner's keys are a list in order.
        for (key, entry) in gone.iter().rev() {
            self.disown(key, &entry.record);
        }
        gone.into_iter().map(|(key, entry)| (key, entry.record)).collect()
    }

    fn disown(&mut self, key: &ObjectKey, record: &R) {
        if let Some(owner) = record.owner() {
            self.owned.remove(owner, key);
        }
    }
}

#[cfg(test)]
mod tests;

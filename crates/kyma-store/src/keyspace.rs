//! Every version of every key that a read inside the history window can ask for.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::ops::Bound;
use std::sync::Arc;

use slab::Slab;

use crate::history::Event;
use crate::object::{Key, Object};
use crate::resource::ResourceId;
use crate::revision::Revision;

/// Which objects to list.
#[derive(Clone, Debug)]
pub struct ListQuery {
    /// The resource.
    pub resource: ResourceId,
    /// Only this namespace; `None` for all of them, and for cluster-scoped resources.
    pub namespace: Option<Arc<str>>,
    /// Where the page before ended: its last object's namespace and name. The list starts behind it.
    pub after: Option<(Arc<str>, Arc<str>)>,
    /// The most objects to return.
    pub limit: Option<usize>,
    /// The revision to read at; `None` for the newest.
    pub at: Option<Revision>,
}

impl ListQuery {
    /// All objects of a resource, as they are now.
    pub fn all(resource: ResourceId) -> Self {
        Self { resource, namespace: None, after: None, limit: None, at: None }
    }

    fn start(&self) -> Bound<Key> {
        let empty = || Arc::from("");
        let first = Key {
            resource: self.resource,
            namespace: self.namespace.clone().unwrap_or_else(empty),
            name: empty(),
        };
        match self.after.clone() {
            Some((namespace, name)) => {
                let after = Key { resource: self.resource, namespace, name };
                if after < first { Bound::Included(first) } else { Bound::Excluded(after) }
            }
            None => Bound::Included(first),
        }
    }

    fn covers(&self, key: &Key) -> bool {
        key.resource == self.resource
            && self.namespace.as_ref().is_none_or(|namespace| key.namespace == *namespace)
    }
}

/// Some objects of one snapshot, in the order of their keys.
#[derive(Clone, Debug)]
pub struct Page {
    /// The objects.
    pub objects: Vec<Arc<Object>>,
    /// The revision that they were read at; the next page is consistent with this one when it reads there too.
    pub revision: Revision,
    /// Whether there are more objects behind the last one.
    pub more: bool,
    /// How many there are behind the last one.
    pub remaining: usize,
}

/// Why a read at a revision is not possible.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// The history that is needed is gone: 410 for an API client.
    #[error("the history before revision {oldest} is gone")]
    Compacted {
        /// The oldest revision that can still be read at.
        oldest: Revision,
    },
    /// The revision is not written yet.
    #[error("the newest revision is {current}")]
    Future {
        /// The newest revision.
        current: Revision,
    },
}

/// A key's state from one revision on; `None` when it is deleted.
#[derive(Debug)]
struct Version {
    // Also inside the object; here it spares a list the visit to objects that it does not return.
    revision: Revision,
    object: Option<Arc<Object>>,
}

/// The versions before the newest, oldest first; never empty.
#[derive(Debug, Default)]
struct Older(VecDeque<Version>);

/// What is known of one key. Boxed where it is rare, because most keys have rested for longer than the window.
#[derive(Debug)]
struct Versions {
    newest: Version,
    older: Option<Box<Older>>,
}

impl Versions {
    fn at(&self, revision: Revision) -> Option<&Arc<Object>> {
        if self.newest.revision <= revision {
            return self.newest.object.as_ref();
        }
        let older = &self.older.as_ref()?.0;
        let behind = older.partition_point(|version| version.revision <= revision);
        older.get(behind.checked_sub(1)?)?.object.as_ref()
    }

    fn push(&mut self, version: Version) {
        let before = std::mem::replace(&mut self.newest, version);
        self.older.get_or_insert_default().0.push_back(before);
    }

    /// Drops what no read at `oldest` or later can see; says whether anything is left.
    fn forget(&mut self, oldest: Revision) -> bool {
        let Some(older) = &mut self.older else { return !self.newest.is_past_deletion(oldest) };
        let versions = &mut older.0;
        while let Some(version) = versions.front() {
            let next = versions.get(1).map_or(self.newest.revision, |version| version.revision);
            if next > oldest && !version.is_past_deletion(oldest) {
                break;
            }
            versions.pop_front();
        }
        if versions.is_empty() {
            self.older = None;
            return !self.newest.is_past_deletion(oldest);
        }
        true
    }
}

impl Version {
    fn is_past_deletion(&self, oldest: Revision) -> bool {
        self.object.is_none() && self.revision <= oldest
    }
}

/// Where a key's versions are; good for as long as the window holds an event of the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Slot(usize);

#[cfg(test)]
impl Slot {
    pub(crate) const fn for_test(number: usize) -> Self {
        Self(number)
    }
}

/// All keys, with the versions that the window still needs.
///
/// A request looks up single keys several times, a list walks them in order: one index for each, because finding a
/// key among 80,000 costs a tree ten times what it costs a hash table.
#[derive(Debug, Default)]
pub(crate) struct Keyspace {
    versions: Slab<Versions>,
    slots: HashMap<Key, Slot>,
    order: BTreeMap<Key, Slot>,
    /// Live objects of each resource, by its position.
    counts: Vec<usize>,
    objects: usize,
    bytes: usize,
}

impl Keyspace {
    pub(crate) fn get(&self, key: &Key) -> Option<Arc<Object>> {
        self.versions[self.slots.get(key)?.0].newest.object.clone()
    }

    /// The number of live objects of a resource.
    pub(crate) fn count(&self, resource: ResourceId) -> usize {
        self.counts.get(resource.position()).copied().unwrap_or(0)
    }

    /// The number of live objects of all resources.
    pub(crate) fn objects(&self) -> usize {
        self.objects
    }

    /// The bytes of JSON of all live objects.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Lists at a revision that the caller has found to be inside the window; `newest` is the store's newest.
    pub(crate) fn list(&self, query: &ListQuery, newest: Revision) -> Page {
        let revision = query.at.unwrap_or(newest);
        let limit = query.limit.unwrap_or(usize::MAX);
        let whole = query.namespace.is_none() && query.after.is_none();
        let capacity = if whole { limit.min(self.count(query.resource)) } else { 0 };
        let mut page = Page { objects: Vec::with_capacity(capacity), revision, more: false, remaining: 0 };
        let range = self.order.range((query.start(), Bound::Unbounded));
        for (_, slot) in range.take_while(|(key, _)| query.covers(key)) {
            let Some(object) = self.versions[slot.0].at(revision) else { continue };
            if page.objects.len() < limit {
                page.objects.push(Arc::clone(object));
            } else if whole && revision == newest {
                // The first page of everything: the rest is known without walking it.
                page.remaining = self.count(query.resource) - page.objects.len();
                break;
            } else {
                page.remaining += 1;
            }
        }
        page.more = page.remaining > 0;
        page
    }

    /// Makes the event's state its key's newest.
    pub(crate) fn apply(&mut self, event: &Event) -> Slot {
        let Event { revision, object, previous, deleted } = event;
        let live = (!deleted).then(|| Arc::clone(object));
        self.recount(object.key.resource, previous.as_deref(), live.as_deref());
        let version = Version { revision: *revision, object: live };
        if let Some(slot) = self.slots.get(&object.key) {
            self.versions[slot.0].push(version);
            return *slot;
        }
        let slot = Slot(self.versions.insert(Versions { newest: version, older: None }));
        self.slots.insert(object.key.clone(), slot);
        self.order.insert(object.key.clone(), slot);
        slot
    }

    fn recount(&mut self, resource: ResourceId, before: Option<&Object>, after: Option<&Object>) {
        let position = resource.position();
        if self.counts.len() <= position {
            self.counts.resize(position + 1, 0);
        }
        let (gone, new) = (usize::from(before.is_some()), usize::from(after.is_some()));
        self.counts[position] = self.counts[position] + new - gone;
        self.objects = self.objects + new - gone;
        let length = |object: Option<&Object>| object.map_or(0, |object| object.json.len());
        self.bytes = self.bytes + length(after) - length(before);
    }

    /// The window has moved over an event: drops the versions of its key that no read from there on can see.
    pub(crate) fn forget(&mut self, slot: Slot, event: &Event) {
        if !self.versions[slot.0].forget(event.revision) {
            self.versions.remove(slot.0);
            self.slots.remove(&event.object.key);
            self.order.remove(&event.object.key);
        }
    }
}

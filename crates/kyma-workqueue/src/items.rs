//! The keys that need processing, each once, with where it stands: found by its key, and by a small number that is its as
//! long as it is here.

use std::hash::{BuildHasher, Hash};
use std::time::Duration;

use hashbrown::{DefaultHashBuilder, HashTable};
use slab::Slab;

use crate::order::{Class, Turn};

/// Room for so many items stays when all are gone.
pub(crate) const KEPT: usize = 1024;

/// The number of an item, used again when the item is gone.
pub(crate) type Slot = u32;

/// A key that needs processing. Laid out flat: a fleet has hundreds of thousands of them.
#[derive(Clone, Debug)]
pub(crate) struct Item<K> {
    /// The key.
    pub(crate) key: K,
    /// The number of the first add; smaller is earlier, and never used again.
    pub(crate) sequence: u64,
    /// Whether it is in the line, or held back because a worker has the key.
    pub(crate) ready: bool,
    class: Class,
    priority: u64,
    /// Nanoseconds since the queue's epoch: enough for 584 years.
    since: u64,
}

impl<K> Item<K> {
    /// An item that is not in the line yet, first added at `since`.
    pub(crate) fn new(key: K, turn: Turn, sequence: u64, since: Duration) -> Self {
        let since = u64::try_from(since.as_nanos()).unwrap_or(u64::MAX);
        Self { key, sequence, ready: false, class: turn.class, priority: turn.priority, since }
    }

    /// The merged turn.
    #[must_use]
    pub(crate) fn turn(&self) -> Turn {
        Turn::new(self.class, self.priority)
    }

    /// Gives it another turn.
    pub(crate) fn set_turn(&mut self, turn: Turn) {
        (self.class, self.priority) = (turn.class, turn.priority);
    }

    /// The time of the first add, since the queue's epoch.
    #[must_use]
    pub(crate) fn since(&self) -> Duration {
        Duration::from_nanos(self.since)
    }
}

/// All items. Bounded by the number of different keys.
#[derive(Debug)]
pub(crate) struct Items<K> {
    slab: Slab<Item<K>>,
    /// The slots of the keys: the keys themselves are in the slab alone.
    slots: HashTable<Slot>,
    hasher: DefaultHashBuilder,
}

impl<K> Default for Items<K> {
    fn default() -> Self {
        Self { slab: Slab::new(), slots: HashTable::new(), hasher: DefaultHashBuilder::default() }
    }
}

impl<K> Items<K> {
    /// The item of a slot.
    #[must_use]
    pub(crate) fn get(&self, slot: Slot) -> Option<&Item<K>> {
        self.slab.get(slot as usize)
    }

    /// The item of a slot.
    pub(crate) fn get_mut(&mut self, slot: Slot) -> Option<&mut Item<K>> {
        self.slab.get_mut(slot as usize)
    }

    /// Drops all, and their memory.
    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }
}

impl<K: Eq + Hash> Items<K> {
    /// The slot of a key.
    #[must_use]
    pub(crate) fn find(&self, key: &K) -> Option<Slot> {
        let of_key = |slot: &Slot| self.get(*slot).is_some_and(|item| item.key == *key);
        self.slots.find(self.hasher.hash_one(key), of_key).copied()
    }

    /// Takes in an item whose key is not here, and gives its slot.
    ///
    /// # Panics
    /// Beyond four thousand million keys, which no memory holds.
    pub(crate) fn insert(&mut self, item: Item<K>) -> Slot {
        let hash = self.hasher.hash_one(&item.key);
        #[expect(
            clippy::expect_used,
            reason = "memory ends long before: an item has 32 bytes besides its key"
        )]
        let slot = Slot::try_from(self.slab.insert(item)).expect("fewer than 2^32 keys");
        let (slab, hasher) = (&self.slab, &self.hasher);
        let rehash = |slot: &Slot| slab.get(*slot as usize).map_or(0, |item| hasher.hash_one(&item.key));
        self.slots.insert_unique(hash, slot, rehash);
        slot
    }

    /// Takes out an item. With the last of many goes their memory.
    pub(crate) fn remove(&mut self, slot: Slot) -> Option<Item<K>> {
        let item = self.slab.try_remove(slot as usize)?;
        let hash = self.hasher.hash_one(&item.key);
        if let Ok(entry) = self.slots.find_entry(hash, |other| *other == slot) {
            entry.remove();
        }
        if self.slab.is_empty() && self.slab.capacity() > KEPT {
            self.clear();
        }
        Some(item)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_item_is_found_by_its_key_and_by_its_slot_until_it_is_gone() {
        let mut items = Items::default();
        let slots: Vec<Slot> = (0..5000_u64)
            .map(|key| items.insert(Item::new(key, Turn::user(key), key, Duration::ZERO)))
            .collect();
        assert!(slots.iter().zip(0..).all(|(slot, key)| items.find(&key) == Some(*slot)));
        assert_eq!(items.remove(slots[7]).map(|item| item.key), Some(7));
        assert_eq!(items.find(&7), None);
        assert!(items.remove(slots[7]).is_none());
        let again = items.insert(Item::new(9000, Turn::user(0), 9000, Duration::ZERO));
        assert_eq!(again, slots[7], "a slot is used again");
        for slot in slots {
            items.remove(slot);
        }
        assert!(items.slab.capacity() <= KEPT, "{}", items.slab.capacity());
    }

    #[test]
    fn an_item_costs_few_bytes_besides_its_key() {
        assert_eq!(size_of::<Item<u64>>(), 8 + 32);
        assert_eq!(
            size_of::<Option<Item<u64>>>(),
            size_of::<Item<u64>>(),
            "an empty slot needs no room of its own"
        );
    }
}

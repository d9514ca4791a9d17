//! Things with a key, each once: found by its key, and by a small number that is its as long as it is here. A fleet has hundreds
//! of thousands of them, so the keys are held once and the numbers are short.

use std::hash::{BuildHasher, Hash};

use hashbrown::{DefaultHashBuilder, HashTable};
use slab::Slab;

/// Room for so many things stays when all are gone.
pub(crate) const KEPT: usize = 1024;

/// The number of a thing, used again when it is gone.
pub(crate) type Slot = u32;

/// What has a key.
pub(crate) trait Named {
    /// What it is found by.
    type Key: Eq + Hash;

    /// Its key, which does not change.
    fn key(&self) -> &Self::Key;
}

/// All things. Bounded by the number of different keys.
#[derive(Debug)]
pub(crate) struct Keyed<T> {
    slab: Slab<T>,
    slots: HashTable<Slot>,
    hasher: DefaultHashBuilder,
}

impl<T> Default for Keyed<T> {
    fn default() -> Self {
        Self { slab: Slab::new(), slots: HashTable::new(), hasher: DefaultHashBuilder::default() }
    }
}

impl<T> Keyed<T> {
    /// The thing of a slot.
    #[must_use]
    pub(crate) fn get(&self, slot: Slot) -> Option<&T> {
        self.slab.get(slot as usize)
    }

    /// The thing of a slot.
    pub(crate) fn get_mut(&mut self, slot: Slot) -> Option<&mut T> {
        self.slab.get_mut(slot as usize)
    }

    /// How many there are.
    #[must_use]
    pub(crate) fn len(&self) -> usize {
        self.slab.len()
    }

    /// Drops all, and their memory.
    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }
}

impl<T: Named> Keyed<T> {
    /// The slot of a key.
    #[must_use]
    pub(crate) fn find(&self, key: &T::Key) -> Option<Slot> {
        let of_key = |slot: &Slot| self.get(*slot).is_some_and(|thing| thing.key() == key);
        self.slots.find(self.hasher.hash_one(key), of_key).copied()
    }

    /// Takes in a thing whose key is not here, and gives its slot.
    ///
    /// # Panics
    /// Beyond four thousand million keys, which no memory holds.
    pub(crate) fn insert(&mut self, thing: T) -> Slot {
        let hash = self.hasher.hash_one(thing.key());
        #[expect(clippy::expect_used, reason = "memory ends long before")]
        let slot = Slot::try_from(self.slab.insert(thing)).expect("fewer than 2^32 keys");
        let (slab, hasher) = (&self.slab, &self.hasher);
        let rehash = |slot: &Slot| slab.get(*slot as usize).map_or(0, |thing| hasher.hash_one(thing.key()));
        self.slots.insert_unique(hash, slot, rehash);
        slot
    }

    /// Takes out a thing. With the last of many goes their memory.
    pub(crate) fn remove(&mut self, slot: Slot) -> Option<T> {
        let thing = self.slab.try_remove(slot as usize)?;
        let hash = self.hasher.hash_one(thing.key());
        if let Ok(entry) = self.slots.find_entry(hash, |other| *other == slot) {
            entry.remove();
        }
        if self.slab.is_empty() && self.slab.capacity() > KEPT {
            self.clear();
        }
        Some(thing)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq)]
    struct Thing(u64);

    impl Named for Thing {
        type Key = u64;

        fn key(&self) -> &u64 {
            &self.0
        }
    }

    #[test]
    fn a_thing_is_found_by_its_key_and_by_its_slot_until_it_is_gone() {
        let mut things = Keyed::default();
        let slots: Vec<Slot> = (0..5000).map(|key| things.insert(Thing(key))).collect();
        assert!(slots.iter().zip(0..).all(|(slot, key)| things.find(&key) == Some(*slot)));
        assert_eq!(things.remove(slots[7]), Some(Thing(7)));
        assert_eq!((things.find(&7), things.len()), (None, 4999));
        assert!(things.remove(slots[7]).is_none());
        assert_eq!(things.insert(Thing(9000)), slots[7], "a slot is used again");
        assert_eq!(things.find(&9000), Some(slots[7]));
        for slot in slots {
            things.remove(slot);
        }
        assert_eq!((things.len(), things.slots.len()), (0, 0));
        assert!(things.slab.capacity() <= KEPT, "{}", things.slab.capacity());
    }
}

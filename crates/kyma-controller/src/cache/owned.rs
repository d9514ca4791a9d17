//! Which records belong to an owner; pure.

use std::collections::HashMap;

use super::{ObjectKey, Uid};

/// Up to so many keys a list grows by so many, as there are many such lists; beyond, it doubles.
const SMALL: usize = 64;
const STEP: usize = 4;

/// The keys by their record's owner, in their order; no empty lists. Bounded by the records. Lists, not trees: most owners
/// have a few dozen, and a tree costs three times as much for these.
#[derive(Debug, Default)]
pub(super) struct Owned(HashMap<Uid, Vec<ObjectKey>>);

impl Owned {
    /// The owner's keys, in their order.
    pub(super) fn of(&self, owner: &Uid) -> &[ObjectKey] {
        self.0.get(owner).map_or(&[], Vec::as_slice)
    }

    /// The key belongs to the owner.
    pub(super) fn insert(&mut self, owner: &Uid, key: &ObjectKey) {
        let keys = match self.0.get_mut(owner) {
            Some(keys) => keys,
            None => self.0.entry(owner.clone()).or_default(),
        };
        if let Err(place) = keys.binary_search(key) {
            if keys.len() < SMALL && keys.len() == keys.capacity() {
                keys.reserve_exact(STEP);
            }
            keys.insert(place, key.clone());
        }
    }

    /// The key does not belong to the owner any more.
    pub(super) fn remove(&mut self, owner: &Uid, key: &ObjectKey) {
        let Some(keys) = self.0.get_mut(owner) else { return };
        if let Ok(place) = keys.binary_search(key) {
            keys.remove(place);
        }
        if keys.is_empty() {
            self.0.remove(owner);
        }
    }

    #[cfg(test)]
    pub(super) fn iter(&self) -> impl Iterator<Item = (&Uid, &[ObjectKey])> {
        self.0.iter().map(|(owner, keys)| (owner, keys.as_slice()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_come_in_order_and_owners_leave_with_their_last_key() {
        let (owner, other) = (Uid::parse("a"), Uid::parse("b"));
        let key = |name: &str| ObjectKey::new("pb", name);
        let mut owned = Owned::default();
        for name in ["c", "a", "b", "a"] {
            owned.insert(&owner, &key(name));
        }
        assert_eq!(owned.of(&owner), [key("a"), key("b"), key("c")]);
        assert_eq!(owned.of(&other), []);
        owned.remove(&other, &key("a"));
        for name in ["b", "b", "a", "c"] {
            owned.remove(&owner, &key(name));
        }
        assert!(owned.0.is_empty());
    }
}

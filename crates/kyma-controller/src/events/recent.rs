//! A map that forgets what was not used for longest.

use std::collections::{BTreeMap, HashMap};
use std::hash::Hash;

/// At most `capacity` entries.
#[derive(Debug)]
pub(super) struct Recent<K, V> {
    capacity: usize,
    entries: HashMap<K, (u64, V)>,
    /// The keys of `entries` by the time of their last use.
    uses: BTreeMap<u64, K>,
    next_use: u64,
}

impl<K: Clone + Eq + Hash, V> Recent<K, V> {
    pub(super) fn new(capacity: usize) -> Self {
        Self { capacity, entries: HashMap::new(), uses: BTreeMap::new(), next_use: 0 }
    }

    /// The value of a key, made if there is none; using it counts as its last use.
    pub(super) fn get_or_insert_with(&mut self, key: &K, make: impl FnOnce() -> V) -> &mut V {
        let now = self.next_use;
        self.next_use += 1;
        if let Some((last, _)) = self.entries.get(key) {
            self.uses.remove(last);
        } else if self.entries.len() >= self.capacity
            && let Some((_, oldest)) = self.uses.pop_first()
        {
            self.entries.remove(&oldest);
        }
        self.uses.insert(now, key.clone());
        let entry = self.entries.entry(key.clone()).or_insert_with(|| (now, make()));
        entry.0 = now;
        &mut entry.1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_entry_that_was_not_used_for_longest_leaves() {
        let mut recent = Recent::new(2);
        *recent.get_or_insert_with(&"a", || 1) += 10;
        recent.get_or_insert_with(&"b", || 2);
        assert_eq!(*recent.get_or_insert_with(&"a", || 0), 11);
        recent.get_or_insert_with(&"c", || 3);
        assert_eq!(*recent.get_or_insert_with(&"a", || 0), 11, "b left, not a");
        assert_eq!(*recent.get_or_insert_with(&"b", || 9), 9);
        assert_eq!((recent.entries.len(), recent.uses.len()), (2, 2));
    }
}

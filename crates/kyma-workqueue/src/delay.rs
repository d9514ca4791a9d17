//! Adds that wait for their time; pure. The model is client-go's `util/workqueue/delaying_queue.go`.

use std::collections::{BTreeMap, HashMap};
use std::hash::Hash;
use std::time::Duration;

use crate::items::KEPT;
use crate::order::Turn;

/// Keys that are to be added later, one entry per key.
///
/// A second delayed add of a key merges with the first: the earliest time wins, the turns merge. An immediate add of
/// the key, and handing it out, leave its entry alone: a stage's timer that is set again by every reconcile stays
/// the one that was set first, and fires once.
#[derive(Debug)]
pub struct Delays<K> {
    /// Entries by time, then in the order in which they were first made.
    by_time: BTreeMap<(Duration, u64), (K, Turn)>,
    /// Where each key stands in `by_time`. Same keys, so both are bounded by the number of different keys.
    slots: HashMap<K, (Duration, u64)>,
    /// The number of the next entry.
    next_sequence: u64,
}

impl<K> Default for Delays<K> {
    fn default() -> Self {
        Self { by_time: BTreeMap::new(), slots: HashMap::new(), next_sequence: 0 }
    }
}

impl<K: Clone + Eq + Hash> Delays<K> {
    /// Adds the key at `due` (time since the queue's epoch). True when this is now the earliest time of all, so that
    /// a timer must be set anew.
    pub fn add(&mut self, key: K, turn: Turn, due: Duration) -> bool {
        let earliest = self.next_due();
        match self.slots.get_mut(&key) {
            Some(slot) => {
                let Some((key, held)) = self.by_time.remove(slot) else { return false };
                slot.0 = slot.0.min(due);
                self.by_time.insert(*slot, (key, held.merge(turn)));
            }
            None => {
                let slot = (due, self.next_sequence);
                self.next_sequence += 1;
                self.slots.insert(key.clone(), slot);
                self.by_time.insert(slot, (key, turn));
            }
        }
        earliest != self.next_due()
    }

    /// The time of the first entry.
    #[must_use]
    pub fn next_due(&self) -> Option<Duration> {
        self.by_time.first_key_value().map(|((due, _), _)| *due)
    }

    /// Takes the first entry whose time has come.
    pub fn pop_due(&mut self, now: Duration) -> Option<(K, Turn)> {
        let first = self.by_time.first_entry()?;
        if first.key().0 > now {
            return None;
        }
        let (key, turn) = first.remove();
        self.slots.remove(&key);
        if self.slots.is_empty() && self.slots.capacity() > KEPT {
            self.clear();
        }
        Some((key, turn))
    }

    /// Drops everything, and its memory.
    pub fn clear(&mut self) {
        self.by_time = BTreeMap::new();
        self.slots = HashMap::new();
    }

    /// The number of keys that wait for their time.
    #[must_use]
    pub fn len(&self) -> usize {
        self.slots.len()
    }

    /// Whether no key waits for its time.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secs(n: u64) -> Duration {
        Duration::from_secs(n)
    }

    #[test]
    fn the_earliest_time_wins_and_turns_merge() {
        let mut delays = Delays::default();
        assert!(delays.add("a", Turn::dependent(1), secs(10)));
        assert!(!delays.add("a", Turn::user(0), secs(20)), "later: the time stays");
        assert!(!delays.add("b", Turn::dependent(0), secs(12)));
        assert!(delays.add("b", Turn::dependent(0), secs(5)), "earlier: the timer must be set anew");
        assert_eq!(delays.len(), 2);

        assert_eq!(delays.pop_due(secs(4)), None);
        assert_eq!(delays.pop_due(secs(5)), Some(("b", Turn::dependent(0))));
        assert_eq!(delays.pop_due(secs(20)), Some(("a", Turn::user(1))));
        assert_eq!(delays.pop_due(secs(99)), None, "an entry fires once");
        assert!(delays.is_empty());
    }

    #[test]
    fn equal_times_fire_in_the_order_of_the_first_add() {
        let mut delays = Delays::default();
        for key in ["a", "b", "c"] {
            delays.add(key, Turn::default(), secs(1));
        }
        let fired: Vec<_> = std::iter::from_fn(|| delays.pop_due(secs(1)).map(|(key, _)| key)).collect();
        assert_eq!(fired, ["a", "b", "c"]);
    }

    #[test]
    fn a_key_has_one_entry_however_often_it_is_added() {
        let mut delays = Delays::default();
        for n in 0..10_000 {
            delays.add(n % 3, Turn::default(), secs(n));
        }
        assert_eq!((delays.len(), delays.by_time.len()), (3, 3));
    }
}

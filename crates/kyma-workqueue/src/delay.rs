//! Adds that wait for their time; pure. The model is client-go's `util/workqueue/delaying_queue.go`.

use std::collections::BTreeMap;
use std::hash::Hash;
use std::time::Duration;

use crate::keyed::{Keyed, Named, Slot};
use crate::order::Turn;

/// Keys that are to be added later, one entry per key.
///
/// A second delayed add of a key merges with the first: the earliest time wins, the turns merge. An immediate add of
/// the key, and handing it out, leave its entry alone: a stage's timer that is set again by every reconcile stays
/// the one that was set first, and fires once.
#[derive(Debug)]
pub struct Delays<K> {
    entries: Keyed<Entry<K>>,
    /// Entries by time, then in the order in which they were first made.
    by_time: BTreeMap<Place, Slot>,
    /// The number of the next entry.
    next_sequence: u64,
}

/// The time since the queue's epoch in nanoseconds, enough for 584 years, and the number of the entry.
type Place = (u64, u64);

#[derive(Debug)]
struct Entry<K> {
    key: K,
    turn: Turn,
    place: Place,
}

impl<K: Eq + Hash> Named for Entry<K> {
    type Key = K;

    fn key(&self) -> &K {
        &self.key
    }
}

impl<K> Default for Delays<K> {
    fn default() -> Self {
        Self { entries: Keyed::default(), by_time: BTreeMap::new(), next_sequence: 0 }
    }
}

impl<K: Eq + Hash> Delays<K> {
    /// Adds the key at `due` (time since the queue's epoch). True when this is now the earliest time of all, so that
    /// a timer must be set anew.
    pub fn add(&mut self, key: K, turn: Turn, due: Duration) -> bool {
        let earliest = self.next_due();
        let due = u64::try_from(due.as_nanos()).unwrap_or(u64::MAX);
        let held = self.entries.find(&key);
        if let Some(slot) = held
            && let Some(entry) = self.entries.get_mut(slot)
        {
            entry.turn = entry.turn.merge(turn);
            if due < entry.place.0 {
                self.by_time.remove(&entry.place);
                entry.place.0 = due;
                self.by_time.insert(entry.place, slot);
            }
        } else {
            let place = (due, self.next_sequence);
            self.next_sequence += 1;
            self.by_time.insert(place, self.entries.insert(Entry { key, turn, place }));
        }
        earliest != self.next_due()
    }

    /// The time of the first entry.
    #[must_use]
    pub fn next_due(&self) -> Option<Duration> {
        self.by_time.first_key_value().map(|((due, _), _)| Duration::from_nanos(*due))
    }

    /// Takes the first entry whose time has come.
    pub fn pop_due(&mut self, now: Duration) -> Option<(K, Turn)> {
        let first = self.by_time.first_entry()?;
        if Duration::from_nanos(first.key().0) > now {
            return None;
        }
        let Entry { key, turn, place: _ } = self.entries.remove(first.remove())?;
        Some((key, turn))
    }

    /// Drops everything, and its memory.
    pub fn clear(&mut self) {
        self.entries.clear();
        self.by_time.clear();
    }

    /// The number of keys that wait for their time.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether no key waits for its time.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.by_time.is_empty()
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

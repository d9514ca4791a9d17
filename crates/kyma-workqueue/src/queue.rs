//! Who waits and who is worked on; pure. The model is client-go's `util/workqueue/queue.go`.

use std::hash::Hash;
use std::time::Duration;

use hashbrown::HashMap;

use crate::items::{Item, Items};
use crate::line::Line;
use crate::order::{Class, Turn};

/// A de-duplicating queue of keys; every method takes the time since the queue's epoch, which must not go back.
///
/// What happens to a key that is added again:
///
/// - While it waits, it stays one item: the more urgent class wins, the larger priority wins, each on its own, and
///   the place in the line is that of the first add.
/// - While a worker has it, it becomes dirty with the turns of all these adds merged the same way. At
///   [`Queue::done`] it is ready with the place of the first of these adds. It is never with two workers.
#[derive(Debug)]
pub struct Queue<K> {
    /// All that needs processing, whether ready or held back because a worker has the key.
    dirty: Items<K>,
    /// What can be handed out. Invariant: a key is ready exactly when it is dirty and not processing.
    ready: Line,
    /// What workers have, with the time they got it. A key in here may be dirty as well, and is then not ready.
    /// Bounded by the number of workers.
    processing: HashMap<K, Duration>,
    /// The sequence of the next first add.
    next_sequence: u64,
}

impl<K> Default for Queue<K> {
    fn default() -> Self {
        Self { dirty: Items::default(), ready: Line::default(), processing: HashMap::new(), next_sequence: 0 }
    }
}

/// What an add did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Added {
    /// The key can be handed out now.
    Ready,
    /// A worker has the key; it waits for [`Queue::done`].
    HeldBack,
    /// The key was waiting already.
    Merged,
}

/// A key that was handed to a worker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Handed<K> {
    /// The key.
    pub key: K,
    /// The class in which it waited.
    pub class: Class,
    /// The time since its first add.
    pub waited: Duration,
}

/// What a worker was done with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Finished {
    /// The time since the key was handed out.
    pub worked: Duration,
    /// Whether it was added again in the meantime and is ready now.
    pub ready_again: bool,
}

impl<K: Clone + Eq + Hash> Queue<K> {
    /// Marks a key as needing processing.
    pub fn add(&mut self, key: K, turn: Turn, now: Duration) -> Added {
        if let Some(slot) = self.dirty.find(&key) {
            let before = self.dirty.get(slot).map_or(turn, Item::turn);
            let merged = before.merge(turn);
            if merged != before {
                self.ready.advance(slot, merged, &mut self.dirty);
            }
            return Added::Merged;
        }
        let held_back = self.processing.contains_key(&key);
        let slot = self.dirty.insert(Item::new(key, turn, self.next_sequence, now));
        self.next_sequence += 1;
        if held_back {
            return Added::HeldBack;
        }
        self.ready.insert(slot, &mut self.dirty);
        Added::Ready
    }

    /// Hands out the key whose turn it is; the caller must call [`Queue::done`] for it.
    pub fn get(&mut self, now: Duration) -> Option<Handed<K>> {
        let slot = self.ready.pop(now, &mut self.dirty)?;
        let item = self.dirty.remove(slot)?;
        let (class, waited) = (item.turn().class, now.saturating_sub(item.since()));
        self.processing.insert(item.key.clone(), now);
        Some(Handed { key: item.key, class, waited })
    }

    /// Ends the work on a key; `None` when no worker had it.
    pub fn done(&mut self, key: &K, now: Duration) -> Option<Finished> {
        let started = self.processing.remove(key)?;
        let slot = self.dirty.find(key);
        if let Some(slot) = slot {
            self.ready.insert(slot, &mut self.dirty);
        }
        Some(Finished { worked: now.saturating_sub(started), ready_again: slot.is_some() })
    }

    /// Drops a key that needs processing; a worker that has it keeps it. Says whether there was one.
    pub fn remove(&mut self, key: &K) -> bool {
        let Some(slot) = self.dirty.find(key) else { return false };
        self.ready.remove(slot, &mut self.dirty);
        self.dirty.remove(slot).is_some()
    }

    /// Drops all that waits; what workers have stays with them.
    pub fn clear(&mut self) {
        self.dirty.clear();
        self.ready = Line::default();
    }

    /// The number of keys that can be handed out.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ready.len()
    }

    /// Whether nothing can be handed out.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ready.is_empty()
    }

    /// The number of keys that can be handed out, by class.
    #[must_use]
    pub fn depth(&self) -> [usize; 4] {
        self.ready.depth()
    }

    /// The number of keys that workers have.
    #[must_use]
    pub fn processing(&self) -> usize {
        self.processing.len()
    }

    /// How long each key that a worker has has been with it, in no particular order.
    pub fn running(&self, now: Duration) -> impl Iterator<Item = Duration> {
        self.processing.values().map(move |started| now.saturating_sub(*started))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const T0: Duration = Duration::ZERO;

    fn drain(queue: &mut Queue<u8>) -> Vec<u8> {
        std::iter::from_fn(|| queue.get(T0).map(|handed| handed.key)).collect()
    }

    #[test]
    fn a_waiting_key_is_one_item_at_its_first_place_with_the_best_turn() {
        let mut queue = Queue::default();
        assert_eq!(queue.add(1, Turn::dependent(5), T0), Added::Ready);
        assert_eq!(queue.add(2, Turn::dependent(5), T0), Added::Ready);
        assert_eq!(queue.add(3, Turn::sweep(0), T0), Added::Ready);
        assert_eq!(queue.add(1, Turn::sweep(5), T0), Added::Merged);
        assert_eq!(queue.add(3, Turn::user(0), T0), Added::Merged);
        assert_eq!(queue.depth(), [1, 2, 0, 0]);
        assert_eq!(drain(&mut queue), [3, 1, 2]);
    }

    #[test]
    fn a_key_is_never_with_two_workers_and_comes_again_when_it_was_added_meanwhile() {
        let mut queue = Queue::default();
        queue.add(1, Turn::user(0), T0);
        assert_eq!(queue.get(T0).map(|handed| handed.key), Some(1));
        assert_eq!(queue.add(1, Turn::sweep(3), T0), Added::HeldBack);
        assert_eq!(queue.add(1, Turn::dependent(1), T0), Added::Merged);
        assert_eq!(queue.get(T0), None);
        assert_eq!(queue.done(&1, T0).map(|finished| finished.ready_again), Some(true));
        let again = queue.get(T0);
        assert_eq!(again, Some(Handed { key: 1, class: Class::Dependent, waited: T0 }));
        assert_eq!(queue.done(&1, T0).map(|finished| finished.ready_again), Some(false));
        assert_eq!(queue.done(&1, T0), None, "done twice is nothing");
    }

    #[test]
    fn a_key_that_is_dropped_is_not_handed_out_and_can_come_again() {
        let mut queue = Queue::default();
        for key in 1..=3 {
            queue.add(key, Turn::user(0), T0);
        }
        assert!(queue.remove(&2) && !queue.remove(&2));
        assert_eq!(queue.depth(), [2, 0, 0, 0]);
        queue.add(2, Turn::user(0), T0);
        assert_eq!(drain(&mut queue), [1, 3, 2], "at the end of the line");
        queue.add(2, Turn::user(0), T0);
        assert!(queue.remove(&2), "while a worker has it");
        assert_eq!(queue.done(&2, T0).map(|finished| finished.ready_again), Some(false));
    }

    #[test]
    fn waiting_and_working_times_are_told() {
        let mut queue = Queue::default();
        queue.add(1, Turn::user(0), Duration::from_secs(1));
        queue.add(1, Turn::user(0), Duration::from_secs(2));
        let handed = queue.get(Duration::from_secs(4));
        assert_eq!(handed.map(|handed| handed.waited), Some(Duration::from_secs(3)));
        assert_eq!(queue.running(Duration::from_secs(6)).collect::<Vec<_>>(), [Duration::from_secs(2)]);
        let finished = queue.done(&1, Duration::from_secs(9));
        assert_eq!(finished.map(|finished| finished.worked), Some(Duration::from_secs(5)));
    }
}

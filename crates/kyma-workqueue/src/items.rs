//! The keys that need processing, each once, with where it stands.

use std::hash::Hash;
use std::time::Duration;

use crate::keyed::{Keyed, Named};
use crate::order::{Class, Turn};

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

impl<K: Eq + Hash> Named for Item<K> {
    type Key = K;

    fn key(&self) -> &K {
        &self.key
    }
}

/// All items.
pub(crate) type Items<K> = Keyed<Item<K>>;

#[cfg(test)]
mod tests {
    use super::*;

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

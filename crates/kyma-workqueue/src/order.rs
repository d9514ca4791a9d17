//! The order of what is ready: class, then priority, then first come first served; with ageing.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::time::Duration;

/// While something is overdue, every so many gets take the longest waiting overdue item.
///
/// A quarter keeps three quarters of the work in the order that was asked for, and still bounds the wait of the
/// last class by the length of the line, not by the others' arrival rate.
pub const AGED_EVERY: u32 = 4;

/// How long a [`Class::Dependent`] item may wait before it is overdue.
pub const DEPENDENT_ALLOWANCE: Duration = Duration::from_secs(2);
/// How long a [`Class::Retry`] item may wait before it is overdue.
pub const RETRY_ALLOWANCE: Duration = Duration::from_secs(10);
/// How long a [`Class::Sweep`] item may wait before it is overdue.
pub const SWEEP_ALLOWANCE: Duration = Duration::from_secs(30);

/// Why a key is in the queue, in order of urgency.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// Somebody changed what they want.
    User,
    /// The consequence of own work: a child changed, a timer of a stage ran out.
    Dependent,
    /// It failed before.
    Retry,
    /// Nothing is known to have changed: the initial list, a periodic look at everything.
    Sweep,
}

impl Class {
    /// All classes, the most urgent first; `Class::ALL[class as usize] == class`.
    pub const ALL: [Self; 4] = [Self::User, Self::Dependent, Self::Retry, Self::Sweep];

    /// The name, for metric labels.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Dependent => "dependent",
            Self::Retry => "retry",
            Self::Sweep => "sweep",
        }
    }

    /// How long an item of this class may wait before it is overdue; `None` for the first class, which has no need.
    #[must_use]
    pub fn allowance(self) -> Option<Duration> {
        match self {
            Self::User => None,
            Self::Dependent => Some(DEPENDENT_ALLOWANCE),
            Self::Retry => Some(RETRY_ALLOWANCE),
            Self::Sweep => Some(SWEEP_ALLOWANCE),
        }
    }
}

/// When a key wants to be handed out, relative to others. `a < b` means that `a` goes before `b`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Turn {
    /// The class decides first.
    pub class: Class,
    /// Inside a class, the larger goes first.
    pub priority: u64,
}

impl Turn {
    /// A turn of this class and priority.
    #[must_use]
    pub const fn new(class: Class, priority: u64) -> Self {
        Self { class, priority }
    }

    /// A turn of the user class.
    #[must_use]
    pub const fn user(priority: u64) -> Self {
        Self::new(Class::User, priority)
    }

    /// A turn of the dependent class.
    #[must_use]
    pub const fn dependent(priority: u64) -> Self {
        Self::new(Class::Dependent, priority)
    }

    /// A turn of the retry class.
    #[must_use]
    pub const fn retry(priority: u64) -> Self {
        Self::new(Class::Retry, priority)
    }

    /// A turn of the sweep class.
    #[must_use]
    pub const fn sweep(priority: u64) -> Self {
        Self::new(Class::Sweep, priority)
    }

    /// The turn of a key that was asked for twice: the more urgent class and, on its own, the larger priority.
    #[must_use]
    pub fn merge(self, other: Self) -> Self {
        Self { class: self.class.min(other.class), priority: self.priority.max(other.priority) }
    }
}

impl Default for Turn {
    /// What carries no turn of its own is somebody's consequence: dependent, without priority.
    fn default() -> Self {
        Self::dependent(0)
    }
}

impl Ord for Turn {
    fn cmp(&self, other: &Self) -> Ordering {
        self.class.cmp(&other.class).then_with(|| other.priority.cmp(&self.priority))
    }
}

impl PartialOrd for Turn {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// Where a waiting key stands in the line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The merged turn.
    pub turn: Turn,
    /// The number of the first add; smaller is earlier, and never reused.
    pub sequence: u64,
    /// The time of the first add, since the queue's epoch.
    pub since: Duration,
}

/// The line of ready keys.
#[derive(Debug)]
pub struct Line<K> {
    /// Every ready key by its place in the regular order.
    by_turn: BTreeMap<(Turn, u64), K>,
    /// The same places by class and sequence. Sequences grow with time, so the first one has waited longest.
    by_age: [BTreeMap<u64, Place>; 4],
    /// Gets in the regular order since the last aged one, counted only while something is overdue.
    regular: u32,
}

impl<K> Default for Line<K> {
    fn default() -> Self {
        Self { by_turn: BTreeMap::new(), by_age: Default::default(), regular: 0 }
    }
}

impl<K> Line<K> {
    /// Puts a key at its place. The place's sequence must not be in the line.
    pub fn insert(&mut self, key: K, place: Place) {
        self.by_turn.insert((place.turn, place.sequence), key);
        self.by_age[place.turn.class as usize].insert(place.sequence, place);
    }

    /// Takes the key at a place out of the line.
    pub fn remove(&mut self, place: &Place) -> Option<K> {
        self.by_age[place.turn.class as usize].remove(&place.sequence);
        self.by_turn.remove(&(place.turn, place.sequence))
    }

    /// Takes the key whose turn it is.
    pub fn pop(&mut self, now: Duration) -> Option<(K, Place)> {
        let overdue = self.longest_overdue(now);
        self.regular = if overdue.is_some() { self.regular + 1 } else { 0 };
        let place = match overdue {
            Some(place) if self.regular >= AGED_EVERY => {
                self.regular = 0;
                place
            }
            _ => self.first()?,
        };
        self.remove(&place).map(|key| (key, place))
    }

    /// The number of ready keys by class.
    #[must_use]
    pub fn depth(&self) -> [usize; 4] {
        self.by_age.each_ref().map(BTreeMap::len)
    }

    /// The number of ready keys.
    #[must_use]
    pub fn len(&self) -> usize {
        self.by_turn.len()
    }

    /// Whether nothing is ready.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.by_turn.is_empty()
    }

    /// Drops every ready key.
    pub fn clear(&mut self) {
        *self = Self::default();
    }

    fn first(&self) -> Option<Place> {
        let ((turn, sequence), _) = self.by_turn.first_key_value()?;
        self.by_age[turn.class as usize].get(sequence).copied()
    }

    /// Only the eldest of each class can be the longest waiting one, so this looks at four places.
    fn longest_overdue(&self, now: Duration) -> Option<Place> {
        Class::ALL
            .into_iter()
            .filter_map(|class| {
                let allowance = class.allowance()?;
                let (_, place) = self.by_age[class as usize].first_key_value()?;
                (now.saturating_sub(place.since) > allowance).then_some(*place)
            })
            .min_by_key(|place| place.sequence)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secs(n: u64) -> Duration {
        Duration::from_secs(n)
    }

    fn line(items: &[(&'static str, Turn, u64)]) -> Line<&'static str> {
        let mut line = Line::default();
        for (sequence, &(key, turn, since)) in items.iter().enumerate() {
            line.insert(key, Place { turn, sequence: sequence as u64, since: secs(since) });
        }
        line
    }

    fn order(mut line: Line<&'static str>, now: Duration) -> Vec<&'static str> {
        std::iter::from_fn(|| line.pop(now).map(|(key, _)| key)).collect()
    }

    #[test]
    fn class_then_larger_priority_then_first_come() {
        let line = line(&[
            ("sweep", Turn::sweep(99), 0),
            ("retry", Turn::retry(0), 0),
            ("small", Turn::dependent(1), 0),
            ("large, first", Turn::dependent(7), 0),
            ("large, second", Turn::dependent(7), 0),
            ("user", Turn::user(0), 0),
        ]);
        assert_eq!(
            order(line, secs(0)),
            ["user", "large, first", "large, second", "small", "retry", "sweep"]
        );
    }

    #[test]
    fn merging_takes_the_best_of_both_independently() {
        assert_eq!(Turn::sweep(9).merge(Turn::user(1)), Turn::user(9));
        assert_eq!(Turn::dependent(3).merge(Turn::retry(2)), Turn::dependent(3));
        assert!(Turn::user(0) < Turn::dependent(u64::MAX));
        assert!(Turn::retry(2) < Turn::retry(1), "the larger priority goes first");
    }

    #[test]
    fn every_fourth_get_takes_the_longest_waiting_overdue_item() {
        let mut items = vec![("old sweep", Turn::sweep(0), 0), ("old retry", Turn::retry(0), 5)];
        items.extend((0..8).map(|_| ("user", Turn::user(0), 40)));
        let handed = order(line(&items), secs(40));
        let expected =
            ["user", "user", "user", "old sweep", "user", "user", "user", "old retry", "user", "user"];
        assert_eq!(handed, expected);
    }

    #[test]
    fn nothing_is_overdue_at_exactly_its_allowance() {
        for (turn, allowance) in [
            (Turn::dependent(0), DEPENDENT_ALLOWANCE),
            (Turn::retry(0), RETRY_ALLOWANCE),
            (Turn::sweep(0), SWEEP_ALLOWANCE),
        ] {
            let items = [("old", turn, 0)];
            assert_eq!(line(&items).longest_overdue(allowance), None);
            assert!(line(&items).longest_overdue(allowance + Duration::from_nanos(1)).is_some());
        }
        let user = line(&[("old", Turn::user(0), 0)]);
        assert_eq!(user.longest_overdue(secs(1_000_000)), None, "the first class needs no ageing");
    }

    #[test]
    fn classes_index_themselves() {
        for class in Class::ALL {
            assert_eq!(Class::ALL[class as usize], class);
        }
    }
}

//! When a key wants to be handed out: its class, then its priority, and how long a class may wait.

use std::cmp::Ordering;
use std::time::Duration;

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn merging_takes_the_best_of_both_independently() {
        assert_eq!(Turn::sweep(9).merge(Turn::user(1)), Turn::user(9));
        assert_eq!(Turn::dependent(3).merge(Turn::retry(2)), Turn::dependent(3));
        assert!(Turn::user(0) < Turn::dependent(u64::MAX));
        assert!(Turn::retry(2) < Turn::retry(1), "the larger priority goes first");
    }

    #[test]
    fn classes_index_themselves() {
        for class in Class::ALL {
            assert_eq!(Class::ALL[class as usize], class);
        }
    }
}

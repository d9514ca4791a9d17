//! The life cycle of a component, as a table: a new stage is one row.

use jiff::{SignedDuration, Timestamp};

use crate::conditions::Ready;

/// How long a stage lasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lasts {
    /// Not at all: the next stage is due at once.
    NoTime,
    /// So many seconds, whatever the component.
    Seconds(i64),
    /// One second for each byte of the component's name.
    SecondPerByte,
    /// For ever: the last stage.
    ForEver,
}

/// A row of the life cycle; the next row is the next stage.
struct Row {
    /// What `status.status` says.
    word: &'static str,
    /// The reason of the Ready condition, and the name in metrics.
    reason: &'static str,
    lasts: Lasts,
}

const LIFE_CYCLE: [Row; 6] = [
    Row { word: "", reason: "New", lasts: Lasts::NoTime },
    Row { word: "pending", reason: "Pending", lasts: Lasts::Seconds(1) },
    Row { word: "started", reason: "Started", lasts: Lasts::SecondPerByte },
    Row { word: "failing", reason: "Failing", lasts: Lasts::SecondPerByte },
    Row { word: "retrying", reason: "Retrying", lasts: Lasts::SecondPerByte },
    Row { word: "success", reason: "Success", lasts: Lasts::ForEver },
];

/// A stage of the life cycle; stages are ordered as they are passed through.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Stage(u8);

impl Stage {
    /// How many stages there are.
    pub const COUNT: usize = LIFE_CYCLE.len();

    /// No status yet.
    pub const EMPTY: Self = Self(0);

    /// The stage in which each life cycle begins, and begins again when the spec changes.
    pub const FIRST: Self = Self(1);

    /// The end.
    pub const SUCCESS: Self = Self(Self::COUNT as u8 - 1);

    /// All stages, in order.
    pub fn all() -> impl Iterator<Item = Self> {
        (0..Self::COUNT as u8).map(Self)
    }

    /// The stage that `status.status` names; an unknown word counts as no word.
    #[must_use]
    pub fn parse(word: &str) -> Self {
        Self::all().find(|stage| stage.word() == word).unwrap_or(Self::EMPTY)
    }

    /// What `status.status` says in this stage.
    #[must_use]
    pub fn word(self) -> &'static str {
        self.row().word
    }

    /// The word in CamelCase, for a condition's reason.
    #[must_use]
    pub fn reason(self) -> &'static str {
        self.row().reason
    }

    /// How long this stage lasts.
    #[must_use]
    pub fn lasts(self) -> Lasts {
        self.row().lasts
    }

    /// The stage's place in the life cycle, below [`Stage::COUNT`].
    #[must_use]
    pub fn index(self) -> usize {
        usize::from(self.0)
    }

    /// The stage after this one; none after the last.
    #[must_use]
    pub fn next(self) -> Option<Self> {
        (self != Self::SUCCESS).then(|| Self(self.0 + 1))
    }

    /// The delay before the next stage for a component whose name has `name_bytes`; none in the last stage.
    #[must_use]
    pub fn delay(self, name_bytes: usize) -> Option<SignedDuration> {
        let seconds = match self.lasts() {
            Lasts::NoTime => 0,
            Lasts::Seconds(seconds) => seconds,
            Lasts::SecondPerByte => whole_seconds(name_bytes),
            Lasts::ForEver => return None,
        };
        Some(SignedDuration::from_secs(seconds))
    }

    /// What the Ready condition of a component in this stage says.
    #[must_use]
    pub fn ready(self) -> Ready {
        Ready { ready: self == Self::SUCCESS, reason: self.reason(), message: String::new() }
    }

    fn row(self) -> &'static Row {
        &LIFE_CYCLE[self.index() % Self::COUNT]
    }
}

/// A name's length in seconds. Object names end at 253 bytes, component names nowhere: the cap (136 years) only
/// keeps sums from overflowing.
fn whole_seconds(name_bytes: usize) -> i64 {
    i64::from(u32::try_from(name_bytes).unwrap_or(u32::MAX))
}

/// The longest time, in seconds, until a component that is in `stage` has arrived: 1 + 3N, 3N, 2N, N, 0.
///
/// This is the priority of its work: under load the component that arrives last decides.
#[must_use]
pub fn remaining(stage: Stage, name_bytes: usize) -> u64 {
    Stage::all()
        .filter(|later| *later >= stage)
        .filter_map(|later| later.delay(name_bytes))
        .map(|delay| delay.as_secs().unsigned_abs())
        .sum()
}

/// What decides a component's next step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// The stage that the status names.
    pub stage: Stage,
    /// The length of `spec.componentName` in bytes.
    pub name_bytes: usize,
    /// `status.lastReconciliation`, where it is there and readable.
    pub last_reconciliation: Option<Timestamp>,
    /// `metadata.generation`.
    pub generation: i64,
    /// `status.observedGeneration`.
    pub observed_generation: Option<i64>,
}

/// What to do for a component.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Write this stage now.
    Enter(Stage),
    /// Nothing until then.
    WaitUntil(Timestamp),
    /// Nothing, until the spec changes.
    Rest,
}

/// The next step of a component.
///
/// `seen` is when this very progress was first looked at by this process, which is `now` for the first call. It
/// must be the same in later calls, or a time that is absent or in the future would put the stage off for ever.
#[must_use]
pub fn step(progress: &Progress, seen: Timestamp, now: Timestamp) -> Step {
    let respecified = progress.observed_generation.is_some_and(|observed| observed != progress.generation);
    if respecified || progress.stage == Stage::EMPTY {
        return Step::Enter(Stage::FIRST);
    }
    let (Some(next), Some(delay)) = (progress.stage.next(), progress.stage.delay(progress.name_bytes)) else {
        return Step::Rest;
    };
    let due = due(progress.last_reconciliation, delay, seen);
    if due <= now { Step::Enter(next) } else { Step::WaitUntil(due) }
}

/// When the stage that began at `last_reconciliation` is over, seen from `now`: clamped to [now, now + delay],
/// and now + delay where nothing is known. So a restart shortens nothing, and a clock that jumped costs at most
/// one delay.
#[must_use]
pub fn due(last_reconciliation: Option<Timestamp>, delay: SignedDuration, now: Timestamp) -> Timestamp {
    let latest = now.checked_add(delay).unwrap_or(Timestamp::MAX);
    let Some(last) = last_reconciliation else { return latest };
    last.checked_add(delay).unwrap_or(Timestamp::MAX).clamp(now, latest.max(now))
}

/// Reads `lastReconciliation`. What the old schema let in but no calendar knows counts as absent.
#[must_use]
pub fn parse_time(text: &str) -> Option<Timestamp> {
    text.parse().ok()
}

/// Writes `lastReconciliation`: RFC 3339 in UTC, microseconds.
#[must_use]
pub fn format_time(time: Timestamp) -> String {
    format!("{time:.6}")
}

#[cfg(test)]
mod tests;

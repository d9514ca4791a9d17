//! What a Kyma's status shall say, and when it is worth a write.

use std::time::Duration;

use jiff::Timestamp;

use super::Problem;
use crate::conditions::{Condition, Previous, Ready, bounded, ready, reason, with_ready};
use crate::kyma::{KymaStatus, RECONCILING, SUCCESS};

/// The status that is there; everything empty where there is none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StatusFacts<'a> {
    /// `status.status`.
    pub state: &'a str,
    /// `status.waitingFor`.
    pub waiting_for: Vec<&'a str>,
    /// `status.observedGeneration`.
    pub observed_generation: Option<i64>,
    /// The condition of type Ready.
    pub ready: Option<ReadyFacts<'a>>,
}

impl<'a> From<&'a KymaStatus> for StatusFacts<'a> {
    fn from(status: &'a KymaStatus) -> Self {
        Self {
            state: &status.status,
            waiting_for: status.waiting_for.iter().map(String::as_str).collect(),
            observed_generation: status.observed_generation,
            ready: ready(&status.conditions).map(ReadyFacts::from),
        }
    }
}

/// The Ready condition that is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReadyFacts<'a> {
    /// "True", "False" or "Unknown".
    pub status: &'a str,
    /// Its reason.
    pub reason: &'a str,
    /// Its message.
    pub message: &'a str,
    /// When the status began.
    pub last_transition_time: &'a str,
}

impl<'a> From<&'a Condition> for ReadyFacts<'a> {
    fn from(condition: &'a Condition) -> Self {
        Self {
            status: &condition.status,
            reason: &condition.reason,
            message: &condition.message,
            last_transition_time: &condition.last_transition_time,
        }
    }
}

/// Whether to write the status.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StatusPlan {
    /// It says what it should.
    Same,
    /// There are news; look again after this time, others may have come by then.
    Later(Duration),
    /// Write this now.
    Write(DesiredStatus),
}

/// What the status shall say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DesiredStatus {
    /// The components that have not arrived, in spec order.
    pub waiting_for: Vec<String>,
    /// The Ready condition.
    pub ready: Ready,
}

impl DesiredStatus {
    /// The status of a Kyma of `total` components that waits for `waiting_for`.
    ///
    /// Ready is True exactly when `status.status` is "success". A component that is only listed twice does not
    /// keep it from that; the reason tells.
    pub(super) fn of(waiting_for: &[&str], total: usize, problems: &[Problem]) -> Self {
        let ready = waiting_for.is_empty();
        let (reason, message) = match problems {
            [] if ready => (reason::SUCCESS, format!("{total} components have arrived")),
            [] => (reason::RECONCILING, format!("waiting for {} of {total} components", waiting_for.len())),
            [only] => (only.kind.reason(), only.message.clone()),
            [first, rest @ ..] => {
                (first.kind.reason(), format!("{} (and {} more problems)", first.message, rest.len()))
            }
        };
        Self {
            waiting_for: waiting_for.iter().map(|name| (*name).to_owned()).collect(),
            ready: Ready { ready, reason, message: bounded(message) },
        }
    }

    /// `status.status`.
    #[must_use]
    pub fn state(&self) -> &'static str {
        if self.ready.ready { SUCCESS } else { RECONCILING }
    }

    /// Whether the reason speaks of a problem.
    #[must_use]
    pub fn is_problem(&self) -> bool {
        self.ready.reason != reason::SUCCESS && self.ready.reason != reason::RECONCILING
    }

    /// The whole status to write over `old`; `foreign` are the conditions of others, which stay.
    #[must_use]
    pub fn to_status(
        &self,
        old: &StatusFacts<'_>,
        foreign: &[Condition],
        generation: i64,
        now: Timestamp,
    ) -> KymaStatus {
        let previous = old
            .ready
            .as_ref()
            .map(|ready| Previous { status: ready.status, last_transition_time: ready.last_transition_time });
        KymaStatus {
            status: self.state().to_owned(),
            waiting_for: self.waiting_for.clone(),
            observed_generation: Some(generation),
            conditions: with_ready(foreign, self.ready.condition(previous, generation, now)),
        }
    }

    /// Whether this says something that `old` does not.
    ///
    /// What the proof of concept did not write (observedGeneration, conditions) is no news by its absence: its
    /// objects are left alone until there is something to tell.
    fn is_news(&self, old: &StatusFacts<'_>, generation: i64) -> bool {
        let ready = match &old.ready {
            None => self.is_problem(),
            Some(ready) => {
                ready.status != self.ready.status()
                    || ready.reason != self.ready.reason
                    // The other messages say in words what the status says anyway.
                    || self.is_problem() && ready.message != self.ready.message
            }
        };
        ready
            || old.state != self.state()
            || old.waiting_for != self.waiting_for
            || respecified(old, generation)
    }

    /// Whether the news must not wait: the first state, success, a new spec, a new problem.
    fn is_urgent(&self, old: &StatusFacts<'_>, generation: i64) -> bool {
        let new_problem =
            self.is_problem() && old.ready.is_none_or(|ready| ready.reason != self.ready.reason);
        let success = self.ready.ready && old.state != SUCCESS;
        old.state.is_empty() || success || new_problem || respecified(old, generation)
    }
}

fn respecified(old: &StatusFacts<'_>, generation: i64) -> bool {
    old.observed_generation.is_some_and(|observed| observed != generation)
}

pub(super) fn plan(
    old: &StatusFacts<'_>,
    desired: DesiredStatus,
    generation: i64,
    interval: Duration,
    waited: Option<Duration>,
) -> StatusPlan {
    if !desired.is_news(old, generation) {
        return StatusPlan::Same;
    }
    // The window opens with the first news and is not extended by later ones.
    let left = interval.saturating_sub(waited.unwrap_or_default());
    if left.is_zero() || desired.is_urgent(old, generation) {
        StatusPlan::Write(desired)
    } else {
        StatusPlan::Later(left)
    }
}

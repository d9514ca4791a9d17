//! Who leads, by a Lease; pure. Semantics of client-go's `tools/leaderelection/leaderelection.go`.
//!
//! What another process writes into the Lease is compared with what it wrote before, never with this machine's clock: a
//! holder is gone when its Lease has not changed for the Lease's own duration, as measured here.

use std::time::Duration;

use jiff::Timestamp;
use k8s_openapi::api::coordination::v1::LeaseSpec;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::MicroTime;
use thiserror::Error;

#[cfg(test)]
mod tests;

/// How long a Lease that was given back still says it lasts: by then nobody holds it.
const RELEASED_SECONDS: i32 = 1;

/// The times of an election.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timings {
    /// How long a Lease that nobody renews keeps others away; in whole seconds.
    pub lease: Duration,
    /// How long the leader goes on without having renewed.
    pub renew_deadline: Duration,
    /// How often the leader renews, and others look.
    pub retry_period: Duration,
}

impl Default for Timings {
    /// client-go's, as controller-runtime has them: 15, 10 and 2 s.
    fn default() -> Self {
        Self {
            lease: Duration::from_secs(15),
            renew_deadline: Duration::from_secs(10),
            retry_period: Duration::from_secs(2),
        }
    }
}

/// Timings with which two could lead at a time, or one would lose its Lease for nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum TimingsError {
    /// The leader must stop before others may begin.
    #[error("the renew deadline must be shorter than the lease")]
    DeadlineNotInLease,
    /// There must be time for a second try.
    #[error("the retry period must be shorter than the renew deadline")]
    RetryNotInDeadline,
    /// The Lease says its duration in seconds.
    #[error("the lease must last at least a second, and be of whole seconds")]
    NoWholeSeconds,
}

impl Timings {
    /// Checks that they can work.
    ///
    /// # Errors
    ///
    /// When they cannot.
    pub fn check(&self) -> Result<(), TimingsError> {
        if self.lease.is_zero() || self.lease.subsec_nanos() != 0 {
            Err(TimingsError::NoWholeSeconds)
        } else if self.renew_deadline >= self.lease {
            Err(TimingsError::DeadlineNotInLease)
        } else if self.retry_period >= self.renew_deadline {
            Err(TimingsError::RetryNotInDeadline)
        } else {
            Ok(())
        }
    }

    pub(crate) fn lease_seconds(&self) -> i32 {
        i32::try_from(self.lease.as_secs()).unwrap_or(i32::MAX)
    }
}

/// What to do about the Lease now.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// There is none: create it.
    Create(LeaseSpec),
    /// Write this over what was seen, and over nothing newer.
    Update(LeaseSpec),
    /// Somebody else holds it, at least until then if it does not change.
    Wait(Duration),
}

/// What one candidate knows of the Lease. Times are since an epoch of the caller, and must not go back.
#[derive(Debug)]
pub struct Election {
    identity: String,
    timings: Timings,
    seen: Option<Seen>,
    /// Until when it leads without having renewed again.
    leads_until: Option<Duration>,
}

/// A Lease of somebody, and since when it says what it says.
#[derive(Debug)]
pub(crate) struct Seen {
    spec: LeaseSpec,
    /// When it was first seen so.
    since: Duration,
}

impl Seen {
    /// It is seen for the first time.
    pub(crate) fn first(spec: &LeaseSpec, now: Duration) -> Self {
        Self { spec: spec.clone(), since: now }
    }

    /// It is seen once more, as it was or with news.
    pub(crate) fn again(self, spec: &LeaseSpec, now: Duration) -> Self {
        if self.is_of(spec) { self } else { Self::first(spec, now) }
    }

    /// Whether it said this.
    pub(crate) fn is_of(&self, spec: &LeaseSpec) -> bool {
        self.spec == *spec
    }

    /// Whose it is; nobody's when that is empty.
    pub(crate) fn holder(&self) -> &str {
        self.spec.holder_identity.as_deref().unwrap_or_default()
    }

    /// When its holder counts as gone.
    pub(crate) fn runs_out(&self) -> Duration {
        let seconds = self.spec.lease_duration_seconds.and_then(|seconds| u64::try_from(seconds).ok());
        self.since + Duration::from_secs(seconds.unwrap_or_default())
    }
}

impl Election {
    /// A candidate that has seen nothing. No two may have the same identity.
    #[must_use]
    pub fn new(identity: impl Into<String>, timings: Timings) -> Self {
        Self { identity: identity.into(), timings, seen: None, leads_until: None }
    }

    /// The Lease as it was read, or that there is none.
    pub fn saw(&mut self, spec: Option<&LeaseSpec>, now: Duration) {
        self.seen = spec.map(|spec| match self.seen.take() {
            Some(seen) => seen.again(spec, now),
            None => Seen::first(spec, now),
        });
    }

    /// What to do about it.
    #[must_use]
    pub fn step(&self, now: Duration, wall: Timestamp) -> Step {
        let stamp = || Some(MicroTime(wall));
        let mut spec = LeaseSpec {
            holder_identity: Some(self.identity.clone()),
            lease_duration_seconds: Some(self.timings.lease_seconds()),
            acquire_time: stamp(),
            renew_time: stamp(),
            lease_transitions: Some(0),
            ..LeaseSpec::default()
        };
        let Some(seen) = &self.seen else { return Step::Create(spec) };
        let transitions = seen.spec.lease_transitions.unwrap_or_default();
        if seen.holder() == self.identity {
            spec.acquire_time.clone_from(&seen.spec.acquire_time);
            spec.lease_transitions = Some(transitions);
        } else if !seen.holder().is_empty() && now < seen.runs_out() {
            return Step::Wait(seen.runs_out());
        } else {
            spec.lease_transitions = Some(transitions.saturating_add(1));
        }
        Step::Update(spec)
    }

    /// What it would write was written, and stands as `spec` says. `asked` is when the request was sent: others may
    /// have seen the Lease change no earlier.
    pub fn wrote(&mut self, spec: &LeaseSpec, asked: Duration, now: Duration) {
        self.saw(Some(spec), now);
        self.leads_until = Some(asked + self.timings.renew_deadline);
    }

    /// Until when it leads without having renewed again; `None` when it never did, or has given it back.
    #[must_use]
    pub fn leads_until(&self) -> Option<Duration> {
        self.leads_until
    }

    /// Whether the Lease was its own when it was seen last.
    #[must_use]
    pub fn is_holder(&self) -> bool {
        self.seen.as_ref().is_some_and(|seen| seen.holder() == self.identity)
    }

    /// Leads no more. Gives what to write so that others need not wait, where the Lease is its own.
    pub fn resign(&mut self, wall: Timestamp) -> Option<LeaseSpec> {
        self.leads_until = None;
        let seen = self.seen.as_ref().filter(|seen| seen.holder() == self.identity)?;
        Some(LeaseSpec {
            holder_identity: Some(String::new()),
            lease_duration_seconds: Some(RELEASED_SECONDS),
            acquire_time: Some(MicroTime(wall)),
            renew_time: Some(MicroTime(wall)),
            lease_transitions: seen.spec.lease_transitions,
            ..LeaseSpec::default()
        })
    }
}

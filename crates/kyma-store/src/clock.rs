//! Where time comes from.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

/// The server side's only source of time, injected so that a test or a simulation can set it.
pub trait Clock: Send + Sync {
    /// The wall clock, for stamps that users see (creationTimestamp, managedFields, expiry of tokens).
    fn now(&self) -> Timestamp;

    /// Monotonic time since this clock's start, for ages and delays.
    fn elapsed(&self) -> Duration;
}

/// The clock of a tokio runtime: runs with its timers, and stands still when they are paused.
///
/// The wall clock is the start that was given plus the time since, so a clock that is set while the process runs
/// makes no stamp go backwards.
#[derive(Clone, Copy, Debug)]
pub struct TokioClock {
    start: Timestamp,
    origin: Instant,
}

impl TokioClock {
    /// A clock that shows `start` now.
    pub fn starting_at(start: Timestamp) -> Self {
        Self { start, origin: Instant::now() }
    }
}

impl Clock for TokioClock {
    fn now(&self) -> Timestamp {
        let elapsed = SignedDuration::try_from(self.elapsed()).unwrap_or(SignedDuration::MAX);
        self.start.saturating_add(elapsed).unwrap_or(Timestamp::MAX)
    }

    fn elapsed(&self) -> Duration {
        self.origin.elapsed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn follows_the_timers_of_the_runtime() {
        let start: Timestamp = "2024-05-01T12:00:00Z".parse().unwrap();
        let clock = TokioClock::starting_at(start);
        assert_eq!((clock.now(), clock.elapsed()), (start, Duration::ZERO));
        tokio::time::advance(Duration::from_millis(67_500)).await;
        assert_eq!(clock.elapsed(), Duration::from_millis(67_500));
        assert_eq!(clock.now().to_string(), "2024-05-01T12:01:07.5Z");
    }
}

//! Where time stamps and chance come from: two traits, so that a test or a simulation decides both.

use jiff::{SignedDuration, Timestamp};
use parking_lot::Mutex;
use tokio::time::Instant;

/// A wall clock, for what is written into objects. Waits and durations take `tokio::time` instead.
pub trait Clock: Send + Sync + 'static {
    /// The time of day.
    fn now(&self) -> Timestamp;
}

/// A wall clock that was read once and then follows `tokio::time`: it never jumps, and paused time moves it.
#[derive(Clone, Copy, Debug)]
pub struct TokioClock {
    wall: Timestamp,
    start: Instant,
}

impl TokioClock {
    /// A clock that starts at the machine's time of day. The only place where that is read.
    #[must_use]
    pub fn new() -> Self {
        Self::starting_at(Timestamp::now())
    }

    /// A clock that starts at a given time of day.
    #[must_use]
    pub fn starting_at(wall: Timestamp) -> Self {
        Self { wall, start: Instant::now() }
    }
}

impl Default for TokioClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for TokioClock {
    fn now(&self) -> Timestamp {
        SignedDuration::try_from(self.start.elapsed())
            .ok()
            .and_then(|elapsed| self.wall.checked_add(elapsed).ok())
            .unwrap_or(Timestamp::MAX)
    }
}

/// A source of chance, for jitter and names; not for secrets.
pub trait Random: Send + Sync + 'static {
    /// The next number, evenly distributed.
    fn next_u64(&self) -> u64;

    /// The next number from 0 up to but not including 1.
    fn next_fraction(&self) -> f64 {
        // 53 bits are what an f64 holds exactly.
        const SCALE: f64 = (1_u64 << 53) as f64;
        (self.next_u64() >> 11) as f64 / SCALE
    }
}

/// A fast generator: the same numbers again from the same seed.
#[derive(Debug)]
pub struct FastRandom(Mutex<fastrand::Rng>);

impl FastRandom {
    /// A generator whose numbers follow from the seed.
    #[must_use]
    pub fn seeded(seed: u64) -> Self {
        Self(Mutex::new(fastrand::Rng::with_seed(seed)))
    }

    /// A generator whose numbers differ from run to run.
    #[must_use]
    pub fn from_entropy() -> Self {
        Self(Mutex::new(fastrand::Rng::new()))
    }
}

impl Random for FastRandom {
    fn next_u64(&self) -> u64 {
        self.0.lock().u64(..)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_clock_follows_paused_time() {
        let start: Timestamp = "2022-05-04T10:00:00Z".parse().unwrap();
        let clock = TokioClock::starting_at(start);
        tokio::time::sleep(Duration::from_secs(67)).await;
        assert_eq!(clock.now().to_string(), "2022-05-04T10:01:07Z");
    }

    #[test]
    fn seeds_repeat_and_fractions_stay_below_one() {
        let numbers = |seed| {
            let random = FastRandom::seeded(seed);
            (0..100).map(|_| random.next_fraction()).collect::<Vec<_>>()
        };
        assert_eq!(numbers(7), numbers(7));
        assert_ne!(numbers(7), numbers(8));
        assert!(numbers(7).iter().all(|fraction| (0.0..1.0).contains(fraction)));
        struct Largest;
        impl Random for Largest {
            fn next_u64(&self) -> u64 {
                u64::MAX
            }
        }
        assert!(Largest.next_fraction() < 1.0);
    }
}

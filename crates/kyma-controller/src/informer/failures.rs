//! Failures in a row: how long to wait, and when to speak of them; pure.

use std::time::Duration;

/// The longest wait after the first failure is twice this, as in client-go's reflector (800 ms with full jitter).
const FIRST: Duration = Duration::from_millis(800);
/// The longest wait.
const LONGEST: Duration = Duration::from_secs(30);

/// The current row of failures; times are since an epoch of the caller.
#[derive(Debug, Default)]
pub(super) struct Failures {
    count: u32,
    since: Duration,
}

impl Failures {
    /// Whether the last thing that is known is a failure.
    pub(super) fn is_failing(&self) -> bool {
        self.count > 0
    }

    /// Counts a failure. Tells whether it is the first of its row, and how long to wait: the upper half of a range
    /// that doubles from 1.6 to 30 s, so that many watchers that lost one server do not come back at once.
    pub(super) fn fail(&mut self, now: Duration, fraction: f64) -> (bool, Duration) {
        let first = self.count == 0;
        if first {
            self.since = now;
        }
        let range = kyma_workqueue::limiter::backoff(FIRST * 2, LONGEST, self.count);
        self.count = self.count.saturating_add(1);
        (first, (range / 2).mul_f64(1.0 + fraction))
    }

    /// Ends the row; returns its length and beginning if there was one.
    pub(super) fn recover(&mut self) -> Option<(u32, Duration)> {
        let row = self.is_failing().then_some((self.count, self.since));
        self.count = 0;
        row
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_spoken_of_twice_and_backs_off_within_bounds() {
        let mut failures = Failures::default();
        let waits = |failures: &mut Failures, fraction| {
            (0..8).map(|n| failures.fail(Duration::from_secs(n), fraction)).collect::<Vec<_>>()
        };
        let shortest = waits(&mut failures, 0.0);
        let millis: Vec<_> = shortest.iter().map(|(_, wait)| wait.as_millis()).collect();
        assert_eq!(millis, [800, 1600, 3200, 6400, 12800, 15000, 15000, 15000]);
        assert_eq!(shortest.iter().filter(|(first, _)| *first).count(), 1);
        assert_eq!(failures.recover(), Some((8, Duration::ZERO)));
        assert_eq!((failures.recover(), failures.is_failing()), (None, false));

        let longest = waits(&mut failures, 0.999);
        assert!(longest[0].0 && longest.iter().all(|(_, wait)| *wait < LONGEST));
        assert!(longest[7].1 > Duration::from_secs(29));
    }
}

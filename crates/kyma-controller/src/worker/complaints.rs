//! Which failures are worth a warning.
//!
//! A key that fails for days has said all there is to say with its first failures, and ten thousand keys that fail at the same
//! time say the same ten thousand times. The rest is counted, and there for who looks at the debug level.

use std::time::Duration;

use kyma_workqueue::limiter::Bucket;
use tokio::time::Instant;

/// Warnings a second in the long run, and at once.
const PER_SECOND: f64 = 1.0;
const AT_ONCE: u32 = 100;

/// The failures of one controller.
#[derive(Debug)]
pub(super) struct Complaints {
    bucket: Bucket,
    start: Instant,
    /// Failures since the last warning that would have been worth one.
    unsaid: u64,
}

impl Complaints {
    pub(super) fn new(start: Instant) -> Self {
        Self { bucket: Bucket::new(PER_SECOND, AT_ONCE), start, unsaid: 0 }
    }

    /// A key has failed for the `failures`th time in a row. Gives how many failures were passed over in silence before this one,
    /// if it is worth a warning: its first, second, fourth, eighth and so on, as long as there are not too many of all keys.
    pub(super) fn hear(&mut self, failures: u32) -> Option<u64> {
        if !failures.is_power_of_two() {
            return None;
        }
        let now: Duration = self.start.elapsed();
        if self.bucket.try_take(now) {
            Some(std::mem::take(&mut self.unsaid))
        } else {
            self.unsaid += 1;
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_key_that_fails_for_ever_says_so_less_and_less() {
        let mut complaints = Complaints::new(Instant::now());
        let mut said = Vec::new();
        for failures in 1..=100 {
            tokio::time::advance(Duration::from_secs(10)).await;
            said.extend(complaints.hear(failures).map(|_| failures));
        }
        assert_eq!(said, [1, 2, 4, 8, 16, 32, 64]);
    }

    #[tokio::test(start_paused = true)]
    async fn many_that_fail_at_once_are_counted() {
        let mut complaints = Complaints::new(Instant::now());
        let said = (0..10_000).filter_map(|_| complaints.hear(1)).collect::<Vec<_>>();
        assert_eq!(said, [0; 100]);
        tokio::time::advance(Duration::from_secs(1)).await;
        assert_eq!((complaints.hear(1), complaints.hear(1)), (Some(9_900), None));
    }
}

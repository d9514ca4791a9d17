//! How long a retry waits; pure. Semantics of client-go's `util/workqueue/default_rate_limiters.go`.

use std::collections::HashMap;
use std::hash::Hash;
use std::time::Duration;

/// Tokens this close to one count as one, so that floating point never asks for a wait of a fraction of a
/// nanosecond.
const TOKEN_EPSILON: f64 = 1e-9;

/// The settings of a queue's [`Limiter`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LimiterOptions {
    /// The wait after a key's first failure; it doubles with each further one.
    pub base_delay: Duration,
    /// The longest wait of one key.
    pub max_delay: Duration,
    /// Retries per second over all keys; there is no such bound when it is not positive.
    pub qps: f64,
    /// How many retries may come at once before `qps` holds them back.
    pub burst: u32,
}

impl Default for LimiterOptions {
    fn default() -> Self {
        Self {
            base_delay: Duration::from_secs(1),
            max_delay: Duration::from_secs(1000),
            qps: 30.0,
            burst: 200,
        }
    }
}

/// A token bucket (as in Go's `golang.org/x/time/rate`); times are since an epoch of the caller.
#[derive(Clone, Debug)]
pub struct Bucket {
    per_second: f64,
    burst: f64,
    /// Negative when tokens have been given out in advance.
    tokens: f64,
    updated: Duration,
}

impl Bucket {
    /// A full bucket. `per_second` must be positive; a burst of 0 counts as 1, since nothing could ever pass.
    #[must_use]
    pub fn new(per_second: f64, burst: u32) -> Self {
        let burst = f64::from(burst.max(1));
        Self { per_second, burst, tokens: burst, updated: Duration::ZERO }
    }

    /// Goes on with another rate and burst, as in [`Bucket::new`].
    pub fn set_rate(&mut self, per_second: f64, burst: u32, now: Duration) {
        self.refill(now);
        (self.per_second, self.burst) = (per_second, f64::from(burst.max(1)));
        self.tokens = self.tokens.min(self.burst);
    }

    /// Takes a token, in advance if need be, and says how long to wait for it.
    pub fn reserve(&mut self, now: Duration) -> Duration {
        self.refill(now);
        self.tokens -= 1.0;
        self.wait_for(0.0)
    }

    /// Takes a token if there is one.
    pub fn try_take(&mut self, now: Duration) -> bool {
        self.refill(now);
        let taken = self.tokens >= 1.0 - TOKEN_EPSILON;
        if taken {
            self.tokens -= 1.0;
        }
        taken
    }

    /// How long until [`Bucket::try_take`] can succeed.
    pub fn until_next(&mut self, now: Duration) -> Duration {
        self.refill(now);
        self.wait_for(1.0 - TOKEN_EPSILON)
    }

    /// Whether the bucket is full, that is, in the same state as a new one.
    pub fn is_full(&mut self, now: Duration) -> bool {
        self.refill(now);
        self.tokens >= self.burst
    }

    fn refill(&mut self, now: Duration) {
        let elapsed = now.saturating_sub(self.updated).as_secs_f64();
        self.updated = self.updated.max(now);
        self.tokens = elapsed.mul_add(self.per_second, self.tokens).min(self.burst);
    }

    fn wait_for(&self, tokens: f64) -> Duration {
        let missing = (tokens - self.tokens).max(0.0);
        Duration::try_from_secs_f64(missing / self.per_second).unwrap_or(Duration::MAX)
    }
}

/// The wait before a retry: the larger of the key's own exponential back-off and one bucket for all keys.
#[derive(Debug)]
pub struct Limiter<K> {
    options: LimiterOptions,
    /// Failures in a row per key. Bounded by the keys that fail: a key leaves when it is forgotten, which every
    /// success and every deletion does.
    failures: HashMap<K, u32>,
    bucket: Option<Bucket>,
}

impl<K: Clone + Eq + Hash> Limiter<K> {
    /// A limiter that knows of no failure, with a full bucket.
    #[must_use]
    pub fn new(options: LimiterOptions) -> Self {
        let bucket = (options.qps > 0.0).then(|| Bucket::new(options.qps, options.burst));
        Self { options, failures: HashMap::new(), bucket }
    }

    /// Counts a failure of the key and says how long its retry waits.
    pub fn when(&mut self, key: &K, now: Duration) -> Duration {
        let failures = self.failures.entry(key.clone()).or_default();
        let own = backoff(self.options.base_delay, self.options.max_delay, *failures);
        *failures = failures.saturating_add(1);
        // The bucket is asked even when the key's own wait is longer, as in client-go: each retry costs a token.
        let all = self.bucket.as_mut().map_or(Duration::ZERO, |bucket| bucket.reserve(now));
        own.max(all)
    }

    /// Ends the key's row of failures.
    pub fn forget(&mut self, key: &K) {
        self.failures.remove(key);
    }

    /// The key's failures in a row.
    #[must_use]
    pub fn num_requeues(&self, key: &K) -> u32 {
        self.failures.get(key).copied().unwrap_or_default()
    }
}

/// `base` doubled `failures` times, at most `max`.
#[must_use]
pub fn backoff(base: Duration, max: Duration, failures: u32) -> Duration {
    1_u32
        .checked_shl(failures)
        .and_then(|factor| base.checked_mul(factor))
        .map_or(max, |delay| delay.min(max))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secs(n: u64) -> Duration {
        Duration::from_secs(n)
    }

    #[test]
    fn a_key_backs_off_exponentially_until_it_is_forgotten() {
        let mut limiter = Limiter::new(LimiterOptions { qps: 0.0, ..LimiterOptions::default() });
        let waits: Vec<_> = (0..12).map(|_| limiter.when(&"a", Duration::ZERO).as_secs()).collect();
        assert_eq!(waits, [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1000, 1000]);
        assert_eq!((limiter.num_requeues(&"a"), limiter.num_requeues(&"b")), (12, 0));
        assert_eq!(limiter.when(&"b", Duration::ZERO), secs(1), "each key has its own back-off");

        limiter.forget(&"a");
        assert_eq!(limiter.num_requeues(&"a"), 0);
        assert_eq!(limiter.when(&"a", Duration::ZERO), secs(1));
    }

    #[test]
    fn the_bucket_holds_all_keys_back_when_it_waits_longer() {
        let options = LimiterOptions {
            base_delay: Duration::from_millis(5),
            qps: 10.0,
            burst: 2,
            ..Default::default()
        };
        let mut limiter = Limiter::new(options);
        let waits: Vec<_> = (0..5).map(|key| limiter.when(&key, Duration::ZERO).as_millis()).collect();
        assert_eq!(waits, [5, 5, 100, 200, 300]);
    }

    #[test]
    fn back_off_does_not_overflow() {
        assert_eq!(backoff(secs(1), secs(1000), u32::MAX), secs(1000));
        assert_eq!(backoff(Duration::MAX, Duration::MAX, 31), Duration::MAX);
        assert_eq!(backoff(Duration::ZERO, secs(1), 3), Duration::ZERO);
    }

    #[test]
    fn a_bucket_refills_up_to_its_burst() {
        let mut bucket = Bucket::new(4.0, 2);
        assert!(bucket.try_take(secs(0)) && bucket.try_take(secs(0)) && !bucket.try_take(secs(0)));
        let wait = bucket.until_next(secs(0));
        assert!(wait <= Duration::from_millis(250) && wait > Duration::from_millis(249));
        assert!(bucket.try_take(wait), "a token is there after exactly the wait that was told");
        assert!(!bucket.is_full(secs(0)));
        assert!(bucket.is_full(secs(100)));
        assert!(bucket.try_take(secs(100)) && bucket.try_take(secs(100)) && !bucket.try_take(secs(100)));
    }

    #[test]
    fn a_bucket_survives_a_clock_that_goes_back() {
        let mut bucket = Bucket::new(1.0, 1);
        assert_eq!(bucket.reserve(secs(10)), Duration::ZERO);
        assert_eq!(bucket.reserve(secs(5)), secs(1));
    }
}

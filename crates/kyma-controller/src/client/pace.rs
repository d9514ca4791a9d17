//! The rate that a server bears, found by asking it; pure.
//!
//! Additive increase, multiplicative decrease, as in TCP: some times a second, if requests had to wait for the rate and were
//! answered as fast as ever, the rate grows, and where the server refuses or answers slowly it falls a little below what the
//! server has carried in that time. At the start it doubles until that happens for the first time.

use std::time::Duration;

/// The rate at the start, in requests per second.
const FIRST: f64 = 50.0;
/// The rate does not fall below this: somebody must find out when the server is better.
const LEAST: f64 = 5.0;
/// Nor does it grow above this, which no API server carries.
const MOST: f64 = 10_000.0;
/// How long requests are watched before they are judged, at least.
const WINDOW: Duration = Duration::from_millis(250);
/// How many answers there must be to judge, unless nobody answers for long.
const ENOUGH: u32 = 20;
/// After so long, few answers are enough.
const LONG: Duration = Duration::from_secs(5);
/// An answer is slow when it takes so many times what answers take at their best, and [`SLACK`] seconds more: a server that
/// has some work waiting is busy, and only then at its best rate.
const SLOW: f64 = 3.0;
const SLACK: f64 = 0.05;
/// What answers take at their best is forgotten slowly: each window without a better one it counts for so much more.
const FORGET: f64 = 1.003;
/// What is left of the rate that was carried when answers are slow, and when requests are refused.
const AFTER_SLOW: f64 = 0.95;
const AFTER_REFUSED: f64 = 0.8;
/// The rate grows by this share in a window, and by this much at least; by one more share in each window in a row, up to
/// [`FASTEST`], so that a server that has become faster is soon used.
const GROWTH: f64 = 0.005;
const GROWTH_LEAST: f64 = 1.0;
const FASTEST: f64 = 5.0;

/// The rate, and what is known of the server.
#[derive(Debug)]
pub(super) struct Pace {
    rate: f64,
    /// Whether the server has never been too slow yet.
    probing: bool,
    /// Windows in a row in which the rate has grown.
    row: f64,
    /// Seconds that answers take at their best.
    best: Option<f64>,
    window: Window,
}

/// What was seen since the last judgement.
#[derive(Debug, Default)]
struct Window {
    began: Duration,
    answered: u32,
    refused: u32,
    /// The sum of the seconds that answers have taken.
    seconds: f64,
    waited: bool,
}

impl Pace {
    /// The pace of a server that nothing is known of.
    pub(super) fn new(now: Duration) -> Self {
        let window = Window { began: now, ..Window::default() };
        Self { rate: FIRST, probing: true, row: 0.0, best: None, window }
    }

    /// Requests per second.
    pub(super) fn rate(&self) -> f64 {
        self.rate
    }

    /// A request had to wait for the rate.
    pub(super) fn waited(&mut self) {
        self.window.waited = true;
    }

    /// A request was answered after that time, or refused: there is too much to do for the server. Says whether the rate has
    /// changed.
    pub(super) fn answered(&mut self, now: Duration, took: Duration, refused: bool) -> bool {
        if refused {
            self.window.refused += 1;
        } else {
            self.window.answered += 1;
            self.window.seconds += took.as_secs_f64();
        }
        let elapsed = now.saturating_sub(self.window.began);
        let enough = self.window.answered + self.window.refused >= ENOUGH || elapsed >= LONG;
        if elapsed < WINDOW || !enough {
            return false;
        }
        let before = self.rate;
        self.judge(elapsed.as_secs_f64());
        self.window = Window { began: now, ..Window::default() };
        before != self.rate
    }

    fn judge(&mut self, elapsed: f64) {
        let Window { answered, refused, seconds, waited, .. } = self.window;
        let carried = f64::from(answered) / elapsed;
        let mean = (answered > 0).then(|| seconds / f64::from(answered));
        if let Some(mean) = mean {
            self.best = Some(self.best.map_or(mean, |best| (best * FORGET).min(mean)));
        }
        let slow = match (mean, self.best) {
            (Some(mean), Some(best)) => mean > best * SLOW + SLACK,
            _ => false,
        };
        if refused > 0 {
            self.fall_to(carried * AFTER_REFUSED);
        } else if slow {
            self.fall_to(carried * AFTER_SLOW);
        } else if waited && self.probing {
            self.rate = (self.rate * 2.0).min(MOST);
        } else if waited {
            self.row = (self.row + 1.0).min(FASTEST);
            self.rate = (self.rate + (self.rate * GROWTH * self.row).max(GROWTH_LEAST)).min(MOST);
        }
    }

    fn fall_to(&mut self, rate: f64) {
        (self.probing, self.row) = (false, 0.0);
        self.rate = self.rate.min(rate).max(LEAST);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use super::*;

    /// Requests under way at the same time.
    const CONNECTIONS: usize = 64;
    const STEP: Duration = Duration::from_millis(5);

    /// A server that works on one request after the other, each of which takes 5 ms besides, and refuses those that come when
    /// more than so many wait.
    struct Server {
        capacity: f64,
        most: usize,
        now: Duration,
        /// When it is done with what it has.
        free: Duration,
        /// When each request was sent and is answered.
        working: VecDeque<(Duration, Duration)>,
    }

    impl Server {
        fn new(capacity: f64, most: usize) -> Self {
            Self { capacity, most, now: Duration::ZERO, free: Duration::ZERO, working: VecDeque::new() }
        }

        /// Whether it takes a request.
        fn takes(&mut self) -> bool {
            let takes = self.working.len() < self.most;
            if takes {
                self.free = self.free.max(self.now) + Duration::from_secs_f64(1.0 / self.capacity);
                self.working.push_back((self.now, self.free + Duration::from_millis(5)));
            }
            takes
        }
    }

    /// Asks as fast as the pace lets, at most `wanted` requests a second, for so many seconds. Gives how many were answered
    /// and refused.
    fn ask(pace: &mut Pace, server: &mut Server, wanted: f64, seconds: u64) -> (f64, f64) {
        let (mut answered, mut refused, mut owed) = (0.0, 0.0, 0.0);
        let end = server.now + Duration::from_secs(seconds);
        while server.now < end {
            server.now += STEP;
            while let Some(&(sent, done)) = server.working.front().filter(|(_, done)| *done <= server.now) {
                server.working.pop_front();
                answered += 1.0;
                pace.answered(server.now, done - sent, false);
            }
            owed = f64::min(owed + wanted.min(pace.rate()) * STEP.as_secs_f64(), 5.0);
            if wanted > pace.rate() && server.working.len() < CONNECTIONS {
                pace.waited();
            }
            while owed >= 1.0 && server.working.len() < CONNECTIONS {
                owed -= 1.0;
                if !server.takes() {
                    refused += 1.0;
                    pace.answered(server.now, Duration::ZERO, true);
                }
            }
        }
        (answered, refused)
    }

    #[test]
    fn nearly_all_that_a_server_carries_is_found_within_seconds() {
        for capacity in [20.0, 200.0, 900.0] {
            let mut pace = Pace::new(Duration::ZERO);
            let mut server = Server::new(capacity, usize::MAX);
            ask(&mut pace, &mut server, f64::INFINITY, 10);
            let (answered, _) = ask(&mut pace, &mut server, f64::INFINITY, 60);
            let share = answered / (capacity * 60.0);
            assert!((0.93..=1.01).contains(&share), "{capacity}: {share}");
        }
    }

    #[test]
    fn answers_stay_quick_where_connections_would_let_them_get_slow() {
        let mut pace = Pace::new(Duration::ZERO);
        let mut server = Server::new(200.0, usize::MAX);
        ask(&mut pace, &mut server, f64::INFINITY, 20);
        let mut longest = 0;
        for _ in 0..60 {
            ask(&mut pace, &mut server, f64::INFINITY, 1);
            longest = longest.max(server.working.len());
        }
        assert!(longest < CONNECTIONS / 2, "{longest} wait");
    }

    #[test]
    fn a_server_that_refuses_is_asked_less_and_refuses_little() {
        let mut pace = Pace::new(Duration::ZERO);
        let mut server = Server::new(200.0, 10);
        ask(&mut pace, &mut server, f64::INFINITY, 10);
        let (answered, refused) = ask(&mut pace, &mut server, f64::INFINITY, 120);
        assert!(answered > 0.85 * 200.0 * 120.0, "{answered}");
        assert!(refused < 0.02 * answered, "{refused} of {answered}");
    }

    #[test]
    fn who_asks_little_learns_nothing() {
        let mut pace = Pace::new(Duration::ZERO);
        let mut server = Server::new(200.0, 10);
        ask(&mut pace, &mut server, 20.0, 600);
        assert!((pace.rate() - FIRST).abs() < 1e-9, "{}", pace.rate());
    }

    #[test]
    fn a_server_that_gets_slower_or_faster_is_followed() {
        let mut pace = Pace::new(Duration::ZERO);
        let mut server = Server::new(400.0, usize::MAX);
        ask(&mut pace, &mut server, f64::INFINITY, 30);
        server.capacity = 100.0;
        ask(&mut pace, &mut server, f64::INFINITY, 20);
        assert!((80.0..=130.0).contains(&pace.rate()), "{}", pace.rate());
        server.capacity = 400.0;
        let (answered, _) = ask(&mut pace, &mut server, f64::INFINITY, 60);
        assert!(answered > 0.75 * 400.0 * 60.0, "{answered}");
    }

    #[test]
    fn a_server_that_answers_nothing_is_still_asked() {
        let mut pace = Pace::new(Duration::ZERO);
        for second in 1..100 {
            pace.answered(Duration::from_secs(second), Duration::ZERO, true);
        }
        assert!((pace.rate() - LEAST).abs() < 1e-9);
    }
}

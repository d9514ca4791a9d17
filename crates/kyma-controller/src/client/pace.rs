//! How much a server bears, found by asking it; pure.
//!
//! What is found is how many requests may be under way, as in TCP Vegas (Brakmo and Peterson, 1995): some times a second the
//! time that answers take is compared with what they take at their best. What is more is time in which requests wait for the
//! server, so so many of those under way are waiting. Where they are few, and more requests are there, one more may be under
//! way; where they are many, fewer. A server that pauses for a moment, to collect its garbage, thus gets no more than it had,
//! and all the same again afterwards; one that is always busy has a short line, which is when it carries most.
//!
//! A server that refuses says that it has too much to do. Then the rate falls too, below what the server has carried, and
//! grows again with time.

use std::time::Duration;

/// How many requests may be under way at the start. Doubled as long as none of them wait.
const FIRST: f64 = 4.0;
/// There is no rate above this, which no API server carries.
pub(super) const MOST: f64 = 10_000.0;
/// The rate does not fall below this: somebody must find out when the server is better.
const LEAST: f64 = 5.0;
/// How long requests are watched before they are judged, at least.
const WINDOW: Duration = Duration::from_millis(250);
/// How many answers there must be to judge, unless nobody answers for long.
const ENOUGH: u32 = 20;
/// After so long, few answers are enough.
const LONG: Duration = Duration::from_secs(5);
/// So many answers of a window say how quick they were; those of a faster server are like them.
const TIMED: usize = 4096;
/// What answers take at their best is forgotten slowly: each window without a better one it counts for so much more.
const FORGET: f64 = 1.001;
/// While fewer wait than this, more may be under way; while more wait than that, fewer.
const FEW: f64 = 6.0;
const MANY: f64 = 12.0;
/// What is left of what may be under way when requests are refused.
const AFTER_REFUSED: f64 = 0.7;
/// As many as were under way then are not tried again for long: in each window this much more of them.
const CEILING_GROWTH: f64 = 0.02;
/// What is left of the rate then: a share of what was carried, or of what it was before if that is more, since a server that
/// pauses carries nothing.
const CARRIED_LEFT: f64 = 0.9;
const RATE_LEFT: f64 = 0.6;
/// By this share the rate grows in a window in which requests waited for it, and by this much at least.
const GROWTH: f64 = 0.02;
const GROWTH_LEAST: f64 = 1.0;

/// What may be under way, the rate, and what is known of the server.
#[derive(Debug)]
pub(super) struct Pace {
    /// How many requests may be under way.
    under_way: f64,
    /// The most that may ever be, and that may be now.
    connections: f64,
    ceiling: f64,
    /// Requests per second.
    rate: f64,
    /// Whether no request has waited for the server yet.
    probing: bool,
    /// Seconds that answers take at their best.
    best: Option<f64>,
    /// What was carried when there was more to do than may be under way, in requests per second.
    carried: f64,
    /// Until then answers may be those of requests that were sent before the last fall.
    settled: Duration,
    window: Window,
}

/// What was seen since the last judgement.
#[derive(Debug, Default)]
struct Window {
    began: Duration,
    answered: u32,
    refused: u32,
    /// The seconds that answers have taken; at most [`TIMED`].
    times: Vec<f64>,
    /// Whether requests had to wait for the rate, and for others to be answered.
    short: bool,
    crowded: bool,
}

impl Window {
    /// Half of the answers took at most so many seconds: a pause makes some of them slow, and not the server.
    fn median(&mut self) -> Option<f64> {
        let middle = self.times.len() / 2;
        let times = self.times.as_mut_slice();
        (!times.is_empty()).then(|| *times.select_nth_unstable_by(middle, f64::total_cmp).1)
    }
}

impl Pace {
    /// The pace of a server that nothing is known of, over so many connections at most.
    pub(super) fn new(connections: usize, now: Duration) -> Self {
        let connections = connections.max(1) as f64;
        Self {
            under_way: FIRST.min(connections),
            connections,
            ceiling: connections,
            rate: MOST,
            probing: true,
            best: None,
            carried: 0.0,
            settled: Duration::ZERO,
            window: Window { began: now, ..Window::default() },
        }
    }

    /// How many requests may be under way.
    pub(super) fn under_way(&self) -> usize {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a cast of f64 saturates"
        )]
        let under_way = self.under_way as usize;
        under_way.max(1)
    }

    /// Requests per second.
    pub(super) fn rate(&self) -> f64 {
        self.rate
    }

    /// The rate that the server bears, as far as that was found out: 0 where it was never asked for all it can.
    pub(super) fn found(&self) -> f64 {
        self.carried.min(self.rate)
    }

    /// A request had to wait for the rate.
    pub(super) fn short(&mut self) {
        self.window.short = true;
    }

    /// A request had to wait because as many as may be were under way.
    pub(super) fn crowded(&mut self) {
        self.window.crowded = true;
    }

    /// A request was answered after that time, or refused: there is too much to do for the server. Says whether it was time to
    /// judge.
    pub(super) fn answered(&mut self, now: Duration, took: Duration, refused: bool) -> bool {
        if refused {
            self.window.refused += 1;
        } else {
            self.window.answered += 1;
            if self.window.times.len() < TIMED {
                self.window.times.push(took.as_secs_f64());
            }
        }
        let elapsed = now.saturating_sub(self.window.began);
        let enough = self.window.answered + self.window.refused >= ENOUGH || elapsed >= LONG;
        if elapsed < WINDOW || !enough {
            return false;
        }
        self.judge(now, elapsed.as_secs_f64());
        self.window.times.clear();
        let times = std::mem::take(&mut self.window.times);
        self.window = Window { began: now, times, ..Window::default() };
        true
    }

    fn judge(&mut self, now: Duration, elapsed: f64) {
        let median = self.window.median();
        let Window { answered, refused, short, crowded, .. } = self.window;
        let carried = f64::from(answered) / elapsed;
        if crowded || short {
            self.carried = carried;
        }
        if let Some(median) = median {
            self.best = Some(self.best.map_or(median, |best| (best * FORGET).min(median)));
        }
        let waiting = match (median, self.best) {
            (Some(median), Some(best)) if median > 0.0 => self.under_way * (1.0 - best / median),
            _ => 0.0,
        };
        if refused > 0 || waiting > MANY {
            if now < self.settled {
                return;
            }
            self.probing = false;
            if refused > 0 {
                self.ceiling = (self.under_way - 1.0).max(1.0);
                self.under_way *= AFTER_REFUSED;
                self.rate = self.rate.min((carried * CARRIED_LEFT).max(self.rate * RATE_LEFT)).max(LEAST);
            } else {
                self.under_way -= (waiting - MANY) / 2.0;
            }
            self.settled = now + Duration::try_from_secs_f64(median.unwrap_or_default()).unwrap_or_default();
        } else {
            self.grow(waiting, short, crowded);
        }
        self.ceiling = (self.ceiling + CEILING_GROWTH).min(self.connections);
        self.under_way = self.under_way.clamp(1.0, self.ceiling);
    }

    fn grow(&mut self, waiting: f64, short: bool, crowded: bool) {
        if short {
            self.rate = (self.rate + (self.rate * GROWTH).max(GROWTH_LEAST)).min(MOST);
        }
        if crowded && waiting < FEW {
            self.under_way = if self.probing { self.under_way * 2.0 } else { self.under_way + 1.0 };
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use super::*;

    /// Requests under way at the same time.
    const CONNECTIONS: usize = 128;
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
            owed = f64::min(owed + wanted.min(pace.rate()) * STEP.as_secs_f64(), 50.0);
            while owed >= 1.0 && server.working.len() < pace.under_way() {
                owed -= 1.0;
                if !server.takes() {
                    refused += 1.0;
                    pace.answered(server.now, Duration::ZERO, true);
                    // To be refused takes time, too.
                    break;
                }
            }
            if owed >= 1.0 {
                pace.crowded();
            } else if wanted > pace.rate() {
                pace.short();
            }
        }
        (answered, refused)
    }

    #[test]
    fn nearly_all_that_a_server_carries_is_found_within_seconds() {
        for capacity in [20.0, 200.0, 900.0] {
            let mut pace = Pace::new(CONNECTIONS, Duration::ZERO);
            let mut server = Server::new(capacity, usize::MAX);
            ask(&mut pace, &mut server, f64::INFINITY, 10);
            let (answered, _) = ask(&mut pace, &mut server, f64::INFINITY, 60);
            let share = answered / (capacity * 60.0);
            assert!((0.93..=1.01).contains(&share), "{capacity}: {share}");
        }
    }

    #[test]
    fn answers_stay_quick_where_connections_would_let_them_get_slow() {
        let mut pace = Pace::new(CONNECTIONS, Duration::ZERO);
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
        let mut pace = Pace::new(CONNECTIONS, Duration::ZERO);
        let mut server = Server::new(200.0, 10);
        ask(&mut pace, &mut server, f64::INFINITY, 10);
        let (answered, refused) = ask(&mut pace, &mut server, f64::INFINITY, 120);
        assert!(answered > 0.85 * 200.0 * 120.0, "{answered}");
        assert!(refused < 0.02 * answered, "{refused} of {answered}");
    }

    #[test]
    fn who_asks_little_learns_nothing() {
        let mut pace = Pace::new(CONNECTIONS, Duration::ZERO);
        let mut server = Server::new(200.0, 10);
        ask(&mut pace, &mut server, 20.0, 600);
        assert_eq!((pace.under_way(), pace.rate(), pace.found()), (FIRST as usize, MOST, 0.0));
    }

    #[test]
    fn a_server_that_gets_slower_or_faster_is_followed() {
        let mut pace = Pace::new(CONNECTIONS, Duration::ZERO);
        let mut server = Server::new(400.0, usize::MAX);
        ask(&mut pace, &mut server, f64::INFINITY, 30);
        server.capacity = 100.0;
        ask(&mut pace, &mut server, f64::INFINITY, 20);
        assert!((80.0..=130.0).contains(&pace.found()), "{}", pace.found());
        server.capacity = 400.0;
        let (answered, _) = ask(&mut pace, &mut server, f64::INFINITY, 60);
        assert!(answered > 0.75 * 400.0 * 60.0, "{answered}");
    }

    #[test]
    fn a_server_that_pauses_now_and_then_is_asked_nearly_as_much() {
        let mut pace = Pace::new(CONNECTIONS, Duration::ZERO);
        let mut server = Server::new(500.0, usize::MAX);
        ask(&mut pace, &mut server, f64::INFINITY, 10);
        let mut answered = 0.0;
        for _ in 0..40 {
            // It does nothing for 0.4 of 4 seconds.
            server.free = server.free.max(server.now) + Duration::from_millis(400);
            answered += ask(&mut pace, &mut server, f64::INFINITY, 4).0;
        }
        let share = answered / (500.0 * 160.0 * 0.9);
        assert!(share > 0.9, "{share}");
    }

    #[test]
    fn a_server_that_answers_nothing_is_still_asked() {
        let mut pace = Pace::new(CONNECTIONS, Duration::ZERO);
        for second in 1..100 {
            pace.answered(Duration::from_secs(second), Duration::ZERO, true);
        }
        assert_eq!((pace.rate(), pace.under_way()), (LEAST, 1));
    }
}

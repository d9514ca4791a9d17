//! What a connection is doing, and which of its time limits it has overrun. Pure: times are parameters.

use std::collections::BTreeMap;

use tokio::time::Instant;

use super::limits::ConnectionLimits;

/// Why a connection is closed by the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Overdue {
    /// A request has begun and its head does not end.
    Header,
    /// No request for too long.
    Idle,
    /// The client takes nothing of what it is sent.
    WriteStall,
}

/// A connection's record of who waits for whom, and since when.
#[derive(Debug)]
pub(super) struct Activity {
    running: usize,
    quiet_since: Instant,
    head_since: Option<Instant>,
    blocked_since: Option<Instant>,
    /// Streams with pieces that HTTP has taken from us and not passed on: the client's window is full. Their number is
    /// limited.
    unread: BTreeMap<u64, Unread>,
    last_stream: u64,
    /// How many requests may be in progress.
    limit: usize,
}

/// Pieces of a stream that are not passed on yet.
#[derive(Debug)]
struct Unread {
    pieces: usize,
    /// Since when none of them was.
    since: Instant,
}

impl Activity {
    pub(super) fn new(now: Instant, limit: usize) -> Self {
        Activity {
            running: 0,
            quiet_since: now,
            head_since: None,
            blocked_since: None,
            unread: BTreeMap::new(),
            last_stream: 0,
            limit,
        }
    }

    /// Bytes came in: between requests they are the next one's head.
    pub(super) fn received(&mut self, now: Instant) {
        if self.running == 0 {
            self.head_since.get_or_insert(now);
        }
    }

    /// A request's head is whole. Returns the number of its stream.
    pub(super) fn begin(&mut self) -> u64 {
        self.running += 1;
        self.head_since = None;
        self.last_stream += 1;
        self.last_stream
    }

    /// A request is over: all of its answer was passed on, or it was given up.
    pub(super) fn end(&mut self, stream: u64, now: Instant) {
        self.running = self.running.saturating_sub(1);
        self.unread.remove(&stream);
        self.quiet_since = now;
    }

    /// Bytes went out. Only where some had to wait is that a sign of life: answers to pings are none.
    pub(super) fn sent(&mut self, now: Instant) {
        if self.blocked_since.take().is_some() {
            self.quiet_since = now;
        }
    }

    /// Bytes could not go out.
    pub(super) fn blocked(&mut self, now: Instant) {
        self.blocked_since.get_or_insert(now);
    }

    /// A piece of an answer was handed to HTTP.
    pub(super) fn handed(&mut self, stream: u64, now: Instant) {
        self.unread.entry(stream).or_insert(Unread { pieces: 0, since: now }).pieces += 1;
    }

    /// HTTP has passed on a piece of an answer.
    pub(super) fn taken(&mut self, stream: u64, now: Instant) {
        let Some(unread) = self.unread.get_mut(&stream) else { return };
        unread.since = now;
        unread.pieces -= 1;
        if unread.pieces == 0 {
            self.unread.remove(&stream);
        }
    }

    /// Whether as many requests are in progress as may be.
    pub(super) fn is_full(&self) -> bool {
        self.running >= self.limit
    }

    /// Which limit the connection has overrun.
    pub(super) fn overdue(&self, limits: &ConnectionLimits, now: Instant) -> Option<Overdue> {
        let overrun = |since: &Instant, limit| now.saturating_duration_since(*since) >= limit;
        let unread = self.unread.values().map(|unread| &unread.since);
        let mut stalled = self.blocked_since.iter().chain(unread);
        if stalled.any(|since| overrun(since, limits.write_stall_timeout)) {
            return Some(Overdue::WriteStall);
        }
        if self.running > 0 {
            return None;
        }
        if self.head_since.is_some_and(|since| overrun(&since, limits.header_read_timeout)) {
            return Some(Overdue::Header);
        }
        overrun(&self.quiet_since, limits.idle_timeout).then_some(Overdue::Idle)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn at(start: Instant, seconds: u64) -> Instant {
        start + Duration::from_secs(seconds)
    }

    #[test]
    fn a_connection_without_requests_is_idle_after_its_last_one() {
        let (limits, start) = (ConnectionLimits::default(), Instant::now());
        let mut activity = Activity::new(start, 250);
        assert_eq!(activity.overdue(&limits, at(start, 89)), None);
        assert_eq!(activity.overdue(&limits, at(start, 90)), Some(Overdue::Idle));
        let stream = activity.begin();
        assert_eq!(activity.overdue(&limits, at(start, 5000)), None, "a watch may last");
        activity.end(stream, at(start, 5000));
        assert_eq!(activity.overdue(&limits, at(start, 5089)), None);
        activity.sent(at(start, 5005));
        activity.blocked(at(start, 5006));
        activity.sent(at(start, 5010));
        assert_eq!(activity.overdue(&limits, at(start, 5099)), None, "the answer was still going out");
        assert_eq!(activity.overdue(&limits, at(start, 5100)), Some(Overdue::Idle));
    }

    #[test]
    fn a_head_counts_from_its_first_byte() {
        let (limits, start) = (ConnectionLimits::default(), Instant::now());
        let mut activity = Activity::new(start, 250);
        activity.received(at(start, 10));
        activity.received(at(start, 40));
        assert_eq!(activity.overdue(&limits, at(start, 41)), None);
        assert_eq!(activity.overdue(&limits, at(start, 42)), Some(Overdue::Header));
        let stream = activity.begin();
        activity.received(at(start, 43));
        activity.end(stream, at(start, 44));
        assert_eq!(activity.overdue(&limits, at(start, 100)), None, "a body is no head");
    }

    #[test]
    fn bytes_that_nobody_takes_are_a_stall_until_some_are_taken() {
        let (limits, start) = (ConnectionLimits::default(), Instant::now());
        let mut activity = Activity::new(start, 250);
        let stream = activity.begin();
        activity.blocked(at(start, 1));
        activity.blocked(at(start, 50));
        assert_eq!(activity.overdue(&limits, at(start, 60)), None);
        assert_eq!(activity.overdue(&limits, at(start, 61)), Some(Overdue::WriteStall));
        activity.sent(at(start, 61));
        assert_eq!(activity.overdue(&limits, at(start, 1000)), None);
        activity.handed(stream, at(start, 1000));
        assert_eq!(activity.overdue(&limits, at(start, 1060)), Some(Overdue::WriteStall));
        activity.taken(stream, at(start, 1060));
        assert_eq!(activity.overdue(&limits, at(start, 1060)), None);
        activity.handed(stream, at(start, 1060));
        activity.end(stream, at(start, 1061));
        assert_eq!(activity.overdue(&limits, at(start, 1130)), None, "a stream that is gone stalls nothing");
    }
}

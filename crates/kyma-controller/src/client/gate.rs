//! Which request goes next, and when; pure. It takes a connection slot and, where there is a rate, a token.

use std::mem;
use std::time::Duration;

use kyma_workqueue::Turn;
use kyma_workqueue::limiter::Bucket;
use kyma_workqueue::queue::Queue;

/// A request that waits, or waited: the number of its arrival.
pub(super) type Ticket = u64;

/// A bounded number of slots behind a token bucket; times are since an epoch of the caller.
///
/// Those who wait leave in the work queue's order (class, priority, first come first served, with its ageing), so
/// that what a worker does first is also sent first.
#[derive(Debug)]
pub(super) struct Gate {
    bucket: Option<Bucket>,
    /// How many slots there are, and how many are taken. There may be fewer than are taken: then none is free until some
    /// are given back.
    slots: usize,
    taken: usize,
    /// Bounded by the callers, each of which waits with one request.
    waiting: Queue<Ticket>,
    next: Ticket,
    /// Whether somebody had to wait for a token.
    short: bool,
    /// Whether somebody had to wait for a slot.
    crowded: bool,
}

impl Gate {
    pub(super) fn new(bucket: Option<Bucket>, slots: usize) -> Self {
        let slots = slots.max(1);
        Self { bucket, slots, taken: 0, waiting: Queue::default(), next: 0, short: false, crowded: false }
    }

    /// Puts a request into the line.
    pub(super) fn arrive(&mut self, turn: Turn, now: Duration) -> Ticket {
        let ticket = self.next;
        self.next += 1;
        self.waiting.add(ticket, turn, now);
        ticket
    }

    /// Lets the first of the line pass, if there are a slot and a token for it.
    pub(super) fn admit(&mut self, now: Duration) -> Option<Ticket> {
        if self.waiting.is_empty() {
            return None;
        }
        if self.taken >= self.slots {
            self.crowded = true;
            return None;
        }
        if self.bucket.as_mut().is_some_and(|bucket| !bucket.try_take(now)) {
            self.short = true;
            return None;
        }
        let ticket = self.waiting.get(now)?.key;
        // Nobody arrives twice, so the queue need not know who is under way.
        self.waiting.done(&ticket, now);
        self.taken += 1;
        Some(ticket)
    }

    /// Takes a request out of the line that does not want to wait any longer.
    pub(super) fn leave(&mut self, ticket: Ticket) {
        self.waiting.remove(&ticket);
    }

    /// Goes on with another number of slots.
    pub(super) fn set_slots(&mut self, slots: usize) {
        self.slots = slots.max(1);
    }

    /// Whether somebody had to wait for a slot since this was asked last.
    pub(super) fn take_crowded(&mut self) -> bool {
        mem::take(&mut self.crowded)
    }

    /// Goes on with another rate.
    pub(super) fn set_rate(&mut self, rate: f64, now: Duration) {
        if let Some(bucket) = &mut self.bucket {
            bucket.set_rate(rate, burst_of(rate), now);
        }
    }

    /// Whether somebody had to wait for a token since this was asked last.
    pub(super) fn take_short(&mut self) -> bool {
        mem::take(&mut self.short)
    }

    /// Gives a slot back.
    pub(super) fn release(&mut self) {
        self.taken = self.taken.saturating_sub(1);
    }

    /// When time alone lets the next request pass; `None` when it also needs something else.
    pub(super) fn next_admission(&mut self, now: Duration) -> Option<Duration> {
        if self.taken >= self.slots || self.waiting.is_empty() {
            return None;
        }
        self.bucket.as_mut().map(|bucket| now.saturating_add(bucket.until_next(now)))
    }
}

/// How many requests of a rate that changes by itself may come at once: those of a second, so that what a server has not
/// carried while it paused is made up for. The connections bound how many are under way.
pub(super) fn burst_of(rate: f64) -> u32 {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a cast of f64 saturates")]
    let burst = rate as u32;
    burst.max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    const T0: Duration = Duration::ZERO;

    #[test]
    fn a_slot_and_a_token_are_both_needed() {
        let mut gate = Gate::new(Some(Bucket::new(2.0, 2)), 1);
        let sequences: Vec<_> = (0..3).map(|_| gate.arrive(Turn::default(), T0)).collect();
        assert_eq!(gate.admit(T0), Some(sequences[0]));
        assert_eq!((gate.admit(T0), gate.next_admission(T0)), (None, None), "no slot: time does not help");
        gate.release();
        assert_eq!(gate.admit(T0), Some(sequences[1]));
        gate.release();
        assert_eq!(gate.admit(T0), None, "no token");
        let next = gate.next_admission(T0).unwrap();
        assert!(next <= Duration::from_millis(500) && next > Duration::from_millis(499));
        assert_eq!(gate.admit(next), Some(sequences[2]));
        gate.release();
        assert_eq!(gate.next_admission(next), None, "nobody waits");
    }

    #[test]
    fn the_line_has_the_queue_s_order() {
        let mut gate = Gate::new(None, 1);
        let turns =
            [Turn::sweep(0), Turn::dependent(3), Turn::dependent(66), Turn::user(0), Turn::dependent(66)];
        let tickets = turns.map(|turn| gate.arrive(turn, T0));
        let mut passed = Vec::new();
        while let Some(sequence) = gate.admit(T0) {
            passed.push(sequence);
            gate.release();
        }
        assert_eq!(passed, [3, 2, 4, 1, 0].map(|index: usize| tickets[index]));
    }

    #[test]
    fn who_leaves_the_line_takes_no_token() {
        let mut gate = Gate::new(Some(Bucket::new(1.0, 1)), 9);
        let first = gate.arrive(Turn::user(0), T0);
        let second = gate.arrive(Turn::sweep(0), T0);
        gate.leave(first);
        assert_eq!(gate.admit(T0), Some(second));
        gate.leave(second);
        assert_eq!(gate.admit(T0), None);
    }

    #[test]
    fn no_slots_are_one_slot() {
        let mut gate = Gate::new(None, 0);
        gate.arrive(Turn::default(), T0);
        assert!(gate.admit(T0).is_some());
    }
}

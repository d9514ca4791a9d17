//! The whole queue as one value: what is ready, what is delayed, who failed, and whether it is shutting down; pure.

use std::hash::Hash;
use std::sync::Arc;
use std::time::Duration;

use crate::delay::Delays;
use crate::limiter::{Limiter, LimiterOptions};
use crate::order::Turn;
use crate::queue::{Added, Handed, Queue};
use crate::stats::{Metrics, Snapshot};

/// How far a queue is from its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// It takes and hands out keys.
    Open,
    /// It takes no more keys and hands out those that are ready.
    Draining,
    /// It takes no more keys and hands out none.
    Closed,
}

/// What [`State::get`] has for a worker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next<K> {
    /// A key to work on.
    Key(K),
    /// Nothing now.
    Wait,
    /// Nothing any more.
    End,
}

/// A queue without its driver. Each method takes the time since the queue's epoch, which must not go back, and lets
/// delayed adds whose time has come in first: no caller can see a state in which they are late.
pub struct State<K> {
    queue: Queue<K>,
    delays: Delays<K>,
    limiter: Limiter<K>,
    phase: Phase,
    metrics: Arc<dyn Metrics>,
    /// Keys that became ready and of which nobody was told yet, see [`State::take_woken`].
    woken: usize,
}

impl<K: Clone + Eq + Hash> State<K> {
    /// An open, empty queue.
    #[must_use]
    pub fn new(limiter: LimiterOptions, metrics: Arc<dyn Metrics>) -> Self {
        Self {
            queue: Queue::default(),
            delays: Delays::default(),
            limiter: Limiter::new(limiter),
            phase: Phase::Open,
            metrics,
            woken: 0,
        }
    }

    /// Lets in the delayed adds whose time has come, and tells the time of the next one.
    pub fn promote(&mut self, now: Duration) -> Option<Duration> {
        while let Some((key, turn)) = self.delays.pop_due(now) {
            self.insert(key, turn, now);
        }
        self.delays.next_due()
    }

    /// Adds a key now.
    pub fn add(&mut self, key: K, turn: Turn, now: Duration) {
        self.promote(now);
        if self.phase == Phase::Open {
            self.insert(key, turn, now);
        }
    }

    /// Adds a key after a delay; at once when there is none. True when the driver's timer must be set anew.
    pub fn add_after(&mut self, key: K, turn: Turn, delay: Duration, now: Duration) -> bool {
        self.promote(now);
        if self.phase != Phase::Open {
            return false;
        }
        self.metrics.retried();
        if delay.is_zero() {
            self.insert(key, turn, now);
            return false;
        }
        self.delays.add(key, turn, now.saturating_add(delay))
    }

    /// Adds a key of the retry class after the wait that its failures earn. True as in [`State::add_after`].
    pub fn add_rate_limited(&mut self, key: K, priority: u64, now: Duration) -> bool {
        if self.phase != Phase::Open {
            return false;
        }
        let delay = self.limiter.when(&key, now);
        self.add_after(key, Turn::retry(priority), delay, now)
    }

    /// Ends a key's row of failures.
    pub fn forget(&mut self, key: &K) {
        self.limiter.forget(key);
    }

    /// A key's failures in a row.
    #[must_use]
    pub fn num_requeues(&self, key: &K) -> u32 {
        self.limiter.num_requeues(key)
    }

    /// Hands out the key whose turn it is.
    pub fn get(&mut self, now: Duration) -> Next<K> {
        match self.take(now) {
            Next::Key(handed) => Next::Key(handed.key),
            Next::Wait => Next::Wait,
            Next::End => Next::End,
        }
    }

    /// As [`State::get`], with what is known of the key's wait.
    pub fn take(&mut self, now: Duration) -> Next<Handed<K>> {
        self.promote(now);
        if self.phase == Phase::Closed {
            return Next::End;
        }
        match self.queue.get(now) {
            Some(handed) => {
                self.metrics.started(handed.class, handed.waited);
                Next::Key(handed)
            }
            None if self.is_drained() => Next::End,
            None => Next::Wait,
        }
    }

    /// Ends the work on a key.
    pub fn done(&mut self, key: &K, now: Duration) {
        self.promote(now);
        if let Some(finished) = self.queue.done(key, now) {
            self.metrics.finished(finished.worked);
            self.woken += usize::from(finished.ready_again);
        }
    }

    /// Takes no more keys; hands out what is ready when `drain` is set, and nothing otherwise. Delayed adds go.
    pub fn shut_down(&mut self, drain: bool) {
        self.delays.clear();
        if drain && self.phase == Phase::Open {
            self.phase = Phase::Draining;
        } else if !drain {
            self.phase = Phase::Closed;
            self.queue.clear();
        }
    }

    /// Whether a shut-down has begun.
    #[must_use]
    pub fn is_shutting_down(&self) -> bool {
        self.phase != Phase::Open
    }

    /// Whether a shut-down has begun and no key is ready or with a worker.
    #[must_use]
    pub fn is_drained(&self) -> bool {
        self.is_shutting_down() && self.queue.is_empty() && self.queue.processing() == 0
    }

    /// How many keys became ready since the last call: so many waiting workers are to be woken.
    pub fn take_woken(&mut self) -> usize {
        std::mem::take(&mut self.woken)
    }

    /// The number of keys that can be handed out.
    pub fn len(&mut self, now: Duration) -> usize {
        self.promote(now);
        self.queue.len()
    }

    /// The queue at this moment.
    pub fn snapshot(&mut self, now: Duration) -> Snapshot {
        self.promote(now);
        Snapshot {
            depth: self.queue.depth(),
            delayed: self.delays.len(),
            processing: self.queue.processing(),
            longest_running: self.queue.running(now).max().unwrap_or_default(),
            unfinished: self.queue.running(now).sum(),
        }
    }

    fn insert(&mut self, key: K, turn: Turn, now: Duration) {
        match self.queue.add(key, turn, now) {
            Added::Ready => {
                self.metrics.added(turn.class);
                self.woken += 1;
            }
            Added::HeldBack => self.metrics.added(turn.class),
            Added::Merged => {}
        }
    }
}

#[cfg(test)]
mod tests;

//! The async side of the queue: a lock, the workers that wait, and one timer for the delayed adds.

use std::fmt;
use std::hash::Hash;
use std::sync::{Arc, Weak};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::Notify;
use tokio::task::AbortHandle;
use tokio::time::{Instant, sleep_until};

use crate::limiter::LimiterOptions;
use crate::order::Turn;
use crate::queue::Handed;
use crate::state::{Next, State};
use crate::stats::{Metrics, Snapshot};

/// A handle to a queue; clones share it.
///
/// What happens to a key that is added more than once:
///
/// - While it waits: one item; the more urgent class wins, the larger priority wins, each on its own; the place in
///   the line is that of the first add.
/// - While a worker has it: it is ready again at [`WorkQueue::done`], with the turns of these adds merged.
/// - With [`WorkQueue::add_after`] while such an add is pending: one entry; the earliest time wins, turns merge.
/// - With [`WorkQueue::add`] while a delayed add is pending: both happen. Neither the add nor handing the key out
///   cancels the delayed one, which merges if the key still waits when its time comes.
///
/// Time comes from `tokio::time` alone, so paused time works. The queue has one task of its own, which ends with
/// the shut-down or with the last handle.
pub struct WorkQueue<K> {
    handle: Arc<Handle<K>>,
}

impl<K> Clone for WorkQueue<K> {
    fn clone(&self) -> Self {
        Self { handle: Arc::clone(&self.handle) }
    }
}

impl<K> fmt::Debug for WorkQueue<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WorkQueue").finish_non_exhaustive()
    }
}

/// A handle that does not keep the queue alive, for those who only look at it.
pub struct WeakWorkQueue<K> {
    handle: Weak<Handle<K>>,
}

impl<K> WeakWorkQueue<K> {
    /// The queue, if somebody else still has a handle.
    #[must_use]
    pub fn upgrade(&self) -> Option<WorkQueue<K>> {
        self.handle.upgrade().map(|handle| WorkQueue { handle })
    }
}

impl<K> fmt::Debug for WeakWorkQueue<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WeakWorkQueue").finish_non_exhaustive()
    }
}

/// What the handles own together: dropping the last one ends the timer.
struct Handle<K> {
    shared: Arc<Shared<K>>,
    timer: AbortHandle,
}

impl<K> Drop for Handle<K> {
    fn drop(&mut self) {
        self.timer.abort();
    }
}

/// What the handles and the timer share. The lock is private to this file and never held across an await.
struct Shared<K> {
    state: Mutex<State<K>>,
    epoch: Instant,
    /// One permit per key that became ready; workers wait here in the order in which they came, and one permit wakes
    /// one of them.
    ready: Notify,
    /// The earliest delayed add changed.
    rearm: Notify,
    /// The queue may have been drained or closed.
    ended: Notify,
}

impl<K: Clone + Eq + Hash + Send + 'static> Shared<K> {
    fn now(&self) -> Duration {
        self.epoch.elapsed()
    }

    /// Runs one step of the state machine and then wakes those whom it concerns.
    fn step<T>(&self, step: impl FnOnce(&mut State<K>, Duration) -> T) -> T {
        let (result, woken, drained) = {
            let mut state = self.state.lock();
            // Read under the lock: the state machine's time must not go back.
            let now = self.now();
            let result = step(&mut state, now);
            (result, state.take_woken(), state.is_drained())
        };
        for _ in 0..woken {
            self.ready.notify_one();
        }
        if drained {
            self.ready.notify_waiters();
            self.ended.notify_waiters();
        }
        result
    }
}

/// Lets delayed adds in when their time has come, whether or not a worker asks.
async fn run_timer<K: Clone + Eq + Hash + Send + 'static>(shared: Arc<Shared<K>>) {
    loop {
        match shared.step(State::promote) {
            None => shared.rearm.notified().await,
            Some(due) => {
                tokio::select! {
                    biased;
                    () = sleep_until(shared.epoch + due) => {}
                    () = shared.rearm.notified() => {}
                }
            }
        }
    }
}

impl<K: Clone + Eq + Hash + Send + 'static> WorkQueue<K> {
    /// An open, empty queue. Must be called inside a tokio runtime.
    #[must_use]
    pub fn new(limiter: LimiterOptions, metrics: Arc<dyn Metrics>) -> Self {
        let shared = Arc::new(Shared {
            state: Mutex::new(State::new(limiter, metrics)),
            epoch: Instant::now(),
            ready: Notify::new(),
            rearm: Notify::new(),
            ended: Notify::new(),
        });
        let timer = tokio::spawn(run_timer(Arc::clone(&shared))).abort_handle();
        Self { handle: Arc::new(Handle { shared, timer }) }
    }

    /// Adds a key now; nothing happens once a shut-down has begun.
    pub fn add(&self, key: K, turn: Turn) {
        self.step(|state, now| state.add(key, turn, now));
    }

    /// Adds a key after a delay; nothing happens once a shut-down has begun.
    pub fn add_after(&self, key: K, turn: Turn, delay: Duration) {
        let earlier = self.step(|state, now| state.add_after(key, turn, delay, now));
        self.rearm_if(earlier);
    }

    /// Adds a key of the retry class after the larger of its own back-off and the wait for a token of the bucket.
    pub fn add_rate_limited(&self, key: K, priority: u64) {
        let earlier = self.step(|state, now| state.add_rate_limited(key, priority, now));
        self.rearm_if(earlier);
    }

    /// Ends the key's row of failures, so that its next retry waits the base delay. A pending add stays.
    pub fn forget(&self, key: &K) {
        self.step(|state, _| state.forget(key));
    }

    /// The key's failures in a row.
    #[must_use]
    pub fn num_requeues(&self, key: &K) -> u32 {
        self.step(|state, _| state.num_requeues(key))
    }

    /// Waits for a key whose turn it is; `None` when the queue was shut down, or was drained to its end.
    ///
    /// Who gets a key must call [`WorkQueue::done`] for it. Workers are served in the order in which they began to
    /// wait, each key wakes one of them, and a call that is dropped loses nothing.
    pub async fn get(&self) -> Option<K> {
        self.take().await.map(|handed| handed.key)
    }

    /// As [`WorkQueue::get`], with what is known of the key's wait.
    pub async fn take(&self) -> Option<Handed<K>> {
        let shared = &self.handle.shared;
        loop {
            // Made before the look at the state: a shut-down in between is then not missed.
            let ready = shared.ready.notified();
            match shared.step(State::take) {
                Next::Key(handed) => return Some(handed),
                Next::End => return None,
                Next::Wait => ready.await,
            }
        }
    }

    /// Ends the work on a key; if it was added in the meantime, it is ready again.
    pub fn done(&self, key: &K) {
        self.step(|state, now| state.done(key, now));
    }

    /// The number of keys that can be handed out.
    #[must_use]
    pub fn len(&self) -> usize {
        self.step(State::len)
    }

    /// Whether no key can be handed out.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Takes no more keys and hands out none: every [`WorkQueue::get`] returns `None` from now on, and what waits is
    /// dropped. What workers have is theirs to finish.
    pub fn shut_down(&self) {
        self.begin_shut_down(false);
    }

    /// Takes no more keys, drops delayed adds, and waits until what is ready has been handed out and done.
    ///
    /// It waits for ever if nobody takes the keys; [`WorkQueue::shut_down`] ends the wait as soon as workers are done.
    pub async fn shut_down_with_drain(&self) {
        self.begin_shut_down(true);
        loop {
            let ended = self.handle.shared.ended.notified();
            if self.step(|state, _| state.is_drained()) {
                return;
            }
            ended.await;
        }
    }

    /// Whether a shut-down has begun.
    #[must_use]
    pub fn is_shutting_down(&self) -> bool {
        self.step(|state, _| state.is_shutting_down())
    }

    /// The queue at this moment.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        self.step(State::snapshot)
    }

    /// A handle that does not keep the queue alive.
    #[must_use]
    pub fn downgrade(&self) -> WeakWorkQueue<K> {
        WeakWorkQueue { handle: Arc::downgrade(&self.handle) }
    }

    fn begin_shut_down(&self, drain: bool) {
        self.step(|state, _| state.shut_down(drain));
        self.handle.timer.abort();
        self.handle.shared.ready.notify_waiters();
        self.handle.shared.ended.notify_waiters();
    }

    fn step<T>(&self, step: impl FnOnce(&mut State<K>, Duration) -> T) -> T {
        self.handle.shared.step(step)
    }

    fn rearm_if(&self, earlier: bool) {
        if earlier {
            self.handle.shared.rearm.notify_one();
        }
    }
}

#[cfg(test)]
mod tests;

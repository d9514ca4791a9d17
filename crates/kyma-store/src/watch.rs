//! A cursor for each watcher into a log that all of them share.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::Notify;
use tokio::sync::futures::Notified;

use crate::history::Event;
use crate::resource::ResourceId;
use crate::revision::Revision;
use crate::store::Shared;

/// The most events that a watcher looks at under one lock; those of other namespaces count too.
const SCAN_MAX: usize = 1024;

/// Some events, in order.
#[derive(Clone, Debug)]
pub struct Batch {
    /// The events; never empty from [`Watcher::next`].
    pub events: Vec<Arc<Event>>,
    /// The revision up to which this watcher has now seen everything: what a bookmark may say.
    pub progress: Revision,
}

/// Why a watch ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WatchError {
    /// The watcher was so slow that the window has passed its place: 410 for an API client.
    #[error("the history before revision {oldest} is gone")]
    Compacted {
        /// The oldest revision that a new watch can start from.
        oldest: Revision,
    },
    /// The store was closed, and the watcher has seen everything.
    #[error("the store is closed")]
    Closed,
}

/// Wakes whoever waits for a log's next event, or for any publish.
#[derive(Debug, Default)]
pub(crate) struct Signal {
    notify: Notify,
    listeners: AtomicUsize,
}

impl Signal {
    /// The number of watchers, waiting or not.
    pub(crate) fn listeners(&self) -> usize {
        self.listeners.load(Ordering::Relaxed)
    }

    /// Wakes all that wait, in the order in which they came.
    pub(crate) fn wake(&self) {
        self.notify.notify_waiters();
    }
}

/// A counted share of a signal.
#[derive(Debug)]
struct Listener(Arc<Signal>);

impl Listener {
    fn new(signal: &Arc<Signal>) -> Self {
        signal.listeners.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(signal))
    }

    /// Resolves at the first wake after this call, even one before the future is polled.
    fn notified(&self) -> Notified<'_> {
        self.0.notify.notified()
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.0.listeners.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Follows one resource, or one namespace of it: each change once, in order.
///
/// It holds its position and nothing else, so nobody waits for a slow one and any number of them costs no memory of
/// its own. One that falls behind the window gets [`WatchError::Compacted`].
#[derive(Debug)]
pub struct Watcher {
    cursor: Cursor,
    listener: Listener,
}

#[derive(Debug)]
struct Cursor {
    shared: Arc<Shared>,
    resource: ResourceId,
    namespace: Option<Arc<str>>,
    /// The position in the log of the next event to look at.
    position: u64,
    /// Everything up to here was looked at.
    seen: Revision,
}

impl Watcher {
    /// A watcher at a position of a log that has seen everything up to `since`; the caller has the state locked.
    pub(crate) fn new(
        shared: Arc<Shared>,
        signal: &Arc<Signal>,
        resource: ResourceId,
        namespace: Option<Arc<str>>,
        position: u64,
        since: Revision,
    ) -> Self {
        let cursor = Cursor { shared, resource, namespace, position, seen: since };
        Self { cursor, listener: Listener::new(signal) }
    }

    /// Waits for events and returns up to `max` of them (at least one).
    ///
    /// Cancel safe: nothing is lost when the future is dropped before it is ready.
    pub async fn next(&mut self, max: usize) -> Result<Batch, WatchError> {
        loop {
            // A watcher with a long backlog never waits, and must still let others run.
            tokio::task::consume_budget().await;
            let notified = self.listener.notified();
            let (batch, at_end) = self.cursor.scan(max.max(1))?;
            if !batch.events.is_empty() {
                return Ok(batch);
            }
            if at_end {
                notified.await;
            }
        }
    }

    /// Returns up to `max` events without waiting, perhaps none; `progress` is valid in any case.
    pub fn try_next(&mut self, max: usize) -> Result<Batch, WatchError> {
        self.cursor.scan(max).map(|(batch, _)| batch)
    }
}

impl Cursor {
    /// Looks at the next events; also says whether it has come to the log's end.
    fn scan(&mut self, max: usize) -> Result<(Batch, bool), WatchError> {
        let state = self.shared.read();
        let log = state.history.log(self.resource);
        let Some(ahead) = log.read(self.position) else {
            return Err(WatchError::Compacted { oldest: state.history.oldest() });
        };
        let mut events = Vec::new();
        for event in ahead.take(SCAN_MAX) {
            if events.len() == max {
                break;
            }
            self.position += 1;
            self.seen = event.revision;
            if self.namespace.as_ref().is_none_or(|namespace| event.object.key.namespace == *namespace) {
                events.push(Arc::clone(event));
            }
        }
        let at_end = self.position == log.end();
        if at_end {
            self.seen = state.revision;
        }
        if at_end && events.is_empty() && state.closed {
            return Err(WatchError::Closed);
        }
        Ok((Batch { events, progress: self.seen }, at_end))
    }
}

/// Tells a background task that something was published; any number of publishes are one wake-up.
#[derive(Debug)]
pub struct ChangeSignal {
    shared: Arc<Shared>,
    listener: Listener,
    seen: Revision,
}

impl ChangeSignal {
    pub(crate) fn new(shared: Arc<Shared>, signal: &Arc<Signal>) -> Self {
        // Counted before the revision is read: a publish in between is then either seen here or wakes us.
        let listener = Listener::new(signal);
        let seen = shared.read().revision;
        Self { shared, listener, seen }
    }

    /// Waits until something was published since the signal was made or last returned; `false` when the store is
    /// closed and nothing will be published again. Cancel safe.
    pub async fn changed(&mut self) -> bool {
        loop {
            let notified = self.listener.notified();
            let (revision, closed) = {
                let state = self.shared.read();
                (state.revision, state.closed)
            };
            if revision > self.seen {
                self.seen = revision;
                return true;
            }
            if closed {
                return false;
            }
            notified.await;
        }
    }
}

//! Who locks what, and in which order: `driver` (the write path) before `state` (what readers see). Nothing is
//! awaited and nobody is woken under either.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::{Condvar, Mutex, RwLock, RwLockReadGuard};

use super::Options;
use super::driver::Driver;
use crate::clock::Clock;
use crate::commit::Committer;
use crate::history::{History, Window};
use crate::intern::Interner;
use crate::keyspace::{Keyspace, ReadError};
use crate::persist::{Engine, Record};
use crate::resource::{ResourceId, Resources};
use crate::revision::Revision;
use crate::watch::Signal;

/// The most events that a commit drops for their age, so that one after a long silence does not pay for all; more
/// than one, so that commits catch up.
const AGED_PER_COMMIT: usize = 4;

/// What all handles and watchers of a store share.
pub(crate) struct Shared {
    pub(super) clock: Arc<dyn Clock>,
    pub(super) driver: Mutex<Driver>,
    /// Wakes the thread that drives the write path, if there is one, under the lock of `driver`.
    pub(super) arrived: Condvar,
    pub(super) state: RwLock<State>,
    /// Wakes those who want to know of any publish.
    pub(super) changes: Arc<Signal>,
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Shared").finish_non_exhaustive()
    }
}

/// What readers and watchers see: durable writes only.
pub(crate) struct State {
    pub(super) resources: Resources,
    pub(super) keyspace: Keyspace,
    pub(crate) history: History,
    /// What wakes the watchers of each resource, by its position.
    pub(super) signals: Vec<Arc<Signal>>,
    pub(crate) revision: Revision,
    pub(crate) closed: bool,
}

impl Shared {
    /// A store with this state, whose objects have their strings in `interner`; `engine` is what the committing task
    /// drives, `None` when a thread does.
    pub(super) fn new(
        options: Options,
        clock: Arc<dyn Clock>,
        state: State,
        interner: Interner,
        engine: Option<Box<dyn Engine>>,
    ) -> Self {
        let committer = Committer::new(state.revision, interner);
        let committer = committer.with_max_object_bytes(options.most_object_bytes());
        Self {
            clock,
            driver: Mutex::new(Driver::new(committer, engine)),
            arrived: Condvar::new(),
            state: RwLock::new(state),
            changes: Arc::new(Signal::default()),
        }
    }

    pub(crate) fn read(&self) -> RwLockReadGuard<'_, State> {
        self.state.read()
    }

    /// Shows durable writes to readers and watchers; says who is to be woken.
    pub(super) fn publish(&self, records: &[Record]) -> Vec<Arc<Signal>> {
        let now = self.clock.elapsed();
        let mut signals = self.state.write().publish(records, now);
        if self.changes.listeners() > 0 {
            signals.push(Arc::clone(&self.changes));
        }
        signals
    }

    /// Tells watchers that nothing will be published again.
    pub(super) fn end(&self) {
        let signals = {
            let mut state = self.state.write();
            state.closed = true;
            state.signals.clone()
        };
        for signal in signals {
            signal.wake();
        }
        self.changes.wake();
    }
}

impl State {
    /// No objects and no history, at this revision.
    pub(super) fn new(window: Window, revision: Revision) -> Self {
        Self {
            resources: Resources::default(),
            keyspace: Keyspace::default(),
            history: History::new(window, revision),
            signals: Vec::new(),
            revision,
            closed: false,
        }
    }

    /// The number of a resource, with room for its log and its watchers.
    pub(super) fn define(&mut self, name: &str) -> ResourceId {
        let id = self.resources.define(name);
        self.history.define(id);
        if self.signals.len() <= id.position() {
            self.signals.resize_with(id.position() + 1, Arc::default);
        }
        id
    }

    /// Whether a read at this revision is possible.
    pub(super) fn check(&self, revision: Revision) -> Result<(), ReadError> {
        if revision > self.revision {
            return Err(ReadError::Future { current: self.revision });
        }
        let oldest = self.history.oldest();
        if revision < oldest { Err(ReadError::Compacted { oldest }) } else { Ok(()) }
    }

    /// Shows durable writes to readers and watchers; says who is to be woken.
    fn publish(&mut self, records: &[Record], now: Duration) -> Vec<Arc<Signal>> {
        let mut signals: Vec<Arc<Signal>> = Vec::new();
        for Record { event, .. } in records {
            let slot = self.keyspace.apply(event);
            self.revision = event.revision;
            self.history.append(Arc::clone(event), slot, now);
            let signal = &self.signals[event.object.key.resource.position()];
            if signal.listeners() > 0 && !signals.iter().any(|known| Arc::ptr_eq(known, signal)) {
                signals.push(Arc::clone(signal));
            }
        }
        self.trim(now, AGED_PER_COMMIT * records.len());
        signals
    }

    /// Moves the window over all that has happened.
    pub(super) fn forget(&mut self) {
        while let Some((slot, event)) = self.history.evict() {
            self.keyspace.forget(slot, &event);
        }
    }

    /// Moves the window: to its size at once, to its age by at most `aged` events. Says whether there is more to do.
    pub(super) fn trim(&mut self, now: Duration, aged: usize) -> bool {
        let mut left = aged;
        while self.history.is_too_large() || self.history.is_too_old(now) {
            if !self.history.is_too_large() {
                if left == 0 {
                    return true;
                }
                left -= 1;
            }
            let Some((slot, event)) = self.history.evict() else { return false };
            self.keyspace.forget(slot, &event);
        }
        false
    }
}

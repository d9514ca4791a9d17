//! Who locks what, and in which order: `driver` (the write path) before `state` (what readers see). Nothing is
//! awaited and nobody is woken under either.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::{Mutex, RwLock, RwLockReadGuard};
use tokio::sync::oneshot;

use crate::clock::Clock;
use crate::commit::{CommitError, Committer, Flight, Write};
use crate::history::{History, Window};
use crate::keyspace::{Keyspace, ReadError};
use crate::object::Object;
use crate::persist::{Engine, PersistError, Record};
use crate::resource::{ResourceId, Resources};
use crate::revision::Revision;
use crate::watch::Signal;

/// The most events that a commit drops for their age, so that one after a long silence does not pay for all; more
/// than one, so that commits catch up.
const AGED_PER_COMMIT: usize = 4;

/// Tells a writer what became of its write.
pub(super) type Waiter = oneshot::Sender<Result<Arc<Object>, CommitError>>;

/// What all handles and watchers of a store share.
pub(crate) struct Shared {
    pub(super) clock: Arc<dyn Clock>,
    pub(super) driver: Mutex<Driver>,
    pub(super) state: RwLock<State>,
    /// Wakes those who want to know of any publish.
    pub(super) changes: Arc<Signal>,
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Shared").finish_non_exhaustive()
    }
}

/// The write path.
pub(super) struct Driver {
    pub(super) committer: Committer<Waiter>,
    engine: Box<dyn Engine>,
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

/// Who is to be woken once the locks are free.
pub(super) struct Wakes {
    /// The writers, and what went wrong for all of them.
    finished: Option<(Flight<Waiter>, Option<PersistError>)>,
    signals: Vec<Arc<Signal>>,
}

impl Wakes {
    pub(super) fn wake(self) {
        if let Some((flight, error)) = self.finished {
            for (waiter, object) in flight.into_writers() {
                let outcome = match &error {
                    None => Ok(object),
                    Some(error) => Err(CommitError::Persist(error.clone())),
                };
                // A writer that has gone away does not want to know.
                drop(waiter.send(outcome));
            }
        }
        for signal in self.signals {
            signal.wake();
        }
    }
}

impl Shared {
    /// An empty store.
    pub(super) fn new(window: Window, clock: Arc<dyn Clock>, engine: Box<dyn Engine>) -> Self {
        let state = State {
            resources: Resources::default(),
            keyspace: Keyspace::default(),
            history: History::new(window, Revision::FIRST),
            signals: Vec::new(),
            revision: Revision::FIRST,
            closed: false,
        };
        let driver = Driver { committer: Committer::new(Revision::FIRST), engine };
        Self {
            clock,
            driver: Mutex::new(driver),
            state: RwLock::new(state),
            changes: Arc::new(Signal::default()),
        }
    }

    pub(crate) fn read(&self) -> RwLockReadGuard<'_, State> {
        self.state.read()
    }

    /// Stages a write and drives the write path; says who is to be woken.
    pub(super) fn commit(&self, write: Write, waiter: Waiter) -> Result<Wakes, CommitError> {
        let mut driver = self.driver.lock();
        let (resource, durable) = {
            let state = self.read();
            (state.resources.name(write.key.resource), state.keyspace.get(&write.key))
        };
        driver.committer.stage(write, resource, durable, waiter)?;
        Ok(self.drive(&mut driver))
    }

    /// Persists and publishes what is staged.
    fn drive(&self, driver: &mut Driver) -> Wakes {
        let Some(mut flight) = driver.committer.take_flight() else {
            return Wakes { finished: None, signals: Vec::new() };
        };
        match driver.engine.append(flight.records()) {
            Ok(()) => {
                // Published before it is settled: a check finds each write in the pending heads or in the state.
                let signals = self.publish(flight.records());
                driver.committer.settle(&flight);
                Wakes { finished: Some((flight, None)), signals }
            }
            Err(error) => {
                driver.committer.unstage(&mut flight, &error);
                Wakes { finished: Some((flight, Some(error))), signals: Vec::new() }
            }
        }
    }

    fn publish(&self, records: &[Record]) -> Vec<Arc<Signal>> {
        let now = self.clock.elapsed();
        let mut signals = self.state.write().publish(records, now);
        if self.changes.listeners() > 0 {
            signals.push(Arc::clone(&self.changes));
        }
        signals
    }
}

impl State {
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

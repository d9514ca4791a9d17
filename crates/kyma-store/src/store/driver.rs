//! Carries writes from the committer to the engine and back: on the committing task where there is an engine for it
//! here, on a thread (`thread`) where there is none.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use tokio::sync::oneshot;

use super::shared::Shared;
use crate::commit::{CommitError, Committer, Flight, Write};
use crate::object::Object;
use crate::persist::{Engine, PersistError, Persistence, Record};
use crate::watch::Signal;

/// Tells a writer what became of its write.
pub(super) type Waiter = oneshot::Sender<Result<Arc<Object>, CommitError>>;

/// The write path.
pub(super) struct Driver {
    pub(super) committer: Committer<Waiter>,
    /// What the committing task drives; `None` when a thread does, and once the store is closed.
    pub(super) engine: Option<Box<dyn Engine>>,
    /// With how many staged writes the thread wants to be woken.
    pub(super) wanted: usize,
    /// Whether the thread is to end once everything staged has gone its way.
    pub(super) ending: bool,
    pub(super) persistence: Persistence,
    pub(super) disk_bytes: Option<u64>,
}

impl Driver {
    pub(super) fn new(committer: Committer<Waiter>, engine: Option<Box<dyn Engine>>) -> Self {
        Self {
            disk_bytes: engine.as_ref().and_then(|engine| engine.disk_bytes()),
            committer,
            engine,
            wanted: usize::MAX,
            ending: false,
            persistence: Persistence::Healthy,
        }
    }
}

/// Who is to be woken once the locks are free.
#[derive(Default)]
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
    /// Stages a write and drives the write path, or wakes the thread that does.
    pub(super) fn commit(&self, write: Write, waiter: Waiter) -> Result<(), CommitError> {
        let mut driver = self.driver.lock();
        let (resource, durable) = {
            let state = self.read();
            (state.resources.name(write.key.resource), state.keyspace.get(&write.key))
        };
        let previous = driver.committer.admit(&write, durable)?;
        driver.committer.stage(write, resource, previous, waiter);
        if driver.engine.is_some() {
            let wakes = self.drive(&mut driver);
            drop(driver);
            wakes.wake();
        } else {
            let enough = driver.committer.staged() >= driver.wanted;
            drop(driver);
            if enough {
                self.arrived.notify_one();
            }
        }
        Ok(())
    }

    /// Persists and publishes what is staged.
    fn drive(&self, driver: &mut Driver) -> Wakes {
        let Some(engine) = &mut driver.engine else { return Wakes::default() };
        let Some(flight) = driver.committer.take_flight() else { return Wakes::default() };
        let appended = append(&mut **engine, &flight);
        let disk_bytes = engine.disk_bytes();
        let signals = if appended.is_ok() { self.publish(flight.records()) } else { Vec::new() };
        driver.conclude(flight, appended, signals, disk_bytes)
    }
}

impl Driver {
    /// Ends a flight that was published if it is durable: a check finds each write in the pending heads until here,
    /// and from then on in the state.
    pub(super) fn conclude(
        &mut self,
        mut flight: Flight<Waiter>,
        appended: Result<(), PersistError>,
        signals: Vec<Arc<Signal>>,
        disk_bytes: Option<u64>,
    ) -> Wakes {
        self.disk_bytes = disk_bytes;
        let error = match appended {
            Ok(()) => {
                self.persistence = Persistence::Healthy;
                self.committer.settle(&flight);
                None
            }
            Err(error) => {
                self.persistence = error.persistence();
                self.committer.unstage(&mut flight, &error);
                Some(error)
            }
        };
        Wakes { finished: Some((flight, error)), signals }
    }
}

/// Asks the engine. Nobody knows what one that panics has kept, so that counts as a failed sync.
pub(super) fn append(engine: &mut dyn Engine, flight: &Flight<Waiter>) -> Result<(), PersistError> {
    let records: &[Record] = flight.records();
    catch_unwind(AssertUnwindSafe(|| engine.append(records))).unwrap_or_else(|_| {
        let error = io::Error::other("the storage engine failed unexpectedly");
        Err(PersistError::Sync(Arc::new(error)))
    })
}

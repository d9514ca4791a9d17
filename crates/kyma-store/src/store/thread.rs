//! The thread that writes to the disk, and the store's end.

#[cfg(test)]
mod tests;

use std::io;
use std::sync::Arc;
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

use parking_lot::Mutex;

use super::driver::{Waiter, append};
use super::shared::Shared;
use crate::commit::Flight;
use crate::persist::Engine;

/// The thread's name, as `ps` and debuggers show it; Linux takes up to 15 bytes.
const NAME: &str = "store-committer";
/// How long a batch waits for the writers of the one before: they were woken at the same moment and most of them
/// write again at once. Without it they split into two groups, of which each waits for the other's sync: with 16
/// writers that costs half as much CPU time again. 50 and 400 µs do about the same as this.
const GATHER: Duration = Duration::from_micros(100);

/// Ends the store when its last handle is dropped.
#[derive(Debug)]
pub(super) struct Lifetime {
    shared: Arc<Shared>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Lifetime {
    /// Of a store that its committing tasks drive.
    pub(super) fn inline(shared: &Arc<Shared>) -> Self {
        Self { shared: Arc::clone(shared), thread: Mutex::new(None) }
    }

    /// Starts the thread that drives a store.
    pub(super) fn threaded(shared: &Arc<Shared>, engine: Box<dyn Engine>) -> io::Result<Self> {
        shared.driver.lock().disk_bytes = engine.disk_bytes();
        let driven = Arc::clone(shared);
        let thread = Builder::new().name(NAME.to_owned()).spawn(move || run(&driven, engine))?;
        Ok(Self { shared: Arc::clone(shared), thread: Mutex::new(Some(thread)) })
    }

    /// Lets what is staged go its way, closes the engine, and ends the watches. Again, it does nothing.
    pub(super) fn end(&self) {
        // Held to the end: who comes second waits for the same.
        let mut thread = self.thread.lock();
        let engine = {
            let mut driver = self.shared.driver.lock();
            driver.committer.close();
            driver.ending = true;
            driver.engine.take()
        };
        drop(engine);
        self.shared.arrived.notify_one();
        if let Some(thread) = thread.take() {
            // It answers for an engine's panic itself; of its own there is nothing left to do about.
            drop(thread.join());
        }
        self.shared.end();
    }
}

impl Drop for Lifetime {
    fn drop(&mut self) {
        self.end();
    }
}

/// Drives batches until the store ends; then drops the engine, which closes it.
fn run(shared: &Shared, mut engine: Box<dyn Engine>) {
    let mut expected = 1;
    while let Some(flight) = next_flight(shared, expected) {
        let size = flight.records().len();
        let appended = append(&mut *engine, &flight);
        let disk_bytes = engine.disk_bytes();
        let signals = if appended.is_ok() { shared.publish(flight.records()) } else { Vec::new() };
        let wakes = {
            let mut driver = shared.driver.lock();
            expected = size + driver.committer.staged();
            driver.conclude(flight, appended, signals, disk_bytes)
        };
        wakes.wake();
    }
}

/// Waits for a write, and then shortly for as many as are to be expected; `None` at the end.
fn next_flight(shared: &Shared, expected: usize) -> Option<Flight<Waiter>> {
    let mut driver = shared.driver.lock();
    while driver.committer.staged() == 0 {
        if driver.ending {
            return None;
        }
        driver.wanted = 1;
        shared.arrived.wait(&mut driver);
    }
    if driver.committer.staged() < expected && !driver.ending {
        driver.wanted = expected;
        shared.arrived.wait_for(&mut driver, GATHER);
    }
    driver.wanted = usize::MAX;
    driver.committer.take_flight()
}

//! The async side of the gate.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use kyma_workqueue::Turn;
use kyma_workqueue::limiter::Bucket;
use parking_lot::Mutex;
use tokio::sync::{Notify, oneshot};
use tokio::task::AbortHandle;
use tokio::time::{Instant, sleep_until};

use super::gate::{Gate, Ticket, burst_of};
use super::pace::Pace;
use super::{ClientOptions, Qps};
use crate::metrics::rest::ClientMetrics;

/// A client's gate; clones share it. Its timer task, which only a rate needs, ends with the last clone.
#[derive(Clone)]
pub(super) struct Throttle {
    shared: Arc<Shared>,
    metrics: ClientMetrics,
    _timer: Option<Arc<Timer>>,
}

struct Timer(AbortHandle);

impl Drop for Timer {
    fn drop(&mut self) {
        self.0.abort();
    }
}

struct Shared {
    state: Mutex<State>,
    epoch: Instant,
    /// The time of the next admission may have changed.
    rearm: Notify,
}

struct State {
    gate: Gate,
    /// Finds the gate's rate, where it is to be found.
    pace: Option<Pace>,
    /// How to tell those in the gate's line that they may pass, by their tickets.
    callers: HashMap<Ticket, oneshot::Sender<Slot>>,
}

/// The right to have one request under way; given back when dropped.
pub(super) struct Slot(Arc<Shared>);

impl Drop for Slot {
    fn drop(&mut self) {
        self.0.step(|state, _| state.gate.release());
        self.0.rearm.notify_one();
    }
}

/// A caller in the line; leaves it when dropped.
struct Waiting<'a> {
    shared: &'a Arc<Shared>,
    ticket: Ticket,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.shared.step(|state, _| {
            state.gate.leave(self.ticket);
            state.callers.remove(&self.ticket)
        });
    }
}

impl Shared {
    /// Changes the state, then lets pass whoever may. Nothing is dropped or sent with the lock held: a slot that
    /// nobody takes comes back here.
    fn step<T>(self: &Arc<Self>, change: impl FnOnce(&mut State, Duration) -> T) -> T {
        let mut passing = Vec::new();
        let result = {
            let mut state = self.state.lock();
            let now = self.epoch.elapsed();
            let result = change(&mut state, now);
            while let Some(ticket) = state.gate.admit(now) {
                passing.push((state.callers.remove(&ticket), Slot(Arc::clone(self))));
            }
            result
        };
        for (caller, slot) in passing {
            if let Some(caller) = caller {
                // Refused when the caller has just gone; the slot then falls back by being dropped.
                let _ = caller.send(slot);
            }
        }
        result
    }
}

impl Throttle {
    pub(super) fn new(options: &ClientOptions, metrics: ClientMetrics) -> Self {
        let pace = (options.qps == Qps::Auto).then(|| Pace::new(options.max_connections, Duration::ZERO));
        let rate = match (options.qps, &pace) {
            (_, Some(pace)) => Some((pace.rate(), burst_of(pace.rate()))),
            (Qps::PerSecond(qps), None) if qps > 0.0 => Some((f64::from(qps), options.burst)),
            _ => None,
        };
        match (&pace, rate) {
            (Some(pace), _) => metrics.rate(pace.found()),
            (None, Some((rate, _))) => metrics.rate(rate),
            (None, None) => {}
        }
        let timed = rate.is_some();
        let bucket = rate.map(|(rate, burst)| Bucket::new(rate, burst));
        let slots = pace.as_ref().map_or(options.max_connections, Pace::under_way);
        let gate = Gate::new(bucket, slots);
        let state = Mutex::new(State { gate, pace, callers: HashMap::new() });
        let shared = Arc::new(Shared { state, epoch: Instant::now(), rearm: Notify::new() });
        let timer = timed.then(|| {
            let task = tokio::spawn(run_timer(Arc::clone(&shared)));
            Arc::new(Timer(task.abort_handle()))
        });
        Self { shared, metrics, _timer: timer }
    }

    /// A request that has passed was answered after that time, or was refused.
    pub(super) fn answered(&self, took: Duration, refused: bool) {
        let rate = self.shared.step(|state, now| {
            let pace = state.pace.as_mut()?;
            if state.gate.take_short() {
                pace.short();
            }
            if state.gate.take_crowded() {
                pace.crowded();
            }
            if !pace.answered(now, took, refused) {
                return None;
            }
            state.gate.set_rate(pace.rate(), now);
            state.gate.set_slots(pace.under_way());
            Some(pace.found())
        });
        if let Some(rate) = rate {
            self.metrics.rate(rate);
            self.shared.rearm.notify_one();
        }
    }

    /// Waits for the turn of a request. Dropping the call gives up the place in the line.
    pub(super) async fn pass(&self, turn: Turn) -> Slot {
        loop {
            let (sender, receiver) = oneshot::channel();
            let ticket = self.shared.step(|state, now| {
                let ticket = state.gate.arrive(turn, now);
                state.callers.insert(ticket, sender);
                ticket
            });
            let _waiting = Waiting { shared: &self.shared, ticket };
            self.shared.rearm.notify_one();
            // The sender stays in the map until it is used, so there is no other way out of the loop.
            if let Ok(slot) = receiver.await {
                return slot;
            }
        }
    }
}

/// Lets requests pass when their token has come.
async fn run_timer(shared: Arc<Shared>) {
    loop {
        let next = shared.step(|state, now| state.gate.next_admission(now));
        match next {
            None => shared.rearm.notified().await,
            Some(at) => {
                tokio::select! {
                    biased;
                    () = sleep_until(shared.epoch + at) => {}
                    () = shared.rearm.notified() => {}
                }
            }
        }
    }
}

//! Events for users (core/v1 `Event`), as `kubectl describe` shows them.
//!
//! Recording puts a note into a bounded buffer and never waits; one task judges (`correlate`) and writes. The
//! semantics are those of client-go's `tools/record`: an event that repeats within ten minutes is counted on the
//! object that is there, and one about an object that is in the news too often is left out.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use k8s_openapi::api::core::v1::{Event, ObjectReference};
use kube::Resource;
use kube::api::{Patch, PatchParams, PostParams, Request};
use kyma_workqueue::Turn;
use parking_lot::Mutex;
use tokio::sync::Notify;
use tokio::time::sleep;

use crate::clock::{Clock, Random};
use crate::metrics::Metrics;
use crate::metrics::events::Counters;
use crate::reconciler::ErrorClass;
use crate::shutdown::Shutdown;

mod correlate;
mod recent;

use correlate::{Correlator, Verdict};

/// Notes that wait to be written; the oldest leaves when a newer one finds the buffer full.
const BUFFER: usize = 1024;
/// How often an event is sent to a server that does not answer, and the wait in between (client-go's numbers).
const TRIES: u32 = 12;
const RETRY_AFTER: Duration = Duration::from_secs(10);
/// How long the writer may go on after a drain has begun.
const FLUSH: Duration = Duration::from_secs(2);

/// Whether an event is good or bad news.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EventType {
    /// As expected.
    Normal,
    /// Somebody should look.
    Warning,
}

impl EventType {
    fn as_str(self) -> &'static str {
        match self {
            Self::Normal => "Normal",
            Self::Warning => "Warning",
        }
    }
}

/// Something that happened to an object.
#[derive(Clone, Debug)]
struct Note {
    about: ObjectReference,
    kind: EventType,
    reason: &'static str,
    message: String,
    at: Timestamp,
}

struct Buffer {
    notes: Mutex<VecDeque<Note>>,
    filled: Notify,
}

/// Takes note of events; cheap to clone.
#[derive(Clone)]
pub struct EventRecorder {
    buffer: Arc<Buffer>,
    clock: Arc<dyn Clock>,
    counters: Counters,
}

impl EventRecorder {
    /// Notes that something happened to an object. `reason` is a short word in upper camel case, which programs
    /// match on; `message` is for people.
    pub fn record(
        &self,
        about: &ObjectReference,
        kind: EventType,
        reason: &'static str,
        message: impl Into<String>,
    ) {
        let note = Note { about: about.clone(), kind, reason, message: message.into(), at: self.clock.now() };
        let overflowed = {
            let mut notes = self.buffer.notes.lock();
            let overflowed = if notes.len() < BUFFER { None } else { notes.pop_front() };
            notes.push_back(note);
            overflowed
        };
        if overflowed.is_some() {
            self.counters.overflowed.inc();
        }
        self.buffer.filled.notify_one();
    }
}

/// Writes what recorders have noted.
pub struct EventWriter {
    client: kube::Client,
    buffer: Arc<Buffer>,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    correlator: Correlator,
    counters: Counters,
}

/// A recorder, and the writer that must run for it. `component` names the program in the events.
pub fn recorder(
    client: kube::Client,
    component: &'static str,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    metrics: &Metrics,
) -> (EventRecorder, EventWriter) {
    let buffer = Arc::new(Buffer { notes: Mutex::default(), filled: Notify::new() });
    let counters = metrics.events().clone();
    let recorder =
        EventRecorder { buffer: Arc::clone(&buffer), clock: Arc::clone(&clock), counters: counters.clone() };
    let correlator = Correlator::new(component, clock.now());
    (recorder, EventWriter { client, buffer, clock, random, correlator, counters })
}

impl EventWriter {
    /// Writes events until the shut-down drains, and then what is left, once each and for at most two seconds.
    pub async fn run(mut self, shutdown: Shutdown) {
        let patience = async {
            shutdown.draining().await;
            sleep(FLUSH).await;
        };
        tokio::select! {
            biased;
            () = patience => tracing::debug!("events are left unwritten"),
            () = self.write_all(&shutdown) => {}
        }
    }

    async fn write_all(&mut self, shutdown: &Shutdown) {
        loop {
            let note = self.buffer.notes.lock().pop_front();
            match note {
                Some(note) => self.write(note, shutdown).await,
                None if shutdown.is_draining() => return,
                None => {
                    tokio::select! {
                        biased;
                        () = self.buffer.filled.notified() => {}
                        () = shutdown.draining() => {}
                    }
                }
            }
        }
    }

    async fn write(&mut self, note: Note, shutdown: &Shutdown) {
        let verdict = self.correlator.judge(note, self.clock.now(), self.random.as_ref());
        for attempt in 1.. {
            let sent = match &verdict {
                Verdict::Spam => {
                    self.counters.spam.inc();
                    return;
                }
                Verdict::Create(event) => self.create(event).await,
                Verdict::Count(event) => self.count(event).await,
            };
            let Err(error) = sent else { return };
            let hopeless = !ErrorClass::of(&error).is_transient() || attempt == TRIES;
            if hopeless || shutdown.is_draining() {
                tracing::warn!("an event for users was not written: {error}");
                self.counters.failed.inc();
                return;
            }
            tokio::select! {
                biased;
                () = shutdown.draining() => {}
                () = sleep(RETRY_AFTER.mul_f64(0.5 + self.random.next_fraction())) => {}
            }
        }
    }

    async fn create(&self, event: &Event) -> kube::Result<()> {
        let body = serde_json::to_vec(event).map_err(kube::Error::SerdeError)?;
        let request =
            requests(event).create(&PostParams::default(), body).map_err(kube::Error::BuildRequest)?;
        self.send(request).await?;
        self.counters.created.inc();
        Ok(())
    }

    /// Counts on the object that is there; makes it anew when it is not (events expire after an hour).
    async fn count(&self, event: &Event) -> kube::Result<()> {
        let patch = serde_json::json!({
            "count": event.count,
            "lastTimestamp": event.last_timestamp,
            "message": event.message,
        });
        let name = event.metadata.name.as_deref().unwrap_or_default();
        let request = requests(event)
            .patch(name, &PatchParams::default(), &Patch::Merge(patch))
            .map_err(kube::Error::BuildRequest)?;
        match self.send(request).await {
            Ok(()) => {
                self.counters.counted.inc();
                Ok(())
            }
            Err(error) if ErrorClass::of(&error) == ErrorClass::NotFound => self.create(event).await,
            Err(error) => Err(error),
        }
    }

    async fn send(&self, mut request: http::Request<Vec<u8>>) -> kube::Result<()> {
        // Whatever else waits for the client goes first.
        request.extensions_mut().insert(Turn::sweep(0));
        self.client.request_text(request).await.map(drop)
    }
}

fn requests(event: &Event) -> Request {
    Request::new(Event::url_path(&(), event.metadata.namespace.as_deref()))
}

#[cfg(test)]
mod tests;

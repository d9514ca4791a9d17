//! List and watch of one kind, for as long as it takes.
//!
//! kube's watcher is the engine: it lists in pages, watches from there on, takes the watch up again where it broke,
//! and lists anew when that is too long ago. Here are the back-off, the log, the metrics and the way into a [`Sink`].

use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use futures_util::{Stream, StreamExt};
use kube::runtime::watcher;
use kube::{Api, Resource};
use serde::de::DeserializeOwned;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout};

use crate::cache::{ObjectKey, revision_of};
use crate::clock::Random;
use crate::metrics::Metrics;
use crate::metrics::informer::InformerMetrics;
use crate::shutdown::Shutdown;

mod failures;
mod lenient;
mod target;

use failures::Failures;
use lenient::Lenient;
use target::Target;

/// How long a watch that was taken up again must be silent to count as working: the watcher does not tell when the
/// server has accepted it. Longer than a connection may take to fail (30 s).
const QUIET: Duration = Duration::from_secs(40);

/// What to list and watch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InformerOptions {
    /// Only objects with these labels.
    pub label_selector: Option<String>,
    /// Only objects with these fields.
    pub field_selector: Option<String>,
    /// Objects per page of a list.
    pub page_size: u32,
}

impl Default for InformerOptions {
    fn default() -> Self {
        Self { label_selector: None, field_selector: None, page_size: 500 }
    }
}

/// How an object that cannot be read was met.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seen {
    /// In a list.
    Listed,
    /// Created or changed.
    Applied,
    /// Deleted, at this revision.
    Deleted {
        /// The deletion's resourceVersion.
        revision: u64,
    },
}

/// Where the objects go. Calls come from one task, in the server's order, and should be short.
pub trait Sink<K>: Send {
    /// A list begins; if another one was running, it is void.
    fn relist_begin(&mut self);

    /// An object was created or changed, or is part of a list (`initial`).
    fn apply(&mut self, object: K, initial: bool);

    /// An object was deleted; its resourceVersion is that of the deletion.
    fn delete(&mut self, object: K);

    /// The list is complete: what was not in it does not exist.
    fn relist_end(&mut self);

    /// An object exists, or did, of which no `K` can be made. It is logged and counted; by default nothing else
    /// happens, so that in a list it counts as absent.
    fn undecodable(&mut self, key: ObjectKey, seen: Seen) {
        let _ = (key, seen);
    }
}

/// What an informer needs of its surroundings.
pub struct Context {
    /// Where it counts.
    pub metrics: Metrics,
    /// The back-off's jitter.
    pub random: Arc<dyn Random>,
    /// Set to true when the first list is complete.
    pub synced: watch::Sender<bool>,
}

/// Lists and watches until the shut-down drains.
///
/// Failures are retried for ever, after 0.8 to 30 seconds. An object of which no `K` can be made goes to
/// [`Sink::undecodable`] and does not disturb the others.
pub async fn run<K, S>(api: Api<K>, options: InformerOptions, sink: S, context: Context, shutdown: Shutdown)
where
    K: Resource<DynamicType = ()> + Clone + Debug + DeserializeOwned + Send + 'static,
    S: Sink<K>,
{
    let target = Target::of(&api);
    let config = watcher::Config {
        label_selector: options.label_selector,
        field_selector: options.field_selector,
        page_size: Some(options.page_size),
        ..watcher::Config::default()
    };
    let mut events = std::pin::pin!(watcher(Lenient::<K>::api(api), config));
    let mut informer = Informer {
        metrics: context.metrics.informer().of(&target.kind),
        failures: Failures::default(),
        start: Instant::now(),
        target,
        sink,
        synced: context.synced,
    };
    let mut draining = std::pin::pin!(shutdown.draining());
    loop {
        let event = tokio::select! {
            biased;
            () = &mut draining => return,
            event = next(&mut events, informer.failures.is_failing()) => event,
        };
        match event {
            None => informer.recovered(),
            Some(Ok(event)) => informer.take(event),
            Some(Err(error)) => {
                let delay = informer.failed(&error, context.random.as_ref());
                tokio::select! {
                    biased;
                    () = &mut draining => return,
                    () = sleep(delay) => {}
                }
            }
        }
    }
}

/// The next event; `None` when one failed before and none has come for [`QUIET`].
async fn next<K, T>(events: &mut T, failing: bool) -> Option<watcher::Result<watcher::Event<K>>>
where
    T: Stream<Item = watcher::Result<watcher::Event<K>>> + Unpin,
{
    if failing { timeout(QUIET, events.next()).await.ok().flatten() } else { events.next().await }
}

struct Informer<S> {
    target: Target,
    sink: S,
    metrics: InformerMetrics,
    failures: Failures,
    /// The epoch of `failures`.
    start: Instant,
    synced: watch::Sender<bool>,
}

impl<S> Informer<S> {
    fn take<K>(&mut self, event: watcher::Event<Lenient<K>>)
    where
        K: Resource<DynamicType = ()>,
        S: Sink<K>,
    {
        use watcher::Event;
        // `Init` comes before the first request of a list, so it says nothing about the server.
        if !matches!(event, Event::Init) {
            self.recovered();
        }
        match event {
            Event::Init => self.sink.relist_begin(),
            Event::InitApply(object) => {
                self.metrics.listed.inc();
                if let Some(object) = self.read(object, |_| Seen::Listed) {
                    self.sink.apply(object, true);
                }
            }
            Event::Apply(object) => {
                self.metrics.applied.inc();
                if let Some(object) = self.read(object, |_| Seen::Applied) {
                    self.sink.apply(object, false);
                }
            }
            Event::Delete(object) => {
                self.metrics.deleted.inc();
                if let Some(object) = self.read(object, |revision| Seen::Deleted { revision }) {
                    self.sink.delete(object);
                }
            }
            Event::InitDone => {
                self.sink.relist_end();
                self.metrics.lists.inc();
                self.metrics.synced.set(1);
                self.synced.send_replace(true);
            }
        }
    }

    fn read<K>(&mut self, object: Lenient<K>, seen: impl FnOnce(u64) -> Seen) -> Option<K>
    where
        K: Resource<DynamicType = ()>,
        S: Sink<K>,
    {
        match object {
            Lenient::Readable(object) => Some(object),
            Lenient::Unreadable { meta, error } => {
                let key = ObjectKey::new(
                    meta.namespace.as_deref().unwrap_or_default(),
                    meta.name.as_deref().unwrap_or_default(),
                );
                self.metrics.undecodable.inc();
                tracing::warn!(kind = %self.target.kind, object = %key, "object cannot be read: {error}");
                self.sink.undecodable(key, seen(revision_of(&meta)));
                None
            }
        }
    }

    /// Counts and logs a failure; returns how long to wait.
    fn failed(&mut self, error: &watcher::Error, random: &dyn Random) -> Duration {
        self.metrics.failures.inc();
        let (first, delay) = self.failures.fail(self.start.elapsed(), random.next_fraction());
        let message = self.target.explain(error);
        if first {
            tracing::warn!(kind = %self.target.kind, "{message}; trying again until it works");
        } else {
            tracing::debug!(kind = %self.target.kind, "{message}");
        }
        delay
    }

    fn recovered(&mut self) {
        if let Some((failures, since)) = self.failures.recover() {
            let secs = self.start.elapsed().saturating_sub(since).as_secs();
            let Target { kind, resource, place } = &self.target;
            tracing::info!(%kind, failures, secs, "list and watch of {resource} in {place} work again");
        }
    }
}

#[cfg(test)]
mod tests;

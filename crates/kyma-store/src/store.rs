//! The store's handle: what callers can ask for.

mod driver;
mod restore;
mod shared;
mod thread;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;

use crate::clock::Clock;
use crate::commit::{CommitError, Write};
use crate::history::Window;
use crate::intern::Interner;
use crate::keyspace::{ListQuery, Page, ReadError};
use crate::object::{Key, Object};
use crate::persist::{Disk, Durable, Engine, FileDisk, Memory, OpenError, Persistence};
use crate::resource::ResourceId;
use crate::revision::Revision;
use crate::watch::{ChangeSignal, Watcher};

pub(crate) use shared::Shared;
use shared::State;
use thread::Lifetime;

/// The most events that [`Store::expire`] drops under one lock.
const AGED_PER_LOCK: usize = 256;

/// How much a store keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// Events older than this are dropped.
    pub window_age: Duration,
    /// The oldest events are dropped while the window's events take more memory than this, in bytes.
    pub window_bytes: usize,
    /// The most bytes of JSON that one object may have; a larger one gets [`CommitError::TooLarge`]. 0 for no limit.
    pub max_object_bytes: usize,
}

impl Default for Options {
    /// History of 5 minutes or 256 MiB, whichever is less; objects of 1.5 MiB, as etcd has it by default
    /// (`--max-request-bytes`, `go.etcd.io/etcd/server/v3/embed`).
    fn default() -> Self {
        Self { window_age: Duration::from_secs(300), window_bytes: 256 << 20, max_object_bytes: 3 << 19 }
    }
}

impl Options {
    fn most_object_bytes(&self) -> usize {
        if self.max_object_bytes == 0 { usize::MAX } else { self.max_object_bytes }
    }
}

/// A store's size at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stats {
    /// Live objects of all resources.
    pub objects: usize,
    /// Bytes of JSON of the live objects.
    pub object_bytes: usize,
    /// Events inside the window.
    pub window_events: usize,
    /// About how many bytes of memory only the window keeps.
    pub window_bytes: usize,
    /// The newest durable revision.
    pub revision: Revision,
    /// Watchers of all resources.
    pub watchers: usize,
    /// The data file's length in bytes, after the newest batch; `None` for a store in memory.
    pub disk_bytes: Option<u64>,
}

/// Objects with their revisions and recent history. Cheap to clone: all clones are one store, which is closed with
/// the last of them.
///
/// ```
/// use kyma_store::{Change, Draft, Expect, Index, Key, Options, Store, TokioClock, Write};
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let clock = TokioClock::starting_at("2024-05-01T12:00:00Z".parse()?);
/// let store = Store::in_memory(Options::default(), std::sync::Arc::new(clock));
/// let resource = store.resource("inventory.kyma-project.io/kymas");
/// let (_, mut watcher) = store.watch_snapshot(resource, None);
///
/// let json = br#"{"metadata":{"name":"a","resourceVersion":""}}"#.to_vec();
/// let draft = Draft { slot: json.len() - 3, json, index: Index::default() };
/// let key = Key { resource, namespace: "pb".into(), name: "a".into() };
/// store.commit(Write { key, expect: Expect::Absent, change: Change::Put(draft) }).await?;
///
/// let batch = watcher.next(100).await?;
/// assert_eq!(batch.events[0].object.json, r#"{"metadata":{"name":"a","resourceVersion":"2"}}"#);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Store {
    shared: Arc<Shared>,
    lifetime: Arc<Lifetime>,
}

impl Store {
    /// An empty store that keeps its objects in memory only.
    pub fn in_memory(options: Options, clock: Arc<dyn Clock>) -> Self {
        Self::with_engine(options, clock, Box::new(Memory))
    }

    /// An empty store whose writes count once `engine` has acknowledged them. The engine runs on the task that
    /// commits.
    pub fn with_engine(options: Options, clock: Arc<dyn Clock>, engine: Box<dyn Engine>) -> Self {
        let state = State::new(window(&options), Revision::FIRST);
        Self::inline(options, clock, state, Interner::new(), engine)
    }

    /// Opens the store in a data directory, and makes both where they are missing (the directory with mode 0700, the
    /// files in it with 0600). It is locked until the store is closed.
    ///
    /// Every object is read and checked; nothing damaged is left out in silence. History is not kept, so a watch from
    /// an earlier revision than the newest gets [`ReadError::Compacted`]. This blocks, for up to seconds with many
    /// objects. Room that objects have left is used again; a file of more than 16 MiB that is more than four times as
    /// large as what it holds is made small here.
    ///
    /// A write counts once it is synced, by a thread of the store's own; writes that come during a sync share the
    /// next one. [`CommitError::Persist`] says that a write is not on the disk: with
    /// [`PersistError::Append`](crate::PersistError::Append) the next may be, with
    /// [`PersistError::Sync`](crate::PersistError::Sync) nothing more is taken until the store is opened again.
    pub fn open(options: Options, clock: Arc<dyn Clock>, path: &Path) -> Result<Self, OpenError> {
        let disk = Arc::new(FileDisk::open(path)?);
        let mut engine = Durable::open(disk)?;
        let (state, interner) = restore::restore(&mut engine, window(&options))?;
        let shared = Arc::new(Shared::new(options, clock, state, interner, None));
        let lifetime = Lifetime::threaded(&shared, Box::new(engine)).map_err(OpenError::StartThread)?;
        Ok(Self { shared, lifetime: Arc::new(lifetime) })
    }

    /// Opens the store on a disk, as [`Store::open`] does in a directory, but writes and syncs on the task that
    /// commits: for tests and simulations, which repeat themselves that way.
    pub fn on_disk(options: Options, clock: Arc<dyn Clock>, disk: Arc<dyn Disk>) -> Result<Self, OpenError> {
        let mut engine = Durable::open(disk)?;
        let (state, interner) = restore::restore(&mut engine, window(&options))?;
        Ok(Self::inline(options, clock, state, interner, Box::new(engine)))
    }

    fn inline(
        options: Options,
        clock: Arc<dyn Clock>,
        state: State,
        interner: Interner,
        engine: Box<dyn Engine>,
    ) -> Self {
        let shared = Arc::new(Shared::new(options, clock, state, interner, Some(engine)));
        let lifetime = Arc::new(Lifetime::inline(&shared));
        Self { shared, lifetime }
    }

    /// The number of a resource, such as `inventory.kyma-project.io/kymas`; a new name gets a new one.
    pub fn resource(&self, name: &str) -> ResourceId {
        if let Some(id) = self.shared.read().resources.find(name) {
            return id;
        }
        self.shared.state.write().define(name)
    }

    /// The name of a resource.
    pub fn resource_name(&self, id: ResourceId) -> Arc<str> {
        self.shared.read().resources.name(id)
    }

    /// All resources that were ever named, with or without objects, in the order of their numbers.
    pub fn resources(&self) -> Vec<ResourceId> {
        self.shared.read().resources.all()
    }

    /// The newest durable revision.
    pub fn revision(&self) -> Revision {
        self.shared.read().revision
    }

    /// The oldest revision that can be read at or watched from.
    pub fn oldest(&self) -> Revision {
        self.shared.read().history.oldest()
    }

    /// Writes one object and returns it as written (for a deletion, its last state), once that is durable and every
    /// reader sees it. A write goes its way even when the future is dropped.
    ///
    /// # Panics
    ///
    /// When the draft's slot is not between two quotes.
    pub async fn commit(&self, write: Write) -> Result<Arc<Object>, CommitError> {
        let (waiter, outcome) = oneshot::channel();
        self.shared.commit(write, waiter)?;
        outcome.await.unwrap_or(Err(CommitError::Closed))
    }

    /// An object as it is now.
    pub fn get(&self, key: &Key) -> Option<Arc<Object>> {
        self.shared.read().keyspace.get(key)
    }

    /// Lists objects of one snapshot.
    pub fn list(&self, query: &ListQuery) -> Result<Page, ReadError> {
        let state = self.shared.read();
        if let Some(at) = query.at {
            state.check(at)?;
        }
        Ok(state.keyspace.list(query, state.revision))
    }

    /// Watches a resource, or one namespace of it: all events with a revision greater than `since`, each once, in
    /// order.
    pub fn watch(
        &self,
        resource: ResourceId,
        namespace: Option<Arc<str>>,
        since: Revision,
    ) -> Result<Watcher, ReadError> {
        let state = self.shared.read();
        state.check(since)?;
        let position = state.history.log(resource).position_after(since);
        Ok(self.watcher(&state, resource, namespace, (position, since)))
    }

    /// Lists everything there is and watches from there on, with nothing between the two.
    pub fn watch_snapshot(&self, resource: ResourceId, namespace: Option<Arc<str>>) -> (Page, Watcher) {
        let state = self.shared.read();
        let query = ListQuery { namespace: namespace.clone(), ..ListQuery::all(resource) };
        let page = state.keyspace.list(&query, state.revision);
        let end = state.history.log(resource).end();
        (page, self.watcher(&state, resource, namespace, (end, state.revision)))
    }

    /// Made while the state is locked, so that no publish comes between the position and the first wait.
    fn watcher(
        &self,
        state: &State,
        resource: ResourceId,
        namespace: Option<Arc<str>>,
        (position, since): (u64, Revision),
    ) -> Watcher {
        let signal = &state.signals[resource.position()];
        Watcher::new(Arc::clone(&self.shared), signal, resource, namespace, position, since)
    }

    /// A signal for background tasks that want to know of any change.
    pub fn changes(&self) -> ChangeSignal {
        ChangeSignal::new(Arc::clone(&self.shared), &self.shared.changes)
    }

    /// The number of live objects of a resource.
    pub fn count(&self, resource: ResourceId) -> usize {
        self.shared.read().keyspace.count(resource)
    }

    /// Whether writes get through, by the newest batch; of no use to a writer, whose commit says it of its own write.
    pub fn persistence(&self) -> Persistence {
        self.shared.driver.lock().persistence.clone()
    }

    /// The store's size now.
    pub fn stats(&self) -> Stats {
        let disk_bytes = self.shared.driver.lock().disk_bytes;
        let state = self.shared.read();
        Stats {
            objects: state.keyspace.objects(),
            object_bytes: state.keyspace.bytes(),
            window_events: state.history.events(),
            window_bytes: state.history.bytes(),
            revision: state.revision,
            watchers: state.signals.iter().map(|signal| signal.listeners()).sum(),
            disk_bytes,
        }
    }

    /// Drops the events that have become too old. Commits do so too, a few each; a store that is not written to
    /// keeps old history until somebody calls this.
    pub fn expire(&self) {
        let now = self.shared.clock.elapsed();
        // In pieces, so that readers and writers get their turn.
        while self.shared.state.write().trim(now, AGED_PER_LOCK) {}
    }

    /// Drops all history, as a restart does: what is older than now can no longer be read or watched.
    pub fn forget_history(&self) {
        self.shared.state.write().forget();
    }

    /// Ends the store: further commits fail, those before go their way, watchers see what they have not seen yet and
    /// then end. Reads go on. With a data directory this blocks until the last sync is done and the lock is released.
    pub fn close(&self) {
        self.lifetime.end();
    }
}

fn window(options: &Options) -> Window {
    Window { age: options.window_age, bytes: options.window_bytes }
}

//! A store with a clock in the test's hand.

use std::collections::BTreeMap;
use std::future::Future;
use std::path::Path;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use jiff::Timestamp;
use kyma_store::{
    Batch, Change, Clock, CommitError, Disk, Draft, Engine, Event, Expect, FaultyDisk, Index, Key, ListQuery,
    Memory, Object, OpenError, Options, ResourceId, Revision, Store, Write,
};
use parking_lot::Mutex;

/// Stands still until it is set.
#[derive(Default)]
pub(crate) struct TestClock(Mutex<Duration>);

impl TestClock {
    pub(crate) fn advance(&self, by: Duration) {
        *self.0.lock() += by;
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        Timestamp::UNIX_EPOCH
    }

    fn elapsed(&self) -> Duration {
        *self.0.lock()
    }
}

pub(crate) struct Scene {
    pub(crate) store: Store,
    pub(crate) clock: Arc<TestClock>,
    pub(crate) resource: ResourceId,
}

impl Scene {
    /// A window that no test fills.
    pub(crate) fn new() -> Self {
        Self::with_options(Options::default())
    }

    pub(crate) fn with_options(options: Options) -> Self {
        Self::with_engine(options, Box::new(Memory))
    }

    /// What is on the disk, or why it does not open.
    pub(crate) fn on_disk(disk: &Arc<FaultyDisk>) -> Result<Self, OpenError> {
        let clock = Arc::new(TestClock::default());
        let disk = Arc::clone(disk) as Arc<dyn Disk>;
        Store::on_disk(Options::default(), Arc::clone(&clock) as Arc<dyn Clock>, disk)
            .map(|store| Self::around(store, clock))
    }

    /// What is in the folder, or why it does not open.
    pub(crate) fn in_folder(folder: &Path) -> Result<Self, OpenError> {
        let clock = Arc::new(TestClock::default());
        Store::open(Options::default(), Arc::clone(&clock) as Arc<dyn Clock>, folder)
            .map(|store| Self::around(store, clock))
    }

    pub(crate) fn with_engine(options: Options, engine: Box<dyn Engine>) -> Self {
        let clock = Arc::new(TestClock::default());
        let store = Store::with_engine(options, Arc::clone(&clock) as Arc<dyn Clock>, engine);
        Self::around(store, clock)
    }

    fn around(store: Store, clock: Arc<TestClock>) -> Self {
        let resource = store.resource("inventory.kyma-project.io/kymas");
        Self { store, clock, resource }
    }

    /// The key of `namespace/name`, or of a cluster-scoped `name`.
    pub(crate) fn key(&self, path: &str) -> Key {
        key(self.resource, path)
    }

    /// Creates the object, or replaces whatever is there.
    pub(crate) async fn put(&self, path: &str, value: &str) -> Arc<Object> {
        let key = self.key(path);
        let expect = self.store.get(&key).map_or(Expect::Absent, |object| Expect::At(object.revision));
        self.store.commit(put(key, expect, value)).await.expect("the expectation was just read")
    }

    pub(crate) async fn delete(&self, path: &str) -> Arc<Object> {
        let key = self.key(path);
        let revision = self.store.get(&key).expect("it is there").revision;
        self.store.commit(delete(key, Expect::At(revision))).await.expect("the expectation was just read")
    }

    pub(crate) async fn try_put(&self, path: &str, expect: Expect) -> Result<Arc<Object>, CommitError> {
        self.store.commit(put(self.key(path), expect, "x")).await
    }
}

pub(crate) fn key(resource: ResourceId, path: &str) -> Key {
    let (namespace, name) = path.split_once('/').unwrap_or(("", path));
    Key { resource, namespace: Arc::from(namespace), name: Arc::from(name) }
}

fn draft(value: &str) -> Draft {
    let json = format!(r#"{{"metadata":{{"resourceVersion":""}},"value":"{value}"}}"#);
    Draft {
        json: json.into_bytes(),
        slot: r#"{"metadata":{"resourceVersion":""#.len(),
        index: Index::default(),
    }
}

pub(crate) fn put(key: Key, expect: Expect, value: &str) -> Write {
    Write { key, expect, change: Change::Put(draft(value)) }
}

pub(crate) fn delete(key: Key, expect: Expect) -> Write {
    Write { key, expect, change: Change::Delete(draft("gone")) }
}

/// The value that `put` was given, if the JSON is as it wrote it and says the object's revision.
pub(crate) fn value(object: &Object) -> String {
    let json = std::str::from_utf8(&object.json).expect("the JSON is text");
    let start = format!(r#"{{"metadata":{{"resourceVersion":"{}"}},"value":""#, object.revision);
    let value = json.strip_prefix(&start).and_then(|rest| rest.strip_suffix(r#""}"#));
    value.unwrap_or_else(|| panic!("{json} is not of revision {}", object.revision)).to_owned()
}

pub(crate) fn path(object: &Object) -> String {
    if object.key.namespace.is_empty() {
        return object.key.name.to_string();
    }
    format!("{}/{}", object.key.namespace, object.key.name)
}

pub(crate) fn paths(objects: &[Arc<Object>]) -> Vec<String> {
    objects.iter().map(|object| path(object)).collect()
}

pub(crate) fn revisions(events: &[Arc<Event>]) -> Vec<u64> {
    events.iter().map(|event| event.revision.get()).collect()
}

/// All that a store keeps, to be compared: by path with its resource, everything but the number of the resource.
pub(crate) fn kept(store: &Store) -> BTreeMap<String, (u64, String, Index)> {
    let mut all = BTreeMap::new();
    for resource in store.resources() {
        let page = store.list(&ListQuery::all(resource)).expect("the newest can be read");
        for object in &page.objects {
            let json = String::from_utf8(object.json.to_vec()).expect("the JSON is text");
            let path = format!("{} {}", store.resource_name(resource), path(object));
            let kept = (object.revision.get(), json, object.index.clone());
            assert_eq!(all.insert(path, kept), None);
        }
    }
    all
}

/// Revisions and progress.
pub(crate) fn seen(batch: &Batch) -> (Vec<u64>, u64) {
    (revisions(&batch.events), batch.progress.get())
}

pub(crate) fn at(revision: u64) -> Expect {
    Expect::At(Revision::new(revision))
}

/// Polls once and drops the future: what a `select!` does to the branch that is not chosen.
pub(crate) fn poll_once<F: Future>(future: F) -> Option<F::Output> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => Some(output),
        Poll::Pending => None,
    }
}

/// Waits for what should happen at once. Under paused time a wake-up that never comes fails the test instead of
/// hanging it.
pub(crate) async fn soon<F: Future>(future: F) -> F::Output {
    tokio::time::timeout(Duration::from_secs(60), future).await.expect("nobody was woken")
}

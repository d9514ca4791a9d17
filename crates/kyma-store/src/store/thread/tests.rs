use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use tokio::sync::oneshot;

use super::*;
use crate::clock::TokioClock;
use crate::commit::{CommitError, Expect};
use crate::fixtures::{at, key, put};
use crate::history::Window;
use crate::intern::Interner;
use crate::object::Object;
use crate::persist::{PersistError, Record};
use crate::revision::Revision;
use crate::store::{Options, State};

/// Says how large each batch is, and takes as long for it as it is made to wait.
struct Gated {
    began: SyncSender<usize>,
    finish: Receiver<Result<(), PersistError>>,
    closed: Arc<AtomicBool>,
}

impl Engine for Gated {
    fn append(&mut self, batch: &[Record]) -> Result<(), PersistError> {
        self.began.send(batch.len()).unwrap();
        self.finish.recv().unwrap()
    }
}

impl Drop for Gated {
    fn drop(&mut self) {
        self.closed.store(true, Ordering::SeqCst);
    }
}

/// A store with a thread, in the test's hand; no task and no runtime has a part in it.
struct Scene {
    shared: Arc<Shared>,
    lifetime: Lifetime,
    began: Receiver<usize>,
    finish: SyncSender<Result<(), PersistError>>,
    closed: Arc<AtomicBool>,
}

type Outcome = oneshot::Receiver<Result<Arc<Object>, CommitError>>;

impl Scene {
    fn new() -> Self {
        let clock = TokioClock::starting_at(jiff::Timestamp::UNIX_EPOCH);
        let mut state =
            State::new(Window { age: Duration::from_secs(300), bytes: usize::MAX }, Revision::FIRST);
        state.define("kymas");
        let shared = Arc::new(Shared::new(Options::default(), Arc::new(clock), state, Interner::new(), None));
        let ((began, begins), (finish, finishes)) = (sync_channel(1), sync_channel(1));
        let closed = Arc::new(AtomicBool::new(false));
        let engine = Gated { began, finish: finishes, closed: Arc::clone(&closed) };
        let lifetime = Lifetime::threaded(&shared, Box::new(engine)).unwrap();
        Self { shared, lifetime, began: begins, finish, closed }
    }

    fn write(&self, name: &str, expect: Expect) -> Result<Outcome, CommitError> {
        let (waiter, outcome) = oneshot::channel();
        self.shared.commit(put(name, expect, "x"), waiter).map(|()| outcome)
    }

    fn create(&self, name: &str) -> Outcome {
        self.write(name, Expect::Absent).unwrap()
    }

    fn visible(&self, name: &str) -> bool {
        self.shared.read().keyspace.get(&key(name)).is_some()
    }
}

fn revision(outcome: Outcome) -> u64 {
    outcome.blocking_recv().unwrap().unwrap().revision.get()
}

#[test]
fn what_comes_during_a_sync_shares_the_next() {
    let scene = Scene::new();
    let first = scene.create("a");
    assert_eq!(scene.began.recv(), Ok(1));
    let behind = [scene.create("b"), scene.create("c"), scene.write("a", at(2)).unwrap()];
    assert!(!scene.visible("a"), "it is not durable yet");
    assert!(matches!(scene.write("a", at(2)), Err(CommitError::Stale(head)) if head.revision.get() == 5));

    scene.finish.send(Ok(())).unwrap();
    assert_eq!(revision(first), 2);
    assert_eq!(scene.began.recv(), Ok(3));
    assert!(scene.visible("a") && !scene.visible("b"));
    scene.finish.send(Ok(())).unwrap();
    assert_eq!(behind.map(revision), [3, 4, 5]);
    assert!(scene.visible("b"));
}

#[test]
fn a_batch_that_fails_takes_along_what_waits() {
    let scene = Scene::new();
    let first = scene.create("a");
    assert_eq!(scene.began.recv(), Ok(1));
    let behind = scene.create("b");
    scene.finish.send(Err(PersistError::Append(Arc::new(io::ErrorKind::StorageFull.into())))).unwrap();
    for outcome in [first, behind] {
        let failed = outcome.blocking_recv().unwrap();
        assert!(matches!(failed, Err(CommitError::Persist(PersistError::Append(_)))), "{failed:?}");
    }
    assert!(!scene.visible("a") && !scene.visible("b"));

    let again = scene.create("b");
    assert_eq!(scene.began.recv(), Ok(1));
    scene.finish.send(Ok(())).unwrap();
    assert_eq!(revision(again), 2);
}

#[test]
fn the_end_waits_for_what_is_staged_and_closes_the_engine() {
    let scene = Scene::new();
    let first = scene.create("a");
    assert_eq!(scene.began.recv(), Ok(1));
    let behind = scene.create("b");
    std::thread::scope(|scope| {
        scope.spawn(|| scene.lifetime.end());
        scene.finish.send(Ok(())).unwrap();
        scene.finish.send(Ok(())).unwrap();
        scene.lifetime.end();
        assert!(scene.closed.load(Ordering::SeqCst), "who comes second waits too");
    });
    assert_eq!([first, behind].map(revision), [2, 3]);
    assert!(matches!(scene.write("c", Expect::Absent), Err(CommitError::Closed)));
    assert!(scene.shared.read().closed);
}

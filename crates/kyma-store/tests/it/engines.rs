//! Writes that an engine refuses.

use std::collections::VecDeque;
use std::error::Error;
use std::io;
use std::sync::Arc;

use kyma_store::{
    CommitError, Engine, Expect, ListQuery, Options, PersistError, Persistence, Record, Revision,
};
use parking_lot::Mutex;

use crate::support::{Scene, at, poll_once, revisions, value};

/// Does what it is told, batch by batch, and works once there is nothing left to be told.
#[derive(Clone, Default)]
struct Scripted {
    answers: Arc<Mutex<VecDeque<Result<(), PersistError>>>>,
    kept: Arc<Mutex<Vec<Record>>>,
}

impl Scripted {
    fn scene(answers: impl IntoIterator<Item = Result<(), PersistError>>) -> (Scene, Self) {
        let engine = Self::default();
        engine.answers.lock().extend(answers);
        (Scene::with_engine(Options::default(), Box::new(engine.clone())), engine)
    }
}

impl Engine for Scripted {
    fn append(&mut self, batch: &[Record]) -> Result<(), PersistError> {
        self.answers.lock().pop_front().unwrap_or(Ok(()))?;
        self.kept.lock().extend_from_slice(batch);
        Ok(())
    }
}

fn full() -> Result<(), PersistError> {
    Err(PersistError::Append(Arc::new(io::Error::from(io::ErrorKind::StorageFull))))
}

#[tokio::test]
async fn nobody_sees_a_write_that_was_not_kept() {
    let (scene, engine) = Scripted::scene([Ok(()), full(), full(), Ok(())]);
    let (_, mut watcher) = scene.store.watch_snapshot(scene.resource, None);
    let mut changes = scene.store.changes();
    scene.put("pb/a", "1").await;
    assert!(changes.changed().await);

    let error = scene.try_put("pb/a", at(2)).await.unwrap_err();
    assert_eq!(error.to_string(), "failed to persist the write");
    let persist = error.source().unwrap();
    let sources = [persist.to_string(), persist.source().unwrap().to_string()];
    assert_eq!(sources, ["failed to append the batch", "no storage space"]);
    assert!(matches!(scene.try_put("pb/b", Expect::Absent).await, Err(CommitError::Persist(_))));
    let reason = "failed to append the batch: no storage space".to_owned();
    assert_eq!(scene.store.persistence(), Persistence::Failing(reason));
    assert_eq!(value(&scene.store.get(&scene.key("pb/a")).unwrap()), "1");
    assert!(scene.store.get(&scene.key("pb/b")).is_none());
    assert_eq!(scene.store.revision().get(), 2);
    assert_eq!(scene.store.list(&ListQuery::all(scene.resource)).unwrap().objects.len(), 1);

    assert_eq!(scene.try_put("pb/a", at(2)).await.unwrap().revision.get(), 3, "there is room again");
    assert_eq!(scene.store.persistence(), Persistence::Healthy);
    assert_eq!(revisions(&watcher.next(10).await.unwrap().events), [2, 3]);
    let kept = engine.kept.lock();
    assert_eq!(kept.iter().map(|record| record.event.revision.get()).collect::<Vec<_>>(), [2, 3]);
    assert!(kept.iter().all(|record| *record.resource == *"inventory.kyma-project.io/kymas"));
}

#[tokio::test]
async fn after_a_failed_sync_the_store_is_read_only() {
    let broken = PersistError::Sync(Arc::new(io::Error::other("I/O error")));
    let (scene, engine) = Scripted::scene([Ok(()), Err(broken)]);
    scene.put("pb/a", "1").await;
    assert!(matches!(scene.try_put("pb/a", at(2)).await, Err(CommitError::Persist(PersistError::Sync(_)))));
    let refused = scene.try_put("pb/a", at(2)).await;
    assert!(matches!(refused, Err(CommitError::Persist(PersistError::Sync(_)))), "the reason stays");
    let reason =
        "failed to sync the batch; no write is taken until the store is opened again: I/O error".to_owned();
    assert_eq!(scene.store.persistence(), Persistence::ReadOnly(reason));
    assert_eq!(engine.kept.lock().len(), 1, "the engine is not asked again");
    assert_eq!(value(&scene.store.get(&scene.key("pb/a")).unwrap()), "1");
    let mut watcher = scene.store.watch(scene.resource, None, Revision::FIRST).unwrap();
    assert_eq!(revisions(&watcher.next(10).await.unwrap().events), [2], "watches go on");
}

#[tokio::test]
async fn a_write_counts_even_if_its_writer_has_gone() {
    let scene = Scene::new();
    drop(scene.try_put("pb/a", Expect::Absent));
    assert!(scene.store.get(&scene.key("pb/a")).is_none(), "a future that was never polled does nothing");
    poll_once(scene.try_put("pb/a", Expect::Absent));
    assert_eq!(scene.store.revision().get(), 2);
}

/// Panics at the second batch.
struct Fragile(usize);

impl Engine for Fragile {
    fn append(&mut self, _batch: &[Record]) -> Result<(), PersistError> {
        self.0 += 1;
        assert!(self.0 < 2, "an engine with a flaw");
        Ok(())
    }
}

#[tokio::test]
async fn an_engine_that_panics_has_failed_for_good() {
    let scene = Scene::with_engine(Options::default(), Box::new(Fragile(0)));
    scene.put("pb/a", "1").await;
    for _ in 0..2 {
        let failed = scene.try_put("pb/a", at(2)).await;
        assert!(matches!(failed, Err(CommitError::Persist(PersistError::Sync(_)))));
    }
    assert_eq!(value(&scene.store.get(&scene.key("pb/a")).unwrap()), "1");
}

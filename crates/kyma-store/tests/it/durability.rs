//! What is there after a store was opened again.

use std::sync::Arc;

use kyma_store::{
    Change, Crash, Disk as _, Expect, FaultyDisk, Index, ListQuery, ReadError, Revision, WatchError,
};
use tempfile::tempdir;

use crate::support::{Scene, at, delete, kept, key, put, revisions, soon, value};

#[tokio::test]
async fn everything_comes_back_byte_for_byte() {
    let disk = Arc::new(FaultyDisk::new(1));
    let before = {
        let scene = Scene::on_disk(&disk).unwrap();
        let index = Index {
            uid: Arc::from("u-1"),
            labels: Box::new([(Arc::from("app"), Arc::from("")), (Arc::from("shard"), Arc::from("7"))]),
            fields: Box::new([(Arc::from("status.phase"), Arc::from("Active"))]),
            owners: Box::new([Arc::from("u-0"), Arc::from("u-9")]),
            deleting: true,
        };
        let mut write = put(scene.key("pb/full"), Expect::Absent, "\u{e9}\u{1f600} \0");
        let Change::Put(draft) = &mut write.change else { unreachable!("it is a put") };
        draft.index = index.clone();
        scene.store.commit(write).await.unwrap();
        assert_eq!(scene.store.get(&scene.key("pb/full")).unwrap().index, index);
        scene.put("cluster-scoped", "1").await;
        for round in 0..3 {
            scene.put("pb/a", &format!("{round}")).await;
        }
        scene.put("pb/gone", "1").await;
        let leases = scene.store.resource("leases");
        scene.store.commit(put(key(leases, "pb/a"), Expect::Absent, "lease")).await.unwrap();
        scene.delete("pb/gone").await;
        (kept(&scene.store), scene.store.revision())
    };
    let scene = Scene::on_disk(&disk).unwrap();
    assert_eq!((kept(&scene.store), scene.store.revision()), before);
    assert_eq!(scene.store.revision().get(), 9, "the deletion counts");
    assert_eq!(before.0.len(), 4);
    assert_eq!(scene.put("pb/a", "4").await.revision.get(), 10);
    assert!(scene.try_put("pb/gone", Expect::Absent).await.is_ok());
}

#[tokio::test]
async fn the_revision_never_goes_back_to_an_empty_store() {
    let disk = Arc::new(FaultyDisk::new(1));
    let scene = Scene::on_disk(&disk).unwrap();
    assert_eq!(scene.store.revision(), Revision::FIRST);
    drop(scene);
    let scene = Scene::on_disk(&disk).unwrap();
    assert_eq!(scene.store.revision(), Revision::FIRST);
    scene.put("pb/a", "1").await;
    scene.delete("pb/a").await;
    drop(scene);
    disk.crash(Crash::Power);
    let scene = Scene::on_disk(&disk).unwrap();
    assert_eq!((scene.store.revision().get(), kept(&scene.store).len()), (3, 0));
}

#[tokio::test]
async fn history_is_not_kept() {
    let disk = Arc::new(FaultyDisk::new(1));
    let scene = Scene::on_disk(&disk).unwrap();
    for round in 0..3 {
        scene.put("pb/a", &format!("{round}")).await;
    }
    drop(scene);
    let scene = Scene::on_disk(&disk).unwrap();
    let gone = ReadError::Compacted { oldest: Revision::new(4) };
    assert_eq!(scene.store.watch(scene.resource, None, Revision::new(3)).map(|_| ()), Err(gone));
    let old = ListQuery { at: Some(Revision::new(3)), ..ListQuery::all(scene.resource) };
    assert_eq!(scene.store.list(&old).map(|_| ()), Err(gone));
    let mut watcher = scene.store.watch(scene.resource, None, Revision::new(4)).unwrap();
    scene.put("pb/a", "3").await;
    let batch = watcher.next(10).await.unwrap();
    assert_eq!(revisions(&batch.events), [5]);
    let previous = batch.events[0].previous.as_ref().unwrap();
    assert_eq!((previous.revision.get(), value(previous).as_str()), (4, "2"));
}

#[tokio::test]
async fn a_store_that_was_loaded_counts_its_objects() {
    let disk = Arc::new(FaultyDisk::new(1));
    let scene = Scene::on_disk(&disk).unwrap();
    for name in ["a", "b", "c"] {
        scene.put(&format!("pb/{name}"), "1").await;
    }
    let before = scene.store.stats();
    drop(scene);
    let scene = Scene::on_disk(&disk).unwrap();
    let after = scene.store.stats();
    assert_eq!(
        (after.objects, after.object_bytes, after.revision),
        (before.objects, before.object_bytes, before.revision)
    );
    assert_eq!((after.window_events, after.window_bytes), (0, 0));
    assert_eq!(scene.store.count(scene.resource), 3);
    assert_eq!(after.disk_bytes, disk.length().ok());
    assert_eq!(Scene::new().store.stats().disk_bytes, None);
}

#[tokio::test]
async fn a_closed_store_is_read_only_and_gives_its_disk_back() {
    let folder = tempdir().unwrap();
    let scene = Scene::in_folder(folder.path()).unwrap();
    let (_, mut watcher) = scene.store.watch_snapshot(scene.resource, None);
    let mut changes = scene.store.changes();
    scene.put("pb/a", "1").await;
    scene.store.close();
    scene.store.close();
    assert!(scene.try_put("pb/a", at(2)).await.is_err());
    assert_eq!(value(&scene.store.get(&scene.key("pb/a")).unwrap()), "1");
    assert_eq!(revisions(&watcher.next(10).await.unwrap().events), [2]);
    assert_eq!(soon(watcher.next(10)).await.map(|_| ()), Err(WatchError::Closed));
    assert!(soon(changes.changed()).await);
    assert!(!soon(changes.changed()).await);

    let again = Scene::in_folder(folder.path()).unwrap();
    assert_eq!(kept(&again.store), kept(&scene.store));
}

#[tokio::test]
async fn the_last_handle_closes_the_store() {
    let folder = tempdir().unwrap();
    let scene = Scene::in_folder(folder.path()).unwrap();
    let (_, mut watcher) = scene.store.watch_snapshot(scene.resource, None);
    let other = scene.store.clone();
    scene.put("pb/a", "1").await;
    let resource = scene.resource;
    drop(scene);
    assert!(Scene::in_folder(folder.path()).is_err(), "there is another handle");
    other.commit(put(key(resource, "pb/b"), Expect::Absent, "1")).await.unwrap();
    drop(other);
    assert_eq!(revisions(&watcher.next(10).await.unwrap().events), [2, 3]);
    assert_eq!(soon(watcher.next(10)).await.map(|_| ()), Err(WatchError::Closed), "a watcher is no handle");
    let again = Scene::in_folder(folder.path()).unwrap();
    assert_eq!(again.store.revision().get(), 3);
}

/// 64 tasks count up 16 counters; each waits for its own sync, and most of them share one.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn writers_on_several_threads_share_syncs() {
    let folder = tempdir().unwrap();
    let before = {
        let scene = Scene::in_folder(folder.path()).unwrap();
        let writers: Vec<_> = (0..64)
            .map(|writer| {
                let (store, key) = (scene.store.clone(), scene.key(&format!("pb/{writer}")));
                tokio::spawn(async move {
                    let mut expect = Expect::Absent;
                    for round in 0..20 {
                        let written =
                            store.commit(put(key.clone(), expect, &round.to_string())).await.unwrap();
                        let seen = store.get(&key).unwrap();
                        assert_eq!(seen.revision, written.revision, "a writer reads what it wrote");
                        expect = Expect::At(written.revision);
                    }
                    let last = store.commit(delete(key.clone(), expect)).await.unwrap();
                    if writer % 2 == 0 {
                        store.commit(put(key, Expect::Absent, "again")).await.unwrap();
                    }
                    last.revision
                })
            })
            .collect();
        for writer in writers {
            soon(writer).await.unwrap();
        }
        assert_eq!(scene.store.revision().get(), 1 + 64 * 21 + 32);
        kept(&scene.store)
    };
    assert_eq!(before.len(), 32);
    let again = Scene::in_folder(folder.path()).unwrap();
    assert_eq!(kept(&again.store), before);
    assert_eq!(again.store.revision().get(), 1 + 64 * 21 + 32);
}

#[tokio::test]
async fn a_file_that_is_mostly_free_becomes_small() {
    let disk = Arc::new(FaultyDisk::new(1));
    let scene = Scene::on_disk(&disk).unwrap();
    let value = "x".repeat(200_000);
    for name in 0..120 {
        scene.put(&format!("pb/{name}"), &value).await;
    }
    for name in 0..119 {
        scene.delete(&format!("pb/{name}")).await;
    }
    let large = disk.length().unwrap();
    drop(scene);
    let scene = Scene::on_disk(&disk).unwrap();
    let small = disk.length().unwrap();
    assert!(large > 20 << 20 && small < 4 << 20, "{large} became {small}");
    assert_eq!(scene.store.revision().get(), 1 + 120 + 119);
    scene.put("pb/119", "1").await;
    drop(scene);
    assert_eq!(kept(&Scene::on_disk(&disk).unwrap().store).len(), 1);
}

#[tokio::test]
async fn writing_the_same_objects_takes_no_more_room() {
    let disk = Arc::new(FaultyDisk::new(1));
    let scene = Scene::on_disk(&disk).unwrap();
    let mut lengths = Vec::new();
    for round in 0..300 {
        scene.put(&format!("pb/{}", round % 10), &"x".repeat(1000 + round)).await;
        if round % 100 == 99 {
            lengths.push(scene.store.stats().disk_bytes.unwrap());
        }
    }
    assert!(lengths[2] <= lengths[0] && lengths[2] < 1 << 20, "{lengths:?}");
}

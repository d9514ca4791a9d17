//! Full disks, failed writes and failed syncs.

use std::sync::Arc;

use kyma_store::{CommitError, Crash, Disk as _, Expect, FaultyDisk, OpenError, PersistError, Persistence};

use crate::support::{Scene, at, kept, value};

fn scene() -> (Arc<FaultyDisk>, Scene) {
    let disk = Arc::new(FaultyDisk::new(7));
    let scene = Scene::on_disk(&disk).unwrap();
    (disk, scene)
}

#[tokio::test]
async fn a_full_disk_refuses_writes_until_there_is_room() {
    let (disk, scene) = scene();
    scene.put("pb/small", "1").await;
    disk.set_room(Some(1 << 20));
    let value = "x".repeat(50_000);
    let mut written = 0;
    let failed = loop {
        match scene
            .store
            .commit(crate::support::put(scene.key(&format!("pb/{written}")), Expect::Absent, &value))
            .await
        {
            Ok(_) => written += 1,
            Err(error) => break error,
        }
    };
    assert!(matches!(failed, CommitError::Persist(PersistError::Append(_))), "{failed:?}");
    assert!(written > 5, "{written} fitted");
    let reason = "failed to append the batch: no storage space".to_owned();
    assert_eq!(scene.store.persistence(), Persistence::Failing(reason));

    let before = (kept(&scene.store), scene.store.revision());
    assert_eq!(before.1.get(), 2 + written);
    for _ in 0..3 {
        let large = crate::support::put(scene.key("pb/more"), Expect::Absent, &value);
        assert!(scene.store.commit(large).await.is_err(), "it is still full");
    }
    assert_eq!((kept(&scene.store), scene.store.revision()), before, "reads go on");

    disk.set_room(None);
    assert_eq!(scene.try_put("pb/more", Expect::Absent).await.unwrap().revision.get(), 3 + written);
    assert_eq!(scene.store.persistence(), Persistence::Healthy);
    let after = kept(&scene.store);
    drop(scene);
    disk.crash(Crash::Power);
    assert_eq!(kept(&Scene::on_disk(&disk).unwrap().store), after);
}

/// What was refused is not there after a crash at that moment, whatever the disk had done of it.
#[tokio::test]
async fn a_refused_write_never_comes_back() {
    for crash in [Crash::Process, Crash::Power, Crash::Torn] {
        // So many that each write of a commit fails once: pages, the header, the mark.
        for after in 0..14 {
            let (disk, scene) = scene();
            scene.put("pb/a", "1").await;
            let before = kept(&scene.store);
            disk.fail_write(after);
            let result = scene.try_put("pb/a", at(2)).await;
            if matches!(result, Err(CommitError::Persist(PersistError::Sync(_)))) {
                continue;
            }
            let expected = if result.is_ok() { kept(&scene.store) } else { before };
            disk.detach();
            drop(scene);
            disk.crash(crash);
            let again = Scene::on_disk(&disk).unwrap();
            assert_eq!(kept(&again.store), expected, "{crash:?} after {after} writes: {result:?}");
        }
    }
}

#[tokio::test]
async fn a_failed_write_is_not_the_end() {
    let (mut failures, mut ends) = (0, 0);
    for after in 0..14 {
        let (disk, scene) = scene();
        scene.put("pb/a", "1").await;
        disk.fail_write(after);
        match scene.try_put("pb/a", at(2)).await {
            Ok(_) => {}
            Err(CommitError::Persist(PersistError::Append(_))) => {
                failures += 1;
                assert_eq!(scene.try_put("pb/a", at(2)).await.unwrap().revision.get(), 3);
            }
            // The one write that a commit hangs on.
            Err(CommitError::Persist(PersistError::Sync(_))) => {
                ends += 1;
                continue;
            }
            Err(other) => panic!("{other:?}"),
        }
        assert_eq!(scene.store.persistence(), Persistence::Healthy);
        drop(scene);
        let again = Scene::on_disk(&disk).unwrap();
        assert_eq!(value(&again.store.get(&again.key("pb/a")).unwrap()), "x");
        assert_eq!(again.store.revision().get(), 3);
    }
    assert!(failures > 4 && ends == 1, "{failures} failures, {ends} ends");
}

#[tokio::test]
async fn after_a_failed_sync_only_a_new_start_helps() {
    for crash in [Crash::Process, Crash::Power, Crash::Torn] {
        let (disk, scene) = scene();
        scene.put("pb/a", "1").await;
        disk.fail_sync(0);
        for expect in [at(2), at(2), Expect::Absent] {
            let refused = scene.try_put("pb/a", expect).await.unwrap_err();
            assert!(matches!(refused, CommitError::Persist(PersistError::Sync(_))), "{refused:?}");
        }
        assert!(matches!(scene.store.persistence(), Persistence::ReadOnly(_)));
        assert_eq!(value(&scene.store.get(&scene.key("pb/a")).unwrap()), "1", "reads go on");
        drop(scene);
        disk.crash(crash);

        let again = Scene::on_disk(&disk).unwrap();
        // Nobody knows whether the write of the failed sync is there.
        let object = again.store.get(&again.key("pb/a")).unwrap();
        let found = (object.revision.get(), value(&object));
        assert!(found == (2, "1".to_owned()) || found == (3, "x".to_owned()), "{crash:?}: {found:?}");
        assert!(again.try_put("pb/a", at(found.0)).await.is_ok());
    }
}

#[tokio::test]
async fn a_disk_that_fails_at_the_start_is_told_from_a_damaged_one() {
    for after in 0..3 {
        let disk = Arc::new(FaultyDisk::new(1));
        disk.fail_sync(after);
        let refused = Scene::on_disk(&disk).map(|_| ()).unwrap_err();
        assert!(matches!(refused, OpenError::UseDisk { .. }), "{refused:?}");
        disk.crash(Crash::Torn);
        assert!(Scene::on_disk(&disk).is_ok(), "an unfinished file is made anew");
    }
    let disk = Arc::new(FaultyDisk::new(1));
    disk.set_room(Some(2 * 4096));
    let refused = Scene::on_disk(&disk).map(|_| ()).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "failed to use the disk in memory; make sure that the disk works and has room, then start again"
    );
    assert!(disk.length().is_ok());
}

/// A crash at any write or sync of the making leaves a file that the next start makes anew.
#[tokio::test]
async fn a_crash_while_the_file_is_made_costs_nothing() {
    for crash in [Crash::Process, Crash::Power, Crash::Torn] {
        for seed in 0..25 {
            let disk = Arc::new(FaultyDisk::new(seed));
            if seed % 2 == 0 {
                disk.fail_write(seed / 2);
            } else {
                disk.fail_sync(seed / 2);
            }
            let opened = Scene::on_disk(&disk);
            disk.detach();
            drop(opened);
            disk.crash(crash);
            let scene = Scene::on_disk(&disk).unwrap_or_else(|error| panic!("{crash:?} {seed}: {error}"));
            assert_eq!(scene.put("pb/a", "1").await.revision.get(), 2);
        }
    }
}

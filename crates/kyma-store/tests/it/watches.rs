//! Watchers: each change once, in order, from where they asked.

use std::sync::Arc;
use std::time::Duration;

use kyma_store::{CommitError, Expect, ReadError, Revision, WatchError};

use crate::support::{Scene, key, path, paths, poll_once, put, revisions, seen, soon, value};

#[tokio::test]
async fn delivers_everything_after_a_revision() {
    let scene = Scene::new();
    for value in ["1", "2", "3"] {
        scene.put("pb/a", value).await;
    }
    for (since, expected) in [(1, vec![2, 3, 4]), (2, vec![3, 4]), (3, vec![4]), (4, vec![])] {
        let mut watcher = scene.store.watch(scene.resource, None, Revision::new(since)).unwrap();
        assert_eq!(seen(&watcher.try_next(10).unwrap()), (expected, 4), "since {since}");
    }
    let watch = |since: u64| scene.store.watch(scene.resource, None, Revision::new(since)).map(|_| ());
    assert_eq!(watch(0), Err(ReadError::Compacted { oldest: Revision::FIRST }));
    assert_eq!(watch(5), Err(ReadError::Future { current: Revision::new(4) }));
}

#[tokio::test]
async fn an_event_says_what_was_before() {
    let scene = Scene::new();
    let (page, mut watcher) = scene.store.watch_snapshot(scene.resource, None);
    assert_eq!((page.objects.len(), page.revision), (0, Revision::FIRST));
    scene.put("pb/a", "1").await;
    scene.put("pb/a", "2").await;
    scene.delete("pb/a").await;
    let events = watcher.next(10).await.unwrap().events;
    let shown: Vec<_> = events
        .iter()
        .map(|event| (value(&event.object), event.previous.as_deref().map(value), event.deleted))
        .collect();
    let expected = [
        ("1".to_owned(), None, false),
        ("2".to_owned(), Some("1".to_owned()), false),
        ("gone".to_owned(), Some("2".to_owned()), true),
    ];
    assert_eq!(shown, expected);
}

#[tokio::test]
async fn a_snapshot_and_its_watch_have_nothing_between_them() {
    let scene = Scene::new();
    scene.put("pb/a", "1").await;
    scene.put("pc/a", "1").await;
    let (page, mut watcher) = scene.store.watch_snapshot(scene.resource, Some(Arc::from("pb")));
    assert_eq!((paths(&page.objects), page.revision.get()), (vec!["pb/a".to_owned()], 3));
    assert_eq!(seen(&watcher.try_next(10).unwrap()), (vec![], 3));
    scene.put("pc/a", "2").await;
    scene.put("pb/b", "1").await;
    assert_eq!(seen(&watcher.try_next(10).unwrap()), (vec![5], 5));
}

#[tokio::test]
async fn progress_is_what_has_been_seen() {
    let scene = Scene::new();
    let mut watcher = scene.store.watch(scene.resource, Some(Arc::from("pb")), Revision::FIRST).unwrap();
    for path in ["pb/a", "pc/a", "pb/b", "pc/b"] {
        scene.put(path, "1").await;
    }
    let events = scene.store.resource("events");
    scene.store.commit(put(key(events, "pb/e"), Expect::Absent, "1")).await.unwrap();

    assert_eq!(seen(&watcher.try_next(0).unwrap()).0, Vec::<u64>::new());
    assert_eq!(
        seen(&watcher.next(1).await.unwrap()),
        (vec![2], 2),
        "not at the end: no further than the event"
    );
    assert_eq!(seen(&watcher.next(0).await.unwrap()), (vec![4], 4), "at least one");
    assert_eq!(seen(&watcher.try_next(1).unwrap()), (vec![], 6), "at the end: all that is durable");
}

#[tokio::test]
async fn a_dropped_wait_loses_nothing() {
    let scene = Scene::new();
    let mut watcher = scene.store.watch(scene.resource, Some(Arc::from("pb")), Revision::FIRST).unwrap();
    assert!(poll_once(watcher.next(10)).is_none());
    scene.put("pb/a", "1").await;
    scene.put("pc/a", "1").await;
    assert_eq!(poll_once(watcher.next(10)).map(|batch| seen(&batch.unwrap())), Some((vec![2], 3)));
    assert!(poll_once(watcher.next(10)).is_none());
    scene.put("pc/b", "1").await;
    assert!(poll_once(watcher.next(10)).is_none(), "only another namespace has changed");
    scene.put("pb/b", "1").await;
    assert_eq!(poll_once(watcher.next(10)).map(|batch| revisions(&batch.unwrap().events)), Some(vec![5]));
}

#[tokio::test(start_paused = true)]
async fn a_commit_wakes_who_waits() {
    let scene = Scene::new();
    let waits: Vec<_> = [None, Some(Arc::from("pb"))]
        .into_iter()
        .map(|namespace| {
            let mut watcher = scene.store.watch(scene.resource, namespace, Revision::FIRST).unwrap();
            tokio::spawn(async move { path(&watcher.next(10).await.unwrap().events[0].object) })
        })
        .collect();
    tokio::task::yield_now().await;
    scene.put("pb/a", "1").await;
    for wait in waits {
        assert_eq!(soon(wait).await.unwrap(), "pb/a");
    }
}

#[tokio::test]
async fn finds_its_namespace_in_a_long_backlog() {
    let scene = Scene::new();
    let mut watcher = scene.store.watch(scene.resource, Some(Arc::from("pb")), Revision::FIRST).unwrap();
    for number in 0..5000 {
        scene.put("pc/a", &number.to_string()).await;
    }
    let part = watcher.try_next(1).unwrap();
    assert!(
        part.events.is_empty() && part.progress < scene.store.revision(),
        "looks at a part under one lock"
    );
    scene.put("pb/a", "1").await;
    assert_eq!(seen(&watcher.next(1).await.unwrap()), (vec![5002], 5002));
}

#[tokio::test(start_paused = true)]
async fn many_watchers_share_one_log() {
    let scene = Scene::new();
    let watchers: Vec<_> = (0..1000)
        .map(|_| {
            let mut watcher = scene.store.watch(scene.resource, None, Revision::FIRST).unwrap();
            tokio::spawn(async move {
                let mut events = Vec::new();
                while events.len() < 5 {
                    events.extend(watcher.next(2).await.unwrap().events);
                }
                events
            })
        })
        .collect();
    assert_eq!(scene.store.stats().watchers, 1000);
    for number in 0..5 {
        tokio::task::yield_now().await;
        scene.put("pb/a", &number.to_string()).await;
    }
    let mut first = None;
    for watcher in watchers {
        let events = soon(watcher).await.unwrap();
        assert_eq!(revisions(&events), [2, 3, 4, 5, 6]);
        let first = first.get_or_insert_with(|| events.clone());
        assert!(first.iter().zip(&events).all(|(a, b)| Arc::ptr_eq(a, b)), "no event is made twice");
    }
    assert_eq!(scene.store.stats().watchers, 0);
}

#[tokio::test(start_paused = true)]
async fn changes_are_coalesced() {
    let scene = Scene::new();
    scene.put("pb/a", "0").await;
    let mut changes = scene.store.changes();
    assert!(poll_once(changes.changed()).is_none(), "nothing since it was made");
    scene.put("pb/a", "1").await;
    scene.put("pb/a", "2").await;
    assert_eq!(poll_once(changes.changed()), Some(true));
    assert!(poll_once(changes.changed()).is_none(), "two publishes are one wake-up");
    let wait = tokio::spawn(async move { changes.changed().await });
    tokio::task::yield_now().await;
    scene.put("pb/a", "3").await;
    assert!(soon(wait).await.unwrap());
}

#[tokio::test(start_paused = true)]
async fn close_ends_watches_after_what_they_have_not_seen() {
    let scene = Scene::new();
    scene.put("pb/a", "1").await;
    let mut behind = scene.store.watch(scene.resource, None, Revision::FIRST).unwrap();
    let mut waiting = scene.store.watch(scene.resource, None, scene.store.revision()).unwrap();
    let mut changes = scene.store.changes();
    let watch = tokio::spawn(async move { waiting.next(1).await.map(|_| ()) });
    let change = tokio::spawn(async move { changes.changed().await });
    // Both wait before the paused time moves on.
    tokio::time::sleep(Duration::from_millis(1)).await;
    scene.store.close();
    assert_eq!(soon(watch).await.unwrap(), Err(WatchError::Closed));
    assert!(!soon(change).await.unwrap());
    assert_eq!(revisions(&behind.next(1).await.unwrap().events), [2]);
    assert_eq!(behind.next(1).await.map(|_| ()), Err(WatchError::Closed));
    assert_eq!(behind.try_next(1).map(|_| ()), Err(WatchError::Closed));
    assert!(matches!(scene.try_put("pb/b", Expect::Absent).await, Err(CommitError::Closed)));
    assert_eq!(value(&scene.store.get(&scene.key("pb/a")).unwrap()), "1", "reads go on");
}

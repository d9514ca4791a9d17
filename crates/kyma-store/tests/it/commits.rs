//! What a write does, and when it does not.

use std::sync::Arc;

use kyma_store::{CommitError, Expect, Index, Revision};

use crate::support::{Scene, at, delete, key, put, value};

#[tokio::test]
async fn revisions_count_all_writes_of_all_resources() {
    let scene = Scene::new();
    assert_eq!(scene.store.revision(), Revision::FIRST);
    assert_eq!(scene.put("pb/a", "1").await.revision.get(), 2);
    let other = key(scene.store.resource("events"), "pb/a");
    let event = scene.store.commit(put(other, Expect::Absent, "1")).await.unwrap();
    assert_eq!(event.revision.get(), 3);
    assert_eq!(scene.put("pb/a", "2").await.revision.get(), 4);
    assert_eq!(scene.delete("pb/a").await.revision.get(), 5);
    assert_eq!(scene.store.revision().get(), 5);
}

#[tokio::test]
async fn a_refused_write_takes_no_revision() {
    let scene = Scene::new();
    scene.put("pb/a", "1").await;
    let table = [
        ("pb/a", Expect::Absent, "the object exists already, at revision 2"),
        ("pb/a", at(1), "the object has moved on to revision 2"),
        ("pb/a", at(3), "the object has moved on to revision 2"),
        ("pb/b", at(2), "the object does not exist"),
        ("a", at(2), "the object does not exist"),
        ("pc/a", at(2), "the object does not exist"),
    ];
    for (path, expect, message) in table {
        let refused = scene.try_put(path, expect).await.unwrap_err();
        assert_eq!(refused.to_string(), message, "{path} {expect:?}");
    }
    assert!(matches!(
        scene.store.commit(delete(scene.key("pb/a"), at(1))).await,
        Err(CommitError::Stale(head)) if value(&head) == "1"
    ));
    assert_eq!(scene.put("pb/b", "1").await.revision.get(), 3);
    assert_eq!(value(&scene.store.get(&scene.key("pb/a")).unwrap()), "1");
}

#[tokio::test]
async fn the_json_says_the_revision() {
    let scene = Scene::new();
    for round in 0..12 {
        let object = scene.put("pb/a", &round.to_string()).await;
        assert_eq!(value(&object), round.to_string());
        assert!(Arc::ptr_eq(&object, &scene.store.get(&scene.key("pb/a")).unwrap()));
    }
    let last = scene.delete("pb/a").await;
    assert_eq!((value(&last).as_str(), last.revision.get()), ("gone", 14));
    assert!(scene.store.get(&scene.key("pb/a")).is_none());
    assert!(matches!(scene.try_put("pb/a", at(14)).await, Err(CommitError::Missing)));
    assert!(scene.try_put("pb/a", Expect::Absent).await.is_ok());
}

#[tokio::test]
async fn what_is_searched_by_is_kept_beside_the_json() {
    let scene = Scene::new();
    let mut write = put(scene.key("pb/a"), Expect::Absent, "1");
    let index = Index {
        uid: Arc::from("u-1"),
        labels: Box::new([(Arc::from("app"), Arc::from("kyma")), (Arc::from("shard"), Arc::from("7"))]),
        fields: Box::new([(Arc::from("status.phase"), Arc::from("Active"))]),
        owners: Box::new([Arc::from("u-0")]),
        deleting: true,
    };
    let kyma_store::Change::Put(draft) = &mut write.change else { unreachable!("it is a put") };
    draft.index = index.clone();
    scene.store.commit(write).await.unwrap();
    assert_eq!(scene.store.get(&scene.key("pb/a")).unwrap().index, index);
}

#[tokio::test]
async fn counts_and_stats_follow() {
    let scene = Scene::new();
    let events = scene.store.resource("events");
    assert_eq!(scene.store.resources(), [scene.resource, events]);
    assert_eq!(&*scene.store.resource_name(events), "events");
    scene.put("pb/a", "1").await;
    let size = scene.put("pb/b", "1").await.json.len();
    scene.put("pb/a", "2").await;
    scene.delete("pb/a").await;
    let _watcher = scene.store.watch(events, None, Revision::FIRST).unwrap();
    let stats = scene.store.stats();
    assert_eq!((scene.store.count(scene.resource), scene.store.count(events)), (1, 0));
    assert_eq!((stats.objects, stats.object_bytes), (1, size));
    assert_eq!((stats.window_events, stats.watchers, stats.revision.get()), (4, 1, 5));
    assert!(stats.window_bytes > 2 * size, "the replaced versions and the deleted one");
}

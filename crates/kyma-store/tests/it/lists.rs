//! Pages, order and snapshots.

use std::sync::Arc;

use kyma_store::{ListQuery, Page, ReadError, Revision};

use crate::support::{Scene, key, path, paths, put, value};

async fn scene(paths: &[&str]) -> Scene {
    let scene = Scene::new();
    for path in paths {
        scene.put(path, "1").await;
    }
    scene
}

fn namespace(name: &str) -> Option<Arc<str>> {
    Some(Arc::from(name))
}

fn after(page: &Page) -> Option<(Arc<str>, Arc<str>)> {
    page.objects.last().map(|object| (Arc::clone(&object.key.namespace), Arc::clone(&object.key.name)))
}

#[tokio::test]
async fn lists_in_the_order_of_etcd_keys() {
    let scene = scene(&["pb/b", "pb/a", "pb-x/z", "pb0/a", "pa/c", "pb/a-b", "pb/a.b"]).await;
    let page = scene.store.list(&ListQuery::all(scene.resource)).unwrap();
    assert_eq!(paths(&page.objects), ["pa/c", "pb-x/z", "pb/a", "pb/a-b", "pb/a.b", "pb/b", "pb0/a"]);
    assert_eq!((page.revision.get(), page.more, page.remaining), (8, false, 0));
}

#[tokio::test]
async fn lists_one_resource_and_one_namespace() {
    let scene = scene(&["pa/c", "pb/a", "pb/b", "pb-x/z", "pc/a"]).await;
    let nodes = scene.store.resource("nodes");
    scene.store.commit(put(key(nodes, "n1"), kyma_store::Expect::Absent, "1")).await.unwrap();
    let all = ListQuery::all(scene.resource);
    let table = [
        (all.clone(), vec!["pa/c", "pb-x/z", "pb/a", "pb/b", "pc/a"]),
        (ListQuery { namespace: namespace("pb"), ..all.clone() }, vec!["pb/a", "pb/b"]),
        (ListQuery { namespace: namespace("p"), ..all.clone() }, vec![]),
        (ListQuery { namespace: namespace(""), ..all }, vec![]),
        (ListQuery::all(nodes), vec!["n1"]),
        (ListQuery { namespace: namespace(""), ..ListQuery::all(nodes) }, vec!["n1"]),
        (ListQuery::all(scene.store.resource("leases")), vec![]),
    ];
    for (query, expected) in table {
        assert_eq!(paths(&scene.store.list(&query).unwrap().objects), expected, "{query:?}");
    }
}

#[tokio::test]
async fn starts_behind_a_key_whether_it_exists_or_not() {
    let scene = scene(&["pa/c", "pb/a", "pb/c", "pc/a"]).await;
    let table = [
        (None, ("pb", "a"), vec!["pb/c", "pc/a"]),
        (None, ("pb", "b"), vec!["pb/c", "pc/a"]),
        (None, ("pb", "d"), vec!["pc/a"]),
        (None, ("", ""), vec!["pa/c", "pb/a", "pb/c", "pc/a"]),
        (None, ("zz", "a"), vec![]),
        (namespace("pb"), ("pb", "a"), vec!["pb/c"]),
        (namespace("pb"), ("pa", "z"), vec!["pb/a", "pb/c"]),
        (namespace("pb"), ("pc", "a"), vec![]),
    ];
    for (namespace, (after, name), expected) in table {
        let after = Some((Arc::from(after), Arc::from(name)));
        let query = ListQuery { namespace, after, ..ListQuery::all(scene.resource) };
        assert_eq!(paths(&scene.store.list(&query).unwrap().objects), expected, "{query:?}");
    }
}

#[tokio::test]
async fn limits_and_counts_the_rest() {
    let scene = scene(&["pa/a", "pb/a", "pb/b", "pb/c", "pc/a"]).await;
    let table = [
        (None, None, 0, (0, true, 5)),
        (None, None, 2, (2, true, 3)),
        (None, None, 4, (4, true, 1)),
        (None, None, 5, (5, false, 0)),
        (None, None, 9, (5, false, 0)),
        (None, Some("pb/a"), 1, (1, true, 2)),
        (None, Some("pb/a"), 3, (3, false, 0)),
        (namespace("pb"), None, 2, (2, true, 1)),
        (namespace("pb"), None, 3, (3, false, 0)),
        (namespace("pb"), Some("pb/a"), 1, (1, true, 1)),
    ];
    for (namespace, after, limit, expected) in table {
        let after = after.map(|path| key(scene.resource, path)).map(|key| (key.namespace, key.name));
        let query = ListQuery { namespace, after, limit: Some(limit), ..ListQuery::all(scene.resource) };
        let page = scene.store.list(&query).unwrap();
        assert_eq!((page.objects.len(), page.more, page.remaining), expected, "{query:?}");
    }
}

#[tokio::test]
async fn pages_are_one_snapshot_whatever_happens_between_them() {
    let scene = scene(&["pb/a", "pb/b", "pb/c", "pb/d", "pb/e"]).await;
    let query = ListQuery { limit: Some(2), ..ListQuery::all(scene.resource) };
    let first = scene.store.list(&query).unwrap();
    scene.put("pb/c", "2").await;
    scene.delete("pb/d").await;
    scene.put("pb/bb", "new").await;
    scene.delete("pb/b").await;
    scene.put("pb/d", "again").await;

    let query = ListQuery { after: after(&first), at: Some(first.revision), ..query };
    let second = scene.store.list(&query).unwrap();
    let shown = |page: &Page| -> Vec<(String, String)> {
        page.objects.iter().map(|object| (path(object), value(object))).collect()
    };
    assert_eq!(shown(&second), [("pb/c".into(), "1".into()), ("pb/d".into(), "1".into())]);
    assert_eq!((second.revision, second.more, second.remaining), (first.revision, true, 1));
    let query = ListQuery { after: after(&second), ..query };
    let third = scene.store.list(&query).unwrap();
    assert_eq!((paths(&third.objects), third.more), (vec!["pb/e".to_owned()], false));

    let now = scene.store.list(&ListQuery::all(scene.resource)).unwrap();
    assert_eq!(paths(&now.objects), ["pb/a", "pb/bb", "pb/c", "pb/d", "pb/e"]);
}

#[tokio::test]
async fn reads_only_revisions_that_were_written() {
    let scene = scene(&["pb/a"]).await;
    let list = |at: u64| {
        let query = ListQuery { at: Some(Revision::new(at)), ..ListQuery::all(scene.resource) };
        scene.store.list(&query).map(|page| paths(&page.objects))
    };
    assert_eq!(list(0), Err(ReadError::Compacted { oldest: Revision::FIRST }));
    assert_eq!(list(1), Ok(vec![]));
    assert_eq!(list(2), Ok(vec!["pb/a".to_owned()]));
    assert_eq!(list(3), Err(ReadError::Future { current: Revision::new(2) }));
}

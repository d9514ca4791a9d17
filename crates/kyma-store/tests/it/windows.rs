//! How much history there is.

use std::time::Duration;

use kyma_store::{ListQuery, Options, ReadError, Revision, WatchError};

use crate::support::{Scene, revisions};

const MINUTE: Duration = Duration::from_secs(60);

fn aged(window_age: Duration) -> Scene {
    Scene::with_options(Options { window_age, ..Options::default() })
}

fn readable(scene: &Scene, at: u64) -> Result<usize, ReadError> {
    let query = ListQuery { at: Some(Revision::new(at)), ..ListQuery::all(scene.resource) };
    scene.store.list(&query).map(|page| page.objects.len())
}

fn watchable(scene: &Scene, since: u64) -> Result<Vec<u64>, ReadError> {
    let mut watcher = scene.store.watch(scene.resource, None, Revision::new(since))?;
    Ok(revisions(&watcher.try_next(100).expect("it was just made").events))
}

#[tokio::test]
async fn expire_drops_what_is_too_old() {
    let scene = aged(5 * MINUTE);
    scene.put("pb/a", "1").await;
    scene.clock.advance(MINUTE);
    scene.put("pb/b", "1").await;
    scene.put("pb/a", "2").await;
    scene.clock.advance(4 * MINUTE);
    scene.store.expire();
    assert_eq!(scene.store.oldest(), Revision::FIRST, "five minutes are not too old");

    scene.clock.advance(Duration::from_nanos(1));
    scene.store.expire();
    assert_eq!((scene.store.oldest().get(), scene.store.stats().window_events), (2, 2));
    let gone = ReadError::Compacted { oldest: Revision::new(2) };
    assert_eq!((readable(&scene, 1), watchable(&scene, 1)), (Err(gone), Err(gone)));
    assert_eq!((readable(&scene, 2), watchable(&scene, 2)), (Ok(1), Ok(vec![3, 4])));

    scene.clock.advance(MINUTE);
    scene.store.expire();
    let stats = scene.store.stats();
    assert_eq!((scene.store.oldest().get(), stats.window_events, stats.window_bytes), (4, 0, 0));
    assert_eq!((readable(&scene, 4), watchable(&scene, 4)), (Ok(2), Ok(vec![])));
}

#[tokio::test]
async fn commits_expire_a_few_events_each() {
    let scene = aged(MINUTE);
    for number in 0..100 {
        scene.put("pb/a", &number.to_string()).await;
    }
    scene.clock.advance(2 * MINUTE);
    let mut sizes = Vec::new();
    while sizes.last() != Some(&1) && sizes.len() < 100 {
        scene.put("pb/b", "1").await;
        scene.clock.advance(MINUTE + Duration::from_secs(1));
        sizes.push(scene.store.stats().window_events);
    }
    assert_eq!(sizes[0], 97, "one came, four went");
    assert!(sizes.windows(2).all(|pair| pair[1] == (pair[0] - 3).max(1)), "{sizes:?}");
}

#[tokio::test]
async fn a_long_silence_is_expired_in_one_call() {
    let scene = aged(MINUTE);
    for number in 0..1000 {
        scene.put("pb/a", &number.to_string()).await;
    }
    scene.clock.advance(2 * MINUTE);
    scene.store.expire();
    assert_eq!((scene.store.stats().window_events, scene.store.oldest().get()), (0, 1001));
}

#[tokio::test]
async fn the_window_never_takes_more_than_its_bytes() {
    let limit = 20_000;
    let scene = Scene::with_options(Options { window_bytes: limit, ..Options::default() });
    let mut oldest = scene.store.oldest();
    for number in 0..200 {
        scene.put(&format!("pb/{}", number % 7), &"x".repeat(number * 20)).await;
        if number % 10 == 9 {
            scene.delete(&format!("pb/{}", number % 7)).await;
        }
        let stats = scene.store.stats();
        assert!(stats.window_bytes <= limit, "{stats:?}");
        assert!(scene.store.oldest() >= oldest, "it only moves forward");
        oldest = scene.store.oldest();
    }
    let stats = scene.store.stats();
    assert!(stats.window_events > 0 && stats.window_bytes > limit / 2, "it is used: {stats:?}");
    assert!(scene.store.list(&ListQuery::all(scene.resource)).is_ok(), "the newest can always be read");
}

#[tokio::test]
async fn a_watcher_behind_the_window_loses_its_place() {
    let scene = aged(MINUTE);
    let mut slow = scene.store.watch(scene.resource, None, Revision::FIRST).unwrap();
    let mut quick = scene.store.watch(scene.resource, None, Revision::FIRST).unwrap();
    scene.put("pb/a", "1").await;
    scene.put("pb/a", "2").await;
    assert_eq!(revisions(&quick.next(10).await.unwrap().events), [2, 3]);
    scene.clock.advance(2 * MINUTE);
    scene.store.expire();
    let lost = WatchError::Compacted { oldest: Revision::new(3) };
    assert_eq!(slow.next(10).await.map(|_| ()), Err(lost));
    assert_eq!(slow.try_next(10).map(|_| ()), Err(lost), "and does not find it again");
    scene.put("pb/a", "3").await;
    assert_eq!(revisions(&quick.next(10).await.unwrap().events), [4], "who was at the end goes on");
}

#[tokio::test]
async fn other_resources_do_not_end_a_quiet_watch() {
    let scene = aged(MINUTE);
    let leases = scene.store.resource("leases");
    let mut quiet = scene.store.watch(leases, None, Revision::FIRST).unwrap();
    scene.put("pb/a", "1").await;
    scene.clock.advance(2 * MINUTE);
    scene.store.expire();
    assert_eq!(quiet.try_next(10).map(|batch| batch.progress.get()), Ok(2));
}

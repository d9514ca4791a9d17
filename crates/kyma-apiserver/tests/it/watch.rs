//! Watches over time: bookmarks, time-outs, the end of the history window, the end of the server.

use std::time::Duration;

use http::Method;
use http_body_util::BodyExt as _;
use kyma_apiserver::Body;
use serde_json::Value;
use tokio::time::{Instant, sleep, timeout};

use crate::server::Server;

const LIST: &str = "/api/v1/namespaces/default/configmaps";

/// The next event of a watch; `None` where it ended.
async fn next(body: &mut Body) -> Option<Value> {
    let frame = body.frame().await?.unwrap().into_data().unwrap();
    Some(serde_json::from_slice(&frame).unwrap())
}

fn version(object: &Value) -> u64 {
    object["metadata"]["resourceVersion"].as_str().unwrap().parse().unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_quiet_watch_gets_a_bookmark_each_minute_with_the_newest_version() {
    let server = Server::start().await;
    let since = version(&server.get(LIST).await);
    let path = format!("{LIST}?watch=1&resourceVersion={since}&allowWatchBookmarks=true&timeoutSeconds=150");
    let mut watch = server.open(Method::GET, &path, None).await.into_body();
    let began = Instant::now();
    // Something else moves on: the bookmark shows it.
    let other =
        server.create("/api/v1/namespaces", &serde_json::json!({"metadata": {"name": "other"}})).await;
    let bookmark = next(&mut watch).await.unwrap();
    assert_eq!((bookmark["type"].as_str(), began.elapsed().as_secs()), (Some("BOOKMARK"), 60));
    assert_eq!(version(&bookmark["object"]), version(&other));
    for second in [120, 148] {
        assert_eq!(next(&mut watch).await.unwrap()["type"], "BOOKMARK");
        assert_eq!(began.elapsed().as_secs(), second, "each minute, and shortly before the end");
    }
    assert_eq!(next(&mut watch).await, None);
    assert_eq!(began.elapsed().as_secs(), 150, "the time-out ends it cleanly");
}

#[tokio::test(start_paused = true)]
async fn a_watch_without_bookmarks_stays_silent() {
    let server = Server::start().await;
    let since = version(&server.get(LIST).await);
    let path = format!("{LIST}?watch=1&resourceVersion={since}&timeoutSeconds=600");
    let mut watch = server.open(Method::GET, &path, None).await.into_body();
    assert_eq!(next(&mut watch).await, None);
}

#[tokio::test(start_paused = true)]
async fn a_version_outside_the_window_is_expired_everywhere() {
    let server = Server::with_window(Duration::from_secs(10)).await;
    for name in ["a", "b", "c"] {
        server.config_map(name).await;
    }
    let page = server.get(&format!("{LIST}?limit=1")).await;
    let old = version(&page);
    server.config_map("d").await;
    sleep(Duration::from_secs(60)).await;
    let mut watch =
        server.open(Method::GET, &format!("{LIST}?watch=1&resourceVersion={old}"), None).await.into_body();
    let event = next(&mut watch).await.unwrap();
    assert_eq!((event["type"].as_str(), event["object"]["code"].as_u64()), (Some("ERROR"), Some(410)));
    assert_eq!(event["object"]["reason"], "Expired");
    assert_eq!(next(&mut watch).await, None);

    let exact = server.get(&format!("{LIST}?resourceVersion={old}&resourceVersionMatch=Exact")).await;
    assert_eq!(exact["reason"], "Expired");

    let token = page["metadata"]["continue"].as_str().unwrap();
    let expired = server.get(&format!("{LIST}?limit=1&continue={token}")).await;
    assert_eq!((expired["code"].as_u64(), expired["reason"].as_str()), (Some(410), Some("Expired")));
    let onward = expired["metadata"]["continue"].as_str().unwrap();
    let rest = server.get(&format!("{LIST}?continue={onward}")).await;
    let names: Vec<&str> =
        rest["items"].as_array().unwrap().iter().map(|o| o["metadata"]["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["b", "c", "d"], "the offered token goes on at the newest state");
}

#[tokio::test(start_paused = true)]
async fn pages_are_one_snapshot_while_objects_change() {
    let server = Server::start().await;
    for name in ["a", "b", "c", "d"] {
        server.config_map(name).await;
    }
    let first = server.get(&format!("{LIST}?limit=2")).await;
    server.delete(&format!("{LIST}/c")).await;
    server.config_map("bb").await;
    assert_eq!(first["metadata"]["remainingItemCount"], 2);
    let token = first["metadata"]["continue"].as_str().unwrap();
    let second = server.get(&format!("{LIST}?limit=2&continue={token}")).await;
    let names: Vec<&str> =
        second["items"].as_array().unwrap().iter().map(|o| o["metadata"]["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["c", "d"]);
    assert_eq!(second["metadata"].get("continue"), None);
    assert_eq!(version(&second), version(&first));
}

#[tokio::test(start_paused = true)]
async fn watches_end_when_the_server_is_about_to() {
    let server = Server::start().await;
    let mut watch = server.open(Method::GET, &format!("{LIST}?watch=1"), None).await.into_body();
    assert!(timeout(Duration::from_secs(5), watch.frame()).await.is_err(), "nothing happens yet");
    server.server.drain();
    assert_eq!(next(&mut watch).await, None);
}

#[tokio::test(start_paused = true)]
async fn a_watcher_that_never_reads_costs_the_others_nothing() {
    let server = Server::start().await;
    let since = version(&server.get(LIST).await);
    let path = format!("{LIST}?watch=1&resourceVersion={since}");
    let _sleeper = server.open(Method::GET, &path, None).await;
    let mut reader = server.open(Method::GET, &path, None).await.into_body();
    for i in 0..1000 {
        server.config_map(&format!("c{i}")).await;
    }
    let mut seen = 0;
    while seen < 1000 {
        let frame = reader.frame().await.unwrap().unwrap().into_data().unwrap();
        seen += frame.iter().filter(|byte| **byte == b'\n').count();
    }
}

#[tokio::test(start_paused = true)]
async fn a_piece_that_waits_for_its_reader_keeps_little_more_than_its_bytes() {
    let server = Server::start().await;
    for i in 0..30 {
        let map =
            serde_json::json!({"metadata": {"name": format!("m-{i}")}, "data": {"a": "x".repeat(2048)}});
        server.create(LIST, &map).await;
    }
    let path = format!("{LIST}?watch=1&timeoutSeconds=5");
    let mut watch = server.open(Method::GET, &path, None).await.into_body();
    let piece = watch.frame().await.unwrap().unwrap().into_data().unwrap();
    let bytes = piece.len();
    assert!(bytes > 32 * 1024, "{bytes}");
    let kept = piece.try_into_mut().unwrap().capacity();
    assert!(kept <= bytes + 4096, "{kept} for {bytes}");
}

//! Watchers that do not read: what they cost is bounded, and others do not notice them.

use std::time::Duration;

use http::Method;
use http_body_util::BodyExt as _;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use kyma_apiserver::{ApiServer, Body, User};
use kyma_store::Options;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex};
use tokio::time::timeout;

use crate::server::Server;

const MAPS: &str = "/api/v1/namespaces/default/configmaps";
/// What a piece of a stream may have before its last event.
const PIECE: usize = 32 * 1024;
/// What a connection keeps for a client: as `serve` sets it.
const BUFFER: usize = 64 * 1024;
const PIPE: usize = 4096;

/// A connection to the server, without TLS.
fn connect(server: &ApiServer) -> DuplexStream {
    let (client, end) = duplex(PIPE);
    let server = server.clone();
    let service = service_fn(move |request| {
        let server = server.clone();
        async move { Ok::<_, std::convert::Infallible>(server.handle(request, Some(&User::admin())).await) }
    });
    let mut http = hyper::server::conn::http1::Builder::new();
    http.max_buf_size(BUFFER);
    tokio::spawn(http.serve_connection(TokioIo::new(end), service));
    client
}

async fn begin_watch(server: &ApiServer, since: &str) -> DuplexStream {
    let mut client = connect(server);
    let head = format!("GET {MAPS}?watch=1&resourceVersion={since} HTTP/1.1\r\nhost: x\r\n\r\n");
    client.write_all(head.as_bytes()).await.unwrap();
    client
}

/// Reads so many events of a stream.
async fn count(body: &mut Body, wanted: usize) {
    let mut seen = 0;
    while seen < wanted {
        let frame = body.frame().await.unwrap().unwrap().into_data().unwrap();
        seen += frame.iter().filter(|byte| **byte == b'\n').count();
    }
    assert_eq!(seen, wanted);
}

async fn events_sent(server: &Server) -> usize {
    let (_, text) = server.text("/metrics").await;
    let start = "apiserver_watch_events_total{group=\"\",version=\"v1\",resource=\"configmaps\"} ";
    text.lines().find_map(|line| line.strip_prefix(start)).unwrap().parse().unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_thousand_stalled_watchers_hold_little_and_are_told_what_they_lost() {
    const WATCHERS: usize = 1000;
    const WRITES: usize = 10_000;
    let window = Options { window_bytes: 1 << 20, ..Options::default() };
    let server = Server::with(|builder| builder.store_options(window)).await;
    let since = server.get(MAPS).await["metadata"]["resourceVersion"].as_str().unwrap().to_owned();
    let mut stalled = Vec::with_capacity(WATCHERS);
    for _ in 0..WATCHERS {
        stalled.push(begin_watch(&server.server, &since).await);
    }
    let path = format!("{MAPS}?watch=1&resourceVersion={since}");
    let mut reader = server.open(Method::GET, &path, None).await.into_body();

    let object = json!({"metadata": {"name": "a"}, "data": {"a": "x".repeat(300)}});
    let mut object = server.create(MAPS, &object).await;
    let event = object.to_string().len();
    count(&mut reader, 1).await;
    for write in 0..WRITES {
        object["data"]["a"] = format!("{write:0300}").into();
        object["metadata"].as_object_mut().unwrap().remove("resourceVersion");
        let (status, written) = server.request(Method::PUT, &format!("{MAPS}/a"), Some(&object)).await;
        assert!(status.is_success(), "{written}");
        if write % 100 == 99 {
            // Who reads has everything: nobody waits for those who do not.
            count(&mut reader, 100).await;
        }
    }
    // What was sent to a stalled watcher is what fits into the pipe, the connection and one piece.
    let most = (PIPE + BUFFER + 2 * PIECE) / event + 1;
    let sent = events_sent(&server).await - WRITES - 1;
    assert!(sent <= WATCHERS * most, "{sent} events, {most} for each of {WATCHERS}");
    assert!(most * 10 < WRITES, "a bound that means something: {most} of {WRITES}");

    for client in stalled.iter_mut().take(10) {
        let mut text = String::new();
        // The stream ends, the connection stays.
        while !text.contains("\"type\":\"ERROR\"") {
            let mut piece = [0; 16 * 1024];
            let read = timeout(Duration::from_secs(60), client.read(&mut piece)).await.unwrap().unwrap();
            text.push_str(std::str::from_utf8(&piece[..read]).unwrap());
        }
        let line = text.lines().find(|line| line.contains("\"type\":\"ERROR\"")).unwrap();
        let event: Value = serde_json::from_str(line).unwrap();
        assert_eq!(
            (event["object"]["code"].as_u64(), event["object"]["reason"].as_str()),
            (Some(410), Some("Expired"))
        );
    }
}

#[tokio::test(start_paused = true)]
async fn the_state_with_which_a_watch_begins_comes_in_pieces_too() {
    const OBJECTS: usize = 5000;
    let server = Server::start().await;
    for i in 0..OBJECTS {
        server.config_map(&format!("c{i:05}")).await;
    }
    let path = format!(
        "{MAPS}?watch=1&allowWatchBookmarks=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan"
    );
    let mut watch = server.open(Method::GET, &path, None).await.into_body();
    // Read at one version, whatever happens meanwhile.
    server.delete(&format!("{MAPS}/c04999")).await;
    let (mut names, mut largest) = (Vec::new(), 0);
    loop {
        let frame = watch.frame().await.unwrap().unwrap().into_data().unwrap();
        for line in frame.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
            largest = largest.max(line.len());
            let event: Value = serde_json::from_slice(line).unwrap();
            names.push((
                event["type"].as_str().unwrap().to_owned(),
                event["object"]["metadata"]["name"].clone(),
            ));
        }
        assert!(frame.len() <= PIECE + largest + 1, "{} bytes", frame.len());
        if names.last().unwrap().0 == "BOOKMARK" {
            break;
        }
    }
    assert_eq!(names.len(), OBJECTS + 1);
    assert!(
        names[..OBJECTS]
            .iter()
            .enumerate()
            .all(|(i, (kind, name))| kind == "ADDED" && *name == format!("c{i:05}"))
    );
    let frame = watch.frame().await.unwrap().unwrap().into_data().unwrap();
    let event: Value = serde_json::from_slice(&frame).unwrap();
    assert_eq!(
        (event["type"].as_str(), &event["object"]["metadata"]["name"]),
        (Some("DELETED"), &Value::from("c04999"))
    );
}

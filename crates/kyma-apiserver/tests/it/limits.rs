//! Limits of requests, under attack: too large, too many, too slow; and others are served meanwhile.

use std::convert::Infallible;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use http::{Method, Request, StatusCode};
use http_body::Frame;
use http_body_util::{Full, StreamBody};
use kyma_apiserver::{ApiServer, Body, Limits, User};
use serde_json::{Value, json};
use tokio::time::Instant;
use tower::{Service as _, ServiceExt as _};

use crate::server::{Server, call, whole};

const MAPS: &str = "/api/v1/namespaces/default/configmaps";

async fn limited(limits: Limits) -> Server {
    Server::with(|builder| builder.limits(limits)).await
}

/// A body whose end never comes.
fn endless(
    start: impl Into<Bytes>,
) -> impl http_body::Body<Data = Bytes, Error = Infallible> + Send + 'static {
    let start = Frame::data(start.into());
    StreamBody::new(Box::pin(stream::iter([Ok(start)]).chain(stream::pending())))
}

/// Sends a request whose body never ends, as an admin.
fn send_slowly(
    server: &ApiServer,
    path: &str,
    start: impl Into<Bytes>,
) -> tokio::task::JoinHandle<http::Response<Body>> {
    let mut client = server.client(User::admin());
    let request = Request::builder().method(Method::POST).uri(path).body(endless(start)).unwrap();
    tokio::spawn(async move { client.call(request).await.unwrap() })
}

async fn sent(server: &Server, content: (&str, &str), body: Vec<u8>) -> (u16, Value) {
    let (name, value) = content;
    let request = Request::builder().method(Method::POST).uri(MAPS).header(name, value);
    let client = server.server.client(User::admin());
    let response = client.oneshot(request.body(Full::new(Bytes::from(body))).unwrap()).await.unwrap();
    let (parts, text) = whole(response).await;
    (parts.status.as_u16(), serde_json::from_str(&text).unwrap())
}

/// The value of the metric whose line begins so.
async fn metric(server: &Server, start: &str) -> f64 {
    let (_, text) = server.text("/metrics").await;
    let line = text.lines().find(|line| line.starts_with(start));
    line.map_or(0.0, |line| line.rsplit_once(' ').unwrap().1.parse().unwrap())
}

#[tokio::test(start_paused = true)]
async fn a_body_of_ten_mebibytes_is_refused_and_not_kept() {
    let server = Server::start().await;
    let body = json!({"metadata": {"name": "big"}, "data": {"a": "x".repeat(10 << 20)}});
    let (status, answer) = server.request(Method::POST, MAPS, Some(&body)).await;
    assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(
        answer,
        json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
            "message": "Request entity too large: limit is 3145728", "reason": "RequestEntityTooLarge", "code": 413})
    );
    assert_eq!(server.request(Method::GET, &format!("{MAPS}/big"), None).await.0, StatusCode::NOT_FOUND);
    assert_eq!(metric(&server, "kymactl_request_body_bytes").await, 0.0);
}

#[tokio::test(start_paused = true)]
async fn labels_are_bounded_by_what_is_kept_and_annotations_by_their_sum() {
    let server = Server::start().await;
    let many = |count: usize| -> serde_json::Map<String, Value> {
        (0..count).map(|i| (format!("l{i:06}"), Value::from("v"))).collect()
    };
    let body = json!({"metadata": {"name": "labels", "labels": many(40_000)}});
    let made = server.create(MAPS, &body).await;
    assert_eq!(made["metadata"]["labels"].as_object().unwrap().len(), 40_000);
    assert_eq!(made["metadata"]["managedFields"].as_array().unwrap().len(), 1);
    // Who owns what is left out where it makes an object too large, as the real server does.
    let body = json!({"metadata": {"name": "more", "labels": many(80_000)}});
    let made = server.create(MAPS, &body).await;
    assert_eq!(made["metadata"]["labels"].as_object().unwrap().len(), 80_000);
    assert_eq!(made["metadata"].get("managedFields"), None);
    let body = json!({"metadata": {"name": "most", "labels": many(120_000)}});
    let (status, answer) = server.request(Method::POST, MAPS, Some(&body)).await;
    assert_eq!((status.as_u16(), &answer["message"]), (500, &json!("etcdserver: request is too large")));
    let body = json!({"metadata": {"name": "notes", "annotations": many(100_000)}});
    let (status, answer) = server.request(Method::POST, MAPS, Some(&body)).await;
    assert_eq!(status.as_u16(), 422);
    assert_eq!(
        answer["message"],
        "ConfigMap \"notes\" is invalid: metadata.annotations: Too long: may not be more than 262144 bytes"
    );
}

#[tokio::test(start_paused = true)]
async fn nothing_is_unpacked_and_what_is_unknown_is_refused() {
    let server = Server::start().await;
    // As the real server: who packs a body is told that it cannot be read.
    let (code, answer) = sent(&server, ("content-encoding", "gzip"), vec![0x1f, 0x8b, 8, 0]).await;
    assert_eq!((code, answer["reason"].as_str()), (400, Some("BadRequest")), "{answer}");
    let (code, answer) = sent(&server, ("content-type", "text/plain"), b"{}".to_vec()).await;
    assert_eq!((code, answer["reason"].as_str()), (415, Some("UnsupportedMediaType")), "{answer}");
}

#[tokio::test(start_paused = true)]
async fn beyond_the_limit_it_is_come_back_later_and_other_gates_stay_open() {
    let server = limited(Limits { max_requests_inflight: 1, ..Limits::default() }).await;
    let guest = server.server.client(User::new("guest", []));
    let mut admin = server.server.client(User::admin());
    // It waits for a version that is still to come.
    let path = format!("{MAPS}?resourceVersion=1000000");
    let waiting = tokio::spawn(async move {
        let request = Request::builder().uri(path).body(Full::<Bytes>::default()).unwrap();
        admin.call(request).await.unwrap().status()
    });
    tokio::task::yield_now().await;
    let refused = call(guest.clone(), Method::GET, "/apis", None).await;
    let (parts, text) = whole(refused).await;
    assert_eq!(parts.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(
        (&parts.headers["retry-after"], text.as_str()),
        (&"1".parse().unwrap(), "Too many requests, please try again later.\n")
    );
    assert_eq!(parts.headers["content-type"], "text/plain; charset=utf-8");
    // Writes have a gate of their own; masters and health always get in.
    server.config_map("a").await;
    assert_eq!(server.get(&format!("{MAPS}/a")).await["metadata"]["name"], "a");
    assert_eq!(call(server.server.anonymous(), Method::GET, "/readyz", None).await.status(), StatusCode::OK);
    assert_eq!(waiting.await.unwrap(), StatusCode::GATEWAY_TIMEOUT);
    assert_eq!(call(guest, Method::GET, "/apis", None).await.status(), StatusCode::OK);
    assert_eq!(metric(&server, "apiserver_request_terminations_total{verb=\"GET\"").await, 1.0);
}

#[tokio::test(start_paused = true)]
async fn a_request_that_takes_too_long_is_cut_off() {
    let server = Server::start().await;
    for (query, seconds) in [("", 60), ("?timeout=2s", 2), ("?timeout=1h", 60)] {
        let began = Instant::now();
        let slow = send_slowly(&server.server, &format!("{MAPS}{query}"), "{\"metadata\":");
        let (parts, text) = whole(slow.await.unwrap()).await;
        assert_eq!(
            (parts.status.as_u16(), began.elapsed()),
            (504, Duration::from_secs(seconds)),
            "{query:?}"
        );
        let answer: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(answer["message"], "Timeout: request did not complete within the allotted timeout");
        assert_eq!(answer["reason"], "Timeout");
    }
    let (status, answer) = server.request(Method::GET, &format!("{MAPS}?timeout=soon"), None).await;
    assert_eq!(status.as_u16(), 400);
    assert_eq!(
        answer["message"],
        "invalid timeout specified in the request URL - time: invalid duration \"soon\""
    );
    assert_eq!(metric(&server, "apiserver_current_inflight_requests{request_kind=\"mutating\"}").await, 0.0);
    assert_eq!(metric(&server, "kymactl_request_body_bytes").await, 0.0);
}

#[tokio::test(start_paused = true)]
async fn all_bodies_together_are_bounded() {
    let server = limited(Limits { max_body_bytes_inflight: 2000, ..Limits::default() }).await;
    let slow = send_slowly(&server.server, MAPS, vec![b' '; 1900]);
    tokio::task::yield_now().await;
    assert_eq!(metric(&server, "kymactl_request_body_bytes").await, 1900.0);
    let body = json!({"metadata": {"name": "a"}, "data": {"a": "x".repeat(200)}});
    let refused = server.open(Method::POST, MAPS, Some(&body)).await;
    assert_eq!(refused.status(), StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(refused.headers()["retry-after"], "1");
    server.config_map("small").await;
    slow.abort();
    assert!(slow.await.unwrap_err().is_cancelled());
    server.create(MAPS, &body).await;
}

#[tokio::test(start_paused = true)]
async fn watches_are_bounded_for_everybody() {
    let server = limited(Limits { max_watches: 2, ..Limits::default() }).await;
    let watch = async || server.open(Method::GET, &format!("{MAPS}?watch=1"), None).await;
    let (first, _second) = (watch().await, watch().await);
    assert_eq!(first.status(), StatusCode::OK);
    assert_eq!(watch().await.status(), StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(server.request(Method::GET, MAPS, None).await.0, StatusCode::OK, "a list is no watch");
    drop(first);
    assert_eq!(watch().await.status(), StatusCode::OK);
}

//! The client against a small server on loopback, without TLS.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::json;
use tokio::net::TcpListener;

use super::*;
use crate::error::Error;

/// How often the server was asked, and how many connections it had.
#[derive(Debug, Default)]
struct Counts {
    requests: AtomicUsize,
    connections: AtomicUsize,
}

/// Answers every request by `answer`, given its path and query; `None` ends the connection.
async fn serve(answer: fn(&str) -> Option<(StatusCode, &'static str)>) -> (Endpoint, Arc<Counts>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = Endpoint::plain(listener.local_addr().unwrap());
    let counts = Arc::new(Counts::default());
    let shared = Arc::clone(&counts);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            shared.connections.fetch_add(1, Ordering::Relaxed);
            let counts = Arc::clone(&shared);
            let service = service_fn(move |request: Request<Incoming>| {
                counts.requests.fetch_add(1, Ordering::Relaxed);
                let answer = answer(&request.uri().to_string());
                async move {
                    let (status, body) = answer.ok_or("hung up")?;
                    let body = Full::new(Bytes::from_static(body.as_bytes()));
                    Ok::<_, &str>(Response::builder().status(status).body(body).unwrap())
                }
            });
            tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
        }
    });
    (endpoint, counts)
}

struct Gets;

impl Job for Gets {
    fn call(&self, i: usize) -> Call {
        Call::get(format!("/{i}"))
    }

    fn check(&self, _i: usize, answer: &Answer) -> Result<(), String> {
        if answer.body == "wrong" { Err("it is wrong".to_owned()) } else { Ok(()) }
    }
}

#[tokio::test]
async fn a_crew_sends_each_request_once_on_its_own_connections() {
    let (endpoint, counts) = serve(|_| Some((StatusCode::OK, "fine"))).await;
    let mut crew = Crew::open(&endpoint, 3).await.unwrap();
    for round in 1..=2 {
        let outcome = crew.work(50, Arc::new(Gets)).await.unwrap();
        assert_eq!((outcome.latencies.len(), outcome.errors, outcome.first_error), (50, 0, None));
        assert!(outcome.latencies.is_sorted() && outcome.elapsed >= outcome.latencies[0]);
        assert_eq!(counts.requests.load(Ordering::Relaxed), 50 * round);
    }
    assert_eq!(counts.connections.load(Ordering::Relaxed), 3);
}

#[tokio::test]
async fn refusals_wrong_answers_and_lost_connections_are_errors() {
    let (endpoint, counts) = serve(|path| match path {
        "/3" => Some((StatusCode::CONFLICT, r#"{"message": "taken"}"#)),
        "/5" => Some((StatusCode::OK, "wrong")),
        "/7" => None,
        _ => Some((StatusCode::OK, "")),
    })
    .await;
    let mut crew = Crew::open(&endpoint, 1).await.unwrap();
    let outcome = crew.work(20, Arc::new(Gets)).await.unwrap();
    assert_eq!((outcome.latencies.len(), outcome.errors), (20, 3));
    let first = outcome.first_error.unwrap();
    assert!(first.contains("GET /3 was answered 409 Conflict: taken"), "{first}");
    assert_eq!(counts.connections.load(Ordering::Relaxed), 2, "only the lost one is opened again");
}

#[tokio::test]
async fn a_refusal_says_why() {
    let (endpoint, _) = serve(|_| Some((StatusCode::FORBIDDEN, "no\n"))).await;
    let mut connection = endpoint.connect().await.unwrap();
    let error = connection.accepted(&Call::post("/a", &json!({"a": 1}))).await.unwrap_err();
    assert_eq!(error.to_string(), "POST /a was answered 403 Forbidden: no");
    let refused = Watch::open(&endpoint, "/a", "1").await;
    assert!(matches!(refused, Err(Error::Refused { status: StatusCode::FORBIDDEN, .. })), "{refused:?}");
}

#[tokio::test]
async fn a_watch_is_a_line_for_each_event() {
    let (endpoint, _) = serve(|path| {
        assert_eq!(path, "/things?watch=true&resourceVersion=7&timeoutSeconds=3600");
        Some((
            StatusCode::OK,
            "{\"type\":\"ADDED\",\"object\":{\"a\":1}}\n{\"type\":\"ERROR\",\"object\":{\"code\":410}}\nend\n",
        ))
    })
    .await;
    let mut watch = Watch::open(&endpoint, "/things", "7").await.unwrap();
    let line = watch.next().await.unwrap().unwrap();
    let event = watch.event(&line).unwrap();
    assert_eq!((event.kind.as_ref(), event.object.get()), ("ADDED", "{\"a\":1}"));
    let line = watch.next().await.unwrap().unwrap();
    let error = watch.event(&line).unwrap_err();
    assert_eq!(error.to_string(), "the watch of /things failed: {\"code\":410}");
    let line = watch.next().await.unwrap().unwrap();
    assert!(matches!(watch.event(&line), Err(Error::ParseAnswer { .. })));
    assert!(watch.next().await.unwrap().is_none());
}

#[tokio::test]
async fn what_takes_too_long_is_given_up() {
    let limit = Duration::from_millis(1);
    let error = crate::error::within(limit, "nothing", std::future::pending::<Result<(), Error>>())
        .await
        .unwrap_err();
    assert_eq!(error.to_string(), "nothing took longer than 1ms");
}

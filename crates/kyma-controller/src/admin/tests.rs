//! The sites over real sockets, and their answers without.

use http::Request;
use http_body_util::BodyExt;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::*;
use crate::shutdown;

async fn answer_to(site: &Site, method: Method, uri: &str, accept: &str) -> (u16, String, String) {
    let request = Request::builder().method(method).uri(uri).header(ACCEPT, accept).body(()).unwrap();
    let response = respond(site, &request);
    let kind = response.headers()[CONTENT_TYPE].to_str().unwrap().to_owned();
    let status = response.status().as_u16();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (status, kind, String::from_utf8(body.to_vec()).unwrap())
}

#[tokio::test]
async fn each_site_serves_its_own_paths() {
    let metrics = Site::Metrics(Metrics::new());
    let health = Health::new();
    health.add_liveness("always", || Ok(()));
    health.add_readiness("never", || Err("not today".to_owned()));
    let health = Site::Health(health);

    let (status, kind, body) = answer_to(&metrics, Method::GET, "/metrics", "*/*").await;
    assert_eq!((status, kind.as_str()), (200, "text/plain; version=0.0.4; charset=utf-8"));
    assert!(body.contains("# TYPE event_recorder_events_total counter\n"), "{body}");
    let (_, kind, body) =
        answer_to(&metrics, Method::GET, "/metrics", "application/openmetrics-text;version=1.0.0").await;
    assert!(kind.starts_with("application/openmetrics-text") && body.ends_with("# EOF\n"));

    let (status, _, body) = answer_to(&health, Method::GET, "/healthz?verbose", "").await;
    assert_eq!((status, body.as_str()), (200, "[+]ping ok\n[+]always ok\nhealthz check passed\n"));
    let (status, _, body) = answer_to(&health, Method::GET, "/readyz", "").await;
    assert_eq!(
        (status, body.as_str()),
        (500, "[+]ping ok\n[-]never failed: not today\nreadyz check failed\n")
    );

    for (site, method, path, status) in [
        (&metrics, Method::GET, "/healthz", 404),
        (&metrics, Method::GET, "/", 404),
        (&metrics, Method::POST, "/metrics", 405),
        (&health, Method::GET, "/metrics", 404),
        (&health, Method::DELETE, "/healthz", 405),
    ] {
        assert_eq!(answer_to(site, method, path, "").await.0, status, "{path}");
    }
}

#[tokio::test]
async fn a_site_is_served_over_the_network_until_the_drain() {
    let listener = bind(&AddressChoice::Given("127.0.0.1:0".into())).await.unwrap().unwrap();
    let address = listener.local_addr();
    let (drain, shutdown) = shutdown::channel();
    let server = tokio::spawn(serve(listener, Site::Health(Health::new()), Access::default(), shutdown));

    let mut idle = TcpStream::connect(address).await.unwrap();
    let mut client = TcpStream::connect(address).await.unwrap();
    client.write_all(b"GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").await.unwrap();
    let mut response = String::new();
    client.read_to_string(&mut response).await.unwrap();
    assert!(response.starts_with("HTTP/1.1 200 OK\r\n") && response.ends_with("\r\n\r\nok"), "{response}");

    drain.begin();
    server.await.unwrap();
    assert_eq!(idle.read(&mut [0; 1]).await.unwrap_or(0), 0, "idle connections are closed");
    assert!(TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn many_silent_connections_do_not_shut_out_a_probe() {
    let listener = bind(&AddressChoice::Given("127.0.0.1:0".into())).await.unwrap().unwrap();
    let address = listener.local_addr();
    let (_drain, shutdown) = shutdown::channel();
    let _server = tokio::spawn(serve(listener, Site::Health(Health::new()), Access::default(), shutdown));
    let mut silent = Vec::new();
    for _ in 0..2 * CONNECTIONS {
        silent.push(TcpStream::connect(address).await.unwrap());
    }
    let mut client = TcpStream::connect(address).await.unwrap();
    client.write_all(b"GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").await.unwrap();
    let mut response = String::new();
    client.read_to_string(&mut response).await.unwrap();
    assert!(response.ends_with("ok"), "{response}");
    assert_eq!(silent[0].read(&mut [0; 1]).await.unwrap_or(0), 0, "the oldest is closed");
}

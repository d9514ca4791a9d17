//! The client over an in-process service under paused time.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request, Response};
use http_body_util::{BodyExt, Full, StreamBody};
use kube::client::Body;
use kyma_workqueue::Turn;
use parking_lot::Mutex;
use tokio::time::Instant;
use tower::service_fn;

use super::{ClientOptions, Fence, Qps, over_config, over_service};
use crate::metrics::{Format, Metrics};

/// What a server saw: when, and which path.
type Log = Arc<Mutex<Vec<(u64, String)>>>;

/// A client of a server that takes this long for each request.
fn client(options: &ClientOptions, latency: Duration, metrics: &Metrics) -> (kube::Client, Log) {
    let log = Log::default();
    let start = Instant::now();
    let service = service_fn({
        let log = log.clone();
        move |request: Request<Body>| {
            let millis = u64::try_from(start.elapsed().as_millis()).unwrap();
            log.lock().push((millis, request.uri().path().to_owned()));
            async move {
                tokio::time::sleep(latency).await;
                Ok::<_, Infallible>(Response::new(Full::new(Bytes::from_static(b"{}"))))
            }
        }
    });
    (over_service(service, "default", options, metrics), log)
}

/// Sends a GET and reads its response to the end.
async fn get(client: &kube::Client, path: &str, turn: Option<Turn>) {
    let mut request = Request::get(path).body(Body::empty()).unwrap();
    if let Some(turn) = turn {
        request.extensions_mut().insert(turn);
    }
    client.send(request).await.unwrap().into_body().collect().await.unwrap();
}

/// Sends all at once, in this order.
async fn get_all(client: &kube::Client, requests: impl IntoIterator<Item = (String, Option<Turn>)>) {
    let mut tasks = tokio::task::JoinSet::new();
    for (path, turn) in requests {
        let client = client.clone();
        tasks.spawn(async move { get(&client, &path, turn).await });
    }
    while let Some(task) = tasks.join_next().await {
        task.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn the_rate_is_kept_after_the_burst() {
    let options = ClientOptions {
        qps: Qps::PerSecond(10.0),
        burst: 3,
        max_connections: 99,
        ..ClientOptions::default()
    };
    let (client, log) = client(&options, Duration::ZERO, &Metrics::new());
    get_all(&client, (0..8).map(|n| (format!("/{n}"), None))).await;
    let times: Vec<_> = log.lock().iter().map(|(at, _)| *at).collect();
    assert_eq!(times, [0, 0, 0, 100, 200, 300, 400, 500]);
}

#[tokio::test(start_paused = true)]
async fn those_who_wait_leave_in_the_order_of_their_turn() {
    for options in [
        ClientOptions { qps: Qps::PerSecond(1.0), burst: 1, max_connections: 99, ..ClientOptions::default() },
        ClientOptions { max_connections: 1, ..ClientOptions::unlimited() },
    ] {
        let (client, log) = client(&options, Duration::from_millis(1), &Metrics::new());
        get_all(
            &client,
            [
                ("/first".to_owned(), None),
                ("/sweep".to_owned(), Some(Turn::sweep(9))),
                ("/default".to_owned(), None),
                ("/short".to_owned(), Some(Turn::dependent(3))),
                ("/long".to_owned(), Some(Turn::dependent(66))),
                ("/user".to_owned(), Some(Turn::user(0))),
            ],
        )
        .await;
        let paths: Vec<_> = log.lock().iter().map(|(_, path)| path.clone()).collect();
        assert_eq!(paths, ["/first", "/user", "/long", "/short", "/default", "/sweep"], "{options}");
    }
}

#[tokio::test(start_paused = true)]
async fn requests_under_way_are_bounded_until_their_bodies_are_read() {
    let options = ClientOptions { max_connections: 2, ..ClientOptions::unlimited() };
    let (client, log) = client(&options, Duration::from_secs(1), &Metrics::new());
    get_all(&client, (0..5).map(|n| (format!("/{n}"), None))).await;
    let times: Vec<_> = log.lock().iter().map(|(at, _)| *at).collect();
    assert_eq!(times, [0, 0, 1000, 1000, 2000]);

    let request = || Request::get("/kept").body(Body::empty()).unwrap();
    let first = client.send(request()).await.unwrap();
    let _second = client.send(request()).await.unwrap();
    let third = client.send(request());
    tokio::pin!(third);
    assert!(tokio::time::timeout(Duration::from_secs(60), third.as_mut()).await.is_err());
    drop(first);
    tokio::time::timeout(Duration::from_secs(2), third).await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn watches_and_leases_do_not_wait() {
    let options = ClientOptions {
        qps: Qps::PerSecond(0.001),
        burst: 1,
        max_connections: 1,
        ..ClientOptions::default()
    };
    let metrics = Metrics::new();
    let (client, log) = client(&options, Duration::from_secs(1), &metrics);
    let lease = "/apis/coordination.k8s.io/v1/namespaces/a/leases/b";
    let start = Instant::now();
    get_all(&client, ["/token", "/pods?watch=true", lease].map(|path| (path.to_owned(), None))).await;
    assert_eq!(start.elapsed(), Duration::from_secs(1));
    assert_eq!(log.lock().len(), 3);
    let text = metrics.encode(Format::Text);
    let count = |name: &str| {
        let line = text.lines().find(|line| line.starts_with(&format!("{name}{{"))).unwrap();
        line.rsplit(' ').next().unwrap().to_owned()
    };
    assert_eq!(count("rest_client_requests_total"), "3");
    assert_eq!(count("rest_client_request_duration_seconds_count"), "2", "a watch has no duration");
    assert_eq!(count("rest_client_rate_limiter_duration_seconds_count"), "1");
}

#[tokio::test(start_paused = true)]
async fn a_request_that_is_given_up_makes_room() {
    let options = ClientOptions { max_connections: 1, ..ClientOptions::unlimited() };
    let (client, log) = client(&options, Duration::from_secs(10), &Metrics::new());
    let request = |path: &'static str| {
        let client = client.clone();
        async move { client.send(Request::get(path).body(Body::empty()).unwrap()).await }
    };
    let under_way = tokio::spawn(request("/under-way"));
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert!(tokio::time::timeout(Duration::from_secs(1), request("/impatient")).await.is_err());
    under_way.abort();
    let start = Instant::now();
    get(&client, "/next", None).await;
    assert_eq!(start.elapsed(), Duration::from_secs(10), "nobody is in the way");
    let paths: Vec<_> = log.lock().iter().map(|(_, path)| path.clone()).collect();
    assert_eq!(paths, ["/under-way", "/next"]);
}

#[tokio::test(start_paused = true)]
async fn a_request_that_is_given_up_takes_no_token() {
    let options =
        ClientOptions { qps: Qps::PerSecond(0.1), burst: 1, max_connections: 9, ..ClientOptions::default() };
    let (client, log) = client(&options, Duration::ZERO, &Metrics::new());
    get(&client, "/first", None).await;
    let impatient = get(&client, "/impatient", Some(Turn::user(9)));
    assert!(tokio::time::timeout(Duration::from_secs(1), impatient).await.is_err());
    get(&client, "/next", None).await;
    assert_eq!(*log.lock(), [(0, "/first".to_owned()), (10_000, "/next".to_owned())]);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_does_not_answer_is_given_up() {
    let metrics = Metrics::new();
    let (client, _) = client(&ClientOptions::default(), Duration::from_secs(100_000), &metrics);
    let start = Instant::now();
    let error = client.send(Request::get("/").body(Body::empty()).unwrap()).await.unwrap_err();
    assert_eq!(start.elapsed(), Duration::from_secs(65));
    assert!(error.to_string().contains("did not begin to answer within 65 s"), "{error}");
    assert!(metrics.encode(Format::Text).contains(r#"{code="<error>",method="GET",host="in-process"} 1"#));
}

#[tokio::test(start_paused = true)]
async fn a_body_that_goes_on_for_ever_is_no_late_response() {
    let service = service_fn(|_: Request<Body>| async {
        let frames = futures_util::stream::unfold(3, |left| async move {
            tokio::time::sleep(Duration::from_secs(100)).await;
            let frame = http_body::Frame::data(Bytes::from_static(b"."));
            (left > 0).then_some((Ok::<_, Infallible>(frame), left - 1))
        });
        Ok::<_, Infallible>(Response::new(StreamBody::new(frames)))
    });
    let client = over_service(service, "default", &ClientOptions::default(), &Metrics::new());
    let response = client.send(Request::get("/?watch=true").body(Body::empty()).unwrap()).await.unwrap();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    assert_eq!(body, "...");
}

#[tokio::test]
async fn a_configuration_makes_a_client_and_a_proxy_does_not() {
    let config = || kube::Config::new("http://127.0.0.1:1".parse().unwrap());
    let metrics = Metrics::new();
    let client = over_config(config(), &ClientOptions::default(), &metrics).unwrap();
    let refused = client.send(Request::get("/version").body(Body::empty()).unwrap()).await.unwrap_err();
    assert_eq!(crate::ErrorClass::of(&refused), crate::ErrorClass::Transport);
    assert!(metrics.encode(Format::Text).contains(r#"{code="<error>",method="GET",host="127.0.0.1:1"} 1"#));

    let mut encrypted = kube::Config::new("https://127.0.0.1:1".parse().unwrap());
    encrypted.accept_invalid_certs = true;
    over_config(encrypted, &ClientOptions::default(), &metrics).unwrap();

    let mut proxied = config();
    proxied.proxy_url = Some("http://proxy:3128".parse().unwrap());
    let error = over_config(proxied, &ClientOptions::default(), &metrics).err().unwrap();
    assert!(error.to_string().contains("http://proxy:3128"), "{error}");
}

/// Serves every request after a short while, and counts connections.
async fn serve_slowly(listener: tokio::net::TcpListener, opened: Arc<AtomicUsize>) {
    let mut connections = tokio::task::JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        opened.fetch_add(1, Ordering::Relaxed);
        connections.spawn(async move {
            let service = hyper::service::service_fn(|_| async {
                tokio::time::sleep(Duration::from_millis(2)).await;
                Ok::<_, Infallible>(Response::new(Full::new(Bytes::from_static(b"{}"))))
            });
            let io = hyper_util::rt::TokioIo::new(stream);
            hyper::server::conn::http1::Builder::new().serve_connection(io, service).await
        });
    }
}

#[tokio::test]
async fn connections_are_bounded_and_used_again() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let opened = Arc::new(AtomicUsize::new(0));
    let server = tokio::spawn(serve_slowly(listener, opened.clone()));
    let options = ClientOptions { max_connections: 3, ..ClientOptions::unlimited() };
    let client = over_config(kube::Config::new(url.parse().unwrap()), &options, &Metrics::new()).unwrap();
    get_all(&client, (0..200).map(|n| (format!("/{n}"), None))).await;
    let opened = opened.load(Ordering::Relaxed);
    assert!((1..=6).contains(&opened), "{opened} connections for 3 requests at a time");
    server.abort();
}

/// When each request came, and whether it was taken.
type Taken = Arc<Mutex<Vec<(u64, bool)>>>;

/// A client of a server that refuses, in any second, what is more than so many requests.
fn client_of_strict_server(limit: usize, metrics: &Metrics) -> (kube::Client, Taken) {
    let log = Taken::default();
    let start = Instant::now();
    let service = service_fn({
        let log = Arc::clone(&log);
        move |_: Request<Body>| {
            let now = u64::try_from(start.elapsed().as_millis()).unwrap();
            let mut log = log.lock();
            let taken =
                log.iter().rev().take_while(|(at, _)| now - at < 1000).filter(|(_, taken)| *taken).count();
            let takes = taken < limit;
            log.push((now, takes));
            async move {
                tokio::time::sleep(Duration::from_millis(5)).await;
                let response = Response::builder().status(if takes { 200 } else { 429 });
                Ok::<_, Infallible>(response.body(Full::new(Bytes::from_static(b"{}"))).unwrap())
            }
        }
    });
    let options = ClientOptions { qps: Qps::Auto, ..ClientOptions::default() };
    (over_service(service, "default", &options, metrics), log)
}

#[tokio::test(start_paused = true)]
async fn a_rate_that_is_to_be_found_is_found_and_shown() {
    let metrics = Metrics::new();
    let (client, log) = client_of_strict_server(100, &metrics);
    get_all(&client, (0..6000).map(|n| (format!("/{n}"), None))).await;
    let log = log.lock();
    let (end, _) = log[log.len() - 1];
    let late = |wanted| log.iter().filter(|(at, taken)| *at > 10_000 && *taken == wanted).count();
    let (taken, refused) = (late(true), late(false));
    assert!(taken as u64 * 1000 / (end - 10_000) >= 80, "{taken} in {end} ms");
    assert!(refused * 50 <= taken, "{refused} of {taken} refused");
    let text = metrics.encode(Format::Text);
    let line = text.lines().find(|line| line.starts_with("rest_client_rate_limiter_qps{")).unwrap();
    let shown: f64 = line.rsplit(' ').next().unwrap().parse().unwrap();
    assert!((70.0..=110.0).contains(&shown), "{line}");
}

#[test]
fn options_read_as_a_sentence() {
    let options = ClientOptions {
        qps: Qps::PerSecond(150.0),
        burst: 150,
        max_connections: 64,
        ..ClientOptions::default()
    };
    assert_eq!(options.to_string(), "150 requests/s after a burst of 150, 64 connections");
    assert_eq!(ClientOptions::unlimited().to_string(), "no rate limit, 64 connections");
    let negative = ClientOptions { qps: Qps::PerSecond(-1.0), ..options };
    assert_eq!(negative.to_string(), "no rate limit, 64 connections");
    let auto = ClientOptions { qps: Qps::Auto, ..ClientOptions::default() };
    assert_eq!(auto.to_string(), "as many requests/s as the server bears, 64 connections");
}

#[tokio::test]
async fn requests_say_who_asks() {
    let agents = Arc::new(Mutex::new(Vec::new()));
    let service = service_fn({
        let agents = Arc::clone(&agents);
        move |request: Request<Body>| {
            agents.lock().push(request.headers()[http::header::USER_AGENT].to_str().unwrap().to_owned());
            async { Ok::<_, Infallible>(Response::new(Full::new(Bytes::from_static(b"{}")))) }
        }
    });
    let options = ClientOptions { user_agent: "tool/1.2", ..ClientOptions::unlimited() };
    let client = over_service(service, "default", &options, &Metrics::new());
    get(&client, "/a", None).await;
    let own = Request::get("/b").header("user-agent", "mine/3").body(Body::empty()).unwrap();
    client.send(own).await.unwrap();
    assert_eq!(*agents.lock(), ["tool/1.2", "mine/3"]);
}

#[tokio::test(start_paused = true)]
async fn a_closed_fence_stops_writes_but_no_reads_and_no_leases() {
    let fence = Fence::closed();
    let options = ClientOptions { fence: Some(fence.clone()), ..ClientOptions::unlimited() };
    let (client, log) = client(&options, Duration::ZERO, &Metrics::new());
    let send = async |method, path: &str| {
        let mut request = Request::new(Body::empty());
        *request.method_mut() = method;
        *request.uri_mut() = path.parse().unwrap();
        client.send(request).await.map(drop)
    };
    let lease = "/apis/coordination.k8s.io/v1/namespaces/a/leases/b";
    send(Method::GET, "/api/v1/pods").await.unwrap();
    send(Method::PUT, lease).await.unwrap();
    let error = send(Method::PUT, "/api/v1/pods/status").await.unwrap_err();
    assert!(error.to_string().contains("does not lead"), "{error}");
    for method in [Method::POST, Method::PATCH, Method::DELETE] {
        send(method, "/api/v1/pods").await.unwrap_err();
    }
    assert_eq!(log.lock().len(), 2, "nothing else was sent");
    fence.open_until(Instant::now() + Duration::from_secs(1));
    send(Method::POST, "/api/v1/pods").await.unwrap();
}

/// Whoever has waited in the gate's line is asked once more.
#[tokio::test(start_paused = true)]
async fn a_fence_that_closes_while_a_write_waits_stops_it() {
    let fence = Fence::closed();
    fence.open_until(Instant::now() + Duration::from_secs(5));
    let options =
        ClientOptions { qps: Qps::PerSecond(0.1), burst: 1, fence: Some(fence), ..ClientOptions::default() };
    let (client, log) = client(&options, Duration::ZERO, &Metrics::new());
    let post = || client.send(Request::post("/api/v1/pods").body(Body::empty()).unwrap());
    post().await.unwrap();
    post().await.unwrap_err();
    assert_eq!(log.lock().len(), 1);
}

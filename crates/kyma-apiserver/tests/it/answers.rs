//! Clients that ask for much and do not read: what is held for them is bounded, and others are served.

use std::time::Duration;

use http::{Method, Request, StatusCode};
use http_body_util::BodyExt as _;
use kyma_apiserver::serve::ConnectionLimits;
use kyma_apiserver::{Body, Limits};
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt as _;
use tokio::time::{Instant, timeout};

use crate::serve::{PATIENCE, Served, alone, limits, resident};
use crate::server::{Server, whole};

const MAPS: &str = "/api/v1/namespaces/default/configmaps";
/// Ten objects of half a mebibyte: a list of five.
const OBJECTS: usize = 10;
const OBJECT: usize = 512 << 10;

fn object(name: &str, bytes: usize) -> Value {
    json!({"metadata": {"name": name}, "data": {"a": "x".repeat(bytes)}})
}

async fn filled(budget: usize) -> Server {
    let limits = Limits { max_response_bytes_inflight: budget, ..Limits::default() };
    let server = Server::with(|builder| builder.limits(limits)).await;
    for i in 0..OBJECTS {
        server.create(MAPS, &object(&format!("m{i}"), OBJECT)).await;
    }
    server
}

async fn held(server: &Server) -> usize {
    let (_, text) = server.text("/metrics").await;
    let line = text.lines().find_map(|line| line.strip_prefix("kymactl_response_body_bytes "));
    line.unwrap().parse().unwrap()
}

async fn list(server: &Server) -> http::Response<Body> {
    server.open(Method::GET, MAPS, None).await
}

#[tokio::test(start_paused = true)]
async fn lists_that_nobody_takes_are_bounded_while_objects_are_read_and_written() {
    let server = filled(20 << 20).await;
    let mut taken = Vec::new();
    let began = Instant::now();
    loop {
        let answer = list(&server).await;
        if answer.status() == StatusCode::TOO_MANY_REQUESTS {
            assert_eq!(answer.headers()["retry-after"], "1");
            break;
        }
        taken.push(answer);
    }
    assert_eq!(
        (taken.len(), began.elapsed()),
        (3, Duration::from_secs(10)),
        "the fourth waited for its turn"
    );
    let bytes = held(&server).await;
    assert!((15 << 20..20 << 20).contains(&bytes), "{bytes}");

    // Others do not notice.
    let began = Instant::now();
    server.create(MAPS, &object("new", 10)).await;
    assert_eq!(server.get(&format!("{MAPS}/new")).await["metadata"]["name"], "new");
    assert_eq!(server.code(&format!("{MAPS}?limit=1&fieldSelector=metadata.name%3Dnew")).await, 200);
    assert_eq!(server.code("/readyz").await, 200);
    let made = server.create(MAPS, &object("large", OBJECT)).await;
    assert_eq!(made["data"]["a"].as_str().unwrap().len(), OBJECT, "what was written is answered");
    assert_eq!(began.elapsed(), Duration::ZERO);

    // Room is there when the bytes are gone, wherever they went, and who waits gets it.
    let frame = taken.pop().unwrap().into_body().frame().await.unwrap().unwrap().into_data().unwrap();
    let piece = frame.slice(..10);
    drop(frame);
    let waiting = list(&server);
    let after = async {
        tokio::time::sleep(Duration::from_secs(5)).await;
        drop(piece);
    };
    let (answer, ()) = tokio::join!(waiting, after);
    assert_eq!((answer.status(), began.elapsed()), (StatusCode::OK, Duration::from_secs(5)));
    drop((answer, taken));
    assert!(held(&server).await < 64 << 10);
}

#[tokio::test(start_paused = true)]
async fn small_answers_that_nobody_takes_are_bounded_too() {
    let server = filled(1 << 20).await;
    let mut taken = Vec::new();
    loop {
        let answer = server.open(Method::GET, &format!("{MAPS}/none"), None).await;
        if answer.status() == StatusCode::TOO_MANY_REQUESTS {
            break;
        }
        taken.push(answer);
        assert!(taken.len() < 1000, "nobody minds");
    }
    // A write is turned away before it does anything; health is answered.
    let refused = server.open(Method::POST, MAPS, Some(&object("late", 10))).await;
    assert_eq!(refused.status(), StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(server.code("/readyz").await, 200);
    drop(taken);
    assert_eq!(server.code(&format!("{MAPS}/late")).await, 404);
    let (_, text) = server.text("/metrics").await;
    assert!(text.contains("apiserver_request_terminations_total{verb=\"POST\""), "{text}");
}

#[tokio::test(start_paused = true)]
async fn the_form_of_a_list_does_not_change_its_bound() {
    let server = filled(16 << 20).await;
    for accept in [
        "application/json;as=Table;v=v1;g=meta.k8s.io",
        "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io",
        "application/yaml",
    ] {
        let mut client = server.server.client(kyma_apiserver::User::admin());
        let request = Request::get(MAPS).header("accept", accept);
        let request = request.body(http_body_util::Empty::<bytes::Bytes>::new()).unwrap();
        let answer = tower::Service::call(&mut client, request).await.unwrap();
        let counted = held(&server).await;
        let (parts, text) = whole(answer).await;
        assert_eq!(parts.status, 200, "{accept}");
        assert!((text.len()..text.len() + (16 << 10)).contains(&counted), "{accept}: {counted}");
    }
}

/// Opens a connection of HTTP/2 whose window holds 64 KiB for all its answers, and asks for so many lists. What it returns
/// keeps it open.
async fn ask_and_do_not_read(served: &Served, lists: usize) -> Box<dyn std::any::Any> {
    let stream = served.connect(true, "localhost", "h2").await.unwrap();
    let (client, connection) = h2::client::handshake(stream).await.unwrap();
    let connection = tokio::spawn(connection);
    let mut client = client.ready().await.unwrap();
    let mut asked = Vec::new();
    for _ in 0..lists {
        let request = Request::get(format!("https://localhost{MAPS}")).body(()).unwrap();
        asked.push(client.send_request(request, true).unwrap().0);
        client = client.ready().await.unwrap();
    }
    Box::new((client, connection, asked))
}

#[test]
fn sixty_clients_that_want_300_mebibytes_and_never_read_get_little_of_it() {
    alone("answers::sixty_clients_that_never_read");
}

#[tokio::test]
#[ignore = "the test above runs it, in a process of its own"]
async fn sixty_clients_that_never_read() {
    const BUDGET: usize = 48 << 20;
    let folder = tempfile::tempdir().unwrap();
    let request = Limits { max_response_bytes_inflight: BUDGET, ..Limits::default() };
    let seconds = Duration::from_secs;
    let connection =
        ConnectionLimits { write_stall_timeout: seconds(3), idle_timeout: seconds(2), ..limits() };
    let served = Served::with(folder.path(), connection, |builder| builder.limits(request)).await;
    for i in 0..OBJECTS {
        let body = object(&format!("m{i}"), OBJECT).to_string();
        assert_eq!(served.post(MAPS, &body).await, 201);
    }
    let before = resident();
    let mut deaf = Vec::new();
    for _ in 0..60 {
        deaf.push(ask_and_do_not_read(&served, 1).await);
    }
    // Others are served meanwhile, and nothing grows.
    for _ in 0..20 {
        let answer = timeout(PATIENCE, served.get(true, &format!("{MAPS}?limit=1"), "")).await.unwrap();
        assert!([200, 429].contains(&answer), "{answer}: its object has half a mebibyte");
        assert_eq!(timeout(PATIENCE, served.get(true, "/api/v1/namespaces/default", "")).await.unwrap(), 200);
    }
    let grown = resident().saturating_sub(before);
    assert!(grown < (BUDGET as u64) + (64 << 20), "{} MiB", grown >> 20);
    // Those who take nothing are thrown out, and then there is room for a list.
    served.until_open(0).await;
    assert!(served.ended("write_stall_timeout") >= 1);
    assert_eq!(served.get(true, MAPS, "").await, 200);
}

#[tokio::test]
async fn a_connection_carries_so_many_requests_and_no_more() {
    const MOST: u32 = 10;
    let folder = tempfile::tempdir().unwrap();
    let limits = ConnectionLimits { streams: MOST, ..limits() };
    let served = Served::start(folder.path(), limits).await;
    let stream = served.connect(true, "localhost", "h2").await.unwrap();
    // Who ignores what the server has said about it: frames by hand.
    let mut attack = Attack { stream };
    attack.stream.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0").await.unwrap();
    for i in 0..3 * MOST {
        attack.watch(1 + 2 * i).await;
    }
    let (mut answered, mut refused) = (0, 0);
    while answered + refused < 3 * MOST {
        match timeout(PATIENCE, attack.frame()).await.unwrap().unwrap() {
            (HEADERS, _) => answered += 1,
            (RST_STREAM, payload) => {
                assert_eq!(payload, [0, 0, 0, 7], "REFUSED_STREAM");
                refused += 1;
            }
            _ => {}
        }
    }
    assert_eq!((answered, refused), (MOST, 2 * MOST));
    assert_eq!(served.stats.streams_full(), 1);
    // Who goes on like that is thrown out.
    for i in 3 * MOST..1000 {
        attack.watch(1 + 2 * i).await;
    }
    while timeout(PATIENCE, attack.frame()).await.unwrap().is_some() {}
    served.until_open(0).await;
    assert_eq!(served.get(true, MAPS, "").await, 200, "others are served");
}

/// Kinds of frames (RFC 9113, section 6).
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;

/// A client of HTTP/2 that does as it likes.
struct Attack {
    stream: tokio_rustls::client::TlsStream<tokio::net::TcpStream>,
}

impl Attack {
    /// Opens a stream with a request for a watch, whatever the server allows.
    async fn watch(&mut self, stream: u32) {
        let path = format!("{MAPS}?watch=1");
        // RFC 7541: GET and https by their numbers, the path and the authority in letters.
        let mut block = vec![0x82, 0x87, 0x04, u8::try_from(path.len()).unwrap()];
        block.extend_from_slice(path.as_bytes());
        block.extend_from_slice(b"\x01\x09localhost");
        let length = u32::try_from(block.len()).unwrap().to_be_bytes();
        let mut frame = length[1..].to_vec();
        // With END_STREAM and END_HEADERS.
        frame.extend_from_slice(&[HEADERS, 5]);
        frame.extend_from_slice(&stream.to_be_bytes());
        frame.extend_from_slice(&block);
        // Where the server has hung up, reading says so.
        let _ = self.stream.write_all(&frame).await;
    }

    /// The kind and the payload of the next frame.
    async fn frame(&mut self) -> Option<(u8, Vec<u8>)> {
        use tokio::io::AsyncReadExt as _;
        let mut head = [0; 9];
        self.stream.read_exact(&mut head).await.ok()?;
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
        let mut payload = vec![0; length as usize];
        self.stream.read_exact(&mut payload).await.ok()?;
        Some((head[3], payload))
    }
}

//! Connections over a pipe, on virtual time: every time limit to the second, and renewal over a year.

use std::pin::Pin;
use std::task::{Context, Poll};

use futures_util::future::poll_fn;
use http::{Request, StatusCode};
use jiff::Timestamp;
use kyma_store::TokioClock;
use parking_lot::Mutex;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex};
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tower::Service as _;

use super::*;

const START: &str = "2026-01-01T00:00:00Z";
const MAPS: &str = "/api/v1/namespaces/default/configmaps";
/// What a pipe holds that nobody reads.
const PIPE: usize = 16 * 1024;
const DAY: Duration = Duration::from_secs(24 * 3600);

/// What a client shows.
#[derive(Clone, Copy, PartialEq)]
enum Shows {
    Nothing,
    Admin,
    /// The certificate of another server's admin.
    Stranger,
}

/// tokio's clock, that can be set ahead: a year of timers is a long time even where nothing waits for it.
struct Ahead {
    tokio: TokioClock,
    by: Mutex<Duration>,
}

impl Ahead {
    fn set(&self, days: u32) {
        *self.by.lock() = DAY * days;
    }
}

impl Clock for Ahead {
    fn now(&self) -> Timestamp {
        self.tokio.now() + *self.by.lock()
    }

    fn elapsed(&self) -> Duration {
        self.tokio.elapsed()
    }
}

struct Bench {
    clock: Arc<Ahead>,
    floor: Arc<Floor>,
    identity: Identity,
    drain: watch::Sender<bool>,
    places: Arc<Semaphore>,
}

type Stream = TlsStream<DuplexStream>;

impl Bench {
    async fn new() -> Self {
        Bench::with(ConnectionLimits::default()).await
    }

    async fn with(limits: ConnectionLimits) -> Self {
        let start: Timestamp = START.parse().unwrap();
        let ahead = Arc::new(Ahead { tokio: TokioClock::starting_at(start), by: Mutex::default() });
        let clock: Arc<dyn Clock> = Arc::<Ahead>::clone(&ahead);
        let server = ApiServer::builder().clock(Arc::clone(&clock)).start().await.unwrap();
        let identity = Identity::generate(Names::of(Ipv4Addr::LOCALHOST.into()), start).unwrap();
        let tls = Tls::new(&identity, &clock).unwrap();
        let holder = TokenHolder { token: identity.token().clone(), user: Arc::new(User::admin()) };
        let stats = Arc::clone(server.connections());
        let floor = Arc::new(Floor { server, tls, holder, clock, limits, stats });
        Bench {
            clock: ahead,
            floor,
            identity,
            drain: watch::channel(false).0,
            places: Arc::new(Semaphore::new(100)),
        }
    }

    /// A pipe whose other end is served.
    fn pipe(&self) -> (DuplexStream, JoinHandle<()>) {
        let (client, server) = duplex(PIPE);
        let peer = SocketAddr::from(([127, 0, 0, 1], 50_000));
        let permit = Arc::clone(&self.places).try_acquire_owned().unwrap();
        let place = Place::taken(&self.floor.stats, permit);
        let connection = Arc::clone(&self.floor).connection(server, peer, self.drain.subscribe(), place);
        (client, tokio::spawn(connection))
    }

    async fn connect(&self, shows: Shows, protocol: &str) -> (Stream, JoinHandle<()>) {
        let (pipe, served) = self.pipe();
        let mut roots = RootCertStore::empty();
        roots.add(self.identity.authority_der().clone()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let time = Arc::new(tls::Time(Arc::clone(&self.floor.clock)));
        let config = ClientConfig::builder_with_details(provider, time).with_safe_default_protocol_versions();
        let config = config.unwrap().with_root_certificates(roots);
        let stranger =
            || Identity::generate(Names::of(Ipv4Addr::LOCALHOST.into()), self.floor.clock.now()).unwrap();
        let pem = match shows {
            Shows::Nothing => None,
            Shows::Admin => Some(self.identity.admin_pem()),
            Shows::Stranger => Some(stranger().admin_pem()),
        };
        let mut config = match pem {
            None => config.with_no_client_auth(),
            Some((certificate, key)) => {
                let certificate = CertificateDer::from_pem_slice(certificate.as_bytes()).unwrap();
                let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap();
                // Shown whatever the server hints at, as client-go does.
                let key = rustls::crypto::ring::sign::any_supported_type(&key).unwrap();
                let certified = rustls::sign::CertifiedKey::new(vec![certificate], key);
                config.with_client_cert_resolver(Arc::new(rustls::sign::SingleCertAndKey::from(certified)))
            }
        };
        config.alpn_protocols = vec![protocol.as_bytes().to_vec()];
        let name = ServerName::try_from("localhost").unwrap();
        let stream = TlsConnector::from(Arc::new(config)).connect(name, pipe).await.unwrap();
        (stream, served)
    }

    async fn config_map(&self, name: &str, data: &str) {
        let body = format!(r#"{{"metadata":{{"name":"{name}"}},"data":{{"a":"{data}"}}}}"#);
        let request = Request::post(MAPS).body(http_body_util::Full::from(body)).unwrap();
        let answer = self.floor.server.client(User::admin()).call(request).await.unwrap();
        assert_eq!(answer.status(), StatusCode::CREATED);
    }

    fn ended(&self, limit: &str) -> u64 {
        self.floor.stats.ended().into_iter().find(|(name, _)| *name == limit).unwrap().1
    }

    fn bearer(&self) -> String {
        format!("Authorization: Bearer {}\r\n", self.identity.token().text())
    }
}

/// Sends a request without a body and reads its answer, whose body must not be long.
async fn get(stream: &mut Stream, path: &str, headers: &str) -> (u16, String) {
    let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    answer(stream).await
}

async fn answer(stream: &mut Stream) -> (u16, String) {
    let mut bytes = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            if length.is_some_and(|length| body.len() >= length.parse().unwrap()) {
                return (head[9..12].parse().unwrap(), body.to_owned());
            }
        }
        assert_ne!(stream.read_buf(&mut bytes).await.unwrap(), 0, "closed after {text:?}");
    }
}

/// Waits for the end of a connection; how many seconds it lasted since then.
async fn lasts(since: Instant, served: JoinHandle<()>) -> u64 {
    served.await.unwrap();
    since.elapsed().as_secs()
}

#[tokio::test(start_paused = true)]
async fn a_client_that_never_sends_is_gone_after_the_handshakes_time() {
    let bench = Bench::new().await;
    let since = Instant::now();
    let (_silent, served) = bench.pipe();
    assert_eq!(bench.floor.stats.open(), 1);
    assert_eq!(lasts(since, served).await, 10);
    assert_eq!((bench.ended("tls_handshake_timeout"), bench.floor.stats.open()), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn a_head_that_does_not_end_is_cut_off() {
    let bench = Bench::new().await;
    let (mut stream, served) = bench.connect(Shows::Admin, "http/1.1").await;
    let since = Instant::now();
    let trickle = async {
        stream.write_all(b"GET / HTTP/1.1\r\n").await.unwrap();
        for i in 0.. {
            sleep(Duration::from_secs(1)).await;
            if stream.write_all(format!("X-{i}: a\r\n").as_bytes()).await.is_err() {
                return;
            }
        }
    };
    let (_, seconds) = tokio::join!(trickle, lasts(since, served));
    assert!((32..=40).contains(&seconds), "{seconds}");
    assert_eq!(bench.ended("header_read_timeout"), 1);
}

#[tokio::test(start_paused = true)]
async fn connections_without_requests_are_closed_and_watches_stay() {
    let bench = Bench::new().await;
    for protocol in ["http/1.1", "h2"] {
        let before = bench.ended("idle_timeout");
        let (_silent, served) = bench.connect(Shows::Admin, protocol).await;
        let seconds = lasts(Instant::now(), served).await;
        assert!((90..=99).contains(&seconds), "{protocol}: {seconds}");
        assert_eq!(bench.ended("idle_timeout"), before + 1, "{protocol}");
    }
    let (mut stream, served) = bench.connect(Shows::Admin, "http/1.1").await;
    sleep(Duration::from_secs(60)).await;
    assert_eq!(get(&mut stream, "/livez", "").await.0, 200);
    let seconds = lasts(Instant::now(), served).await;
    assert!((90..=99).contains(&seconds), "counted from the last request: {seconds}");

    let (mut stream, served) = bench.connect(Shows::Admin, "http/1.1").await;
    let watch = format!("GET {MAPS}?watch=1&timeoutSeconds=600 HTTP/1.1\r\nHost: localhost\r\n\r\n");
    stream.write_all(watch.as_bytes()).await.unwrap();
    let since = Instant::now();
    let mut bytes = Vec::new();
    while !bytes.ends_with(b"0\r\n\r\n") {
        assert_ne!(stream.read_buf(&mut bytes).await.unwrap(), 0);
    }
    assert_eq!(since.elapsed().as_secs(), 600, "a quiet watch is no idle connection");
    assert!(!served.is_finished());
}

#[tokio::test(start_paused = true)]
async fn a_body_that_trickles_has_its_time_and_no_more() {
    let bench = Bench::new().await;
    let (stream, served) = bench.connect(Shows::Admin, "http/1.1").await;
    let (mut read, mut write) = tokio::io::split(stream);
    let since = Instant::now();
    let head = format!("POST {MAPS} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n");
    write.write_all(head.as_bytes()).await.unwrap();
    let trickle = async {
        while write.write_all(b" ").await.is_ok() {
            sleep(Duration::from_secs(1)).await;
        }
    };
    let answered = async {
        let mut text = String::new();
        // The connection ends without a goodbye, since bytes of the body are still on their way.
        let _ = read.read_to_string(&mut text).await;
        (since.elapsed().as_secs(), text)
    };
    let ((), (seconds, text), _) = tokio::join!(trickle, answered, served);
    assert_eq!(seconds, 30);
    assert!(text.starts_with("HTTP/1.1 400") && text.contains("was not sent within 30 seconds"), "{text}");
    assert_eq!(bench.ended("body_read_timeout"), 1);
}

#[tokio::test(start_paused = true)]
async fn a_watcher_that_never_reads_loses_its_connection() {
    for protocol in ["http/1.1", "h2"] {
        let bench = Bench::new().await;
        let (stream, served) = bench.connect(Shows::Admin, protocol).await;
        let target = format!("https://localhost{MAPS}?watch=1");
        let mut kept: Vec<Box<dyn std::any::Any>> = Vec::new();
        if protocol == "h2" {
            let (mut client, connection) = h2::client::handshake(stream).await.unwrap();
            tokio::spawn(connection);
            client = client.ready().await.unwrap();
            let (answer, _) = client.send_request(Request::get(target).body(()).unwrap(), true).unwrap();
            kept.push(Box::new((client, answer.await.unwrap())));
        } else {
            let mut stream = stream;
            let request = format!("GET {MAPS}?watch=1 HTTP/1.1\r\nHost: localhost\r\n\r\n");
            stream.write_all(request.as_bytes()).await.unwrap();
            kept.push(Box::new(stream));
        }
        sleep(Duration::from_secs(300)).await;
        assert!(!served.is_finished(), "{protocol}: nothing is owed yet");
        let since = Instant::now();
        for i in 0..40 {
            bench.config_map(&format!("m{i}"), &"x".repeat(8 * 1024)).await;
        }
        let seconds = lasts(since, served).await;
        assert!((60..=68).contains(&seconds), "{protocol}: {seconds}");
        assert_eq!(bench.ended("write_stall_timeout"), 1, "{protocol}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_nobody_takes_ends_its_connection() {
    for protocol in ["http/1.1", "h2"] {
        let bench = Bench::new().await;
        for i in 0..40 {
            bench.config_map(&format!("m{i}"), &"x".repeat(8 * 1024)).await;
        }
        let (stream, served) = bench.connect(Shows::Admin, protocol).await;
        let since = Instant::now();
        let mut kept: Vec<Box<dyn std::any::Any>> = Vec::new();
        if protocol == "h2" {
            let (client, connection) = h2::client::handshake(stream).await.unwrap();
            tokio::spawn(connection);
            let mut client = client.ready().await.unwrap();
            let request = Request::get(format!("https://localhost{MAPS}")).body(()).unwrap();
            let (answer, _) = client.send_request(request, true).unwrap();
            // Its window is never opened further. What else the client does on the connection does not help it.
            kept.push(Box::new(answer.await.unwrap()));
            tokio::spawn(async move {
                loop {
                    let request = Request::get("https://localhost/livez").body(()).unwrap();
                    let Ok((answer, _)) = client.send_request(request, true) else { return };
                    if answer.await.is_err() {
                        return;
                    }
                    sleep(Duration::from_secs(5)).await;
                }
            });
        } else {
            let mut stream = stream;
            stream
                .write_all(format!("GET {MAPS} HTTP/1.1\r\nHost: localhost\r\n\r\n").as_bytes())
                .await
                .unwrap();
            kept.push(Box::new(stream));
        }
        let seconds = lasts(since, served).await;
        assert!((60..=68).contains(&seconds), "{protocol}: {seconds}");
        assert_eq!(bench.ended("write_stall_timeout"), 1, "{protocol}");
    }
}

#[tokio::test(start_paused = true)]
async fn who_asks_is_known_by_certificate_or_token() {
    let bench = Bench::new().await;
    let (token, wrong) = (bench.bearer(), "Authorization: Bearer wrong\r\n".to_owned());
    for (shows, headers, list, health) in [
        (Shows::Nothing, "", 401, 200),
        (Shows::Nothing, wrong.as_str(), 401, 401),
        (Shows::Nothing, token.as_str(), 200, 200),
        (Shows::Admin, "", 200, 200),
        (Shows::Admin, wrong.as_str(), 200, 200),
        (Shows::Stranger, "", 401, 401),
        (Shows::Stranger, token.as_str(), 200, 200),
    ] {
        let (mut stream, _) = bench.connect(shows, "http/1.1").await;
        let paths =
            [(MAPS, list), ("/livez", health), ("/readyz/ping", list), ("/version", health), ("/api", list)];
        for (path, status) in paths {
            let (answered, body) = get(&mut stream, path, headers).await;
            assert_eq!(answered, status, "{path} {headers}");
            assert!(status != 401 || body.contains(r#""reason":"Unauthorized""#), "{body}");
            assert!(!body.contains("wrong") && !body.contains(&bench.identity.token().text()));
        }
    }
    let stats = &bench.floor.stats;
    let counts = [stats.authenticated.get(), stats.anonymous.get(), stats.unauthorized.get()];
    assert_eq!(counts, [20, 5, 10]);
}

#[tokio::test(start_paused = true)]
async fn a_connection_does_not_outlive_its_certificate_unless_there_is_a_token() {
    let bench = Bench::new().await;
    let (mut stream, _) = bench.connect(Shows::Admin, "http/1.1").await;
    for days in [0, 364, 365] {
        bench.clock.set(days);
        assert_eq!(get(&mut stream, MAPS, "").await.0, 200, "{days}");
    }
    bench.clock.set(366);
    assert_eq!(get(&mut stream, MAPS, "").await.0, 401);
    assert_eq!(get(&mut stream, MAPS, &bench.bearer()).await.0, 200);
}

#[tokio::test(start_paused = true)]
async fn certificates_are_renewed_while_the_server_runs() {
    let mut bench = Bench::new().await;
    let folder = tempfile::tempdir().unwrap();
    let names = Names::of(Ipv4Addr::LOCALHOST.into());
    bench.identity = Identity::open(&folder.path().join("pki"), names, bench.floor.clock.now()).unwrap();
    let floor = Arc::get_mut(&mut bench.floor).unwrap();
    floor.tls = Tls::new(&bench.identity, &floor.clock).unwrap();
    floor.limits.idle_timeout = 3 * DAY;
    floor.limits.header_read_timeout = 3 * DAY;
    floor.limits.write_stall_timeout = 3 * DAY;
    let kubeconfig = Kubeconfig {
        path: folder.path().join("kubeconfig"),
        url: "https://127.0.0.1:6443".to_owned(),
        namespace: None,
    };
    kubeconfig.write(&bench.identity).unwrap();
    let shown = |stream: &Stream| stream.get_ref().1.peer_certificates().unwrap()[0].clone();
    let text = || std::fs::read_to_string(&kubeconfig.path).unwrap();

    let (mut before, _) = bench.connect(Shows::Admin, "http/1.1").await;
    let (written, clock) = (text(), Arc::clone(&bench.floor.clock));
    let floor = Arc::clone(&bench.floor);
    let renewing = renewal::run(&mut bench.identity, &floor.tls, &clock, Some(&kubeconfig));
    bench.clock.set(242);
    assert!(timeout(DAY, renewing).await.is_err());
    assert_eq!(text(), written, "not yet");
    let renewing = renewal::run(&mut bench.identity, &floor.tls, &clock, Some(&kubeconfig));
    assert!(timeout(DAY + Duration::from_secs(3600), renewing).await.is_err());
    assert_ne!(text(), written);

    assert_eq!(get(&mut before, "/livez", "").await.0, 200, "connections go on");
    let (mut after, _) = bench.connect(Shows::Admin, "http/1.1").await;
    assert_eq!(get(&mut after, MAPS, "").await.0, 200);
    assert_ne!(shown(&before), shown(&after));
    assert_eq!(&shown(&after), bench.identity.serving_der().0);
    let names = Names::of(Ipv4Addr::LOCALHOST.into());
    let kept = Identity::open(&folder.path().join("pki"), names, clock.now()).unwrap();
    assert_eq!(kept.serving_der().0, bench.identity.serving_der().0, "what is shown is what is kept");
}

#[tokio::test(start_paused = true)]
async fn a_renewal_that_fails_is_tried_again() {
    let mut bench = Bench::new().await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("later").join("kubeconfig");
    let url = "https://127.0.0.1:6443".to_owned();
    let kubeconfig = Kubeconfig { path: path.clone(), url, namespace: None };
    let (clock, floor) = (Arc::clone(&bench.floor.clock), Arc::clone(&bench.floor));
    let before = bench.identity.serving_der().0.clone();
    let renewing = renewal::run(&mut bench.identity, &floor.tls, &clock, Some(&kubeconfig));
    let repaired = async {
        bench.clock.set(250);
        sleep(DAY + Duration::from_secs(60)).await;
        assert!(!path.exists());
        std::fs::create_dir(folder.path().join("later")).unwrap();
        sleep(Duration::from_secs(2 * 3600)).await;
    };
    tokio::select! {
        biased;
        never = renewing => match never {},
        () = repaired => {}
    }
    assert_ne!(*bench.identity.serving_der().0, before);
    assert!(path.exists(), "written at the next attempt");
}

#[tokio::test(start_paused = true)]
async fn an_http2_client_that_is_not_known_gets_one_request() {
    let bench = Bench::new().await;
    for (shows, token, goes_on) in [(Shows::Nothing, "wrong", false), (Shows::Admin, "", true)] {
        let (stream, served) = bench.connect(shows, "h2").await;
        let (client, connection) = h2::client::handshake(stream).await.unwrap();
        let connection = tokio::spawn(connection);
        let mut client = client.ready().await.unwrap();
        let request =
            Request::get("https://localhost/livez").header("authorization", format!("Bearer {token}"));
        let (answer, _) = client.send_request(request.body(()).unwrap(), true).unwrap();
        let status = if goes_on { StatusCode::OK } else { StatusCode::UNAUTHORIZED };
        assert_eq!(answer.await.unwrap().status(), status);
        if goes_on {
            client.ready().await.unwrap();
            assert!(!served.is_finished());
        } else {
            // GOAWAY without an error: the client's side ends by itself.
            connection.await.unwrap().unwrap();
            served.await.unwrap();
        }
    }
}

#[tokio::test(start_paused = true)]
async fn draining_ends_idle_connections_and_lets_requests_finish() {
    let bench = Bench::new().await;
    let (_idle, idle_served) = bench.connect(Shows::Admin, "http/1.1").await;
    let (mut stream, served) = bench.connect(Shows::Admin, "http/1.1").await;
    let body = r#"{"metadata":{"name":"late"}}"#;
    let head = format!("POST {MAPS} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\n\r\n", body.len());
    stream.write_all(head.as_bytes()).await.unwrap();
    sleep(Duration::from_secs(1)).await;
    bench.drain.send_replace(true);
    idle_served.await.unwrap();
    sleep(Duration::from_secs(1)).await;
    assert!(!served.is_finished(), "its request is not over");
    stream.write_all(body.as_bytes()).await.unwrap();
    assert_eq!(answer(&mut stream).await.0, 201);
    served.await.unwrap();
}

/// A pipe that is read slowly is slow, not stalled.
#[tokio::test(start_paused = true)]
async fn a_slow_reader_gets_its_answer() {
    let bench = Bench::new().await;
    for i in 0..40 {
        bench.config_map(&format!("m{i}"), &"x".repeat(8 * 1024)).await;
    }
    let (mut stream, _) = bench.connect(Shows::Admin, "http/1.1").await;
    stream.write_all(format!("GET {MAPS} HTTP/1.1\r\nHost: localhost\r\n\r\n").as_bytes()).await.unwrap();
    let mut bytes = vec![0; 4096];
    let mut total = 0;
    let since = Instant::now();
    while total < 40 * 8 * 1024 {
        sleep(Duration::from_secs(5)).await;
        let read = poll_fn(|cx: &mut Context<'_>| {
            let mut buf = tokio::io::ReadBuf::new(&mut bytes);
            match tokio::io::AsyncRead::poll_read(Pin::new(&mut stream), cx, &mut buf) {
                Poll::Ready(done) => Poll::Ready(done.map(|()| buf.filled().len())),
                Poll::Pending => Poll::Pending,
            }
        });
        let read = read.await.unwrap();
        assert_ne!(read, 0, "closed after {total} bytes");
        total += read;
    }
    assert!(since.elapsed() > Duration::from_secs(300));
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn what_a_client_does_not_read_is_not_left_to_the_system() {
    const PATIENCE: Duration = Duration::from_millis(200);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let client = tokio::net::TcpSocket::new_v4().unwrap();
    client.set_recv_buffer_size(16 * 1024).unwrap();
    let (client, accepted) = tokio::join!(client.connect(listener.local_addr().unwrap()), listener.accept());
    let (_client, (stream, _)) = (client.unwrap(), accepted.unwrap());
    prepare(&stream);
    let mut taken = 0;
    // Room that comes late is taken too, as long as any comes.
    while timeout(PATIENCE, stream.writable()).await.is_ok() {
        while let Ok(bytes) = stream.try_write(&[0; 16 * 1024]) {
            taken += bytes;
        }
    }
    assert!(taken < 512 * 1024, "{taken} bytes");
}

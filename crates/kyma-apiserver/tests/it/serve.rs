//! The server over real sockets: verified by its authority, under attack, and to its end.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use http::{Request, StatusCode};
use kyma_apiserver::serve::{
    ConnectionLimits, ConnectionStats, Identity, Kubeconfig, Listener, Names, ServeOptions,
};
use kyma_apiserver::{ApiServer, Builder, TokioClock};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
const MAPS: &str = "/api/v1/namespaces/default/configmaps";
/// How long anything here may take.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// A server with short time limits, and what its kubeconfig says.
pub(crate) struct Served {
    address: SocketAddr,
    pub(crate) stats: Arc<ConnectionStats>,
    authority: Vec<u8>,
    certificate: Vec<u8>,
    key: Vec<u8>,
    pub(crate) token: String,
    stop: oneshot::Sender<()>,
    ended: JoinHandle<()>,
}

pub(crate) fn limits() -> ConnectionLimits {
    ConnectionLimits {
        handshake_timeout: Duration::from_millis(400),
        header_read_timeout: Duration::from_millis(400),
        body_read_timeout: Duration::from_millis(400),
        idle_timeout: Duration::from_secs(20),
        write_stall_timeout: Duration::from_millis(400),
        ..ConnectionLimits::default()
    }
}

impl Served {
    pub(crate) async fn start(folder: &Path, limits: ConnectionLimits) -> Self {
        Served::with(folder, limits, |builder| builder).await
    }

    pub(crate) async fn with(
        folder: &Path,
        limits: ConnectionLimits,
        settings: impl FnOnce(Builder) -> Builder,
    ) -> Self {
        let now = jiff::Timestamp::now();
        let clock = Arc::new(TokioClock::starting_at(now));
        let builder = ApiServer::builder().clock(Arc::<TokioClock>::clone(&clock));
        let server = settings(builder).start().await.unwrap();
        let listener = Listener::bind(LOOPBACK, Some(0)).await.unwrap();
        let identity = Identity::open(&folder.join("pki"), Names::of(LOOPBACK), now).unwrap();
        let kubeconfig = folder.join("kubeconfig");
        let url = listener.url();
        Kubeconfig { path: kubeconfig.clone(), url, namespace: None }.write(&identity).unwrap();
        let text = std::fs::read_to_string(kubeconfig).unwrap();
        let (address, stats) = (listener.address(), Arc::clone(server.connections()));
        let (stop, stopped) = oneshot::channel::<()>();
        let drain_timeout = Duration::from_millis(500);
        let options = ServeOptions { limits, clock, kubeconfig: None, drain_timeout };
        let served = listener.serve(server, identity, options, async {
            let _ = stopped.await;
        });
        let ended = tokio::spawn(async { served.await.unwrap() });
        Served {
            address,
            stats,
            authority: decoded(&text, "certificate-authority-data"),
            certificate: decoded(&text, "client-certificate-data"),
            key: decoded(&text, "client-key-data"),
            token: field(&text, "token").to_owned(),
            stop,
            ended,
        }
    }

    pub(crate) async fn connect(
        &self,
        admin: bool,
        name: &str,
        protocol: &str,
    ) -> std::io::Result<TlsStream<TcpStream>> {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(&self.authority).unwrap()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let config = config.unwrap().with_root_certificates(roots);
        let mut config = if admin {
            let certificate = CertificateDer::from_pem_slice(&self.certificate).unwrap();
            let key = PrivateKeyDer::from_pem_slice(&self.key).unwrap();
            config.with_client_auth_cert(vec![certificate], key).unwrap()
        } else {
            config.with_no_client_auth()
        };
        config.alpn_protocols = vec![protocol.as_bytes().to_vec()];
        let stream = TcpStream::connect(self.address).await?;
        let name = ServerName::try_from(name.to_owned()).unwrap();
        TlsConnector::from(Arc::new(config)).connect(name, stream).await
    }

    /// The status of a request on a connection of its own.
    pub(crate) async fn get(&self, admin: bool, path: &str, headers: &str) -> u16 {
        let mut stream = self.connect(admin, "localhost", "http/1.1").await.unwrap();
        let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{headers}\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        status(&mut stream).await
    }

    /// The status of a write on a connection of its own.
    pub(crate) async fn post(&self, path: &str, body: &str) -> u16 {
        let mut stream = self.connect(true, "localhost", "http/1.1").await.unwrap();
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        stream.write_all(format!("{head}{body}").as_bytes()).await.unwrap();
        status(&mut stream).await
    }

    pub(crate) fn ended(&self, limit: &str) -> u64 {
        self.stats.ended().into_iter().find(|(name, _)| *name == limit).unwrap().1
    }

    /// Waits until so few connections are open.
    pub(crate) async fn until_open(&self, most: u64) {
        let since = Instant::now();
        while self.stats.open() > most {
            assert!(since.elapsed() < PATIENCE, "{} are open", self.stats.open());
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    pub(crate) async fn stop(self) -> Duration {
        let since = Instant::now();
        self.stop.send(()).unwrap();
        timeout(PATIENCE, self.ended).await.unwrap().unwrap();
        since.elapsed()
    }
}

fn field<'a>(text: &'a str, name: &str) -> &'a str {
    text.lines().find_map(|line| line.trim().strip_prefix(&format!("{name}: "))).unwrap()
}

fn decoded(text: &str, name: &str) -> Vec<u8> {
    base64::engine::general_purpose::STANDARD.decode(field(text, name)).unwrap()
}

async fn status(stream: &mut TlsStream<TcpStream>) -> u16 {
    let mut head = [0; 12];
    timeout(PATIENCE, stream.read_exact(&mut head)).await.unwrap().unwrap();
    String::from_utf8_lossy(&head[9..]).parse().unwrap()
}

/// Runs an ignored test in a process of its own, since what that holds is nobody else's then.
pub(crate) fn alone(test: &str) {
    let this = std::env::current_exe().unwrap();
    let ran = std::process::Command::new(this).args([test, "--exact", "--ignored"]).output().unwrap();
    let said = format!("{}{}", String::from_utf8_lossy(&ran.stdout), String::from_utf8_lossy(&ran.stderr));
    assert!(ran.status.success() && said.contains("1 passed"), "{said}");
}

/// Bytes of memory that this process holds.
pub(crate) fn resident() -> u64 {
    let text = std::fs::read_to_string("/proc/self/statm").unwrap();
    text.split(' ').nth(1).unwrap().parse::<u64>().unwrap() * 4096
}

#[tokio::test]
async fn the_kubeconfig_is_all_a_client_needs_also_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let first = Served::start(folder.path(), limits()).await;
    let bearer = format!("Authorization: Bearer {}\r\n", first.token);
    for name in ["localhost", "127.0.0.1", "::1", "kubernetes.default.svc"] {
        assert!(first.connect(true, name, "http/1.1").await.is_ok(), "{name}");
    }
    assert!(first.connect(true, "example.com", "http/1.1").await.is_err(), "not its name");
    assert_eq!(first.get(true, MAPS, "").await, 200);
    assert_eq!(first.get(false, MAPS, &bearer).await, 200);
    assert_eq!(first.get(false, MAPS, "").await, 401);
    assert_eq!(first.get(false, "/version", "").await, 200);
    assert_eq!(first.get(false, "/healthz", "Authorization: Bearer x\r\n").await, 401);
    let (token, authority) = (first.token.clone(), first.authority.clone());
    let (certificate, key) = (first.certificate.clone(), first.key.clone());
    assert!(first.stop().await < Duration::from_secs(5));

    // What was copied from the first server opens the second.
    let mut second = Served::start(folder.path(), limits()).await;
    assert_eq!(second.token, token);
    (second.authority, second.certificate, second.key) = (authority, certificate, key);
    assert_eq!(second.get(true, MAPS, "").await, 200);
    assert_eq!(second.get(false, MAPS, &bearer).await, 200);

    let other = tempfile::tempdir().unwrap();
    let mut other = Served::start(other.path(), limits()).await;
    std::mem::swap(&mut other.authority, &mut second.authority);
    assert!(other.connect(true, "localhost", "http/1.1").await.is_err(), "another server's authority");
}

#[test]
fn a_thousand_silent_connections_cost_little_and_go_away_while_others_are_served() {
    alone("serve::a_thousand_silent_connections");
}

#[tokio::test]
#[ignore = "the test above runs it, in a process of its own"]
async fn a_thousand_silent_connections() {
    let folder = tempfile::tempdir().unwrap();
    let served = Served::start(folder.path(), limits()).await;
    assert_eq!(served.get(true, MAPS, "").await, 200);
    let before = resident();
    let mut silent = Vec::new();
    for _ in 0..1000 {
        silent.push(TcpStream::connect(served.address).await.unwrap());
    }
    let grown = resident().saturating_sub(before);
    for _ in 0..10 {
        assert_eq!(timeout(PATIENCE, served.get(true, MAPS, "")).await.unwrap(), 200);
    }
    assert!(grown < 64 << 20, "{grown} bytes");
    served.until_open(0).await;
    assert_eq!(served.ended("tls_handshake_timeout"), 1000);
    // Each of them was told.
    let mut byte = [0];
    assert!(matches!(timeout(PATIENCE, silent[999].read(&mut byte)).await.unwrap(), Ok(0) | Err(_)));
}

#[tokio::test]
async fn a_connection_too_many_is_closed_at_once_and_the_next_finds_room() {
    let folder = tempfile::tempdir().unwrap();
    let served = Served::start(folder.path(), ConnectionLimits { connections: 3, ..limits() }).await;
    let mut held = Vec::new();
    for _ in 0..3 {
        held.push(served.connect(true, "localhost", "http/1.1").await.unwrap());
    }
    let refused = timeout(PATIENCE, served.connect(true, "localhost", "http/1.1")).await.unwrap();
    assert!(refused.is_err());
    assert_eq!((served.stats.refused(), served.stats.open()), (1, 3));
    drop(held);
    served.until_open(0).await;
    assert_eq!(served.get(true, MAPS, "").await, 200);
}

#[tokio::test]
async fn heads_have_a_size_a_number_and_a_time() {
    let folder = tempfile::tempdir().unwrap();
    let limits = ConnectionLimits { header_bytes: 16 * 1024, ..limits() };
    let served = Served::start(folder.path(), limits).await;
    assert_eq!(served.get(true, MAPS, &format!("X-A: {}\r\n", "a".repeat(8 * 1024))).await, 200);
    assert_eq!(served.get(true, MAPS, &format!("X-A: {}\r\n", "a".repeat(17 * 1024))).await, 431);
    assert_eq!(served.get(true, MAPS, &"X-A: a\r\n".repeat(200)).await, 431);

    let mut slow = served.connect(true, "localhost", "http/1.1").await.unwrap();
    slow.write_all(b"GET / HTTP/1.1\r\nHo").await.unwrap();
    let mut rest = Vec::new();
    let _ = timeout(PATIENCE, slow.read_to_end(&mut rest)).await.unwrap();
    assert!(rest.is_empty());
    assert_eq!((served.ended("header_read_timeout"), served.ended("max_header_bytes")), (1, 2));

    let stream = served.connect(true, "localhost", "h2").await.unwrap();
    let (client, connection) = h2::client::handshake(stream).await.unwrap();
    let connection = tokio::spawn(connection);
    let mut client = client.ready().await.unwrap();
    let request = Request::get(format!("https://localhost{MAPS}")).header("x-a", "a".repeat(17 * 1024));
    let answer = client.send_request(request.body(()).unwrap(), true);
    // Depending on who notices first the client refuses to send it, or the server to take it.
    let refused = match answer {
        Err(_) => true,
        Ok((answer, _)) => {
            answer.await.map_or(true, |answer| answer.status() == StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE)
        }
    };
    assert!(refused);
    connection.abort();
}

#[tokio::test]
async fn a_body_that_does_not_come_and_an_answer_that_is_not_read_are_given_up() {
    let folder = tempfile::tempdir().unwrap();
    let served = Served::start(folder.path(), limits()).await;
    let mut slow = served.connect(true, "localhost", "http/1.1").await.unwrap();
    let head = format!("POST {MAPS} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{{");
    slow.write_all(head.as_bytes()).await.unwrap();
    assert_eq!(status(&mut slow).await, 400);
    assert_eq!(served.ended("body_read_timeout"), 1);

    for i in 0..24 {
        let body = format!(r#"{{"metadata":{{"name":"m{i}"}},"data":{{"a":"{}"}}}}"#, "x".repeat(512 * 1024));
        assert_eq!(served.post(MAPS, &body).await, 201);
    }
    served.until_open(0).await;
    // 12 MiB, more than the sockets of both ends hold.
    let mut deaf = served.connect(true, "localhost", "http/1.1").await.unwrap();
    deaf.write_all(format!("GET {MAPS} HTTP/1.1\r\nHost: localhost\r\n\r\n").as_bytes()).await.unwrap();
    served.until_open(0).await;
    assert_eq!(served.ended("write_stall_timeout"), 1);
}

#[tokio::test]
async fn a_client_that_takes_its_requests_back_in_masses_is_thrown_out() {
    let folder = tempfile::tempdir().unwrap();
    let served = Served::start(folder.path(), limits()).await;
    let stream = served.connect(true, "localhost", "h2").await.unwrap();
    let (mut client, connection) = h2::client::handshake(stream).await.unwrap();
    let connection = tokio::spawn(connection);
    let mut sent = 0_u32;
    let attack = async {
        loop {
            client = client.clone().ready().await?;
            let request = Request::get(format!("https://localhost{MAPS}?watch=1")).body(()).unwrap();
            let (answer, mut stream) = client.send_request(request, false)?;
            stream.send_reset(h2::Reason::CANCEL);
            drop(answer);
            sent += 1;
            assert!(sent < 100_000, "nobody minds");
            // Without giving way the client's own task would send nothing.
            if sent.is_multiple_of(100) {
                tokio::task::yield_now().await;
            }
        }
        #[expect(unreachable_code, reason = "the type of the block")]
        Ok::<(), h2::Error>(())
    };
    let thrown = timeout(PATIENCE, attack).await.unwrap();
    assert!(thrown.is_err());
    let _ = connection.await;
    assert_eq!(served.get(true, MAPS, "").await, 200, "others are served");
}

#[tokio::test]
async fn the_end_lets_watches_end_and_cuts_off_who_does_not() {
    let folder = tempfile::tempdir().unwrap();
    let patient = ConnectionLimits { body_read_timeout: Duration::from_secs(60), ..limits() };
    let served = Served::start(folder.path(), patient).await;
    let mut watch = served.connect(true, "localhost", "http/1.1").await.unwrap();
    watch
        .write_all(format!("GET {MAPS}?watch=1 HTTP/1.1\r\nHost: localhost\r\n\r\n").as_bytes())
        .await
        .unwrap();
    assert_eq!(status(&mut watch).await, 200);
    let mut stuck = served.connect(true, "localhost", "http/1.1").await.unwrap();
    let head = format!(
        "POST {MAPS} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\nExpect: 100-continue\r\n\r\n"
    );
    stuck.write_all(head.as_bytes()).await.unwrap();
    assert_eq!(status(&mut stuck).await, 100, "its body is awaited");
    let address = served.address;
    let lasted = served.stop().await;
    assert!((Duration::from_millis(450)..Duration::from_secs(4)).contains(&lasted), "{lasted:?}");
    let mut rest = String::new();
    timeout(PATIENCE, watch.read_to_string(&mut rest)).await.unwrap().unwrap();
    assert!(rest.ends_with("0\r\n\r\n"), "a watch ends whole: {rest:?}");
    assert!(TcpStream::connect(address).await.is_err(), "nobody new gets in");
}

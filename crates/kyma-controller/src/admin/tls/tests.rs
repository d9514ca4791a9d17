use std::fs;

use rustls::ClientConfig;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::{ServerName, UnixTime};
use rustls::{DigitallySignedStruct, SignatureScheme};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::*;
use crate::admin::{Access, AddressChoice, Guard, Site, bind, serve};
use crate::fake::{Fake, Reply};
use crate::metrics::Metrics;
use crate::shutdown;

/// Takes whatever it is shown.
#[derive(Debug)]
struct Trusting;

impl ServerCertVerifier for Trusting {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }
    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }
    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }
    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        rustls::crypto::ring::default_provider().signature_verification_algorithms.supported_schemes()
    }
}

async fn get(address: std::net::SocketAddr, header: &str) -> (Vec<u8>, String) {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Trusting))
        .with_no_client_auth();
    let stream = TcpStream::connect(address).await.unwrap();
    let name = ServerName::try_from("localhost").unwrap();
    let mut stream = TlsConnector::from(Arc::new(config)).connect(name, stream).await.unwrap();
    let certificate = stream.get_ref().1.peer_certificates().unwrap()[0].to_vec();
    let request = format!("GET /metrics HTTP/1.1\r\nHost: a\r\n{header}Connection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut response = String::new();
    // It may end without a farewell.
    let _ = stream.read_to_string(&mut response).await;
    (certificate, response)
}

#[tokio::test]
async fn metrics_are_served_behind_a_certificate_to_those_who_may() {
    let (fake, metrics) = (Fake::default(), Metrics::new());
    let user = serde_json::json!({"authenticated": true, "user": {"username": "prometheus"}});
    let review = |group: &str, kind: &str, status| {
        let version = format!("{group}.k8s.io/v1");
        Reply::Json(
            201,
            serde_json::json!({"apiVersion": version, "kind": kind, "spec": {}, "status": status}),
        )
    };
    fake.write(review("authentication", "TokenReview", user));
    let allowed = serde_json::json!({"allowed": true});
    fake.write(review("authorization", "SubjectAccessReview", allowed));
    let access = Access {
        guard: Some(Arc::new(Guard::new(fake.client(&metrics)))),
        tls: Some(Arc::new(Tls::self_signed(Timestamp::now()).unwrap())),
    };
    let listener = bind(&AddressChoice::Given("127.0.0.1:0".into())).await.unwrap().unwrap();
    let address = listener.local_addr();
    let (drain, shutdown) = shutdown::channel();
    let server = tokio::spawn(serve(listener, Site::Metrics(metrics), access, shutdown));

    let (_, refused) = get(address, "").await;
    assert!(refused.starts_with("HTTP/1.1 401 ") && refused.ends_with("Unauthorized\n"), "{refused}");
    let (_, shown) = get(address, "Authorization: Bearer t\r\n").await;
    assert!(shown.starts_with("HTTP/1.1 200 OK") && shown.contains("event_recorder_events_total"), "{shown}");
    drain.begin();
    server.await.unwrap();
}

fn write(folder: &Path) -> Vec<u8> {
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(["localhost".to_owned()]).unwrap();
    let certificate = params.self_signed(&key).unwrap();
    fs::write(folder.join(CERTIFICATE), certificate.pem()).unwrap();
    fs::write(folder.join(KEY), key.serialize_pem()).unwrap();
    certificate.der().to_vec()
}

#[test]
fn a_certificate_that_is_not_there_or_none_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let error = Tls::of_folder(folder.path()).unwrap_err();
    assert!(matches!(&error, TlsError::Read { path, .. } if path.ends_with(CERTIFICATE)), "{error}");
    write(folder.path());
    fs::write(folder.path().join(KEY), "no key").unwrap();
    let error = Tls::of_folder(folder.path()).unwrap_err();
    assert!(error.to_string().ends_with("tls.key holds no private key in PEM"), "{error}");
    fs::write(folder.path().join(KEY), KeyPair::generate().unwrap().serialize_pem()).unwrap();
    assert!(matches!(Tls::of_folder(folder.path()).unwrap_err(), TlsError::Use(_)), "they do not fit");
}

#[tokio::test]
async fn a_certificate_that_takes_another_s_place_is_shown() {
    let folder = tempfile::tempdir().unwrap();
    let first = write(folder.path());
    let tls = Arc::new(Tls::of_folder(folder.path()).unwrap());
    let access = Access { guard: None, tls: Some(Arc::clone(&tls)) };
    let listener = bind(&AddressChoice::Given("127.0.0.1:0".into())).await.unwrap().unwrap();
    let address = listener.local_addr();
    let (drain, shutdown) = shutdown::channel();
    let server = tokio::spawn(serve(listener, Site::Metrics(Metrics::new()), access, shutdown));
    let (shown, response) = get(address, "").await;
    assert!(shown == first && response.starts_with("HTTP/1.1 200 OK"));

    let later = changed(folder.path())[0].unwrap() + Duration::from_secs(5);
    let touch = |file: &str| fs::File::open(folder.path().join(file)).unwrap().set_modified(later).unwrap();
    fs::write(folder.path().join(CERTIFICATE), "half").unwrap();
    touch(CERTIFICATE);
    tls.newest.lock().glanced -= GLANCE;
    assert!(get(address, "").await.0 == first, "one that cannot be used is passed over");
    let second = write(folder.path());
    touch(CERTIFICATE);
    touch(KEY);
    tls.newest.lock().glanced -= GLANCE;
    assert!(get(address, "").await.0 == second);
    drain.begin();
    server.await.unwrap();
}

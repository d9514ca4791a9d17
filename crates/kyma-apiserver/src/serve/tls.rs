//! TLS: the certificate that is shown, and the ones that clients show.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use kyma_store::Clock;
use parking_lot::RwLock;
use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::server::{ClientHello, ResolvesServerCert, WebPkiClientVerifier};
use rustls::sign::CertifiedKey;
use rustls::time_provider::TimeProvider;
use rustls::{DigitallySignedStruct, DistinguishedName, ServerConfig, SignatureScheme};
use tokio_rustls::TlsAcceptor;

use super::identity::Identity;
use crate::authn::Shown;

/// Why TLS cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// The certificates cannot be used.
    #[error("failed to set up TLS with the certificates")]
    Certificates {
        /// Why not.
        #[source]
        source: rustls::Error,
    },
    /// The authority cannot verify clients.
    #[error("failed to set up the verification of client certificates")]
    Verifier {
        /// Why not.
        #[source]
        source: rustls::server::VerifierBuilderError,
    },
}

/// The server's side of TLS.
pub(super) struct Tls {
    pub(super) acceptor: TlsAcceptor,
    serving: Arc<Serving>,
    verifier: Arc<dyn ClientCertVerifier>,
}

impl Tls {
    pub(super) fn new(identity: &Identity, clock: &Arc<dyn Clock>) -> Result<Self, TlsError> {
        let tls = |source| TlsError::Certificates { source };
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut roots = rustls::RootCertStore::empty();
        roots.add(identity.authority_der().clone()).map_err(tls)?;
        let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider))
            .build()
            .map_err(|source| TlsError::Verifier { source })?;
        let serving = Arc::new(Serving(RwLock::new(certified(identity, &provider)?)));
        let mut config = ServerConfig::builder_with_details(provider, Arc::new(Time(Arc::clone(clock))))
            .with_safe_default_protocol_versions()
            .map_err(tls)?
            .with_client_cert_verifier(Arc::new(AnyClient(Arc::clone(&verifier))))
            .with_cert_resolver(Arc::<Serving>::clone(&serving));
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(Tls { acceptor: TlsAcceptor::from(Arc::new(config)), serving, verifier })
    }

    /// Shows new connections the identity's certificate of now. Those that are open go on.
    pub(super) fn show(&self, identity: &Identity) -> Result<(), TlsError> {
        let certified = certified(identity, &rustls::crypto::ring::default_provider())?;
        *self.serving.0.write() = certified;
        Ok(())
    }

    /// What a client has shown in a handshake that is over.
    pub(super) fn shown(&self, certificates: Option<&[CertificateDer<'_>]>, now: Timestamp) -> Shown {
        let Some((own, others)) = certificates.and_then(<[_]>::split_first) else { return Shown::Nothing };
        match self.verifier.verify_client_cert(own, others, unix(now)) {
            Ok(_) => Shown::verified(own),
            Err(error) => {
                tracing::debug!(%error, "a client certificate is not valid");
                Shown::Invalid
            }
        }
    }
}

fn certified(identity: &Identity, provider: &CryptoProvider) -> Result<Arc<CertifiedKey>, TlsError> {
    let (certificate, key) = identity.serving_der();
    let chain = vec![certificate.clone(), identity.authority_der().clone()];
    let certified = CertifiedKey::from_der(chain, key, provider);
    certified.map(Arc::new).map_err(|source| TlsError::Certificates { source })
}

/// The certificate in use, which a renewal replaces.
#[derive(Debug)]
struct Serving(RwLock<Arc<CertifiedKey>>);

impl ResolvesServerCert for Serving {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0.read()))
    }
}

/// Lets every certificate through the handshake whose key the client has, and leaves the judgement of it to
/// authentication, as the real server does (`tls.RequestClientCert`): a client with a bad certificate is told 401 then,
/// and may still have a good token.
#[derive(Debug)]
struct AnyClient(Arc<dyn ClientCertVerifier>);

impl ClientCertVerifier for AnyClient {
    fn client_auth_mandatory(&self) -> bool {
        false
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        self.0.root_hint_subjects()
    }

    fn verify_client_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: UnixTime,
    ) -> Result<ClientCertVerified, rustls::Error> {
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.0.verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.0.verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.supported_verify_schemes()
    }
}

/// TLS keeps the server's time.
pub(super) struct Time(pub(super) Arc<dyn Clock>);

impl std::fmt::Debug for Time {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Time")
    }
}

impl TimeProvider for Time {
    fn current_time(&self) -> Option<UnixTime> {
        Some(unix(self.0.now()))
    }
}

fn unix(time: Timestamp) -> UnixTime {
    UnixTime::since_unix_epoch(Duration::from_secs(u64::try_from(time.as_second()).unwrap_or_default()))
}

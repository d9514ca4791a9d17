//! The certificate with which a site is served.

#[cfg(test)]
mod tests;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use jiff::Timestamp;
use parking_lot::Mutex;
use rcgen::{CertificateParams, DistinguishedName, DnType, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use thiserror::Error;
use tokio::time::Instant;
use tokio_rustls::TlsAcceptor;

/// The files of a folder, as a Secret of the type kubernetes.io/tls has them.
const CERTIFICATE: &str = "tls.crt";
const KEY: &str = "tls.key";
/// How often a folder is looked at for a new certificate, at most.
const GLANCE: Duration = Duration::from_secs(10);
/// How long a certificate of our own is valid, which nobody can check anyway.
const LIFE: Duration = Duration::from_secs(10 * 365 * 24 * 60 * 60);

/// Why there is no certificate to serve with.
#[derive(Debug, Error)]
pub enum TlsError {
    /// A file cannot be read.
    #[error("failed to read {path}")]
    Read {
        /// Which.
        path: PathBuf,
        /// What the operating system said.
        #[source]
        source: io::Error,
    },
    /// A file is not what it should be.
    #[error("{path} holds no {what} in PEM")]
    Parse {
        /// Which.
        path: PathBuf,
        /// What it should hold.
        what: &'static str,
        /// What is wrong.
        #[source]
        source: rustls::pki_types::pem::Error,
    },
    /// Certificate and key do not fit.
    #[error("the certificate cannot be used")]
    Use(#[source] rustls::Error),
    /// None could be made.
    #[error("failed to make a certificate")]
    Make(#[source] rcgen::Error),
}

/// A certificate, and where it came from.
#[derive(Debug)]
pub struct Tls {
    /// Looked at again when it has changed; none for a certificate of our own.
    folder: Option<PathBuf>,
    newest: Mutex<Newest>,
}

struct Newest {
    acceptor: TlsAcceptor,
    /// When the folder's files were changed.
    changed: Changed,
    glanced: Instant,
}

impl Tls {
    /// With the certificate in a folder's `tls.crt` and `tls.key`, and what takes their place later.
    ///
    /// # Errors
    ///
    /// When they cannot be read, or do not fit.
    pub fn of_folder(folder: &Path) -> Result<Self, TlsError> {
        let changed = changed(folder);
        let newest = Newest { acceptor: read(folder)?, changed, glanced: Instant::now() };
        Ok(Self { folder: Some(folder.to_owned()), newest: Mutex::new(newest) })
    }

    /// With a certificate that nobody has signed.
    ///
    /// # Errors
    ///
    /// When the system has no random numbers.
    pub fn self_signed(now: Timestamp) -> Result<Self, TlsError> {
        let key = KeyPair::generate().map_err(TlsError::Make)?;
        let mut params = CertificateParams::new(["localhost".to_owned()]).map_err(TlsError::Make)?;
        let mut subject = DistinguishedName::new();
        subject.push(DnType::CommonName, "kymactl-metrics");
        params.distinguished_name = subject;
        let since = Duration::from_secs(u64::try_from(now.as_second()).unwrap_or_default());
        let now = rcgen::date_time_ymd(1970, 1, 1) + since;
        (params.not_before, params.not_after) = (now - Duration::from_secs(3600), now + LIFE);
        let certificate = params.self_signed(&key).map_err(TlsError::Make)?;
        let key = PrivatePkcs8KeyDer::from(key.serialize_der()).into();
        let acceptor = acceptor(vec![certificate.der().clone()], key)?;
        let newest = Newest { acceptor, changed: [None; 2], glanced: Instant::now() };
        Ok(Self { folder: None, newest: Mutex::new(newest) })
    }

    /// What accepts the next connection. A new certificate that cannot be used is passed over, with a warning.
    pub(super) fn acceptor(&self) -> TlsAcceptor {
        let mut newest = self.newest.lock();
        if let Some(folder) = &self.folder
            && newest.glanced.elapsed() >= GLANCE
        {
            newest.glanced = Instant::now();
            let changed = changed(folder);
            if changed != newest.changed {
                match read(folder) {
                    Ok(acceptor) => (newest.acceptor, newest.changed) = (acceptor, changed),
                    Err(error) => {
                        let cause =
                            std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
                        tracing::warn!(folder = %folder.display(), "no new certificate: {error}: {cause}");
                    }
                }
            }
        }
        newest.acceptor.clone()
    }
}

impl std::fmt::Debug for Newest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Newest").field("changed", &self.changed).finish_non_exhaustive()
    }
}

/// When certificate and key were changed, where that is known.
type Changed = [Option<SystemTime>; 2];

fn changed(folder: &Path) -> Changed {
    [CERTIFICATE, KEY].map(|file| folder.join(file).metadata().and_then(|metadata| metadata.modified()).ok())
}

fn read(folder: &Path) -> Result<TlsAcceptor, TlsError> {
    let bytes = |file: &str| {
        let path = folder.join(file);
        match std::fs::read(&path) {
            Ok(bytes) => Ok((path, bytes)),
            Err(source) => Err(TlsError::Read { path, source }),
        }
    };
    let ((chain_path, chain), (key_path, key)) = (bytes(CERTIFICATE)?, bytes(KEY)?);
    let parse = |path: PathBuf, what| move |source| TlsError::Parse { path, what, source };
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&chain).collect();
    let chain = chain.map_err(parse(chain_path, "certificate"))?;
    let key = PrivateKeyDer::from_pem_slice(&key).map_err(parse(key_path, "private key"))?;
    acceptor(chain, key)
}

fn acceptor(
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
) -> Result<TlsAcceptor, TlsError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(TlsError::Use)?
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .map_err(TlsError::Use)?;
    Ok(TlsAcceptor::from(Arc::new(config)))
}

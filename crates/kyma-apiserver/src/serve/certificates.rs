//! The server's certificates: its own authority, what it shows, and what its admin shows.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use kyma_registry::authz::{MASTERS, User};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DistinguishedName, DnType, ExtendedKeyUsagePurpose,
    IsCa, KeyPair, KeyUsagePurpose, SanType,
};
use rustls::ServerConfig;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::WebPkiClientVerifier;
use x509_parser::prelude::{FromDer, X509Certificate};

/// How long the certificates are valid. They are made at each start and never stored.
const LIFETIME: Duration = Duration::from_secs(365 * 24 * 3600);
/// Clocks of clients may be behind by so much.
const SKEW: Duration = Duration::from_secs(3600);
/// Names under which clients reach the server.
const NAMES: [&str; 4] = ["localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc"];

/// Why certificates cannot be made or used.
#[derive(Debug, thiserror::Error)]
pub enum CertificateError {
    /// A certificate cannot be made.
    #[error("failed to make the {what} certificate")]
    Make {
        /// Whose certificate.
        what: &'static str,
        /// Why not.
        #[source]
        source: rcgen::Error,
    },
    /// The certificates cannot be used.
    #[error("failed to set up TLS with the certificates")]
    Tls {
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

/// An authority with the server's and the admin's certificate.
pub struct Identity {
    authority: CertificateDer<'static>,
    server: CertificateDer<'static>,
    server_key: KeyPair,
    pub(super) authority_pem: String,
    pub(super) admin_pem: String,
    pub(super) admin_key_pem: String,
}

impl std::fmt::Debug for Identity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Identity").finish_non_exhaustive()
    }
}

impl Identity {
    /// Fresh certificates for a server that clients reach under `ips` besides the usual names.
    ///
    /// # Errors
    /// Where keys or certificates cannot be made.
    pub fn generate(ips: &[IpAddr]) -> Result<Self, CertificateError> {
        let make = |what| move |source| CertificateError::Make { what, source };
        let mut params = params("kymactl-ca", None);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages =
            vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign, KeyUsagePurpose::DigitalSignature];
        let key = KeyPair::generate().map_err(make("CA"))?;
        let authority = CertifiedIssuer::self_signed(params, key).map_err(make("CA"))?;

        let mut params = self::params("kube-apiserver", None);
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature, KeyUsagePurpose::KeyEncipherment];
        for name in NAMES {
            let name = name.try_into().map_err(make("serving"))?;
            params.subject_alt_names.push(SanType::DnsName(name));
        }
        params.subject_alt_names.extend(ips.iter().map(|ip| SanType::IpAddress(*ip)));
        let server_key = KeyPair::generate().map_err(make("serving"))?;
        let server = params.signed_by(&server_key, &authority).map_err(make("serving"))?;

        let mut params = self::params("kubernetes-admin", Some(MASTERS));
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        let admin_key = KeyPair::generate().map_err(make("admin"))?;
        let admin = params.signed_by(&admin_key, &authority).map_err(make("admin"))?;

        Ok(Identity {
            authority: authority.der().clone(),
            server: server.der().clone(),
            server_key,
            authority_pem: authority.pem(),
            admin_pem: admin.pem(),
            admin_key_pem: admin_key.serialize_pem(),
        })
    }

    /// TLS for the server: clients may show a certificate of the authority, and need not.
    pub(super) fn server_config(&self) -> Result<Arc<ServerConfig>, CertificateError> {
        let tls = |source| CertificateError::Tls { source };
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut roots = rustls::RootCertStore::empty();
        roots.add(self.authority.clone()).map_err(tls)?;
        let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider))
            .allow_unauthenticated()
            .build()
            .map_err(|source| CertificateError::Verifier { source })?;
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(self.server_key.serialize_der()));
        let chain = vec![self.server.clone(), self.authority.clone()];
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(tls)?
            .with_client_cert_verifier(verifier)
            .with_single_cert(chain, key)
            .map_err(tls)?;
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(Arc::new(config))
    }
}

fn params(name: &str, organization: Option<&str>) -> CertificateParams {
    let mut params = CertificateParams::default();
    let mut subject = DistinguishedName::new();
    if let Some(organization) = organization {
        subject.push(DnType::OrganizationName, organization);
    }
    subject.push(DnType::CommonName, name);
    params.distinguished_name = subject;
    let now = rcgen::date_time_ymd(1970, 1, 1) + since_epoch();
    params.not_before = now - SKEW;
    params.not_after = now + LIFETIME;
    params
}

fn since_epoch() -> Duration {
    let now = jiff::Timestamp::now().as_second();
    Duration::from_secs(u64::try_from(now).unwrap_or_default())
}

/// Whom a verified client certificate names: the common name is the user, organizations are groups
/// (k8s.io/apiserver/pkg/authentication/request/x509).
pub(super) fn user(certificates: Option<&[CertificateDer<'_>]>) -> Option<User> {
    let (_, certificate) = X509Certificate::from_der(certificates?.first()?).ok()?;
    let subject = certificate.subject();
    let name = subject.iter_common_name().next()?.as_str().ok()?.to_owned();
    let groups = subject.iter_organization().filter_map(|group| group.as_str().ok()).map(str::to_owned);
    Some(User::new(name, groups))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_admin_certificate_names_the_group_that_may_do_everything() {
        let identity = Identity::generate(&[IpAddr::from([127, 0, 0, 1])]).unwrap();
        let (_, pem) = x509_parser::pem::parse_x509_pem(identity.admin_pem.as_bytes()).unwrap();
        let user = user(Some(&[CertificateDer::from(pem.contents)])).unwrap();
        assert_eq!(user, User::admin());
        assert!(identity.server_config().is_ok());
    }
}

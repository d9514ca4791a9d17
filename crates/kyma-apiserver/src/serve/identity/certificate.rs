//! A certificate that was read, and what one asks it.

use std::net::IpAddr;

use jiff::Timestamp;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use x509_parser::prelude::{FromDer as _, GeneralName, X509Certificate};

use crate::serve::names::Names;

/// A certificate with the parts that are looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Certificate {
    pub(super) der: CertificateDer<'static>,
    /// Common name of the subject.
    pub(super) name: String,
    pub(super) not_before: Timestamp,
    pub(super) not_after: Timestamp,
    pub(super) is_authority: bool,
    /// The public key (SubjectPublicKeyInfo in DER).
    pub(super) public_key: Vec<u8>,
    pub(super) names: Names,
}

impl Certificate {
    /// The first certificate of a PEM text.
    pub(super) fn from_pem(text: &str) -> Option<Self> {
        CertificateDer::from_pem_slice(text.as_bytes()).ok().and_then(Certificate::from_der)
    }

    pub(super) fn from_der(der: CertificateDer<'static>) -> Option<Self> {
        let (_, read) = X509Certificate::from_der(&der).ok()?;
        let name = read.subject().iter_common_name().next().and_then(|name| name.as_str().ok());
        let (name, validity) = (name.unwrap_or_default().to_owned(), read.validity());
        let not_before = Timestamp::from_second(validity.not_before.timestamp()).ok()?;
        let not_after = Timestamp::from_second(validity.not_after.timestamp()).ok()?;
        let (is_authority, public_key) = (read.is_ca(), read.public_key().raw.to_vec());
        let names = names(&read)?;
        Some(Certificate { der, name, not_before, not_after, is_authority, public_key, names })
    }

    /// As PEM.
    pub(super) fn pem(&self) -> String {
        let mut text = String::from("-----BEGIN CERTIFICATE-----\n");
        let encoded = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, &self.der);
        for line in encoded.as_bytes().chunks(64) {
            text.push_str(&String::from_utf8_lossy(line));
            text.push('\n');
        }
        text.push_str("-----END CERTIFICATE-----\n");
        text
    }

    /// When it is to be renewed: a third of its life is left then.
    pub(super) fn renewal(&self) -> Timestamp {
        let life = self.not_after.as_second() - self.not_before.as_second();
        Timestamp::from_second(self.not_after.as_second() - life / 3).unwrap_or(self.not_after)
    }
}

fn names(certificate: &X509Certificate<'_>) -> Option<Names> {
    let mut names = Names { dns: Default::default(), ips: Default::default() };
    let Some(extension) = certificate.subject_alternative_name().ok()? else { return Some(names) };
    for name in &extension.value.general_names {
        match name {
            GeneralName::DNSName(name) => {
                names.dns.insert((*name).to_owned());
            }
            GeneralName::IPAddress(bytes) => {
                let four = <[u8; 4]>::try_from(*bytes).map(IpAddr::from);
                let ip = four.or_else(|_| <[u8; 16]>::try_from(*bytes).map(IpAddr::from));
                names.ips.extend(ip.ok());
            }
            _ => {}
        }
    }
    Some(names)
}

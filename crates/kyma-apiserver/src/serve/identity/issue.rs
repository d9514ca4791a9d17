//! Making keys and certificates.

use std::time::Duration;

use jiff::Timestamp;
use kyma_registry::authz::{MASTERS, User};
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer,
    KeyPair, KeyUsagePurpose, SanType, SerialNumber,
};

use super::IdentityError;
use super::certificate::Certificate;
use crate::serve::names::Names;

const YEAR: Duration = Duration::from_secs(365 * 24 * 3600);
/// How long the authority is valid, and how long what it signs.
const AUTHORITY_LIFE: Duration = YEAR.saturating_mul(10);
const LEAF_LIFE: Duration = YEAR;
/// Clocks of clients may be behind by so much.
const SKEW: Duration = Duration::from_secs(3600);
/// The authority's common name.
pub(super) const AUTHORITY: &str = "kymactl-ca";
const SERVER: &str = "kube-apiserver";

/// A new private key.
pub(super) fn key() -> Result<KeyPair, IdentityError> {
    KeyPair::generate().map_err(|source| IdentityError::Make { what: "key", source })
}

/// Random bytes from the system.
pub(super) fn random<const N: usize>() -> Result<[u8; N], IdentityError> {
    let mut bytes = [0; N];
    let random = rustls::crypto::ring::default_provider().secure_random;
    random.fill(&mut bytes).map_err(|_| IdentityError::Random)?;
    Ok(bytes)
}

/// The authority's own certificate. Made again with the same key, what the old one has signed stays valid.
pub(super) fn authority(key: &KeyPair, now: Timestamp) -> Result<Certificate, IdentityError> {
    let params = authority_params(now)?;
    let made = params.self_signed(key).map_err(|source| IdentityError::Make { what: "CA", source })?;
    Certificate::from_der(made.der().clone()).ok_or(IdentityError::Unread { what: "CA" })
}

/// What the server shows to clients that reach it under `names`.
pub(super) fn serving(
    key: &KeyPair,
    authority: &KeyPair,
    names: &Names,
    now: Timestamp,
) -> Result<Certificate, IdentityError> {
    let make = |source| IdentityError::Make { what: "serving", source };
    let mut params = params(SERVER, None, now, LEAF_LIFE)?;
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature, KeyUsagePurpose::KeyEncipherment];
    for name in &names.dns {
        params.subject_alt_names.push(SanType::DnsName(name.as_str().try_into().map_err(make)?));
    }
    params.subject_alt_names.extend(names.ips.iter().copied().map(SanType::IpAddress));
    sign(&params, key, authority, "serving", now)
}

/// What the admin shows to the server.
pub(super) fn admin(
    key: &KeyPair,
    authority: &KeyPair,
    now: Timestamp,
) -> Result<Certificate, IdentityError> {
    let mut params = params(&User::admin().name, Some(MASTERS), now, LEAF_LIFE)?;
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    sign(&params, key, authority, "admin", now)
}

fn sign(
    params: &CertificateParams,
    key: &KeyPair,
    authority: &KeyPair,
    what: &'static str,
    now: Timestamp,
) -> Result<Certificate, IdentityError> {
    let issuer = Issuer::new(authority_params(now)?, authority);
    let made = params.signed_by(key, &issuer).map_err(|source| IdentityError::Make { what, source })?;
    Certificate::from_der(made.der().clone()).ok_or(IdentityError::Unread { what })
}

fn authority_params(now: Timestamp) -> Result<CertificateParams, IdentityError> {
    let mut params = params(AUTHORITY, None, now, AUTHORITY_LIFE)?;
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages =
        vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign, KeyUsagePurpose::DigitalSignature];
    Ok(params)
}

fn params(
    name: &str,
    organization: Option<&str>,
    now: Timestamp,
    life: Duration,
) -> Result<CertificateParams, IdentityError> {
    let mut params = CertificateParams::default();
    let mut subject = DistinguishedName::new();
    if let Some(organization) = organization {
        subject.push(DnType::OrganizationName, organization);
    }
    subject.push(DnType::CommonName, name);
    params.distinguished_name = subject;
    let since_epoch = Duration::from_secs(u64::try_from(now.as_second()).unwrap_or_default());
    let now = rcgen::date_time_ymd(1970, 1, 1) + since_epoch;
    params.not_before = now - SKEW;
    params.not_after = now + life;
    params.use_authority_key_identifier_extension = true;
    // By default the number follows from the key: a certificate renewed with its key would carry the old one's.
    let mut serial: [u8; 16] = random()?;
    serial[0] = serial[0] & 0x7f | 0x40;
    params.serial_number = Some(SerialNumber::from_slice(&serial));
    Ok(params)
}

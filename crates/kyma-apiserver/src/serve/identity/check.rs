//! Reading an identity: each file by itself, then whether they belong together.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use rcgen::{KeyPair, PublicKeyData as _};
use rustls::RootCertStore;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier as _;
use rustls::pki_types::{ServerName, UnixTime};
use rustls::server::WebPkiClientVerifier;

use super::certificate::Certificate;
use super::folder::{File, Folder};
use super::issue::AUTHORITY;
use super::{Identity, IdentityError, Pair};
use crate::authn::Token;
use crate::serve::names::Names;

/// A name that each of our serving certificates has.
const SERVED: &str = "localhost";

/// Reads all files and checks that they make one identity. Certificates that have run out pass: they are renewed.
pub(super) fn load(folder: Folder, names: Names, now: Timestamp) -> Result<Identity, IdentityError> {
    let authority = pair(&folder, File::Authority, File::AuthorityKey)?;
    let serving = pair(&folder, File::Serving, File::ServingKey)?;
    let admin = pair(&folder, File::Admin, File::AdminKey)?;
    let text = folder.read(File::Token)?;
    let token = Token::parse(text.trim_end())
        .ok_or_else(|| IdentityError::Unreadable { path: folder.path(File::Token), what: "token" })?;

    let foreign = |file, why| Err(IdentityError::Foreign { path: folder.path(file), why });
    if !authority.certificate.is_authority || authority.certificate.name != AUTHORITY {
        return foreign(File::Authority, "is no authority that was made here");
    }
    if !serves(&authority.certificate, &serving.certificate) {
        return foreign(File::Serving, "is no serving certificate of the authority in ca.crt");
    }
    if !is_clients(&authority.certificate, &admin.certificate) {
        return foreign(File::Admin, "is no client certificate of the authority in ca.crt");
    }
    for (file, pair) in [(File::Authority, &authority), (File::Serving, &serving), (File::Admin, &admin)] {
        let from = pair.certificate.not_before;
        if now < from {
            return Err(IdentityError::ClockInPast { path: folder.path(file), from, now });
        }
    }
    Ok(Identity { folder: Some(folder), names, authority, serving, admin, token })
}

fn pair(folder: &Folder, file: File, key_file: File) -> Result<Pair, IdentityError> {
    let unreadable = |file, what| IdentityError::Unreadable { path: folder.path(file), what };
    let key = KeyPair::from_pem(&folder.read(key_file)?).map_err(|_| unreadable(key_file, "private key"))?;
    let certificate = Certificate::from_pem(&folder.read(file)?).ok_or(unreadable(file, "certificate"))?;
    if certificate.public_key != key.subject_public_key_info() {
        let why = "is not the key of the certificate beside it";
        return Err(IdentityError::Foreign { path: folder.path(key_file), why });
    }
    Ok(Pair { certificate, key })
}

/// Whether the authority has signed this certificate, for a server.
pub(super) fn serves(authority: &Certificate, certificate: &Certificate) -> bool {
    let Some((roots, provider)) = anchors(authority) else { return false };
    let Ok(verifier) = WebPkiServerVerifier::builder_with_provider(roots, provider).build() else {
        return false;
    };
    let Ok(name) = ServerName::try_from(SERVED) else { return false };
    verifier.verify_server_cert(&certificate.der, &[], &name, &[], inside(certificate)).is_ok()
}

/// Whether the authority has signed this certificate, for a client.
pub(super) fn is_clients(authority: &Certificate, certificate: &Certificate) -> bool {
    let Some((roots, provider)) = anchors(authority) else { return false };
    let Ok(verifier) = WebPkiClientVerifier::builder_with_provider(roots, provider).build() else {
        return false;
    };
    verifier.verify_client_cert(&certificate.der, &[], inside(certificate)).is_ok()
}

fn anchors(authority: &Certificate) -> Option<(Arc<RootCertStore>, Arc<rustls::crypto::CryptoProvider>)> {
    let mut roots = RootCertStore::empty();
    roots.add(authority.der.clone()).ok()?;
    Some((Arc::new(roots), Arc::new(rustls::crypto::ring::default_provider())))
}

/// A time at which the certificate is valid: here it is only asked who signed it.
fn inside(certificate: &Certificate) -> UnixTime {
    let seconds = u64::try_from(certificate.not_before.as_second()).unwrap_or_default();
    UnixTime::since_unix_epoch(Duration::from_secs(seconds))
}

//! Who the server is, and who its admin is: an authority of its own, what it signs, and a bearer token.
//!
//! Kept in a folder, an identity is made once and read at each later start. Certificates are renewed with their keys
//! when a third of their life is left, so a renewal replaces one file: there is no moment at which key and certificate
//! do not belong together. Clients that know the authority go on knowing it.

mod certificate;
mod check;
mod folder;
mod issue;

use std::io;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use rcgen::KeyPair;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

use self::certificate::Certificate;
use self::folder::{File, Folder};
use super::names::Names;
use crate::authn::Token;

pub(super) use folder::write_private;

/// Why an identity cannot be made, read or used.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    /// A key or certificate cannot be made.
    #[error("failed to make the {what} certificate")]
    Make {
        /// Whose.
        what: &'static str,
        /// Why not.
        #[source]
        source: rcgen::Error,
    },
    /// A certificate that was just made cannot be read.
    #[error("the {what} certificate that was made cannot be read")]
    Unread {
        /// Whose.
        what: &'static str,
    },
    /// The system has no random bytes.
    #[error("the system gives no random bytes")]
    Random,
    /// A file or folder cannot be read.
    #[error("failed to read {}", path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// A file or folder cannot be written.
    #[error("failed to write {}", path.display())]
    Write {
        /// Which.
        path: PathBuf,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// A part of the identity is not there.
    #[error("{} is missing; {}", path.display(), way_out(path))]
    Missing {
        /// Which.
        path: PathBuf,
    },
    /// A file holds something else, or only a part of what it should.
    #[error("{} holds no {what} that can be read; {}", path.display(), way_out(path))]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// What it should hold.
        what: &'static str,
    },
    /// A file that can be read, of another identity.
    #[error("{} {why}; {}", path.display(), way_out(path))]
    Foreign {
        /// Which.
        path: PathBuf,
        /// What does not fit.
        why: &'static str,
    },
    /// Others than the owner could read a secret or replace a file.
    #[error(
        "{} is open to others (its mode is {mode:04o}): if nobody has used that, run `chmod {wanted:o} {}`; else {}",
        path.display(), path.display(), new_identity(path)
    )]
    Permissions {
        /// Which.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
        /// What they should be.
        wanted: u32,
    },
    /// The clock shows a time before the certificate was made.
    #[error(
        "the clock shows {now}, but {} is valid from {from} only: set the clock, then start again", path.display()
    )]
    ClockInPast {
        /// Which.
        path: PathBuf,
        /// From when it is valid.
        from: Timestamp,
        /// The clock's time.
        now: Timestamp,
    },
}

/// What can be done about a damaged identity.
fn way_out(path: &Path) -> String {
    format!("put it back from a backup, or {}", new_identity(path))
}

/// How to begin anew, told of a file in the folder or of the folder itself.
fn new_identity(path: &Path) -> String {
    let is_file = File::ALL.iter().any(|file| path.ends_with(file.name()));
    let folder = path.parent().filter(|_| is_file).unwrap_or(path);
    format!(
        "remove the folder {} to get a new identity (every kubeconfig in use must then be replaced; objects are not touched)",
        folder.display()
    )
}

/// A certificate with its key.
struct Pair {
    certificate: Certificate,
    key: KeyPair,
}

/// An authority, the server's and the admin's certificate, and the admin's token.
pub struct Identity {
    folder: Option<Folder>,
    names: Names,
    authority: Pair,
    serving: Pair,
    admin: Pair,
    token: Token,
}

impl std::fmt::Debug for Identity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Identity")
            .field("folder", &self.folder)
            .field("names", &self.names)
            .finish_non_exhaustive()
    }
}

/// Which certificates a renewal has replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Renewed {
    /// The authority's: clients that check its end need the new one some time.
    pub authority: bool,
    /// The server's.
    pub serving: bool,
    /// The admin's.
    pub admin: bool,
}

impl Renewed {
    /// Whether any was.
    pub fn any(self) -> bool {
        self != Renewed::default()
    }
}

impl Identity {
    /// A fresh identity that is kept nowhere, for a server that clients reach under `names`.
    ///
    /// # Errors
    /// Where keys or certificates cannot be made.
    pub fn generate(names: Names, now: Timestamp) -> Result<Self, IdentityError> {
        let (authority_key, serving_key, admin_key) = (issue::key()?, issue::key()?, issue::key()?);
        let serving = issue::serving(&serving_key, &authority_key, &names, now)?;
        let admin = issue::admin(&admin_key, &authority_key, now)?;
        let authority = issue::authority(&authority_key, now)?;
        Ok(Identity {
            folder: None,
            names,
            authority: Pair { certificate: authority, key: authority_key },
            serving: Pair { certificate: serving, key: serving_key },
            admin: Pair { certificate: admin, key: admin_key },
            token: Token::new(issue::random()?),
        })
    }

    /// The identity that is kept in `folder`, made there where there is none yet. What is near its end is renewed, and a
    /// serving certificate that does not cover `names` is made again.
    ///
    /// Only one process at a time may do this: whoever holds the data folder's lock.
    ///
    /// # Errors
    /// Where a file is missing, damaged, of another identity or open to others, and where the clock is wrong.
    pub fn open(folder: &Path, names: Names, now: Timestamp) -> Result<Self, IdentityError> {
        let folder = Folder::new(folder);
        if !folder.exists()? {
            let mut identity = Identity::generate(names, now)?;
            folder.create(identity.texts())?;
            identity.folder = Some(folder);
            return Ok(identity);
        }
        folder.check()?;
        let mut identity = check::load(folder, names, now)?;
        identity.renew(now)?;
        Ok(identity)
    }

    /// Renews what has less than a third of its life left, in its files first.
    ///
    /// # Errors
    /// Where a certificate cannot be made or a file not be written; the certificates in use are then as they were.
    pub fn renew(&mut self, now: Timestamp) -> Result<Renewed, IdentityError> {
        let due = |pair: &Pair| now >= pair.certificate.renewal();
        let covers = self.serving.certificate.names.cover(&self.names);
        let renewed = Renewed {
            authority: due(&self.authority),
            serving: due(&self.serving) || !covers,
            admin: due(&self.admin),
        };
        if renewed.authority {
            let certificate = issue::authority(&self.authority.key, now)?;
            self.keep(File::Authority, &certificate)?;
            self.authority.certificate = certificate;
        }
        if renewed.serving {
            let certificate = issue::serving(&self.serving.key, &self.authority.key, &self.names, now)?;
            self.keep(File::Serving, &certificate)?;
            self.serving.certificate = certificate;
        }
        if renewed.admin {
            let certificate = issue::admin(&self.admin.key, &self.authority.key, now)?;
            self.keep(File::Admin, &certificate)?;
            self.admin.certificate = certificate;
        }
        Ok(renewed)
    }

    /// When [`renew`](Self::renew) has something to do next.
    pub fn next_renewal(&self) -> Timestamp {
        let pairs = [&self.authority, &self.serving, &self.admin];
        pairs.map(|pair| pair.certificate.renewal()).into_iter().min().unwrap_or(Timestamp::MAX)
    }

    fn keep(&self, file: File, certificate: &Certificate) -> Result<(), IdentityError> {
        match &self.folder {
            Some(folder) => folder.write(file, &certificate.pem()),
            None => Ok(()),
        }
    }

    /// What the files hold, in the order of [`File::ALL`].
    fn texts(&self) -> [String; 7] {
        File::ALL.map(|file| match file {
            File::AuthorityKey => self.authority.key.serialize_pem(),
            File::Authority => self.authority.certificate.pem(),
            File::ServingKey => self.serving.key.serialize_pem(),
            File::Serving => self.serving.certificate.pem(),
            File::AdminKey => self.admin.key.serialize_pem(),
            File::Admin => self.admin.certificate.pem(),
            File::Token => format!("{}\n", self.token.text()),
        })
    }

    /// The authority's certificate, which clients verify the server with.
    pub fn authority_pem(&self) -> String {
        self.authority.certificate.pem()
    }

    pub(super) fn authority_der(&self) -> &CertificateDer<'static> {
        &self.authority.certificate.der
    }

    /// The server's certificate and its key.
    pub(super) fn serving_der(&self) -> (&CertificateDer<'static>, PrivateKeyDer<'static>) {
        let key = PrivatePkcs8KeyDer::from(self.serving.key.serialize_der());
        (&self.serving.certificate.der, key.into())
    }

    /// The admin's certificate and its key.
    pub(super) fn admin_pem(&self) -> (String, String) {
        (self.admin.certificate.pem(), self.admin.key.serialize_pem())
    }

    pub(super) fn token(&self) -> &Token {
        &self.token
    }
}

#[cfg(test)]
mod tests;

//! The files of an identity: read with care, written whole.

use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use super::IdentityError;

/// No file of ours is as long; one that is was put there by somebody else.
const LONGEST: u64 = 64 * 1024;

/// The files, in the order in which they are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum File {
    AuthorityKey,
    Authority,
    ServingKey,
    Serving,
    AdminKey,
    Admin,
    Token,
}

impl File {
    pub(super) const ALL: [File; 7] = [
        File::AuthorityKey,
        File::Authority,
        File::ServingKey,
        File::Serving,
        File::AdminKey,
        File::Admin,
        File::Token,
    ];

    /// As kubeadm names them (/etc/kubernetes/pki).
    pub(super) fn name(self) -> &'static str {
        match self {
            File::AuthorityKey => "ca.key",
            File::Authority => "ca.crt",
            File::ServingKey => "apiserver.key",
            File::Serving => "apiserver.crt",
            File::AdminKey => "admin.key",
            File::Admin => "admin.crt",
            File::Token => "token",
        }
    }

    fn is_secret(self) -> bool {
        !matches!(self, File::Authority | File::Serving | File::Admin)
    }
}

/// The folder with all files of an identity.
#[derive(Debug, Clone)]
pub(super) struct Folder(PathBuf);

impl Folder {
    pub(super) fn new(path: &Path) -> Self {
        Folder(path.to_owned())
    }

    pub(super) fn path(&self, file: File) -> PathBuf {
        self.0.join(file.name())
    }

    /// Whether there is an identity, whole or not.
    pub(super) fn exists(&self) -> Result<bool, IdentityError> {
        let failed = |source| IdentityError::Read { path: self.0.clone(), source };
        match std::fs::read_dir(&self.0) {
            // An empty folder, such as a fresh volume that was mounted there, holds nothing yet.
            Ok(mut entries) => Ok(entries.next().is_some()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(failed(error)),
        }
    }

    /// Refuses a folder into which others can put files.
    pub(super) fn check(&self) -> Result<(), IdentityError> {
        permissions(&self.0, 0o022, 0o700)
    }

    /// The text of a file that must be there, and if it is a secret must be its owner's alone.
    pub(super) fn read(&self, file: File) -> Result<String, IdentityError> {
        let path = self.path(file);
        let opened = match std::fs::File::open(&path) {
            Ok(opened) => opened,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(IdentityError::Missing { path });
            }
            Err(source) => return Err(IdentityError::Read { path, source }),
        };
        if file.is_secret() {
            permissions(&path, 0o077, 0o600)?;
        }
        let mut text = String::new();
        match opened.take(LONGEST).read_to_string(&mut text) {
            Ok(_) => Ok(text),
            Err(error) if error.kind() == io::ErrorKind::InvalidData => {
                Err(IdentityError::Unreadable { path, what: "text" })
            }
            Err(source) => Err(IdentityError::Read { path, source }),
        }
    }

    /// Replaces one file.
    pub(super) fn write(&self, file: File, text: &str) -> Result<(), IdentityError> {
        let path = self.path(file);
        write_private(&path, text).map_err(|source| IdentityError::Write { path, source })
    }

    /// Makes the folder with all its files: all of them are there afterwards, or none.
    pub(super) fn create(&self, texts: [String; 7]) -> Result<(), IdentityError> {
        let failed = |source| IdentityError::Write { path: self.0.clone(), source };
        self.fill(texts).map_err(failed)
    }

    fn fill(&self, texts: [String; 7]) -> io::Result<()> {
        let parent = parent(&self.0);
        private_folder(parent)?;
        let beside = tempfile::Builder::new().prefix(".pki-").tempdir_in(parent)?;
        restrict(beside.path())?;
        for (file, text) in File::ALL.iter().zip(texts) {
            write_private(&beside.path().join(file.name()), &text)?;
        }
        // Where an empty folder is in the way, this replaces it.
        std::fs::rename(beside.keep(), &self.0)?;
        sync_folder(parent)
    }
}

/// Writes a file that its owner alone can read. It appears whole, and survives a crash: a reader never sees half of it.
pub(in crate::serve) fn write_private(path: &Path, text: &str) -> io::Result<()> {
    let parent = parent(path);
    // Such a file is made with a name nobody can foresee, readable by its owner only.
    let mut file = tempfile::Builder::new().prefix(".new-").tempfile_in(parent)?;
    file.write_all(text.as_bytes())?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    sync_folder(parent)
}

fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    }
}

/// Makes the folder and those above it, for its owner alone where they are new.
fn private_folder(path: &Path) -> io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

#[cfg(unix)]
fn restrict(folder: &Path) -> io::Result<()> {
    std::fs::set_permissions(folder, std::os::unix::fs::PermissionsExt::from_mode(0o700))
}

#[cfg(not(unix))]
fn restrict(_: &Path) -> io::Result<()> {
    Ok(())
}

/// A rename is on disk when its folder is.
fn sync_folder(path: &Path) -> io::Result<()> {
    if cfg!(unix) { std::fs::File::open(path)?.sync_all() } else { Ok(()) }
}

/// Refuses what has any of the bits that others must not have.
#[cfg(unix)]
fn permissions(path: &Path, never: u32, wanted: u32) -> Result<(), IdentityError> {
    use std::os::unix::fs::PermissionsExt as _;
    let path = path.to_owned();
    match std::fs::metadata(&path) {
        Ok(metadata) => match metadata.permissions().mode() & 0o7777 {
            mode if mode & never != 0 => Err(IdentityError::Permissions { path, mode, wanted }),
            _ => Ok(()),
        },
        Err(source) => Err(IdentityError::Read { path, source }),
    }
}

#[cfg(not(unix))]
fn permissions(_: &Path, _: u32, _: u32) -> Result<(), IdentityError> {
    Ok(())
}

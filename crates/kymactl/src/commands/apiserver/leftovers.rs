//! Temporary folders, and those that an earlier process has left because it was killed.
//!
//! A folder is certainly left over when it is our user's, has our prefix, and holds a lock file that nobody holds: the
//! system gives up a process's locks when the process ends, however it ends.

use std::fs::{DirEntry, File, OpenOptions};
use std::io;
use std::path::Path;

use tempfile::TempDir;

const PREFIX: &str = "kymactl-";
const LOCK: &str = "up.lock";
/// The lock file before it is locked: under its own name it must never be seen unlocked while its process lives.
const UNLOCKED: &str = "up.lock.new";

/// A folder that goes away with this value.
#[derive(Debug)]
pub(super) struct Temporary {
    // Removed before the lock is given up.
    folder: TempDir,
    _lock: File,
}

impl Temporary {
    /// A new folder below `place`.
    pub(super) fn make(place: &Path) -> io::Result<Self> {
        let folder = tempfile::Builder::new().prefix(PREFIX).tempdir_in(place)?;
        let (new, path) = (folder.path().join(UNLOCKED), folder.path().join(LOCK));
        let lock = OpenOptions::new().write(true).create_new(true).open(&new)?;
        lock.try_lock()?;
        std::fs::rename(new, path)?;
        Ok(Temporary { folder, _lock: lock })
    }

    pub(super) fn path(&self) -> &Path {
        self.folder.path()
    }
}

/// Removes what earlier processes have left below `place`. What cannot be removed is for others to care about.
pub(super) fn remove(place: &Path) {
    let Ok(entries) = std::fs::read_dir(place) else { return };
    for entry in entries.flatten().filter(|entry| is_ours(entry).unwrap_or(false)) {
        let folder = entry.path();
        let Some(_lock) = left(&folder) else { continue };
        match std::fs::remove_dir_all(&folder) {
            Ok(()) => tracing::info!(folder = %folder.display(), "removed what an earlier process has left"),
            Err(error) => tracing::debug!(folder = %folder.display(), %error, "a folder that was left stays"),
        }
    }
}

/// Whether it is a folder with our prefix that belongs to our user.
fn is_ours(entry: &DirEntry) -> io::Result<bool> {
    use std::os::unix::fs::MetadataExt as _;

    if !entry.file_name().as_encoded_bytes().starts_with(PREFIX.as_bytes()) {
        return Ok(false);
    }
    // Of the entry itself, not of what a link points to.
    let metadata = entry.metadata()?;
    Ok(metadata.is_dir() && metadata.uid() == rustix::process::geteuid().as_raw())
}

/// The lock of a folder whose process has ended.
fn left(folder: &Path) -> Option<File> {
    let path = folder.join(LOCK);
    let is_file = path.symlink_metadata().is_ok_and(|metadata| metadata.is_file());
    let lock = is_file.then(|| File::open(path).ok()).flatten()?;
    lock.try_lock().is_ok().then_some(lock)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_certainly_nobody_uses_any_more_is_removed() {
        let place = tempfile::tempdir().unwrap();
        let at = |name: &str| place.path().join(name);
        let used = Temporary::make(place.path()).unwrap();
        assert_eq!(std::fs::read_dir(used.path()).unwrap().count(), 1, "the lock alone");
        for (folder, file) in [
            ("kymactl-left", LOCK),
            ("kymactl-other", "file"),
            ("kymactl-beginning", UNLOCKED),
            ("other-left", LOCK),
        ] {
            std::fs::create_dir_all(at(folder).join("pki")).unwrap();
            std::fs::write(at(folder).join(file), "").unwrap();
        }
        std::fs::write(at("kymactl-file"), "").unwrap();
        std::os::unix::fs::symlink(at("other-left"), at("kymactl-link")).unwrap();
        remove(place.path());
        assert!(!at("kymactl-left").exists());
        for stays in ["kymactl-other", "kymactl-beginning", "other-left", "kymactl-file", "kymactl-link"] {
            assert!(at(stays).exists(), "{stays}");
        }
        let path = used.path().to_owned();
        assert!(path.exists());
        drop(used);
        assert!(!path.exists());
        remove(&at("nowhere"));
    }
}

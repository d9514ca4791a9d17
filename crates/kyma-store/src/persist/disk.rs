//! One file behind a trait, so that a test can crash it, tear its writes and fill it up.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, FileExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use parking_lot::Mutex;

use super::OpenError;

/// The file in the data directory that holds the objects.
const DATA_FILE: &str = "store.db";
/// The file in the data directory that is locked while a store has it open; empty, and never removed, because a lock
/// on a file that somebody removes protects nobody.
const LOCK_FILE: &str = "LOCK";

/// One file, used by one store at a time.
///
/// A write or a change of length counts as durable once a later `sync` has returned `Ok`, and not before; in between
/// a reader of the same `Disk` sees it.
pub trait Disk: std::fmt::Debug + Send + Sync + 'static {
    /// What messages call it.
    fn place(&self) -> String;

    /// Its length in bytes.
    fn length(&self) -> io::Result<u64>;

    /// Fills `buffer` with the bytes from `offset` on; an error when there are fewer.
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()>;

    /// Writes all of `data` at `offset`, making the file longer where it must be. After an error any part of `data`
    /// may have been written.
    fn write_at(&self, offset: u64, data: &[u8]) -> io::Result<()>;

    /// Cuts the end off, or adds zeros, which take no room on the disk yet.
    fn set_length(&self, length: u64) -> io::Result<()>;

    /// Makes durable what was written so far. After an error nobody knows what is, and no later `sync` makes up for
    /// it (<https://lwn.net/Articles/752063/>).
    fn sync(&self) -> io::Result<()>;

    /// Lets others use the file. Nothing is called after this.
    fn close(&self);
}

/// The file `store.db` in a data directory, which it keeps locked until it is closed or dropped.
#[derive(Debug)]
pub struct FileDisk {
    path: PathBuf,
    file: File,
    lock: Mutex<Option<File>>,
}

impl FileDisk {
    /// Locks the folder and opens the file in it; makes both where they are missing, the folder with mode 0700 and
    /// the files with 0600.
    pub fn open(folder: &Path) -> Result<Self, OpenError> {
        make_folder(folder)?;
        let lock = lock(folder)?;
        let path = folder.join(DATA_FILE);
        let file = open_file(&path)?;
        // The names of new files are durable once their folder is.
        let synced = File::open(folder).and_then(|folder| folder.sync_all());
        synced.map_err(|source| OpenError::OpenFile { path: folder.to_owned(), source })?;
        Ok(Self { path, file, lock: Mutex::new(Some(lock)) })
    }
}

fn make_folder(folder: &Path) -> Result<(), OpenError> {
    match folder.metadata() {
        Ok(metadata) if metadata.is_dir() => Ok(()),
        Ok(_) => Err(OpenError::NotAFolder { path: folder.to_owned() }),
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => {
            Err(OpenError::NotAFolder { path: folder.to_owned() })
        }
        Err(_) => DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)
            .map_err(|source| OpenError::CreateFolder { path: folder.to_owned(), source }),
    }
}

fn lock(folder: &Path) -> Result<File, OpenError> {
    let path = folder.join(LOCK_FILE);
    let file = open_file(&path)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(OpenError::Locked { path: folder.to_owned() }),
        Err(TryLockError::Error(source)) => Err(OpenError::Lock { path, source }),
    }
}

fn open_file(path: &Path) -> Result<File, OpenError> {
    let opened =
        OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(path);
    opened.map_err(|source| OpenError::OpenFile { path: path.to_owned(), source })
}

impl Disk for FileDisk {
    fn place(&self) -> String {
        self.path.display().to_string()
    }

    fn length(&self) -> io::Result<u64> {
        self.file.metadata().map(|metadata| metadata.len())
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        self.file.read_exact_at(buffer, offset)
    }

    fn write_at(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.file.write_all_at(data, offset)
    }

    fn set_length(&self, length: u64) -> io::Result<()> {
        self.file.set_len(length)
    }

    fn sync(&self) -> io::Result<()> {
        self.file.sync_data()
    }

    fn close(&self) {
        // Closing the lock's file releases it.
        self.lock.lock().take();
    }
}

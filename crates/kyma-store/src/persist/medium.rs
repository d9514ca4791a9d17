//! The file as the database sees it: what lies behind the header, with the marks kept true.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use parking_lot::Mutex;
use redb::StorageBackend;

use super::Disk;
use super::header::{self, Mark, Marks};
use crate::revision::Revision;

/// A disk with a store on it. It outlives the database, which is opened again after an error.
#[derive(Debug)]
pub(super) struct Medium {
    pub(super) disk: Arc<dyn Disk>,
    marks: Mutex<Marks>,
    sync_failed: AtomicBool,
    commits: AtomicU64,
}

impl Medium {
    pub(super) fn new(disk: Arc<dyn Disk>, marks: Marks) -> Arc<Self> {
        let (marks, sync_failed, commits) = (Mutex::new(marks), AtomicBool::new(false), AtomicU64::new(0));
        Arc::new(Self { disk, marks, sync_failed, commits })
    }

    /// The revision that was acknowledged for certain.
    pub(super) fn acknowledged(&self) -> u64 {
        self.marks.lock().newest.revision
    }

    /// Whether a sync has ever failed: what is on the disk is then unknown.
    pub(super) fn sync_failed(&self) -> bool {
        self.sync_failed.load(Ordering::Relaxed)
    }

    /// How often the database's header was written and synced. A commit does that once, so when the number has grown it
    /// is durable, whatever has failed after it.
    pub(super) fn commits(&self) -> u64 {
        self.commits.load(Ordering::Relaxed)
    }

    /// Notes that everything up to `revision` is durable. The next sync makes the note durable; until then the one
    /// before holds, which says less and is as true.
    pub(super) fn mark(&self, revision: Revision) -> io::Result<()> {
        let length = self.disk.length()?;
        self.marks.lock().write(&*self.disk, Mark { revision: revision.get(), length })
    }

    pub(super) fn sync(&self) -> io::Result<()> {
        self.disk.sync().inspect_err(|_| self.note_failed_sync())
    }

    fn note_failed_sync(&self) {
        self.sync_failed.store(true, Ordering::Relaxed);
    }

    /// A mark must not speak of bytes that are about to go, even when a crash comes in between.
    fn expect_length(&self, length: u64) -> io::Result<()> {
        let mut marks = self.marks.lock();
        if !marks.need_more_than(length) {
            return Ok(());
        }
        let mark = Mark { length, ..marks.newest };
        marks.write(&*self.disk, mark)?;
        self.sync()?;
        marks.synced();
        Ok(())
    }
}

/// What redb is given. Several of them, one after the other, share a medium.
///
/// redb writes everything to pages that nothing refers to yet, except its own header, which says what the newest
/// commit is. That one is held back until the sync: when a page before it cannot be written, the disk has nothing of
/// the commit, and cannot have it by chance either.
#[derive(Debug)]
pub(super) struct Backend {
    medium: Arc<Medium>,
    held: Mutex<Option<Vec<u8>>>,
}

impl Backend {
    pub(super) fn new(medium: &Arc<Medium>) -> Self {
        Self { medium: Arc::clone(medium), held: Mutex::new(None) }
    }
}

impl StorageBackend for Backend {
    fn len(&self) -> io::Result<u64> {
        Ok(self.medium.disk.length()?.saturating_sub(header::LENGTH))
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.medium.disk.read_at(header::LENGTH + offset, out)?;
        if offset == 0
            && let Some(held) = &*self.held.lock()
        {
            let length = held.len().min(out.len());
            out[..length].copy_from_slice(&held[..length]);
        }
        Ok(())
    }

    fn set_len(&self, length: u64) -> io::Result<()> {
        let length = header::LENGTH + length;
        self.medium.expect_length(length)?;
        self.medium.disk.set_length(length)
    }

    fn sync_data(&self) -> io::Result<()> {
        let Some(header) = self.held.lock().take() else { return self.medium.sync() };
        let written = self.medium.disk.write_at(header::LENGTH, &header);
        written.inspect_err(|_| self.medium.note_failed_sync())?;
        self.medium.sync()?;
        self.medium.commits.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        if offset == 0 {
            *self.held.lock() = Some(data.to_vec());
            return Ok(());
        }
        self.medium.disk.write_at(header::LENGTH + offset, data)
    }
}

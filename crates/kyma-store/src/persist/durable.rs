//! The engine that keeps objects on a disk.

#[cfg(test)]
mod tests;

use std::io;
use std::sync::Arc;

use super::encoding::{Head, Kept};
use super::format::{self, Step};
use super::header::{self, Found, Marks};
use super::medium::Medium;
use super::tree::{Buffers, Failure, Tree};
use super::{Disk, Engine, OpenError, PersistError, Record};
use crate::revision::Revision;

/// Smaller files are never compacted, in bytes.
const COMPACT_LENGTH_MIN: u64 = 16 << 20;
/// A file is compacted at its opening when it is so many times as large as the records in it. Two is what half-full
/// pages take, and the file doubles when it grows, so up to four there may be nothing to gain.
const COMPACT_FACTOR: u64 = 4;

/// Keeps objects in one file.
#[derive(Debug)]
pub(crate) struct Durable {
    medium: Arc<Medium>,
    /// `None` after a failure, until the next batch: redb takes nothing more once its file has failed.
    tree: Option<Tree>,
    /// The newest revision that is durable.
    head: Head,
    buffers: Buffers,
}

impl Durable {
    /// Opens what is on the disk, or makes it; checks all of it but the objects, which [`Durable::load`] does.
    pub(crate) fn open(disk: Arc<dyn Disk>) -> Result<Self, OpenError> {
        Self::open_with(disk, (format::STEPS, format::NEWEST))
    }

    fn open_with(disk: Arc<dyn Disk>, formats: (&[Step], u32)) -> Result<Self, OpenError> {
        let place = disk.place();
        match header::read(&*disk, formats.1)? {
            Found::Nothing => Self::create(disk, formats.1).map_err(|failure| failure.into_open_error(place)),
            Found::Store { format, marks } => Self::resume(disk, (format, marks), formats),
        }
    }

    fn create(disk: Arc<dyn Disk>, format: u32) -> Result<Self, Failure> {
        let marks = header::create(&*disk, format).map_err(Failure::Disk)?;
        let medium = Medium::new(disk, marks);
        let tree = Tree::open(&medium)?;
        let head = Head { revision: Revision::FIRST, format };
        let mut buffers = Buffers::default();
        tree.write(&[], head, &mut buffers)?;
        // From here on the file counts as finished.
        medium.mark(head.revision).and_then(|()| medium.sync()).map_err(Failure::Disk)?;
        Ok(Self { medium, tree: Some(tree), head, buffers })
    }

    fn resume(
        disk: Arc<dyn Disk>,
        (format, marks): (u32, Marks),
        formats: (&[Step], u32),
    ) -> Result<Self, OpenError> {
        let place = disk.place();
        let failed = |failure: Failure| failure.into_open_error(place.clone());
        let medium = Medium::new(disk, marks);
        let tree = Tree::open(&medium).map_err(failed)?;
        let head = tree.head().map_err(failed)?;
        let acknowledged = medium.acknowledged();
        if head.revision.get() < acknowledged {
            let what = format!(
                "it ends at revision {}, but writes up to revision {acknowledged} were acknowledged",
                head.revision
            );
            return Err(OpenError::Damaged { place, what });
        }
        if format < formats.1 {
            let source = |error| failed(Failure::Disk(error));
            header::set_format(&*medium.disk, formats.1).and_then(|()| medium.sync()).map_err(source)?;
        }
        format::migrate(&medium, &tree, head.format, formats)?;
        let head = Head { format: formats.1, ..head };
        Ok(Self { medium, tree: Some(tree), head, buffers: Buffers::default() })
    }

    /// The newest revision that is durable.
    pub(crate) fn revision(&self) -> Revision {
        self.head.revision
    }

    /// Hands over every object, in the order of their keys, once each was checked. Compacts the file where most of it
    /// is free.
    pub(crate) fn load(&mut self, visit: &mut dyn FnMut(Kept<'_>)) -> Result<(), OpenError> {
        let place = self.medium.disk.place();
        let Some(tree) = &mut self.tree else { return Ok(()) };
        let loaded = tree.load(self.head, visit).and_then(|bytes| {
            let length = self.medium.disk.length().map_err(Failure::Disk)?;
            if is_mostly_free(length, bytes) { tree.compact() } else { Ok(()) }
        });
        loaded.map_err(|failure| failure.into_open_error(place))
    }

    fn keep(&mut self, batch: &[Record], head: Head) -> Result<(), Failure> {
        if self.medium.sync_failed() {
            return Err(Failure::Disk(io::Error::other("an earlier sync failed")));
        }
        let tree = match self.tree.take() {
            Some(tree) => tree,
            None => self.reopen()?,
        };
        let commits = self.medium.commits();
        match tree.write(batch, head, &mut self.buffers) {
            Ok(()) => self.tree = Some(tree),
            // What fails after the sync, such as giving room back, costs the database's handle and not the batch.
            Err(_) if self.medium.commits() > commits => {}
            Err(failure) => return Err(failure),
        }
        self.head = head;
        // Without its mark a batch is as durable; only a later loss of it would show less surely.
        drop(self.medium.mark(head.revision));
        Ok(())
    }

    /// Opens the database again after a failure. What is there must be what was acknowledged, no more and no less:
    /// the next batch carries the revisions of the one that failed.
    fn reopen(&self) -> Result<Tree, Failure> {
        let tree = Tree::open(&self.medium)?;
        let found = tree.head()?;
        if found == self.head {
            return Ok(tree);
        }
        Err(Failure::Content(format!(
            "after a failed write it is at revision {} and not at {}",
            found.revision, self.head.revision
        )))
    }
}

impl Engine for Durable {
    fn append(&mut self, batch: &[Record]) -> Result<(), PersistError> {
        let Some(last) = batch.last() else { return Ok(()) };
        let head = Head { revision: last.event.revision, ..self.head };
        self.keep(batch, head).map_err(|failure| {
            let is_final = self.medium.sync_failed() || matches!(failure, Failure::Content(_));
            let source: Arc<io::Error> = Arc::new(failure.into_io_error());
            if is_final { PersistError::Sync(source) } else { PersistError::Append(source) }
        })
    }

    fn disk_bytes(&self) -> Option<u64> {
        self.medium.disk.length().ok()
    }
}

impl Drop for Durable {
    fn drop(&mut self) {
        // Before its disk: closing a database in good order writes to it.
        drop(self.tree.take());
        self.medium.disk.close();
    }
}

fn is_mostly_free(length: u64, used: u64) -> bool {
    length > COMPACT_LENGTH_MIN && length > COMPACT_FACTOR * used
}

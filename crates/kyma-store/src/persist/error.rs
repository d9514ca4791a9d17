//! What can go wrong between the store and its disk.

use std::error::Error;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use super::Persistence;

/// Why a batch is not durable.
#[derive(Clone, Debug, thiserror::Error)]
pub enum PersistError {
    /// The engine kept nothing of the batch, and a later one may go through: a full disk.
    #[error("failed to append the batch")]
    Append(#[source] Arc<io::Error>),
    /// Nobody knows what the engine kept, so it takes nothing more until it is opened again: a failed sync.
    #[error("failed to sync the batch; no write is taken until the store is opened again")]
    Sync(#[source] Arc<io::Error>),
}

impl PersistError {
    /// Whether the store is read-only from now on.
    pub(crate) fn is_final(&self) -> bool {
        match self {
            Self::Append(_) => false,
            Self::Sync(_) => true,
        }
    }

    /// What it means for the writes to come.
    pub(crate) fn persistence(&self) -> Persistence {
        let reason = self.reason();
        if self.is_final() { Persistence::ReadOnly(reason) } else { Persistence::Failing(reason) }
    }

    /// The error with all that caused it: whoever reads "no space left" knows what to do.
    pub fn reason(&self) -> String {
        let (Self::Append(source) | Self::Sync(source)) = self;
        let mut reason = format!("{self}: {source}");
        let mut next = source.source();
        while let Some(error) = next {
            reason.push_str(": ");
            reason.push_str(&error.to_string());
            next = error.source();
        }
        reason
    }
}

/// Why a store does not open. Each says what is wrong, where, and what to do.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The folder is not there and cannot be made.
    #[error("failed to make the data directory {}; choose one whose parent can be written to", .path.display())]
    CreateFolder {
        /// The folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The path is something else, such as a file.
    #[error("the data directory {} is not a directory; choose another path", .path.display())]
    NotAFolder {
        /// What was given.
        path: PathBuf,
    },
    /// A file in the folder cannot be opened or made.
    #[error("failed to open {}; the data directory must be readable and writable for this user", .path.display())]
    OpenFile {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Somebody else has the store open.
    #[error(
        "the data directory {} is in use by another process; end that one, or choose another directory",
        .path.display()
    )]
    Locked {
        /// The folder.
        path: PathBuf,
    },
    /// The file system does not say whether somebody else has the store open.
    #[error("failed to lock {}; choose a data directory on a file system with locks", .path.display())]
    Lock {
        /// The lock's file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The disk failed; what it holds may be sound.
    #[error("failed to use {place}; make sure that the disk works and has room, then start again")]
    UseDisk {
        /// The file.
        place: String,
        /// Why.
        source: io::Error,
    },
    /// The file is not a store's.
    #[error("{place} was not written by this program; move it away, or choose another data directory")]
    Foreign {
        /// The file.
        place: String,
    },
    /// A newer version of this program has written the file.
    #[error(
        "{place} has data format {found}, this version knows formats up to {known}; use the newer version that wrote it"
    )]
    Newer {
        /// The file.
        place: String,
        /// The file's format.
        found: u32,
        /// The newest format that can be read.
        known: u32,
    },
    /// The file has lost its end.
    #[error(
        "{place} is cut off: it has {length} bytes and needs at least {needed}; restore the data directory from a \
         backup, or start with an empty one"
    )]
    Truncated {
        /// The file.
        place: String,
        /// Its length, in bytes.
        length: u64,
        /// The least that it must have, in bytes.
        needed: u64,
    },
    /// The file does not hold what was written to it.
    #[error(
        "{place} is damaged: {what}; restore the data directory from a backup, or start with an empty one"
    )]
    Damaged {
        /// The file.
        place: String,
        /// What was found.
        what: String,
    },
    /// A file of an older format could not be brought up to date; it is as it was before that step.
    #[error("failed to bring {place} from data format {from} to {}; free some room and start again", .from + 1)]
    Migrate {
        /// The file.
        place: String,
        /// The format that it has.
        from: u32,
        /// Why.
        source: io::Error,
    },
    /// The thread that writes to the disk could not be started.
    #[error("failed to start the thread that writes to the disk; raise the limit of threads")]
    StartThread(#[source] io::Error),
}

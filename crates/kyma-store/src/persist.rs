//! Where acknowledged writes are kept.
//!
//! From the outside in: an [`Engine`] takes batches of records. [`Memory`] keeps nothing; `Durable` keeps them in one
//! file behind a [`Disk`]. That file is a header (`header`: what it is, its format, the newest acknowledged revision)
//! and behind it a redb database (`tree`), which holds each object as one record (`encoding`). `format` brings older
//! files up to date.

mod disk;
mod durable;
mod encoding;
mod error;
mod faulty;
mod format;
mod header;
mod medium;
mod memory;
mod tree;

use std::sync::Arc;

pub use disk::{Disk, FileDisk};
pub(crate) use durable::Durable;
pub(crate) use encoding::Kept;
pub use error::{OpenError, PersistError};
pub use faulty::{Crash, FaultyDisk};
pub use memory::Memory;

use crate::history::Event;

/// One write on its way to the engine.
#[derive(Clone, Debug)]
pub struct Record {
    /// The resource by name: numbers differ from one process to the next.
    pub resource: Arc<str>,
    /// What was written.
    pub event: Arc<Event>,
}

/// A place that keeps records. Dropping it closes it.
///
/// `append` is called with batches in the order of their revisions, one at a time. When it returns `Ok`, the whole
/// batch is as durable as the engine promises; when it returns [`PersistError::Append`], nothing of it will be found
/// by a later start, because the next batch carries the same revisions again.
pub trait Engine: Send {
    /// Makes the batch durable, all of it or nothing.
    fn append(&mut self, batch: &[Record]) -> Result<(), PersistError>;

    /// The bytes that the engine takes on a disk; `None` when it uses none.
    fn disk_bytes(&self) -> Option<u64> {
        None
    }
}

/// Whether writes get through.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Persistence {
    /// The newest batch was kept.
    #[default]
    Healthy,
    /// The newest batch was not kept, for this reason; the next one may be: a full disk.
    Failing(String),
    /// Nothing more is taken until the store is opened again, for this reason: a failed sync.
    ReadOnly(String),
}

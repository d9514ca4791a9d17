//! Where acknowledged writes are kept.

mod memory;

use std::io;
use std::sync::Arc;

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

/// A place that keeps records.
///
/// `append` is called with batches in the order of their revisions, one at a time. When it returns `Ok`, the whole
/// batch is as durable as the engine promises; when it returns [`PersistError::Append`], nothing of it will be found
/// by a later start, because the next batch carries the same revisions again.
pub trait Engine: Send {
    /// Makes the batch durable, all of it or nothing.
    fn append(&mut self, batch: &[Record]) -> Result<(), PersistError>;
}

/// Why a batch is not durable.
#[derive(Clone, Debug, thiserror::Error)]
pub enum PersistError {
    /// The engine kept nothing of the batch, and a later one may go through: a full disk.
    #[error("failed to append the batch")]
    Append(#[source] Arc<io::Error>),
    /// Nobody knows what the engine kept, so it takes nothing more until it is opened again: a failed sync.
    #[error("failed to sync the batch")]
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
}

//! The database: one table from keys to values, changed by one transaction a batch.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use redb::{Builder, Database, ReadableDatabase as _, ReadableTable as _, TableDefinition};

use super::encoding::{self, Flaw, HEAD_KEY, Head, Kept};
use super::format::Step;
use super::medium::{Backend, Medium};
use super::{OpenError, Record};

const OBJECTS: TableDefinition<'_, &[u8], &[u8]> = TableDefinition::new("objects");

/// Memory for pages of the database, in bytes. The store has all objects in memory itself, so this is for the inner
/// pages of the tree and the pages of one batch.
const CACHE_BYTES: usize = 32 << 20;

/// Why the database did not do what it was asked for.
#[derive(Debug)]
pub(super) enum Failure {
    /// The disk failed, or is full.
    Disk(io::Error),
    /// The file does not hold what was written to it.
    Content(String),
}

impl Failure {
    pub(super) fn into_open_error(self, place: String) -> OpenError {
        match self {
            Self::Disk(source) => OpenError::UseDisk { place, source },
            Self::Content(what) => OpenError::Damaged { place, what },
        }
    }

    pub(super) fn into_migration(self, place: String, from: u32) -> OpenError {
        match self {
            Self::Disk(source) => OpenError::Migrate { place, from, source },
            Self::Content(what) => OpenError::Damaged { place, what },
        }
    }

    pub(super) fn into_io_error(self) -> io::Error {
        match self {
            Self::Disk(error) => error,
            Self::Content(what) => io::Error::other(what),
        }
    }
}

/// Tells the disk's failures from the file's.
fn failed(error: impl Into<redb::Error>) -> Failure {
    match error.into() {
        // A page beyond the end, or no database at all.
        redb::Error::Io(error)
            if matches!(error.kind(), io::ErrorKind::UnexpectedEof | io::ErrorKind::InvalidData) =>
        {
            Failure::Content(error.to_string())
        }
        redb::Error::Io(error) => Failure::Disk(error),
        error @ (redb::Error::Backend(_) | redb::Error::PreviousIo | redb::Error::ValueTooLarge(_)) => {
            Failure::Disk(io::Error::other(error))
        }
        error => Failure::Content(error.to_string()),
    }
}

fn flawed(what: &str, flaw: Flaw) -> Failure {
    Failure::Content(format!("{what} cannot be read: {flaw}"))
}

/// Room for one record's bytes, to be used again for the next.
#[derive(Debug, Default)]
pub(super) struct Buffers {
    key: Vec<u8>,
    value: Vec<u8>,
}

/// An open database. Dropping it closes it in good order.
#[derive(Debug)]
pub(super) struct Tree {
    database: Database,
}

impl Tree {
    /// Opens the database, or makes it where there is nothing behind the header, and checks every page of it.
    pub(super) fn open(medium: &Arc<Medium>) -> Result<Self, Failure> {
        let backend = Backend::new(medium);
        // redb promises an error for a damaged file, but a page that passes its checksum by chance, or a header that
        // has none, may still meet an assertion.
        let opened = catch_unwind(AssertUnwindSafe(|| {
            Builder::new()
                .set_cache_size(CACHE_BYTES)
                .set_check_integrity_on_open(true)
                .create_with_backend(backend)
        }));
        match opened {
            Ok(opened) => Ok(Self { database: opened.map_err(failed)? }),
            Err(_) => Err(Failure::Content("its pages contradict each other".to_owned())),
        }
    }

    /// Writes a batch, and what the store keeps of itself, in one transaction.
    pub(super) fn write(
        &self,
        batch: &[Record],
        head: Head,
        Buffers { key, value }: &mut Buffers,
    ) -> Result<(), Failure> {
        let transaction = self.database.begin_write().map_err(failed)?;
        let mut table = transaction.open_table(OBJECTS).map_err(failed)?;
        for Record { resource, event } in batch {
            encoding::encode_key(resource, &event.object.key, key);
            if event.deleted {
                table.remove(key.as_slice()).map_err(failed)?;
            } else {
                encoding::encode(key, &event.object, value);
                table.insert(key.as_slice(), value.as_slice()).map_err(failed)?;
            }
        }
        table.insert(HEAD_KEY, encoding::encode_head(head).as_slice()).map_err(failed)?;
        drop(table);
        transaction.commit().map_err(failed)
    }

    /// What the store keeps of itself.
    pub(super) fn head(&self) -> Result<Head, Failure> {
        let transaction = self.database.begin_read().map_err(failed)?;
        let table = transaction.open_table(OBJECTS).map_err(failed)?;
        let value = table.get(HEAD_KEY).map_err(failed)?;
        let value = value.ok_or_else(|| Failure::Content("the store's revision is missing".to_owned()))?;
        encoding::decode_head(value.value()).map_err(|flaw| flawed("the store's revision", flaw))
    }

    /// Reads and checks every object; returns how many bytes of keys and values there are.
    pub(super) fn load(&self, head: Head, visit: &mut dyn FnMut(Kept<'_>)) -> Result<u64, Failure> {
        let transaction = self.database.begin_read().map_err(failed)?;
        let table = transaction.open_table(OBJECTS).map_err(failed)?;
        let mut bytes = 0;
        for entry in table.iter().map_err(failed)? {
            let (key, value) = entry.map_err(failed)?;
            let (key, value) = (key.value(), value.value());
            bytes += (key.len() + value.len()) as u64;
            if key == HEAD_KEY {
                continue;
            }
            let what = || format!("the object with the key {}", key.escape_ascii());
            let kept = encoding::decode(key, value).map_err(|flaw| flawed(&what(), flaw))?;
            if kept.revision > head.revision {
                let what = format!("{} is newer than the store", what());
                return Err(Failure::Content(what));
            }
            visit(kept);
        }
        Ok(bytes)
    }

    /// Changes the records to the next format, all of them or none.
    pub(super) fn migrate(&self, step: &Step) -> Result<(), Failure> {
        let head = self.head()?;
        let transaction = self.database.begin_write().map_err(failed)?;
        let mut table = transaction.open_table(OBJECTS).map_err(failed)?;
        (step.run)(&mut table)?;
        let head = Head { format: step.from + 1, ..head };
        table.insert(HEAD_KEY, encoding::encode_head(head).as_slice()).map_err(failed)?;
        drop(table);
        transaction.commit().map_err(failed)
    }

    /// Moves the pages together and gives the rest of the file back.
    pub(super) fn compact(&mut self) -> Result<(), Failure> {
        self.database.compact().map(drop).map_err(failed)
    }
}

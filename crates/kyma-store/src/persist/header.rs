//! The first page of the file: what it is, its format, and how much of it was acknowledged.
//!
//! ```text
//! offset 0     magic, 16 bytes
//!        16    format, u32
//!        20    CRC-32 of the 20 bytes before
//!        512   mark 0: sequence u64, revision u64, length u64, CRC-32 of these
//!        1024  mark 1: the same; the one with the larger sequence counts
//!        4096  the database
//! ```
//!
//! All numbers are little-endian. Everything stands in sectors of its own, which a disk writes whole or not at all.
//! The database could do without any of this; a reader of it could not. A database that finds its newest commit
//! damaged takes it for one that a crash has interrupted, and quietly goes back to the one before. A mark is written
//! after a commit was synced, so whatever the database falls back to, it must have at least that revision.

#[cfg(test)]
mod tests;

use std::io;

use super::{Disk, OpenError};
use crate::revision::Revision;

/// The header's length, and so the database's offset, in bytes.
pub(super) const LENGTH: u64 = 4096;

/// The line ends and the control character are there to be broken by whoever takes the file for text.
const MAGIC: [u8; 16] = *b"kyma-store\r\n\x1a\n\0\0";
const START: usize = MAGIC.len() + 8;
const SECTOR: usize = 512;
const MARK: usize = 28;

/// What the file holds at the least: it is written once it is true, and stays true.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Mark {
    /// All writes up to here were acknowledged. 0 while the file is being made.
    pub(super) revision: u64,
    /// The file's length, in bytes.
    pub(super) length: u64,
}

impl Mark {
    /// Of a file that is not finished yet; whoever finds it starts over.
    const UNFINISHED: Mark = Mark { revision: 0, length: 0 };
}

/// Where the next mark goes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Marks {
    sequence: u64,
    pub(super) newest: Mark,
    /// The largest length of all marks that the disk may have, in bytes. A write that has failed may have happened all
    /// the same, so this can be more than the newest mark says.
    promised: u64,
}

impl Marks {
    /// Writes the next mark over the older of the two; a sync makes it durable, as any other write.
    pub(super) fn write(&mut self, disk: &dyn Disk, mark: Mark) -> io::Result<()> {
        let sequence = self.sequence + 1;
        self.promised = self.promised.max(mark.length);
        disk.write_at(offset(sequence) as u64, &encode(sequence, mark))?;
        (self.sequence, self.newest) = (sequence, mark);
        Ok(())
    }

    /// Whether a mark that the disk may have needs the file to be longer than this.
    pub(super) fn need_more_than(&self, length: u64) -> bool {
        self.promised > length
    }

    /// Notes that the newest mark is durable, so that it alone counts.
    pub(super) fn synced(&mut self) {
        self.promised = self.newest.length;
    }

    /// Whether a file with this mark was ever finished.
    fn is_finished(&self) -> bool {
        self.newest.revision >= Revision::FIRST.get()
    }
}

/// What a file's first page says.
#[derive(Clone, Copy, Debug)]
pub(super) enum Found {
    /// Nothing was ever acknowledged here: the file is empty, or a crash has interrupted its making.
    Nothing,
    /// A store.
    Store {
        /// The file's format; one that this version knows.
        format: u32,
        marks: Marks,
    },
}

/// Reads the first page, and refuses what is no store or has a format after `newest`.
pub(super) fn read(disk: &dyn Disk, newest: u32) -> Result<Found, OpenError> {
    let failed = |source| OpenError::UseDisk { place: disk.place(), source };
    let length = disk.length().map_err(failed)?;
    let mut page = vec![0; length.min(LENGTH) as usize];
    disk.read_at(0, &mut page).map_err(failed)?;
    if !page.starts_with(&MAGIC) {
        // A crash can lose the first sector of a page that it keeps the others of.
        let interrupted = length == 0 || length == LENGTH && page[..SECTOR].iter().all(|byte| *byte == 0);
        return if interrupted {
            Ok(Found::Nothing)
        } else {
            Err(OpenError::Foreign { place: disk.place() })
        };
    }
    if length < LENGTH {
        return Err(OpenError::Truncated { place: disk.place(), length, needed: LENGTH });
    }
    let damaged = |what: &str| OpenError::Damaged { place: disk.place(), what: what.to_owned() };
    let format = format_of(&page).ok_or_else(|| damaged("the header's checksum is wrong"))?;
    if format > newest {
        return Err(OpenError::Newer { place: disk.place(), found: format, known: newest });
    }
    let marks = [0, 1].into_iter().filter_map(|slot| decode(page.get(offset(slot)..)?));
    match marks.max_by_key(|marks| marks.sequence) {
        Some(marks) if length < marks.newest.length => {
            Err(OpenError::Truncated { place: disk.place(), length, needed: marks.newest.length })
        }
        Some(marks) if marks.is_finished() => Ok(Found::Store { format, marks }),
        Some(_) => Ok(Found::Nothing),
        None if length == LENGTH => Ok(Found::Nothing),
        None => Err(damaged("both marks' checksums are wrong")),
    }
}

/// Makes the file anew: a durable first page, and nothing behind it.
pub(super) fn create(disk: &dyn Disk, format: u32) -> io::Result<Marks> {
    let mut page = vec![0; LENGTH as usize];
    page[..START].copy_from_slice(&start(format));
    let mark = encode(0, Mark::UNFINISHED);
    page[offset(0)..offset(0) + MARK].copy_from_slice(&mark);
    disk.set_length(0)?;
    disk.set_length(LENGTH)?;
    disk.write_at(0, &page)?;
    disk.sync()?;
    Ok(Marks { sequence: 0, newest: Mark::UNFINISHED, promised: 0 })
}

/// Says that the file has another format now; a sync makes that durable.
pub(super) fn set_format(disk: &dyn Disk, format: u32) -> io::Result<()> {
    disk.write_at(0, &start(format))
}

fn start(format: u32) -> [u8; START] {
    let mut start = [0; START];
    start[..16].copy_from_slice(&MAGIC);
    start[16..20].copy_from_slice(&format.to_le_bytes());
    let checksum = crc32fast::hash(&start[..20]);
    start[20..].copy_from_slice(&checksum.to_le_bytes());
    start
}

/// The format, if the checksum is right.
fn format_of(page: &[u8]) -> Option<u32> {
    let (checked, rest) = page.split_at_checked(20)?;
    let format = u32::from_le_bytes(checked[16..].try_into().ok()?);
    rest.starts_with(&crc32fast::hash(checked).to_le_bytes()).then_some(format)
}

fn offset(sequence: u64) -> usize {
    if sequence.is_multiple_of(2) { SECTOR } else { 2 * SECTOR }
}

fn encode(sequence: u64, mark: Mark) -> [u8; MARK] {
    let mut bytes = [0; MARK];
    for (place, number) in bytes.chunks_exact_mut(8).zip([sequence, mark.revision, mark.length]) {
        place.copy_from_slice(&number.to_le_bytes());
    }
    let checksum = crc32fast::hash(&bytes[..24]);
    bytes[24..].copy_from_slice(&checksum.to_le_bytes());
    bytes
}

fn decode(bytes: &[u8]) -> Option<Marks> {
    let (checked, rest) = bytes.split_at_checked(24)?;
    if !rest.starts_with(&crc32fast::hash(checked).to_le_bytes()) {
        return None;
    }
    let number = |at: usize| Some(u64::from_le_bytes(checked[at..at + 8].try_into().ok()?));
    let newest = Mark { revision: number(8)?, length: number(16)? };
    Some(Marks { sequence: number(0)?, newest, promised: newest.length })
}

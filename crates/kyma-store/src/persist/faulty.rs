//! A disk for tests: it loses, tears, flips and refuses what it is told to, the same way for the same seed.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use fastrand::Rng;
use parking_lot::Mutex;

use super::Disk;

/// What a disk writes whole or not at all, in bytes.
const SECTOR: usize = 512;
/// What a file system gives room in, in bytes.
const BLOCK: u64 = 4096;

/// What becomes of the writes since the last sync when the machine stops.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Crash {
    /// Nothing of them is lost: the process was killed and the machine went on.
    Process,
    /// All of them are lost: the power failed before the disk had done anything.
    Power,
    /// The power failed while the disk was writing, in an order of its own: each sector of each write is there or
    /// not, by chance. Changes of length happen in order, up to one of them, as a journalling file system does them.
    Torn,
}

/// A file in memory, with the faults of a disk.
///
/// - **Crash**: [`crash`](Self::crash) makes the file what the disk would hold, see [`Crash`]. Whoever has the disk
///   open should be dropped first, as by a real crash; what it writes on the way out is lost with
///   [`detach`](Self::detach).
/// - **Bit rot**: [`flip`](Self::flip) changes one bit, durably.
/// - **A full disk**: [`set_room`](Self::set_room) gives room for so many more blocks of 4 KiB. A block takes room when it is
///   first written to (a file made longer is sparse) and gives it back when the file is cut. A write without room
///   writes the blocks that fit and fails with `StorageFull`.
/// - **A failed write**: [`fail_write`](Self::fail_write) lets one later write fail after a random part of it.
/// - **A failed sync**: [`fail_sync`](Self::fail_sync) lets one later sync fail. As in Linux the writes before it
///   stay visible, but no later sync makes them durable: a crash keeps or loses each by chance.
#[derive(Debug)]
pub struct FaultyDisk(Mutex<State>);

#[derive(Debug)]
struct State {
    rng: Rng,
    /// What a reader sees.
    seen: Vec<u8>,
    /// What is certainly on the disk.
    durable: Vec<u8>,
    /// What happened since the last sync, in order.
    pending: Vec<Change>,
    /// What happened before a sync that failed.
    doubtful: Vec<Change>,
    /// The numbers of the blocks that take room.
    blocks: BTreeSet<u64>,
    /// How many more blocks there is room for.
    room: Option<u64>,
    /// How many writes and syncs are to succeed before one fails.
    good_writes: Option<u64>,
    good_syncs: Option<u64>,
    writes: u64,
    syncs: u64,
    detached: bool,
}

#[derive(Clone, Debug)]
enum Change {
    Write { offset: usize, data: Vec<u8> },
    Length(usize),
}

impl FaultyDisk {
    /// An empty disk that works.
    pub fn new(seed: u64) -> Self {
        Self::holding(seed, Vec::new())
    }

    /// A disk with this content, that works.
    pub fn holding(seed: u64, content: Vec<u8>) -> Self {
        let blocks = (0..(content.len() as u64).div_ceil(BLOCK)).collect();
        Self(Mutex::new(State {
            rng: Rng::with_seed(seed),
            seen: content.clone(),
            durable: content,
            pending: Vec::new(),
            doubtful: Vec::new(),
            blocks,
            room: None,
            good_writes: None,
            good_syncs: None,
            writes: 0,
            syncs: 0,
            detached: false,
        }))
    }

    /// What a reader sees.
    pub fn content(&self) -> Vec<u8> {
        self.0.lock().seen.clone()
    }

    /// Lets every call fail from now on, until the next crash: what happens to a process between its end and the
    /// end of its destructors.
    pub fn detach(&self) {
        self.0.lock().detached = true;
    }

    /// Makes the file what the disk holds after a crash, and works again.
    pub fn crash(&self, crash: Crash) {
        self.0.lock().crash(crash);
    }

    /// Changes one bit of the file, counted from its start.
    pub fn flip(&self, bit: usize) {
        let State { seen, durable, .. } = &mut *self.0.lock();
        for content in [seen, durable] {
            if let Some(byte) = content.get_mut(bit / 8) {
                *byte ^= 1 << (bit % 8);
            }
        }
    }

    /// Gives room for so many more bytes, in whole blocks; `None` for as many as one wants.
    pub fn set_room(&self, bytes: Option<u64>) {
        self.0.lock().room = bytes.map(|bytes| bytes / BLOCK);
    }

    /// Lets one write fail: the next when `after` is 0.
    pub fn fail_write(&self, after: u64) {
        self.0.lock().good_writes = Some(after);
    }

    /// Lets one sync fail: the next when `after` is 0.
    pub fn fail_sync(&self, after: u64) {
        self.0.lock().good_syncs = Some(after);
    }

    /// How many writes there were.
    pub fn writes(&self) -> u64 {
        self.0.lock().writes
    }

    /// How many syncs there were.
    pub fn syncs(&self) -> u64 {
        self.0.lock().syncs
    }
}

impl State {
    fn attached(&mut self) -> io::Result<&mut Self> {
        if self.detached { Err(io::Error::other("the disk is detached")) } else { Ok(self) }
    }

    fn change(&mut self, change: Change) {
        apply(&mut self.seen, &change);
        self.pending.push(change);
    }

    /// How much of a write there is room for; takes it.
    fn take_room(&mut self, offset: u64, length: usize) -> usize {
        let end = offset + length as u64;
        for block in offset / BLOCK..end.div_ceil(BLOCK) {
            if self.blocks.contains(&block) {
                continue;
            }
            match &mut self.room {
                Some(0) => return (block * BLOCK).saturating_sub(offset) as usize,
                Some(room) => *room -= 1,
                None => {}
            }
            self.blocks.insert(block);
        }
        length
    }

    fn crash(&mut self, crash: Crash) {
        let changes = self.doubtful.drain(..).chain(self.pending.drain(..)).collect::<Vec<_>>();
        match crash {
            Crash::Process => self.durable.clone_from(&self.seen),
            Crash::Power => {}
            Crash::Torn => tear(&mut self.durable, changes, &mut self.rng),
        }
        self.seen.clone_from(&self.durable);
        let blocks = (self.seen.len() as u64).div_ceil(BLOCK);
        self.blocks.retain(|block| *block < blocks);
        (self.good_writes, self.good_syncs, self.detached) = (None, None, false);
    }
}

fn apply(content: &mut Vec<u8>, change: &Change) {
    match change {
        Change::Length(length) => content.resize(*length, 0),
        Change::Write { offset, data } => {
            let end = offset + data.len();
            if content.len() < end {
                content.resize(end, 0);
            }
            content[*offset..end].copy_from_slice(data);
        }
    }
}

/// Applies some lengths and some sectors of the changes.
fn tear(content: &mut Vec<u8>, changes: Vec<Change>, rng: &mut Rng) {
    let lengths = changes.iter().filter(|change| matches!(change, Change::Length(_))).count();
    let mut kept_lengths = rng.usize(0..=lengths);
    // A sector reaches the disk as it was at one moment, with all that was written to it until then.
    let mut image = content.clone();
    let mut sectors: BTreeMap<usize, Vec<u8>> = BTreeMap::new();
    for change in changes {
        apply(&mut image, &change);
        match change {
            Change::Length(length) if kept_lengths > 0 => {
                kept_lengths -= 1;
                content.resize(length, 0);
                sectors.retain(|sector, _| sector * SECTOR < length);
            }
            Change::Length(_) => {}
            Change::Write { offset, data } => {
                for sector in offset / SECTOR..(offset + data.len()).div_ceil(SECTOR) {
                    if rng.bool() {
                        let end = image.len().min((sector + 1) * SECTOR);
                        sectors.insert(sector, image[sector * SECTOR..end].to_vec());
                    }
                }
            }
        }
    }
    // What lies behind the end was never part of the file.
    for (sector, data) in sectors {
        let start = sector * SECTOR;
        let end = content.len().min(start + data.len());
        if start < end {
            content[start..end].copy_from_slice(&data[..end - start]);
        }
    }
}

/// Whether this one is to fail.
fn counts_down(left: &mut Option<u64>) -> bool {
    match left {
        Some(0) => {
            *left = None;
            true
        }
        Some(good) => {
            *good -= 1;
            false
        }
        None => false,
    }
}

impl Disk for FaultyDisk {
    fn place(&self) -> String {
        "the disk in memory".to_owned()
    }

    fn length(&self) -> io::Result<u64> {
        Ok(self.0.lock().attached()?.seen.len() as u64)
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        let mut state = self.0.lock();
        let state = state.attached()?;
        let start = offset as usize;
        let read = state.seen.get(start..start + buffer.len());
        buffer.copy_from_slice(read.ok_or_else(|| io::Error::from(io::ErrorKind::UnexpectedEof))?);
        Ok(())
    }

    fn write_at(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let mut state = self.0.lock();
        let state = state.attached()?;
        state.writes += 1;
        let fits = state.take_room(offset, data.len());
        let fails = counts_down(&mut state.good_writes);
        let written = if fails { state.rng.usize(0..=fits) } else { fits };
        state.change(Change::Write { offset: offset as usize, data: data[..written].to_vec() });
        if fails {
            return Err(io::Error::other("the disk failed to write"));
        }
        if written < data.len() { Err(io::ErrorKind::StorageFull.into()) } else { Ok(()) }
    }

    fn set_length(&self, length: u64) -> io::Result<()> {
        let mut state = self.0.lock();
        let state = state.attached()?;
        state.change(Change::Length(length as usize));
        let blocks = length.div_ceil(BLOCK);
        let freed = state.blocks.split_off(&blocks).len() as u64;
        if let Some(room) = &mut state.room {
            *room += freed;
        }
        Ok(())
    }

    fn sync(&self) -> io::Result<()> {
        let mut state = self.0.lock();
        let state = state.attached()?;
        state.syncs += 1;
        if counts_down(&mut state.good_syncs) {
            let changes = std::mem::take(&mut state.pending);
            state.doubtful.extend(changes);
            return Err(io::Error::other("the disk failed to sync"));
        }
        for change in std::mem::take(&mut state.pending) {
            apply(&mut state.durable, &change);
        }
        Ok(())
    }

    fn close(&self) {}
}

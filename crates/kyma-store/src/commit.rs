//! The only write path: checks a write, gives it its revision and its bytes, and says when it counts.
//!
//! A pure state machine. Its driver, whether it is the committing task itself or a thread, goes round
//! `stage` → `take_flight` → [`Engine::append`](crate::Engine::append) → publish → `settle` (or `unstage`) → wake.

#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;

use crate::history::Event;
use crate::intern::Interner;
use crate::object::{Index, Key, Object};
use crate::persist::{PersistError, Record};
use crate::revision::{DIGITS_MAX, Revision};

/// What a deletion adds to an object that it cannot remove yet, in bytes, and who asked for it.
const MARK_BYTES_MAX: usize = 1024;

/// An object before it has a revision.
#[derive(Clone, Debug)]
pub struct Draft {
    /// Canonical JSON whose `metadata.resourceVersion` is the empty string.
    pub json: Vec<u8>,
    /// The offset in bytes between that string's two quotes, where the commit writes the digits.
    pub slot: usize,
    /// What the object is searched by.
    pub index: Index,
}

/// What the writer knows of the object that it writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expect {
    /// There is none of this key.
    Absent,
    /// It is at this revision.
    At(Revision),
}

/// What becomes of the object.
#[derive(Clone, Debug)]
pub enum Change {
    /// It is created or replaced.
    Put(Draft),
    /// It goes. The draft is its last state, which gets the revision of the deletion, as kube-apiserver's `DELETED`
    /// events have it.
    Delete(Draft),
}

/// One write.
#[derive(Clone, Debug)]
pub struct Write {
    /// The object.
    pub key: Key,
    /// What must be true of it before.
    pub expect: Expect,
    /// What becomes of it.
    pub change: Change,
}

/// Why a write did not happen.
///
/// The objects in it are pending heads: newer than what readers see, and not durable yet. They are for trying again,
/// never for an answer.
#[derive(Clone, Debug, thiserror::Error)]
pub enum CommitError {
    /// The object was expected to be absent.
    #[error("the object exists already, at revision {}", .0.revision)]
    Exists(Arc<Object>),
    /// There is no such object.
    #[error("the object does not exist")]
    Missing,
    /// The object was expected at another revision.
    #[error("the object has moved on to revision {}", .0.revision)]
    Stale(Arc<Object>),
    /// The object has more bytes of JSON than the store takes ([`Options::max_object_bytes`](crate::Options)); it is
    /// never kept, whatever else is right about the write.
    #[error("the object has {bytes} bytes, more than the store takes ({limit})")]
    TooLarge {
        /// Bytes of the object's JSON.
        bytes: usize,
        /// The most that the store takes.
        limit: usize,
    },
    /// The write was right but could not be kept, or it stood behind one that could not; with
    /// [`PersistError::Sync`] all writes are answered so until the store is opened again.
    #[error("failed to persist the write")]
    Persist(#[source] PersistError),
    /// The store takes no more writes.
    #[error("the store takes no more writes")]
    Closed,
}

/// A batch between `take_flight` and `settle` or `unstage`.
#[derive(Debug)]
pub(crate) struct Flight<W> {
    /// In the order of their revisions, without a gap.
    records: Vec<Record>,
    /// One for each record.
    waiters: Vec<W>,
}

impl<W> Flight<W> {
    pub(crate) fn records(&self) -> &[Record] {
        &self.records
    }

    /// Each writer with the object that it wrote, or would have written.
    pub(crate) fn into_writers(self) -> impl Iterator<Item = (W, Arc<Object>)> {
        let objects = self.records.into_iter().map(|record| Arc::clone(&record.event.object));
        self.waiters.into_iter().zip(objects)
    }
}

/// The newest state of a key that has writes on their way; `None` once one of them deletes it.
#[derive(Debug)]
struct Head {
    revision: Revision,
    object: Option<Arc<Object>>,
}

/// Orders writes; `W` is whatever wakes the writer of one.
///
/// Bounded by the writers: each has at most one write in here, and waits for it.
#[derive(Debug)]
pub(crate) struct Committer<W> {
    /// The newest revision that is durable.
    durable: Revision,
    /// The newest revision that is given out.
    last: Revision,
    heads: HashMap<Key, Head>,
    staged: Vec<Record>,
    waiters: Vec<W>,
    in_flight: bool,
    /// What every further write is answered with.
    refusal: Option<CommitError>,
    interner: Interner,
    /// The most bytes of JSON that an object may have.
    max_object_bytes: usize,
}

impl<W> Committer<W> {
    /// A committer whose next write is the one after `durable`; `interner` has the strings of the objects so far.
    pub(crate) fn new(durable: Revision, interner: Interner) -> Self {
        Self {
            durable,
            last: durable,
            heads: HashMap::new(),
            staged: Vec::new(),
            waiters: Vec::new(),
            in_flight: false,
            refusal: None,
            interner,
            max_object_bytes: usize::MAX,
        }
    }

    /// The same, but no object that is put may have more bytes of JSON.
    pub(crate) fn with_max_object_bytes(self, max_object_bytes: usize) -> Self {
        Self { max_object_bytes, ..self }
    }

    /// Checks a write against the pending head, or the durable one where nothing is pending, and says what it replaces.
    ///
    /// It only looks: a write that is refused is dropped by whoever has it, after the lock, since a large one takes long to
    /// drop.
    pub(crate) fn admit(
        &self,
        write: &Write,
        durable: Option<Arc<Object>>,
    ) -> Result<Option<Arc<Object>>, CommitError> {
        if let Some(refusal) = &self.refusal {
            return Err(refusal.clone());
        }
        let previous = match self.heads.get(&write.key) {
            Some(head) => head.object.clone(),
            None => durable,
        };
        self.check_size(&write.change, previous.as_deref())?;
        check(write, previous.as_ref())?;
        Ok(previous)
    }

    /// Queues a write that was admitted, and nothing else since.
    ///
    /// # Panics
    ///
    /// When the draft's slot is not between two quotes: its object would be broken JSON for every reader.
    pub(crate) fn stage(
        &mut self,
        write: Write,
        resource: Arc<str>,
        previous: Option<Arc<Object>>,
        waiter: W,
    ) {
        let (draft, deleted) = match write.change {
            Change::Put(draft) => (draft, false),
            Change::Delete(draft) => (draft, true),
        };
        let revision = self.last.next();
        let object = Arc::new(self.object(write.key, revision, draft, previous.as_deref()));
        let head = Head { revision, object: (!deleted).then(|| Arc::clone(&object)) };
        self.heads.insert(object.key.clone(), head);
        let event = Arc::new(Event { revision, object, previous, deleted });
        self.staged.push(Record { resource, event });
        self.waiters.push(waiter);
        self.last = revision;
    }

    /// As etcd, which looks at a request's size before it looks at what the request says. An object from before the limit
    /// was lowered may stay as large as it is, and so be marked as deleted.
    fn check_size(&self, change: &Change, previous: Option<&Object>) -> Result<(), CommitError> {
        let Change::Put(draft) = change else { return Ok(()) };
        let (bytes, limit) = (draft.json.len(), self.max_object_bytes);
        let kept = previous.map_or(0, |previous| previous.json.len());
        // What is kept has its revision in it.
        let was_larger = kept > limit.saturating_add(DIGITS_MAX);
        if bytes <= limit || was_larger && bytes <= kept + MARK_BYTES_MAX {
            return Ok(());
        }
        Err(CommitError::TooLarge { bytes, limit })
    }

    fn object(
        &mut self,
        mut key: Key,
        revision: Revision,
        mut draft: Draft,
        previous: Option<&Object>,
    ) -> Object {
        match previous {
            Some(previous) => key = previous.key.clone(),
            None => self.interner.share(&mut key.namespace),
        }
        draft.index.share(previous.map(|previous| &previous.index), &mut self.interner);
        Object { key, revision, json: fill(&draft.json, draft.slot, revision), index: draft.index }
    }

    /// Everything staged so far, to be persisted as one batch; one batch is in flight at a time.
    pub(crate) fn take_flight(&mut self) -> Option<Flight<W>> {
        if self.in_flight || self.staged.is_empty() {
            return None;
        }
        self.in_flight = true;
        Some(Flight { records: std::mem::take(&mut self.staged), waiters: std::mem::take(&mut self.waiters) })
    }

    /// The batch is durable and published: from here on its keys are checked against the published state.
    pub(crate) fn settle(&mut self, flight: &Flight<W>) {
        self.in_flight = false;
        for Record { event, .. } in &flight.records {
            self.durable = event.revision;
            if let Some(head) = self.heads.remove(&event.object.key)
                && head.revision != event.revision
            {
                self.heads.insert(event.object.key.clone(), head);
            }
        }
    }

    /// The batch is not durable: it and all that was staged behind it never happened, and is added to the batch so
    /// that its writers hear of it.
    ///
    /// Writes behind it go too, even those of other keys: they may have been checked against it, and revisions have
    /// no gaps that would let them keep theirs.
    pub(crate) fn unstage(&mut self, flight: &mut Flight<W>, error: &PersistError) {
        self.in_flight = false;
        if error.is_final() && self.refusal.is_none() {
            self.refusal = Some(CommitError::Persist(error.clone()));
        }
        self.last = self.durable;
        self.heads.clear();
        flight.records.append(&mut self.staged);
        flight.waiters.append(&mut self.waiters);
    }

    /// Refuses every write from now on; those that are staged still go their way.
    pub(crate) fn close(&mut self) {
        self.refusal = Some(CommitError::Closed);
    }

    /// How many writes wait for the next batch.
    pub(crate) fn staged(&self) -> usize {
        self.staged.len()
    }
}

/// Compares what the writer expects with what is there.
fn check(write: &Write, head: Option<&Arc<Object>>) -> Result<(), CommitError> {
    match (write.expect, head, &write.change) {
        (Expect::Absent, None, Change::Put(_)) => Ok(()),
        (Expect::Absent, Some(head), _) => Err(CommitError::Exists(Arc::clone(head))),
        (Expect::At(revision), Some(head), _) if head.revision == revision => Ok(()),
        (Expect::At(_), Some(head), _) => Err(CommitError::Stale(Arc::clone(head))),
        (Expect::Absent, None, Change::Delete(_)) | (Expect::At(_), None, _) => Err(CommitError::Missing),
    }
}

/// Copies the JSON once, with the revision's digits in its slot, into a buffer without spare room.
fn fill(json: &[u8], slot: usize, revision: Revision) -> Bytes {
    let quoted = slot > 0 && json.get(slot - 1..=slot) == Some(br#""""#);
    assert!(quoted, "the slot of a draft is between the quotes of its resourceVersion");
    let mut buffer = [0; DIGITS_MAX];
    let digits = revision.digits(&mut buffer);
    let mut filled = Vec::with_capacity(json.len() + digits.len());
    filled.extend_from_slice(&json[..slot]);
    filled.extend_from_slice(digits);
    filled.extend_from_slice(&json[slot..]);
    Bytes::from(filled)
}

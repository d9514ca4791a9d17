//! What happened inside the window: one log for each resource, shared by all who watch it.

#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use crate::keyspace::Slot;
use crate::object::Object;
use crate::resource::ResourceId;
use crate::revision::Revision;

/// One change of one object.
#[derive(Debug)]
pub struct Event {
    /// The write that made it.
    pub revision: Revision,
    /// The object after the change; for a deletion its last state, with the revision of the deletion.
    pub object: Arc<Object>,
    /// The object before the change, for selectors that it enters or leaves; `None` when it was created.
    pub previous: Option<Arc<Object>>,
    /// Whether the object is gone.
    pub deleted: bool,
}

impl Event {
    /// About how many bytes of memory only the window keeps for this event: its own entries, the object before, and
    /// that of a deletion. What is live anyway does not count.
    fn retained(&self) -> usize {
        let entries = size_of::<Self>() + size_of::<Mark>() + size_of::<Arc<Self>>();
        let last = if self.deleted { self.object.footprint() } else { 0 };
        entries + last + self.previous.as_ref().map_or(0, |previous| previous.footprint())
    }
}

/// How long history is kept: until it is too old or too much, whichever comes first.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Window {
    pub(crate) age: Duration,
    pub(crate) bytes: usize,
}

/// The events of one resource. An event's position counts from the store's start and never changes.
#[derive(Debug, Default)]
pub(crate) struct Log {
    /// The position of the first event that is still here.
    first: u64,
    events: VecDeque<Arc<Event>>,
}

impl Log {
    /// The position that the next event will have.
    pub(crate) fn end(&self) -> u64 {
        self.first + self.events.len() as u64
    }

    /// The position of the first event after a revision that is inside the window.
    pub(crate) fn position_after(&self, revision: Revision) -> u64 {
        self.first + self.events.partition_point(|event| event.revision <= revision) as u64
    }

    /// The events from a position on; `None` when the window has passed it.
    pub(crate) fn read(&self, position: u64) -> Option<impl Iterator<Item = &Arc<Event>>> {
        let skip = usize::try_from(position.checked_sub(self.first)?).ok()?;
        Some(self.events.range(skip.min(self.events.len())..))
    }
}

/// One event's entry in the common order of all logs, by which the window moves.
#[derive(Debug)]
struct Mark {
    /// The clock's elapsed time when it was published.
    at: Duration,
    resource: ResourceId,
    slot: Slot,
    retained: usize,
}

/// The logs of all resources and the window over them.
#[derive(Debug)]
pub(crate) struct History {
    window: Window,
    /// By the resource's position.
    logs: Vec<Log>,
    marks: VecDeque<Mark>,
    retained: usize,
    oldest: Revision,
}

impl History {
    /// An empty history of a store that is at `revision`.
    pub(crate) fn new(window: Window, revision: Revision) -> Self {
        Self { window, logs: Vec::new(), marks: VecDeque::new(), retained: 0, oldest: revision }
    }

    /// Makes room for a resource's log.
    pub(crate) fn define(&mut self, resource: ResourceId) {
        if self.logs.len() <= resource.position() {
            self.logs.resize_with(resource.position() + 1, Log::default);
        }
    }

    /// The newest revision whose event is gone: a read there is the oldest that is possible.
    pub(crate) fn oldest(&self) -> Revision {
        self.oldest
    }

    /// The number of events inside the window.
    pub(crate) fn events(&self) -> usize {
        self.marks.len()
    }

    /// About how many bytes of memory they take.
    pub(crate) fn bytes(&self) -> usize {
        self.retained
    }

    /// A resource's log.
    pub(crate) fn log(&self, resource: ResourceId) -> &Log {
        &self.logs[resource.position()]
    }

    /// Adds the newest event, whose key is at `slot`.
    pub(crate) fn append(&mut self, event: Arc<Event>, slot: Slot, at: Duration) {
        let resource = event.object.key.resource;
        let retained = event.retained();
        self.retained += retained;
        self.marks.push_back(Mark { at, resource, slot, retained });
        self.logs[resource.position()].events.push_back(event);
    }

    /// Whether more is kept than the window's bytes allow.
    pub(crate) fn is_too_large(&self) -> bool {
        self.retained > self.window.bytes
    }

    /// Whether the oldest event is older than the window allows.
    pub(crate) fn is_too_old(&self, now: Duration) -> bool {
        self.marks.front().is_some_and(|mark| now.saturating_sub(mark.at) > self.window.age)
    }

    /// Moves the window over its oldest event and returns that, and where its key is.
    pub(crate) fn evict(&mut self) -> Option<(Slot, Arc<Event>)> {
        let mark = self.marks.pop_front()?;
        self.retained -= mark.retained;
        let log = &mut self.logs[mark.resource.position()];
        let event = log.events.pop_front()?;
        log.first += 1;
        self.oldest = event.revision;
        Some((mark.slot, event))
    }
}

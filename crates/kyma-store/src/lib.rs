//! Revisioned objects, history, watch, persistence; no HTTP, no verbs.
//!
//! What etcd and the watch cache are to kube-apiserver: every write gets the next [`Revision`], every read happens
//! at one, and whoever watches gets each change once and in order. The store compares revisions and nothing else:
//! it never looks into an object's JSON, so defaulting, validation, selectors and "nothing changed" are its
//! callers' business.
//!
//! A write walks through `commit` (checked against the pending head, given its revision and its bytes), `persist`
//! (the engine acknowledges a batch), `keyspace` and `history` (published under one lock), and then wakes its
//! writer and the watchers. With a data directory a thread of its own drives that (`store::thread`), because a sync
//! takes milliseconds, and the writes that come in the meantime share the next one; in memory, and on a disk that a
//! test has made, the committing task does (`store::driver`). A read walks into `keyspace` at a revision; a watch reads `history` by a cursor of its
//! own (`watch`), so a slow watcher costs nobody anything and loses its place when the window has passed it.

mod clock;
mod commit;
#[cfg(test)]
mod fixtures;
mod history;
mod intern;
mod keyspace;
mod object;
mod persist;
mod resource;
mod revision;
mod store;
mod watch;

pub use clock::{Clock, TokioClock};
pub use commit::{Change, CommitError, Draft, Expect, Write};
pub use history::Event;
pub use keyspace::{ListQuery, Page, ReadError};
pub use object::{Index, Key, Object};
pub use persist::{
    Crash, Disk, Engine, FaultyDisk, FileDisk, Memory, OpenError, PersistError, Persistence, Record,
};
pub use resource::ResourceId;
pub use revision::{ParseRevisionError, Revision};
pub use store::{Options, Stats, Store};
pub use watch::{Batch, ChangeSignal, WatchError, Watcher};

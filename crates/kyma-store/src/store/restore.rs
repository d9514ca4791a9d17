//! Fills a new store with what its engine has kept.

use std::sync::Arc;

use bytes::Bytes;

use super::shared::State;
use crate::history::{Event, Window};
use crate::intern::Interner;
use crate::object::{Key, Object};
use crate::persist::{Durable, Kept, OpenError};

/// Loads all objects; the history begins empty at the engine's revision.
pub(super) fn restore(engine: &mut Durable, window: Window) -> Result<(State, Interner), OpenError> {
    let mut state = State::new(window, engine.revision());
    let mut interner = Interner::new();
    engine.load(&mut |kept| insert(&mut state, &mut interner, kept))?;
    Ok((state, interner))
}

fn insert(state: &mut State, interner: &mut Interner, kept: Kept<'_>) {
    let Kept { resource, namespace, name, revision, mut index, json } = kept;
    let resource = state.resources.find(resource).unwrap_or_else(|| state.define(resource));
    let mut namespace = Arc::from(namespace);
    interner.share(&mut namespace);
    index.share(None, interner);
    let key = Key { resource, namespace, name: Arc::from(name) };
    let object = Arc::new(Object { key, revision, json: Bytes::copy_from_slice(json), index });
    state.keyspace.apply(&Event { revision, object, previous: None, deleted: false });
}

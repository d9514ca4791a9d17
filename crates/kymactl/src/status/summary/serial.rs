//! How the summary's values are written as JSON.

use jiff::Timestamp;
use kyma_inventory::{Stage, conditions};
use serde::{Serialize as _, Serializer};

use super::report::stage_word;
use crate::status::kyma::State;

/// RFC 3339 in UTC, whole seconds, as Kubernetes writes times.
pub(super) fn time<S: Serializer>(time: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&conditions::seconds(*time))
}

/// The same, or null.
pub(super) fn maybe_time<S: Serializer>(time: &Option<Timestamp>, serializer: S) -> Result<S::Ok, S::Error> {
    time.map(conditions::seconds).serialize(serializer)
}

pub(super) fn state<S: Serializer>(state: &State, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(state.word())
}

/// The state of all, "empty" where there are none.
pub(super) fn overall<S: Serializer>(state: &Option<State>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(state.map_or("empty", State::word))
}

/// An object with one number for each state.
pub(super) fn by_state<S: Serializer>(
    counts: &[usize; State::ALL.len()],
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_map(State::ALL.iter().map(|state| state.word()).zip(counts))
}

/// An object with one number for each stage.
pub(super) fn by_stage<S: Serializer>(
    counts: &[usize; Stage::COUNT],
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_map(Stage::all().map(stage_word).zip(counts))
}

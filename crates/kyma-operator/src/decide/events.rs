//! From what changed to the keys that are to be looked at.

use kyma_inventory::Stage;
use kyma_inventory::stages::remaining;
use kyma_workqueue::{Class, Turn};

use crate::records::{ComponentRecord, KymaRecord, Tally};

/// The priority of a Kyma that was there before somebody changed it: who edits one does not wait until the thousands that
/// somebody else creates have begun.
pub const EDITED: u64 = u64::MAX;

/// Who is to be looked at after a component changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ComponentWake {
    /// The component itself.
    pub component: Option<Turn>,
    /// The Kyma that owned it before.
    pub old_owner: bool,
    /// The Kyma that owns it now.
    pub new_owner: bool,
}

/// A component came (`old` is none), went (`new` is none), or changed.
///
/// Status writes alone wake no component: its timer runs, and a new spec shows in the generation.
#[must_use]
pub fn component_event(old: Option<&ComponentRecord>, new: Option<&ComponentRecord>) -> ComponentWake {
    let respecified = match (old, new) {
        (Some(old), Some(new)) => new.generation != old.generation || new.uid != old.uid,
        (None, Some(_)) => true,
        (_, None) => false,
    };
    let component = new.filter(|new| respecified && !new.deleting).map(|new| {
        // What a Kyma made is a consequence; what has no owner, or was changed, is somebody's wish.
        let class = if old.is_none() && new.owner.is_some() { Class::Dependent } else { Class::User };
        Turn::new(class, remaining(Stage::EMPTY, new.name_bytes()))
    });
    let concerns_owner = old.map(OwnersView::of) != new.map(OwnersView::of);
    ComponentWake {
        component,
        old_owner: concerns_owner && old.is_some(),
        new_owner: concerns_owner && new.is_some(),
    }
}

/// What a Kyma sees of a component; a change of anything else is no news for it.
#[derive(PartialEq, Eq)]
struct OwnersView<'a> {
    owner: Option<&'a crate::records::KymaOwner>,
    chart: &'a crate::records::Chart,
    arrived: bool,
    deleting: bool,
}

impl<'a> OwnersView<'a> {
    fn of(record: &'a ComponentRecord) -> Self {
        Self {
            owner: record.owner.as_deref(),
            chart: &record.chart,
            arrived: record.stage == Stage::SUCCESS,
            deleting: record.deleting,
        }
    }
}

/// A Kyma came or changed: the class of its turn, if it is to have one.
#[must_use]
pub fn kyma_event(old: Option<&KymaRecord>, new: &KymaRecord) -> Option<Class> {
    let Some(old) = old else { return Some(Class::User) };
    if new.generation != old.generation || new.uid != old.uid || new.components != old.components {
        return Some(Class::User);
    }
    // Our own writes are in the cache before the watch brings them, so this is somebody else's doing.
    let status = new.status() != old.status();
    status.then_some(Class::Dependent)
}

/// The turn of a Kyma that its user has changed, if it `was_there` before, or created.
#[must_use]
pub fn users_turn(was_there: bool, remaining: u64) -> Turn {
    Turn::user(if was_there { EDITED } else { remaining })
}

/// The priority of a Kyma's work: the longest remaining path among its components, counted from the start where
/// one is missing.
#[must_use]
pub fn kyma_priority(record: &KymaRecord, tally: Option<&Tally>) -> u64 {
    let (children, on_the_way) = tally.map_or((0, 0), |tally| (tally.children, tally.longest()));
    let missing = children < record.wanted && !record.deleting;
    let whole = if missing { remaining(Stage::EMPTY, record.longest) } else { 0 };
    whole.max(on_the_way)
}

/// The first turn of a Kyma from the initial list: what has no child yet is new, the rest has been seen to before.
#[must_use]
pub fn seed_kyma(record: &KymaRecord, tally: Option<&Tally>) -> Turn {
    let class = if tally.is_none() { Class::User } else { Class::Sweep };
    Turn::new(class, kyma_priority(record, tally))
}

/// The first turn of a component from the initial list.
#[must_use]
pub fn seed_component(record: &ComponentRecord) -> Turn {
    Turn::sweep(record.remaining())
}

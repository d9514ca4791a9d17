//! What to do, as pure functions: an event gives the keys to look at with their turns, a key with what is known
//! of it gives a plan and the time of the next look.
//!
//! The drivers and the simulation call the same functions.

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use kyma_controller::{ObjectKey, Record, Uid};
use kyma_inventory::Stage;
use kyma_inventory::names::child_name;
use kyma_inventory::plan::{
    self, Child, DeleteCause, Facts, Limits, Owner, Plan, ProblemKind, RefusalCause, StatusPlan,
};
use kyma_inventory::stages::{self, Step, remaining};
use kyma_workqueue::Turn;

use crate::fleet::Components;
use crate::memory::Memory;
use crate::records::{ComponentRecord, KymaRecord};

mod events;

pub use events::{
    ComponentWake, EDITED, component_event, kyma_event, kyma_priority, seed_component, seed_kyma, users_turn,
};

/// How many children one turn of a Kyma creates: few, so that under load the longest names of all Kymas go before
/// the shorter ones of each.
pub const CREATES_PER_TURN: usize = 4;

/// What a turn of a Kyma shall do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KymaDecision {
    /// What to write.
    pub plan: Plan,
    /// The plan's deletes, each with the state that was read.
    pub deletes: Vec<ChildToDelete>,
    /// The plan's patches, each with the state that was read.
    pub patches: Vec<ChildToPatch>,
    /// The turn of the requests.
    pub turn: Turn,
    /// The next look, when all of the plan has been carried out.
    pub next: Next,
}

/// A component to delete, if it still is what was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChildToDelete {
    /// Which one.
    pub key: ObjectKey,
    /// Its UID.
    pub uid: Uid,
    /// The revision that was read.
    pub revision: u64,
    /// Why.
    pub cause: DeleteCause,
}

impl ChildToDelete {
    /// The component in the state of `record`.
    #[must_use]
    pub fn new(key: &ObjectKey, record: &ComponentRecord, cause: DeleteCause) -> Self {
        Self { key: key.clone(), uid: record.uid().clone(), revision: record.revision(), cause }
    }
}

/// A component whose `spec.namespace` is to change, if it still is what was read: written later, over a newer spec, it would
/// send the component back to its first stage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChildToPatch {
    /// Which one.
    pub key: ObjectKey,
    /// The revision that was read.
    pub revision: u64,
    /// The new target namespace; empty means none is named.
    pub namespace: String,
}

/// When to look again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// When something changes.
    Never,
    /// When its turn comes.
    Again(Turn),
    /// After a time.
    After(Duration, Turn),
}

/// Decides a turn of a Kyma. `now` is since the operator's start.
pub fn kyma(
    key: &ObjectKey,
    record: &KymaRecord,
    components: &Components,
    memory: &mut Memory,
    limits: &Limits,
    now: Duration,
) -> KymaDecision {
    memory.observe_generation(key, record.generation);
    let unowned = unowned(key, record, components);
    let facts = Facts {
        name: key.name(),
        generation: record.generation,
        deleting: record.deleting,
        components: &record.components,
        status: record.status(),
        children: children(record, key, &unowned, components),
        refusals: memory.refusals(key, now),
    };
    let plan = plan::plan(&facts, limits, memory.news_waited(key, now));
    let waiting = facts.refusals.iter().filter(|refusal| !refusal.due);
    let waiting: BTreeSet<String> = waiting.map(|refusal| refusal.component.to_owned()).collect();
    drop(facts);
    remember(key, record, &plan, &waiting, memory, now);
    let turn = match record.is_new_to_us() {
        true => users_turn(!record.state.is_empty(), plan.remaining),
        false => Turn::dependent(plan.remaining),
    };
    let next = next_look(key, &plan, memory, now);
    let (deletes, patches) = (deletes(key, &plan, components), patches(key, &plan, components));
    KymaDecision { turn, next, deletes, patches, plan }
}

/// The keys of the children that a Kyma wants and neither it nor a predecessor owns.
///
/// Owned children are recognised by their names without making any: with a whole fleet at rest this allocates
/// nothing.
fn unowned(key: &ObjectKey, record: &KymaRecord, components: &Components) -> Vec<ObjectKey> {
    let owned: BTreeSet<&str> = components
        .owned(key)
        .filter_map(|(child, _)| child.name().strip_prefix(key.name())?.strip_prefix('-'))
        .collect();
    record
        .components
        .iter()
        .filter(|component| !owned.contains(component.name.as_str()))
        .map(|component| ObjectKey::new(key.namespace(), &child_name(key.name(), &component.name)))
        .collect()
}

/// The components that concern a Kyma: those that it or a predecessor owns, and those of `unowned` that exist.
fn children<'a>(
    record: &KymaRecord,
    key: &ObjectKey,
    unowned: &'a [ObjectKey],
    components: &'a Components,
) -> Vec<Child<'a>> {
    let child = |key: &'a ObjectKey, owner: Owner| {
        components.get(key).map(|child| Child {
            name: key.name(),
            owner,
            component_name: &child.chart.name,
            namespace: &child.chart.namespace,
            stage: child.stage,
            deleting: child.deleting,
        })
    };
    let owner = |uid: &Uid| if uid == record.uid() { Owner::This } else { Owner::Predecessor };
    let owned = components.owned(key).filter_map(|(key, uid)| child(key, owner(uid)));
    owned.chain(unowned.iter().filter_map(|key| child(key, Owner::Other))).collect()
}

fn deletes(key: &ObjectKey, plan: &Plan, components: &Components) -> Vec<ChildToDelete> {
    plan.deletes
        .iter()
        .filter_map(|delete| {
            let child = ObjectKey::new(key.namespace(), &delete.name);
            let record = components.get(&child)?;
            Some(ChildToDelete::new(&child, record, delete.cause))
        })
        .collect()
}

fn patches(key: &ObjectKey, plan: &Plan, components: &Components) -> Vec<ChildToPatch> {
    plan.patches
        .iter()
        .filter_map(|patch| {
            let child = ObjectKey::new(key.namespace(), &patch.name);
            let revision = components.get(&child)?.revision();
            Some(ChildToPatch { key: child, revision, namespace: patch.namespace.clone() })
        })
        .collect()
}

/// Brings the memory in line with what was planned; `waiting` are the refusals whose time has not come.
fn remember(
    key: &ObjectKey,
    record: &KymaRecord,
    plan: &Plan,
    waiting: &BTreeSet<String>,
    memory: &mut Memory,
    now: Duration,
) {
    let tried: BTreeSet<&str> = plan.creates.iter().map(|create| create.component.name.as_str()).collect();
    let blocked = |kind: ProblemKind| plan.problems.iter().filter(move |problem| problem.kind == kind);
    let invalid = blocked(ProblemKind::InvalidComponent).map(|problem| problem.component.as_str());
    let taken: BTreeSet<&str> =
        blocked(ProblemKind::NameConflict).map(|problem| problem.component.as_str()).collect();
    let kept: BTreeSet<&str> = tried.iter().copied().chain(invalid).chain(taken.iter().copied()).collect();
    // What is being deleted creates nothing, so there is nothing to try again.
    memory.keep_refusals(key, |component| !record.deleting && kept.contains(component));
    if record.deleting {
        return;
    }
    // The cache shows the conflict: there is no request to be refused, but the back-off is the same.
    for component in taken.difference(&tried).filter(|component| !waiting.contains(**component)) {
        memory.refuse(key, record.generation, component, RefusalCause::NameTaken, String::new(), now);
    }
    match plan.status {
        StatusPlan::Same => memory.note_news(key, record.generation, false, now),
        StatusPlan::Later(_) => memory.note_news(key, record.generation, true, now),
        // The window closes when the write has succeeded.
        StatusPlan::Write(_) => {}
    }
}

fn next_look(key: &ObjectKey, plan: &Plan, memory: &Memory, now: Duration) -> Next {
    if plan.creates_left > 0 {
        return Next::Again(Turn::dependent(plan.remaining));
    }
    let status = match plan.status {
        StatusPlan::Later(delay) => Some((delay, Turn::dependent(plan.remaining))),
        StatusPlan::Same | StatusPlan::Write(_) => None,
    };
    let retry = memory.next_retry(key, now).map(|delay| (delay, Turn::retry(plan.remaining)));
    match status.into_iter().chain(retry).min_by_key(|(delay, _)| *delay) {
        Some((delay, turn)) => Next::After(delay, turn),
        None => Next::Never,
    }
}

/// What a turn of a component shall do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ComponentDecision {
    /// Nothing.
    Rest,
    /// Look again after this time.
    Wait(Duration, Turn),
    /// Write this stage, with this turn for the request.
    Enter(Stage, Turn),
}

/// Decides a turn of a component; for `seen` see [`stages::step`].
#[must_use]
pub fn component(record: &ComponentRecord, seen: Timestamp, now: Timestamp) -> ComponentDecision {
    // Its owner or its user wants it gone: nothing is left to install.
    if record.deleting {
        return ComponentDecision::Rest;
    }
    let turn = |stage: Stage| Turn::dependent(remaining(stage, record.name_bytes()));
    match stages::step(&record.progress(), seen, now) {
        Step::Rest => ComponentDecision::Rest,
        Step::Enter(stage) => ComponentDecision::Enter(stage, turn(stage)),
        Step::WaitUntil(due) => {
            let next = record.stage.next().unwrap_or(record.stage);
            ComponentDecision::Wait(until(due, now), turn(next))
        }
    }
}

/// The look after `record`, whose stage was entered at `entered`; `now` is after the write.
#[must_use]
pub fn after_stage(record: &ComponentRecord, entered: Timestamp, now: Timestamp) -> Next {
    let name_bytes = record.name_bytes();
    let (Some(delay), Some(next)) = (record.stage.delay(name_bytes), record.stage.next()) else {
        return Next::Never;
    };
    let due = entered.checked_add(delay).unwrap_or(Timestamp::MAX);
    Next::After(until(due, now), Turn::dependent(remaining(next, name_bytes)))
}

fn until(due: Timestamp, now: Timestamp) -> Duration {
    Duration::try_from(due.duration_since(now).max(SignedDuration::ZERO)).unwrap_or_default()
}

#[cfg(test)]
mod tests;

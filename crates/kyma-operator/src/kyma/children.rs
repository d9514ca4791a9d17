//! What a Kyma's turn does to its components.

use kyma_controller::{ObjectKey, Outcome, Record, Uid};
use kyma_inventory::conditions::bounded;
use kyma_inventory::plan::{Create, DeleteCause, RefusalCause};
use kyma_inventory::stages::remaining;
use kyma_inventory::{HelmComponent, Stage};
use kyma_workqueue::Turn;

use super::TurnOf;
use crate::apply::{Base, WriteError};
use crate::context::{CONFLICT_RECHECK, Context, failed};
use crate::decide::{ChildToDelete, ChildToPatch};
use crate::fleet::kyma_shard;
use crate::records::ComponentRecord;

impl TurnOf<'_> {
    pub(super) async fn delete(&self, child: &ChildToDelete) -> Result<Outcome, WriteError> {
        let Self { context, key, record, turn } = self;
        if child.cause == DeleteCause::OfPredecessor {
            // The cache may lag behind: then the child's owner is not a predecessor but the successor.
            let living = context.writer.kyma_uid(key, *turn).await?;
            if living.as_ref() != Some(record.uid()) {
                return Ok(self.recheck());
            }
        }
        delete(context, child, *turn).await
    }

    pub(super) async fn patch(&self, child: &ChildToPatch) -> Result<Outcome, WriteError> {
        let Self { context, key: _, record: _, turn } = self;
        if let Some(wait) = outdated(context, &child.key, child.revision, *turn) {
            return Ok(wait);
        }
        match context.writer.patch(child, *turn).await {
            Ok(object) => context.wake(context.fleet.learn_component_object(&object)),
            // It was deleted meanwhile; the watch says so and brings the Kyma back here.
            Err(WriteError::Gone) => {}
            Err(WriteError::Conflict) => {
                return Ok(after_conflict(context, &child.key, child.revision, *turn));
            }
            Err(error) => return Err(error),
        }
        Ok(Outcome::Done)
    }

    pub(super) async fn create(&self, create: &Create) -> Result<Outcome, WriteError> {
        let Self { context, key, record, turn } = self;
        let component = create.component.name.as_str();
        let child = ObjectKey::new(key.namespace(), &create.name);
        let now = context.uptime();
        if let Some(delay) = context.fleet.memory(|memory| memory.created.wait(&child, now)) {
            return Ok(Outcome::After { delay, turn: Turn::dependent(turn.priority) });
        }
        let turn = Turn::new(turn.class, remaining(Stage::EMPTY, component.len()));
        match context.writer.create(key, record.uid(), create, turn).await {
            Ok(created) => {
                context.fleet.memory(|memory| memory.created.note(child.clone(), context.uptime()));
                let record = context
                    .fleet
                    .record(|pools| ComponentRecord::created(&created, key, record.uid(), pools));
                let mut wakes = context.fleet.learn_component(&child, &record);
                // This turn knows what it did.
                wakes.kymas.retain(|(kyma, _)| kyma != *key);
                context.wake(wakes);
                Ok(Outcome::Done)
            }
            // A policy may forbid one component and let the others pass, so this too is the component's own matter.
            Err(WriteError::Refused(message) | WriteError::Forbidden(message)) => {
                Ok(self.refuse(component, RefusalCause::Invalid, bounded(message)))
            }
            Err(WriteError::Taken) => self.name_is_taken(create).await,
            Err(error) => Err(error),
        }
    }

    /// The name exists though the cache did not show it: whose is it?
    async fn name_is_taken(&self, create: &Create) -> Result<Outcome, WriteError> {
        let Self { context, key, record: _, turn } = self;
        let child = ObjectKey::new(key.namespace(), &create.name);
        let object: HelmComponent = match context.writer.get_component(&child, *turn).await {
            Ok(object) => object,
            Err(WriteError::Gone) => return Ok(self.recheck()),
            Err(error) => return Err(error),
        };
        let found = context.fleet.record(|pools| ComponentRecord::of(&object, pools));
        if found.owner.as_ref().is_none_or(|owner| owner.key != **key) {
            return Ok(self.refuse(&create.component.name, RefusalCause::NameTaken, String::new()));
        }
        let shard = kyma_shard(key);
        if found.shard.is_some_and(|label| label != shard) {
            // Somebody has given it to another shard, whose holder alone would see it. Without a label all would.
            return self.relabel(create, shard).await;
        }
        // Ours (the answer to the create was lost, or the watch is behind) or a predecessor's: with it in the cache
        // the next plan knows what to do.
        context.wake(context.fleet.learn_component(&child, &found));
        Ok(self.recheck())
    }

    async fn relabel(&self, create: &Create, shard: u8) -> Result<Outcome, WriteError> {
        let Self { context, key, record: _, turn } = self;
        match context.writer.relabel(key.namespace(), &create.name, shard, *turn).await {
            Ok(object) => context.wake(context.fleet.learn_component_object(&object)),
            Err(WriteError::Gone) => {}
            Err(error) => return Err(error),
        }
        Ok(self.recheck())
    }

    /// Remembers the refusal, and looks again at once to say so in the status.
    fn refuse(&self, component: &str, cause: RefusalCause, message: String) -> Outcome {
        let Self { context, key, record, turn } = self;
        let now = context.uptime();
        context.fleet.memory(|memory| {
            memory.refuse(key, record.generation, component, cause, message, now);
        });
        Outcome::Again { turn: Turn::dependent(turn.priority) }
    }

    fn recheck(&self) -> Outcome {
        Outcome::After { delay: CONFLICT_RECHECK, turn: Turn::dependent(self.turn.priority) }
    }
}

/// Deletes what a Kyma that is gone has left behind, where no garbage collector does.
pub(super) async fn sweep_orphans(context: &Context, key: &ObjectKey) -> Outcome {
    let turn = Turn::dependent(0);
    let orphans: Vec<(Uid, ChildToDelete)> = context.fleet.components(|components| {
        let left = components.owned(key).filter_map(|(child, owner)| {
            let record = components.get(child).filter(|record| !record.deleting)?;
            Some((owner.clone(), ChildToDelete::new(child, record, DeleteCause::OfPredecessor)))
        });
        left.collect()
    });
    if orphans.is_empty() {
        return Outcome::Done;
    }
    match delete_orphans(context, key, &orphans, turn).await {
        Ok(()) => Outcome::After { delay: CONFLICT_RECHECK, turn },
        Err(error) => failed(&error, turn.priority),
    }
}

async fn delete_orphans(
    context: &Context,
    key: &ObjectKey,
    orphans: &[(Uid, ChildToDelete)],
    turn: Turn,
) -> Result<(), WriteError> {
    // Not in the cache does not mean not there: the watch of Kymas may be behind that of components.
    let living = context.writer.kyma_uid(key, turn).await?;
    for (owner, child) in orphans {
        if living.as_ref() != Some(owner) {
            delete(context, child, turn).await?;
        }
    }
    Ok(())
}

async fn delete(context: &Context, child: &ChildToDelete, turn: Turn) -> Result<Outcome, WriteError> {
    if let Some(wait) = outdated(context, &child.key, child.revision, turn) {
        return Ok(wait);
    }
    let base = Base { key: &child.key, uid: &child.uid, revision: child.revision, claimed: false };
    match context.writer.delete(base, turn).await {
        Ok(false) => Ok(Outcome::Done),
        Ok(true) | Err(WriteError::Gone) => {
            context.wake(context.fleet.learn_component_delete(&child.key, &child.uid));
            Ok(Outcome::Done)
        }
        Err(WriteError::Conflict) => Ok(after_conflict(context, &child.key, child.revision, turn)),
        Err(error) => Err(error),
    }
}

/// Waits where this state of a component is known to be outdated.
fn outdated(context: &Context, child: &ObjectKey, revision: u64, turn: Turn) -> Option<Outcome> {
    let now = context.uptime();
    let is_outdated =
        context.fleet.memory(|memory| memory.stale_components.is_outdated(child, revision, now));
    is_outdated.then(|| Outcome::After { delay: CONFLICT_RECHECK, turn: Turn::dependent(turn.priority) })
}

/// A component has changed since; what is still to be done with it, the next turn decides from the newer state.
fn after_conflict(context: &Context, child: &ObjectKey, written_from: u64, turn: Turn) -> Outcome {
    let turn = Turn::dependent(turn.priority);
    match context.fleet.component_outdated(child, written_from, context.uptime()) {
        Some(revision) if revision <= written_from => Outcome::After { delay: CONFLICT_RECHECK, turn },
        _ => Outcome::Again { turn },
    }
}

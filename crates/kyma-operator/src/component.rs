//! The HelmComponent controller: carries out what [`crate::decide::component`] decides.

use std::sync::Arc;

use kyma_controller::{ObjectKey, Outcome, Reconciler, Record};
use kyma_inventory::Stage;
use kyma_workqueue::Turn;

use crate::apply::{Base, WriteError};
use crate::context::{CONFLICT_RECHECK, Context, failed};
use crate::decide::{ComponentDecision, after_stage};
use crate::records::ComponentRecord;

pub(crate) struct ComponentController {
    context: Arc<Context>,
}

impl ComponentController {
    pub(crate) fn new(context: Arc<Context>) -> Self {
        Self { context }
    }

    /// Writes the stage. Its time is that of the decision: being late lengthens the path, no stage is shortened.
    async fn enter(&self, key: &ObjectKey, record: &ComponentRecord, stage: Stage, turn: Turn) -> Outcome {
        let Context { fleet, writer, .. } = self.context.as_ref();
        let decided = self.context.now();
        let status = record.status_entering(stage, decided);
        let base = Base { key, uid: record.uid(), revision: record.revision(), claimed: record.claimed };
        match writer.component_status(base, &status, turn).await {
            Ok(revision) => {
                let entered = record.entered(stage, decided, revision);
                let next = after_stage(&entered, decided, self.context.now());
                self.context.wake(fleet.learn_component(key, &entered));
                next.into()
            }
            Err(WriteError::Conflict) => self.after_conflict(key, record.revision(), turn),
            // The watch will say so too.
            Err(WriteError::Gone) => Outcome::Done,
            Err(error) => failed(&error, turn.priority),
        }
    }

    /// Waits for the newer object, unless it has come while the write was on its way.
    fn after_conflict(&self, key: &ObjectKey, written_from: u64, turn: Turn) -> Outcome {
        match self.context.fleet.component_outdated(key, written_from, self.context.uptime()) {
            None => Outcome::Done,
            Some(revision) if revision > written_from => Outcome::Again { turn },
            Some(_) => Outcome::After { delay: CONFLICT_RECHECK, turn },
        }
    }
}

impl Reconciler for ComponentController {
    type Key = ObjectKey;

    fn name(&self) -> &'static str {
        "helmcomponent"
    }

    async fn reconcile(&self, key: &ObjectKey) -> Outcome {
        let fleet = &self.context.fleet;
        let Some((record, decision)) = fleet.decide_component(key, self.context.now()) else {
            return Outcome::Done;
        };
        let Some(_in_hand) = self.context.ownership.enter(record.acting_shard()) else {
            return Outcome::Done;
        };
        match decision {
            ComponentDecision::Rest => Outcome::Done,
            ComponentDecision::Wait(delay, turn) => Outcome::After { delay, turn },
            ComponentDecision::Enter(stage, turn) => {
                let (revision, now) = (record.revision(), self.context.uptime());
                if fleet.memory(|memory| memory.stale_components.is_outdated(key, revision, now)) {
                    return Outcome::After { delay: CONFLICT_RECHECK, turn };
                }
                self.enter(key, &record, stage, turn).await
            }
        }
    }
}

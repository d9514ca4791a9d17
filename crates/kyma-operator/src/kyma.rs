//! The Kyma controller: carries out what [`crate::decide::kyma`] decides, in the plan's order.

use std::sync::Arc;

use kyma_controller::{EventType, ObjectKey, Outcome, Reconciler, Record};
use kyma_inventory::conditions::reason;
use kyma_inventory::kyma::SUCCESS;
use kyma_inventory::plan::{DesiredStatus, StatusPlan};
use kyma_workqueue::Turn;

use crate::apply::{Base, WriteError};
use crate::context::{CONFLICT_RECHECK, Context, failed};
use crate::decide::KymaDecision;
use crate::fleet::kyma_shard;
use crate::records::KymaRecord;

mod children;

pub(crate) struct KymaController {
    context: Arc<Context>,
}

/// One turn of one Kyma.
struct TurnOf<'a> {
    context: &'a Context,
    key: &'a ObjectKey,
    record: KymaRecord,
    turn: Turn,
}

/// Why a turn ended before the end of its plan.
enum Halt {
    /// The Kyma is newer than what was read, or gone.
    Outdated,
    Failed(WriteError),
}

impl KymaController {
    pub(crate) fn new(context: Arc<Context>) -> Self {
        Self { context }
    }
}

impl Reconciler for KymaController {
    type Key = ObjectKey;

    fn name(&self) -> &'static str {
        "kyma"
    }

    async fn reconcile(&self, key: &ObjectKey) -> Outcome {
        let context = self.context.as_ref();
        let Some(_in_hand) = context.ownership.enter(kyma_shard(key)) else { return Outcome::Done };
        let Some((record, decision)) = context.fleet.decide_kyma(key, context.uptime()) else {
            return children::sweep_orphans(context, key).await;
        };
        let (turn, revision) = (decision.turn, record.revision());
        if context.fleet.memory(|memory| memory.stale_kymas.is_outdated(key, revision, context.uptime())) {
            return Outcome::After { delay: CONFLICT_RECHECK, turn };
        }
        let this = TurnOf { context, key, record, turn };
        match this.carry_out(&decision).await {
            Ok(outcome) => outcome,
            Err(Halt::Outdated) => this.after_conflict(),
            Err(Halt::Failed(error)) => failed(&error, turn.priority),
        }
    }
}

impl TurnOf<'_> {
    async fn carry_out(&self, decision: &KymaDecision) -> Result<Outcome, Halt> {
        if let StatusPlan::Write(desired) = &decision.plan.status {
            self.write_status(desired).await?;
        }
        let mut outcome = Outcome::from(decision.next);
        for delete in &decision.deletes {
            outcome = sooner(outcome, self.delete(delete).await.map_err(Halt::Failed)?);
        }
        for patch in &decision.patches {
            outcome = sooner(outcome, self.patch(patch).await.map_err(Halt::Failed)?);
        }
        for create in &decision.plan.creates {
            outcome = sooner(outcome, self.create(create).await.map_err(Halt::Failed)?);
        }
        Ok(outcome)
    }

    async fn write_status(&self, desired: &DesiredStatus) -> Result<(), Halt> {
        let Self { context, key, record, turn } = self;
        let old = record.status();
        let status = desired.to_status(&old, &record.foreign, record.generation, context.now());
        let base = Base { key, uid: record.uid(), revision: record.revision(), claimed: record.claimed };
        let written = context.writer.kyma_status(base, &status, *turn).await;
        let revision = written.map_err(|error| match error {
            WriteError::Conflict | WriteError::Gone => Halt::Outdated,
            error => Halt::Failed(error),
        })?;
        context.fleet.learn_kyma_status(key, record, &status, revision);
        self.tell(desired);
        Ok(())
    }

    /// Events for what has just become true: a problem, or success.
    fn tell(&self, desired: &DesiredStatus) {
        let Self { context, key, record, turn: _ } = self;
        let ready = &desired.ready;
        let told =
            |old: &kyma_inventory::Condition| old.reason == ready.reason && old.message == ready.message;
        if desired.is_problem() && !record.ready.as_deref().is_some_and(told) {
            context.tell(key, record.uid(), EventType::Warning, ready.reason, ready.message.clone());
        }
        if desired.state() == SUCCESS && record.state.as_ref() != SUCCESS {
            let message = format!("{} components have arrived", record.wanted);
            context.tell(key, record.uid(), EventType::Normal, reason::SUCCESS, message);
        }
    }

    /// Waits for the newer object, unless it has come while the write was on its way.
    fn after_conflict(&self) -> Outcome {
        let Self { context, key, record, turn } = self;
        let written_from = record.revision();
        context.fleet.memory(|memory| memory.stale_kymas.mark(key, written_from, context.uptime()));
        match context.fleet.kymas(|kymas| kymas.get(key).map(Record::revision)) {
            None => Outcome::Done,
            Some(revision) if revision > written_from => Outcome::Again { turn: *turn },
            Some(_) => Outcome::After { delay: CONFLICT_RECHECK, turn: *turn },
        }
    }
}

/// The outcome that looks again first.
fn sooner(a: Outcome, b: Outcome) -> Outcome {
    match (&a, &b) {
        (Outcome::Again { .. }, _) | (_, Outcome::Done) => a,
        (Outcome::After { delay: first, .. }, Outcome::After { delay: second, .. }) if first <= second => a,
        _ => b,
    }
}

#[cfg(test)]
mod tests;

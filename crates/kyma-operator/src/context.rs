//! What the controllers of one operator share.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use k8s_openapi::api::core::v1::ObjectReference;
use kube::Resource;
use kyma_controller::{
    Clock, ErrorClass, EventRecorder, EventType, Numbers, ObjectKey, Outcome, Ownership, Uid,
};
use kyma_inventory::{API_VERSION, Kyma};
use kyma_workqueue::{Turn, WorkQueue};
use tokio::time::Instant;

use crate::apply::{WriteError, Writer};
use crate::decide::Next;
use crate::fleet::{Fleet, Wakes, kyma_shard};
use crate::meters::Meters;

/// How long the garbage collector has for the components of a Kyma that is gone, before the operator deletes what
/// it still sees. Where there is a collector it would only be in the way.
pub(crate) const ORPHAN_GRACE: Duration = Duration::from_secs(5);

/// When to look again after a conflict, should the watch not have brought the newer object by then.
pub(crate) const CONFLICT_RECHECK: Duration = Duration::from_secs(1);

/// What the controllers share.
pub(crate) struct Context {
    pub(crate) fleet: Fleet,
    /// What this process acts upon; everything, where it has the fleet to itself.
    pub(crate) ownership: Ownership,
    pub(crate) kymas: WorkQueue<ObjectKey>,
    pub(crate) components: WorkQueue<ObjectKey>,
    pub(crate) clusters: WorkQueue<ObjectKey>,
    pub(crate) writer: Writer,
    pub(crate) events: EventRecorder,
    pub(crate) meters: Meters,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) started: Instant,
}

impl Context {
    /// The time of day, for what is written.
    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The time since the start, for what is waited for.
    pub(crate) fn uptime(&self) -> Duration {
        self.started.elapsed()
    }

    /// Adds the keys to their queues, those that this process acts upon.
    pub(crate) fn wake(&self, wakes: Wakes) {
        let Wakes { component, kymas, orphaned } = wakes;
        let open = self.ownership.opened();
        if let Some((key, turn, shard)) = component
            && open.contains(shard)
        {
            self.components.add(key, turn);
        }
        let is_ours = |key: &ObjectKey| open == Numbers::ALL || open.contains(kyma_shard(key));
        for (key, turn) in kymas.into_iter().filter(|(key, _)| is_ours(key)) {
            self.kymas.add(key, turn);
        }
        if let Some(key) = orphaned.filter(is_ours) {
            self.kymas.add_after(key, Turn::dependent(0), ORPHAN_GRACE);
        }
    }

    /// Tells the users of a Kyma what happened.
    pub(crate) fn tell(
        &self,
        kyma: &ObjectKey,
        uid: &Uid,
        kind: EventType,
        reason: &'static str,
        message: String,
    ) {
        let about = ObjectReference {
            api_version: Some(API_VERSION.to_owned()),
            kind: Some(Kyma::kind(&()).into_owned()),
            namespace: Some(kyma.namespace().to_owned()),
            name: Some(kyma.name().to_owned()),
            uid: Some(uid.to_string()),
            ..ObjectReference::default()
        };
        self.events.record(&about, kind, reason, message);
    }

    /// Shows the fleet's size in the metrics.
    pub(crate) fn measure(&self) {
        let stages = self.fleet.components(|components| components.tallies().stages());
        let kymas = self.fleet.kymas_in(self.ownership.opened());
        self.meters.fleet(kymas, &stages, self.fleet.clusters().read().len());
    }
}

impl From<Next> for Outcome {
    fn from(next: Next) -> Self {
        match next {
            Next::Never => Self::Done,
            Next::Again(turn) => Self::Again { turn },
            Next::After(delay, turn) => Self::After { delay, turn },
        }
    }
}

/// The outcome of a turn that a failed request ended.
pub(crate) fn failed(error: &WriteError, priority: u64) -> Outcome {
    let reason = match error {
        WriteError::Conflict => ErrorClass::Conflict,
        WriteError::Gone => ErrorClass::NotFound,
        WriteError::Taken => ErrorClass::AlreadyExists,
        WriteError::Refused(_) => ErrorClass::Invalid,
        WriteError::Forbidden(_) => ErrorClass::Forbidden,
        WriteError::Request(error) => ErrorClass::of(error),
    };
    Outcome::Retry { priority, reason, message: chain(error) }
}

/// An error with its causes, each once.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}

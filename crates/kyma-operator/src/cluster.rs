//! The Cluster controller. As in the proof of concept there is nothing to do for a Cluster yet: it is watched and
//! counted, and whatever it says, no turn of it fails.

use std::sync::Arc;

use kyma_controller::{ObjectKey, Outcome, Reconciler};

use crate::context::Context;

pub(crate) struct ClusterController {
    context: Arc<Context>,
}

impl ClusterController {
    pub(crate) fn new(context: Arc<Context>) -> Self {
        Self { context }
    }
}

impl Reconciler for ClusterController {
    type Key = ObjectKey;

    fn name(&self) -> &'static str {
        "cluster"
    }

    async fn reconcile(&self, key: &ObjectKey) -> Outcome {
        let known = self.context.fleet.clusters().read().get(key).is_some();
        tracing::debug!(cluster = %key, known, "looked at");
        Outcome::Done
    }
}

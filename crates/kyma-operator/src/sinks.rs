//! From the watches to the caches and queues.
//!
//! Nothing is queued from a kind's first list: when all lists are complete, [`crate::seed`] queues everything once,
//! with the turns that only the whole picture gives.

use std::sync::Arc;

use kyma_controller::cache::revision_of;
use kyma_controller::informer::Seen;
use kyma_controller::{ObjectKey, Sink};
use kyma_inventory::{Cluster, HelmComponent, Kyma};
use kyma_workqueue::Turn;

use crate::context::Context;
use crate::fleet::Wakes;

/// Feeds the cache of one kind.
pub(crate) struct Feed {
    context: Arc<Context>,
    /// Whether the first list is complete.
    listed: bool,
}

impl Feed {
    pub(crate) fn new(context: Arc<Context>) -> Self {
        Self { context, listed: false }
    }

    fn delete_kyma(&self, key: &ObjectKey, revision: u64) {
        self.context.kymas.forget(key);
        self.wake(self.context.fleet.observe_kyma_delete(key, revision));
    }

    fn delete_component(&self, key: &ObjectKey, revision: u64) {
        self.context.components.forget(key);
        self.wake(self.context.fleet.observe_component_delete(key, revision));
    }

    fn wake(&self, wakes: Wakes) {
        if self.listed {
            self.context.wake(wakes);
        }
    }

    fn wake_all(&mut self, all: Vec<Wakes>) {
        all.into_iter().for_each(|wakes| self.wake(wakes));
        self.listed = true;
    }
}

impl Sink<Kyma> for Feed {
    fn relist_begin(&mut self) {
        self.context.fleet.relist_kymas_begin();
    }

    fn apply(&mut self, object: Kyma, _initial: bool) {
        self.wake(self.context.fleet.observe_kyma(&object));
    }

    fn delete(&mut self, object: Kyma) {
        self.delete_kyma(&ObjectKey::of(&object), revision_of(&object.metadata));
    }

    fn relist_end(&mut self) {
        let all = self.context.fleet.relist_kymas_end();
        self.wake_all(all);
    }

    fn undecodable(&mut self, key: ObjectKey, seen: Seen) {
        match seen {
            Seen::Listed | Seen::Applied => self.context.fleet.keep_kyma(&key),
            Seen::Deleted { revision } => self.delete_kyma(&key, revision),
        }
    }
}

impl Sink<HelmComponent> for Feed {
    fn relist_begin(&mut self) {
        self.context.fleet.relist_components_begin();
    }

    fn apply(&mut self, object: HelmComponent, _initial: bool) {
        self.wake(self.context.fleet.observe_component(&object));
    }

    fn delete(&mut self, object: HelmComponent) {
        self.delete_component(&ObjectKey::of(&object), revision_of(&object.metadata));
    }

    fn relist_end(&mut self) {
        let all = self.context.fleet.relist_components_end();
        self.wake_all(all);
    }

    fn undecodable(&mut self, key: ObjectKey, seen: Seen) {
        match seen {
            Seen::Listed | Seen::Applied => self.context.fleet.keep_component(&key),
            Seen::Deleted { revision } => self.delete_component(&key, revision),
        }
    }
}

impl Sink<Cluster> for Feed {
    fn relist_begin(&mut self) {
        self.context.fleet.clusters().write().relist_begin();
    }

    fn apply(&mut self, object: Cluster, _initial: bool) {
        if self.context.fleet.observe_cluster(&object) && self.listed {
            self.context.clusters.add(ObjectKey::of(&object), Turn::user(0));
        }
    }

    fn delete(&mut self, object: Cluster) {
        let revision = revision_of(&object.metadata);
        self.context.fleet.clusters().write().observe_delete(&ObjectKey::of(&object), revision);
    }

    fn relist_end(&mut self) {
        self.context.fleet.clusters().write().relist_end();
        self.listed = true;
    }

    fn undecodable(&mut self, key: ObjectKey, seen: Seen) {
        match seen {
            Seen::Listed | Seen::Applied => self.context.fleet.clusters().write().keep(&key),
            Seen::Deleted { revision } => {
                self.context.fleet.clusters().write().observe_delete(&key, revision);
            }
        }
    }
}

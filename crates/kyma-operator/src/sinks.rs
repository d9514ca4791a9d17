//! From the watches to the caches and queues.
//!
//! Nothing is queued before a shard is open: when all lists are complete, [`crate::sweep::seed`] opens what is granted and
//! queues everything in it once, with the turns that only the whole picture gives.

use std::sync::Arc;

use kyma_controller::cache::revision_of;
use kyma_controller::informer::Seen;
use kyma_controller::{ObjectKey, Sink};
use kyma_inventory::{Cluster, HelmComponent, Kyma};
use kyma_workqueue::Turn;

use crate::context::Context;
use crate::fleet::PartId;

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
        self.context.wake(self.context.fleet.observe_kyma_delete(key, revision));
    }
}

/// Feeds a part of the components.
pub(crate) struct ComponentFeed {
    context: Arc<Context>,
    part: PartId,
}

impl ComponentFeed {
    pub(crate) fn new(context: Arc<Context>, part: PartId) -> Self {
        Self { context, part }
    }

    fn delete(&self, key: &ObjectKey, revision: u64) {
        self.context.components.forget(key);
        self.context.wake(self.context.fleet.observe_component_delete(self.part, key, revision));
    }
}

impl Sink<Kyma> for Feed {
    fn relist_begin(&mut self) {
        self.context.fleet.relist_kymas_begin();
    }

    fn apply(&mut self, object: Kyma, _initial: bool) {
        self.context.wake(self.context.fleet.observe_kyma(&object));
    }

    fn delete(&mut self, object: Kyma) {
        self.delete_kyma(&ObjectKey::of(&object), revision_of(&object.metadata));
    }

    fn relist_end(&mut self) {
        for wakes in self.context.fleet.relist_kymas_end() {
            self.context.wake(wakes);
        }
    }

    fn undecodable(&mut self, key: ObjectKey, seen: Seen) {
        match seen {
            Seen::Listed | Seen::Applied => self.context.fleet.keep_kyma(&key),
            Seen::Deleted { revision } => self.delete_kyma(&key, revision),
        }
    }
}

impl Sink<HelmComponent> for ComponentFeed {
    fn relist_begin(&mut self) {
        self.context.fleet.relist_components_begin(self.part);
    }

    fn apply(&mut self, object: HelmComponent, _initial: bool) {
        self.context.wake(self.context.fleet.observe_component(self.part, &object));
    }

    fn delete(&mut self, object: HelmComponent) {
        ComponentFeed::delete(self, &ObjectKey::of(&object), revision_of(&object.metadata));
    }

    fn relist_end(&mut self) {
        for wakes in self.context.fleet.relist_components_end(self.part) {
            self.context.wake(wakes);
        }
    }

    fn undecodable(&mut self, key: ObjectKey, seen: Seen) {
        match seen {
            Seen::Listed | Seen::Applied => self.context.fleet.keep_component(self.part, &key),
            Seen::Deleted { revision } => ComponentFeed::delete(self, &key, revision),
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

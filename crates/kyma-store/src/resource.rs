//! Names of resources, held once.

use std::collections::HashMap;
use std::sync::Arc;

/// A resource such as `inventory.kyma-project.io/kymas`, as a small number.
///
/// Numbers are handed out by one store, in the order in which it first heard the names, and mean nothing in another:
/// a call with a number that this store never gave panics.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ResourceId(u32);

impl ResourceId {
    /// The number as a position in tables that have one entry for each resource.
    pub(crate) const fn position(self) -> usize {
        self.0 as usize
    }

    #[cfg(test)]
    pub(crate) const fn for_test(number: u32) -> Self {
        Self(number)
    }
}

/// All resource names of a store. Bounded by the number of kinds that were ever served: a name is never taken back.
#[derive(Debug, Default)]
pub(crate) struct Resources {
    names: Vec<Arc<str>>,
    ids: HashMap<Arc<str>, ResourceId>,
}

impl Resources {
    pub(crate) fn find(&self, name: &str) -> Option<ResourceId> {
        self.ids.get(name).copied()
    }

    /// Finds the name or gives it the next number.
    pub(crate) fn define(&mut self, name: &str) -> ResourceId {
        if let Some(id) = self.find(name) {
            return id;
        }
        let name: Arc<str> = Arc::from(name);
        let id = ResourceId(self.names.len() as u32);
        self.names.push(Arc::clone(&name));
        self.ids.insert(name, id);
        id
    }

    pub(crate) fn name(&self, id: ResourceId) -> Arc<str> {
        Arc::clone(&self.names[id.position()])
    }

    pub(crate) fn all(&self) -> Vec<ResourceId> {
        (0..self.names.len() as u32).map(ResourceId).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_one_number() {
        let mut resources = Resources::default();
        let kymas = resources.define("inventory.kyma-project.io/kymas");
        let events = resources.define("events");
        assert_ne!(kymas, events);
        assert_eq!(resources.define("inventory.kyma-project.io/kymas"), kymas);
        assert_eq!(resources.find("events"), Some(events));
        assert_eq!(resources.find("leases"), None);
        assert_eq!(&*resources.name(kymas), "inventory.kyma-project.io/kymas");
        assert_eq!(resources.all(), [kymas, events]);
    }
}

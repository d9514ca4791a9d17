//! Values that many records share.

use std::collections::HashSet;
use std::hash::Hash;
use std::sync::Arc;

use kyma_inventory::kyma::Component;

/// A pool is swept when it has grown to this many values, or to twice what the last sweep left.
const SWEEP_AT_LEAST: usize = 1024;

/// The texts and component lists of all records: a fleet has thousands of objects and few dozens of these.
#[derive(Debug, Default)]
pub struct Pools {
    texts: Pool<str>,
    lists: Pool<[Component]>,
}

impl Pools {
    /// The shared copy of a text.
    pub fn text(&mut self, text: &str) -> Arc<str> {
        self.texts.share(text, |text| Arc::from(text))
    }

    /// The shared copy of a list of components.
    pub fn components(&mut self, list: &[Component]) -> Arc<[Component]> {
        self.lists.share(list, |list| Arc::from(list))
    }
}

/// Bounded by twice the values in use, or [`SWEEP_AT_LEAST`].
#[derive(Debug)]
struct Pool<T: ?Sized> {
    held: HashSet<Arc<T>>,
    sweep_at: usize,
}

impl<T: ?Sized> Default for Pool<T> {
    fn default() -> Self {
        Self { held: HashSet::new(), sweep_at: SWEEP_AT_LEAST }
    }
}

impl<T: ?Sized + Eq + Hash> Pool<T> {
    fn share(&mut self, value: &T, make: impl FnOnce(&T) -> Arc<T>) -> Arc<T> {
        if let Some(held) = self.held.get(value) {
            return Arc::clone(held);
        }
        if self.held.len() >= self.sweep_at {
            self.held.retain(|held| Arc::strong_count(held) > 1);
            self.sweep_at = (2 * self.held.len()).max(SWEEP_AT_LEAST);
        }
        let made = make(value);
        self.held.insert(Arc::clone(&made));
        made
    }
}

#[cfg(test)]
mod tests {
    use super::{Pools, SWEEP_AT_LEAST};
    use std::sync::Arc;

    #[test]
    fn equal_values_are_shared() {
        let mut pools = Pools::default();
        assert!(Arc::ptr_eq(&pools.text("istio"), &pools.text("istio")));
        let list = kyma_inventory::sample::components();
        assert!(Arc::ptr_eq(&pools.components(&list), &pools.components(&list.clone())));
    }

    #[test]
    fn what_nobody_uses_is_dropped_and_what_is_used_stays() {
        let mut pools = Pools::default();
        let kept = pools.text("kept");
        for n in 0..5 * SWEEP_AT_LEAST {
            pools.text(&n.to_string());
        }
        assert!(pools.texts.held.len() <= SWEEP_AT_LEAST);
        assert!(Arc::ptr_eq(&kept, &pools.text("kept")));
    }
}

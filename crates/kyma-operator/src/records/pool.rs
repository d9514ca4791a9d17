//! Values that many records share.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use hashbrown::{Equivalent, HashSet};
use kyma_controller::{ObjectKey, Uid};
use kyma_inventory::kyma::Component;

use super::{Chart, KymaOwner};

/// A pool is swept when it has grown to this many values, or to twice what the last sweep left.
const SWEEP_AT_LEAST: usize = 1024;

/// What the records share: a fleet has thousands of objects and few dozens of these texts, lists and charts, and one owner
/// for many components.
#[derive(Debug, Default)]
pub struct Pools {
    texts: Pool<str>,
    lists: Pool<[Component]>,
    charts: Pool<Chart>,
    owners: Pool<KymaOwner>,
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

    /// The shared copy of a chart.
    pub fn chart(&mut self, name: &str, namespace: &str) -> Arc<Chart> {
        self.charts.share(&ChartRef { name, namespace }, |chart| {
            Arc::new(Chart { name: chart.name.into(), namespace: chart.namespace.into() })
        })
    }

    /// The shared copy of an owner.
    pub fn owner(&mut self, uid: &Uid, namespace: &str, name: &str) -> Arc<KymaOwner> {
        self.owners.share(&OwnerRef { uid, namespace, name }, |owner| {
            Arc::new(KymaOwner { uid: owner.uid.clone(), key: ObjectKey::new(owner.namespace, owner.name) })
        })
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
    fn share<Q>(&mut self, value: &Q, make: impl FnOnce(&Q) -> Arc<T>) -> Arc<T>
    where
        Q: Hash + Equivalent<Arc<T>> + ?Sized,
    {
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

/// A [`Chart`] that is looked for; its hash is made of the same fields in the same order.
#[derive(Hash)]
struct ChartRef<'a> {
    name: &'a str,
    namespace: &'a str,
}

impl Equivalent<Arc<Chart>> for ChartRef<'_> {
    fn equivalent(&self, held: &Arc<Chart>) -> bool {
        (self.name, self.namespace) == (&*held.name, &*held.namespace)
    }
}

/// A [`KymaOwner`] that is looked for.
struct OwnerRef<'a> {
    uid: &'a Uid,
    namespace: &'a str,
    name: &'a str,
}

impl Equivalent<Arc<KymaOwner>> for OwnerRef<'_> {
    fn equivalent(&self, held: &Arc<KymaOwner>) -> bool {
        let KymaOwner { uid, key } = &**held;
        (self.uid, self.namespace, self.name) == (uid, key.namespace(), key.name())
    }
}

/// As [`OwnerRef`] does.
impl Hash for KymaOwner {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (&self.uid, self.key.namespace(), self.key.name()).hash(state);
    }
}

impl Hash for OwnerRef<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.uid, self.namespace, self.name).hash(state);
    }
}

#[cfg(test)]
mod tests {
    use super::{Pools, SWEEP_AT_LEAST, Uid};
    use std::sync::Arc;

    #[test]
    fn equal_values_are_shared() {
        let mut pools = Pools::default();
        assert!(Arc::ptr_eq(&pools.text("istio"), &pools.text("istio")));
        let list = kyma_inventory::sample::components();
        assert!(Arc::ptr_eq(&pools.components(&list), &pools.components(&list.clone())));
        let (uid, other) = (Uid::parse("a"), Uid::parse("b"));
        let owner = pools.owner(&uid, "pb", "k");
        assert!(Arc::ptr_eq(&owner, &pools.owner(&uid, "pb", "k")));
        for (uid, namespace, name) in [(&other, "pb", "k"), (&uid, "pc", "k"), (&uid, "pb", "l")] {
            let found = pools.owner(uid, namespace, name);
            assert_eq!((&found.uid, found.key.namespace(), found.key.name()), (uid, namespace, name));
        }
        let chart = pools.chart("istio", "istio-system");
        assert!(Arc::ptr_eq(&chart, &pools.chart("istio", "istio-system")));
        assert_ne!(chart, pools.chart("istio", ""));
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

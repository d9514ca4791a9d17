//! The name of an object among its kind.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

/// Namespace and name; cheap to clone.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectKey {
    /// Empty when the kind is cluster-scoped.
    pub namespace: Arc<str>,
    /// The object's name.
    pub name: Arc<str>,
}

impl ObjectKey {
    /// A key of these two.
    pub fn new(namespace: impl Into<Arc<str>>, name: impl Into<Arc<str>>) -> Self {
        Self { namespace: namespace.into(), name: name.into() }
    }

    /// The key of an object.
    pub fn of<K: kube::Resource>(object: &K) -> Self {
        let meta = object.meta();
        Self::new(meta.namespace.as_deref().unwrap_or_default(), meta.name.as_deref().unwrap_or_default())
    }
}

impl fmt::Display for ObjectKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.namespace.is_empty() {
            f.write_str(&self.name)
        } else {
            write!(f, "{}/{}", self.namespace, self.name)
        }
    }
}

impl fmt::Debug for ObjectKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// One allocation per namespace instead of one per object.
#[derive(Debug, Default)]
pub(super) struct Namespaces {
    /// How many entries use each name. Bounded by the namespaces of the objects that are held.
    users: HashMap<Arc<str>, usize>,
}

impl Namespaces {
    /// The shared name for one more user.
    pub(super) fn share(&mut self, name: Arc<str>) -> Arc<str> {
        let shared = self.users.get_key_value(&name).map_or(name, |(shared, _)| Arc::clone(shared));
        *self.users.entry(Arc::clone(&shared)).or_default() += 1;
        shared
    }

    /// One user less.
    pub(super) fn release(&mut self, name: &str) {
        if let Some(users) = self.users.get_mut(name) {
            *users -= 1;
            if *users == 0 {
                self.users.remove(name);
            }
        }
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.users.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_read_as_kubectl_writes_them_and_sort_by_namespace_first() {
        assert_eq!(ObjectKey::new("pb", "kyma-1").to_string(), "pb/kyma-1");
        assert_eq!(ObjectKey::new("", "node-1").to_string(), "node-1");
        assert!(ObjectKey::new("a", "z") < ObjectKey::new("b", "a"));
    }

    #[test]
    fn namespaces_are_shared_and_leave_with_their_last_user() {
        let mut namespaces = Namespaces::default();
        let first = namespaces.share("pb".into());
        let second = namespaces.share("pb".into());
        assert!(Arc::ptr_eq(&first, &second));
        namespaces.release("pb");
        assert_eq!(namespaces.len(), 1);
        namespaces.release("pb");
        assert_eq!(namespaces.len(), 0);
    }
}

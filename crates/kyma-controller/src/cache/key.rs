//! The name of an object among its kind.

use std::fmt;
use std::sync::Arc;

/// Namespace and name; cheap to clone, and 16 bytes wherever it is held, since a fleet's keys are held in many places.
///
/// Keys sort as their paths do on the server, which is the order of its lists.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectKey {
    /// Both, with a slash between them: neither can have one.
    path: Arc<str>,
}

impl ObjectKey {
    /// A key of these two; an empty namespace is that of a cluster-scoped kind.
    #[must_use]
    pub fn new(namespace: &str, name: &str) -> Self {
        Self { path: format!("{namespace}/{name}").into() }
    }

    /// The key of an object.
    pub fn of<K: kube::Resource>(object: &K) -> Self {
        let meta = object.meta();
        Self::new(meta.namespace.as_deref().unwrap_or_default(), meta.name.as_deref().unwrap_or_default())
    }

    /// The namespace; empty when the kind is cluster-scoped.
    #[must_use]
    pub fn namespace(&self) -> &str {
        self.parts().0
    }

    /// The object's name.
    #[must_use]
    pub fn name(&self) -> &str {
        self.parts().1
    }

    fn parts(&self) -> (&str, &str) {
        self.path.split_once('/').unwrap_or_default()
    }
}

impl fmt::Display for ObjectKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.path.strip_prefix('/').unwrap_or(&self.path))
    }
}

impl fmt::Debug for ObjectKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_read_as_kubectl_writes_them_and_sort_as_lists_do() {
        assert_eq!(ObjectKey::new("pb", "kyma-1").to_string(), "pb/kyma-1");
        assert_eq!(ObjectKey::new("", "node-1").to_string(), "node-1");
        assert!(ObjectKey::new("a", "z") < ObjectKey::new("b", "a"));
        assert!(ObjectKey::new("a-b", "x") < ObjectKey::new("a", "x"), "as the paths on the server");
    }

    #[test]
    fn the_parts_come_out_as_they_went_in() {
        for (namespace, name) in [("pb", "kyma-1"), ("", "node-1"), ("pb", ""), ("", "")] {
            let key = ObjectKey::new(namespace, name);
            assert_eq!((key.namespace(), key.name()), (namespace, name));
        }
        assert_eq!(size_of::<ObjectKey>(), 16);
    }
}

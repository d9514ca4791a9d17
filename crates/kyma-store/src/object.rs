//! What the store holds: an object's bytes, and beside them what is searched without decoding.

use std::cmp::Ordering;
use std::sync::Arc;

use bytes::Bytes;

use crate::intern::Interner;
use crate::resource::ResourceId;
use crate::revision::Revision;

/// Where an object lives.
///
/// Keys sort as etcd sorts `/registry/<resource>/<namespace>/<name>`: by resource, namespace, name, where a
/// namespace counts with the slash behind it, so `a-b` comes before `a`. Lists show this order.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Key {
    /// The resource, as the store of this object numbers it.
    pub resource: ResourceId,
    /// The namespace; empty for cluster-scoped objects.
    pub namespace: Arc<str>,
    /// The name.
    pub name: Arc<str>,
}

impl Ord for Key {
    fn cmp(&self, other: &Self) -> Ordering {
        self.resource
            .cmp(&other.resource)
            .then_with(|| compare_namespaces(&self.namespace, &other.namespace))
            .then_with(|| self.name.cmp(&other.name))
    }
}

impl PartialOrd for Key {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// Compares `a/` with `b/`; the empty namespace comes first, so that a resource's range has a known start.
fn compare_namespaces(a: &Arc<str>, b: &Arc<str>) -> Ordering {
    if Arc::ptr_eq(a, b) {
        return Ordering::Equal;
    }
    let (a, b) = (a.as_bytes(), b.as_bytes());
    let shared = a.len().min(b.len());
    if a.len() == b.len() || shared == 0 {
        return a.cmp(b);
    }
    let after = |text: &[u8]| text.get(shared).copied().unwrap_or(b'/');
    // Equal only when a namespace contains a slash itself; the longer one then comes later, to keep the order total.
    a[..shared].cmp(&b[..shared]).then(after(a).cmp(&after(b))).then(a.len().cmp(&b.len()))
}

/// What is searched by without decoding the JSON; its caller takes it from there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Index {
    /// `metadata.uid`.
    pub uid: Arc<str>,
    /// `metadata.labels`, sorted by key.
    pub labels: Box<[(Arc<str>, Arc<str>)]>,
    /// The kind's selectable fields by path, such as `status.phase`, sorted by path; name and namespace are in the key.
    pub fields: Box<[(Arc<str>, Arc<str>)]>,
    /// The UIDs of `metadata.ownerReferences`, in their order.
    pub owners: Box<[Arc<str>]>,
    /// Whether `metadata.deletionTimestamp` is set.
    pub deleting: bool,
}

impl Index {
    /// The value of a label.
    pub fn label(&self, key: &str) -> Option<&str> {
        find(&self.labels, key)
    }

    /// The value of a selectable field.
    pub fn field(&self, path: &str) -> Option<&str> {
        find(&self.fields, path)
    }

    /// Lets equal strings be the same allocation: those of the object's previous version first, because most
    /// writes change none of them, then those of other objects.
    pub(crate) fn share(&mut self, previous: Option<&Index>, interner: &mut Interner) {
        let Index { uid, labels, fields, owners, deleting: _ } = self;
        if let Some(previous) = previous.filter(|previous| previous.uid == *uid) {
            *uid = Arc::clone(&previous.uid);
        }
        share_pairs(labels, previous.map_or(&[], |previous| &previous.labels), interner);
        share_pairs(fields, previous.map_or(&[], |previous| &previous.fields), interner);
        for (position, owner) in owners.iter_mut().enumerate() {
            share(owner, previous.and_then(|previous| previous.owners.get(position)), interner);
        }
    }
}

fn find<'a>(pairs: &'a [(Arc<str>, Arc<str>)], key: &str) -> Option<&'a str> {
    let position = pairs.binary_search_by(|(candidate, _)| (**candidate).cmp(key)).ok()?;
    Some(&pairs[position].1)
}

fn share_pairs(
    pairs: &mut [(Arc<str>, Arc<str>)],
    previous: &[(Arc<str>, Arc<str>)],
    interner: &mut Interner,
) {
    for (position, (key, value)) in pairs.iter_mut().enumerate() {
        let previous = previous.get(position);
        share(key, previous.map(|(key, _)| key), interner);
        share(value, previous.map(|(_, value)| value), interner);
    }
}

fn share(text: &mut Arc<str>, previous: Option<&Arc<str>>, interner: &mut Interner) {
    match previous {
        Some(previous) if previous == text => *text = Arc::clone(previous),
        _ => interner.share(text),
    }
}

/// One version of an object. It never changes; the next write makes another.
#[derive(Debug)]
pub struct Object {
    /// Where it lives.
    pub key: Key,
    /// The write that made this version; the JSON's `metadata.resourceVersion` says the same.
    pub revision: Revision,
    /// The canonical JSON of the storage version.
    pub json: Bytes,
    /// What is searched by.
    pub index: Index,
}

impl Object {
    /// About how many bytes of memory this version takes, without the strings that it shares with others.
    pub(crate) fn footprint(&self) -> usize {
        size_of::<Self>()
            + self.json.len()
            + size_of_val(&*self.index.labels)
            + size_of_val(&*self.index.fields)
            + size_of_val(&*self.index.owners)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(resource: u32, namespace: &str, name: &str) -> Key {
        Key {
            resource: ResourceId::for_test(resource),
            namespace: Arc::from(namespace),
            name: Arc::from(name),
        }
    }

    #[test]
    fn keys_sort_as_their_etcd_paths() {
        let sorted = [
            key(0, "", "z"),
            key(0, "-", "z"),
            key(0, "a-b", "x"),
            key(0, "a", "w"),
            key(0, "a", "x"),
            key(0, "a", "x-"),
            key(0, "a0", "x"),
            key(0, "ab", "x"),
            key(0, "b", "a"),
            key(1, "", "a"),
        ];
        for (left, a) in sorted.iter().enumerate() {
            for (right, b) in sorted.iter().enumerate() {
                assert_eq!(a.cmp(b), left.cmp(&right), "{a:?} with {b:?}");
            }
        }
    }

    #[test]
    fn finds_labels_and_fields() {
        let pairs = |pairs: &[(&str, &str)]| -> Box<[(Arc<str>, Arc<str>)]> {
            pairs.iter().map(|(key, value)| (Arc::from(*key), Arc::from(*value))).collect()
        };
        let index = Index {
            labels: pairs(&[("app", "kyma"), ("shard", "7")]),
            fields: pairs(&[("status.phase", "Active")]),
            ..Index::default()
        };
        assert_eq!(index.label("shard"), Some("7"));
        assert_eq!(index.label("status.phase"), None);
        assert_eq!(index.field("status.phase"), Some("Active"));
    }
}

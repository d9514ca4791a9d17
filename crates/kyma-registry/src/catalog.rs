//! The kinds that are served: the built-in ones, and those of established CustomResourceDefinitions.

use std::collections::BTreeMap;
use std::sync::Arc;

use kyma_store::Store;

use crate::builtin;
use crate::crd;
use crate::object::Object;
use crate::resource::Resource;

/// Group, version and plural name.
type Path = (Arc<str>, Arc<str>, Arc<str>);

/// Kinds by group, version and plural name. Never changed in place: a change of a definition makes a new one.
#[derive(Debug, Clone, Default)]
pub struct Catalog {
    resources: BTreeMap<Path, Arc<Resource>>,
    epoch: u64,
}

impl Catalog {
    /// The built-in kinds.
    pub(crate) fn builtin(store: &Store) -> Self {
        let mut catalog = Catalog::default();
        for resource in builtin::resources(store) {
            catalog.insert(resource);
        }
        catalog
    }

    /// The built-in kinds and those of `definitions` that are established.
    pub(crate) fn with_custom<'a>(
        store: &Store,
        definitions: impl IntoIterator<Item = &'a Object>,
        previous: &Catalog,
    ) -> Self {
        let mut catalog = Catalog::builtin(store);
        catalog.epoch = previous.epoch + 1;
        for definition in definitions {
            if crd::is_established(definition) {
                for resource in crd::served(definition, store) {
                    catalog.insert(resource);
                }
            }
        }
        catalog
    }

    fn insert(&mut self, resource: Resource) {
        let key =
            (Arc::clone(&resource.group), Arc::clone(&resource.version), Arc::clone(&resource.names.plural));
        self.resources.insert(key, Arc::new(resource));
    }

    /// The kind at a path, if it is served.
    pub fn find(&self, group: &str, version: &str, plural: &str) -> Option<&Arc<Resource>> {
        self.resources.get(&(Arc::from(group), Arc::from(version), Arc::from(plural)))
    }

    /// The kind by its group, version and kind, as owner references name it.
    pub fn find_kind(&self, api_version: &str, kind: &str) -> Option<&Arc<Resource>> {
        let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
        self.in_version(group, version).find(|r| &*r.names.kind == kind)
    }

    /// All kinds, each in all its versions, by group, version and plural.
    pub fn all(&self) -> impl Iterator<Item = &Arc<Resource>> {
        self.resources.values()
    }

    /// The kinds of one group and version, by plural.
    pub fn in_version(&self, group: &str, version: &str) -> impl Iterator<Item = &Arc<Resource>> {
        self.all().filter(move |r| &*r.group == group && &*r.version == version)
    }

    /// Each stored kind once, in one of its versions, by storage.
    pub fn stored(&self) -> impl Iterator<Item = &Arc<Resource>> {
        let mut seen = std::collections::BTreeSet::new();
        self.all().filter(move |r| seen.insert(r.id))
    }

    /// Groups with their served versions, the preferred one first, in the order that discovery lists them: first the
    /// built-in ones in an order of their own, then those of custom kinds by name.
    pub fn groups(&self) -> Vec<(Arc<str>, Vec<Arc<str>>)> {
        let mut groups: BTreeMap<Arc<str>, Vec<Arc<str>>> = BTreeMap::new();
        for resource in self.all() {
            let versions = groups.entry(Arc::clone(&resource.group)).or_default();
            if !versions.contains(&resource.version) {
                versions.push(Arc::clone(&resource.version));
            }
        }
        for versions in groups.values_mut() {
            versions.sort_by(|a, b| crd::compare_versions(b, a));
        }
        let place = |group: &str| {
            let mut versions = crate::structure::versions().iter();
            versions.position(|version| version.group == group).unwrap_or(usize::MAX)
        };
        let mut groups: Vec<_> = groups.into_iter().collect();
        groups.sort_by_key(|(group, _)| place(group));
        groups
    }

    /// Counts the changes of definitions: what was encoded under an older epoch may be stale.
    pub fn epoch(&self) -> u64 {
        self.epoch
    }
}

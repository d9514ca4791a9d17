//! The kinds that are part of the server: those of the table in [`crate::structure`], each with what it has beyond the
//! rules that all share. What a kind does of its own stands in a module of its own.

mod admission;
mod apps;
mod autoscaler;
mod batch;
mod cells;
mod certificate;
mod config_map;
mod definition;
mod devices;
mod difference;
mod event;
mod flow;
mod internal;
mod lease;
mod namespace;
mod network;
mod node;
mod pod;
mod policy;
mod quota;
mod rbac;
mod secret;
mod service;
mod spot;
mod storage;
mod strategy;

use std::ops::Deref;
use std::sync::{Arc, LazyLock};

use jiff::Timestamp;
use kyma_store::{ResourceId, Store};
use serde_json::Value;

use crate::object::Object;
use crate::resource::{Names, Resource, Rules, Scope};
use crate::scale::Paths;
use crate::structure::{self, ColumnText, Kind, Struct};
use crate::update::Subresource;

pub(crate) use cells::selector as label_selector;
pub use strategy::Strategy;

/// Where namespaces are stored.
pub const NAMESPACES: &str = "namespaces";
/// Where CustomResourceDefinitions are stored.
pub const DEFINITIONS: &str = "apiextensions.k8s.io/customresourcedefinitions";

/// A built-in kind in one of its versions.
#[derive(Debug)]
pub struct Builtin {
    /// What discovery shows of it.
    pub table: &'static Kind,
    /// The Go structure behind it in this version.
    pub(crate) structure: &'static Struct,
    /// The structure behind what is stored, where that is another version.
    stored: Option<&'static Kind>,
    strategy: &'static Strategy,
}

impl Deref for Builtin {
    type Target = Strategy;

    fn deref(&self) -> &Strategy {
        self.strategy
    }
}

/// All built-in kinds that are stored, in the order of discovery.
static KINDS: LazyLock<Vec<Builtin>> = LazyLock::new(|| {
    let kinds = structure::kinds().iter();
    // Questions are answered and not stored, and the state of the control plane's parts cannot be created.
    let stored = kinds.filter(|kind| kind.verbs.contains(&"create") && kind.verbs.contains(&"get"));
    stored.filter_map(Builtin::new).collect()
});

impl Builtin {
    fn new(table: &'static Kind) -> Option<Self> {
        let stored =
            strategy::stored_as(table.group, table.version, table.kind).and_then(|(group, version)| {
                let mut kinds = structure::kinds().iter();
                kinds.find(|kind| kind.group == group && kind.version == version && kind.kind == table.kind)
            });
        let strategy = strategy::of(table.group, table.kind);
        Some(Builtin { table, structure: table.structure()?, stored, strategy })
    }

    /// A kind that is only a part of others, as one of the objects that are stored at `id`.
    pub(crate) fn part(kind: &str, id: ResourceId) -> Option<Resource> {
        static TABLES: LazyLock<[Kind; 3]> = LazyLock::new(|| {
            [("autoscaling", "v1", "Scale"), ("", "v1", "Binding"), ("policy", "v1", "Eviction")]
                .map(|(group, version, kind)| Kind::of_parts(group, version, kind))
        });
        static PARTS: LazyLock<Vec<Builtin>> =
            LazyLock::new(|| TABLES.iter().filter_map(Builtin::new).collect());
        let part = PARTS.iter().find(|part| part.table.kind == kind)?;
        Some(described(part, &names(part.table), id))
    }

    /// The columns of `kubectl get`.
    pub fn columns(&self) -> &'static [ColumnText] {
        self.table.columns()
    }

    /// The cells of one row, in the order of the columns.
    pub fn cells(&self, object: &Object, now: Timestamp) -> Vec<Value> {
        (self.strategy.cells)(object, now)
    }

    /// The structure behind what is stored.
    fn stored_structure(&self) -> &'static Struct {
        self.stored.and_then(Kind::structure).unwrap_or(self.structure)
    }

    /// Group and version under which objects are stored.
    pub(crate) fn stored_version(&self) -> (&'static str, &'static str) {
        let kind = self.stored.unwrap_or(self.table);
        (kind.group, kind.version)
    }

    /// Whether objects are stored as another version has them.
    pub fn is_converted(&self) -> bool {
        self.stored.is_some()
    }

    /// Fills in what is missing from a decoded object of this version.
    pub(crate) fn default(&self, object: &mut Object) {
        structure::fill(object, self.structure);
        if self.stored.is_none() {
            (self.strategy.default)(object);
        }
    }

    /// Turns a decoded object of this version into what is stored.
    pub(crate) fn convert_to_stored(&self, object: &mut Object) {
        if self.stored.is_some() {
            (self.strategy.convert_to_stored)(object);
            self.canonical(object, self.stored_structure());
            structure::fill(object, self.stored_structure());
            (self.strategy.default)(object);
        }
    }

    /// Turns a stored object into one of this version.
    pub(crate) fn convert_from_stored(&self, object: &mut Object) {
        if self.stored.is_some() {
            (self.strategy.convert_from_stored)(object);
            self.canonical(object, self.structure);
            let version = self.table.version;
            let api_version = if self.table.group.is_empty() {
                version.to_owned()
            } else {
                format!("{}/{version}", self.table.group)
            };
            object.insert("apiVersion".into(), api_version.into());
        }
    }

    /// Members that one of two versions does not have are not taken over.
    fn canonical(&self, object: &mut Object, structure: &Struct) {
        // Both versions have the same types where they have the same members.
        let _ = structure::decode(object, structure, &mut Vec::new());
    }

    /// What the kind fills in at creation.
    pub(crate) fn prepare_create(&self, object: &mut Object) {
        if self.has_status() && !self.strategy.keeps_status {
            let status = self.stored_structure().member("status");
            match status.filter(|status| status.kept) {
                Some(status) => object.insert("status".into(), status.kind.zero()),
                None => object.remove("status"),
            };
        }
        if self.strategy.generation {
            crate::object::set_generation(object, 1);
        }
        (self.strategy.prepare_create)(object);
    }

    /// What the kind fills in or takes back at an update of the object or a part of it.
    pub(crate) fn prepare_update(&self, object: &mut Object, existing: &Object, subresource: Subresource) {
        (self.strategy.prepare_update)(object, existing, subresource);
    }

    /// Whether `/status` is served.
    pub fn has_status(&self) -> bool {
        self.table.part("status").is_some()
    }

    /// The real server's text for a field selector that the kind does not know.
    pub fn unsupported_field(&self, field: &str) -> String {
        (self.strategy.unsupported_field)(field)
    }
}

/// The names of a kind, which all servers of a process share.
static NAMES: LazyLock<Vec<Arc<Names>>> =
    LazyLock::new(|| KINDS.iter().map(|kind| Arc::new(names(kind.table))).collect());

/// The built-in kinds as served resources.
pub(crate) fn resources(store: &Store) -> Vec<Resource> {
    KINDS.iter().zip(NAMES.iter()).map(|(kind, names)| resource(kind, names, store)).collect()
}

fn names(kind: &Kind) -> Names {
    let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    Names {
        plural: kind.plural.into(),
        singular: kind.singular.as_str().into(),
        kind: kind.kind.into(),
        list_kind: format!("{}List", kind.kind).into(),
        short: owned(&kind.short),
        categories: owned(&kind.categories),
    }
}

/// Where the objects of a kind are stored: by the group of the version in which they are.
fn storage(kind: &Builtin, store: &Store) -> ResourceId {
    let (group, _) = kind.stored_version();
    let plural = kind.table.plural;
    if group.is_empty() { store.resource(plural) } else { store.resource(&format!("{group}/{plural}")) }
}

fn resource(kind: &'static Builtin, names: &Arc<Names>, store: &Store) -> Resource {
    described(kind, names, storage(kind, store))
}

fn described(kind: &'static Builtin, names: &Names, id: ResourceId) -> Resource {
    Resource {
        group: kind.table.group.into(),
        version: kind.table.version.into(),
        storage_version: kind.stored_version().1.into(),
        names: names.clone(),
        scope: if kind.table.cluster { Scope::Cluster } else { Scope::Namespaced },
        id,
        status: kind.has_status(),
        scale: Paths::of_builtin(kind.table),
        terminating: false,
        rules: Rules::Builtin(kind),
        schema: None,
        raw_schema: None,
        columns: Arc::default(),
        selectable: crate::resource::sorted(kind.selectable.iter().copied()),
    }
}

/// The age of an object, as the column of that name shows it.
fn age(object: &Object, now: Timestamp) -> Value {
    let created = crate::object::meta_str(object, "creationTimestamp");
    crate::columns::human_age(created, now).into()
}

/// The value at a path; null where there is none.
pub(crate) fn at<'a>(object: &'a Object, path: &[&str]) -> &'a Value {
    let mut parts = path.iter();
    let Some(mut value) = parts.next().and_then(|first| object.get(*first)) else { return &Value::Null };
    for part in parts {
        match value.get(part) {
            Some(next) => value = next,
            None => return &Value::Null,
        }
    }
    value
}

/// The text at a path; "" where there is none.
pub(crate) fn text<'a>(object: &'a Object, path: &[&str]) -> &'a str {
    at(object, path).as_str().unwrap_or_default()
}

/// The number at a path; 0 where there is none.
pub(crate) fn number(object: &Object, path: &[&str]) -> i64 {
    at(object, path).as_i64().unwrap_or_default()
}

/// The items of the list at a path.
fn items<'a>(object: &'a Object, path: &[&str]) -> &'a [Value] {
    at(object, path).as_array().map(Vec::as_slice).unwrap_or_default()
}

fn entries(object: &Object, fields: &[&str]) -> usize {
    fields
        .iter()
        .filter_map(|field| object.get(*field))
        .filter_map(Value::as_object)
        .map(|map| map.len())
        .sum()
}

/// The structure under a name, if it is one.
fn inner<'a>(object: &'a mut Object, field: &str) -> Option<&'a mut Object> {
    object.get_mut(field).and_then(Value::as_object_mut)
}

/// Sets a member that nobody set.
fn fill(object: &mut Object, field: &str, value: impl Into<Value>) {
    let slot = object.entry(field).or_insert(Value::Null);
    if slot.is_null() || slot.as_str() == Some("") {
        *slot = value.into();
    }
}

#[cfg(test)]
mod recorded;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_has_a_cell_for_each_column() {
        assert!(KINDS.len() > 60);
        for kind in KINDS.iter() {
            let cells = kind.cells(&Object::new(), Timestamp::UNIX_EPOCH);
            assert_eq!(cells.len(), kind.columns().len(), "{} {}", kind.table.group, kind.table.kind);
        }
    }

    #[test]
    fn every_strategy_belongs_to_a_kind() {
        for (group, kind, _) in strategy::ALL {
            assert!(KINDS.iter().any(|k| k.table.group == *group && k.table.kind == *kind), "{group} {kind}");
        }
    }
}

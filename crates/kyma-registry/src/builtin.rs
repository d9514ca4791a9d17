//! The kinds that are part of the server: a table of what each has beyond the rules that all share.

mod config_map;
mod definition;
mod event;
mod lease;
mod namespace;
mod secret;

use std::sync::Arc;

use jiff::Timestamp;
use kyma_store::Store;
use serde_json::Value;

use crate::columns::{AGE_DESCRIPTION, NAME_DESCRIPTION};
use crate::names::NameRule;
use crate::object::Object;
use crate::reason::FieldError;
use crate::resource::{Names, Resource, Rules, Scope};
use crate::structure::Struct;
use crate::update::Subresource;

/// Where namespaces are stored.
pub const NAMESPACES: &str = "namespaces";
/// Where CustomResourceDefinitions are stored.
pub const DEFINITIONS: &str = "apiextensions.k8s.io/customresourcedefinitions";

/// A column of `kubectl get` for a built-in kind.
#[derive(Debug, Clone, Copy)]
pub struct BuiltinColumn {
    /// Header.
    pub name: &'static str,
    /// `string`, `boolean` or `date`.
    pub kind: &'static str,
    /// What it shows.
    pub description: &'static str,
    /// 0 is always shown, more only in wide output.
    pub priority: i32,
}

/// A built-in kind in its one version.
#[derive(Debug)]
pub struct Builtin {
    /// API group; "" for core.
    pub group: &'static str,
    /// Version.
    pub version: &'static str,
    /// Kind.
    pub kind: &'static str,
    /// Plural name.
    pub plural: &'static str,
    /// Singular name.
    pub singular: &'static str,
    /// Short names.
    pub short: &'static [&'static str],
    /// Scope.
    pub scope: Scope,
    /// Which names it allows.
    pub name_rule: NameRule,
    /// Whether `/status` is served.
    pub status: bool,
    /// Whether `metadata.generation` counts its changes.
    pub generation: bool,
    /// Whether an update may name no resourceVersion.
    pub unconditional_update: bool,
    /// Whether an update of an absent object creates it.
    pub create_on_update: bool,
    /// Fields that a selector may name, besides name and namespace.
    pub selectable: &'static [&'static str],
    /// The Go structure behind it.
    pub(crate) structure: &'static Struct,
    /// What the kind fills in at creation.
    pub prepare_create: fn(&mut Object),
    /// What the kind fills in or takes back at an update of the object or a part of it: the new and the stored object.
    pub prepare_update: fn(&mut Object, &Object, Subresource),
    /// Names that may not be deleted.
    pub immortal: &'static [&'static str],
    /// The kind's own step when deletion begins, at the given time; `true` keeps the object for now.
    pub mark_deleting: fn(&mut Object, &str) -> bool,
    /// Whether nothing of the kind's own holds an object without finalizers.
    pub may_go: fn(&Object) -> bool,
    /// The kind's own validation: the new and, at an update, the stored object.
    pub validate: fn(&Object, Option<&Object>) -> Vec<FieldError>,
    /// Columns of `kubectl get`.
    pub columns: &'static [BuiltinColumn],
    /// The cells of one row, in the order of the columns.
    pub cells: fn(&Object, Timestamp) -> Vec<Value>,
}

impl Builtin {
    /// The real server's text for a field selector that the kind does not know.
    pub fn unsupported_field(&self, field: &str) -> String {
        match self.kind {
            // These kinds register a conversion of field labels of their own, with a text of their own
            // (k8s.io/kubernetes/pkg/apis/core/v1/conversion.go).
            "Namespace" | "Secret" | "Event" => format!("field label not supported: {field}"),
            _ => format!(
                "\"{field}\" is not a known field selector: only \"metadata.name\", \"metadata.namespace\""
            ),
        }
    }
}

static KINDS: [Builtin; 6] =
    [namespace::KIND, config_map::KIND, secret::KIND, event::KIND, lease::KIND, definition::KIND];

/// The built-in kinds as served resources.
pub(crate) fn resources(store: &Store) -> Vec<Resource> {
    KINDS.iter().map(|kind| resource(kind, store)).collect()
}

fn resource(kind: &'static Builtin, store: &Store) -> Resource {
    let path = if kind.group.is_empty() {
        kind.plural.to_owned()
    } else {
        format!("{}/{}", kind.group, kind.plural)
    };
    Resource {
        group: kind.group.into(),
        version: kind.version.into(),
        storage_version: kind.version.into(),
        names: Names {
            plural: kind.plural.into(),
            singular: kind.singular.into(),
            kind: kind.kind.into(),
            list_kind: format!("{}List", kind.kind).into(),
            short: kind.short.iter().map(|name| (*name).to_owned()).collect(),
            categories: if kind.plural == "customresourcedefinitions" {
                vec!["api-extensions".to_owned()]
            } else {
                Vec::new()
            },
        },
        scope: kind.scope,
        id: store.resource(&path),
        status: kind.status,
        terminating: false,
        rules: Rules::Builtin(kind),
        schema: None,
        raw_schema: None,
        columns: Arc::default(),
        selectable: crate::resource::sorted(kind.selectable.iter().copied()),
    }
}

fn nothing(_: &mut Object) {}

fn nothing_at_update(_: &mut Object, _: &Object, _: Subresource) {}

fn never(_: &mut Object, _: &str) -> bool {
    false
}

fn always(_: &Object) -> bool {
    true
}

fn accept(_: &Object, _: Option<&Object>) -> Vec<FieldError> {
    Vec::new()
}

/// The age of an object, as the column of that name shows it.
fn age(object: &Object, now: Timestamp) -> Value {
    let created = crate::object::meta_str(object, "creationTimestamp");
    crate::columns::human_age(created, now).into()
}

fn text<'a>(object: &'a Object, path: &[&str]) -> &'a str {
    let mut parts = path.iter();
    let Some(mut value) = parts.next().and_then(|first| object.get(*first)) else { return "" };
    for part in parts {
        match value.get(part) {
            Some(next) => value = next,
            None => return "",
        }
    }
    value.as_str().unwrap_or_default()
}

fn entries(object: &Object, fields: &[&str]) -> usize {
    fields
        .iter()
        .filter_map(|field| object.get(*field))
        .filter_map(Value::as_object)
        .map(|map| map.len())
        .sum()
}

const NAME: BuiltinColumn = column("Name", NAME_DESCRIPTION);
const AGE: BuiltinColumn = column("Age", AGE_DESCRIPTION);

/// A column of texts that is always shown.
const fn column(name: &'static str, description: &'static str) -> BuiltinColumn {
    BuiltinColumn { name, kind: "string", description, priority: 0 }
}

impl BuiltinColumn {
    /// Shown in wide output only.
    const fn wide(self) -> Self {
        Self { priority: 1, ..self }
    }

    const fn of_type(self, kind: &'static str) -> Self {
        Self { kind, ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_has_a_cell_for_each_column() {
        for kind in &KINDS {
            let cells = (kind.cells)(&Object::new(), Timestamp::UNIX_EPOCH);
            assert_eq!(cells.len(), kind.columns.len(), "{}", kind.kind);
        }
    }
}

//! From a definition to the kinds that it serves.

use std::cmp::Ordering;
use std::sync::Arc;

use kyma_store::Store;
use serde_json::Value;

use super::{spec_str, versions};
use crate::columns::Column;
use crate::object::Object;
use crate::resource::{Names, Resource, Rules, Scope};
use crate::scale::Paths;
use crate::schema::Schema;

/// One resource for each served version of the definition.
pub fn served(definition: &Object, store: &Store) -> Vec<Resource> {
    let group = spec_str(definition, "/group");
    let accepted = definition.get("status").and_then(|status| status.get("acceptedNames"));
    let Some(names) = accepted.and_then(Value::as_object) else { return Vec::new() };
    let text = |field: &str| names.get(field).and_then(Value::as_str).unwrap_or_default();
    let list = |field: &str| -> Vec<String> {
        let list = names.get(field).and_then(Value::as_array);
        list.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
    };
    let scope =
        if spec_str(definition, "/scope") == "Namespaced" { Scope::Namespaced } else { Scope::Cluster };
    let id = store.resource(&format!("{group}/{}", text("plural")));
    let storage: Arc<str> = super::storage_version(definition).unwrap_or_default().into();
    let served =
        versions(definition).iter().filter(|version| version.get("served") == Some(&Value::Bool(true)));
    served
        .map(|version| {
            let raw = version.pointer("/schema/openAPIV3Schema").cloned();
            Resource {
                group: group.into(),
                version: version.get("name").and_then(Value::as_str).unwrap_or_default().into(),
                storage_version: Arc::clone(&storage),
                names: Names {
                    plural: text("plural").into(),
                    singular: text("singular").into(),
                    kind: text("kind").into(),
                    list_kind: text("listKind").into(),
                    short: list("shortNames"),
                    categories: list("categories"),
                },
                scope,
                id,
                status: version.pointer("/subresources/status").is_some(),
                scale: version.pointer("/subresources/scale").map(Paths::of_definition),
                terminating: crate::object::is_deleting(definition),
                rules: Rules::Custom,
                schema: raw.as_ref().and_then(|raw| Schema::compile(raw).ok()).map(Arc::new),
                raw_schema: raw.map(Arc::new),
                columns: columns(version),
                selectable: selectable(version),
            }
        })
        .collect()
}

fn columns(version: &Value) -> Arc<[Column]> {
    let list = version.get("additionalPrinterColumns").and_then(Value::as_array);
    list.into_iter().flatten().filter_map(|column| Column::from_definition(column).ok()).collect()
}

/// The paths of `selectableFields`, as a field selector names them: without the leading dot.
fn selectable(version: &Value) -> Arc<[Arc<str>]> {
    let list = version.get("selectableFields").and_then(Value::as_array);
    let paths = list.into_iter().flatten().filter_map(|field| field.get("jsonPath").and_then(Value::as_str));
    crate::resource::sorted(paths.map(|path| path.trim_start_matches('.')))
}

/// Orders versions by their stability and number: v2 > v1 > v1beta2 > v1alpha1 > anything else
/// (k8s.io/apimachinery/pkg/version/helpers.go).
pub fn compare_versions(a: &str, b: &str) -> Ordering {
    match (parse_version(a), parse_version(b)) {
        (Some(a), Some(b)) => a.cmp(&b),
        (Some(_), None) => Ordering::Greater,
        (None, Some(_)) => Ordering::Less,
        (None, None) => b.cmp(a),
    }
}

/// Stability (2 stable, 1 beta, 0 alpha), major, minor.
fn parse_version(version: &str) -> Option<(u8, u64, u64)> {
    let rest = version.strip_prefix('v')?;
    let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    let major = rest[..end].parse().ok().filter(|major| *major > 0)?;
    let (stability, minor) = match &rest[end..] {
        "" => return Some((2, major, 0)),
        suffix if suffix.starts_with("beta") => (1, &suffix[4..]),
        suffix if suffix.starts_with("alpha") => (0, &suffix[5..]),
        _ => return None,
    };
    Some((stability, major, minor.parse().ok()?))
}

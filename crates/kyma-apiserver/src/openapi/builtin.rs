//! The published schemas of the built-in kinds and of what all kinds share, with their texts: `kubectl explain` shows
//! them, and kubectl's patches take the strategies of lists from them.
//!
//! `schemas.json` is the part of Kubernetes 1.37.2's `api/openapi-spec/v3` (Apache License 2.0) that these kinds reach.

use std::sync::LazyLock;

use serde_json::{Map, Value, json};

static SCHEMAS: LazyLock<Map<String, Value>> =
    LazyLock::new(|| serde_json::from_str(include_str!("schemas.json")).unwrap_or_default());

/// Where references point in version 3.
const REFERENCE: &str = "#/components/schemas/";
const OBJECT_META: &str = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta";
const METADATA: &str = "Standard object's metadata. More info: \
                        https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#metadata";

/// The name and the schema of a kind that is part of the server.
pub(super) fn definition(group: &str, version: &str, kind: &str) -> Option<(&'static str, &'static Value)> {
    let names = |entry: &Value| {
        let is = |field: &str, expected: &str| entry.get(field).and_then(Value::as_str) == Some(expected);
        is("group", group) && is("version", version) && is("kind", kind)
    };
    let mut schemas = SCHEMAS.iter();
    let found = schemas.find(|(_, schema)| {
        let kinds = schema.get("x-kubernetes-group-version-kind").and_then(Value::as_array);
        kinds.into_iter().flatten().any(names)
    });
    found.map(|(name, schema)| (name.as_str(), schema))
}

/// The members that the schema of every custom kind gets.
pub(super) fn common_properties() -> Vec<(&'static str, Value)> {
    let of_type = |field: &str| {
        let text = SCHEMAS.get("io.k8s.api.core.v1.Namespace").and_then(|kind| kind.pointer("/properties"));
        text.and_then(|properties| properties.get(field))
            .cloned()
            .unwrap_or_else(|| json!({"type": "string"}))
    };
    let reference = json!({"$ref": format!("{REFERENCE}{OBJECT_META}")});
    vec![
        ("apiVersion", of_type("apiVersion")),
        ("kind", of_type("kind")),
        ("metadata", json!({"description": METADATA, "allOf": [reference]})),
    ]
}

/// Adds all schemas that those in `schemas` refer to.
pub(super) fn add_referenced(schemas: &mut Map<String, Value>) {
    let mut open: Vec<&str> = Vec::new();
    schemas.values().for_each(|schema| references(schema, &mut open));
    let mut open: Vec<String> = open.into_iter().map(str::to_owned).collect();
    while let Some(name) = open.pop() {
        let Some(schema) = SCHEMAS.get(&name) else { continue };
        if !schemas.contains_key(&name) {
            let mut further = Vec::new();
            references(schema, &mut further);
            open.extend(further.into_iter().map(str::to_owned));
            schemas.insert(name, schema.clone());
        }
    }
}

fn references<'a>(schema: &'a Value, found: &mut Vec<&'a str>) {
    match schema {
        Value::Object(map) => {
            let name = map.get("$ref").and_then(Value::as_str).and_then(|text| text.strip_prefix(REFERENCE));
            found.extend(name);
            map.values().for_each(|value| references(value, found));
        }
        Value::Array(items) => items.iter().for_each(|item| references(item, found)),
        _ => {}
    }
}

/// A schema with its references as version 2 writes them.
pub(super) fn for_version_2(schema: &Value) -> Value {
    match schema {
        Value::Object(map) => {
            let members = map.iter().map(|(key, value)| match (key.as_str(), value) {
                ("$ref", Value::String(text)) => {
                    (key.clone(), text.replace(REFERENCE, "#/definitions/").into())
                }
                _ => (key.clone(), for_version_2(value)),
            });
            Value::Object(members.collect())
        }
        Value::Array(items) => Value::Array(items.iter().map(for_version_2).collect()),
        scalar => scalar.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reference_of_the_data_leads_to_a_schema() {
        let mut found = Vec::new();
        SCHEMAS.values().for_each(|schema| references(schema, &mut found));
        assert!(found.len() > 50);
        assert!(found.iter().all(|name| SCHEMAS.contains_key(*name)));
    }

    #[test]
    fn what_a_schema_refers_to_comes_with_it() {
        let mut schemas = Map::new();
        schemas.insert("x".into(), common_properties().into_iter().map(|(_, value)| value).collect());
        add_referenced(&mut schemas);
        let names: Vec<&str> = schemas.keys().map(|name| name.rsplit('.').next().unwrap_or(name)).collect();
        assert_eq!(names, ["FieldsV1", "ManagedFieldsEntry", "ObjectMeta", "OwnerReference", "Time", "x"]);
    }
}

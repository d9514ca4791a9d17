//! CustomResourceDefinition: stored here, made to kinds by `crd.rs`.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{Builtin, BuiltinColumn, NAME, NameRule, always, schema, text};
use crate::crd;
use crate::object::{self, Object};
use crate::resource::Scope;

pub(super) const KIND: Builtin = Builtin {
    group: "apiextensions.k8s.io",
    version: "v1",
    kind: "CustomResourceDefinition",
    plural: "customresourcedefinitions",
    singular: "customresourcedefinition",
    short: &["crd", "crds"],
    scope: Scope::Cluster,
    name_rule: NameRule::Subdomain,
    status: true,
    generation: true,
    unconditional_update: false,
    create_on_update: false,
    selectable: &[],
    schema: structure,
    prepare_create: crd::prepare_create,
    prepare_update: crd::prepare_update,
    immortal: &[],
    mark_deleting: crd::mark_deleting,
    may_go: always,
    validate: crd::validate,
    columns: &[
        NAME,
        BuiltinColumn { name: "Scope", kind: "string", priority: 0 },
        BuiltinColumn { name: "Versions", kind: "string", priority: 0 },
        BuiltinColumn { name: "Created At", kind: "date", priority: 0 },
        BuiltinColumn { name: "Group", kind: "string", priority: 1 },
        BuiltinColumn { name: "Kind", kind: "string", priority: 1 },
        BuiltinColumn { name: "ShortNames", kind: "string", priority: 1 },
        BuiltinColumn { name: "Established", kind: "boolean", priority: 1 },
    ],
    cells,
};

fn structure() -> Value {
    let names = json!({"type": "object", "properties": {
        "plural": {"type": "string"}, "singular": {"type": "string"}, "kind": {"type": "string"},
        "listKind": {"type": "string"},
        "shortNames": {"type": "array", "items": {"type": "string"}},
        "categories": {"type": "array", "items": {"type": "string"}}}});
    let column = json!({"type": "object", "properties": {
        "name": {"type": "string"}, "type": {"type": "string"}, "format": {"type": "string"},
        "description": {"type": "string"}, "priority": {"type": "integer", "format": "int32"},
        "jsonPath": {"type": "string"}}});
    let version = json!({"type": "object", "properties": {
        "name": {"type": "string"}, "served": {"type": "boolean"}, "storage": {"type": "boolean"},
        "deprecated": {"type": "boolean"}, "deprecationWarning": {"type": "string"},
        "schema": {"type": "object", "properties": {
            "openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": true}}},
        "subresources": {"type": "object", "properties": {
            "status": {"type": "object"},
            "scale": {"type": "object", "properties": {
                "specReplicasPath": {"type": "string"}, "statusReplicasPath": {"type": "string"},
                "labelSelectorPath": {"type": "string"}}}}},
        "additionalPrinterColumns": {"type": "array", "items": column},
        "selectableFields": {"type": "array", "items": {"type": "object", "properties": {"jsonPath": {"type": "string"}}}}}});
    let condition = json!({"type": "object", "properties": {
        "type": {"type": "string"}, "status": {"type": "string"}, "reason": {"type": "string"},
        "message": {"type": "string"}, "observedGeneration": {"type": "integer", "format": "int64"},
        "lastTransitionTime": {"type": "string", "format": "date-time", "nullable": true}}});
    schema(json!({
        "spec": {"type": "object", "properties": {
            "group": {"type": "string"}, "names": names, "scope": {"type": "string"},
            "versions": {"type": "array", "items": version},
            "conversion": {"type": "object", "x-kubernetes-preserve-unknown-fields": true},
            "preserveUnknownFields": {"type": "boolean"}}},
        "status": {"type": "object", "properties": {
            "conditions": {"type": "array", "nullable": true, "items": condition},
            "acceptedNames": names,
            "storedVersions": {"type": "array", "nullable": true, "items": {"type": "string"}},
            "observedGeneration": {"type": "integer", "format": "int64"}}},
    }))
}

fn cells(definition: &Object, _now: Timestamp) -> Vec<Value> {
    let spec = definition.get("spec");
    let list = |pointer: &str| {
        spec.and_then(|spec| spec.pointer(pointer)).and_then(Value::as_array).into_iter().flatten()
    };
    let flag = |version: &Value, field: &str| version.get(field) == Some(&Value::Bool(true));
    let served = list("/versions").filter(|version| flag(version, "served"));
    let mut versions: Vec<String> = served
        .map(|version| {
            let name = version.get("name").and_then(Value::as_str).unwrap_or_default();
            if flag(version, "storage") { format!("{name}(storage)") } else { name.to_owned() }
        })
        .collect();
    versions.sort_unstable();
    let short: Vec<&str> = list("/names/shortNames").filter_map(Value::as_str).collect();
    vec![
        object::name(definition).into(),
        text(definition, &["spec", "scope"]).into(),
        versions.join(",").into(),
        object::meta_str(definition, "creationTimestamp").into(),
        text(definition, &["spec", "group"]).into(),
        text(definition, &["spec", "names", "kind"]).into(),
        short.join(",").into(),
        crd::is_established(definition).into(),
    ]
}

//! The published schemas of the built-in kinds and of what all kinds share, made from the table of kinds. They have no
//! texts: `kubectl explain` shows members and types, and kubectl's patches take the strategies of lists from them.

use kyma_registry::structure::{self, ListType, Member, Raw, Struct, Type, enumeration};
use serde_json::{Map, Value, json};

/// Where references point in version 3.
const REFERENCE: &str = "#/components/schemas/";
const OBJECT_META: &str = "meta/v1.ObjectMeta";
const API_VERSION: &str = "APIVersion defines the versioned schema of this representation of an object. Servers should convert recognized schemas to \
     the latest internal value, and may reject unrecognized values. More info: \
     https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#resources";
const KIND: &str = "Kind is a string value representing the REST resource this object represents. Servers may infer this from the endpoint \
     the client submits requests to. Cannot be updated. In CamelCase. More info: \
     https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#types-kinds";
const METADATA: &str = "Standard object's metadata. More info: \
                        https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#metadata";

/// Makes the schema of a type.
type Schema = fn() -> Value;

/// Types that are written in a way of their own, by their names in OpenAPI: schema and name.
const SPECIAL: [(&str, Schema); 10] = [
    (
        "io.k8s.apimachinery.pkg.api.resource.Quantity",
        || json!({"oneOf": [{"type": "string"}, {"type": "number"}]}),
    ),
    ("io.k8s.apimachinery.pkg.apis.meta.v1.FieldsV1", || json!({"type": "object"})),
    ("io.k8s.apimachinery.pkg.apis.meta.v1.MicroTime", || json!({"type": "string", "format": "date-time"})),
    ("io.k8s.apimachinery.pkg.apis.meta.v1.Time", || json!({"type": "string", "format": "date-time"})),
    ("io.k8s.apimachinery.pkg.runtime.RawExtension", || json!({"type": "object"})),
    (
        "io.k8s.apimachinery.pkg.util.intstr.IntOrString",
        || json!({"format": "int-or-string", "oneOf": [{"type": "integer"}, {"type": "string"}]}),
    ),
    ("io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSON", || json!({})),
    ("io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrArray", || json!({})),
    ("io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrBool", || json!({})),
    ("io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrStringArray", || json!({})),
];

/// The schemas that a document needs, by their names.
#[derive(Default)]
pub(super) struct Schemas {
    done: Map<String, Value>,
    open: Vec<&'static Struct>,
}

impl Schemas {
    /// Adds a structure, and later what it refers to.
    pub(super) fn add(&mut self, structure: &'static Struct) {
        if !self.done.contains_key(&structure.model_name()) {
            self.done.insert(structure.model_name(), Value::Null);
            self.open.push(structure);
        }
    }

    /// Adds a kind: its structure, that of its lists, and those of its subresources.
    pub(super) fn add_kind(&mut self, kind: &'static structure::Kind) {
        self.open_all(kind.structure().into_iter());
        self.open_all(kind.list_structure().into_iter());
        self.open_all(kind.parts.iter().filter_map(|part| Struct::find(part.structure?)));
    }

    fn open_all(&mut self, structures: impl Iterator<Item = &'static Struct>) {
        structures.for_each(|structure| self.add(structure));
    }

    /// Adds what the schema of every custom kind refers to.
    pub(super) fn add_common(&mut self) {
        for name in [OBJECT_META, "meta/v1.ListMeta", "meta/v1.DeleteOptions", "meta/v1.Status"] {
            self.open_all(Struct::find(name).into_iter());
        }
    }

    pub(super) fn insert(&mut self, name: String, schema: Value) {
        self.done.insert(name, schema);
    }

    /// All of them, with all that they refer to.
    pub(super) fn finish(mut self) -> Map<String, Value> {
        while let Some(structure) = self.open.pop() {
            let schema = self.schema(structure);
            self.done.insert(structure.model_name(), schema);
        }
        self.done
    }

    fn schema(&mut self, structure: &'static Struct) -> Value {
        let mut properties = Map::new();
        for member in structure.members() {
            properties.insert(member.name.to_owned(), self.property(member));
        }
        let mut schema = json!({"type": "object"});
        if !properties.is_empty() {
            schema["properties"] = properties.into();
        }
        let mut required: Vec<&str> =
            structure.members().iter().filter(|member| member.required).map(|member| member.name).collect();
        if !required.is_empty() {
            required.dedup();
            schema["required"] = json!(required);
        }
        if structure.atomic() {
            schema["x-kubernetes-map-type"] = "atomic".into();
        }
        let kinds = kinds_of(structure);
        if !kinds.is_empty() {
            schema["x-kubernetes-group-version-kind"] = kinds.into();
        }
        schema
    }

    fn property(&mut self, member: &'static Member) -> Value {
        let mut property = self.value(&member.kind);
        let mut extend = |name: &str, value: Value| property[name] = value;
        if let Some(text) = member.default {
            extend("default", serde_json::from_str(text).unwrap_or_default());
        } else if member.kept {
            match &member.kind {
                Type::Text(_) => extend("default", "".into()),
                Type::Integer(_) | Type::Float => extend("default", 0.into()),
                Type::Bool => extend("default", false.into()),
                Type::Struct(_) => extend("default", json!({})),
                _ => {}
            }
        }
        if !member.patch.is_empty() {
            extend("x-kubernetes-patch-strategy", member.patch.into());
        }
        if let Some(key) = member.merge_key.filter(|key| !key.is_empty()) {
            extend("x-kubernetes-patch-merge-key", key.into());
        }
        match &member.list {
            Some(ListType::Atomic) => extend("x-kubernetes-list-type", "atomic".into()),
            Some(ListType::Set) => extend("x-kubernetes-list-type", "set".into()),
            Some(ListType::Map(keys)) => {
                extend("x-kubernetes-list-type", "map".into());
                extend("x-kubernetes-list-map-keys", json!(keys));
            }
            None => {}
        }
        if let Some(atomic) = member.atomic {
            extend("x-kubernetes-map-type", if atomic { "atomic" } else { "granular" }.into());
        }
        property
    }

    /// A member's type; a reference stands in a list of one, because beside it nothing else counts.
    fn value(&mut self, kind: &'static Type) -> Value {
        match self.plain(kind) {
            Value::Object(map) if map.contains_key("$ref") => json!({"allOf": [map]}),
            plain => plain,
        }
    }

    fn plain(&mut self, kind: &'static Type) -> Value {
        match kind {
            Type::Pointer(inner) => self.plain(inner),
            Type::Text(name) => match enumeration(name) {
                Some(values) => json!({"type": "string", "enum": values}),
                None => json!({"type": "string"}),
            },
            Type::Integer(name) => {
                json!({"type": "integer", "format": if *name == "int32" { "int32" } else { "int64" }})
            }
            Type::Float => json!({"type": "number", "format": "double"}),
            Type::Bool => json!({"type": "boolean"}),
            Type::Bytes => json!({"type": "string", "format": "byte"}),
            Type::Struct(structure) => {
                self.add(structure);
                reference(&structure.model_name())
            }
            Type::List { items, .. } => json!({"type": "array", "items": self.plain(items)}),
            Type::Map { values, .. } => json!({"type": "object", "additionalProperties": self.plain(values)}),
            special => self.special(special),
        }
    }

    fn special(&mut self, kind: &Type) -> Value {
        let end = match kind {
            Type::Time => ".v1.Time",
            Type::MicroTime => ".MicroTime",
            Type::Quantity => ".Quantity",
            Type::IntOrString => ".IntOrString",
            Type::Raw(Raw::Extension) => ".RawExtension",
            Type::Raw(Raw::Fields) => ".FieldsV1",
            Type::Raw(Raw::SchemaOrBool) => "OrBool",
            Type::Raw(Raw::SchemaOrArray) => "PropsOrArray",
            Type::Raw(Raw::SchemaOrTexts) => "OrStringArray",
            _ => ".JSON",
        };
        let Some((name, schema)) = SPECIAL.iter().find(|(name, _)| name.ends_with(end)) else {
            return json!({});
        };
        self.done.entry(*name).or_insert_with(schema);
        reference(name)
    }
}

fn reference(name: &str) -> Value {
    json!({"$ref": format!("{REFERENCE}{name}")})
}

/// The kinds that a structure is one of.
fn kinds_of(structure: &Struct) -> Vec<Value> {
    let shown =
        |group: &str, version: &str, kind: &str| json!({"group": group, "version": version, "kind": kind});
    let mut found = Vec::new();
    if let Some(("meta/v1", name @ ("DeleteOptions" | "Status"))) = structure.table_name.split_once('.') {
        found.push(shown("", "v1", name));
    }
    for kind in structure::kinds() {
        let is = |other: Option<&'static Struct>| {
            other.is_some_and(|other| other.table_name == structure.table_name)
        };
        if is(kind.structure()) {
            found.push(shown(kind.group, kind.version, kind.kind));
        }
        if is(kind.list_structure()) {
            found.push(shown(kind.group, kind.version, &format!("{}List", kind.kind)));
        }
        for part in &kind.parts {
            if part.structure == Some(structure.table_name) {
                found.push(shown(part.kind.0, part.kind.1, part.kind.2));
            }
        }
    }
    found.dedup();
    found.sort_by_key(Value::to_string);
    found.dedup();
    found
}

/// The members that the schema of every custom kind gets.
pub(super) fn common_properties() -> Vec<(&'static str, Value)> {
    let metadata = Struct::find(OBJECT_META).map(|structure| reference(&structure.model_name()));
    vec![
        ("apiVersion", json!({"type": "string", "description": API_VERSION})),
        ("kind", json!({"type": "string", "description": KIND})),
        ("metadata", json!({"description": METADATA, "allOf": [metadata]})),
    ]
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

    /// All schemas of all kinds.
    fn all() -> Map<String, Value> {
        let mut schemas = Schemas::default();
        structure::kinds().iter().for_each(|kind| schemas.add_kind(kind));
        schemas.add_common();
        schemas.finish()
    }

    fn references<'a>(schema: &'a Value, found: &mut Vec<&'a str>) {
        match schema {
            Value::Object(map) => {
                found.extend(
                    map.get("$ref").and_then(Value::as_str).and_then(|text| text.strip_prefix(REFERENCE)),
                );
                map.values().for_each(|value| references(value, found));
            }
            Value::Array(items) => items.iter().for_each(|item| references(item, found)),
            _ => {}
        }
    }

    #[test]
    fn every_reference_leads_to_a_schema() {
        let all = all();
        assert!(all.len() > 600, "{}", all.len());
        let mut found = Vec::new();
        all.values().for_each(|schema| references(schema, &mut found));
        assert!(found.len() > 900, "{}", found.len());
        assert!(found.iter().all(|name| all.get(*name).is_some_and(|schema| !schema.is_null())));
    }

    #[test]
    fn a_schema_says_what_the_real_server_publishes() {
        let all = all();
        assert_eq!(
            all["io.k8s.api.core.v1.ContainerPort"],
            json!({"properties": {"containerPort": {"default": 0, "format": "int32", "type": "integer"},
                "hostIP": {"type": "string"}, "hostPort": {"format": "int32", "type": "integer"},
                "name": {"type": "string"}, "protocol": {"default": "TCP", "enum": ["SCTP", "TCP", "UDP"], "type": "string"}},
                "required": ["containerPort"], "type": "object"})
        );
        let pod = &all["io.k8s.api.core.v1.PodSpec"]["properties"];
        assert_eq!(
            pod["containers"],
            json!({"items": {"$ref": "#/components/schemas/io.k8s.api.core.v1.Container"}, "type": "array",
                "x-kubernetes-list-map-keys": ["name"], "x-kubernetes-list-type": "map",
                "x-kubernetes-patch-merge-key": "name", "x-kubernetes-patch-strategy": "merge"})
        );
    }
}

//! Declared types of schemas, as kyma-registry would make them.

use kyma_cel::{DeclType, Field, Format, ListType};
use serde_json::{Map, Value};

/// The declared type of a schema; with `root` it is that of a resource.
pub(crate) fn declare(schema: &Value, root: bool) -> DeclType {
    let int = |name: &str| schema.get(name).and_then(Value::as_i64);
    let is = |name: &str| schema.get(name).and_then(Value::as_bool).unwrap_or(false);
    let embedded = is("x-kubernetes-embedded-resource");
    let nullable = is("nullable");
    let longest = schema.get("enum").and_then(Value::as_array).map(|values| {
        let lengths = values.iter().filter_map(Value::as_str).map(str::len);
        i64::try_from(lengths.max().unwrap_or(0)).unwrap()
    });
    let declared = if is("x-kubernetes-int-or-string") {
        DeclType::int_or_string(int("maxLength"))
    } else {
        match schema.get("type").and_then(Value::as_str).unwrap_or_default() {
            "array" => {
                let items =
                    schema.get("items").map_or_else(DeclType::preserved, |items| declare(items, false));
                DeclType::list(items, int("maxItems"), list_type(schema))
            }
            "object" => match schema.get("additionalProperties").filter(|values| values.is_object()) {
                Some(values) => DeclType::map(declare(values, false), int("maxProperties")),
                None => object(schema, root || embedded),
            },
            "string" => match schema.get("format").and_then(Value::as_str).unwrap_or_default() {
                "byte" => DeclType::formatted(Format::Byte, int("maxLength")),
                "duration" => DeclType::formatted(Format::Duration, None),
                "date" => DeclType::formatted(Format::Date, None),
                "date-time" => DeclType::formatted(Format::DateTime, None),
                _ => DeclType::string(int("maxLength"), longest),
            },
            "boolean" => DeclType::boolean(),
            "number" => DeclType::number(),
            "integer" => DeclType::integer(),
            _ => DeclType::preserved(),
        }
    };
    declared.nullable(nullable)
}

fn list_type(schema: &Value) -> ListType {
    match schema.get("x-kubernetes-list-type").and_then(Value::as_str) {
        Some("set") => ListType::Set,
        Some("map") => {
            let keys = schema.get("x-kubernetes-list-map-keys").and_then(Value::as_array).unwrap();
            ListType::Map(keys.iter().map(|key| key.as_str().unwrap().to_owned()).collect())
        }
        _ => ListType::Atomic,
    }
}

/// An object; of a resource type and name are always known.
fn object(schema: &Value, resource: bool) -> DeclType {
    let mut properties = schema.get("properties").and_then(Value::as_object).cloned().unwrap_or_default();
    if resource {
        let string = || Value::from_iter([("type", "string")]);
        properties.insert("kind".to_owned(), string());
        properties.insert("apiVersion".to_owned(), string());
        let given = properties.get("metadata").and_then(|meta| meta.get("properties")).cloned();
        let capped = |name: &str, cap: i64| {
            let given = given.as_ref().and_then(|given| given[name]["maxLength"].as_i64());
            serde_json::json!({"type": "string", "maxLength": given.map_or(cap, |given| given.min(cap))})
        };
        let names: Map<String, Value> = Map::from_iter([
            ("name".to_owned(), capped("name", 253)),
            ("generateName".to_owned(), capped("generateName", 252)),
        ]);
        let meta = serde_json::json!({"type": "object", "properties": names});
        properties.insert("metadata".to_owned(), meta);
    }
    let required = schema.get("required").and_then(Value::as_array).cloned().unwrap_or_default();
    let fields = properties.iter().map(|(name, property)| Field {
        name: name.clone(),
        decl: declare(property, false),
        required: required.iter().any(|listed| listed == name),
        defaulted: property.get("default").is_some(),
    });
    DeclType::object(fields.collect())
}

//! What a schema declares to the expressions of its rules (`k8s.io/apiserver/pkg/cel/common/schemas.go`).

use std::collections::BTreeMap;

use kyma_cel::{DeclType, Field, Format, ListType};
use serde_json::Value;

use crate::schema::props::{Additional, Props};

/// The longest name of an object, and of what one is generated from.
const NAME_MAX: i64 = 253;
const GENERATE_NAME_MAX: i64 = NAME_MAX - 1;

/// The type of a node's values. The root of a resource has a name and a kind whatever its schema says.
pub(super) fn declare(props: &Props, is_root: bool) -> DeclType {
    let declared = if props.int_or_string {
        DeclType::int_or_string(props.max_length)
    } else {
        match props.kind.as_str() {
            "array" => list(props),
            "object" => object(props, is_root),
            "string" => text(props),
            "boolean" => DeclType::boolean(),
            "number" => DeclType::number(),
            "integer" => DeclType::integer(),
            _ => DeclType::preserved(),
        }
    };
    declared.nullable(props.nullable)
}

fn list(props: &Props) -> DeclType {
    let Some(items) = props.items.one() else { return DeclType::preserved() };
    let list_type = match props.list_type.as_deref() {
        Some("set") => ListType::Set,
        Some("map") => ListType::Map(props.list_map_keys.clone()),
        _ => ListType::Atomic,
    };
    DeclType::list(declare(items, items.embedded), props.max_items, list_type)
}

fn object(props: &Props, is_root: bool) -> DeclType {
    if let Some(Additional::Schema(values)) = &props.additional {
        return DeclType::map(declare(values, values.embedded), props.max_properties);
    }
    let mut fields: BTreeMap<&str, DeclType> = props
        .properties
        .iter()
        .map(|(name, property)| (name.as_str(), declare(property, property.embedded)))
        .collect();
    if is_root && !has_type_and_name(props) {
        fields.insert("kind", DeclType::string(None, None));
        fields.insert("apiVersion", DeclType::string(None, None));
        fields.insert("metadata", metadata(props.properties.get("metadata")));
    }
    let fields = fields.into_iter().map(|(name, decl)| Field {
        required: props.required.iter().any(|required| required == name),
        defaulted: props.properties.get(name).is_some_and(|property| property.default.is_some()),
        name: name.to_owned(),
        decl,
    });
    DeclType::object(fields.collect())
}

/// Whether the schema itself says what every resource has.
fn has_type_and_name(props: &Props) -> bool {
    let is = |props: Option<&Props>, kind: &str| props.is_some_and(|props| props.kind == kind);
    let of = |name: &str| props.properties.get(name);
    let metadata = of("metadata");
    let below = |name: &str| metadata.and_then(|metadata| metadata.properties.get(name));
    is(of("kind"), "string")
        && is(of("apiVersion"), "string")
        && is(metadata, "object")
        && is(below("name"), "string")
        && is(below("generateName"), "string")
}

fn metadata(props: Option<&Props>) -> DeclType {
    let capped = |name: &str, most: i64| {
        let given = props.and_then(|props| props.properties.get(name)).and_then(|name| name.max_length);
        let most = given.map_or(most, |given| given.min(most));
        Field {
            name: name.to_owned(),
            decl: DeclType::string(Some(most), None),
            required: false,
            defaulted: false,
        }
    };
    DeclType::object(vec![capped("name", NAME_MAX), capped("generateName", GENERATE_NAME_MAX)])
}

fn text(props: &Props) -> DeclType {
    let format = match props.format.as_str() {
        "byte" => Format::Byte,
        "duration" => Format::Duration,
        "date" => Format::Date,
        "date-time" => Format::DateTime,
        _ => {
            let lengths = props.enumeration.iter().filter_map(Value::as_str).map(str::len);
            let longest = lengths.max().and_then(|length| i64::try_from(length).ok());
            let longest = if props.enumeration.is_empty() { None } else { Some(longest.unwrap_or_default()) };
            return DeclType::string(props.max_length, longest);
        }
    };
    DeclType::formatted(format, props.max_length)
}

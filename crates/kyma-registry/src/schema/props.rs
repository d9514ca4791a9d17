//! A schema as a CustomResourceDefinition gives it: the members of `JSONSchemaProps` (apiextensions v1), decoded.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::reason::{FieldError, Path};

/// Schemas nest no deeper than this: every walk over one is a recursion.
const MAX_DEPTH: usize = 100;

/// One node of a schema. Absent members have Go's zero values.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Props {
    pub(super) kind: String,
    pub(super) format: String,
    pub(super) title: String,
    pub(super) description: String,
    pub(super) pattern: String,
    pub(super) default: Option<Value>,
    pub(super) example: Option<Value>,
    pub(super) external_docs: bool,
    pub(super) nullable: bool,
    pub(super) maximum: Option<f64>,
    pub(super) exclusive_maximum: bool,
    pub(super) minimum: Option<f64>,
    pub(super) exclusive_minimum: bool,
    pub(super) multiple_of: Option<f64>,
    pub(super) max_length: Option<i64>,
    pub(super) min_length: Option<i64>,
    pub(super) max_items: Option<i64>,
    pub(super) min_items: Option<i64>,
    pub(super) max_properties: Option<i64>,
    pub(super) min_properties: Option<i64>,
    pub(super) unique_items: bool,
    pub(super) enumeration: Vec<Value>,
    pub(super) required: Vec<String>,
    pub(super) items: Items,
    pub(super) all_of: Vec<Props>,
    pub(super) any_of: Vec<Props>,
    pub(super) one_of: Vec<Props>,
    pub(super) not: Option<Box<Props>>,
    pub(super) properties: BTreeMap<String, Props>,
    pub(super) additional: Option<Additional>,
    pub(super) preserve: Option<bool>,
    pub(super) embedded: bool,
    pub(super) int_or_string: bool,
    pub(super) list_type: Option<String>,
    pub(super) list_map_keys: Vec<String>,
    pub(super) map_type: Option<String>,
    pub(super) rules: Vec<Value>,
    /// Keywords of JSON schema that are there although no CRD may use them, and whether they say anything.
    pub(super) unsupported: Vec<(&'static str, bool)>,
}

/// `items`: JSON schema allows one schema or a list of them, CRDs only one.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) enum Items {
    #[default]
    None,
    One(Box<Props>),
    Many(Vec<Props>),
}

impl Items {
    pub(super) fn one(&self) -> Option<&Props> {
        match self {
            Self::One(props) => Some(props),
            Self::None | Self::Many(_) => None,
        }
    }
}

/// `additionalProperties`: a schema, `true` or `false`.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Additional {
    Allowed(bool),
    Schema(Box<Props>),
}

impl Additional {
    pub(super) fn schema(&self) -> Option<&Props> {
        match self {
            Self::Schema(props) => Some(props),
            Self::Allowed(_) => None,
        }
    }
}

/// Reads a schema; what cannot be read is noted in `errors` and counts as absent. Unknown members are ignored.
pub(super) fn decode(raw: &Value, path: &Path, errors: &mut Vec<FieldError>) -> Props {
    decode_at(raw, path, 0, errors)
}

fn decode_at(raw: &Value, path: &Path, depth: usize, errors: &mut Vec<FieldError>) -> Props {
    if depth > MAX_DEPTH {
        errors.push(FieldError::forbidden(path, "schemas nested this deeply are not supported"));
        return Props::default();
    }
    let empty = Map::new();
    let map = match raw {
        Value::Object(map) => map,
        Value::Null => &empty,
        other => {
            errors.push(FieldError::type_invalid(path, other.clone(), "must be a schema"));
            &empty
        }
    };
    let mut reader = Reader { map, path, depth, errors };
    Props {
        kind: reader.text("type"),
        format: reader.text("format"),
        title: reader.text("title"),
        description: reader.text("description"),
        pattern: reader.text("pattern"),
        default: reader.value("default").cloned(),
        example: reader.value("example").cloned(),
        external_docs: reader.value("externalDocs").is_some(),
        nullable: reader.flag("nullable"),
        maximum: reader.number("maximum"),
        exclusive_maximum: reader.flag("exclusiveMaximum"),
        minimum: reader.number("minimum"),
        exclusive_minimum: reader.flag("exclusiveMinimum"),
        multiple_of: reader.number("multipleOf"),
        max_length: reader.integer("maxLength"),
        min_length: reader.integer("minLength"),
        max_items: reader.integer("maxItems"),
        min_items: reader.integer("minItems"),
        max_properties: reader.integer("maxProperties"),
        min_properties: reader.integer("minProperties"),
        unique_items: reader.flag("uniqueItems"),
        enumeration: reader.list("enum").to_vec(),
        required: reader.texts("required"),
        items: reader.items(),
        all_of: reader.schemas("allOf"),
        any_of: reader.schemas("anyOf"),
        one_of: reader.schemas("oneOf"),
        not: reader.schema("not").map(Box::new),
        properties: reader.properties(),
        additional: reader.additional(),
        preserve: reader.optional_flag("x-kubernetes-preserve-unknown-fields"),
        embedded: reader.flag("x-kubernetes-embedded-resource"),
        int_or_string: reader.flag("x-kubernetes-int-or-string"),
        list_type: reader.optional_text("x-kubernetes-list-type"),
        list_map_keys: reader.texts("x-kubernetes-list-map-keys"),
        map_type: reader.optional_text("x-kubernetes-map-type"),
        rules: reader.list("x-kubernetes-validations").to_vec(),
        unsupported: reader.unsupported(),
    }
}

/// Takes members out of one schema's object. `null` counts as absent, as Go's decoder has it.
struct Reader<'a> {
    map: &'a Map<String, Value>,
    path: &'a Path,
    depth: usize,
    errors: &'a mut Vec<FieldError>,
}

impl<'a> Reader<'a> {
    fn value(&self, key: &str) -> Option<&'a Value> {
        self.map.get(key).filter(|value| !value.is_null())
    }

    fn typed<T>(&mut self, key: &str, expected: &str, read: impl Fn(&'a Value) -> Option<T>) -> Option<T> {
        let value = self.value(key)?;
        let typed = read(value);
        if typed.is_none() {
            let detail = format!("must be {expected}");
            self.errors.push(FieldError::type_invalid(&self.path.child(key), value.clone(), detail));
        }
        typed
    }

    fn optional_text(&mut self, key: &str) -> Option<String> {
        self.typed(key, "a string", |value| value.as_str().map(str::to_owned))
    }

    fn text(&mut self, key: &str) -> String {
        self.optional_text(key).unwrap_or_default()
    }

    fn optional_flag(&mut self, key: &str) -> Option<bool> {
        self.typed(key, "a boolean", Value::as_bool)
    }

    fn flag(&mut self, key: &str) -> bool {
        self.optional_flag(key).unwrap_or_default()
    }

    fn number(&mut self, key: &str) -> Option<f64> {
        self.typed(key, "a number", Value::as_f64)
    }

    fn integer(&mut self, key: &str) -> Option<i64> {
        self.typed(key, "an integer", Value::as_i64)
    }

    fn list(&mut self, key: &str) -> &'a [Value] {
        self.typed(key, "an array", Value::as_array).map_or(&[], Vec::as_slice)
    }

    fn texts(&mut self, key: &str) -> Vec<String> {
        let text = |item: &Value| item.as_str().map(str::to_owned);
        let all = |value: &'a Value| value.as_array()?.iter().map(text).collect();
        self.typed(key, "an array of strings", all).unwrap_or_default()
    }

    fn nested(&mut self, raw: &Value, path: &Path) -> Props {
        decode_at(raw, path, self.depth + 1, self.errors)
    }

    fn schema(&mut self, key: &str) -> Option<Props> {
        let raw = self.value(key)?;
        let path = self.path.child(key);
        Some(self.nested(raw, &path))
    }

    fn schemas(&mut self, key: &str) -> Vec<Props> {
        let path = self.path.child(key);
        let list = self.list(key).iter().enumerate();
        list.map(|(index, raw)| self.nested(raw, &path.index(index))).collect()
    }

    fn items(&mut self) -> Items {
        match self.value("items") {
            Some(Value::Array(_)) => Items::Many(self.schemas("items")),
            Some(_) => self.schema("items").map_or(Items::None, |props| Items::One(Box::new(props))),
            None => Items::None,
        }
    }

    fn properties(&mut self) -> BTreeMap<String, Props> {
        let path = self.path.child("properties");
        let Some(map) = self.typed("properties", "an object", Value::as_object) else {
            return BTreeMap::new();
        };
        map.iter().map(|(key, raw)| (key.clone(), self.nested(raw, &path.key(key)))).collect()
    }

    fn additional(&mut self) -> Option<Additional> {
        match self.value("additionalProperties")? {
            Value::Bool(allowed) => Some(Additional::Allowed(*allowed)),
            _ => self.schema("additionalProperties").map(|props| Additional::Schema(Box::new(props))),
        }
    }

    fn unsupported(&self) -> Vec<(&'static str, bool)> {
        let keys =
            ["id", "$schema", "additionalItems", "patternProperties", "definitions", "dependencies", "$ref"];
        let state = |key: &'static str| {
            let says = match self.value(key)? {
                Value::String(text) => !text.is_empty(),
                Value::Object(map) => key == "additionalItems" || !map.is_empty(),
                _ => true,
            };
            // Go tells an empty one from none only where the member is a pointer.
            (says || matches!(key, "$ref" | "dependencies")).then_some((key, says))
        };
        keys.into_iter().filter_map(state).collect()
    }
}

//! Whether a patched object fits its structure (`FromUnstructured` of `k8s.io/apimachinery/pkg/runtime/converter.go`).
//!
//! A strategic merge patch is not written as JSON and read again, as the other patches are, but converted member by
//! member, and a wrong type has other words there.

use serde_json::{Map, Value};

use super::{Struct, Type, base64_bytes};
use crate::names::{parse_micro, parse_rfc3339};
use crate::reason::gotext;

/// What keeps an object from being converted into the structure.
pub(crate) fn conversion_problem(object: &Map<String, Value>, structure: &Struct) -> Option<String> {
    let mut members = structure.members.iter();
    members.find_map(|member| object.get(member.name).and_then(|value| problem(value, member.kind)))
}

fn problem(value: &Value, kind: Type) -> Option<String> {
    if value.is_null() {
        return None;
    }
    let unrecognized = || Some(format!("unrecognized type: {}", plain(kind)));
    match (kind, value) {
        (Type::Text(_) | Type::OptionalText, Value::String(_)) | (Type::Raw(_), _) => None,
        (Type::Text(_) | Type::OptionalText, Value::Number(number)) if number.is_i64() => {
            Some(format!("cannot convert int64 to {}", kind.go_name()))
        }
        (Type::Integer(name) | Type::OptionalInteger(name), Value::Number(number)) => {
            (!number.is_i64()).then(|| format!("cannot convert float64 to {name}"))
        }
        (Type::Bool | Type::OptionalBool, Value::Bool(_)) => None,
        (
            Type::Text(_)
            | Type::OptionalText
            | Type::Integer(_)
            | Type::OptionalInteger(_)
            | Type::Bool
            | Type::OptionalBool,
            _,
        ) => unrecognized(),
        (Type::Time, Value::String(text)) => parse_rfc3339(text).err(),
        (Type::MicroTime, Value::String(text)) => parse_micro(text).err(),
        (Type::Time | Type::MicroTime, other) => {
            Some(format!("json: cannot unmarshal {} into Go value of type string", gotext::type_name(other)))
        }
        (Type::Bytes, Value::String(text)) => {
            base64_bytes(text).err().map(|problem| format!("error decoding from json: {problem}"))
        }
        (Type::TextMap, Value::Object(map)) => {
            map.values().find_map(|item| problem(item, Type::Text("string")))
        }
        (Type::BytesMap, Value::Object(map)) => map.values().find_map(|item| problem(item, Type::Bytes)),
        (Type::TextMap | Type::BytesMap, other) => {
            Some(format!("cannot restore map from {}", kind_of(other)))
        }
        (Type::TextList(name), Value::Array(items)) => {
            items.iter().find_map(|item| problem(item, Type::Text(name)))
        }
        (Type::List(structure), Value::Array(items)) => {
            items.iter().find_map(|item| problem(item, Type::Struct(structure)))
        }
        (Type::Bytes | Type::TextList(_) | Type::List(_), other) => {
            Some(format!("cannot restore slice from {}", kind_of(other)))
        }
        (Type::Struct(structure) | Type::OptionalStruct(structure), Value::Object(map)) => {
            conversion_problem(map, structure)
        }
        (Type::Struct(_) | Type::OptionalStruct(_), other) => {
            Some(format!("cannot restore struct from: {}", kind_of(other)))
        }
    }
}

/// The kind of a simple type, whatever it is called.
fn plain(kind: Type) -> &'static str {
    match kind {
        Type::Integer(name) | Type::OptionalInteger(name) => name,
        Type::Bool | Type::OptionalBool => "bool",
        _ => "string",
    }
}

/// The kind of the Go value that a JSON value is.
fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "invalid",
        Value::Bool(_) => "bool",
        Value::Number(number) if number.is_i64() => "int64",
        Value::Number(_) => "float64",
        Value::String(_) => "string",
        Value::Array(_) => "slice",
        Value::Object(_) => "map",
    }
}

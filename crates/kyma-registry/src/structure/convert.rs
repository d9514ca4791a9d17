//! Whether a patched object fits its structure (`FromUnstructured` of `k8s.io/apimachinery/pkg/runtime/converter.go`).
//!
//! A strategic merge patch is not written as JSON and read again, as the other patches are, but converted member by
//! member, and a wrong type has other words there.

use serde_json::{Map, Value};

use super::{Quantity, Struct, Type, base64_bytes, go_name};
use crate::names::{parse_micro, parse_rfc3339};
use crate::reason::gotext;

/// What keeps an object from being converted into the structure.
pub(crate) fn conversion_problem(object: &Map<String, Value>, structure: &Struct) -> Option<String> {
    let mut members = structure.members().iter();
    members.find_map(|member| object.get(member.name).and_then(|value| problem(value, &member.kind)))
}

fn problem(value: &Value, kind: &Type) -> Option<String> {
    if value.is_null() {
        return None;
    }
    match (kind, value) {
        (Type::Pointer(inner), value) => problem(value, inner),
        (Type::Text(_), Value::String(_)) | (Type::Bool, Value::Bool(_)) | (Type::Raw(_), _) => None,
        (Type::Text(name), Value::Number(number)) if number.is_i64() => {
            Some(format!("cannot convert int64 to {}", go_name(name)))
        }
        (Type::Integer(name), Value::Number(number)) => {
            (!number.is_i64()).then(|| format!("cannot convert float64 to {}", go_name(name)))
        }
        (Type::Float, Value::Number(_)) => None,
        (Type::Text(_), _) => Some("unrecognized type: string".to_owned()),
        (Type::Integer(name), _) => Some(format!("unrecognized type: {}", go_name(name))),
        (Type::Float, _) => Some("unrecognized type: float64".to_owned()),
        (Type::Bool, _) => Some("unrecognized type: bool".to_owned()),
        (Type::Time, Value::String(text)) => parse_rfc3339(text).err(),
        (Type::MicroTime, Value::String(text)) => parse_micro(text).err(),
        (Type::Time | Type::MicroTime, other) => {
            Some(format!("json: cannot unmarshal {} into Go value of type string", gotext::type_name(other)))
        }
        (Type::Quantity, Value::String(text)) => Quantity::parse(text.trim()).err(),
        (Type::Quantity, other) => Quantity::parse(&other.to_string()).err(),
        (Type::IntOrString, Value::String(_) | Value::Number(_)) => None,
        (Type::IntOrString, other) => {
            Some(format!("json: cannot unmarshal {} into Go value of type int32", gotext::type_name(other)))
        }
        (Type::Bytes, Value::String(text)) => {
            base64_bytes(text).err().map(|problem| format!("error decoding from json: {problem}"))
        }
        (Type::Map { values, .. }, Value::Object(map)) => map.values().find_map(|item| problem(item, values)),
        (Type::List { items, .. }, Value::Array(list)) => list.iter().find_map(|item| problem(item, items)),
        (Type::Struct(structure), Value::Object(map)) => conversion_problem(map, structure),
        (Type::Map { .. }, other) => Some(format!("cannot restore map from {}", kind_of(other))),
        (Type::Bytes | Type::List { .. }, other) => {
            Some(format!("cannot restore slice from {}", kind_of(other)))
        }
        (Type::Struct(_), other) => Some(format!("cannot restore struct from: {}", kind_of(other))),
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

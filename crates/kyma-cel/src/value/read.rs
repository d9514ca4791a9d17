//! Reads a piece of data as its declared type has it (`k8s.io/apiserver/pkg/cel/common/valuesunstructured.go`).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Number, Value as Json};

use super::{List, Map, Outcome, Text, Value};
use crate::decl::{DeclKind, DeclType};
use crate::error::EvalError;
use crate::library::times;

/// The value of data of that type.
pub(crate) fn read<'d>(json: &'d Json, decl: &'d DeclType) -> Outcome<'d> {
    if json.is_null() {
        return if decl.nullable {
            Ok(Value::Null)
        } else {
            Err(EvalError::new("invalid data, got null for schema with nullable=false"))
        };
    }
    let wrong = |expected: &str| EvalError::new(format!("invalid data, expected {expected}"));
    match &decl.kind {
        DeclKind::IntOrString => match json {
            Json::String(text) => Ok(Value::String(Text::Borrowed(text))),
            Json::Number(number) => {
                int(number).ok_or_else(|| wrong("XIntOrString value to be either a string or integer"))
            }
            _ => Err(wrong("XIntOrString value to be either a string or integer")),
        },
        DeclKind::Object(_) | DeclKind::Map(_) => match json {
            Json::Object(object) => Ok(Value::Map(Map::Data(object, decl))),
            _ => Err(wrong("a map for the provided schema with type=object")),
        },
        DeclKind::List(items, list_type) => match json {
            Json::Array(array) => Ok(Value::List(List::Data(array, items, list_type))),
            _ => Err(wrong("an array for the provided schema with type=array")),
        },
        DeclKind::Double => match json {
            Json::Number(number) => Ok(Value::Double(number.as_f64().unwrap_or(f64::NAN))),
            other => Err(wrong(&format!("float, got {}", go_type(other)))),
        },
        DeclKind::Int => match json {
            Json::Number(number) => int(number).ok_or_else(|| wrong("int, got float64")),
            other => Err(wrong(&format!("int, got {}", go_type(other)))),
        },
        DeclKind::Bool => match json {
            Json::Bool(value) => Ok(Value::Bool(*value)),
            other => Err(wrong(&format!("bool, got {}", go_type(other)))),
        },
        DeclKind::Preserved => Ok(Value::Preserved(json)),
        DeclKind::String | DeclKind::Bytes | DeclKind::Duration | DeclKind::Date | DeclKind::DateTime => {
            match json {
                Json::String(text) => string(text, &decl.kind),
                other => Err(wrong(&format!("string, got {}", go_type(other)))),
            }
        }
    }
}

fn string<'d>(text: &'d str, kind: &DeclKind) -> Outcome<'d> {
    match kind {
        DeclKind::Bytes => match STANDARD.decode(text) {
            Ok(bytes) => Ok(Value::Bytes(bytes.into())),
            Err(_) => {
                Err(EvalError::new(format!("Invalid byte formatted string {text}: {text} is invalid base64")))
            }
        },
        DeclKind::Duration => times::parse_schema_duration(text).map(Value::Duration).ok_or_else(|| {
            EvalError::new(format!("Invalid duration {text}: unable to parse {text} as duration"))
        }),
        DeclKind::Date => times::parse_date(text)
            .map(Value::Timestamp)
            .ok_or_else(|| EvalError::new(format!("Invalid date formatted string {text}"))),
        DeclKind::DateTime => times::parse_schema_time(text)
            .map(Value::Timestamp)
            .ok_or_else(|| EvalError::new(format!("Invalid date-time formatted string {text}"))),
        _ => Ok(Value::String(Text::Borrowed(text))),
    }
}

/// A number without a fraction; a larger one than 64 bits hold is none.
fn int<'d>(number: &Number) -> Option<Value<'d>> {
    number.as_i64().map(Value::Int)
}

/// What Go's decoder makes of such data.
fn go_type(json: &Json) -> &'static str {
    match json {
        Json::Null => "<nil>",
        Json::Bool(_) => "bool",
        Json::Number(number) if number.is_i64() => "int64",
        Json::Number(_) => "float64",
        Json::String(_) => "string",
        Json::Array(_) => "[]interface {}",
        Json::Object(_) => "map[string]interface {}",
    }
}

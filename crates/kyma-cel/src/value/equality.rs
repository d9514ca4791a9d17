//! Equality of values, of whatever types.

use serde_json::Value as Json;

use super::{Library, Value, compare};
use crate::error::EvalError;

/// Whether both are equal. Numbers of different types can be, and nothing equals NaN.
pub(crate) fn equal(a: &Value<'_>, b: &Value<'_>) -> Result<bool, EvalError> {
    match (a, b) {
        (Value::Null, Value::Null) => Ok(true),
        (Value::Null, _) | (_, Value::Null) => Ok(false),
        (Value::Bool(a), Value::Bool(b)) => Ok(a == b),
        (Value::Double(value), _) | (_, Value::Double(value)) if value.is_nan() => Ok(false),
        (
            Value::Int(_) | Value::Uint(_) | Value::Double(_),
            Value::Int(_) | Value::Uint(_) | Value::Double(_),
        ) => Ok(compare(a, b)? == std::cmp::Ordering::Equal),
        (Value::String(a), Value::String(b)) => Ok(**a == **b),
        (Value::Bytes(a), Value::Bytes(b)) => Ok(a == b),
        (Value::Duration(a), Value::Duration(b)) => Ok(a == b),
        (Value::Timestamp(a), Value::Timestamp(b)) => Ok(a.instant() == b.instant()),
        (Value::List(a), Value::List(b)) => a.equals(b),
        (Value::Map(a), Value::Map(b)) => a.equals(b),
        (Value::Optional(a), Value::Optional(b)) => match (a, b) {
            (Some(a), Some(b)) => equal(a, b),
            (a, b) => Ok(a.is_none() && b.is_none()),
        },
        (Value::Type(a), Value::Type(b)) => Ok(a == b),
        (Value::Library(a), Value::Library(b)) => equal_library(a, b),
        (Value::Preserved(a), Value::Preserved(b)) => Ok(same_json(a, b)),
        (Value::Library(_), _) => Err(EvalError::no_such_overload()),
        (Value::List(list), _) if !list.is_owned() => Err(EvalError::no_such_overload()),
        (Value::Map(map), _) if !map.is_owned() => Err(EvalError::no_such_overload()),
        _ => Ok(false),
    }
}

fn equal_library(a: &Library, b: &Library) -> Result<bool, EvalError> {
    match (a, b) {
        (Library::Quantity(a), Library::Quantity(b)) => Ok(a.nanos() == b.nanos()),
        (Library::Url(a), Library::Url(b)) => Ok(a.to_string() == b.to_string()),
        (Library::Ip(a), Library::Ip(b)) => Ok(a == b),
        (Library::Cidr(a), Library::Cidr(b)) => Ok(a == b),
        (Library::Semver(a), Library::Semver(b)) => Ok(a.cmp(b) == std::cmp::Ordering::Equal),
        (Library::Format(a), Library::Format(b)) => Ok(a.name == b.name),
        _ => Err(EvalError::no_such_overload()),
    }
}

/// Whether data without a schema are the same; an empty list or map is as good as none there.
pub(super) fn same_json(a: &Json, b: &Json) -> bool {
    match (a, b) {
        (Json::Array(a), Json::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same_json(a, b))
        }
        (Json::Object(a), Json::Object(b)) => {
            a.len() == b.len()
                && a.iter().all(|(name, value)| b.get(name).is_some_and(|other| same_json(value, other)))
        }
        (Json::Number(a), Json::Number(b)) => a.is_i64() == b.is_i64() && a == b,
        _ => a == b,
    }
}

//! Arithmetic, comparison and conversions.

use std::cmp::Ordering;
use std::sync::Arc;

use super::{Implementation, no_such_overload, number, times};
use crate::error::EvalError;
use crate::value::{Outcome, Text, Value, compare};

fn checked<'d>(value: Option<i64>) -> Outcome<'d> {
    value.map(Value::Int).ok_or_else(|| EvalError::new("integer overflow"))
}

fn checked_uint<'d>(value: Option<u64>) -> Outcome<'d> {
    value.map(Value::Uint).ok_or_else(|| EvalError::new("unsigned integer overflow"))
}

fn checked_nanos<'d>(value: Option<i64>) -> Outcome<'d> {
    value.map(Value::Duration).ok_or_else(|| EvalError::new("integer overflow"))
}

pub(super) fn add<'d>(args: &[Value<'d>]) -> Outcome<'d> {
    match args {
        [Value::Int(a), Value::Int(b)] => checked(a.checked_add(*b)),
        [Value::Uint(a), Value::Uint(b)] => checked_uint(a.checked_add(*b)),
        [Value::Double(a), Value::Double(b)] => Ok(Value::Double(a + b)),
        [Value::String(a), Value::String(b)] => {
            Ok(Value::String(Text::Shared(format!("{}{}", &**a, &**b).into())))
        }
        [Value::Bytes(a), Value::Bytes(b)] => Ok(Value::Bytes([&**a, &**b].concat().into())),
        [Value::Duration(a), Value::Duration(b)] => checked_nanos(a.checked_add(*b)),
        [Value::Duration(nanos), Value::Timestamp(time)]
        | [Value::Timestamp(time), Value::Duration(nanos)] => times::add(*time, *nanos).map(Value::Timestamp),
        [Value::List(a), Value::List(b)] => Ok(Value::List(a.add(b)?)),
        _ => no_such_overload(),
    }
}

pub(super) fn subtract<'d>(args: &[Value<'d>]) -> Outcome<'d> {
    match args {
        [Value::Int(a), Value::Int(b)] => checked(a.checked_sub(*b)),
        [Value::Uint(a), Value::Uint(b)] => checked_uint(a.checked_sub(*b)),
        [Value::Double(a), Value::Double(b)] => Ok(Value::Double(a - b)),
        [Value::Duration(a), Value::Duration(b)] => checked_nanos(a.checked_sub(*b)),
        [Value::Timestamp(time), Value::Duration(nanos)] => {
            let negated = nanos.checked_neg().ok_or_else(|| EvalError::new("integer overflow"))?;
            times::add(*time, negated).map(Value::Timestamp)
        }
        [Value::Timestamp(a), Value::Timestamp(b)] => times::between(*a, *b).map(Value::Duration),
        _ => no_such_overload(),
    }
}

pub(super) fn multiply<'d>(args: &[Value<'d>]) -> Outcome<'d> {
    match args {
        [Value::Int(a), Value::Int(b)] => checked(a.checked_mul(*b)),
        [Value::Uint(a), Value::Uint(b)] => checked_uint(a.checked_mul(*b)),
        [Value::Double(a), Value::Double(b)] => Ok(Value::Double(a * b)),
        _ => no_such_overload(),
    }
}

pub(super) fn divide<'d>(args: &[Value<'d>]) -> Outcome<'d> {
    match args {
        [Value::Int(_), Value::Int(0)] | [Value::Uint(_), Value::Uint(0)] => {
            Err(EvalError::new("division by zero"))
        }
        [Value::Int(a), Value::Int(b)] => checked(a.checked_div(*b)),
        [Value::Uint(a), Value::Uint(b)] => checked_uint(a.checked_div(*b)),
        [Value::Double(a), Value::Double(b)] => Ok(Value::Double(a / b)),
        _ => no_such_overload(),
    }
}

pub(super) fn modulo<'d>(args: &[Value<'d>]) -> Outcome<'d> {
    match args {
        [Value::Int(_), Value::Int(0)] | [Value::Uint(_), Value::Uint(0)] => {
            Err(EvalError::new("modulus by zero"))
        }
        [Value::Int(a), Value::Int(b)] => checked(a.checked_rem(*b)),
        [Value::Uint(a), Value::Uint(b)] => checked_uint(a.checked_rem(*b)),
        _ => no_such_overload(),
    }
}

pub(super) fn negate<'d>(args: &[Value<'d>]) -> Outcome<'d> {
    match args {
        [Value::Int(value)] => checked(value.checked_neg()),
        [Value::Double(value)] => Ok(Value::Double(-value)),
        [Value::Duration(nanos)] => checked_nanos(nanos.checked_neg()),
        _ => no_such_overload(),
    }
}

pub(super) fn not<'d>(args: &[Value<'d>]) -> Outcome<'d> {
    match args {
        [Value::Bool(value)] => Ok(Value::Bool(!value)),
        _ => no_such_overload(),
    }
}

fn ordered<'d>(args: &[Value<'d>], holds: impl Fn(Ordering) -> bool) -> Outcome<'d> {
    match args {
        [a, b] => Ok(Value::Bool(holds(compare(a, b)?))),
        _ => no_such_overload(),
    }
}

pub(super) fn less<'d>(args: &[Value<'d>]) -> Outcome<'d> {
    ordered(args, Ordering::is_lt)
}

pub(super) fn less_equals<'d>(args: &[Value<'d>]) -> Outcome<'d> {
    ordered(args, Ordering::is_le)
}

pub(super) fn greater<'d>(args: &[Value<'d>]) -> Outcome<'d> {
    ordered(args, Ordering::is_gt)
}

pub(super) fn greater_equals<'d>(args: &[Value<'d>]) -> Outcome<'d> {
    ordered(args, Ordering::is_ge)
}

pub(super) fn contains<'d>(args: &[Value<'d>]) -> Outcome<'d> {
    match args {
        [value, Value::List(list)] => list.contains(value).map(Value::Bool),
        [key, Value::Map(map)] => {
            // In a map that was made, what cannot be a key is merely not in it.
            let found = map.find(key)?;
            Ok(Value::Bool(found.is_some()))
        }
        _ => no_such_overload(),
    }
}

pub(super) fn size<'d>(args: &[Value<'d>]) -> Outcome<'d> {
    match args {
        [value] => value
            .sized()
            .map(|size| number(usize::try_from(size).unwrap_or(usize::MAX)))
            .ok_or_else(EvalError::no_such_overload),
        _ => no_such_overload(),
    }
}

pub(super) fn type_of<'d>(args: &[Value<'d>]) -> Outcome<'d> {
    match args {
        [value] => Ok(Value::Type(Arc::from(value.type_name()))),
        _ => no_such_overload(),
    }
}

pub(super) fn identity<'d>(args: &[Value<'d>]) -> Outcome<'d> {
    args.first().cloned().ok_or_else(EvalError::no_such_overload)
}

macro_rules! converting {
    ($name:ident) => {
        |args| match args {
            [value] => value.$name(),
            _ => no_such_overload(),
        }
    };
}

/// The conversions.
pub(super) fn conversion(overload: &str) -> Option<Implementation> {
    Some(match overload {
        "bool_to_bool" | "string_to_bool" => converting!(to_bool),
        "bytes_to_bytes" | "string_to_bytes" => converting!(to_bytes),
        "double_to_double" | "int64_to_double" | "string_to_double" | "uint64_to_double" => {
            converting!(to_double)
        }
        "duration_to_duration" | "string_to_duration" => converting!(to_duration),
        "int64_to_int64" | "double_to_int64" | "duration_to_int64" | "string_to_int64"
        | "timestamp_to_int64" | "uint64_to_int64" => converting!(to_int),
        "string_to_string"
        | "bool_to_string"
        | "bytes_to_string"
        | "double_to_string"
        | "duration_to_string"
        | "int64_to_string"
        | "timestamp_to_string"
        | "uint64_to_string" => converting!(to_text),
        "timestamp_to_timestamp" | "int64_to_timestamp" | "string_to_timestamp" => converting!(to_timestamp),
        "uint64_to_uint64" | "double_to_uint64" | "int64_to_uint64" | "string_to_uint64" => {
            converting!(to_uint)
        }
        _ => return None,
    })
}

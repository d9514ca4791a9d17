//! The order of values.

use std::cmp::Ordering;

use super::Value;
use crate::error::EvalError;

/// How one value compares to another of its type; numbers compare across types.
pub(crate) fn compare(a: &Value<'_>, b: &Value<'_>) -> Result<Ordering, EvalError> {
    let nan = |value: &Value<'_>| matches!(value, Value::Double(value) if value.is_nan());
    let is_number = |value: &Value<'_>| matches!(value, Value::Int(_) | Value::Uint(_) | Value::Double(_));
    if is_number(a) && (nan(a) || nan(b)) {
        return Err(EvalError::new("NaN values cannot be ordered"));
    }
    match (a, b) {
        (Value::Bool(a), Value::Bool(b)) => Ok(a.cmp(b)),
        (Value::Int(a), Value::Int(b)) => Ok(a.cmp(b)),
        (Value::Uint(a), Value::Uint(b)) => Ok(a.cmp(b)),
        (Value::Double(a), Value::Double(b)) => Ok(doubles(*a, *b)),
        (Value::Int(a), Value::Uint(b)) => Ok(int_uint(*a, *b)),
        (Value::Uint(a), Value::Int(b)) => Ok(int_uint(*b, *a).reverse()),
        (Value::Double(a), Value::Int(b)) => Ok(double_int(*a, *b)),
        (Value::Int(a), Value::Double(b)) => Ok(double_int(*b, *a).reverse()),
        (Value::Double(a), Value::Uint(b)) => Ok(double_uint(*a, *b)),
        (Value::Uint(a), Value::Double(b)) => Ok(double_uint(*b, *a).reverse()),
        (Value::String(a), Value::String(b)) => Ok((**a).cmp(&**b)),
        (Value::Bytes(a), Value::Bytes(b)) => Ok(a.cmp(b)),
        (Value::Duration(a), Value::Duration(b)) => Ok(a.cmp(b)),
        (Value::Timestamp(a), Value::Timestamp(b)) => Ok(a.instant().cmp(&b.instant())),
        _ => Err(EvalError::no_such_overload()),
    }
}

fn doubles(a: f64, b: f64) -> Ordering {
    a.partial_cmp(&b).unwrap_or(Ordering::Equal)
}

fn int_uint(a: i64, b: u64) -> Ordering {
    u64::try_from(a).map_or(Ordering::Less, |a| a.cmp(&b))
}

#[expect(clippy::cast_precision_loss, reason = "cel-go compares in floating point, too")]
fn double_int(a: f64, b: i64) -> Ordering {
    if a < i64::MIN as f64 {
        Ordering::Less
    } else if a > i64::MAX as f64 {
        Ordering::Greater
    } else {
        doubles(a, b as f64)
    }
}

#[expect(clippy::cast_precision_loss, reason = "cel-go compares in floating point, too")]
fn double_uint(a: f64, b: u64) -> Ordering {
    if a < 0.0 {
        Ordering::Less
    } else if a > u64::MAX as f64 {
        Ordering::Greater
    } else {
        doubles(a, b as f64)
    }
}

//! Conversions among types: `int(x)`, `string(x)` and their like.

use super::{Outcome, Value};
use crate::error::EvalError;
use crate::library::times;
use crate::number;

#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    reason = "the range is checked before"
)]
pub(crate) fn double_to_int(value: f64) -> Result<i64, EvalError> {
    if !value.is_finite() || value <= i64::MIN as f64 || value >= i64::MAX as f64 {
        return Err(EvalError::new("integer overflow"));
    }
    Ok(value as i64)
}

#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the range is checked before"
)]
pub(crate) fn double_to_uint(value: f64) -> Result<u64, EvalError> {
    if !value.is_finite() || value < 0.0 || value >= u64::MAX as f64 {
        return Err(EvalError::new("unsigned integer overflow"));
    }
    Ok(value as u64)
}

impl<'d> Value<'d> {
    fn cannot_convert(&self, to: &str) -> EvalError {
        EvalError::new(format!("type conversion error from '{}' to '{to}'", self.type_name()))
    }

    pub(crate) fn to_int(&self) -> Outcome<'d> {
        Ok(Value::Int(match self {
            Value::Int(value) => *value,
            Value::Uint(value) => i64::try_from(*value).map_err(|_| EvalError::new("integer overflow"))?,
            Value::Double(value) => double_to_int(*value)?,
            Value::Duration(nanos) => *nanos,
            Value::Timestamp(time) => time.seconds,
            Value::String(text) => number::parse_int(text).ok_or_else(|| self.cannot_convert("int"))?,
            other => return Err(other.cannot_convert("int")),
        }))
    }

    pub(crate) fn to_uint(&self) -> Outcome<'d> {
        Ok(Value::Uint(match self {
            Value::Uint(value) => *value,
            Value::Int(value) => {
                u64::try_from(*value).map_err(|_| EvalError::new("unsigned integer overflow"))?
            }
            Value::Double(value) => double_to_uint(*value)?,
            Value::String(text) => number::parse_uint(text).ok_or_else(|| self.cannot_convert("uint"))?,
            other => return Err(other.cannot_convert("uint")),
        }))
    }

    #[expect(clippy::cast_precision_loss, reason = "that is what the conversion is")]
    pub(crate) fn to_double(&self) -> Outcome<'d> {
        Ok(Value::Double(match self {
            Value::Double(value) => *value,
            Value::Int(value) => *value as f64,
            Value::Uint(value) => *value as f64,
            Value::String(text) => number::parse_double(text).ok_or_else(|| self.cannot_convert("double"))?,
            other => return Err(other.cannot_convert("double")),
        }))
    }

    pub(crate) fn to_bool(&self) -> Outcome<'d> {
        match self {
            Value::Bool(value) => Ok(Value::Bool(*value)),
            Value::String(text) => match &**text {
                "1" | "t" | "T" | "TRUE" | "true" | "True" => Ok(Value::Bool(true)),
                "0" | "f" | "F" | "FALSE" | "false" | "False" => Ok(Value::Bool(false)),
                _ => Err(self.cannot_convert("bool")),
            },
            other => Err(other.cannot_convert("bool")),
        }
    }

    pub(crate) fn to_bytes(&self) -> Outcome<'d> {
        match self {
            Value::Bytes(bytes) => Ok(Value::Bytes(std::sync::Arc::clone(bytes))),
            Value::String(text) => Ok(Value::Bytes(text.as_bytes().into())),
            other => Err(other.cannot_convert("bytes")),
        }
    }

    pub(crate) fn to_text(&self) -> Outcome<'d> {
        Ok(match self {
            Value::String(text) => Value::String(text.clone()),
            Value::Null => Value::text("null"),
            Value::Bool(value) => Value::text(value.to_string()),
            Value::Int(value) => Value::text(value.to_string()),
            Value::Uint(value) => Value::text(value.to_string()),
            Value::Double(value) => Value::text(number::general(*value)),
            Value::Bytes(bytes) => match std::str::from_utf8(bytes) {
                Ok(text) => Value::text(text),
                Err(_) => return Err(EvalError::new("invalid UTF-8 in bytes, cannot convert to string")),
            },
            Value::Duration(nanos) => Value::text(times::format_duration(*nanos)),
            Value::Timestamp(time) => Value::text(times::format_timestamp(*time)),
            Value::Type(name) => Value::text(std::sync::Arc::clone(name)),
            other => return Err(other.cannot_convert("string")),
        })
    }

    pub(crate) fn to_duration(&self) -> Outcome<'d> {
        match self {
            Value::Duration(nanos) => Ok(Value::Duration(*nanos)),
            Value::String(text) => times::parse_duration(text)
                .map(Value::Duration)
                .ok_or_else(|| self.cannot_convert("google.protobuf.Duration")),
            other => Err(other.cannot_convert("google.protobuf.Duration")),
        }
    }

    pub(crate) fn to_timestamp(&self) -> Outcome<'d> {
        let overflow = || EvalError::new("timestamp overflow");
        match self {
            Value::Timestamp(time) => Ok(Value::Timestamp(*time)),
            Value::Int(seconds) => times::from_seconds(*seconds).map(Value::Timestamp).ok_or_else(overflow),
            Value::String(text) => {
                let time = times::parse_timestamp(text)
                    .ok_or_else(|| self.cannot_convert("google.protobuf.Timestamp"))?;
                if times::in_range(time.seconds) { Ok(Value::Timestamp(time)) } else { Err(overflow()) }
            }
            other => Err(other.cannot_convert("google.protobuf.Timestamp")),
        }
    }
}

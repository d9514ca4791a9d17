//! Optional values; `or` and `orValue` are evaluated elsewhere, as they do not need both arguments.

use super::{Implementation, list, no_such_overload};
use crate::error::EvalError;
use crate::value::{Outcome, Value};

pub(super) fn implementation(overload: &str) -> Option<Implementation> {
    Some(match overload {
        "optional_none" => |_| Ok(Value::Optional(None)),
        "optional_of" => |args| match args {
            [value] => Ok(Value::some(value.clone())),
            _ => no_such_overload(),
        },
        "optional_ofNonZeroValue" => |args| match args {
            [value] if value.is_zero() => Ok(Value::Optional(None)),
            [value] => Ok(Value::some(value.clone())),
            _ => no_such_overload(),
        },
        "optional_value" => |args| match args {
            [Value::Optional(Some(value))] => Ok(value.as_ref().clone()),
            [Value::Optional(None)] => Err(EvalError::new("optional.none() dereference")),
            _ => no_such_overload(),
        },
        "optional_hasValue" => |args| match args {
            [Value::Optional(value)] => Ok(Value::Bool(value.is_some())),
            _ => no_such_overload(),
        },
        "list_first" => {
            |args| Ok(Value::Optional(list(args, 0)?.get(0).transpose()?.map(std::sync::Arc::new)))
        }
        "list_last" => |args| {
            let list = list(args, 0)?;
            let last = list.len().checked_sub(1).and_then(|last| list.get(last));
            Ok(Value::Optional(last.transpose()?.map(std::sync::Arc::new)))
        },
        "optional_unwrap" | "optional_unwrapOpt" => unwrap,
        _ => return None,
    })
}

fn unwrap<'d>(args: &[Value<'d>]) -> Outcome<'d> {
    let mut values = Vec::new();
    for element in list(args, 0)?.iter() {
        match element? {
            Value::Optional(Some(value)) => values.push(value.as_ref().clone()),
            Value::Optional(None) => {}
            other => return Err(EvalError::new(format!("value {other} is not optional"))),
        }
    }
    Ok(Value::list(values))
}

//! Regular expressions: `matches`, `find` and `findAll`.

use super::{Implementation, int, text};
use crate::error::EvalError;
use crate::pattern;
use crate::value::{Outcome, Value};

pub(super) fn implementation(overload: &str) -> Option<Implementation> {
    Some(match overload {
        "string_find_string" => find,
        "string_find_all_string" | "string_find_all_string_int" => find_all,
        _ => return None,
    })
}

pub(super) fn matches<'d>(args: &[Value<'d>]) -> Outcome<'d> {
    let regex = pattern::compile(text(args, 1)?).map_err(EvalError::new)?;
    Ok(Value::Bool(regex.is_match(text(args, 0)?)))
}

fn compile(pattern: &str) -> Result<regex::Regex, EvalError> {
    pattern::compile(pattern).map_err(|error| EvalError::new(format!("Illegal regex: {error}")))
}

fn find<'d>(args: &[Value<'d>]) -> Outcome<'d> {
    let haystack = text(args, 0)?;
    let found = compile(text(args, 1)?)?.find(haystack).map_or("", |found| found.as_str());
    Ok(Value::text(found))
}

fn find_all<'d>(args: &[Value<'d>]) -> Outcome<'d> {
    let limit = if args.len() > 2 { int(args, 2)? } else { -1 };
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let haystack = text(args, 0)?;
    let regex = compile(text(args, 1)?)?;
    Ok(Value::list(regex.find_iter(haystack).take(limit).map(|found| Value::text(found.as_str())).collect()))
}

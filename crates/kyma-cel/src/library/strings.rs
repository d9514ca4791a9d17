//! Strings: the standard functions and those of cel-go's extension, version 2.

use super::{Implementation, format, int, list, text};
use crate::error::EvalError;
use crate::value::{Outcome, Value};

pub(super) fn implementation(overload: &str) -> Option<Implementation> {
    Some(match overload {
        "contains_string" => |args| Ok(Value::Bool(text(args, 0)?.contains(text(args, 1)?))),
        "ends_with_string" => |args| Ok(Value::Bool(text(args, 0)?.ends_with(text(args, 1)?))),
        "starts_with_string" => |args| Ok(Value::Bool(text(args, 0)?.starts_with(text(args, 1)?))),
        "string_char_at_int" => char_at,
        "string_index_of_string" | "string_index_of_string_int" => index_of,
        "string_last_index_of_string" | "string_last_index_of_string_int" => last_index_of,
        "string_lower_ascii" => |args| Ok(Value::text(text(args, 0)?.to_ascii_lowercase())),
        "string_upper_ascii" => |args| Ok(Value::text(text(args, 0)?.to_ascii_uppercase())),
        "string_replace_string_string" | "string_replace_string_string_int" => replace,
        "string_split_string" | "string_split_string_int" => split,
        "string_substring_int" | "string_substring_int_int" => substring,
        "string_trim" => |args| Ok(Value::text(text(args, 0)?.trim_matches(is_space))),
        "string_format" => format::format,
        "strings_quote" => |args| Ok(Value::text(quote(text(args, 0)?))),
        "list_join" | "list_join_string" => join,
        _ => return None,
    })
}

/// What Go counts as white space.
fn is_space(c: char) -> bool {
    c.is_whitespace()
}

fn out_of_range(index: i64) -> EvalError {
    EvalError::new(format!("index out of range: {index}"))
}

/// The index as a place in text of that length, or at its end.
fn place(index: i64, length: usize) -> Result<usize, EvalError> {
    usize::try_from(index).ok().filter(|place| *place <= length).ok_or_else(|| out_of_range(index))
}

fn char_at<'d>(args: &[Value<'d>]) -> Outcome<'d> {
    let chars: Vec<char> = text(args, 0)?.chars().collect();
    let at = place(int(args, 1)?, chars.len())?;
    Ok(Value::text(chars.get(at).map(char::to_string).unwrap_or_default()))
}

fn found<'d>(place: Option<usize>) -> Outcome<'d> {
    Ok(Value::Int(place.and_then(|place| i64::try_from(place).ok()).unwrap_or(-1)))
}

fn index_of<'d>(args: &[Value<'d>]) -> Outcome<'d> {
    let chars: Vec<char> = text(args, 0)?.chars().collect();
    let needle: Vec<char> = text(args, 1)?.chars().collect();
    let offset = if args.len() > 2 { int(args, 2)? } else { 0 };
    let start = usize::try_from(offset).map_err(|_| out_of_range(offset))?;
    if needle.is_empty() {
        return found(Some(start.min(chars.len())));
    }
    let rest = chars.get(start..).unwrap_or_default();
    found(rest.windows(needle.len()).position(|window| window == needle).map(|place| place + start))
}

fn last_index_of<'d>(args: &[Value<'d>]) -> Outcome<'d> {
    let haystack = text(args, 0)?;
    let needle_text = text(args, 1)?;
    let chars: Vec<char> = haystack.chars().collect();
    let needle: Vec<char> = needle_text.chars().collect();
    let last = i64::try_from(chars.len()).unwrap_or(i64::MAX) - 1;
    let with_offset = args.len() > 2;
    if !with_offset {
        if needle.is_empty() {
            return found(Some(chars.len()));
        }
        if haystack.len() < needle_text.len() {
            return found(None);
        }
    }
    let offset = if with_offset { int(args, 2)? } else { last };
    let start = usize::try_from(offset).map_err(|_| out_of_range(offset))?;
    if needle.is_empty() {
        return found(Some(start.min(chars.len())));
    }
    if start >= chars.len() {
        return found(None);
    }
    let end = start.saturating_add(needle.len()).min(chars.len());
    let rest = chars.get(..end).unwrap_or_default();
    found(rest.windows(needle.len()).rposition(|window| window == needle))
}

/// How many times: a negative number means always.
fn limit(args: &[Value<'_>], index: usize) -> Result<usize, EvalError> {
    if args.len() <= index {
        return Ok(usize::MAX);
    }
    Ok(usize::try_from(int(args, index)?).unwrap_or(usize::MAX))
}

fn replace<'d>(args: &[Value<'d>]) -> Outcome<'d> {
    let (haystack, old, new) = (text(args, 0)?, text(args, 1)?, text(args, 2)?);
    Ok(Value::text(haystack.replacen(old, new, limit(args, 3)?)))
}

fn split<'d>(args: &[Value<'d>]) -> Outcome<'d> {
    let (haystack, separator) = (text(args, 0)?, text(args, 1)?);
    let limit = limit(args, 2)?;
    if limit == 0 {
        return Ok(Value::list(Vec::new()));
    }
    let parts: Vec<Value<'d>> = if separator.is_empty() {
        let mut places: Vec<usize> = haystack.char_indices().map(|(place, _)| place).take(limit).collect();
        places.push(haystack.len());
        places
            .windows(2)
            .map(|pair| Value::text(haystack.get(pair[0]..pair[1]).unwrap_or_default()))
            .collect()
    } else {
        haystack.splitn(limit, separator).map(Value::text).collect()
    };
    Ok(Value::list(parts))
}

fn substring<'d>(args: &[Value<'d>]) -> Outcome<'d> {
    let chars: Vec<char> = text(args, 0)?.chars().collect();
    let start = int(args, 1)?;
    let end = if args.len() > 2 { int(args, 2)? } else { i64::try_from(chars.len()).unwrap_or(i64::MAX) };
    if args.len() > 2 && start > end {
        return Err(EvalError::new(format!("invalid substring range. start: {start}, end: {end}")));
    }
    let (from, to) = (place(start, chars.len())?, place(end, chars.len())?);
    Ok(Value::text(chars.get(from..to).unwrap_or_default().iter().collect::<String>()))
}

fn join<'d>(args: &[Value<'d>]) -> Outcome<'d> {
    let separator = if args.len() > 1 { text(args, 1)? } else { "" };
    let mut joined = String::new();
    for (index, element) in list(args, 0)?.iter().enumerate() {
        if index > 0 {
            joined.push_str(separator);
        }
        match element {
            Ok(Value::String(part)) => joined.push_str(&part),
            Ok(other) => return Err(EvalError::new(format!("join: invalid input: {other}"))),
            Err(error) => return Err(EvalError::new(format!("join: invalid input: {error}"))),
        }
    }
    Ok(Value::text(joined))
}

fn quote(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for c in text.chars() {
        match c {
            '\u{7}' => quoted.push_str("\\a"),
            '\u{8}' => quoted.push_str("\\b"),
            '\u{c}' => quoted.push_str("\\f"),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            '\u{b}' => quoted.push_str("\\v"),
            '\\' => quoted.push_str("\\\\"),
            '"' => quoted.push_str("\\\""),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

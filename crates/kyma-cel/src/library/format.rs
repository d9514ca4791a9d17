//! `'%s'.format([x])`, version 1 of cel-go's formatting.

use std::fmt::Write;

use super::{list, text};
use crate::error::EvalError;
use crate::number;
use crate::value::{List, Map, Outcome, Value};

/// What stands behind a percent sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Clause {
    String,
    Decimal,
    Fixed(usize),
    Scientific(usize),
    Binary,
    /// Upper case or not.
    Hex(bool),
    Octal,
}

/// Digits behind the point where the clause does not say how many.
const DEFAULT_PRECISION: usize = 6;

impl Clause {
    /// What is said of an argument of a type that the clause cannot write.
    pub(crate) fn refuse(self, name: &str) -> String {
        let wanted = match self {
            Self::Binary => "only integers and bools can be formatted as binary",
            Self::Decimal => "decimal clause can only be used on integers",
            Self::Fixed(_) => "fixed-point clause can only be used on doubles",
            Self::Hex(_) => "only integers, byte buffers, and strings can be formatted as hex",
            Self::Octal => "octal clause can only be used on integers",
            Self::Scientific(_) => "scientific clause can only be used on doubles",
            Self::String => {
                "string clause can only be used on strings, bools, bytes, ints, doubles, maps, lists, types, \
                 durations, and timestamps"
            }
        };
        format!("{wanted}, was given {name}")
    }
}

/// Reads a format string, and asks `write` for what stands for each of its clauses.
///
/// With `strict` a missing argument counts more than an unfinished clause.
pub(crate) fn interpolate(
    format: &str,
    size: usize,
    strict: bool,
    write: &mut dyn FnMut(usize, Clause) -> Result<String, String>,
) -> Result<String, String> {
    let mut out = String::with_capacity(format.len());
    let mut rest = format;
    let mut index = 0;
    while let Some(percent) = rest.find('%') {
        let (before, clause) = rest.split_at(percent);
        out.push_str(before);
        if let Some(behind) = clause.strip_prefix("%%") {
            out.push('%');
            rest = behind;
            continue;
        }
        let missing = || Err(format!("index {index} out of range"));
        if strict && index >= size {
            return missing();
        }
        let clause = clause.get(1..).unwrap_or_default();
        if clause.is_empty() {
            return Err("unexpected end of string".to_owned());
        }
        if index >= size {
            return missing();
        }
        let (parsed, behind) =
            parse_clause(clause).map_err(|error| format!("could not parse formatting clause: {error}"))?;
        let text = write(index, parsed).map_err(|error| format!("error during formatting: {error}"))?;
        out.push_str(&text);
        rest = behind;
        index += 1;
    }
    out.push_str(rest);
    Ok(out)
}

fn parse_clause(text: &str) -> Result<(Clause, &str), String> {
    let mut rest = text;
    let mut precision = DEFAULT_PRECISION;
    if let Some(behind) = text.strip_prefix('.') {
        let end = behind.find(|c: char| !c.is_ascii_digit());
        let end = end.ok_or("error while parsing precision: could not find end of precision specifier")?;
        let (digits, behind) = behind.split_at(end);
        precision = parse_precision(digits)?;
        rest = behind;
    }
    // The letter is a byte; one of several is shown as the character that its first byte alone would be.
    let byte = rest.bytes().next().unwrap_or_default();
    let clause = match byte {
        b's' => Clause::String,
        b'd' => Clause::Decimal,
        b'f' => Clause::Fixed(precision),
        b'e' => Clause::Scientific(precision),
        b'b' => Clause::Binary,
        b'x' => Clause::Hex(false),
        b'X' => Clause::Hex(true),
        b'o' => Clause::Octal,
        other => return Err(format!("unrecognized formatting clause \"{}\"", char::from(other))),
    };
    Ok((clause, rest.get(1..).unwrap_or_default()))
}

fn parse_precision(digits: &str) -> Result<usize, String> {
    let failed = |why: &str| {
        let prefix = "error while parsing precision: error while converting precision to integer";
        format!("{prefix}: strconv.Atoi: parsing \"{digits}\": {why}")
    };
    if digits.is_empty() {
        return Err(failed("invalid syntax"));
    }
    let number: i64 = digits.parse().map_err(|_| failed("value out of range"))?;
    // Go's formatting takes no more digits than these; what is above it is an error in the text.
    usize::try_from(number).map_err(|_| failed("value out of range"))
}

pub(super) fn format<'d>(args: &[Value<'d>]) -> Outcome<'d> {
    let values = list(args, 1)?;
    let outcome = interpolate(text(args, 0)?, values.len(), true, &mut |index, clause| {
        let value = values.get(index).unwrap_or(Ok(Value::Null)).map_err(|error| error.to_string())?;
        write_clause(&value, clause)
    });
    outcome.map(Value::text).map_err(EvalError::new)
}

fn write_clause(value: &Value<'_>, clause: Clause) -> Result<String, String> {
    let refused = || Err(clause.refuse(value.type_name()));
    match clause {
        Clause::String => write_string(value),
        Clause::Decimal => match value {
            Value::Int(value) => Ok(value.to_string()),
            Value::Uint(value) => Ok(value.to_string()),
            _ => refused(),
        },
        Clause::Fixed(precision) => double(value, clause).map(|value| fixed(value, precision)),
        Clause::Scientific(precision) => double(value, clause).map(|value| scientific(value, precision)),
        Clause::Binary => match value {
            Value::Int(value) => Ok(signed(*value, format!("{:b}", value.unsigned_abs()))),
            Value::Uint(value) => Ok(format!("{value:b}")),
            Value::Bool(value) => Ok(u8::from(*value).to_string()),
            _ => refused(),
        },
        Clause::Octal => match value {
            Value::Int(value) => Ok(signed(*value, format!("{:o}", value.unsigned_abs()))),
            Value::Uint(value) => Ok(format!("{value:o}")),
            _ => refused(),
        },
        Clause::Hex(upper) => {
            let digits = match value {
                Value::Int(value) => signed(*value, format!("{:x}", value.unsigned_abs())),
                Value::Uint(value) => format!("{value:x}"),
                Value::String(text) => hex(text.as_bytes()),
                Value::Bytes(bytes) => hex(bytes),
                _ => return refused(),
            };
            Ok(if upper { digits.to_ascii_uppercase() } else { digits })
        }
    }
}

fn signed(value: i64, digits: String) -> String {
    if value < 0 { format!("-{digits}") } else { digits }
}

fn hex(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        // Writing into a string does not fail.
        let _ = write!(out, "{byte:02x}");
    }
    out
}

/// A number, or the name of one that is none.
fn double(value: &Value<'_>, clause: Clause) -> Result<f64, String> {
    match value {
        Value::Double(value) => Ok(*value),
        Value::String(text) => match &**text {
            "NaN" => Ok(f64::NAN),
            "Infinity" => Ok(f64::INFINITY),
            "-Infinity" => Ok(f64::NEG_INFINITY),
            _ => Err(clause.refuse("string")),
        },
        other => Err(clause.refuse(other.type_name())),
    }
}

/// Numbers that are none, as the locale writes them.
fn special(value: f64) -> Option<&'static str> {
    if value.is_nan() {
        Some("NaN")
    } else if value.is_infinite() {
        Some(if value > 0.0 { "∞" } else { "-∞" })
    } else {
        None
    }
}

/// With commas between thousands, as the locale writes it.
fn fixed(value: f64, precision: usize) -> String {
    if let Some(special) = special(value) {
        return special.to_owned();
    }
    let text = format!("{:.precision$}", value.abs());
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    let mut grouped = String::new();
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    let point = if fraction.is_empty() { "" } else { "." };
    let sign = if value.is_sign_negative() { "-" } else { "" };
    format!("{sign}{grouped}{point}{fraction}")
}

/// With a power of ten in superscript, as the locale writes it. What is called the precision is the width.
fn scientific(value: f64, width: usize) -> String {
    if let Some(special) = special(value) {
        return format!("{special:>width$}");
    }
    let text = number::scientific(value, DEFAULT_PRECISION);
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "+00"));
    let sign = if exponent.starts_with('-') { "⁻" } else { "" };
    let raised = exponent.trim_start_matches(['+', '-']).chars().map(|digit| match digit {
        '0' => '⁰',
        '1' => '¹',
        '2' => '²',
        '3' => '³',
        '4' => '⁴',
        '5' => '⁵',
        '6' => '⁶',
        '7' => '⁷',
        '8' => '⁸',
        _ => '⁹',
    });
    let text = format!("{mantissa}×10{sign}{}", raised.collect::<String>());
    format!("{text:>width$}")
}

fn write_string(value: &Value<'_>) -> Result<String, String> {
    match value {
        Value::List(list) => write_list(list),
        Value::Map(map) => write_map(map),
        Value::Null => Ok("null".to_owned()),
        Value::Optional(_) | Value::Library(_) | Value::Preserved(_) => {
            Err(Clause::String.refuse(value.type_name()))
        }
        other => match other.to_text() {
            Ok(Value::String(text)) => Ok(text.to_string()),
            Ok(other) => Ok(other.to_string()),
            Err(error) => Err(format!("could not convert argument {:?} to string", error.to_string())),
        },
    }
}

/// A value inside of a list or a map: as a literal of the language.
fn write_nested(value: &Value<'_>) -> Result<String, String> {
    match value {
        Value::Int(value) => Ok(value.to_string()),
        Value::Uint(value) => Ok(value.to_string()),
        Value::String(text) => Ok(go_quote(text)),
        Value::Bytes(_) => write_string(value).map(|text| format!("b{}", go_quote(&text))),
        Value::Bool(_) | Value::Null | Value::Type(_) => write_string(value),
        Value::Timestamp(_) => write_string(value).map(|text| format!("timestamp({})", go_quote(&text))),
        Value::Duration(_) => write_string(value).map(|text| format!("duration({})", go_quote(&text))),
        Value::List(list) => write_list(list),
        Value::Map(map) => write_map(map),
        Value::Double(value) if value.is_nan() => Ok("\"NaN\"".to_owned()),
        Value::Double(value) if value.is_infinite() => {
            Ok(if *value > 0.0 { "\"+Inf\"" } else { "\"-Inf\"" }.to_owned())
        }
        Value::Double(value) => Ok(format!("{value:.DEFAULT_PRECISION$}")),
        other => Err(format!("no formatting function for {}", other.type_name())),
    }
}

fn write_list(list: &List<'_>) -> Result<String, String> {
    let mut parts = Vec::with_capacity(list.len());
    for element in list.iter() {
        parts.push(write_nested(&element.map_err(|error| error.to_string())?)?);
    }
    Ok(format!("[{}]", parts.join(", ")))
}

fn write_map(map: &Map<'_>) -> Result<String, String> {
    let mut parts = Vec::with_capacity(map.len());
    for key in map.keys() {
        if !matches!(key, Value::String(_) | Value::Bool(_) | Value::Int(_) | Value::Uint(_)) {
            return Err(format!("no formatting function for map key of type {}", key.type_name()));
        }
        let value = map.find(&key).map_err(|error| error.to_string())?;
        let value = value.ok_or_else(|| format!("could not find key: {:?}", key.to_string()))?;
        parts.push((write_nested(&key)?, write_nested(&value)?));
    }
    parts.sort_by(|a, b| a.0.cmp(&b.0));
    let parts: Vec<String> = parts.into_iter().map(|(key, value)| format!("{key}:{value}")).collect();
    Ok(format!("{{{}}}", parts.join(", ")))
}

/// Go's `%q`.
pub(crate) fn go_quote(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\u{7}' => quoted.push_str("\\a"),
            '\u{8}' => quoted.push_str("\\b"),
            '\u{c}' => quoted.push_str("\\f"),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            '\u{b}' => quoted.push_str("\\v"),
            c if c < ' ' || c == '\u{7f}' => quoted.push_str(&format!("\\x{:02x}", u32::from(c))),
            c if c.is_control() || (c.is_whitespace() && c != ' ') => {
                quoted.push_str(&format!("\\u{:04x}", u32::from(c)));
            }
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

//! Semantic versions: `semver('1.2.3')`, as blang/semver reads them.

use std::cmp::Ordering;
use std::fmt;
use std::sync::Arc;

use super::format::go_quote;
use super::{Implementation, ordering, text};
use crate::error::EvalError;
use crate::value::{Library, Outcome, Value};

/// A version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Semver {
    major: u64,
    minor: u64,
    patch: u64,
    pre: Vec<Pre>,
    build: Vec<String>,
}

/// A part of a pre-release; numbers come before words.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Pre {
    Number(u64),
    Word(String),
}

impl fmt::Display for Semver {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}.{}.{}", self.major, self.minor, self.patch)?;
        for (index, part) in self.pre.iter().enumerate() {
            formatter.write_str(if index == 0 { "-" } else { "." })?;
            match part {
                Pre::Number(number) => write!(formatter, "{number}")?,
                Pre::Word(word) => formatter.write_str(word)?,
            }
        }
        if self.build.is_empty() { Ok(()) } else { write!(formatter, "+{}", self.build.join(".")) }
    }
}

impl Semver {
    /// Precedence; what was built how does not count.
    pub(crate) fn cmp(&self, other: &Self) -> Ordering {
        let numbers = |version: &Self| (version.major, version.minor, version.patch);
        numbers(self).cmp(&numbers(other)).then_with(|| match (self.pre.is_empty(), other.pre.is_empty()) {
            (true, true) => Ordering::Equal,
            (true, false) => Ordering::Greater,
            (false, true) => Ordering::Less,
            (false, false) => self.pre.cmp(&other.pre),
        })
    }
}

fn is_word(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

fn is_number(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

fn number(text: &str, name: &str, long: &str) -> Result<u64, String> {
    if !is_number(text) {
        return Err(format!("Invalid character(s) found in {name} number {}", go_quote(text)));
    }
    if text.len() > 1 && text.starts_with('0') {
        return Err(format!("{long} number must not contain leading zeroes {}", go_quote(text)));
    }
    let invalid = |why: &str| format!("strconv.ParseUint: parsing {}: {why}", go_quote(text));
    if text.is_empty() {
        return Err(invalid("invalid syntax"));
    }
    text.parse().map_err(|_| invalid("value out of range"))
}

fn pre_release(text: &str) -> Result<Pre, String> {
    if text.is_empty() {
        return Err("Prerelease is empty".to_owned());
    }
    if is_number(text) {
        if text.len() > 1 && text.starts_with('0') {
            let quoted = go_quote(text);
            return Err(format!("Numeric PreRelease version must not contain leading zeroes {quoted}"));
        }
        return text
            .parse()
            .map(Pre::Number)
            .map_err(|_| format!("strconv.ParseUint: parsing {}: value out of range", go_quote(text)));
    }
    if is_word(text) {
        Ok(Pre::Word(text.to_owned()))
    } else {
        Err(format!("Invalid character(s) found in prerelease {}", go_quote(text)))
    }
}

fn parse(text: &str) -> Result<Semver, String> {
    if text.is_empty() {
        return Err("Version string empty".to_owned());
    }
    let mut parts = text.splitn(3, '.');
    let (Some(major), Some(minor), Some(patch)) = (parts.next(), parts.next(), parts.next()) else {
        return Err("No Major.Minor.Patch elements found".to_owned());
    };
    let major = number(major, "major", "Major")?;
    let minor = number(minor, "minor", "Minor")?;
    let (patch, build) = patch.split_once('+').map_or((patch, None), |(patch, build)| (patch, Some(build)));
    let (patch, pre) = patch.split_once('-').map_or((patch, None), |(patch, pre)| (patch, Some(pre)));
    let patch = number(patch, "patch", "Patch")?;
    let pre = pre.map(|pre| pre.split('.').map(pre_release).collect::<Result<Vec<_>, _>>()).transpose()?;
    let build =
        build.map(|build| build.split('.').map(build_part).collect::<Result<Vec<_>, _>>()).transpose()?;
    Ok(Semver { major, minor, patch, pre: pre.unwrap_or_default(), build: build.unwrap_or_default() })
}

fn build_part(text: &str) -> Result<String, String> {
    if text.is_empty() {
        Err("Build meta data is empty".to_owned())
    } else if is_word(text) {
        Ok(text.to_owned())
    } else {
        Err(format!("Invalid character(s) found in build meta data {}", go_quote(text)))
    }
}

/// Takes a leading `v`, leading zeros and missing numbers.
fn normalize(text: &str) -> Result<String, String> {
    let text = text.strip_prefix('v').unwrap_or(text);
    let mut parts: Vec<String> = text.splitn(3, '.').map(str::to_owned).collect();
    for part in &mut parts {
        if part.len() > 1 {
            let trimmed = part.trim_start_matches('0');
            let digit = trimmed.starts_with(|c: char| c.is_ascii_digit());
            *part = if digit { trimmed.to_owned() } else { format!("0{trimmed}") };
        }
    }
    if parts.len() < 3 {
        if parts.last().is_some_and(|last| last.contains(['+', '-'])) {
            return Err("short version cannot contain PreRelease/Build meta data".to_owned());
        }
        parts.resize(3, "0".to_owned());
    }
    Ok(parts.join("."))
}

fn parse_args(args: &[Value<'_>]) -> Result<Result<Semver, String>, EvalError> {
    let text = text(args, 0)?;
    match args.get(1) {
        Some(Value::Bool(true)) => Ok(normalize(text).and_then(|text| parse(&text))),
        None | Some(Value::Bool(false)) => Ok(parse(text)),
        Some(_) => Err(EvalError::no_such_overload()),
    }
}

pub(super) fn implementation(overload: &str) -> Option<Implementation> {
    Some(match overload {
        "string_to_semver" | "string_bool_to_semver" => convert,
        "is_semver_string" | "is_semver_string_bool" => |args| Ok(Value::Bool(parse_args(args)?.is_ok())),
        "semver_is_greater_than" => |args| Ok(Value::Bool(order(args)? == Ordering::Greater)),
        "semver_is_less_than" => |args| Ok(Value::Bool(order(args)? == Ordering::Less)),
        "semver_compare_to" => |args| Ok(ordering(order(args)?)),
        "semver_major" => |args| Ok(part(version(args, 0)?.major)),
        "semver_minor" => |args| Ok(part(version(args, 0)?.minor)),
        "semver_patch" => |args| Ok(part(version(args, 0)?.patch)),
        _ => return None,
    })
}

fn convert<'d>(args: &[Value<'d>]) -> Outcome<'d> {
    let version = parse_args(args)?.map_err(EvalError::new)?;
    Ok(Value::Library(Library::Semver(Arc::new(version))))
}

/// A number as Go converts it.
fn part<'d>(number: u64) -> Value<'d> {
    Value::Int(number.cast_signed())
}

fn version<'a>(args: &'a [Value<'_>], index: usize) -> Result<&'a Semver, EvalError> {
    match args.get(index) {
        Some(Value::Library(Library::Semver(version))) => Ok(version),
        _ => Err(EvalError::no_such_overload()),
    }
}

fn order(args: &[Value<'_>]) -> Result<Ordering, EvalError> {
    Ok(version(args, 0)?.cmp(version(args, 1)?))
}

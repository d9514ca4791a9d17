//! Whether an object fits its schema (`typed/validate.go`). What does not cannot be applied.

use std::collections::BTreeSet;

use serde_json::{Map as Members, Value};

use super::list;
use super::schema::{Atom, List, ListKind, Map, Place, Scalar};
use crate::reason::gotext;

/// What is wrong at one place.
#[derive(Debug, PartialEq, Eq)]
struct Problem {
    path: String,
    text: String,
    /// Whether it is only that something is there twice.
    double: bool,
}

impl Problem {
    fn new(text: impl Into<String>) -> Self {
        Self { path: String::new(), text: text.into(), double: false }
    }
}

/// Whether an object is of a schema, as far as an update goes: what is there twice does not count.
pub(crate) fn fits(object: &Members<String, Value>, place: Place<'_>) -> bool {
    let mut problems = Vec::new();
    if let Some(map) = place.atom().map {
        members(object, &map, &mut problems);
    }
    problems.iter().all(|problem| problem.double)
}

/// Says what keeps an object from being of a schema, in upstream's words; `None` if nothing does.
pub(crate) fn problem(object: &Members<String, Value>, place: Place<'_>) -> Option<String> {
    let mut problems = Vec::new();
    if let Some(map) = place.atom().map {
        members(object, &map, &mut problems);
    }
    let shown = |problem: &Problem| match problem.path.is_empty() {
        true => problem.text.clone(),
        false => format!("{}: {}", problem.path, problem.text),
    };
    match problems.as_slice() {
        [] => None,
        [one] => Some(shown(one)),
        many => {
            let lines = many.iter().map(|problem| format!("\n  {}", shown(problem)));
            Some(format!("errors:{}", lines.collect::<String>()))
        }
    }
}

fn value(value: &Value, place: Place<'_>, out: &mut Vec<Problem>) {
    let atom = narrowed(place.atom(), value);
    let wrong = |expected: &str, out: &mut Vec<Problem>| {
        out.push(Problem::new(format!("expected {expected}, got &{{{}}}", gotext::value(value))));
    };
    match (atom, value) {
        (Atom { map: Some(map), .. }, Value::Object(object)) => members(object, &map, out),
        (Atom { map: Some(_), .. } | Atom { list: Some(_), scalar: None, .. }, Value::Null) => {}
        (Atom { map: Some(_), .. }, _) => wrong("map", out),
        (Atom { scalar: Some(kind), .. }, _) => out.extend(scalar(kind, value)),
        (Atom { list: Some(list), .. }, Value::Array(array)) => items(array, &list, out),
        (Atom { list: Some(_), .. }, _) => wrong("list", out),
        (Atom { .. }, _) => {}
    }
}

/// Only the branch that the value is of, where the place has one (`deduceAtom`).
pub(super) fn narrowed<'s>(atom: Atom<'s>, value: &Value) -> Atom<'s> {
    match value {
        Value::Object(_) if atom.map.is_some() => Atom { map: atom.map, ..Atom::default() },
        Value::Array(_) if atom.list.is_some() => Atom { list: atom.list, ..Atom::default() },
        Value::Bool(_) | Value::Number(_) | Value::String(_) if atom.scalar.is_some() => {
            Atom { scalar: atom.scalar, ..Atom::default() }
        }
        _ => atom,
    }
}

fn members(object: &Members<String, Value>, map: &Map<'_>, out: &mut Vec<Problem>) {
    for (name, member) in object {
        let start = out.len();
        let known = map.child(name);
        match known {
            Some(place) => value(member, place, out),
            None => {
                out.push(Problem::new("field not declared in schema"));
            }
        }
        prefix(out, start, || format!(".{name}"));
        if known.is_none() {
            return;
        }
    }
}

fn items(array: &[Value], list: &List<'_>, out: &mut Vec<Problem>) {
    let mut seen = BTreeSet::new();
    for (index, item) in array.iter().enumerate() {
        let start = out.len();
        if matches!(list.kind, ListKind::Atomic) {
            value(item, list.item, out);
            prefix(out, start, || format!("[{index}]"));
            continue;
        }
        let element = match list::element(list, item) {
            Ok(element) => element,
            Err(problem) => {
                out.push(Problem::new(format!("element {index}: {problem}")));
                return;
            }
        };
        if seen.contains(&element) {
            let text = format!("duplicate entries for key {element}");
            out.push(Problem { double: true, ..Problem::new(text) });
        }
        let start = out.len();
        value(item, list.item, out);
        prefix(out, start, || element.to_string());
        seen.insert(element);
    }
}

/// Puts a step before the paths of the problems from `start` on.
fn prefix(out: &mut [Problem], start: usize, step: impl Fn() -> String) {
    let fresh = out.get_mut(start..).unwrap_or_default();
    if fresh.is_empty() {
        return;
    }
    let step = step();
    for problem in fresh {
        problem.path.insert_str(0, &step);
    }
}

fn scalar(kind: Scalar, value: &Value) -> Option<Problem> {
    let expected = match (kind, value) {
        (_, Value::Null)
        | (Scalar::Numeric, Value::Number(_))
        | (Scalar::Text, Value::String(_))
        | (Scalar::Boolean, Value::Bool(_))
        | (Scalar::Untyped, Value::Number(_) | Value::String(_) | Value::Bool(_)) => return None,
        (Scalar::Numeric, _) => format!("numeric (int or float), got {}", gotext::go_type(value)),
        (Scalar::Text, _) => format!("string, got &value.valueUnstructured{{Value:{}}}", go_syntax(value)),
        (Scalar::Boolean, _) => format!("boolean, got &{{{}}}", gotext::value(value)),
        (Scalar::Untyped, _) => format!("any scalar, got &{{{}}}", gotext::value(value)),
    };
    Some(Problem::new(format!("expected {expected}")))
}

/// Go's `%#v` of a decoded value.
fn go_syntax(value: &Value) -> String {
    let joined = |parts: Vec<String>| parts.join(", ");
    match value {
        Value::Null => "interface {}(nil)".to_owned(),
        Value::Bool(flag) => flag.to_string(),
        Value::Number(_) => gotext::value(value),
        Value::String(text) => gotext::quote(text),
        Value::Array(items) => {
            format!("[]interface {{}}{{{}}}", joined(items.iter().map(go_syntax).collect()))
        }
        Value::Object(members) => {
            let members =
                members.iter().map(|(name, value)| format!("{}:{}", gotext::quote(name), go_syntax(value)));
            format!("map[string]interface {{}}{{{}}}", joined(members.collect()))
        }
    }
}

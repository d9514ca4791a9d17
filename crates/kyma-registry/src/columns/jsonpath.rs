//! JSONPath as printer columns use it (`k8s.io/client-go/util/jsonpath`), with missing keys allowed.

use std::borrow::Cow;

use serde_json::{Map, Value};

use super::parse::parse;
use crate::reason::gotext;

/// A parsed path, such as `.status.conditions[?(@.type=="Ready")].status`.
#[derive(Clone, Debug)]
pub struct JsonPath {
    actions: Vec<Vec<Node>>,
}

/// One step of a path.
#[derive(Clone, Debug)]
pub(super) enum Node {
    Text(String),
    Field(String),
    Slice(Slice),
    Wildcard,
    Recursive,
    Union(Vec<Vec<Node>>),
    Filter {
        left: Vec<Node>,
        operator: String,
        right: Vec<Node>,
    },
    Exists(Vec<Node>),
    Integer(i64),
    Float(f64),
    Boolean(bool),
    /// A word of templates, which means nothing in a column.
    Identifier,
}

/// A part of a list; negative numbers count from its end.
#[derive(Clone, Copy, Debug)]
pub(super) struct Slice {
    pub(super) start: Option<i64>,
    pub(super) end: Option<i64>,
    /// Written as one index.
    pub(super) single: bool,
    pub(super) step: Step,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Step {
    One,
    Of(i64),
}

/// A value that a path found: in the object, or written in the path.
#[derive(Clone, Debug)]
pub(super) enum Found<'a> {
    Root(&'a Map<String, Value>),
    Value(&'a Value),
    Literal(Value),
}

/// The path cannot be walked in this object.
struct Unwalkable;

type Walked<'a> = Result<Vec<Found<'a>>, Unwalkable>;

impl JsonPath {
    /// Reads a path.
    ///
    /// # Errors
    /// Why it cannot be read.
    pub fn parse(path: &str) -> Result<Self, String> {
        parse(path).map(|actions| Self { actions })
    }

    /// The first value that the path finds.
    pub(super) fn first<'a>(&self, object: &'a Map<String, Value>) -> Option<Found<'a>> {
        let mut first = None;
        for nodes in &self.actions {
            let found = walk(vec![Found::Root(object)], nodes).ok()?;
            first = first.or(Some(found));
        }
        first?.into_iter().next()
    }
}

impl<'a> Found<'a> {
    pub(super) fn value(&self) -> Cow<'_, Value> {
        match self {
            Self::Root(map) => Cow::Owned(Value::Object((*map).clone())),
            Self::Value(value) => Cow::Borrowed(value),
            Self::Literal(value) => Cow::Borrowed(value),
        }
    }

    pub(super) fn is_literal_integer(&self) -> bool {
        matches!(self, Self::Literal(Value::Number(number)) if number.is_i64())
    }

    /// The value as Go prints it: text as it is, lists and objects as JSON.
    pub(super) fn text(&self) -> String {
        match &*self.value() {
            Value::Null => "<no value>".to_owned(),
            Value::String(text) => text.clone(),
            Value::Number(number) if number.as_i64().is_none() => {
                number.as_f64().map_or_else(|| number.to_string(), gotext::float)
            }
            value => gotext::json(value),
        }
    }

    fn field(&self, name: &str) -> Option<Found<'a>> {
        match self {
            Self::Root(map) => map.get(name).map(Found::Value),
            Self::Value(value) => value.get(name).map(Found::Value),
            Self::Literal(_) => None,
        }
    }

    fn is_null(&self) -> bool {
        matches!(self, Self::Value(Value::Null) | Self::Literal(Value::Null))
    }

    fn children(&self) -> Vec<Found<'a>> {
        match self {
            Self::Root(map) => map.values().map(Found::Value).collect(),
            Self::Value(Value::Object(map)) => map.values().map(Found::Value).collect(),
            Self::Value(Value::Array(items)) => items.iter().map(Found::Value).collect(),
            // Go takes a string for a list of bytes here.
            Self::Value(Value::String(text)) => text.bytes().map(|b| Found::Literal(b.into())).collect(),
            Self::Literal(Value::String(text)) => text.bytes().map(|b| Found::Literal(b.into())).collect(),
            Self::Value(_) | Self::Literal(_) => Vec::new(),
        }
    }
}

fn walk<'a>(start: Vec<Found<'a>>, nodes: &[Node]) -> Walked<'a> {
    nodes.iter().try_fold(start, |found, node| step(found, node))
}

fn step<'a>(input: Vec<Found<'a>>, node: &Node) -> Walked<'a> {
    let literal = |value: Value| Ok(input.iter().map(|_| Found::Literal(value.clone())).collect());
    match node {
        // A text is there once, whatever was found before.
        Node::Text(text) => Ok(vec![Found::Literal(Value::from(text.as_str()))]),
        Node::Integer(integer) => literal(Value::from(*integer)),
        Node::Float(float) => literal(Value::from(*float)),
        Node::Boolean(flag) => literal(Value::from(*flag)),
        Node::Field(name) => Ok(input.iter().filter_map(|found| found.field(name)).collect()),
        Node::Wildcard => Ok(input.iter().flat_map(Found::children).collect()),
        Node::Recursive => Ok(descend(input)),
        Node::Union(branches) => {
            let mut all = Vec::new();
            for branch in branches {
                all.extend(walk(input.clone(), branch)?);
            }
            Ok(all)
        }
        Node::Slice(slice) => {
            let mut all = Vec::new();
            for found in input.iter().filter(|found| !found.is_null()) {
                let Found::Value(Value::Array(items)) = found else { return Err(Unwalkable) };
                let Some(part) = slice.of(items)? else { return Ok(all) };
                all.extend(part);
            }
            Ok(all)
        }
        // Upstream counts what cannot be walked as something that is there.
        Node::Exists(path) => {
            filter(&input, |item| Ok(walk(vec![item], path).map_or(true, |found| !found.is_empty())))
        }
        Node::Filter { left, operator, right } => filter(&input, |item| {
            let (Some(left), Some(right)) = (single(item.clone(), left)?, single(item, right)?) else {
                return Ok(false);
            };
            compare(&left.value(), operator, &right.value())
        }),
        Node::Identifier => Err(Unwalkable),
    }
}

/// Every value that holds others, from the outside in.
fn descend(input: Vec<Found<'_>>) -> Vec<Found<'_>> {
    let mut all = Vec::new();
    for found in input {
        let children = found.children();
        if !children.is_empty() {
            all.push(found);
            all.extend(descend(children));
        }
    }
    all
}

fn filter<'a>(input: &[Found<'a>], keep: impl Fn(Found<'a>) -> Result<bool, Unwalkable>) -> Walked<'a> {
    let mut all = Vec::new();
    for found in input {
        let Found::Value(Value::Array(items)) = found else { return Err(Unwalkable) };
        for item in items {
            if keep(Found::Value(item))? {
                all.push(Found::Value(item));
            }
        }
    }
    Ok(all)
}

/// What a path finds in an item of a filtered list: at most one value.
fn single<'a>(item: Found<'a>, path: &[Node]) -> Result<Option<Found<'a>>, Unwalkable> {
    let mut found = walk(vec![item], path)?;
    if found.len() > 1 { Err(Unwalkable) } else { Ok(found.pop()) }
}

/// Go compares values of one type only; booleans only for equality.
fn compare(left: &Value, operator: &str, right: &Value) -> Result<bool, Unwalkable> {
    let order = match (left, right) {
        (Value::String(left), Value::String(right)) => left.cmp(right),
        (Value::Number(left), Value::Number(right)) => match (left.as_i64(), right.as_i64()) {
            (Some(left), Some(right)) => left.cmp(&right),
            (None, None) => left.as_f64().partial_cmp(&right.as_f64()).ok_or(Unwalkable)?,
            _ => return Err(Unwalkable),
        },
        (Value::Bool(left), Value::Bool(right)) if matches!(operator, "==" | "!=") => left.cmp(right),
        _ => return Err(Unwalkable),
    };
    match operator {
        "==" => Ok(order.is_eq()),
        "!=" => Ok(order.is_ne()),
        "<" => Ok(order.is_lt()),
        "<=" => Ok(order.is_le()),
        ">" => Ok(order.is_gt()),
        ">=" => Ok(order.is_ge()),
        _ => Err(Unwalkable),
    }
}

impl Slice {
    /// The items; none at all, not even of further lists, where no item is asked for.
    fn of(self, items: &[Value]) -> Result<Option<impl Iterator<Item = Found<'_>>>, Unwalkable> {
        let length = i64::try_from(items.len()).map_err(|_| Unwalkable)?;
        let from_end = |index: i64| if index < 0 { index + length } else { index };
        let start = from_end(self.start.unwrap_or(0));
        let end = match self.end {
            None => length,
            // The index -1 ends at the end of the list, not at its beginning.
            Some(0) if self.single => length,
            Some(end) => from_end(end),
        };
        if start == end {
            return Ok(None);
        }
        let in_bounds = (0..length).contains(&start) && (0..=length).contains(&end) && start <= end;
        let range = usize::try_from(start).ok().zip(usize::try_from(end).ok()).filter(|_| in_bounds);
        let (start, end) = range.ok_or(Unwalkable)?;
        let step = match self.step {
            Step::One => 1,
            Step::Of(step) => usize::try_from(step).ok().filter(|step| *step > 0).ok_or(Unwalkable)?,
        };
        let part = items.get(start..end).ok_or(Unwalkable)?;
        Ok(Some(part.iter().step_by(step).map(Found::Value)))
    }
}

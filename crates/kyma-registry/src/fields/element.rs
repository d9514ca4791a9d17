//! One step of a path (`fieldpath/element.go`), with the order in which sets keep and write them.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::fmt;

use serde_json::Value;

use crate::reason::gotext;

/// How a part is found in what holds it. The order of the variants is the order in which they are written.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Element<'a> {
    /// A member of a map.
    Field(Cow<'a, str>),
    /// The item of a list whose key members have these values, by name.
    Key(Box<[(Cow<'a, str>, Datum<'a>)]>),
    /// The item of a set that is this value.
    Value(Datum<'a>),
    /// The item at this place.
    Index(i64),
}

/// A value that tells items of a list apart.
#[derive(Clone, Debug)]
pub(crate) enum Datum<'a> {
    /// A whole number of an object.
    Integer(i64),
    /// Any other number, and every number that was read from a set.
    Float(f64),
    Text(Cow<'a, str>),
    Bool(bool),
    /// A list or an object, which no valid list has as a key.
    Tree(Box<Value>),
    Null,
}

impl<'a> Datum<'a> {
    /// A value of an object.
    pub(crate) fn of(value: &'a Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(flag) => Self::Bool(*flag),
            Value::Number(number) => match number.as_i64() {
                Some(integer) => Self::Integer(integer),
                None => Self::Float(number.as_f64().unwrap_or_default()),
            },
            Value::String(text) => Self::Text(Cow::Borrowed(text)),
            tree => Self::Tree(Box::new(tree.clone())),
        }
    }

    /// A value out of the text of a set. There upstream's decoder makes a float of every number, as messages show.
    pub(crate) fn decoded(value: Value) -> Datum<'static> {
        match value {
            Value::Null => Datum::Null,
            Value::Bool(flag) => Datum::Bool(flag),
            Value::Number(number) => Datum::Float(number.as_f64().unwrap_or_default()),
            Value::String(text) => Datum::Text(Cow::Owned(text)),
            tree => Datum::Tree(Box::new(tree)),
        }
    }

    /// As `encoding/json` writes it, `<`, `>` and `&` escaped.
    pub(crate) fn to_json(&self) -> String {
        match self {
            Self::Integer(integer) => integer.to_string(),
            Self::Float(float) => gotext::json(&Value::from(*float)),
            Self::Text(text) => gotext::json(&Value::from(&**text)),
            Self::Bool(flag) => flag.to_string(),
            Self::Tree(tree) => gotext::json(tree),
            Self::Null => "null".to_owned(),
        }
    }

    fn rank(&self) -> u8 {
        match self {
            Self::Integer(_) | Self::Float(_) => 0,
            Self::Text(_) => 1,
            Self::Bool(_) => 2,
            Self::Tree(_) => 3,
            Self::Null => 4,
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "upstream compares whole numbers with floats as floats")]
fn as_float(integer: i64) -> f64 {
    integer as f64
}

impl Ord for Datum<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        let floats = |a: f64, b: f64| a.partial_cmp(&b).unwrap_or(Ordering::Equal);
        match (self, other) {
            (Self::Integer(a), Self::Integer(b)) => a.cmp(b),
            (Self::Float(a), Self::Float(b)) => floats(*a, *b),
            (Self::Integer(a), Self::Float(b)) => floats(as_float(*a), *b),
            (Self::Float(a), Self::Integer(b)) => floats(*a, as_float(*b)),
            (Self::Text(a), Self::Text(b)) => a.cmp(b),
            (Self::Bool(a), Self::Bool(b)) => a.cmp(b),
            (Self::Tree(a), Self::Tree(b)) => gotext::json(a).cmp(&gotext::json(b)),
            _ => self.rank().cmp(&other.rank()),
        }
    }
}

impl PartialOrd for Datum<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Datum<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Datum<'_> {}

/// As Go's messages show it.
impl fmt::Display for Datum<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Integer(integer) => write!(f, "{integer}"),
            Self::Float(float) => f.write_str(&gotext::float(*float)),
            Self::Text(text) => f.write_str(&gotext::quote(text)),
            Self::Bool(flag) => write!(f, "{flag}"),
            Self::Tree(tree) => f.write_str(&gotext::json(tree)),
            Self::Null => f.write_str("null"),
        }
    }
}

/// As a part of a path in a message: `.spec`, `[name="a",port=80]`, `[="a"]`, `[0]`.
impl fmt::Display for Element<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Field(name) => write!(f, ".{name}"),
            Self::Key(members) => {
                f.write_str("[")?;
                for (position, (name, value)) in members.iter().enumerate() {
                    let separator = if position > 0 { "," } else { "" };
                    write!(f, "{separator}{name}={value}")?;
                }
                f.write_str("]")
            }
            Self::Value(value) => write!(f, "[={value}]"),
            Self::Index(index) => write!(f, "[{index}]"),
        }
    }
}

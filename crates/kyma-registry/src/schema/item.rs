//! A JSON value as Go's decoder sees it: integers and floats are different types.

use serde_json::{Map, Value};

use super::node::Type;

/// A borrowed value.
#[derive(Clone, Copy, Debug)]
pub(super) enum Item<'a> {
    Null,
    Object(&'a Map<String, Value>),
    Array(&'a [Value]),
    String(&'a str),
    Boolean(bool),
    Integer(i64),
    /// Also integers beyond 64 signed bits, as in Go.
    Float(f64),
}

impl<'a> From<&'a Value> for Item<'a> {
    fn from(value: &'a Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Object(map) => Self::Object(map),
            Value::Array(items) => Self::Array(items),
            Value::String(text) => Self::String(text),
            Value::Bool(flag) => Self::Boolean(*flag),
            Value::Number(number) => match number.as_i64() {
                Some(integer) => Self::Integer(integer),
                None => Self::Float(number.as_f64().unwrap_or_default()),
            },
        }
    }
}

impl<'a> Item<'a> {
    /// The type of a value that is not null.
    pub(super) fn kind(self) -> Option<Type> {
        match self {
            Self::Null => None,
            Self::Object(_) => Some(Type::Object),
            Self::Array(_) => Some(Type::Array),
            Self::String(_) => Some(Type::String),
            Self::Boolean(_) => Some(Type::Boolean),
            Self::Integer(_) => Some(Type::Integer),
            Self::Float(_) => Some(Type::Number),
        }
    }

    /// The value again, for a message.
    pub(super) fn to_value(self) -> Value {
        match self {
            Self::Null => Value::Null,
            Self::Object(map) => Value::Object(map.clone()),
            Self::Array(items) => Value::Array(items.to_vec()),
            Self::String(text) => Value::from(text),
            Self::Boolean(flag) => Value::from(flag),
            Self::Integer(integer) => Value::from(integer),
            Self::Float(float) => Value::from(float),
        }
    }

    pub(super) fn as_object(self) -> Option<&'a Map<String, Value>> {
        match self {
            Self::Object(map) => Some(map),
            _ => None,
        }
    }

    /// Equality without regard to any schema (`reflect.DeepEqual`).
    pub(super) fn same(self, other: Self) -> bool {
        match (self, other) {
            (Self::Null, Self::Null) => true,
            (Self::Object(a), Self::Object(b)) => a == b,
            (Self::Array(a), Self::Array(b)) => a == b,
            (Self::String(a), Self::String(b)) => a == b,
            (Self::Boolean(a), Self::Boolean(b)) => a == b,
            (Self::Integer(a), Self::Integer(b)) => a == b,
            (Self::Float(a), Self::Float(b)) => a == b,
            _ => false,
        }
    }
}

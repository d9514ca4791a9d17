//! What functions do, by the names of their overloads.

pub(crate) mod cidr;
pub(crate) mod format;
pub(crate) mod format_named;
mod ip;
mod lists;
mod operators;
mod optional;
pub(crate) mod quantity;
mod regex;
pub(crate) mod semver;
mod strings;
pub(crate) mod times;
pub(crate) mod url;

use std::cmp::Ordering;

use crate::error::EvalError;
use crate::value::{List, Map, Outcome, Value};

/// An implementation: its arguments, of a member function the target first, and the result.
pub(crate) type Implementation = for<'a, 'd> fn(&'a [Value<'d>]) -> Outcome<'d>;

/// How a function finds its implementation.
pub(crate) enum Binding {
    /// One for all overloads; the first argument has to have the trait.
    Singleton(Implementation, Trait),
    /// One for every overload.
    PerOverload,
}

/// What a value can do, which one implementation for all overloads asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trait {
    None,
    Adder,
    Comparer,
    Divider,
    Lister,
    Matcher,
    Modder,
    Multiplier,
    Negator,
    Sizer,
    Subtractor,
}

impl Trait {
    pub(crate) fn has(self, value: &Value<'_>) -> bool {
        use Value as V;
        let number = matches!(value, V::Int(_) | V::Uint(_) | V::Double(_));
        let time = matches!(value, V::Duration(_) | V::Timestamp(_));
        let sequence = matches!(value, V::String(_) | V::Bytes(_));
        match self {
            Self::None => true,
            Self::Adder => number || time || sequence || matches!(value, V::List(_)),
            Self::Comparer => number || time || sequence || matches!(value, V::Bool(_)),
            Self::Divider | Self::Multiplier => number,
            Self::Lister => matches!(value, V::List(_)),
            Self::Matcher => matches!(value, V::String(_)),
            Self::Modder => matches!(value, V::Int(_) | V::Uint(_)),
            Self::Negator => matches!(value, V::Bool(_) | V::Int(_) | V::Double(_) | V::Duration(_)),
            Self::Sizer => sequence || matches!(value, V::List(_) | V::Map(_)),
            Self::Subtractor => number || time,
        }
    }
}

/// How a function finds its implementation; most have one for every overload.
pub(crate) fn binding(function: &str) -> Binding {
    let (implementation, needed): (Implementation, Trait) = match function {
        "_+_" => (operators::add, Trait::Adder),
        "_-_" => (operators::subtract, Trait::Subtractor),
        "_*_" => (operators::multiply, Trait::Multiplier),
        "_/_" => (operators::divide, Trait::Divider),
        "_%_" => (operators::modulo, Trait::Modder),
        "-_" => (operators::negate, Trait::Negator),
        "!_" => (operators::not, Trait::None),
        "_<_" => (operators::less, Trait::Comparer),
        "_<=_" => (operators::less_equals, Trait::Comparer),
        "_>_" => (operators::greater, Trait::Comparer),
        "_>=_" => (operators::greater_equals, Trait::Comparer),
        "@in" => (operators::contains, Trait::None),
        "size" => (operators::size, Trait::Sizer),
        "type" => (operators::type_of, Trait::None),
        "dyn" => (operators::identity, Trait::None),
        "matches" => (regex::matches, Trait::Matcher),
        "sort" => (lists::sort, Trait::Lister),
        "@sortByAssociatedKeys" => (lists::sort_by_keys, Trait::Lister),
        _ => return Binding::PerOverload,
    };
    Binding::Singleton(implementation, needed)
}

/// Functions whose arguments are not checked before they are called.
pub(crate) fn is_unguarded(function: &str) -> bool {
    matches!(function, "contains" | "endsWith" | "startsWith" | "flatten")
}

/// The implementation of an overload.
pub(crate) fn implementation(overload: &str) -> Option<Implementation> {
    let tables: [fn(&str) -> Option<Implementation>; 11] = [
        operators::conversion,
        times::implementation,
        strings::implementation,
        regex::implementation,
        lists::implementation,
        optional::implementation,
        quantity::implementation,
        ip::implementation,
        cidr::implementation,
        url::implementation,
        semver::implementation,
    ];
    tables.into_iter().find_map(|find| find(overload)).or_else(|| format_named::implementation(overload))
}

fn no_such_overload<'d>() -> Outcome<'d> {
    Err(EvalError::no_such_overload())
}

fn text<'a>(args: &'a [Value<'_>], index: usize) -> Result<&'a str, EvalError> {
    args.get(index).and_then(Value::as_str).ok_or_else(EvalError::no_such_overload)
}

fn int(args: &[Value<'_>], index: usize) -> Result<i64, EvalError> {
    match args.get(index) {
        Some(Value::Int(value)) => Ok(*value),
        _ => Err(EvalError::no_such_overload()),
    }
}

fn list<'a, 'd>(args: &'a [Value<'d>], index: usize) -> Result<&'a List<'d>, EvalError> {
    match args.get(index) {
        Some(Value::List(list)) => Ok(list),
        _ => Err(EvalError::no_such_overload()),
    }
}

fn map<'a, 'd>(args: &'a [Value<'d>], index: usize) -> Result<&'a Map<'d>, EvalError> {
    match args.get(index) {
        Some(Value::Map(map)) => Ok(map),
        _ => Err(EvalError::no_such_overload()),
    }
}

fn ordering<'d>(order: Ordering) -> Value<'d> {
    Value::Int(match order {
        Ordering::Less => -1,
        Ordering::Equal => 0,
        Ordering::Greater => 1,
    })
}

fn number<'d>(value: usize) -> Value<'d> {
    Value::Int(i64::try_from(value).unwrap_or(i64::MAX))
}

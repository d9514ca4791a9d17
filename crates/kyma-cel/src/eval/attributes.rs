//! Finds the value of an attribute.

use std::sync::Arc;

use super::Evaluator;
use crate::error::EvalError;
use crate::plan::{Attr, Qualifier, Root, check_key};
use crate::value::{Outcome, Value};

/// What a qualifier leads to, if it leads anywhere.
type Found<'d> = Result<Option<Value<'d>>, EvalError>;

impl<'d> Evaluator<'d> {
    pub(super) fn resolve(&mut self, attr: &'d Attr) -> Outcome<'d> {
        let start = match &attr.root {
            Root::Variable { name, global: true, .. } => self.variable(name)?,
            Root::Variable { name, take, .. } => self.lookup(name, *take)?,
            Root::Relative { operand, .. } => self.eval(operand)?,
            Root::Conditional { condition, truthy, falsy, .. } => {
                return match self.eval(condition)? {
                    Value::Bool(true) => self.resolve(truthy),
                    Value::Bool(false) => self.resolve(falsy),
                    _ => Err(EvalError::no_such_overload()),
                };
            }
        };
        self.follow(start, &attr.qualifiers)
    }

    /// Goes the way of the qualifiers; behind a question mark, or from an optional value on, it may end.
    fn follow(&mut self, start: Value<'d>, qualifiers: &'d [Arc<Qualifier>]) -> Outcome<'d> {
        let mut optional = false;
        let mut value = start;
        if let Value::Optional(inner) = value {
            let Some(inner) = inner else { return Ok(Value::Optional(None)) };
            optional = true;
            value = inner.as_ref().clone();
        }
        for qualifier in qualifiers {
            optional = optional || qualifier.is_optional();
            match self.qualify(&value, qualifier, optional)? {
                Some(found) => value = found,
                None => return Ok(Value::Optional(None)),
            }
        }
        Ok(if optional { Value::some(value) } else { value })
    }

    /// One step of the way; without `if_present` a missing value is an error.
    fn qualify(&mut self, value: &Value<'d>, qualifier: &'d Qualifier, if_present: bool) -> Found<'d> {
        match qualifier {
            Qualifier::Constant { id, key, test_only, .. } => {
                let key: Value<'d> = key.clone();
                let mut found = find(value, &key, if_present || *test_only);
                if *test_only && !if_present {
                    found = found.map(|found| Some(Value::Bool(found.is_some())));
                }
                // On a way that may end, what is not found is not counted.
                if !if_present || matches!(found, Ok(Some(_))) {
                    self.tracker.step();
                    let noted = found.as_ref().ok().cloned().flatten();
                    self.tracker.push(&Ok(noted.unwrap_or(Value::Null)), *id)?;
                }
                found
            }
            Qualifier::Attr { id, attr, .. } => {
                let found = self.resolve(attr).and_then(|key| find_dynamic(value, &key, if_present));
                self.note(&found, if_present, *id, None)?;
                found
            }
            Qualifier::Relative { attr, .. } => {
                let found = self.resolve(attr).and_then(|key| find_dynamic(value, &key, if_present));
                self.note(&found, if_present, attr.id(), Some(attr))?;
                found
            }
        }
    }

    fn note(
        &mut self,
        found: &Found<'d>,
        if_present: bool,
        id: i64,
        attr: Option<&Attr>,
    ) -> Result<(), EvalError> {
        if let Err(error) = found
            && error.is_final()
        {
            return Err(error.clone());
        }
        if if_present && !matches!(found, Ok(Some(_))) {
            return Ok(());
        }
        match attr {
            Some(attr) => self.tracker.attribute(attr),
            None => self.tracker.step(),
        }
        let noted = found.as_ref().ok().cloned().flatten();
        self.tracker.push(&Ok(noted.unwrap_or(Value::Null)), id)
    }
}

fn find_dynamic<'d>(value: &Value<'d>, key: &Value<'d>, if_present: bool) -> Found<'d> {
    check_key(key).map_err(EvalError::new)?;
    find(value, key, if_present)
}

/// The element or entry of that key.
fn find<'d>(value: &Value<'d>, key: &Value<'d>, if_present: bool) -> Found<'d> {
    let missing = |what: &str| {
        if if_present { Ok(None) } else { Err(EvalError::new(format!("{what}: {key}"))) }
    };
    match value {
        Value::Map(map) => match map.find(key)? {
            Some(found) => Ok(Some(found)),
            None => missing("no such key"),
        },
        Value::List(list) => {
            let index = index(key)?;
            match usize::try_from(index).ok().and_then(|index| list.get(index)) {
                Some(found) => found_element(key, list, found),
                None => missing("index out of bounds"),
            }
        }
        _ => missing("no such key"),
    }
}

/// An element of the data is reached by whole numbers alone.
fn found_element<'d>(key: &Value<'d>, list: &crate::value::List<'d>, found: Outcome<'d>) -> Found<'d> {
    if !list.is_owned() && !matches!(key, Value::Int(_)) {
        return Err(EvalError::new(format!("unsupported index: {key}")));
    }
    found.map(Some)
}

fn index(key: &Value<'_>) -> Result<i64, EvalError> {
    let unsupported = || EvalError::new(format!("unsupported index value {key} in list"));
    match key {
        Value::Int(index) => Ok(*index),
        Value::Uint(index) => i64::try_from(*index).map_err(|_| unsupported()),
        Value::Double(index) => crate::value::lossless_int(*index).ok_or_else(unsupported),
        other => Err(EvalError::new(format!("unsupported index type '{}' in list", other.type_name()))),
    }
}

//! Maps and objects: of the data, or made during the evaluation.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::{Map as JsonMap, Value as Json};

use super::{Outcome, Text, Value, equal, read};
use crate::decl::{DeclKind, DeclType};
use crate::error::EvalError;
use crate::escaping;

/// A map or an object.
#[derive(Debug, Clone)]
pub enum Map<'d> {
    /// Of the data, with the declared type.
    Data(&'d JsonMap<String, Json>, &'d DeclType),
    /// Made during the evaluation.
    Owned(Arc<OwnedMap<'d>>),
}

/// Entries in the order in which they were made.
#[derive(Debug, Clone, Default)]
pub struct OwnedMap<'d> {
    entries: Vec<(Value<'d>, Value<'d>)>,
    index: HashMap<MapKey, usize>,
}

/// What keys can be.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum MapKey {
    Bool(bool),
    Int(i64),
    Uint(u64),
    Double(u64),
    String(String),
    Other(String),
}

impl MapKey {
    /// The key that a value is.
    pub(crate) fn of(value: &Value<'_>) -> Self {
        match value {
            Value::Bool(value) => Self::Bool(*value),
            Value::Int(value) => Self::Int(*value),
            Value::Uint(value) => Self::Uint(*value),
            // Both zeros are one key.
            Value::Double(value) => Self::Double((value + 0.0).to_bits()),
            Value::String(text) => Self::String((**text).to_owned()),
            other => Self::Other(format!("{}:{other}", other.type_name())),
        }
    }
}

impl<'d> OwnedMap<'d> {
    /// Sets an entry; the last value of a key stays.
    pub(crate) fn insert(&mut self, key: Value<'d>, value: Value<'d>) {
        let at = *self.index.entry(MapKey::of(&key)).or_insert(self.entries.len());
        match self.entries.get_mut(at) {
            Some(entry) => entry.1 = value,
            None => self.entries.push((key, value)),
        }
    }

    /// Forgets an entry.
    pub(crate) fn remove(&mut self, key: &Value<'d>) {
        if let Some(at) = self.index.remove(&MapKey::of(key)) {
            self.entries.remove(at);
            for place in self.index.values_mut().filter(|place| **place > at) {
                *place -= 1;
            }
        }
    }

    fn lookup(&self, key: &MapKey) -> Option<&Value<'d>> {
        self.index.get(key).and_then(|at| self.entries.get(*at)).map(|(_, value)| value)
    }

    /// The value of a key; numbers of other types that are equal find it, too.
    fn find(&self, key: &Value<'d>) -> Option<Value<'d>> {
        let found = self.lookup(&MapKey::of(key));
        let other = || match key {
            Value::Double(value) => {
                let int = lossless_int(*value).and_then(|int| self.lookup(&MapKey::Int(int)));
                int.or_else(|| self.lookup(&MapKey::Uint(lossless_uint(*value)?)))
            }
            Value::Int(value) => self.lookup(&MapKey::Uint(u64::try_from(*value).ok()?)),
            Value::Uint(value) => self.lookup(&MapKey::Int(i64::try_from(*value).ok()?)),
            _ => None,
        };
        found.or_else(other).cloned()
    }
}

/// The integer that a number is, if it is one.
pub(crate) fn lossless_int(value: f64) -> Option<i64> {
    let int = super::convert::double_to_int(value).ok()?;
    #[expect(clippy::cast_precision_loss, reason = "the comparison finds out whether precision was lost")]
    let same = int as f64 == value;
    same.then_some(int)
}

fn lossless_uint(value: f64) -> Option<u64> {
    let uint = super::convert::double_to_uint(value).ok()?;
    #[expect(clippy::cast_precision_loss, reason = "the comparison finds out whether precision was lost")]
    let same = uint as f64 == value;
    same.then_some(uint)
}

impl<'d> Map<'d> {
    pub(crate) fn is_owned(&self) -> bool {
        matches!(self, Self::Owned(_))
    }

    /// How many entries there are; of the data also those that the schema does not know.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::Data(object, _) => object.len(),
            Self::Owned(map) => map.entries.len(),
        }
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The value of a key.
    ///
    /// # Errors
    /// The key cannot be one, or the data are wrong.
    pub fn find(&self, key: &Value<'d>) -> Result<Option<Value<'d>>, EvalError> {
        match self {
            Self::Owned(map) => Ok(map.find(key)),
            Self::Data(..) => {
                let Value::String(name) = key else { return Err(EvalError::no_such_overload()) };
                self.find_str(name).transpose()
            }
        }
    }

    pub(crate) fn find_str(&self, name: &str) -> Option<Outcome<'d>> {
        match self {
            Self::Owned(map) => map.lookup(&MapKey::String(name.to_owned())).cloned().map(Ok),
            Self::Data(object, decl) => match &decl.kind {
                DeclKind::Map(values) => object.get(name).map(|value| read(value, values)),
                DeclKind::Object(declared) => {
                    let name = if declared.fields.is_empty() {
                        std::borrow::Cow::Borrowed(name)
                    } else {
                        escaping::unescape(name)?
                    };
                    // A field that is null counts as missing.
                    let value = object.get(&*name).filter(|value| !value.is_null())?;
                    let field = declared.fields.get(&*name)?;
                    Some(read(value, &field.decl))
                }
                _ => None,
            },
        }
    }

    /// The keys; of an object as expressions write them.
    #[must_use]
    pub fn keys(&self) -> Vec<Value<'d>> {
        match self {
            Self::Owned(map) => map.entries.iter().map(|(key, _)| key.clone()).collect(),
            Self::Data(object, decl) => {
                let known = object.keys().filter_map(|name| match &decl.kind {
                    DeclKind::Map(_) => Some(Value::String(Text::Borrowed(name))),
                    DeclKind::Object(declared) => declared.fields.get(name).map(|_| {
                        let escaped = escaping::escape(name).filter(|escaped| escaped != name);
                        escaped.map_or(Value::String(Text::Borrowed(name)), Value::text)
                    }),
                    _ => None,
                });
                // Entries that the schema does not know have no key, but they count.
                let mut keys: Vec<Value<'d>> = known.collect();
                keys.resize(object.len(), Value::Null);
                keys
            }
        }
    }

    /// The map with one more entry; without a copy if nobody else has it.
    pub(crate) fn insert(self, key: Value<'d>, value: Value<'d>) -> Result<Self, EvalError> {
        if self.find(&key)?.is_some() {
            return Err(EvalError::new(format!("insert failed: key {key} already exists")));
        }
        let mut map = match self {
            Self::Owned(map) => map,
            Self::Data(..) => {
                let mut copy = OwnedMap::default();
                for name in self.keys() {
                    if let Some(value) = self.find(&name)? {
                        copy.insert(name, value);
                    }
                }
                Arc::new(copy)
            }
        };
        Arc::make_mut(&mut map).insert(key, value);
        Ok(Self::Owned(map))
    }

    pub(crate) fn equals(&self, other: &Self) -> Result<bool, EvalError> {
        if self.len() != other.len() {
            return Ok(false);
        }
        let Self::Data(object, decl) = self else { return Ok(self.equals_entries(other)) };
        for (name, value) in *object {
            let known = match &decl.kind {
                DeclKind::Map(_) => true,
                DeclKind::Object(declared) => declared.fields.contains_key(name),
                _ => false,
            };
            if !known {
                let Self::Data(others, _) = other else { return Err(EvalError::no_such_overload()) };
                if others.get(name).is_some_and(|other| !super::equality::same_json(value, other)) {
                    return Ok(false);
                }
                continue;
            }
            match (self.find_str(name), other.find_str(name)) {
                (None, None) => {}
                (Some(own), Some(others)) => {
                    if !equal(&own?, &others?)? {
                        return Ok(false);
                    }
                }
                _ => return Ok(false),
            }
        }
        Ok(true)
    }

    fn equals_entries(&self, other: &Self) -> bool {
        let Self::Owned(map) = self else { return false };
        map.entries.iter().all(|(key, value)| match other.find(key) {
            Ok(Some(found)) => equal(value, &found).unwrap_or(true),
            Ok(None) => false,
            Err(_) => true,
        })
    }
}

//! Lists: of the data, or made during the evaluation.

use std::collections::{HashMap, HashSet};
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use serde_json::Value as Json;

use super::{Outcome, Value, equal, read};
use crate::decl::{DeclType, ListType};
use crate::error::EvalError;

/// A list.
#[derive(Debug, Clone)]
pub enum List<'d> {
    /// Of the data: the elements, their type, and how the list compares and adds.
    Data(&'d [Json], &'d DeclType, &'d ListType),
    /// Made during the evaluation; a sum of lists of the data compares and adds as they do.
    Owned(Arc<Vec<Value<'d>>>, Option<&'d ListType>),
}

/// What tells elements of a set or of a list by keys apart.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Key {
    Null,
    Bool(bool),
    Int(i64),
    Uint(u64),
    Double(Double),
    String(String),
    Bytes(Vec<u8>),
    Duration(i64),
    Timestamp(i64, u32),
    Many(Vec<Key>),
    /// Equal to none.
    Unknown,
}

/// A number as Go's maps have it for a key: both zeros are one, and a NaN is found by nobody.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Double(f64);

// Not for a NaN: a set then has it, and never finds it.
impl Eq for Double {}

impl Hash for Double {
    fn hash<H: Hasher>(&self, state: &mut H) {
        // Adding zero makes -0 a 0.
        (self.0 + 0.0).to_bits().hash(state);
    }
}

impl<'d> List<'d> {
    pub(crate) fn owned(elements: Vec<Value<'d>>) -> Self {
        Self::Owned(Arc::new(elements), None)
    }

    pub(crate) fn is_owned(&self) -> bool {
        matches!(self, Self::Owned(..))
    }

    /// How many elements there are.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::Data(items, ..) => items.len(),
            Self::Owned(items, _) => items.len(),
        }
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The element at an index, if there is one.
    ///
    /// # Errors
    /// What is wrong with the data.
    pub fn get(&self, index: usize) -> Option<Outcome<'d>> {
        match self {
            Self::Data(items, decl, _) => items.get(index).map(|item| read(item, decl)),
            Self::Owned(items, _) => items.get(index).cloned().map(Ok),
        }
    }

    /// All elements in order; one that is wrong in the data is an error.
    pub fn iter(&self) -> impl Iterator<Item = Outcome<'d>> + '_ {
        (0..self.len()).map_while(|index| self.get(index))
    }

    /// All elements.
    pub(crate) fn collect(&self) -> Result<Vec<Value<'d>>, EvalError> {
        self.iter().collect()
    }

    fn list_type(&self) -> Option<&'d ListType> {
        match self {
            Self::Data(_, _, kind) => Some(kind),
            Self::Owned(_, kind) => *kind,
        }
    }

    /// The elements of one list and those of another, as the first one's type has it.
    pub(crate) fn add(&self, other: &Self) -> Result<Self, EvalError> {
        match self.list_type() {
            Some(ListType::Set) => self.union(other),
            Some(ListType::Map(keys)) => self.merge(other, keys),
            kind => {
                if self.is_owned() && self.is_empty() {
                    return Ok(other.clone());
                }
                if self.is_owned() && other.is_empty() && kind.is_none() {
                    return Ok(self.clone());
                }
                let mut elements = self.collect()?;
                elements.extend(other.collect()?);
                Ok(Self::owned(elements))
            }
        }
    }

    /// The list with one more element; without a copy if nobody else has it.
    pub(crate) fn append(self, added: &Self) -> Result<Self, EvalError> {
        match self {
            Self::Owned(mut elements, None) => {
                let more = added.collect()?;
                Arc::make_mut(&mut elements).extend(more);
                Ok(Self::Owned(elements, None))
            }
            other => other.add(added),
        }
    }

    fn union(&self, other: &Self) -> Result<Self, EvalError> {
        let mut elements = self.collect()?;
        let mut keys = elements.iter().map(set_key).collect::<Result<HashSet<_>, _>>()?;
        for element in other.iter() {
            let element = element?;
            if keys.insert(set_key(&element)?) {
                elements.push(element);
            }
        }
        Ok(Self::Owned(Arc::new(elements), self.list_type()))
    }

    fn merge(&self, other: &Self, keys: &[String]) -> Result<Self, EvalError> {
        let mut elements = self.collect()?;
        // Of several with one key the last one counts.
        let known: HashMap<Key, usize> =
            elements.iter().enumerate().map(|(at, element)| (value_key(element, keys), at)).collect();
        for element in other.iter() {
            let element = element?;
            let place = known.get(&value_key(&element, keys));
            match place.and_then(|place| elements.get_mut(*place)) {
                Some(place) => *place = element,
                None => elements.push(element),
            }
        }
        Ok(Self::Owned(Arc::new(elements), self.list_type()))
    }

    /// Whether one of the elements equals the value.
    pub(crate) fn contains(&self, value: &Value<'d>) -> Result<bool, EvalError> {
        let mut problem = None;
        for element in self.iter() {
            let found = if self.is_owned() {
                element.and_then(|element| equal(value, &element))
            } else {
                element.and_then(|element| equal(&element, value))
            };
            match found {
                Ok(true) => return Ok(true),
                Ok(false) => {}
                Err(error) => problem = problem.or(Some(error)),
            }
        }
        match problem {
            Some(error) if !self.is_owned() => Err(error),
            _ => Ok(false),
        }
    }

    pub(crate) fn equals(&self, other: &Self) -> Result<bool, EvalError> {
        if self.len() != other.len() {
            return Ok(false);
        }
        match self.list_type() {
            Some(ListType::Set) => self.equals_as_set(other),
            Some(ListType::Map(keys)) => self.equals_by_keys(other, keys),
            _ => self.equals_in_order(other),
        }
    }

    fn equals_in_order(&self, other: &Self) -> Result<bool, EvalError> {
        for (own, others) in self.iter().zip(other.iter()) {
            let same = own.and_then(|own| others.and_then(|others| equal(&own, &others)));
            match same {
                Ok(true) => {}
                Ok(false) => return Ok(false),
                // A list that was made takes what cannot be compared for equal.
                Err(_) if self.is_owned() => {}
                Err(error) => return Err(error),
            }
        }
        Ok(true)
    }

    fn equals_as_set(&self, other: &Self) -> Result<bool, EvalError> {
        let own = self.iter().map(|element| set_key(&element?)).collect::<Result<HashSet<_>, _>>()?;
        let mut seen = HashSet::with_capacity(own.len());
        for element in other.iter() {
            let key = set_key(&element?)?;
            if !own.contains(&key) {
                return Ok(false);
            }
            seen.insert(key);
        }
        Ok(seen.len() == own.len())
    }

    fn equals_by_keys(&self, other: &Self, keys: &[String]) -> Result<bool, EvalError> {
        // Of several with one key the last one counts.
        let own: HashMap<Key, Value<'d>> =
            self.collect()?.into_iter().map(|element| (value_key(&element, keys), element)).collect();
        let mut seen = HashSet::with_capacity(own.len());
        for element in other.iter() {
            let element = element?;
            let key = value_key(&element, keys);
            let Some(known) = own.get(&key) else { return Ok(false) };
            if !equal(known, &element)? {
                return Ok(false);
            }
            seen.insert(key);
        }
        Ok(seen.len() == own.len())
    }
}

fn set_key(value: &Value<'_>) -> Result<Key, EvalError> {
    match value {
        Value::List(_) | Value::Map(_) => {
            Err(EvalError::new("listSet operations are only supported on lists of scalar values"))
        }
        other => Ok(scalar_key(other)),
    }
}

fn scalar_key(value: &Value<'_>) -> Key {
    match value {
        Value::Null => Key::Null,
        Value::Bool(value) => Key::Bool(*value),
        Value::Int(value) => Key::Int(*value),
        Value::Uint(value) => Key::Uint(*value),
        Value::Double(value) => Key::Double(Double(*value)),
        Value::String(text) => Key::String((**text).to_owned()),
        Value::Bytes(bytes) => Key::Bytes(bytes.to_vec()),
        Value::Duration(nanos) => Key::Duration(*nanos),
        Value::Timestamp(time) => Key::Timestamp(time.seconds, time.nanos),
        _ => Key::Unknown,
    }
}

/// The values of an element's keys; a missing one is null.
fn value_key(element: &Value<'_>, keys: &[String]) -> Key {
    let Value::Map(map) = element else { return Key::Unknown };
    let one = |name: &String| match map.find_str(name) {
        Some(Ok(value)) => scalar_key(&value),
        _ => Key::Null,
    };
    match keys {
        [name] => one(name),
        names => Key::Many(names.iter().map(one).collect()),
    }
}

//! A stored object, taken apart for a write: the list of its managers stays text.

use std::fmt;

use serde::de::{DeserializeSeed, Error, MapAccess, Visitor};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::{MANAGED_FIELDS, Object, metadata_mut};
use crate::{ApiError, Resource};

/// A stored object and, apart from it, its list of managers.
#[derive(Debug)]
pub(crate) struct Live<'a> {
    /// Without `metadata.managedFields`.
    pub(crate) object: Object,
    /// The text of `metadata.managedFields`; "" where there is none.
    pub(crate) managed: &'a str,
}

impl<'a> Live<'a> {
    /// Parses stored bytes, which this process wrote itself.
    ///
    /// # Errors
    /// An internal error where they are no JSON object, which only a damaged store can cause.
    pub(crate) fn parse(json: &'a [u8]) -> Result<Self, ApiError> {
        let mut deserializer = serde_json::Deserializer::from_slice(json);
        let mut managed = "";
        let object = Members { depth: 0, managed: &mut managed }.deserialize(&mut deserializer);
        match object.and_then(|object| deserializer.end().map(|()| object)) {
            Ok(object) => Ok(Self { object, managed }),
            Err(error) => Err(ApiError::internal(format!("a stored object cannot be read: {error}"))),
        }
    }

    /// Gives a custom resource the version in which its kind is stored now: it may have been written before that was
    /// another. Says whether it was.
    pub(crate) fn bring_up_to_date(&mut self, resource: &Resource) -> bool {
        if !resource.is_custom() {
            return false;
        }
        let wanted = resource.stored_api_version();
        let version = self.object.entry("apiVersion").or_insert(Value::Null);
        let outdated = *version != *wanted;
        if outdated {
            *version = wanted.into();
        }
        outdated
    }

    /// The object with its list of managers, for whoever wants to see or change that.
    pub(crate) fn whole(&self) -> Object {
        let mut whole = self.object.clone();
        if let Ok(managed) = serde_json::from_str::<Value>(self.managed) {
            metadata_mut(&mut whole).insert(MANAGED_FIELDS.to_owned(), managed);
        }
        whole
    }
}

/// Reads the members of the object (depth 0) or of its metadata (depth 1).
struct Members<'m, 'de> {
    depth: u8,
    managed: &'m mut &'de str,
}

impl<'de> DeserializeSeed<'de> for Members<'_, 'de> {
    type Value = Object;

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<Object, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Members<'_, 'de> {
    type Value = Object;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with metadata")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Object, A::Error> {
        let Self { depth, managed } = self;
        let mut object = Map::new();
        while let Some(key) = members.next_key::<String>()? {
            match (depth, key.as_str()) {
                (0, "metadata") => {
                    let metadata = members.next_value_seed(Members { depth: 1, managed })?;
                    object.insert(key, Value::Object(metadata));
                }
                (1, MANAGED_FIELDS) => {
                    if !managed.is_empty() {
                        return Err(A::Error::duplicate_field(MANAGED_FIELDS));
                    }
                    *managed = members.next_value::<&'de RawValue>()?.get();
                }
                _ => {
                    object.insert(key, members.next_value()?);
                }
            }
        }
        Ok(object)
    }
}

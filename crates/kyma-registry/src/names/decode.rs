//! `metadata` as the typed `metav1.ObjectMeta` takes it: known members only, of the right types, zero values dropped.
//!
//! The real server decodes metadata of every kind into that struct, so what comes back to a client is its canonical
//! form whatever was sent, and a wrong type is refused in the words of Go's JSON decoder.

use serde_json::{Map, Value};

use super::time::{format_rfc3339, parse_rfc3339};
use crate::reason::{Segment, Trail, gotext};

/// The Go type of a member.
#[derive(Clone, Copy)]
enum Type {
    Text(&'static str),
    Integer,
    /// A pointer to an integer: zero is kept.
    OptionalInteger,
    OptionalBool,
    Time,
    TextMap,
    TextList,
    List(&'static Struct),
    Raw,
}

struct Struct {
    name: &'static str,
    members: &'static [(&'static str, Type)],
    /// Whether empty texts stay: Go's tags of owner references have no `omitempty`.
    keeps_empty: bool,
}

const TEXT: Type = Type::Text("string");

static OBJECT_META: Struct = Struct {
    name: "ObjectMeta",
    members: &[
        ("name", TEXT),
        ("generateName", TEXT),
        ("namespace", TEXT),
        ("selfLink", TEXT),
        ("uid", Type::Text("types.UID")),
        ("resourceVersion", TEXT),
        ("generation", Type::Integer),
        ("creationTimestamp", Type::Time),
        ("deletionTimestamp", Type::Time),
        ("deletionGracePeriodSeconds", Type::OptionalInteger),
        ("labels", Type::TextMap),
        ("annotations", Type::TextMap),
        ("ownerReferences", Type::List(&OWNER_REFERENCE)),
        ("finalizers", Type::TextList),
        ("managedFields", Type::List(&MANAGED_FIELDS)),
    ],
    keeps_empty: false,
};

static OWNER_REFERENCE: Struct = Struct {
    name: "OwnerReference",
    members: &[
        ("apiVersion", TEXT),
        ("kind", TEXT),
        ("name", TEXT),
        ("uid", Type::Text("types.UID")),
        ("controller", Type::OptionalBool),
        ("blockOwnerDeletion", Type::OptionalBool),
    ],
    keeps_empty: true,
};

static MANAGED_FIELDS: Struct = Struct {
    name: "ManagedFieldsEntry",
    members: &[
        ("manager", TEXT),
        ("operation", Type::Text("v1.ManagedFieldsOperationType")),
        ("apiVersion", TEXT),
        ("time", Type::Time),
        ("fieldsType", TEXT),
        ("fieldsV1", Type::Raw),
        ("subresource", TEXT),
    ],
    keeps_empty: false,
};

/// Brings an object's `metadata` into its canonical form.
///
/// Unknown members are taken out, and their paths, such as `metadata.ownerReferences[0].x`, added to `unknown`; `path`
/// is that of the metadata itself.
///
/// # Errors
/// The decoder's message for a member of a wrong type. The metadata may be half changed then.
pub fn decode_metadata(metadata: &mut Value, path: &str, unknown: &mut Vec<String>) -> Result<(), String> {
    match metadata {
        Value::Null => {
            *metadata = Value::Object(Map::new());
            Ok(())
        }
        Value::Object(map) => {
            let mut decoder = Decoder { unknown, mismatch: None };
            let at = if path.is_empty() { Trail::ROOT } else { Trail::ROOT.step(Segment::Child(path)) };
            decoder.members(map, &OBJECT_META, "", &at)?;
            decoder.mismatch.map_or(Ok(()), Err)
        }
        other => Err(format!(
            "json: cannot unmarshal {} into Go value of type v1.ObjectMeta",
            gotext::type_name(other)
        )),
    }
}

struct Decoder<'a> {
    unknown: &'a mut Vec<String>,
    /// Go remembers the first wrong type and goes on; only an unreadable time ends the decoding, and so wins.
    mismatch: Option<String>,
}

/// Where a member stands: in which struct, on which way from the outermost one, at which path of the object.
struct Place<'a> {
    structure: &'a str,
    prefix: &'a str,
    key: &'a str,
    at: &'a Trail<'a>,
}

impl Decoder<'_> {
    /// `prefix` is the way from the outermost struct as Go's messages show it, such as `ownerReferences.`.
    fn members(
        &mut self,
        map: &mut Map<String, Value>,
        structure: &Struct,
        prefix: &str,
        at: &Trail<'_>,
    ) -> Result<(), String> {
        let mut dropped = Vec::new();
        for (key, value) in map.iter_mut() {
            let at = at.step(Segment::Child(key));
            let place = Place { structure: structure.name, prefix, key, at: &at };
            let keep = match structure.members.iter().find(|(name, _)| name == key) {
                Some((_, member)) => self.member(value, *member, &place)?,
                None => {
                    self.unknown.push(at.to_string());
                    false
                }
            };
            if !keep {
                dropped.push(key.clone());
            }
        }
        for key in dropped {
            map.remove(&key);
        }
        if structure.keeps_empty {
            for (name, _) in structure.members.iter().filter(|(_, member)| matches!(member, Type::Text(_))) {
                map.entry(*name).or_insert_with(|| Value::from(""));
            }
        }
        Ok(())
    }

    /// Whether the member is to be kept: it is not what Go leaves out.
    fn member(&mut self, value: &mut Value, member: Type, place: &Place<'_>) -> Result<bool, String> {
        if value.is_null() {
            return Ok(false);
        }
        Ok(match (member, &mut *value) {
            (Type::Text(_), Value::String(text)) => !text.is_empty(),
            (Type::Text(expected), other) => self.refuse(place, other, expected),
            (Type::Integer, Value::Number(number)) if number.is_i64() => number.as_i64() != Some(0),
            (Type::OptionalInteger, Value::Number(number)) if number.is_i64() => true,
            (Type::Integer | Type::OptionalInteger, other) => self.refuse(place, other, "int64"),
            (Type::OptionalBool, Value::Bool(_)) | (Type::Raw, _) => true,
            (Type::OptionalBool, other) => self.refuse(place, other, "bool"),
            (Type::Time, Value::String(text)) => {
                *text = format_rfc3339(parse_rfc3339(text)?);
                // Go's zero time.
                text != "0001-01-01T00:00:00Z"
            }
            (Type::Time, other) => return Err(place.mismatch(other, "string")),
            (Type::TextMap, Value::Object(map)) => {
                map.values_mut().for_each(|item| self.text(item, place));
                !map.is_empty()
            }
            (Type::TextMap, other) => self.refuse(place, other, "map[string]string"),
            (Type::TextList, Value::Array(items)) => {
                items.iter_mut().for_each(|item| self.text(item, place));
                !items.is_empty()
            }
            (Type::TextList, other) => self.refuse(place, other, "[]string"),
            (Type::List(structure), Value::Array(items)) => {
                self.structs(items, structure, place)?;
                !items.is_empty()
            }
            (Type::List(structure), other) => self.refuse(place, other, &format!("[]v1.{}", structure.name)),
        })
    }

    fn structs(&mut self, items: &mut [Value], structure: &Struct, place: &Place<'_>) -> Result<(), String> {
        let prefix = format!("{}{}.", place.prefix, place.key);
        for (index, item) in items.iter_mut().enumerate() {
            if item.is_null() {
                *item = Value::Object(Map::new());
            }
            let at = place.at.step(Segment::Index(index));
            match item {
                Value::Object(map) => self.members(map, structure, &prefix, &at)?,
                other => {
                    self.refuse(place, other, &format!("v1.{}", structure.name));
                }
            }
        }
        Ok(())
    }

    fn text(&mut self, item: &mut Value, place: &Place<'_>) {
        match item {
            Value::String(_) => {}
            Value::Null => *item = Value::from(""),
            other => {
                self.refuse(place, other, "string");
            }
        }
    }

    /// Remembers a wrong type; such a member is not kept.
    fn refuse(&mut self, place: &Place<'_>, value: &Value, expected: &str) -> bool {
        self.mismatch.get_or_insert_with(|| place.mismatch(value, expected));
        false
    }
}

impl Place<'_> {
    fn mismatch(&self, value: &Value, expected: &str) -> String {
        // Go shows the digits of a number that is of the right kind but does not fit.
        let shown = match value {
            Value::Number(_) if expected == "int64" => format!("number {}", gotext::json(value)),
            other => gotext::type_name(other).to_owned(),
        };
        let Place { structure, prefix, key, .. } = self;
        format!(
            "json: cannot unmarshal {shown} into Go struct field {structure}.{prefix}{key} of type {expected}"
        )
    }
}

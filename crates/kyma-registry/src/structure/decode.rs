//! JSON into a structure and back, as `sigs.k8s.io/json` decodes and `encoding/json` writes it.

mod special;

use serde_json::{Map, Value};

use super::{Struct, Type, empty};
use crate::names::{format_micro, format_rfc3339, parse_micro, parse_rfc3339};
use crate::reason::{Segment, Trail, gotext};
use crate::turns::Turns;

pub(crate) use special::base64_bytes;

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
            let at = if path.is_empty() { Trail::ROOT } else { Trail::ROOT.step(Segment::Child(path)) };
            Struct::find(OBJECT_META).map_or(Ok(()), |structure| Decoder::run(map, structure, &at, unknown))
        }
        other => Err(format!(
            "json: cannot unmarshal {} into Go value of type v1.ObjectMeta",
            gotext::type_name(other)
        )),
    }
}

const OBJECT_META: &str = "meta/v1.ObjectMeta";

/// Brings an object of a built-in kind into its canonical form. The paths of unknown members, which are taken out, are
/// added to `unknown`.
///
/// # Errors
/// The decoder's message for a member of a wrong type. The object may be half changed then.
pub(crate) fn decode(
    object: &mut Map<String, Value>,
    structure: &Struct,
    unknown: &mut Vec<String>,
) -> Result<(), String> {
    Decoder::run(object, structure, &Trail::ROOT, unknown)
}

struct Decoder<'a> {
    unknown: &'a mut Vec<String>,
    /// Go remembers the first wrong type and goes on; what a type reads itself, such as a time, ends the decoding where
    /// it cannot be read, and so wins.
    mismatch: Option<String>,
    /// Of the items of lists and maps, of which there may be any number.
    turns: Turns,
}

/// Where a value stands: in which struct, on which way from the outermost one, at which path of the object.
struct Place<'a> {
    structure: &'a str,
    prefix: &'a str,
    key: &'a str,
    at: &'a Trail<'a>,
}

/// Zero values are what Go's `omitempty` leaves out.
type IsZero = bool;

impl<'a> Decoder<'a> {
    fn run(
        map: &mut Map<String, Value>,
        structure: &Struct,
        at: &Trail<'_>,
        unknown: &'a mut Vec<String>,
    ) -> Result<(), String> {
        let mut decoder = Decoder { unknown, mismatch: None, turns: Turns::default() };
        decoder.members(map, structure, "", at)?;
        decoder.mismatch.map_or(Ok(()), Err)
    }

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
            let place = Place { structure: structure.name(), prefix, key, at: &at };
            let keep = match structure.member(key) {
                // Of a null, and of a zero value that is written, the form of the zero value is put in below.
                Some(member) => !value.is_null() && !self.value(value, &member.kind, &place)?,
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
        for member in structure.members().iter().filter(|member| member.kept) {
            if !map.contains_key(member.name) {
                map.insert(member.name.to_owned(), member.kind.zero());
            }
        }
        Ok(())
    }

    /// Brings a value that is not null into the form of its type.
    fn value(&mut self, value: &mut Value, kind: &Type, place: &Place<'_>) -> Result<IsZero, String> {
        Ok(match (kind, &mut *value) {
            (Type::Pointer(inner), _) => {
                // A time that was never set is written as null even behind a pointer.
                let zero = self.value(value, inner, place)?;
                zero && matches!(**inner, Type::Time | Type::MicroTime)
            }
            (Type::Text(_), Value::String(text)) => text.is_empty(),
            (Type::Integer(name), Value::Number(number)) if fits(number, name) => number.as_i64() == Some(0),
            (Type::Float, Value::Number(number)) => {
                special::shorten(number);
                number.as_f64() == Some(0.0)
            }
            (Type::Bool, Value::Bool(flag)) => !*flag,
            (Type::Time, Value::String(text)) => {
                *text = format_rfc3339(parse_rfc3339(text)?);
                // Go's zero time.
                text == "0001-01-01T00:00:00Z"
            }
            (Type::MicroTime, Value::String(text)) => {
                *text = format_micro(parse_micro(text)?);
                text == "0001-01-01T00:00:00.000000Z"
            }
            (Type::Time | Type::MicroTime, other) => return Err(place.mismatch(other, "string")),
            (Type::Quantity, value) => {
                special::quantity(value)?;
                false
            }
            (Type::IntOrString, value) => {
                special::int_or_string(value)?;
                false
            }
            (Type::Bytes, Value::String(_)) => {
                self.bytes(value, place);
                value.as_str() == Some("")
            }
            (Type::Struct(structure), Value::Object(map)) => {
                let prefix = format!("{}{}.", place.prefix, place.key);
                self.members(map, structure, &prefix, place.at)?;
                false
            }
            (Type::List { items: kind, .. }, Value::Array(items)) => {
                for (index, item) in items.iter_mut().enumerate() {
                    let at = place.at.step(Segment::Index(index));
                    self.item(item, kind, &Place { at: &at, ..*place })?;
                }
                items.is_empty()
            }
            (Type::Map { values: kind, .. }, Value::Object(map)) => {
                for (key, item) in map.iter_mut() {
                    let at = place.at.step(Segment::Child(key));
                    self.item(item, kind, &Place { at: &at, ..*place })?;
                }
                map.is_empty()
            }
            (Type::Raw(raw), value) => {
                special::raw(value, *raw)?;
                false
            }
            (kind, other) => {
                self.mismatch.get_or_insert_with(|| place.mismatch(other, &kind.go_name()));
                true
            }
        })
    }

    /// An item of a list or a value of a map: a null is the zero value.
    fn item(&mut self, item: &mut Value, kind: &Type, place: &Place<'_>) -> Result<(), String> {
        self.turns.done();
        match (&*item, kind) {
            (Value::Null, Type::Pointer(_) | Type::Raw(_)) => {}
            // A nil slice of bytes comes back from the store as an empty one.
            (Value::Null, Type::Bytes) => *item = Value::from(""),
            (Value::Null, Type::Struct(structure)) => *item = Value::Object(empty(structure)),
            (Value::Null, kind) => *item = kind.zero(),
            _ => {
                self.value(item, kind, place)?;
            }
        }
        Ok(())
    }

    fn bytes(&mut self, value: &mut Value, place: &Place<'_>) {
        use base64::Engine as _;
        use base64::engine::general_purpose::STANDARD;
        match value {
            Value::String(text) => match base64_bytes(text) {
                Ok(bytes) => *text = STANDARD.encode(bytes),
                Err(problem) => {
                    self.mismatch.get_or_insert(problem);
                }
            },
            other => {
                self.mismatch.get_or_insert_with(|| place.mismatch(other, "[]uint8"));
            }
        }
    }
}

impl Place<'_> {
    fn mismatch(&self, value: &Value, expected: &str) -> String {
        // Go shows the digits of a number that is of the right kind but does not fit.
        let shown = match value {
            Value::Number(_) if matches!(expected, "int64" | "int32") => {
                format!("number {}", gotext::json(value))
            }
            other => gotext::type_name(other).to_owned(),
        };
        let Place { structure, prefix, key, .. } = self;
        format!(
            "json: cannot unmarshal {shown} into Go struct field {structure}.{prefix}{key} of type {expected}"
        )
    }
}

fn fits(number: &serde_json::Number, name: &str) -> bool {
    number.as_i64().is_some_and(|number| name != "int32" || i32::try_from(number).is_ok())
}

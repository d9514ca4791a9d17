//! JSON into a structure and back, as `sigs.k8s.io/json` decodes and `encoding/json` writes it.

use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, STANDARD};
use base64::{DecodeError, Engine as _, alphabet};
use serde_json::{Map, Value};

use super::metadata::OBJECT_META;
use super::{Struct, Type};
use crate::names::{format_micro, format_rfc3339, parse_micro, parse_rfc3339};
use crate::reason::{Segment, Trail, gotext};

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
            Decoder::run(map, &OBJECT_META, &at, unknown)
        }
        other => Err(format!(
            "json: cannot unmarshal {} into Go value of type v1.ObjectMeta",
            gotext::type_name(other)
        )),
    }
}

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

impl<'a> Decoder<'a> {
    fn run(
        map: &mut Map<String, Value>,
        structure: &Struct,
        at: &Trail<'_>,
        unknown: &'a mut Vec<String>,
    ) -> Result<(), String> {
        let mut decoder = Decoder { unknown, mismatch: None };
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
            let place = Place { structure: structure.name, prefix, key, at: &at };
            let keep = match structure.member(key) {
                Some(member) => self.member(value, member.kind, &place)?,
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
        for member in structure.members.iter().filter(|member| member.kept) {
            if !map.contains_key(member.name) {
                let mut zero = member.kind.zero();
                if let (Value::Object(inner), Type::Struct(structure)) = (&mut zero, member.kind) {
                    self.members(inner, structure, prefix, at)?;
                }
                map.insert(member.name.to_owned(), zero);
            }
        }
        Ok(())
    }

    /// Whether the member is there: it is not what Go leaves out.
    fn member(&mut self, value: &mut Value, kind: Type, place: &Place<'_>) -> Result<bool, String> {
        if value.is_null() {
            return Ok(false);
        }
        Ok(match (kind, &mut *value) {
            (Type::Text(_), Value::String(text)) => !text.is_empty(),
            (Type::Integer(name), Value::Number(number)) if fits(number, name) => number.as_i64() != Some(0),
            (Type::OptionalInteger(name), Value::Number(number)) => {
                fits(number, name) || self.refuse(place, value, kind)
            }
            (Type::Bool, Value::Bool(flag)) => *flag,
            (Type::OptionalText, Value::String(_))
            | (Type::OptionalBool, Value::Bool(_))
            | (Type::Raw(_), Value::Object(_)) => true,
            (Type::Time, Value::String(text)) => {
                *text = format_rfc3339(parse_rfc3339(text)?);
                // Go's zero time.
                text != "0001-01-01T00:00:00Z"
            }
            (Type::MicroTime, Value::String(text)) => {
                *text = format_micro(parse_micro(text)?);
                text != "0001-01-01T00:00:00.000000Z"
            }
            (Type::Time | Type::MicroTime, other) => return Err(place.mismatch(other, "string")),
            (Type::Bytes, Value::String(_)) => {
                self.bytes(value, place);
                value.as_str() != Some("")
            }
            (Type::TextMap, Value::Object(map)) => {
                map.values_mut().for_each(|item| self.text(item, "string", place));
                !map.is_empty()
            }
            (Type::BytesMap, Value::Object(map)) => {
                map.values_mut().for_each(|item| self.bytes(item, place));
                !map.is_empty()
            }
            (Type::TextList(name), Value::Array(items)) => {
                items.iter_mut().for_each(|item| self.text(item, name, place));
                !items.is_empty()
            }
            (Type::Struct(structure) | Type::OptionalStruct(structure), Value::Object(map)) => {
                let prefix = format!("{}{}.", place.prefix, place.key);
                self.members(map, structure, &prefix, place.at)?;
                true
            }
            (Type::List(structure), Value::Array(items)) => {
                self.structs(items, structure, place)?;
                !items.is_empty()
            }
            (kind, other) => self.refuse(place, other, kind),
        })
    }

    fn structs(
        &mut self,
        items: &mut [Value],
        structure: &'static Struct,
        place: &Place<'_>,
    ) -> Result<(), String> {
        let prefix = format!("{}{}.", place.prefix, place.key);
        for (index, item) in items.iter_mut().enumerate() {
            if item.is_null() {
                *item = Value::Object(Map::new());
            }
            let at = place.at.step(Segment::Index(index));
            match item {
                Value::Object(map) => self.members(map, structure, &prefix, &at)?,
                other => {
                    self.refuse(place, other, Type::Struct(structure));
                }
            }
        }
        Ok(())
    }

    fn text(&mut self, item: &mut Value, name: &'static str, place: &Place<'_>) {
        match item {
            Value::String(_) => {}
            Value::Null => *item = Value::from(""),
            other => {
                self.refuse(place, other, Type::Text(name));
            }
        }
    }

    fn bytes(&mut self, item: &mut Value, place: &Place<'_>) {
        match item {
            Value::String(text) => match base64_bytes(text) {
                Ok(bytes) => *text = STANDARD.encode(bytes),
                Err(problem) => {
                    self.mismatch.get_or_insert(problem);
                }
            },
            Value::Null => *item = Value::from(""),
            other => {
                self.refuse(place, other, Type::Bytes);
            }
        }
    }

    /// Remembers a wrong type; such a member is not kept.
    fn refuse(&mut self, place: &Place<'_>, value: &Value, expected: Type) -> bool {
        self.mismatch.get_or_insert_with(|| place.mismatch(value, &expected.go_name()));
        false
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
    number.as_i64().is_some_and(|number| name == "int64" || i32::try_from(number).is_ok())
}

/// Bytes from base64 as Go's `StdEncoding` reads it: line ends are skipped, and what hangs over at the end is let pass.
///
/// # Errors
/// Go's message, which names the first bad place.
pub(crate) fn base64_bytes(text: &str) -> Result<Vec<u8>, String> {
    const LAX: GeneralPurposeConfig = GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true);
    const ENGINE: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, LAX);
    let lines: String;
    let text = if text.contains(['\r', '\n']) {
        lines = text.replace(['\r', '\n'], "");
        &lines
    } else {
        text
    };
    ENGINE.decode(text).map_err(|error| {
        let place = match error {
            DecodeError::InvalidByte(place, _) | DecodeError::InvalidLastSymbol(place, _) => place,
            DecodeError::InvalidLength(_) | DecodeError::InvalidPadding => text.len() - text.len() % 4,
        };
        format!("illegal base64 data at input byte {place}")
    })
}

//! Messages, read by the structures that they are written from. Members that nobody set have values too in this format:
//! what Go leaves out in JSON, the registry takes out.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use kyma_registry::structure::{Member, Raw, Struct, Type};
use serde_json::{Map, Value, json};

use super::wire::{Field, Reader};

/// How deep messages may stand in each other: as deep as JSON may.
const DEEPEST: usize = 128;

/// A message as the JSON form of its structure.
///
/// # Errors
/// Go's words for what is no such message.
pub(super) fn decode(bytes: &[u8], structure: &Struct) -> Result<Map<String, Value>, String> {
    let mut object = Map::new();
    Decoder { left: DEEPEST }.structure(bytes, structure, &mut object)?;
    Ok(object)
}

#[derive(Clone, Copy)]
struct Decoder {
    left: usize,
}

impl Decoder {
    fn deeper(self) -> Result<Self, String> {
        let left = self.left.checked_sub(1).ok_or("exceeded max depth")?;
        Ok(Self { left })
    }

    fn structure(
        self,
        bytes: &[u8],
        structure: &Struct,
        object: &mut Map<String, Value>,
    ) -> Result<(), String> {
        let inner = self.deeper()?;
        let mut reader = Reader::new(bytes);
        while let Some((number, field)) = reader.next()? {
            let mut embedded = structure.embedded().iter();
            if let Some(found) = embedded.find(|embedded| embedded.number == number) {
                let Field::Bytes(bytes) = field else {
                    return Err(wrong_type(field, found.structure.name()));
                };
                inner.structure(bytes, found.structure, object)?;
                continue;
            }
            let mut members = structure.members().iter();
            if let Some(member) = members.find(|member| member.number == Some(number)) {
                inner.member(field, member, object)?;
            }
        }
        Ok(())
    }

    fn member(
        self,
        field: Field<'_>,
        member: &Member,
        object: &mut Map<String, Value>,
    ) -> Result<(), String> {
        let place = || wrong_type(field, member.name);
        match member.kind.pointee() {
            Type::List { items, boxed: false, .. } => {
                let slot = object.entry(member.name).or_insert_with(|| json!([]));
                let Value::Array(list) = slot else { return Ok(()) };
                match (&**items, field) {
                    (Type::Integer(_) | Type::Bool, Field::Bytes(packed)) => {
                        let mut reader = Reader::new(packed);
                        while !reader.is_empty() {
                            list.push(self.value(Field::Varint(reader.varint()?), items).ok_or_else(place)??);
                        }
                    }
                    (items, field) => list.push(self.value(field, items).ok_or_else(place)??),
                }
            }
            Type::Map { values, .. } => {
                let Field::Bytes(entry) = field else { return Err(place()) };
                let slot = object.entry(member.name).or_insert_with(|| json!({}));
                let (mut key, mut value) = (String::new(), values.absent());
                let mut reader = Reader::new(entry);
                while let Some((number, field)) = reader.next()? {
                    match (number, field) {
                        (1, Field::Bytes(bytes)) => key = text(bytes),
                        (2, field) => value = self.value(field, values).ok_or_else(place)??,
                        _ => {}
                    }
                }
                if let Value::Object(map) = slot {
                    map.insert(key, value);
                }
            }
            kind => {
                let value = self.value(field, kind).ok_or_else(place)??;
                object.insert(member.name.to_owned(), value);
            }
        }
        Ok(())
    }

    /// A value of this type; `None` where the field has another form.
    fn value(self, field: Field<'_>, kind: &Type) -> Option<Result<Value, String>> {
        Some(match (kind.pointee(), field) {
            (Type::Text(_), Field::Bytes(bytes)) => Ok(text(bytes).into()),
            // Negative numbers are written as large ones.
            (Type::Integer("int32"), Field::Varint(number)) => Ok((number as u32 as i32).into()),
            (Type::Integer(_), Field::Varint(number)) => Ok((number as i64).into()),
            (Type::Bool, Field::Varint(number)) => Ok((number != 0).into()),
            (Type::Float, Field::Fixed64(bits)) => Ok(f64::from_bits(bits).into()),
            (Type::Bytes, Field::Bytes(bytes)) => Ok(STANDARD.encode(bytes).into()),
            (Type::Time, Field::Bytes(bytes)) => time(bytes, "%Y-%m-%dT%H:%M:%SZ"),
            (Type::MicroTime, Field::Bytes(bytes)) => time(bytes, "%Y-%m-%dT%H:%M:%S%.6fZ"),
            (Type::Quantity, Field::Bytes(bytes)) => quantity(bytes),
            (Type::IntOrString, Field::Bytes(bytes)) => int_or_string(bytes),
            (Type::Raw(raw), Field::Bytes(bytes)) => self.raw(bytes, *raw),
            (Type::Struct(structure), Field::Bytes(bytes)) => {
                let mut object = Map::new();
                self.structure(bytes, structure, &mut object).map(|()| Value::Object(object))
            }
            (Type::List { items, boxed: true, .. }, Field::Bytes(bytes)) => self.boxed(bytes, items),
            _ => return None,
        })
    }

    /// A list that is a message: its items are the first field.
    fn boxed(self, bytes: &[u8], items: &Type) -> Result<Value, String> {
        let mut list = Vec::new();
        let mut reader = Reader::new(bytes);
        while let Some((number, field)) = reader.next()? {
            if number == 1 {
                list.push(self.value(field, items).ok_or_else(|| wrong_type(field, "Items"))??);
            }
        }
        Ok(Value::Array(list))
    }

    fn raw(self, bytes: &[u8], raw: Raw) -> Result<Value, String> {
        let schema = |decoder: Self, bytes: &[u8]| {
            let mut object = Map::new();
            let structure = Struct::find("apiextensions/v1.JSONSchemaProps").ok_or("no such structure")?;
            decoder.deeper()?.structure(bytes, structure, &mut object)?;
            Ok::<_, String>(Value::Object(object))
        };
        let (mut list, mut found) = (Vec::new(), None);
        let mut allows = false;
        let mut reader = Reader::new(bytes);
        while let Some((number, field)) = reader.next()? {
            match (raw, number, field) {
                (Raw::Extension | Raw::Fields | Raw::Json, 1, Field::Bytes(json)) => {
                    found = Some(serde_json::from_slice(json).map_err(|error| error.to_string())?);
                }
                (Raw::SchemaOrBool, 1, Field::Varint(flag)) => allows = flag != 0,
                (Raw::SchemaOrBool, 2, Field::Bytes(bytes))
                | (Raw::SchemaOrArray | Raw::SchemaOrTexts, 1, Field::Bytes(bytes)) => {
                    found = Some(schema(self, bytes)?);
                }
                (Raw::SchemaOrArray, 2, Field::Bytes(bytes)) => list.push(schema(self, bytes)?),
                (Raw::SchemaOrTexts, 2, Field::Bytes(bytes)) => list.push(text(bytes).into()),
                _ => {}
            }
        }
        Ok(match (raw, found) {
            (_, Some(found)) => found,
            (Raw::SchemaOrBool, None) => allows.into(),
            (Raw::SchemaOrArray | Raw::SchemaOrTexts, None) if !list.is_empty() => list.into(),
            (_, None) => Value::Null,
        })
    }
}

/// In the words of Go's generated decoders.
fn wrong_type(field: Field<'_>, name: &str) -> String {
    let form = match field {
        Field::Varint(_) => 0,
        Field::Fixed64(_) => 1,
        Field::Bytes(_) => 2,
        Field::Fixed32 => 5,
    };
    let mut letters = name.chars();
    let name: String = letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).collect();
    format!("proto: wrong wireType = {form} for field {name}")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// `metav1.Timestamp`; an empty one is no time.
fn time(bytes: &[u8], format: &str) -> Result<Value, String> {
    let (mut seconds, mut nanos) = (0_i64, 0_i32);
    let mut reader = Reader::new(bytes);
    if bytes.is_empty() {
        return Ok(Value::Null);
    }
    while let Some((number, field)) = reader.next()? {
        match (number, field) {
            (1, Field::Varint(number)) => seconds = number as i64,
            (2, Field::Varint(number)) => nanos = number as i32,
            _ => {}
        }
    }
    let time = Timestamp::new(seconds, nanos).map_err(|error| error.to_string())?;
    Ok(time.strftime(format).to_string().into())
}

/// `resource.Quantity`: its text.
fn quantity(bytes: &[u8]) -> Result<Value, String> {
    let mut reader = Reader::new(bytes);
    let mut shown = String::new();
    while let Some((number, field)) = reader.next()? {
        if let (1, Field::Bytes(bytes)) = (number, field) {
            shown = text(bytes);
        }
    }
    Ok(if shown.is_empty() { "0".into() } else { shown.into() })
}

/// `intstr.IntOrString`: which of the two, the number, and the text.
fn int_or_string(bytes: &[u8]) -> Result<Value, String> {
    let (mut is_text, mut number_of, mut text_of) = (false, 0_i32, String::new());
    let mut reader = Reader::new(bytes);
    while let Some((number, field)) = reader.next()? {
        match (number, field) {
            (1, Field::Varint(kind)) => is_text = kind == 1,
            (2, Field::Varint(number)) => number_of = number as i32,
            (3, Field::Bytes(bytes)) => text_of = text(bytes),
            _ => {}
        }
    }
    Ok(if is_text { text_of.into() } else { number_of.into() })
}

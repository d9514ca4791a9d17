//! JSON with an eye on members that appear twice (`sigs.k8s.io/json`, strict mode).

use std::fmt;

use serde::de::{DeserializeSeed, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use crate::reason::{Segment, Trail};
use crate::turns::Turns;

/// Upstream stops counting there.
const MAX_COMPLAINTS: usize = 100;

/// Reads JSON; the last of several equal members counts. Beside the value come complaints about them, such as
/// `duplicate field "spec.items[0].name"`. Integers beyond 64 signed bits become floats, as in Go.
///
/// # Errors
/// The text is no JSON.
pub fn decode_json(text: &[u8]) -> Result<(Value, Vec<String>), serde_json::Error> {
    let mut deserializer = serde_json::Deserializer::from_slice(text);
    let mut complaints = Vec::new();
    let seed = Seed { at: &Trail::ROOT, complaints: &mut complaints };
    let value = seed.deserialize(&mut deserializer)?;
    deserializer.end()?;
    Ok((value, complaints))
}

struct Seed<'a, 'b> {
    at: &'a Trail<'a>,
    complaints: &'b mut Vec<String>,
}

impl<'de> DeserializeSeed<'de> for Seed<'_, '_> {
    type Value = Value;

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Seed<'_, '_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON value")
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        Ok(i64::try_from(value).map_or_else(|_| Value::from(value as f64), Value::from))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        // What Go prints of 2.0 is 2.
        const EXACT: f64 = 9_007_199_254_740_992.0;
        if value.fract() == 0.0 && value.abs() < EXACT {
            #[expect(clippy::cast_possible_truncation, reason = "a whole number below 2^53")]
            return Ok(Value::from(value as i64));
        }
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_string<E: Error>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let (mut list, mut turns) = (Vec::new(), Turns::default());
        loop {
            turns.done();
            let at = self.at.step(Segment::Index(list.len()));
            match items.next_element_seed(Seed { at: &at, complaints: self.complaints })? {
                Some(item) => list.push(item),
                None => return Ok(Value::Array(list)),
            }
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let (mut map, mut turns) = (Map::new(), Turns::default());
        while let Some(key) = members.next_key::<String>()? {
            let at = self.at.step(Segment::Child(&key));
            if map.contains_key(&key) && self.complaints.len() < MAX_COMPLAINTS {
                let complaint = format!("duplicate field \"{at}\"");
                if !self.complaints.contains(&complaint) {
                    self.complaints.push(complaint);
                }
            }
            let value = members.next_value_seed(Seed { at: &at, complaints: self.complaints })?;
            map.insert(key, value);
            turns.done();
        }
        Ok(Value::Object(map))
    }
}

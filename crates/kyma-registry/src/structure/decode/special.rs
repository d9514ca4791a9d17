//! Types that say themselves how they are read from JSON.

use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use base64::{DecodeError, Engine as _, alphabet};
use serde_json::{Number, Value};

use crate::reason::gotext;
use crate::structure::{Quantity, Raw, Struct};

use super::Decoder;
use crate::reason::Trail;

/// `resource.Quantity`: brought into its canonical form (`Quantity.UnmarshalJSON`).
pub(super) fn quantity(value: &mut Value) -> Result<(), String> {
    let text = match &*value {
        Value::String(text) => text.trim().to_owned(),
        other => other.to_string(),
    };
    *value = Quantity::parse(&text)?.to_string().into();
    Ok(())
}

/// `intstr.IntOrString`: a text, or an `int32` (`IntOrString.UnmarshalJSON`).
pub(super) fn int_or_string(value: &Value) -> Result<(), String> {
    let fits = |number: &Number| number.as_i64().is_some_and(|number| i32::try_from(number).is_ok());
    match value {
        Value::String(_) => Ok(()),
        Value::Number(number) if fits(number) => Ok(()),
        Value::Number(_) => {
            Err(format!("json: cannot unmarshal number {} into Go value of type int32", gotext::json(value)))
        }
        other => {
            Err(format!("json: cannot unmarshal {} into Go value of type int32", gotext::type_name(other)))
        }
    }
}

/// A float as Go writes it: without a fraction that is none.
pub(super) fn shorten(number: &mut Number) {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    if let Some(float) = number.as_f64().filter(|float| float.fract() == 0.0 && float.abs() < EXACT)
        && number.is_f64()
    {
        *number = Number::from(float as i64);
    }
}

/// What looks into a part of its own. A decoder of its own reads it, which complains of nothing unknown.
pub(super) fn raw(value: &mut Value, raw: Raw) -> Result<(), String> {
    let Some(schema) = Struct::find("apiextensions/v1.JSONSchemaProps") else { return Ok(()) };
    match (raw, value) {
        (Raw::SchemaOrBool | Raw::SchemaOrArray | Raw::SchemaOrTexts, Value::Object(map)) => {
            Decoder::run(map, schema, &Trail::ROOT, &mut Vec::new())
        }
        (Raw::SchemaOrArray, Value::Array(items)) => items
            .iter_mut()
            .filter_map(Value::as_object_mut)
            .try_for_each(|map| Decoder::run(map, schema, &Trail::ROOT, &mut Vec::new())),
        // UnmarshalJSON of apiextensions/v1/marshal.go.
        (Raw::SchemaOrBool, Value::Bool(_)) => Ok(()),
        (Raw::SchemaOrBool, _) => Err("boolean or JSON schema expected".to_owned()),
        _ => Ok(()),
    }
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

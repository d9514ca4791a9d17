//! Protobuf bodies, which stock clients send by default (k8s.io/apimachinery/pkg/runtime/serializer/protobuf): four magic
//! bytes, then a `runtime.Unknown` with the object in it. What number means which member, the table of kinds says.

mod message;
mod wire;

use kyma_registry::ApiError;
use kyma_registry::structure::{self, Struct};
use serde_json::{Map, Value};

use crate::decode::shown;
use wire::{Field, Reader};

const MAGIC: &[u8; 4] = b"k8s\0";

/// The content type of these bodies.
pub(crate) const CONTENT_TYPE: &str = "application/vnd.kubernetes.protobuf";

/// `runtime.Unknown`, as far as it is used.
#[derive(Default)]
struct Envelope<'a> {
    api_version: &'a str,
    kind: &'a str,
    raw: &'a [u8],
}

/// A body as the value that its JSON form would have. `wanted` is the kind that it is to be, and is if it names none.
///
/// # Errors
/// 400 in the real server's words for what is no such body, or is none of the kind it says.
pub(crate) fn to_value(body: &[u8], wanted: &str) -> Result<Value, ApiError> {
    let unrecognized = |why: &str| {
        let body = shown(body);
        ApiError::bad_request(format!(
            "the object provided is unrecognized (must be of type {wanted}): {why} ({body})"
        ))
    };
    if body.is_empty() {
        return Err(unrecognized("empty data"));
    }
    let Some(rest) = body.strip_prefix(MAGIC) else {
        let text = "provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]";
        return Err(unrecognized(text));
    };
    let envelope = envelope(rest).map_err(|problem| unrecognized(&problem))?;
    let kind = if envelope.kind.is_empty() { wanted } else { envelope.kind };
    let (group, version) = match envelope.api_version {
        "" => default_version(kind),
        text => text.split_once('/').unwrap_or(("", text)),
    };
    let Some(found) = structure_of(group, version, kind) else {
        let named = if group.is_empty() { version.to_owned() } else { format!("{group}/{version}") };
        return Err(unrecognized(&format!("no kind {kind:?} is registered for version {named:?}")));
    };
    let mut object = message::decode(envelope.raw, found).map_err(|problem| {
        ApiError::bad_request(format!(
            "{kind} in version {version:?} cannot be handled as a {wanted}: {problem}"
        ))
    })?;
    name_type(&mut object, envelope.kind, envelope.api_version);
    Ok(Value::Object(object))
}

fn name_type(object: &mut Map<String, Value>, kind: &str, api_version: &str) {
    for (field, text) in [("kind", kind), ("apiVersion", api_version)] {
        if !text.is_empty() {
            object.insert(field.to_owned(), text.into());
        }
    }
}

/// Group and version of a kind of this name.
fn default_version(kind: &str) -> (&'static str, &'static str) {
    let mut kinds = structure::kinds().iter();
    kinds.find(|entry| entry.kind == kind).map_or(("", "v1"), |entry| (entry.group, entry.version))
}

/// The structure of a kind. Options have one in each group and version, which is the same everywhere.
fn structure_of(group: &str, version: &str, kind: &str) -> Option<&'static Struct> {
    if kind == "DeleteOptions" {
        return Struct::find("meta/v1.DeleteOptions");
    }
    structure::find_kind(group, version, kind)
}

fn envelope(bytes: &[u8]) -> Result<Envelope<'_>, String> {
    let mut envelope = Envelope::default();
    let mut reader = Reader::new(bytes);
    while let Some((number, field)) = reader.next()? {
        match (number, field) {
            (1, Field::Bytes(bytes)) => {
                let mut reader = Reader::new(bytes);
                while let Some((number, field)) = reader.next()? {
                    let Field::Bytes(bytes) = field else { continue };
                    let text = std::str::from_utf8(bytes).unwrap_or_default();
                    match number {
                        1 => envelope.api_version = text,
                        2 => envelope.kind = text,
                        _ => {}
                    }
                }
            }
            (2, Field::Bytes(bytes)) => envelope.raw = bytes,
            _ => {}
        }
    }
    Ok(envelope)
}

#[cfg(test)]
mod tests;

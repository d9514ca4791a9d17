//! Objects, lists and watch events as JSON. Stored bytes are copied as they are.

use std::collections::BTreeMap;

use bytes::Bytes;
use kyma_registry::{ApiError, Listed, Resource, object};
use kyma_store::{Object as Stored, Revision};
use serde_json::value::RawValue;
use serde_json::{Value, json};

/// An object's bytes in the version that was asked for.
pub(crate) fn object(resource: &Resource, stored: &Stored) -> Result<Bytes, ApiError> {
    let as_stored = match resource.is_custom() {
        // It may be kept in the version in which its kind was stored when it was written.
        true => says_version(&stored.json, resource),
        false => resource.is_stored_version(),
    };
    if as_stored {
        return Ok(stored.json.clone());
    }
    let mut value = object::parse(&stored.json)?;
    resource.convert_from_stored(&mut value);
    to_vec(&Value::Object(value)).map(Bytes::from)
}

/// Whether stored bytes, whose members are sorted, begin with this `apiVersion`.
fn says_version(json: &[u8], resource: &Resource) -> bool {
    let parts = ["{\"apiVersion\":\"", &resource.group, "/", &resource.version, "\","];
    let rest = parts.into_iter().try_fold(json, |rest, part| rest.strip_prefix(part.as_bytes()));
    rest.is_some()
}

/// How many bytes a list has, about: those of its objects, and room for what stands around them.
pub(crate) fn list_size(listed: &Listed) -> usize {
    listed.objects.iter().map(|object| object.json.len() + 1).sum::<usize>() + 256
}

/// A list of objects that is written one after the other, so that whoever writes it can pause between them.
pub(crate) struct List<'a> {
    resource: &'a Resource,
    out: Vec<u8>,
    is_first: bool,
}

impl<'a> List<'a> {
    /// Writes what stands before the first object.
    pub(crate) fn begin(resource: &'a Resource, listed: &Listed) -> Result<Self, ApiError> {
        let mut out = Vec::with_capacity(list_size(listed));
        let head = json!({"apiVersion": resource.api_version(), "kind": resource.names.list_kind});
        let mut head = to_vec(&head)?;
        head.pop();
        out.extend_from_slice(&head);
        out.extend_from_slice(b",\"metadata\":");
        let mut metadata = list_metadata(listed);
        if resource.is_custom() && listed.continue_token.is_none() {
            // Lists of custom kinds are written from maps, and say it.
            metadata["continue"] = "".into();
        }
        out.extend_from_slice(&to_vec(&metadata)?);
        out.extend_from_slice(b",\"items\":[");
        Ok(List { resource, out, is_first: true })
    }

    /// Writes the next object.
    pub(crate) fn push(&mut self, stored: &Stored) -> Result<(), ApiError> {
        if !std::mem::take(&mut self.is_first) {
            self.out.push(b',');
        }
        item(&mut self.out, self.resource, stored)
    }

    /// How many bytes are written.
    pub(crate) fn len(&self) -> usize {
        self.out.len()
    }

    /// All of it.
    pub(crate) fn end(mut self) -> Bytes {
        self.out.extend_from_slice(b"]}");
        self.out.into()
    }
}

/// Writes an object as an item of a list: those of built-in kinds do not repeat what the list says.
fn item(out: &mut Vec<u8>, resource: &Resource, stored: &Stored) -> Result<(), ApiError> {
    if resource.is_custom() {
        out.extend_from_slice(&object(resource, stored)?);
        return Ok(());
    }
    let json = object(resource, stored)?;
    // Only the outermost members are taken apart: what is in them is copied as it is.
    let unreadable =
        |e: serde_json::Error| ApiError::internal(format!("a stored object cannot be read: {e}"));
    let mut members: BTreeMap<String, &RawValue> = serde_json::from_slice(&json).map_err(unreadable)?;
    members.remove("kind");
    members.remove("apiVersion");
    let unwritable = |e: serde_json::Error| ApiError::internal(format!("an answer cannot be written: {e}"));
    serde_json::to_writer(out, &members).map_err(unwritable)
}

/// `metadata` of a list.
pub(crate) fn list_metadata(listed: &Listed) -> Value {
    let mut metadata = json!({"resourceVersion": listed.revision.to_string()});
    if let Some(token) = &listed.continue_token {
        metadata["continue"] = token.as_str().into();
    }
    if let Some(remaining) = listed.remaining.filter(|remaining| *remaining > 0) {
        metadata["remainingItemCount"] = remaining.into();
    }
    metadata
}

/// One line of a watch: the type and the object.
pub(crate) fn event(out: &mut Vec<u8>, kind: &str, object: &[u8]) {
    out.extend_from_slice(b"{\"type\":\"");
    out.extend_from_slice(kind.as_bytes());
    out.extend_from_slice(b"\",\"object\":");
    out.extend_from_slice(object);
    out.extend_from_slice(b"}\n");
}

/// The object of a bookmark.
pub(crate) fn bookmark(resource: &Resource, revision: Revision, ends_initial: bool) -> Value {
    let mut metadata = json!({"resourceVersion": revision.to_string()});
    if ends_initial {
        metadata["annotations"] = json!({"k8s.io/initial-events-end": "true"});
    }
    json!({"kind": resource.names.kind, "apiVersion": resource.api_version(), "metadata": metadata})
}

/// A document for people: a member a line.
pub(crate) fn indented(json: &[u8]) -> Result<Bytes, ApiError> {
    let unwritable = |e: serde_json::Error| ApiError::internal(format!("an answer cannot be written: {e}"));
    let value: Value = serde_json::from_slice(json).map_err(unwritable)?;
    serde_json::to_vec_pretty(&value).map(Bytes::from).map_err(unwritable)
}

/// Any value as bytes.
pub(crate) fn to_vec(value: &Value) -> Result<Vec<u8>, ApiError> {
    serde_json::to_vec(value).map_err(|e| ApiError::internal(format!("an answer cannot be written: {e}")))
}

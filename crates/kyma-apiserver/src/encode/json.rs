//! Objects, lists and watch events as JSON. Stored bytes are copied as they are.

use bytes::Bytes;
use kyma_registry::{ApiError, Listed, Resource, object};
use kyma_store::{Object as Stored, Revision};
use serde_json::{Value, json};

/// An object's bytes in the version that was asked for.
pub(crate) fn object(resource: &Resource, stored: &Stored) -> Result<Bytes, ApiError> {
    if resource.is_stored_version() {
        return Ok(stored.json.clone());
    }
    let mut value = object::parse(&stored.json)?;
    resource.convert_from_stored(&mut value);
    to_vec(&Value::Object(value)).map(Bytes::from)
}

/// How many bytes a list has, about: those of its objects, and room for what stands around them.
pub(crate) fn list_size(listed: &Listed) -> usize {
    listed.objects.iter().map(|object| object.json.len() + 1).sum::<usize>() + 256
}

/// A list of objects.
pub(crate) fn list(resource: &Resource, listed: &Listed) -> Result<Bytes, ApiError> {
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
    for (position, stored) in listed.objects.iter().enumerate() {
        if position > 0 {
            out.push(b',');
        }
        out.extend_from_slice(&item(resource, stored)?);
    }
    out.extend_from_slice(b"]}");
    Ok(out.into())
}

/// An object as an item of a list: those of built-in kinds do not repeat what the list says.
fn item(resource: &Resource, stored: &Stored) -> Result<Bytes, ApiError> {
    if resource.is_custom() {
        return object(resource, stored);
    }
    let mut value = object::parse(&stored.json)?;
    if !resource.is_stored_version() {
        resource.convert_from_stored(&mut value);
    }
    value.remove("kind");
    value.remove("apiVersion");
    to_vec(&Value::Object(value)).map(Bytes::from)
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

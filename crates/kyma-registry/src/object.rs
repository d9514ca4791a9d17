//! Kubernetes objects as JSON values: typed access to their metadata, and the canonical bytes that are stored.

mod live;

use std::sync::Arc;

use kyma_store::{Draft, Index};
use serde_json::{Map, Value};

use crate::turns::Turns;
use crate::{ApiError, Resource};

pub(crate) use live::Live;

/// A JSON object, the form in which the verbs handle what they read and write.
pub type Object = Map<String, Value>;

/// The object's `metadata`, if it is there and an object.
pub fn metadata(object: &Object) -> Option<&Object> {
    object.get("metadata")?.as_object()
}

/// The object's `metadata`, made empty where it is absent or something else.
pub fn metadata_mut(object: &mut Object) -> &mut Object {
    let slot = object.entry("metadata").or_insert_with(|| Value::Object(Map::new()));
    as_object_mut(slot)
}

/// The value as a JSON object, replaced by an empty one where it is something else.
pub fn as_object_mut(slot: &mut Value) -> &mut Object {
    if !slot.is_object() {
        *slot = Value::Object(Map::new());
    }
    match slot {
        Value::Object(map) => map,
        _ => unreachable!("the value was made an object above"),
    }
}

/// The value as an array, replaced by an empty one where it is something else.
pub fn as_array_mut(slot: &mut Value) -> &mut Vec<Value> {
    if !slot.is_array() {
        *slot = Value::Array(Vec::new());
    }
    match slot {
        Value::Array(list) => list,
        _ => unreachable!("the value was made an array above"),
    }
}

/// A string of the metadata; "" where it is absent, as Go's zero value reads.
pub fn meta_str<'a>(object: &'a Object, field: &str) -> &'a str {
    metadata(object).and_then(|m| m.get(field)).and_then(Value::as_str).unwrap_or_default()
}

/// `metadata.name`.
pub fn name(object: &Object) -> &str {
    meta_str(object, "name")
}

/// `metadata.namespace`.
pub fn namespace(object: &Object) -> &str {
    meta_str(object, "namespace")
}

/// `metadata.uid`.
pub fn uid(object: &Object) -> &str {
    meta_str(object, "uid")
}

/// `metadata.resourceVersion`.
pub fn resource_version(object: &Object) -> &str {
    meta_str(object, "resourceVersion")
}

/// Whether deletion has begun (`metadata.deletionTimestamp` is set).
pub fn is_deleting(object: &Object) -> bool {
    metadata(object).and_then(|m| m.get("deletionTimestamp")).is_some_and(|t| !t.is_null())
}

/// `metadata.finalizers`.
pub fn finalizers(object: &Object) -> Vec<&str> {
    let list = metadata(object).and_then(|m| m.get("finalizers")).and_then(Value::as_array);
    list.into_iter().flatten().filter_map(Value::as_str).collect()
}

/// Replaces `metadata.finalizers`; an empty list removes the field.
pub fn set_finalizers(object: &mut Object, finalizers: Vec<String>) {
    let meta = metadata_mut(object);
    if finalizers.is_empty() {
        meta.remove("finalizers");
    } else {
        meta.insert("finalizers".into(), finalizers.into());
    }
}

/// `metadata.generation`; 0 where it is absent.
pub fn generation(object: &Object) -> i64 {
    metadata(object).and_then(|m| m.get("generation")).and_then(Value::as_i64).unwrap_or_default()
}

/// Sets `metadata.generation`.
pub fn set_generation(object: &mut Object, generation: i64) {
    metadata_mut(object).insert("generation".into(), generation.into());
}

/// One entry of `metadata.ownerReferences`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnerReference {
    /// Group and version of the owner.
    pub api_version: String,
    /// Kind of the owner.
    pub kind: String,
    /// Name of the owner.
    pub name: String,
    /// UID of the owner.
    pub uid: String,
    /// Whether a foreground deletion of the owner waits for this dependent.
    pub block_owner_deletion: bool,
}

/// `metadata.ownerReferences`, in order.
pub fn owner_references(object: &Object) -> Vec<OwnerReference> {
    let list = metadata(object).and_then(|m| m.get("ownerReferences")).and_then(Value::as_array);
    let text =
        |entry: &Value, field: &str| entry.get(field).and_then(Value::as_str).unwrap_or_default().to_owned();
    list.into_iter()
        .flatten()
        .map(|entry| OwnerReference {
            api_version: text(entry, "apiVersion"),
            kind: text(entry, "kind"),
            name: text(entry, "name"),
            uid: text(entry, "uid"),
            block_owner_deletion: entry
                .get("blockOwnerDeletion")
                .and_then(Value::as_bool)
                .unwrap_or_default(),
        })
        .collect()
}

/// Parses stored bytes, which this process wrote itself.
///
/// # Errors
/// An internal error where they are no JSON object, which only a damaged store can cause.
pub fn parse(json: &[u8]) -> Result<Object, ApiError> {
    serde_json::from_slice(json)
        .map_err(|e| ApiError::internal(format!("a stored object cannot be read: {e}")))
}

/// Removes the metadata fields that Go's `omitempty` would not write.
pub(crate) fn drop_empty_metadata(object: &mut Object) {
    let meta = metadata_mut(object);
    // A generation of 0 is none; a grace period of 0 is one.
    if meta.get("generation").and_then(Value::as_i64) == Some(0) {
        meta.remove("generation");
    }
    meta.retain(|_, value| match value {
        Value::Null => false,
        Value::String(text) => !text.is_empty(),
        Value::Array(list) => !list.is_empty(),
        Value::Object(map) => !map.is_empty(),
        Value::Number(_) => true,
        Value::Bool(_) => true,
    });
}

/// The canonical bytes of an object, with the slot in which the store writes its resource version, and what is searched.
/// `managed` is the text of its list of managers, "" where it has none; the object itself must not have it.
///
/// # Errors
/// An internal error where the value cannot be written as JSON.
pub(crate) fn draft(object: &mut Object, managed: &str, resource: &Resource) -> Result<Draft, ApiError> {
    let fields = resource.selectable_values(object);
    draft_with(object, managed, fields)
}

fn draft_with(
    object: &mut Object,
    managed: &str,
    fields: Box<[(Arc<str>, Arc<str>)]>,
) -> Result<Draft, ApiError> {
    drop_empty_metadata(object);
    metadata_mut(object).insert("resourceVersion".into(), Value::String(String::new()));
    let (json, slot) = canonical(object, managed).map_err(|error| unwritable(&error))?;
    Ok(Draft { json, slot, index: index(object, fields) })
}

/// The canonical bytes of an object as they are, with the text of its list of managers.
///
/// # Errors
/// An internal error where the value cannot be written as JSON.
pub(crate) fn to_json(object: &Object, managed: &str) -> Result<Vec<u8>, ApiError> {
    canonical(object, managed).map(|(json, _)| json).map_err(|error| unwritable(&error))
}

fn unwritable(error: &serde_json::Error) -> ApiError {
    ApiError::internal(format!("an object cannot be written: {error}"))
}

/// Where the list of managers stands among the metadata. As a text it is kept apart from the object, so that it is not
/// parsed and written again with each change of anything else.
const MANAGED_FIELDS: &str = "managedFields";

/// Writes the object with its keys sorted and remembers where the quotes of `metadata.resourceVersion` open.
fn canonical(object: &Object, managed: &str) -> serde_json::Result<(Vec<u8>, usize)> {
    let mut out = Vec::with_capacity(512 + managed.len());
    let mut slot = 0;
    out.push(b'{');
    for (position, (key, value)) in object.iter().enumerate() {
        separate(&mut out, position);
        write_key(&mut out, key)?;
        match value {
            Value::Object(meta) if key == "metadata" => {
                out.push(b'{');
                let mut managed = Some(managed).filter(|managed| !managed.is_empty());
                for (position, (key, value)) in meta.iter().enumerate() {
                    separate(&mut out, position);
                    if let Some(managed) = managed.take_if(|_| key.as_str() > MANAGED_FIELDS) {
                        write_key(&mut out, MANAGED_FIELDS)?;
                        out.extend_from_slice(managed.as_bytes());
                        out.push(b',');
                    }
                    write_key(&mut out, key)?;
                    if key == "resourceVersion" {
                        slot = out.len() + 1;
                    }
                    serde_json::to_writer(&mut out, value)?;
                }
                out.push(b'}');
            }
            _ => serde_json::to_writer(&mut out, value)?,
        }
    }
    out.push(b'}');
    Ok((out, slot))
}

fn separate(out: &mut Vec<u8>, position: usize) {
    if position > 0 {
        out.push(b',');
    }
}

fn write_key(out: &mut Vec<u8>, key: &str) -> serde_json::Result<()> {
    serde_json::to_writer(&mut *out, key)?;
    out.push(b':');
    Ok(())
}

fn index(object: &Object, fields: Box<[(Arc<str>, Arc<str>)]>) -> Index {
    let labels = metadata(object).and_then(|m| m.get("labels")).and_then(Value::as_object);
    let mut turns = Turns::default();
    let labels = labels
        .into_iter()
        .flatten()
        .inspect(|_| turns.done())
        .map(|(key, value)| (Arc::from(key.as_str()), Arc::from(value.as_str().unwrap_or_default())))
        .collect();
    Index {
        uid: Arc::from(uid(object)),
        labels,
        fields,
        owners: owner_references(object).into_iter().map(|owner| Arc::from(owner.uid)).collect(),
        deleting: is_deleting(object),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(json: &str) -> Object {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn the_slot_is_the_metadata_resource_version_and_no_other() {
        let mut event = object(
            r#"{"involvedObject":{"resourceVersion":""},"kind":"Event","metadata":{"name":"e","annotations":{"a":"\"resourceVersion\":\"\""}}}"#,
        );
        let draft = draft_with(&mut event, "", Box::default()).unwrap();
        let text = String::from_utf8(draft.json).unwrap();
        assert_eq!(
            &text[..draft.slot],
            text.rsplit_once(r#"""#).map(|_| &text[..text.rfind(r#""""#).unwrap() + 1]).unwrap()
        );
        assert!(text[..draft.slot].ends_with(r#""name":"e","resourceVersion":""#), "{text}");
    }

    #[test]
    fn canonical_bytes_are_sorted_and_without_empty_metadata() {
        let mut kyma = object(
            r#"{"spec":{"b":1,"a":2},"metadata":{"name":"x","labels":{},"generation":0,"finalizers":[]},"kind":"K"}"#,
        );
        let draft = draft_with(&mut kyma, "", Box::default()).unwrap();
        let text = String::from_utf8(draft.json).unwrap();
        assert_eq!(text, r#"{"kind":"K","metadata":{"name":"x","resourceVersion":""},"spec":{"a":2,"b":1}}"#);
    }

    #[test]
    fn the_managers_stand_where_they_belong_and_come_back_as_they_were() {
        let mut object =
            object(r#"{"metadata":{"labels":{"a":"b"},"name":"x"},"spec":{"managedFields":[1]}}"#);
        let managed = r#"[{"fieldsV1":{"k:{\"b\":2}":{},"k:{\"b\":10}":{}}}]"#;
        let draft = draft_with(&mut object, managed, Box::default()).unwrap();
        let text = String::from_utf8(draft.json).unwrap();
        let expected = format!(
            r#"{{"metadata":{{"labels":{{"a":"b"}},"managedFields":{managed},"name":"x","resourceVersion":""}},"spec":{{"managedFields":[1]}}}}"#
        );
        assert_eq!(text, expected);
        let live = Live::parse(text.as_bytes()).unwrap();
        assert_eq!((live.managed, &live.object), (managed, &object));
        assert_eq!(live.whole(), super::parse(text.as_bytes()).unwrap());
    }

    #[test]
    fn owners_and_finalizers_are_read_in_order() {
        let o = object(
            r#"{"metadata":{"finalizers":["a","b"],"ownerReferences":[{"apiVersion":"v1","kind":"K","name":"n","uid":"u","blockOwnerDeletion":true}]}}"#,
        );
        assert_eq!(finalizers(&o), ["a", "b"]);
        let owners = owner_references(&o);
        assert_eq!((owners[0].uid.as_str(), owners[0].block_owner_deletion), ("u", true));
    }
}

//! What a write may not change is taken from the stored object.

use serde_json::Value;

use crate::Resource;
use crate::object::{self, Object};

/// What the server alone sets stays as it is. A deletion timestamp can be set by nobody else, but one that a client
/// made up is for the validation to refuse.
pub(super) fn system_fields(changed: &mut Object, existing: &Object) {
    let Some(old) = object::metadata(existing) else { return };
    let meta = object::metadata_mut(changed);
    for field in ["generation", "selfLink"] {
        match old.get(field) {
            Some(value) => meta.insert(field.into(), value.clone()),
            None => meta.remove(field),
        };
    }
    for field in ["creationTimestamp", "deletionTimestamp"] {
        if let Some(value) = old.get(field) {
            meta.insert(field.into(), value.clone());
        }
    }
    if let Some(seconds) = old.get("deletionGracePeriodSeconds") {
        meta.entry("deletionGracePeriodSeconds").or_insert_with(|| seconds.clone());
    }
    let uid = meta.entry("uid").or_insert(Value::Null);
    if uid.as_str().is_none_or(str::is_empty) {
        *uid = object::uid(existing).into();
    }
}

pub(super) fn field(changed: &mut Object, existing: &Object, field: &str) {
    match existing.get(field) {
        Some(value) => changed.insert(field.into(), value.clone()),
        None => changed.remove(field),
    };
}

/// A custom resource's status write changes nothing else; a built-in kind's also takes the metadata.
pub(super) fn all_but_status(resource: &Resource, changed: &mut Object, existing: &Object) {
    let status = changed.remove("status");
    let metadata = changed.remove("metadata");
    *changed = existing.clone();
    match status {
        Some(status) => changed.insert("status".into(), status),
        None => changed.remove("status"),
    };
    if let (false, Some(metadata)) = (resource.is_custom(), metadata) {
        changed.insert("metadata".into(), metadata);
    }
}

/// Of what was written only one list counts, a member of a member, and the metadata.
pub(super) fn all_but_list(changed: &mut Object, existing: &Object, (parent, member): (&str, &str)) {
    let list = changed.get(parent).and_then(|parent| parent.get(member)).cloned();
    let metadata = changed.remove("metadata");
    *changed = existing.clone();
    let parent = object::as_object_mut(changed.entry(parent).or_insert(Value::Null));
    match list {
        Some(Value::Array(list)) if !list.is_empty() => parent.insert(member.into(), Value::Array(list)),
        _ => parent.remove(member),
    };
    if let Some(metadata) = metadata {
        changed.insert("metadata".into(), metadata);
    }
}

pub(super) fn same_but_metadata_and_status(resource: &Resource, a: &Object, b: &Object) -> bool {
    let counts = |key: &&String| key.as_str() != "metadata" && !(resource.status && key.as_str() == "status");
    a.keys().filter(counts).eq(b.keys().filter(counts))
        && a.keys().filter(counts).all(|key| a.get(key) == b.get(key))
}

//! The walks that change an object: pruning and defaulting
//! (`k8s.io/apiextensions-apiserver/pkg/apiserver/schema/{pruning,defaulting}`).

use serde_json::{Map, Value};

use super::node::{Additional, Node};
use crate::reason::{Segment, Trail};

const META: [&str; 3] = ["apiVersion", "kind", "metadata"];

/// Takes out what the schema does not know, and notes the paths. The root is a resource: its type and metadata stay.
pub(super) fn unknown_fields(object: &mut Map<String, Value>, root: &Node, unknown: &mut Vec<String>) {
    prune_map(object, Some(root), true, &Trail::ROOT, unknown);
}

/// Takes unknown fields out of a default, and tells whether there were any.
pub(super) fn has_unknown_fields(value: &Value, node: &Node) -> bool {
    let mut copy = value.clone();
    prune(&mut copy, Some(node), &Trail::ROOT, &mut Vec::new());
    copy != *value
}

fn prune(value: &mut Value, node: Option<&Node>, at: &Trail<'_>, unknown: &mut Vec<String>) {
    match value {
        Value::Object(map) => prune_map(map, node, node.is_some_and(|node| node.embedded), at, unknown),
        Value::Array(items) => {
            let preserve = node.is_some_and(|node| node.preserve);
            let items_node = node.and_then(|node| node.items.as_deref());
            for (index, item) in items.iter_mut().enumerate() {
                let at = at.step(Segment::Index(index));
                match items_node {
                    // Below a preserving list only items that have a schema are looked at, and they are preserved, too.
                    Some(node) if preserve => preserve_item(item, node, &at, unknown),
                    None if preserve => {}
                    node => prune(item, node, &at, unknown),
                }
            }
        }
        _ => {}
    }
}

fn prune_map(
    map: &mut Map<String, Value>,
    node: Option<&Node>,
    is_resource: bool,
    at: &Trail<'_>,
    unknown: &mut Vec<String>,
) {
    let preserve = node.is_some_and(|node| node.preserve);
    map.retain(|key, value| {
        if is_resource && META.contains(&key.as_str()) {
            return true;
        }
        match field(node, key) {
            Field::Known(node) => {
                prune(value, node, &at.step(Segment::Child(key)), unknown);
                true
            }
            Field::Unknown if preserve => true,
            Field::Unknown => {
                // Type and metadata are no unknown fields at the root, even where they are taken out.
                if !(at.is_root() && META.contains(&key.as_str())) {
                    unknown.push(at.step(Segment::Child(key)).to_string());
                }
                false
            }
        }
    });
}

/// Upstream's `skipPrune`: unknown fields stay, known ones are walked by their own rules.
fn preserve_item(value: &mut Value, node: &Node, at: &Trail<'_>, unknown: &mut Vec<String>) {
    match value {
        Value::Object(map) => {
            for (key, value) in map.iter_mut() {
                if node.embedded && META.contains(&key.as_str()) {
                    continue;
                }
                if let Field::Known(node) = field(Some(node), key) {
                    prune(value, node, &at.step(Segment::Child(key)), unknown);
                }
            }
        }
        Value::Array(items) => {
            let Some(node) = &node.items else { return };
            for (index, item) in items.iter_mut().enumerate() {
                preserve_item(item, node, &at.step(Segment::Index(index)), unknown);
            }
        }
        _ => {}
    }
}

enum Field<'a> {
    /// Known, perhaps without a schema: then everything below is unknown.
    Known(Option<&'a Node>),
    Unknown,
}

fn field<'a>(node: Option<&'a Node>, key: &str) -> Field<'a> {
    let Some(node) = node else { return Field::Unknown };
    match (node.property(key), &node.additional) {
        (Some(node), _) => Field::Known(Some(node)),
        (None, Additional::Schema(node)) => Field::Known(Some(node)),
        (None, Additional::Allowed(_)) => Field::Known(None),
        (None, Additional::Unset) => Field::Unknown,
    }
}

/// Takes out members that are null, may not be, and have no default.
pub(super) fn nulls(object: &mut Map<String, Value>, root: &Node) {
    nulls_in_map(object, root);
}

fn nulls_in_map(map: &mut Map<String, Value>, node: &Node) {
    map.retain(|key, value| {
        let Some(node) = node.field(key) else { return true };
        if value.is_null() {
            return node.nullable || node.default.is_some();
        }
        nulls_in(value, node);
        true
    });
}

fn nulls_in(value: &mut Value, node: &Node) {
    match value {
        Value::Object(map) => nulls_in_map(map, node),
        Value::Array(items) => {
            if let Some(node) = &node.items {
                items.iter_mut().for_each(|item| nulls_in(item, node));
            }
        }
        _ => {}
    }
}

/// Fills in defaults where a member is absent, or null although it may not be.
pub(super) fn apply_defaults(object: &mut Map<String, Value>, node: &Node) {
    if !node.below.defaults {
        return;
    }
    for (key, property) in &node.properties {
        let Some(default) = &property.default else { continue };
        let missing = object.get(&**key).is_none_or(|value| value.is_null() && !property.nullable);
        if missing {
            object.insert(key.to_string(), default.clone());
        }
    }
    for (key, value) in object.iter_mut() {
        let Some(property) = node.field(key) else { continue };
        if node.property(key).is_none() {
            replace_null(value, property);
        }
        defaults_in(value, property);
    }
}

fn defaults_in(value: &mut Value, node: &Node) {
    match value {
        Value::Object(map) => apply_defaults(map, node),
        Value::Array(items) => {
            let Some(node) = node.items.as_deref().filter(|items| items.below.defaults) else { return };
            for item in items {
                replace_null(item, node);
                defaults_in(item, node);
            }
        }
        _ => {}
    }
}

fn replace_null(value: &mut Value, node: &Node) {
    if let (true, false, Some(default)) = (value.is_null(), node.nullable, &node.default) {
        *value = default.clone();
    }
}

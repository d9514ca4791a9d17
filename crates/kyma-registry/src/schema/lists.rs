//! Doubles in lists of type `set` and `map`
//! (`k8s.io/apiextensions-apiserver/pkg/apiserver/schema/listtype/validation.go`).

use std::collections::HashMap;

use serde_json::{Map, Value};

use super::node::{ListType, Node};
use crate::reason::{FieldError, Path, Segment, Trail, gotext};

/// All doubles of an object.
pub(super) fn duplicates(object: &Map<String, Value>, root: &Node) -> Vec<FieldError> {
    let mut errors = Vec::new();
    visit_map(object, root, &Trail::ROOT, &mut errors);
    errors
}

fn visit_map(map: &Map<String, Value>, node: &Node, at: &Trail<'_>, errors: &mut Vec<FieldError>) {
    if !node.below.lists {
        return;
    }
    if let Some(node) = node.additional_schema() {
        for (key, value) in map {
            visit(value, node, &at.step(Segment::Key(key)), errors);
        }
    }
    for (key, node) in &node.properties {
        if let Some(value) = map.get(&**key) {
            visit(value, node, &at.step(Segment::Child(key)), errors);
        }
    }
}

fn visit(value: &Value, node: &Node, at: &Trail<'_>, errors: &mut Vec<FieldError>) {
    match value {
        Value::Object(map) => visit_map(map, node, at, errors),
        Value::Array(items) => {
            match &node.list_type {
                ListType::Atomic => {}
                ListType::Set => {
                    let doubles = second_of(items.iter().map(Some));
                    let doubles = doubles.filter_map(|index| Some((index, items.get(index)?)));
                    errors
                        .extend(doubles.map(|(i, item)| FieldError::duplicate(&index(at, i), item.clone())));
                }
                ListType::Map(keys) => check_map(items, keys, at, errors),
            }
            if let Some(node) = node.items.as_deref().filter(|items| items.below.lists) {
                for (index, item) in items.iter().enumerate() {
                    visit(item, node, &at.step(Segment::Index(index)), errors);
                }
            }
        }
        _ => {}
    }
}

fn check_map(items: &[Value], keys: &[String], at: &Trail<'_>, errors: &mut Vec<FieldError>) {
    if let Some((i, item)) = items.iter().enumerate().find(|(_, item)| !item.is_object() && !item.is_null()) {
        let detail = "must be an object for an array of list-type map";
        errors.push(FieldError::invalid(&index(at, i), item.clone(), detail));
        return;
    }
    let key_of = |item: &Value| -> Value {
        let values = keys.iter().filter_map(|key| Some((key.clone(), item.get(key)?.clone())));
        Value::Object(values.collect())
    };
    let composite: Vec<Value> = items.iter().map(key_of).collect();
    // A single key is compared by itself, so that an absent one differs from null, and 1 from 1.0.
    let doubles: Vec<usize> = match keys {
        [key] => second_of(items.iter().map(|item| item.get(key))).collect(),
        _ => second_of(composite.iter().map(Some)).collect(),
    };
    let doubles = doubles.into_iter().filter_map(|index| Some((index, composite.get(index)?)));
    errors.extend(doubles.map(|(i, key)| FieldError::duplicate(&index(at, i), key.clone())));
}

/// The second appearance of each value that is there more than once. Lists and objects are compared as Go's JSON,
/// which writes 1.0 as 1; scalars with their types.
fn second_of<'a>(values: impl Iterator<Item = Option<&'a Value>>) -> impl Iterator<Item = usize> {
    let mut seen: HashMap<String, usize> = HashMap::new();
    values.enumerate().filter_map(move |(index, value)| {
        let text = match value {
            None => String::new(),
            Some(compound @ (Value::Array(_) | Value::Object(_))) => gotext::json(compound),
            Some(scalar) => scalar.to_string(),
        };
        let times = seen.entry(text).or_default();
        *times += 1;
        (*times == 2).then_some(index)
    })
}

fn index(at: &Trail<'_>, index: usize) -> Path {
    at.step(Segment::Index(index)).below(&Path::root())
}

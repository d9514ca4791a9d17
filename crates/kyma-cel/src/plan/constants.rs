//! What is constant is computed once.

use std::collections::HashSet;
use std::sync::Arc;

use super::{Node, PlannedEntry};
use crate::ast::ExprId;
use crate::value::{List, Map, MapKey, OwnedMap, Value};

fn constant(node: &Node) -> Option<&Value<'static>> {
    match node {
        Node::Const(_, value) => Some(value),
        _ => None,
    }
}

pub(super) fn fold_list(id: ExprId, elements: Vec<Node>, optionals: Vec<usize>) -> Node {
    let values: Option<Vec<Value<'static>>> = elements.iter().map(|node| constant(node).cloned()).collect();
    match values {
        Some(values) if optionals.is_empty() => Node::Const(id, Value::list(values)),
        _ => Node::List { id, elements, optionals },
    }
}

pub(super) fn fold_map(id: ExprId, entries: Vec<PlannedEntry>) -> Node {
    let mut map = OwnedMap::default();
    for entry in &entries {
        let (Some(key), Some(value), false) = (constant(&entry.key), constant(&entry.value), entry.optional)
        else {
            return Node::Map { id, entries };
        };
        map.insert(key.clone(), value.clone());
    }
    Node::Const(id, Value::Map(Map::Owned(Arc::new(map))))
}

/// `arg in list` for a list of constants, which becomes a set; none if an element cannot be in one.
pub(super) fn membership(id: ExprId, arg: Node, list: &Node) -> Result<Node, Node> {
    let Some(Value::List(List::Owned(elements, _))) = constant(list) else { return Err(arg) };
    if elements.is_empty() {
        return Ok(Node::Const(id, Value::Bool(false)));
    }
    let mut set = HashSet::new();
    for element in elements.iter() {
        let key = MapKey::of(element);
        if matches!(key, MapKey::Other(_)) {
            return Err(arg);
        }
        set.insert(key);
        set.extend(equal_numbers(element));
    }
    Ok(Node::Membership { id, arg: Box::new(arg), set })
}

/// Numbers of other types that equal one.
fn equal_numbers(value: &Value<'_>) -> Vec<MapKey> {
    let conversions = match value {
        Value::Int(_) => [value.to_double(), value.to_uint()],
        Value::Uint(_) => [value.to_double(), value.to_int()],
        Value::Double(_) => [value.to_int(), value.to_uint()],
        _ => return Vec::new(),
    };
    let same = |converted: &Value<'_>| {
        !matches!(value, Value::Double(_)) || crate::value::equal(converted, value).unwrap_or(false)
    };
    conversions.iter().flatten().filter(|converted| same(converted)).map(MapKey::of).collect()
}

//! An object without some of its fields (`typed/remove.go`).

use serde_json::{Map as Members, Value};

use super::check::narrowed;
use super::element::Element;
use super::list;
use super::schema::{Atom, List, ListKind, Map, Place};
use super::set::Set;

/// The object without the members and the items of a set. Of what is owned whole nothing is taken.
pub(crate) fn objects(
    object: &Members<String, Value>,
    gone: &Set<'_>,
    place: Place<'_>,
) -> Members<String, Value> {
    match place.atom().map {
        Some(map) if !gone.is_empty() && !map.atomic => members(object, gone, &map),
        _ => object.clone(),
    }
}

/// What is left of a value that something below it is taken from: null where that is nothing, as upstream has it.
fn value(value: &Value, gone: &Set<'_>, place: Place<'_>) -> Value {
    match (narrowed(place.atom(), value), value) {
        (Atom { map: Some(map), .. }, Value::Object(object)) if !map.atomic => {
            let left = members(object, gone, &map);
            if left.is_empty() { Value::Null } else { Value::Object(left) }
        }
        (Atom { map: None, scalar: Some(_), .. }, _) => value.clone(),
        (Atom { map: None, list: Some(list), .. }, Value::Array(array))
            if !matches!(list.kind, ListKind::Atomic) =>
        {
            let left = items(array, gone, &list);
            if left.is_empty() { Value::Null } else { Value::Array(left) }
        }
        _ => Value::Null,
    }
}

fn members(object: &Members<String, Value>, gone: &Set<'_>, map: &Map<'_>) -> Members<String, Value> {
    let left = object.iter().filter_map(|(name, member)| {
        let kept = match gone.get(&Element::Field(name.into())) {
            None => member.clone(),
            Some(node) if node.member => return None,
            Some(node) => match map.child(name) {
                Some(place) => value(member, &node.below, place),
                None => member.clone(),
            },
        };
        Some((name.clone(), kept))
    });
    left.collect()
}

fn items(array: &[Value], gone: &Set<'_>, list: &List<'_>) -> Vec<Value> {
    let left = array.iter().filter_map(|item| {
        let node = list::element(list, item).ok().and_then(|element| gone.get(&element).cloned());
        match node {
            None => Some(item.clone()),
            Some(node) if node.member => None,
            Some(node) => Some(value(item, &node.below, list.item)),
        }
    });
    left.collect()
}

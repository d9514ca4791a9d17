//! What an object holds, as a set (`typed/tofieldset.go`): what an applied configuration owns.

use std::collections::BTreeMap;

use serde_json::{Map as Members, Value};

use super::check::narrowed;
use super::element::Element;
use super::list;
use super::schema::{Atom, List, ListKind, Map, Place};
use super::set::Set;

/// All fields of an object.
pub(crate) fn fields<'a>(object: &'a Members<String, Value>, place: Place<'a>) -> Set<'a> {
    match place.atom().map {
        Some(map) if !map.atomic => members(object, &map),
        _ => Set::default(),
    }
}

/// Whether the value's own path is in the set, and what is below it.
fn value<'a>(value: &'a Value, place: Place<'a>) -> (bool, Set<'a>) {
    let atom = narrowed(place.atom(), value);
    match (atom, value) {
        (Atom { map: Some(map), .. }, _) if map.atomic => (true, Set::default()),
        (Atom { map: Some(map), .. }, Value::Object(object)) => (false, members(object, &map)),
        (Atom { map: None, scalar: Some(_), .. }, _) => (true, Set::default()),
        (Atom { map: None, list: Some(List { kind: ListKind::Atomic, .. }), .. }, _) => {
            (true, Set::default())
        }
        (Atom { map: None, list: Some(list), .. }, Value::Array(array)) => (false, items(array, &list)),
        _ => (false, Set::default()),
    }
}

fn members<'a>(object: &'a Members<String, Value>, map: &Map<'a>) -> Set<'a> {
    let mut set = Set::default();
    for (name, member) in object {
        let declared = map.field(name);
        let Some(place) = declared.or(map.rest) else { continue };
        let (leaf, below) = value(member, place);
        let bare = member.is_null() || member.as_object().is_some_and(Members::is_empty);
        set.push(Element::Field(name.into()), leaf || bare || declared.is_none(), below);
    }
    set
}

/// Of items that are there twice only the element itself is in the set.
fn items<'a>(array: &'a [Value], list: &List<'a>) -> Set<'a> {
    let mut all: BTreeMap<Element<'a>, (usize, &'a Value)> = BTreeMap::new();
    for item in array {
        if let Ok(element) = list::element(list, item) {
            all.entry(element).or_insert((0, item)).0 += 1;
        }
    }
    let mut set = Set::default();
    for (element, (times, item)) in all {
        let below = if times == 1 { value(item, list.item).1 } else { Set::default() };
        set.push(element, true, below);
    }
    set
}

//! Sets that were written under another schema (`typed/reconcile_schema.go`): what has one owner by now is owned
//! whole.

use super::element::Element;
use super::schema::{Atom, List, ListKind, Map, Place};
use super::set::{Node, Set};

/// Brings a set in line with the schema; says whether that changed it.
pub(crate) fn set(set: &mut Set<'_>, place: Place<'_>) -> bool {
    match place.atom().map {
        Some(map) if !map.is_deduced() => children(set, |element| field(&map, element)),
        _ => false,
    }
}

fn children<'s>(set: &mut Set<'_>, place: impl Fn(&Element<'_>) -> Option<Place<'s>>) -> bool {
    let mut changed = false;
    for node in set.nodes_mut() {
        if let Some(place) = place(&node.element) {
            changed |= self::node(node, place);
        }
    }
    changed
}

fn field<'s>(map: &Map<'s>, element: &Element<'_>) -> Option<Place<'s>> {
    match element {
        Element::Field(name) => map.child(name),
        _ => map.rest,
    }
}

fn node(node: &mut Node<'_>, place: Place<'_>) -> bool {
    let is_leaf = node.below.is_empty();
    match place.atom() {
        Atom { map: Some(map), .. } if map.is_deduced() => false,
        Atom { map: Some(map), .. } if map.atomic => !is_leaf && own_whole(node),
        Atom { map: Some(map), .. } => children(&mut node.below, |element| field(&map, element)),
        Atom { scalar: Some(_), .. } => false,
        Atom { list: Some(List { kind: ListKind::Atomic, .. }), .. } => !is_leaf && own_whole(node),
        Atom { list: Some(list), .. } => children(&mut node.below, |_| Some(list.item)),
        Atom { .. } => false,
    }
}

fn own_whole(node: &mut Node<'_>) -> bool {
    node.below = Set::default();
    node.member = true;
    true
}

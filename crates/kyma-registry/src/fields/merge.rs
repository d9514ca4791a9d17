//! An applied configuration laid over an object (`typed/merge.go`). Nothing is taken away here: see [`super::remove`].

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use serde_json::{Map as Members, Value};

use super::compare::{MAP, SCALAR, branches};
use super::element::Element;
use super::list;
use super::schema::{List, ListKind, Map, Place};

/// The object with the configuration laid over it.
pub(crate) fn objects(
    live: &Members<String, Value>,
    config: &Members<String, Value>,
    place: Place<'_>,
) -> Members<String, Value> {
    match place.atom().map {
        Some(map) => members(Some(live), Some(config), &map),
        None => config.clone(),
    }
}

/// What two values make, of which at most one is absent.
fn values(live: Option<&Value>, config: Option<&Value>, place: Place<'_>) -> Option<Value> {
    let atom = place.atom();
    // Of values of different types the configuration's decides.
    let branches = if config.is_some() { branches(&atom, config) } else { branches(&atom, live) };
    let leaf = || config.or(live).cloned();
    if let Some(map) = atom.map.as_ref().filter(|_| branches & MAP != 0) {
        let (old, new) = (live.and_then(Value::as_object), config.and_then(Value::as_object));
        let empty = |members: Option<&Members<String, Value>>| members.is_none_or(Members::is_empty);
        if map.atomic || empty(old) && empty(new) {
            return leaf();
        }
        let merged = members(old, new, map);
        return (!merged.is_empty()).then_some(Value::Object(merged));
    }
    if branches & SCALAR != 0 {
        return leaf();
    }
    let list = atom.list.as_ref()?;
    let (old, new) = (live.and_then(Value::as_array), config.and_then(Value::as_array));
    let (old, new) = (old.map(Vec::as_slice).unwrap_or_default(), new.map(Vec::as_slice).unwrap_or_default());
    if matches!(list.kind, ListKind::Atomic) || old.is_empty() && new.is_empty() {
        return leaf();
    }
    let merged = items(old, new, list);
    (!merged.is_empty()).then_some(Value::Array(merged))
}

fn members(
    live: Option<&Members<String, Value>>,
    config: Option<&Members<String, Value>>,
    map: &Map<'_>,
) -> Members<String, Value> {
    let names: BTreeSet<&String> = live.into_iter().chain(config).flat_map(Members::keys).collect();
    let merged = names.into_iter().filter_map(|name| {
        let (old, new) = (live.and_then(|m| m.get(name)), config.and_then(|m| m.get(name)));
        let value = match map.child(name) {
            Some(place) => values(old, new, place),
            None => new.or(old).cloned(),
        };
        Some((name.clone(), value?))
    });
    merged.collect()
}

/// The elements of a list in its order, and the item of each; `None` for one that is there twice, which nothing is
/// merged with.
fn indexed<'a>(
    items: &'a [Value],
    list: &List<'a>,
) -> (Vec<Element<'a>>, BTreeMap<Element<'a>, Option<&'a Value>>) {
    let mut order = Vec::with_capacity(items.len());
    let mut index = BTreeMap::new();
    for item in items {
        if let Ok(element) = list::element(list, item) {
            index.entry(element.clone()).and_modify(|slot| *slot = None).or_insert(Some(item));
            order.push(element);
        }
    }
    (order, index)
}

/// The item of an element. One that is there twice merges as null, as upstream has it.
fn found<'a>(index: &BTreeMap<Element<'a>, Option<&'a Value>>, element: &Element<'_>) -> Option<&'a Value> {
    static NULL: Value = Value::Null;
    index.get(element).map(|item| item.unwrap_or(&NULL))
}

/// Items of both lists, in the order of the configuration where both have some, and of the live list else.
fn items(live: &[Value], config: &[Value], list: &List<'_>) -> Vec<Value> {
    let (live_order, live_index) = indexed(live, list);
    let (config_order, config_index) = indexed(config, list);
    let mut shared: VecDeque<&Element<'_>> =
        config_order.iter().filter(|element| live_index.contains_key(*element)).collect();
    let mut next_shared = shared.pop_front();
    let mut done: BTreeSet<&Element<'_>> = BTreeSet::new();
    let mut out = Vec::with_capacity(live.len().max(config.len()));
    let merged =
        |element: &Element<'_>| values(found(&live_index, element), found(&config_index, element), list.item);
    let (mut l, mut c) = (0, 0);
    while l < live_order.len() || c < config_order.len() {
        if let (Some(old), Some(new)) = (live_order.get(l), config_order.get(c)) {
            if old == new {
                done.insert(old);
                out.extend(merged(old));
                (l, c) = (l + 1, c + 1);
                next_shared = shared.pop_front();
                continue;
            }
            // Shared, but not the one whose turn it is.
            if config_index.contains_key(old) && next_shared.is_some_and(|next| next != old) {
                l += 1;
                continue;
            }
        }
        if let Some(old) = live_order.get(l) {
            if !config_index.contains_key(old) {
                if let Some(value) = live.get(l) {
                    out.extend(values(Some(value), None, list.item));
                }
                l += 1;
                continue;
            } else if done.contains(old) {
                l += 1;
            }
        }
        if let Some(new) = config_order.get(c) {
            done.insert(new);
            out.extend(merged(new));
            c += 1;
            if next_shared == Some(new) {
                next_shared = shared.pop_front();
            }
        }
    }
    out
}

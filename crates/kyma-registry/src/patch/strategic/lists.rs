//! Lists that are merged: by a key, or as sets of texts.

use std::collections::BTreeSet;

use serde_json::Value;

use super::order::{self, Places, identity};
use super::problem::Problem;
use super::{DIRECTIVE, Object, SET_ORDER, behind_prefix, inner, lookup, merge_map, without_directives};
use crate::structure::{Member, Struct, Type};

/// How a list is merged.
pub(super) struct Strategy {
    /// Whether it is merged at all, or replaced.
    pub(super) merges: bool,
    /// What tells items apart; "" for texts.
    key: &'static str,
    items: Option<&'static Struct>,
}

impl Strategy {
    /// What a member's tags say of its list.
    pub(super) fn of(member: &'static Member) -> Result<Self, Problem> {
        let kind = match member.kind.pointee() {
            Type::List { .. } | Type::Bytes => None,
            Type::Map { .. } => Some("map"),
            Type::Text(_) => Some("string"),
            Type::Integer(_) => Some("int32"),
            Type::Bool => Some("bool"),
            _ => Some("struct"),
        };
        if let Some(kind) = kind {
            return Err(Problem::Other(format!("expected slice or array type, but got: {kind}")));
        }
        let key = member.merge_key.unwrap_or_default();
        Ok(Self { merges: member.merge_key.is_some(), key, items: inner(member) })
    }
}

/// Merges two lists. `deletes` takes the patch for what is to be taken out of a list of texts.
pub(super) fn merge(
    original: Vec<Value>,
    patch: &[Value],
    list: &Strategy,
    deletes: bool,
) -> Result<Vec<Value>, Problem> {
    if original.is_empty() && patch.is_empty() {
        return Ok(original);
    }
    let objects = are_objects(&[&original, patch])?;
    let (merged, kept, order) = if objects {
        if list.key.is_empty() {
            let kind = if list.items.is_some() { "struct" } else { "string" };
            return Err(Problem::Other(format!("cannot merge lists without merge key for {kind}")));
        }
        let (kept, patch) = follow_directives(original, patch, list.key)?;
        (merge_objects(kept.clone(), &patch, list)?, kept, patch)
    } else if deletes {
        let gone = Places::of(patch, "");
        return Ok(original.into_iter().filter(|item| gone.position(item).is_none()).collect());
    } else {
        let both: Vec<Value> = original.iter().chain(patch).cloned().collect();
        (order::without_doubles(both), original, patch.to_vec())
    };
    arrange(merged, &order, &kept, list, objects)
}

/// The items in the order of `wanted`, those that it does not name where the server had them.
fn arrange(
    merged: Vec<Value>,
    wanted: &[Value],
    server: &[Value],
    list: &Strategy,
    objects: bool,
) -> Result<Vec<Value>, Problem> {
    if objects {
        for items in [&merged[..], wanted, server] {
            check_keys(items, list.key)?;
        }
    }
    let (wanted, server) = (Places::of(wanted, list.key), Places::of(server, list.key));
    let (named, others) = merged.into_iter().partition(|item| wanted.position(item).is_some());
    Ok(order::interleave(wanted.sort(named), server.sort(others), &server))
}

/// `$patch` in items of the patch: what is to be deleted goes, and where one says `replace` nothing of the original
/// stays. The patch comes back without them.
fn follow_directives(
    mut original: Vec<Value>,
    patch: &[Value],
    key: &str,
) -> Result<(Vec<Value>, Vec<Value>), Problem> {
    let mut plain = Vec::new();
    let mut deleted = BTreeSet::new();
    let mut replaces = false;
    for item in patch {
        let Some(object) = item.as_object() else { continue };
        let Some(directive) = object.get(DIRECTIVE) else {
            plain.push(item.clone());
            continue;
        };
        match directive.as_str() {
            Some("delete") => {
                object.get(key).ok_or_else(|| Problem::no_merge_key(object, key))?;
                deleted.insert(identity(item, key));
            }
            Some("replace") => replaces = true,
            Some("merge") => {
                return Err(Problem::Other("merging lists cannot yet be specified in the patch".to_owned()));
            }
            _ => return Err(Problem::unknown_directive(directive, object)),
        }
    }
    original.retain(|item| !deleted.contains(&identity(item, key)));
    Ok(if replaces { (plain, Vec::new()) } else { (original, plain) })
}

fn merge_objects(mut original: Vec<Value>, patch: &[Value], list: &Strategy) -> Result<Vec<Value>, Problem> {
    let mut places = Places::of(&original, list.key);
    for item in patch {
        let Some(object) = item.as_object() else { continue };
        object.get(list.key).ok_or_else(|| Problem::no_merge_key(object, list.key))?;
        let found = places.position(item).and_then(|place| original.get_mut(place));
        if let Some(found) = found.and_then(Value::as_object_mut) {
            merge_map(found, &mut object.clone(), list.items)?;
        } else {
            places.push(item, original.len());
            original.push(item.clone());
        }
    }
    Ok(original)
}

/// Follows each `$setElementOrder/LIST`, and takes it and its list out of the patch.
pub(super) fn merge_ordered(
    original: &mut Object,
    patch: &mut Object,
    structure: Option<&'static Struct>,
) -> Result<(), Problem> {
    let directives: Vec<String> = patch.keys().filter(|key| key.starts_with(SET_ORDER)).cloned().collect();
    for directive in directives {
        let Some(order) = patch.remove(&directive) else { continue };
        let order = as_list(&order)?;
        let key = behind_prefix(&directive, SET_ORDER).ok_or(Problem::SetElementOrderFormat)?;
        let server = original.get(key).map(as_list).transpose()?;
        let given = patch.get(key).map(as_list).transpose()?;
        let list = Strategy::of(lookup(structure, key)?)?;
        check_order(given.unwrap_or_default(), order, &list)?;
        let merged = match (server, given) {
            (None, None) => continue,
            (Some(server), None) => server.to_vec(),
            (None, Some(given)) => given.iter().filter_map(without_directives).collect(),
            (Some(server), Some(given)) if list.merges => merge(server.to_vec(), given, &list, false)?,
            (Some(_), Some(given)) => given.to_vec(),
        };
        let (server, given) = (server.unwrap_or_default(), given.unwrap_or_default());
        if server.is_empty() && given.is_empty() {
            return Err(Problem::Other("no elements in any of the given slices".to_owned()));
        }
        let objects = are_objects(&[server, given])?;
        let arranged = arrange(merged, order, server, &list, objects)?;
        original.insert(key.to_owned(), Value::Array(arranged));
        patch.remove(key);
    }
    Ok(())
}

/// The items of the patch must be among those of the order, and in that order.
fn check_order(given: &[Value], order: &[Value], list: &Strategy) -> Result<(), Problem> {
    if order.is_empty() || given.is_empty() {
        return Ok(());
    }
    let mut places = order.iter();
    for item in given.iter().filter(|item| item.get(DIRECTIVE).is_none()) {
        loop {
            let Some(place) = places.next() else { return Err(wrong_order(given, order)) };
            if list.key.is_empty() {
                if item == place {
                    break;
                }
                continue;
            }
            if key_of(item, list.key)? == key_of(place, list.key)? {
                break;
            }
        }
    }
    Ok(())
}

fn wrong_order(given: &[Value], order: &[Value]) -> Problem {
    let [given, order] =
        [given, order].map(|list| crate::reason::gotext::value(&Value::Array(list.to_vec())));
    Problem::Other(format!("The order in patch list:\n{given}\n doesn't match {SET_ORDER} list:\n{order}\n"))
}

fn key_of<'a>(item: &'a Value, key: &str) -> Result<&'a Value, Problem> {
    let object = item.as_object().ok_or_else(|| Problem::argument("map[string]interface {}", item))?;
    object.get(key).ok_or_else(|| Problem::no_merge_key(object, key))
}

fn check_keys(items: &[Value], key: &str) -> Result<(), Problem> {
    items.iter().try_for_each(|item| key_of(item, key).map(drop))
}

fn as_list(value: &Value) -> Result<&[Value], Problem> {
    value.as_array().map(Vec::as_slice).ok_or_else(|| Problem::argument("[]interface {}", value))
}

/// Whether the items of both lists are objects; they must be of one type, and no lists.
fn are_objects(lists: &[&[Value]]) -> Result<bool, Problem> {
    let mut items = lists.iter().copied().flatten();
    let Some(first) = items.next() else { return Ok(false) };
    if first.is_array() {
        return Err(Problem::ListOfLists);
    }
    if items.any(|item| !super::same_type(first, item)) {
        let lists = lists.iter().map(|list| Value::Array(list.to_vec())).collect();
        let shown = crate::reason::gotext::value(&Value::Array(lists));
        return Err(Problem::Other(format!("list element types are not identical: {shown}")));
    }
    Ok(first.is_object())
}

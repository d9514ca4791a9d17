//! Strategic merge patch: a merge patch that knows which lists are merged, and by which key
//! (`k8s.io/apimachinery/pkg/util/strategicpatch/patch.go`, as the server calls it: with parallel lists merged and
//! unmatched nulls ignored). Custom resources do not take it: only Go's structures say which lists those are.

mod lists;
mod order;
mod problem;

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::decode_json;
use super::unreadable;
use crate::reason::{ApiError, gotext};
use crate::structure::{Member, Struct, Type};
use problem::Problem;

type Object = Map<String, Value>;

/// `delete` and `replace` for the object that it stands in.
const DIRECTIVE: &str = "$patch";
/// The members that stay; all others go.
const RETAIN_KEYS: &str = "$retainKeys";
/// `$setElementOrder/LIST`: the keys of the list's items in the order that they are to have.
const SET_ORDER: &str = "$setElementOrder";
/// `$deleteFromPrimitiveList/LIST`: texts to be taken out of the list.
const DELETE_FROM: &str = "$deleteFromPrimitiveList";

/// An object to be laid over one of a built-in kind.
#[derive(Clone, Debug, PartialEq)]
pub struct StrategicPatch(Object);

impl StrategicPatch {
    /// Reads a patch, and complains about members that appear twice.
    ///
    /// # Errors
    /// 400 for what is no JSON object; `null` is an empty one.
    pub fn parse(body: &[u8]) -> Result<(Self, Vec<String>), ApiError> {
        match decode_json(body).map_err(|_| unreadable())? {
            (Value::Object(patch), complaints) => Ok((Self(patch), complaints)),
            (Value::Null, complaints) => Ok((Self(Map::new()), complaints)),
            (other, _) => Err(ApiError::bad_request(format!(
                "json: cannot unmarshal {} into Go value of type map[string]interface {{}}",
                gotext::type_name(&other)
            ))),
        }
    }

    /// The object to be laid over.
    pub(crate) fn object(&self) -> &Object {
        &self.0
    }

    /// The object with the patch laid over it, and what is left of the patch then: the real server's messages show
    /// that, without the directives that were followed.
    ///
    /// # Errors
    /// 400, 422 or 500 for directives that make no sense.
    pub(crate) fn apply(
        &self,
        object: &Object,
        structure: &'static Struct,
    ) -> Result<(Object, Object), ApiError> {
        let (mut merged, mut patch) = (object.clone(), self.0.clone());
        merge_map(&mut merged, &mut patch, Some(structure)).map_err(ApiError::from)?;
        Ok((merged, patch))
    }
}

/// Lays a patch over an object. `structure` is `None` where Go has a map.
fn merge_map(
    original: &mut Object,
    patch: &mut Object,
    structure: Option<&'static Struct>,
) -> Result<(), Problem> {
    if let Some(directive) = patch.get(DIRECTIVE).cloned() {
        return follow_directive(original, patch, &directive);
    }
    retain_keys(original, patch)?;
    lists::merge_ordered(original, patch, structure)?;
    for (key, value) in patch.iter_mut() {
        let (key, deletes) = match key.starts_with(DELETE_FROM) {
            true => (behind_prefix(key, DELETE_FROM).ok_or(Problem::PrimitiveListFormat)?, true),
            false => (key.as_str(), false),
        };
        if value.is_null() {
            original.remove(key);
        } else {
            merge_member(original, key, value, structure, deletes)?;
        }
    }
    Ok(())
}

fn merge_member(
    original: &mut Object,
    key: &str,
    value: &mut Value,
    structure: Option<&'static Struct>,
    deletes: bool,
) -> Result<(), Problem> {
    match (original.get_mut(key), &mut *value) {
        (None, _) if deletes => {}
        (Some(Value::Object(original)), Value::Object(patch)) => {
            merge_map(original, patch, inner(lookup(structure, key)?))?;
        }
        (Some(Value::Array(original)), Value::Array(patch)) => {
            let list = lists::Strategy::of(lookup(structure, key)?)?;
            if list.merges || deletes {
                let items = std::mem::take(original);
                *original = lists::merge(items, patch, &list, deletes)?;
            } else {
                original.clone_from(patch);
            }
        }
        (Some(original), value) if same_type(original, value) => *original = value.clone(),
        (Some(_), _) if deletes => {}
        _ => {
            discard_nulls(value);
            match without_directives(value) {
                Some(clean) => original.insert(key.to_owned(), clean),
                None => original.remove(key),
            };
        }
    }
    Ok(())
}

/// `$patch` in an object: it takes the place of the other one, or empties it.
fn follow_directive(original: &mut Object, patch: &mut Object, directive: &Value) -> Result<(), Problem> {
    match directive.as_str() {
        Some("replace") => {
            patch.remove(DIRECTIVE);
            original.clone_from(patch);
            Ok(())
        }
        Some("delete") => {
            original.clear();
            Ok(())
        }
        _ => Err(Problem::unknown_directive(directive, patch)),
    }
}

/// `$retainKeys`: members that it does not name go, and the patch may set no others.
fn retain_keys(original: &mut Object, patch: &mut Object) -> Result<(), Problem> {
    let Some(retained) = patch.remove(RETAIN_KEYS) else { return Ok(()) };
    let Value::Array(retained) = retained else { return Err(Problem::RetainKeysFormat) };
    let retained: BTreeSet<&str> = retained.iter().filter_map(Value::as_str).collect();
    let named = |key: &String| retained.contains(key.as_str());
    let special = |key: &String| key.starts_with(DELETE_FROM) || key.starts_with(SET_ORDER);
    let mut set = patch.iter().filter(|(key, value)| !value.is_null() && !special(key));
    if set.any(|(key, _)| !named(key)) {
        return Err(Problem::RetainKeysFormat);
    }
    original.retain(|key, _| named(key));
    Ok(())
}

/// What Go's tags say of a member.
fn lookup(structure: Option<&'static Struct>, key: &str) -> Result<&'static Member, Problem> {
    let structure = structure.ok_or_else(|| {
        Problem::Other("merging an object in json but data type is not struct, instead is: map".to_owned())
    })?;
    structure.member(key).ok_or_else(|| {
        let (name, key) = (structure.name(), gotext::quote(key));
        Problem::Other(format!("unable to find api field in struct {name} for the json field {key}"))
    })
}

/// The structure that a member is, points to or lists. Inside maps Go looks for none.
fn inner(member: &Member) -> Option<&'static Struct> {
    match member.kind.pointee() {
        Type::Struct(structure) => Some(structure),
        Type::List { items, .. } => match items.pointee() {
            Type::Struct(structure) => Some(structure),
            _ => None,
        },
        _ => None,
    }
}

/// The name behind a prefix and a slash.
fn behind_prefix<'a>(key: &'a str, prefix: &str) -> Option<&'a str> {
    key.strip_prefix(prefix)?.strip_prefix('/')
}

fn same_type(a: &Value, b: &Value) -> bool {
    std::mem::discriminant(a) == std::mem::discriminant(b)
}

/// Takes null members out, at any depth.
fn discard_nulls(value: &mut Value) {
    match value {
        Value::Object(map) => {
            map.retain(|_, value| !value.is_null());
            map.values_mut().for_each(discard_nulls);
        }
        Value::Array(items) => items.iter_mut().for_each(discard_nulls),
        _ => {}
    }
}

/// The value without objects that are directives; `None` if it is one itself.
fn without_directives(value: &Value) -> Option<Value> {
    Some(match value {
        Value::Object(map) if map.contains_key(DIRECTIVE) => return None,
        Value::Object(map) => {
            let members =
                map.iter().filter_map(|(key, value)| Some((key.clone(), without_directives(value)?)));
            Value::Object(members.collect())
        }
        Value::Array(items) => Value::Array(items.iter().filter_map(without_directives).collect()),
        scalar => scalar.clone(),
    })
}

#[cfg(test)]
mod tests;

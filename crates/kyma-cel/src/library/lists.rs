//! Lists, sets and maps: Kubernetes' functions and those of cel-go's extensions.

use std::cmp::Ordering;

use super::{Implementation, int, list, map, no_such_overload, number, operators};
use crate::error::EvalError;
use crate::value::{List, Outcome, Value, compare, equal};

pub(super) fn implementation(overload: &str) -> Option<Implementation> {
    Some(match overload {
        "list_distinct" => distinct,
        "list_flatten" | "list_flatten_int" => flatten,
        "list_includes_dyn_dyn" => includes,
        "list_a_index_of_int" => |args| index_of(args, false),
        "list_a_last_index_of_int" => |args| index_of(args, true),
        "lists_range" => range,
        "list_reverse" => reverse,
        "list_slice" => slice,
        "list_sets_contains_list" => |args| contains_all(list(args, 0)?, list(args, 1)?).map(Value::Bool),
        "list_sets_equivalent_list" => equivalent,
        "list_sets_intersects_list" => intersects,
        "@mapInsert_map_key_value" => insert,
        "@mapInsert_map_map" => insert_all,
        name if name.ends_with("_is_sorted_bool") => is_sorted,
        name if name.starts_with("list_") && name.contains("_max_") => {
            |args| extreme(args, "max", Ordering::Less)
        }
        name if name.starts_with("list_") && name.contains("_min_") => {
            |args| extreme(args, "min", Ordering::Greater)
        }
        "list_int_sum_int" => |args| sum(args, Value::Int(0)),
        "list_uint_sum_uint" => |args| sum(args, Value::Uint(0)),
        "list_double_sum_double" => |args| sum(args, Value::Double(0.0)),
        "list_duration_sum_duration" => |args| sum(args, Value::Duration(0)),
        _ => return None,
    })
}

fn is_sorted<'d>(args: &[Value<'d>]) -> Outcome<'d> {
    let elements = list(args, 0)?.collect()?;
    for pair in elements.windows(2) {
        if let [a, b] = pair
            && compare(a, b)? == Ordering::Greater
        {
            return Ok(Value::Bool(false));
        }
    }
    Ok(Value::Bool(true))
}

fn sum<'d>(args: &[Value<'d>], zero: Value<'d>) -> Outcome<'d> {
    let mut total = zero;
    for element in list(args, 0)?.iter() {
        total = operators::add(&[total, element?])?;
    }
    Ok(total)
}

fn extreme<'d>(args: &[Value<'d>], name: &str, replaced_if: Ordering) -> Outcome<'d> {
    let mut result: Option<Value<'d>> = None;
    for element in list(args, 0)?.iter() {
        let element = element?;
        let replaces = match &result {
            None => true,
            Some(known) => compare(known, &element).is_ok_and(|order| order == replaced_if),
        };
        if replaces {
            result = Some(element);
        }
    }
    result.ok_or_else(|| EvalError::new(format!("{name} called on empty list")))
}

fn is_equal(a: &Value<'_>, b: &Value<'_>) -> bool {
    equal(a, b).unwrap_or(false)
}

fn index_of<'d>(args: &[Value<'d>], last: bool) -> Outcome<'d> {
    let [_, item] = args else { return no_such_overload() };
    let elements = list(args, 0)?;
    let found = |index: &usize| elements.get(*index).is_some_and(|e| e.is_ok_and(|e| is_equal(&e, item)));
    let mut indices = 0..elements.len();
    let place = if last { indices.rfind(found) } else { indices.find(found) };
    Ok(place.map_or(Value::Int(-1), number))
}

fn includes<'d>(args: &[Value<'d>]) -> Outcome<'d> {
    let [target, item] = args else { return no_such_overload() };
    let found = match target {
        Value::List(list) => list.iter().any(|element| element.is_ok_and(|element| is_equal(&element, item))),
        other => is_equal(other, item),
    };
    Ok(Value::Bool(found))
}

fn distinct<'d>(args: &[Value<'d>]) -> Outcome<'d> {
    let elements = list(args, 0)?;
    if elements.is_empty() {
        return Ok(Value::List(elements.clone()));
    }
    let mut unique: Vec<Value<'d>> = Vec::with_capacity(elements.len());
    for (index, element) in elements.iter().enumerate() {
        let element = element?;
        let seen =
            unique.iter().enumerate().any(|(place, other)| place != index && is_equal(&element, other));
        if !seen {
            unique.push(element);
        }
    }
    Ok(Value::list(unique))
}

fn flatten<'d>(args: &[Value<'d>]) -> Outcome<'d> {
    let depth = if args.len() > 1 { int(args, 1)? } else { 1 };
    if depth < 0 {
        return Err(EvalError::new("level must be non-negative"));
    }
    let mut flat = Vec::new();
    flatten_into(list(args, 0)?, depth, &mut flat)?;
    Ok(Value::list(flat))
}

fn flatten_into<'d>(list: &List<'d>, depth: i64, into: &mut Vec<Value<'d>>) -> Result<(), EvalError> {
    for element in list.iter() {
        match element? {
            Value::List(inner) if depth > 0 => flatten_into(&inner, depth - 1, into)?,
            other => into.push(other),
        }
    }
    Ok(())
}

/// The longest list that is made of numbers alone: what costs more than a single evaluation may is never looked at.
const MAX_RANGE: i64 = 10_000_000;

fn range<'d>(args: &[Value<'d>]) -> Outcome<'d> {
    let size = int(args, 0)?;
    if size < 0 {
        return Err(EvalError::new(format!("lists.range: size must be non-negative, got {size}")));
    }
    Ok(Value::list((0..size.min(MAX_RANGE)).map(Value::Int).collect()))
}

fn reverse<'d>(args: &[Value<'d>]) -> Outcome<'d> {
    let mut elements = list(args, 0)?.collect()?;
    elements.reverse();
    Ok(Value::list(elements))
}

fn slice<'d>(args: &[Value<'d>]) -> Outcome<'d> {
    let elements = list(args, 0)?;
    let (start, end) = (int(args, 1)?, int(args, 2)?);
    let refused = |why: &str| Err(EvalError::new(format!("cannot slice({start}, {end}), {why}")));
    let (Ok(from), Ok(to)) = (usize::try_from(start), usize::try_from(end)) else {
        return refused("negative indexes not supported");
    };
    if from > to {
        return refused("start index must be less than or equal to end index");
    }
    if elements.len() < to {
        return refused(&format!("list is length {}", elements.len()));
    }
    let part: Result<Vec<_>, _> = elements.iter().skip(from).take(to - from).collect();
    Ok(Value::list(part?))
}

pub(super) fn sort<'d>(args: &[Value<'d>]) -> Outcome<'d> {
    sorted(list(args, 0)?, list(args, 0)?)
}

pub(super) fn sort_by_keys<'d>(args: &[Value<'d>]) -> Outcome<'d> {
    sorted(list(args, 0)?, list(args, 1)?)
}

fn sorted<'d>(elements: &List<'d>, keys: &List<'d>) -> Outcome<'d> {
    if elements.len() != keys.len() {
        return Err(EvalError::new(format!(
            "@sortByAssociatedKeys() expected a list of the same size as the associated keys list, but got {} and {} \
             elements respectively",
            elements.len(),
            keys.len()
        )));
    }
    if elements.is_empty() {
        return Ok(Value::List(elements.clone()));
    }
    let mut pairs: Vec<(Value<'d>, Value<'d>)> =
        keys.collect()?.into_iter().zip(elements.collect()?).collect();
    let first = pairs.first().map(|(key, _)| key.type_name()).unwrap_or_default();
    if pairs.len() > 1 && pairs.iter().any(|(key, _)| key.type_name() != first) {
        return Err(EvalError::new("list elements must have the same type"));
    }
    if pairs.iter().any(|(key, _)| compare(key, key).is_err() && !matches!(key, Value::Double(_))) {
        return Err(EvalError::new("list elements must be comparable"));
    }
    pairs.sort_by(|(a, _), (b, _)| compare(a, b).unwrap_or(Ordering::Equal));
    Ok(Value::list(pairs.into_iter().map(|(_, element)| element).collect()))
}

fn contains_all<'d>(elements: &List<'d>, wanted: &List<'d>) -> Result<bool, EvalError> {
    for item in wanted.iter() {
        if !elements.contains(&item?)? {
            return Ok(false);
        }
    }
    Ok(true)
}

fn equivalent<'d>(args: &[Value<'d>]) -> Outcome<'d> {
    let (a, b) = (list(args, 0)?, list(args, 1)?);
    Ok(Value::Bool(contains_all(a, b)? && contains_all(b, a)?))
}

fn intersects<'d>(args: &[Value<'d>]) -> Outcome<'d> {
    let (a, b) = (list(args, 0)?, list(args, 1)?);
    for item in a.iter() {
        if b.contains(&item?).unwrap_or(false) {
            return Ok(Value::Bool(true));
        }
    }
    Ok(Value::Bool(false))
}

fn insert<'d>(args: &[Value<'d>]) -> Outcome<'d> {
    let [_, key, value] = args else { return no_such_overload() };
    Ok(Value::Map(map(args, 0)?.clone().insert(key.clone(), value.clone())?))
}

fn insert_all<'d>(args: &[Value<'d>]) -> Outcome<'d> {
    let mut target = map(args, 0)?.clone();
    let update = map(args, 1)?;
    for key in update.keys() {
        let value = update.find(&key)?.unwrap_or(Value::Null);
        target = target.insert(key, value)?;
    }
    Ok(Value::Map(target))
}

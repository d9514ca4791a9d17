//! Items of lists as elements of paths (`listItemToPathElement` in `typed/helpers.go`).

use serde_json::Value;

use super::element::{Datum, Element};
use super::schema::{Keys, List, ListKind};
use crate::reason::gotext;

/// How an item of a list that is not atomic is found in it.
///
/// # Errors
/// The item cannot be told apart from others, in upstream's words.
pub(crate) fn element<'a>(list: &List<'a>, item: &'a Value) -> Result<Element<'a>, String> {
    match list.kind {
        ListKind::Atomic => Err("invalid indexing of non-associative list".to_owned()),
        ListKind::Set => set_element(item),
        ListKind::Map(keys) => key_element(list, keys, item),
    }
}

fn set_element(item: &Value) -> Result<Element<'_>, String> {
    let problem = match item {
        Value::Object(_) => "associative list without keys has an element that's a map type",
        Value::Array(_) => "not supported: associative list with lists as elements",
        Value::Null => "associative list without keys has an element that's an explicit null",
        scalar => return Ok(Element::Value(Datum::of(scalar))),
    };
    Err(problem.to_owned())
}

fn key_element<'a>(list: &List<'a>, keys: Keys<'a>, item: &'a Value) -> Result<Element<'a>, String> {
    let members = match item {
        Value::Object(members) => members,
        Value::Null => return Err("associative list with keys may not have a null element".to_owned()),
        _ => return Err("associative list with keys may not have non-map elements".to_owned()),
    };
    let values = keys.iter().filter_map(|name| {
        let value = members.get(name).map(Datum::of).or_else(|| list.item.key_default(name))?;
        Some((name.into(), value))
    });
    let mut values: Vec<_> = values.collect();
    if values.is_empty() && keys.len() > 0 {
        let names: Vec<String> = keys.iter().map(gotext::quote).collect();
        return Err(format!(
            "associative list with keys has an element that omits all key fields [{}] (and doesn't have default values \
             for any key fields)",
            names.join(" ")
        ));
    }
    values.sort_by(|(a, _): &(std::borrow::Cow<'_, str>, _), (b, _)| a.cmp(b));
    Ok(Element::Key(values.into()))
}

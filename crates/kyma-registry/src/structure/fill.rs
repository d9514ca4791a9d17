//! What defaulting fills in (`zz_generated.defaults.go` and `defaults.go` of each group): the members for which it
//! always is the same value. What hangs on other members is in the kinds' own modules.

use serde_json::{Map, Value};

use super::{Struct, Type};

/// Fills the missing members of an object and of all structures in it. The object must have gone through
/// [`super::decode`].
pub(crate) fn fill(object: &mut Map<String, Value>, structure: &Struct) {
    for member in structure.members() {
        if let Some(value) = object.get_mut(member.name) {
            inside(value, &member.kind);
        }
        let Some(text) = member.fill else { continue };
        let missing = match object.get(member.name) {
            None | Some(Value::Null) => true,
            // A value that is no pointer cannot be told from one that nobody set.
            Some(value) => !matches!(member.kind, Type::Pointer(_)) && *value == member.kind.zero(),
        };
        if missing && let Ok(mut value) = serde_json::from_str(text) {
            inside(&mut value, &member.kind);
            object.insert(member.name.to_owned(), value);
        }
    }
}

fn inside(value: &mut Value, kind: &Type) {
    match (kind, value) {
        (Type::Struct(structure), Value::Object(map)) => fill(map, structure),
        (Type::Pointer(inner), value) => inside(value, inner),
        (Type::List { items, .. }, Value::Array(list)) if items.structure().is_some() => {
            list.iter_mut().for_each(|item| inside(item, items));
        }
        (Type::Map { values, .. }, Value::Object(map)) if values.structure().is_some() => {
            map.values_mut().for_each(|item| inside(item, values));
        }
        _ => {}
    }
}

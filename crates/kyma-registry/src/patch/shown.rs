//! A patched object of a built-in kind as the real server shows it in a refusal: JSON whose members stand in the order
//! of Go's fields, but for the objects that the patch library had to open. Those are maps by then, and sorted.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::reason::gotext;
use crate::structure::{Struct, Type};

/// The objects that a patch opens, as a tree of their names.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Opened(BTreeMap<String, Opened>);

impl Opened {
    /// Opens what is on the way to a place that a JSON pointer names.
    pub(super) fn on_the_way(&mut self, pointer: &str) {
        let mut steps: Vec<&str> = pointer.split('/').skip(1).collect();
        steps.pop();
        let mut here = self;
        for step in steps {
            here = here.0.entry(step.replace("~1", "/").replace("~0", "~")).or_default();
        }
    }

    /// Opens the objects of `object` over which objects are laid.
    pub(super) fn laid_over(patch: &Map<String, Value>, object: &Map<String, Value>) -> Self {
        let both = patch.iter().filter_map(|(key, value)| {
            let (patch, object) = (value.as_object()?, object.get(key)?.as_object()?);
            Some((key.clone(), Self::laid_over(patch, object)))
        });
        Self(both.collect())
    }
}

/// The object as a refusal shows it.
pub(crate) fn json(object: &Map<String, Value>, structure: &Struct, opened: &Opened) -> String {
    let mut out = String::new();
    write_object(object, Some(structure), Some(opened), &mut out);
    out
}

fn write(value: &Value, kind: Option<&Type>, opened: Option<&Opened>, out: &mut String) {
    let kind = kind.map(Type::pointee);
    match value {
        Value::Array(items) => {
            let of_items = kind.and_then(|kind| match kind {
                Type::List { items, .. } => Some(&**items),
                _ => None,
            });
            out.push('[');
            for (position, item) in items.iter().enumerate() {
                separate(position, out);
                let opened = opened.and_then(|opened| opened.0.get(&position.to_string()));
                write(item, of_items, opened, out);
            }
            out.push(']');
        }
        Value::Object(map) => match kind {
            Some(Type::Struct(structure)) => write_object(map, Some(structure), opened, out),
            _ => write_object(map, None, opened, out),
        },
        other => out.push_str(&gotext::json(other)),
    }
}

fn write_object(
    map: &Map<String, Value>,
    structure: Option<&Struct>,
    opened: Option<&Opened>,
    out: &mut String,
) {
    let mut members: Vec<(&String, &Value)> = map.iter().collect();
    members.sort_by_key(|(key, _)| *key);
    if let (Some(structure), None) = (structure, opened) {
        let place = |key: &String| structure.members().iter().position(|member| member.name == key);
        members.sort_by_key(|(key, _)| place(key).unwrap_or(usize::MAX));
    }
    out.push('{');
    for (position, (key, value)) in members.into_iter().enumerate() {
        separate(position, out);
        out.push_str(&gotext::json(&Value::from(key.as_str())));
        out.push(':');
        let kind = structure.and_then(|structure| structure.member(key)).map(|member| &member.kind);
        write(value, kind, opened.and_then(|opened| opened.0.get(key)), out);
    }
    out.push('}');
}

fn separate(position: usize, out: &mut String) {
    if position > 0 {
        out.push(',');
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn shown(opened: &Opened) -> String {
        let object = json!({
            "kind": "ConfigMap", "apiVersion": "v1", "data": {"b": "1", "a": "2"},
            "metadata": {"uid": "u", "name": "n", "managedFields": [{"time": "t", "manager": "m"}]},
        });
        json(object.as_object().unwrap(), Struct::find("core/v1.ConfigMap").unwrap(), opened)
    }

    #[test]
    fn what_is_not_opened_stands_in_the_order_of_gos_fields() {
        assert_eq!(
            shown(&Opened::default()),
            r#"{"apiVersion":"v1","data":{"a":"2","b":"1"},"kind":"ConfigMap","metadata":{"name":"n","uid":"u","managedFields":[{"manager":"m","time":"t"}]}}"#
        );
    }

    #[test]
    fn what_a_patch_opens_is_sorted() {
        let mut opened = Opened::default();
        opened.on_the_way("/metadata/managedFields/0/time");
        let sorted = r#""metadata":{"managedFields":[{"manager":"m","time":"t"}],"name":"n","uid":"u"}}"#;
        assert!(shown(&opened).ends_with(sorted), "{}", shown(&opened));
        let patch = json!({"metadata": {"name": "x"}, "data": 1});
        let object = json!({"metadata": {"name": "n"}, "data": {}});
        let opened = Opened::laid_over(patch.as_object().unwrap(), object.as_object().unwrap());
        assert!(shown(&opened).contains(r#""metadata":{"managedFields""#), "{}", shown(&opened));
    }
}

//! Ratcheting: what was wrong before and has not changed is let pass at an update (KEP-4008;
//! `k8s.io/apiserver/pkg/cel/common/equality.go` finds what stood at the same place before).

use std::collections::HashMap;

use serde_json::{Map, Value};

use super::item::Item;
use super::node::{ListType, Node};
use crate::reason::gotext;

/// What stood at the same place before, and the structural schema by which the two are compared.
#[derive(Clone, Copy, Debug)]
pub(super) struct Before<'a> {
    pub(super) node: &'a Node,
    pub(super) old: Item<'a>,
}

impl<'a> Before<'a> {
    /// What stood under the same key.
    pub(super) fn field(self, key: &str) -> Option<Self> {
        let old = self.old.as_object()?.get(key)?;
        Some(Self { node: self.node.field(key)?, old: old.into() })
    }

    /// The old items of a list by their keys; only lists of type `map` tell which item was which.
    pub(super) fn items(self) -> Option<OldItems<'a>> {
        let (ListType::Map(keys), Some(node), Item::Array(old)) =
            (&self.node.list_type, &self.node.items, self.old)
        else {
            return None;
        };
        let mut by_key = HashMap::with_capacity(old.len());
        for item in old.iter().filter_map(Value::as_object) {
            if let Some(key) = composite_key(item, keys) {
                by_key.entry(key).or_insert(item);
            }
        }
        Some(OldItems { keys, node, by_key })
    }

    /// Whether the value is as it was. A member that the schema does not know counts as a change.
    pub(super) fn equals(self, new: Item<'_>) -> bool {
        match (new, self.old) {
            (Item::Array(new), Item::Array(old)) if matches!(self.node.list_type, ListType::Map(_)) => {
                let items = self.items();
                let same = |item: &Value| {
                    items
                        .as_ref()
                        .and_then(|items| items.before(item))
                        .is_some_and(|old| old.equals(item.into()))
                };
                new.len() == old.len() && new.iter().all(same)
            }
            (Item::Object(new), Item::Object(old)) => {
                let same = |(key, value): (&String, &Value)| {
                    self.field(key).is_some_and(|before| before.equals(value.into()))
                };
                new.len() == old.len() && new.iter().all(same)
            }
            (new, old) => new.same(old),
        }
    }
}

/// The old items of a list of type `map`.
#[derive(Debug)]
pub(super) struct OldItems<'a> {
    keys: &'a [String],
    node: &'a Node,
    by_key: HashMap<String, &'a Map<String, Value>>,
}

impl<'a> OldItems<'a> {
    /// The old item with the keys of `item`.
    pub(super) fn before(&self, item: &Value) -> Option<Before<'a>> {
        let key = composite_key(item.as_object()?, self.keys)?;
        let old = self.by_key.get(&key)?;
        Some(Before { node: self.node, old: Item::Object(old) })
    }
}

/// The values of all keys in one text; none where one is absent or no scalar.
pub(super) fn composite_key(item: &Map<String, Value>, keys: &[String]) -> Option<String> {
    let part = |key: &String| match item.get(key)? {
        Value::Null | Value::Array(_) | Value::Object(_) => None,
        scalar => Some(gotext::json(scalar)),
    };
    // JSON texts hold no zero byte.
    keys.iter().map(part).collect::<Option<Vec<_>>>().map(|parts| parts.join("\0"))
}

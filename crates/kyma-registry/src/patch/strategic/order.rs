//! The order of merged lists: what the patch names in its order, and between it what only the server has, where it was
//! (`normalizeElementOrder`).
//!
//! Lists may be as long as a body allows: each is indexed once instead of being searched for every item.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

/// What tells items apart: the value under the key, or the whole item where the key is "".
pub(super) fn identity(item: &Value, key: &str) -> String {
    let value = if key.is_empty() { Some(item) } else { item.get(key) };
    value.map(Value::to_string).unwrap_or_default()
}

/// The places of a list's items.
pub(super) struct Places<'a> {
    first: BTreeMap<String, usize>,
    key: &'a str,
}

impl<'a> Places<'a> {
    pub(super) fn of(list: &[Value], key: &'a str) -> Self {
        let mut first = BTreeMap::new();
        for (place, item) in list.iter().enumerate() {
            first.entry(identity(item, key)).or_insert(place);
        }
        Self { first, key }
    }

    /// Where the item stands first in the list.
    pub(super) fn position(&self, item: &Value) -> Option<usize> {
        self.first.get(&identity(item, self.key)).copied()
    }

    /// Adds an item behind the list.
    pub(super) fn push(&mut self, item: &Value, place: usize) {
        self.first.entry(identity(item, self.key)).or_insert(place);
    }

    /// Sorts by the list's order; what it does not know comes last.
    pub(super) fn sort(&self, mut items: Vec<Value>) -> Vec<Value> {
        items.sort_by_cached_key(|item| self.position(item).unwrap_or(usize::MAX));
        items
    }
}

/// Puts `others` between `named`, each before the first that stands behind it in the server's list.
pub(super) fn interleave(named: Vec<Value>, others: Vec<Value>, server: &Places<'_>) -> Vec<Value> {
    let mut all = Vec::with_capacity(named.len() + others.len());
    let mut others = others.into_iter().peekable();
    for item in named {
        let place = server.position(&item);
        while let Some(other) = others.peek() {
            let before = place.zip(server.position(other)).is_some_and(|(place, other)| other < place);
            if !before {
                break;
            }
            all.extend(others.next());
        }
        all.push(item);
    }
    all.extend(others);
    all
}

/// Each value once.
pub(super) fn without_doubles(mut values: Vec<Value>) -> Vec<Value> {
    let mut seen = BTreeSet::new();
    values.retain(|value| seen.insert(identity(value, "")));
    values
}

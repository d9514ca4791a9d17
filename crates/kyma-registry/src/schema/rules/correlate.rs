//! What stood at the place of a value before, for ratcheting: what a rule finds wrong with a value that has not
//! changed is only a warning.

use serde_json::Value;

use crate::schema::item::Item;
use crate::schema::ratchet::Before;

/// The same value before, or the nearest one above it of which that is known.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::schema) struct Correlation<'a> {
    current: Option<Before<'a>>,
    above: Option<(Before<'a>, Item<'a>)>,
}

impl<'a> Correlation<'a> {
    /// Of an object that is changed.
    pub(in crate::schema) fn of(before: Before<'a>) -> Self {
        Self { current: Some(before), above: None }
    }

    /// Whether the value, or what it is in, is as it was.
    pub(super) fn is_unchanged(self, item: Item<'_>) -> bool {
        match self.current {
            Some(before) => before.equals(item),
            None => self.above.is_some_and(|(before, item)| before.equals(item)),
        }
    }

    /// That of a member of `item`.
    pub(super) fn key(self, item: Item<'a>, name: &str) -> Self {
        let Some(current) = self.current else { return self };
        if self.above.is_none() && matches!(name, "apiVersion" | "kind") {
            return Self::default();
        }
        Self { current: current.field(name), above: Some((current, item)) }
    }

    /// That of an element of the list `item`.
    pub(super) fn element(self, item: Item<'a>, element: &Value) -> Self {
        let Some(current) = self.current else { return self };
        let before = current.items().and_then(|items| items.before(element));
        Self { current: before, above: Some((current, item)) }
    }
}

//! Judges a value against a node as kube-openapi does (`k8s.io/kube-openapi/pkg/validation/validate`), quirks included.
//!
//! Each function counts the checks that were passed as upstream does, because `anyOf` and `oneOf` report the branch
//! with the most of them.

use serde_json::{Map, Value};

use super::item::Item;
use super::node::{Additional, Node, Rules, Type};
use super::number;
use super::outcome::Outcome;
use super::ratchet::Before;
use crate::reason::{FieldError, FieldErrorKind, Path, Segment, Trail, gotext};

impl Node {
    /// Judges a value; with `before`, what has not changed is let pass.
    pub(super) fn validate(
        &self,
        item: Item<'_>,
        at: &Trail<'_>,
        before: Option<Before<'_>>,
        out: &mut Outcome,
    ) {
        let mark = out.mark();
        self.judge(item, at, before, out);
        if out.mark() > mark && before.is_some_and(|before| before.equals(item)) {
            out.forget(mark);
        }
    }

    fn judge(&self, item: Item<'_>, at: &Trail<'_>, before: Option<Before<'_>>, out: &mut Outcome) {
        let Some(kind) = item.kind() else {
            self.judge_null(at, out);
            return;
        };
        if !self.types.is_empty() || self.format.is_some() {
            out.matched += 1;
            self.judge_type(item, kind, at, out);
        }
        let rules = self.rules.as_deref();
        if let Some(rules) = rules {
            branches(rules, item, at, out);
        }
        // Conditions count as passed even where there are none.
        out.matched += 2;
        match item {
            Item::String(text) => self.judge_string(text, at, out),
            Item::Integer(_) | Item::Float(_) => {
                number::judge(self, item, at, out);
                out.matched += 2;
            }
            Item::Array(items) => {
                self.judge_array(items, at, before, out);
                out.matched += 2;
            }
            Item::Null | Item::Boolean(_) | Item::Object(_) => {}
        }
        if let Some(rules) = rules {
            enumeration(rules, item, at, out);
        }
        out.matched += 1;
        if let Item::Object(map) = item {
            self.judge_object(map, at, before, out);
            out.matched += 1;
        }
        out.matched += 1;
    }

    fn judge_null(&self, at: &Trail<'_>, out: &mut Outcome) {
        if self.types.is_empty() || self.nullable {
            out.matched += 1;
        } else {
            type_failure(at, &self.types.to_string(), "null", out);
        }
        if let Some(rules) = &self.rules {
            enumeration(rules, Item::Null, at, out);
        }
    }

    fn judge_type(&self, item: Item<'_>, kind: Type, at: &Trail<'_>, out: &mut Outcome) {
        let actual_format = match kind {
            Type::Integer => "int64",
            Type::Number => "float64",
            _ => "",
        };
        let whole = matches!(item, Item::Float(float) if number::is_whole(float));
        let fits = self.types.has(kind)
            || (whole && self.types.has(Type::Integer))
            || (kind == Type::Integer && self.types.has(Type::Number));
        if let Some(format) = &self.format {
            let textual = matches!(kind, Type::String | Type::Array);
            if !textual && !fits && actual_format != format.name() {
                type_failure(at, format.name(), actual_format, out);
                return;
            }
            // A format other than a number's takes the place of the type: upstream lets even lists pass as strings.
            if textual && !self.types.has(Type::Number) && !self.types.has(Type::Integer) {
                out.matched += 1;
                return;
            }
        }
        if fits {
            out.matched += 1;
        } else {
            type_failure(at, &self.types.to_string(), kind.name(), out);
        }
    }

    fn judge_string(&self, text: &str, at: &Trail<'_>, out: &mut Outcome) {
        if let Some(rules) = &self.rules {
            string_rules(rules, text, at, out);
        }
        out.matched += 1;
        if let Some(format) = self.format.as_ref().filter(|format| format.is_textual()) {
            if !format.accepts(text) {
                let message =
                    format!("{at} in body must be of type {}: {}", format.name(), gotext::quote(text));
                out.fail(FieldErrorKind::TypeInvalid, at, text.into(), message);
            }
            out.matched += 1;
        }
    }

    fn judge_array(&self, items: &[Value], at: &Trail<'_>, before: Option<Before<'_>>, out: &mut Outcome) {
        if let Some(node) = &self.items {
            let old = before.and_then(Before::items);
            for (index, item) in items.iter().enumerate() {
                let before = old.as_ref().and_then(|old| old.before(item));
                node.validate(item.into(), &at.step(Segment::Index(index)), before, out);
            }
        }
        let Some(rules) = &self.rules else { return };
        let size = count(items.len());
        if let Some(min) = rules.min_items.filter(|min| size < *min) {
            let message = format!("{at} in body should have at least {min} items");
            out.fail(FieldErrorKind::Invalid, at, size.into(), message);
        }
        if let Some(max) = rules.max_items.filter(|max| size > *max) {
            let message = format!("{at} in body should have at most {max} items");
            out.fail_as(message, too_many(at, size, max));
        }
    }

    fn judge_object(
        &self,
        map: &Map<String, Value>,
        at: &Trail<'_>,
        before: Option<Before<'_>>,
        out: &mut Outcome,
    ) {
        if let Some(rules) = &self.rules {
            let size = count(map.len());
            if let Some(min) = rules.min_properties.filter(|min| size < *min) {
                let message = format!("{at} in body should have at least {min} properties");
                out.fail(FieldErrorKind::Invalid, at, size.into(), message);
            }
            if let Some(max) = rules.max_properties.filter(|max| size > *max) {
                let message = format!("{at} in body should have at most {max} properties");
                out.fail_as(message, too_many(at, size, max));
            }
        }
        let extra = || map.iter().filter(|(key, _)| self.property(key).is_none());
        let old = |key: &str| {
            // Type metadata is never let pass: both objects have been brought to the same version.
            let is_meta = at.is_root() && matches!(key, "kind" | "apiVersion");
            before.filter(|_| !is_meta).and_then(|before| before.field(key))
        };
        match &self.additional {
            Additional::Unset | Additional::Allowed(true) => {}
            Additional::Allowed(false) => {
                for (key, _) in extra() {
                    let message = format!("{at}.{key} in body is a forbidden property");
                    out.fail(FieldErrorKind::Invalid, at, key.as_str().into(), message);
                }
            }
            Additional::Schema(node) => {
                for (key, value) in extra() {
                    node.validate(value.into(), &at.step(Segment::Extra(key)), old(key), out);
                }
            }
        }
        for (key, node) in &self.properties {
            if let Some(value) = map.get(&**key) {
                node.validate(value.into(), &at.step(Segment::Child(key)), old(key), out);
            }
        }
        for key in self.required.iter().filter(|key| !map.contains_key(*key)) {
            let step = at.step(Segment::Extra(key));
            let error = FieldError::required(&step.below(&Path::root()), "");
            out.fail_as(format!("{step} in body is required"), error);
        }
    }
}

/// `anyOf`, `oneOf`, `allOf` and `not`.
fn branches(rules: &Rules, item: Item<'_>, at: &Trail<'_>, out: &mut Outcome) {
    // Nothing inside of a branch is let pass as unchanged: which branch holds is news.
    let judge = |node: &Node| {
        let mut outcome = Outcome::default();
        node.judge(item, at, None, &mut outcome);
        outcome
    };
    let place = || gotext::quote(&at.to_string());
    if !rules.any_of.is_empty() {
        let (chosen, valid) = any_of(rules.any_of.iter().map(&judge));
        if !valid {
            out.fail_plain(format!("{} must validate at least one schema (anyOf)", place()));
        }
        out.merge(chosen);
    }
    if !rules.one_of.is_empty() {
        let (chosen, valid) = one_of(rules.one_of.iter().map(&judge));
        if valid != 1 {
            let found =
                if valid == 0 { "none valid".to_owned() } else { format!("{valid} valid alternatives") };
            let message = format!("{} must validate one and only one schema (oneOf). Found {found}", place());
            out.fail_plain(message);
        }
        // With several valid branches upstream reports none of them.
        if valid <= 1 {
            out.merge(chosen);
        }
    }
    if !rules.all_of.is_empty() {
        let mut valid = 0;
        for outcome in rules.all_of.iter().map(&judge) {
            valid += usize::from(outcome.is_valid());
            out.merge(outcome);
        }
        if valid != rules.all_of.len() {
            let none = if valid == 0 { ". None validated" } else { "" };
            out.fail_plain(format!("{} must validate all the schemas (allOf){none}", place()));
        }
    }
    if rules.not.as_ref().is_some_and(|node| judge(node).is_valid()) {
        out.fail_plain(format!("{} must not validate the schema (not)", place()));
    }
}

/// The first valid outcome, or the one that got furthest.
fn any_of(outcomes: impl Iterator<Item = Outcome>) -> (Outcome, bool) {
    let mut best: Option<Outcome> = None;
    for outcome in outcomes {
        if outcome.is_valid() {
            return (outcome, true);
        }
        if best.as_ref().is_none_or(|best| outcome.matched > best.matched) {
            best = Some(outcome);
        }
    }
    (best.unwrap_or_default(), false)
}

/// The first valid outcome, or else the one that got furthest; and how many are valid.
fn one_of(outcomes: impl Iterator<Item = Outcome>) -> (Outcome, usize) {
    let (mut best, mut valid): (Option<Outcome>, usize) = (None, 0);
    for outcome in outcomes {
        if outcome.is_valid() {
            valid += 1;
            if valid == 1 {
                best = Some(outcome);
            }
        } else if valid == 0 && best.as_ref().is_none_or(|best| outcome.matched > best.matched) {
            best = Some(outcome);
        }
    }
    (best.unwrap_or_default(), valid)
}

fn enumeration(rules: &Rules, item: Item<'_>, at: &Trail<'_>, out: &mut Outcome) {
    if rules.enumeration.is_empty() || rules.enumeration.iter().any(|allowed| is_enum_value(item, allowed)) {
        return;
    }
    let text = |allowed: &Value| allowed.as_str().map_or_else(|| gotext::json(allowed), str::to_owned);
    let allowed: Vec<_> = rules.enumeration.iter().map(text).collect();
    let error = FieldError::not_supported(&at.below(&Path::root()), item.to_value(), &allowed);
    out.fail_as(format!("{at} in body should be one of {allowed:?}"), error);
}

/// Upstream converts the value to the allowed one's Go type first, so 1.5 passes for 1, and 65 for "A".
fn is_enum_value(item: Item<'_>, allowed: &Value) -> bool {
    match (item, Item::from(allowed)) {
        (Item::Null, _) | (_, Item::Null) => false,
        (Item::Integer(value), Item::Float(allowed)) => (value as f64).total_cmp(&allowed).is_eq(),
        (Item::Float(value), Item::Integer(allowed)) => number::truncate(value) == allowed,
        (Item::Integer(value), Item::String(allowed)) => {
            let c = u32::try_from(value).ok().and_then(char::from_u32).unwrap_or(char::REPLACEMENT_CHARACTER);
            allowed.chars().eq([c])
        }
        (item, allowed) => item.same(allowed),
    }
}

/// Only the first rule that is broken is reported.
fn string_rules(rules: &Rules, text: &str, at: &Trail<'_>, out: &mut Outcome) {
    if rules.max_length.is_some() || rules.min_length.is_some() {
        let length = count(text.chars().count());
        if let Some(max) = rules.max_length.filter(|max| length > *max) {
            let error =
                FieldError::too_long(&at.below(&Path::root()), usize::try_from(max).unwrap_or_default());
            out.fail_as(format!("{at} in body should be at most {max} chars long"), error);
            return;
        }
        if let Some(min) = rules.min_length.filter(|min| length < *min) {
            let message = format!("{at} in body should be at least {min} chars long");
            out.fail(FieldErrorKind::Invalid, at, text.into(), message);
            return;
        }
    }
    if let Some((pattern, _)) = rules.pattern.as_ref().filter(|(_, regex)| !regex.is_match(text)) {
        let message = format!("{at} in body should match '{pattern}'");
        out.fail(FieldErrorKind::Invalid, at, text.into(), message);
    }
}

fn type_failure(at: &Trail<'_>, expected: &str, actual: &str, out: &mut Outcome) {
    let message = format!("{at} in body must be of type {expected}: {}", gotext::quote(actual));
    out.fail(FieldErrorKind::TypeInvalid, at, actual.into(), message);
}

fn too_many(at: &Trail<'_>, actual: i64, max: i64) -> FieldError {
    let unsigned = |number: i64| u64::try_from(number).unwrap_or_default();
    FieldError::too_many(&at.below(&Path::root()), unsigned(actual), unsigned(max))
}

fn count(length: usize) -> i64 {
    i64::try_from(length).unwrap_or(i64::MAX)
}

//! A value of an object and where it stands: what the checks of a kind walk an object with.

use serde_json::Value;

use crate::object::Object;
use crate::reason::{FieldError, Path};

/// What is wrong with an object, in the real server's order.
pub(super) type Errors = Vec<FieldError>;

pub(super) const NEGATIVE: &str = "must be greater than or equal to 0";
pub(super) const NOT_POSITIVE: &str = "must be greater than zero";
pub(super) const IMMUTABLE: &str = "field is immutable";

/// A value with its path. A member that is absent is one of null: Go's zero.
#[derive(Debug, Clone)]
pub(super) struct Spot<'a> {
    pub(super) value: &'a Value,
    pub(super) path: Path,
}

impl<'a> Spot<'a> {
    /// A member of an object.
    pub(super) fn of(object: &'a Object, name: &str) -> Self {
        Spot { value: object.get(name).unwrap_or(&Value::Null), path: Path::new(name) }
    }

    /// A member of this value.
    pub(super) fn member(&self, name: &str) -> Self {
        Spot { value: self.value.get(name).unwrap_or(&Value::Null), path: self.path.child(name) }
    }

    /// The same value under another path. Upstream's paths are not always those of the value.
    pub(super) fn at(&self, path: Path) -> Self {
        Spot { value: self.value, path }
    }

    /// The items of a list.
    pub(super) fn items(&self) -> impl Iterator<Item = Self> + use<'a> {
        let path = self.path.clone();
        let items = self.value.as_array().map(Vec::as_slice).unwrap_or_default().iter();
        items.enumerate().map(move |(index, value)| Spot { value, path: path.index(index) })
    }

    /// The entries of a map.
    pub(super) fn entries(&self) -> impl Iterator<Item = (&'a str, Self)> + use<'a> {
        let path = self.path.clone();
        let entries = self.value.as_object().into_iter().flatten();
        entries.map(move |(key, value)| (key.as_str(), Spot { value, path: path.key(key) }))
    }

    /// How many items or entries it has.
    pub(super) fn len(&self) -> usize {
        match self.value {
            Value::Array(items) => items.len(),
            Value::Object(map) => map.len(),
            _ => 0,
        }
    }

    /// Whether there is a value: Go's pointer that is not nil.
    pub(super) fn is_set(&self) -> bool {
        !self.value.is_null()
    }

    /// The text; "" where there is none.
    pub(super) fn text(&self) -> &'a str {
        self.value.as_str().unwrap_or_default()
    }

    /// The number; 0 where there is none.
    pub(super) fn number(&self) -> i64 {
        self.value.as_i64().unwrap_or_default()
    }

    /// The flag; off where there is none.
    pub(super) fn flag(&self) -> bool {
        self.value.as_bool().unwrap_or_default()
    }

    pub(super) fn required(&self, detail: &str, errors: &mut Errors) {
        errors.push(FieldError::required(&self.path, detail));
    }

    pub(super) fn forbidden(&self, detail: &str, errors: &mut Errors) {
        errors.push(FieldError::forbidden(&self.path, detail));
    }

    pub(super) fn duplicate(&self, errors: &mut Errors) {
        errors.push(FieldError::duplicate(&self.path, self.shown()));
    }

    pub(super) fn not_found(&self, errors: &mut Errors) {
        errors.push(FieldError::not_found(&self.path, self.shown()));
    }

    /// The value itself is what is shown.
    pub(super) fn invalid(&self, detail: impl Into<String>, errors: &mut Errors) {
        errors.push(FieldError::invalid(&self.path, self.value.clone(), detail));
    }

    /// What is wrong with the text.
    pub(super) fn problems(&self, problems: Vec<String>, errors: &mut Errors) {
        errors.extend(problems.into_iter().map(|text| FieldError::invalid(&self.path, self.shown(), text)));
    }

    /// Go's zero of a text is the empty one.
    fn shown(&self) -> Value {
        if self.is_set() { self.value.clone() } else { "".into() }
    }

    /// The text must be one of these.
    pub(super) fn one_of(&self, supported: &[&str], errors: &mut Errors) {
        if !supported.contains(&self.text()) {
            errors.push(FieldError::not_supported(&self.path, self.shown(), supported));
        }
    }

    /// The text must be there, and one of these.
    pub(super) fn required_of(&self, supported: &[&str], errors: &mut Errors) {
        if self.text().is_empty() {
            self.required("", errors);
        } else {
            self.one_of(supported, errors);
        }
    }

    /// The text must be there.
    pub(super) fn required_text(&self, errors: &mut Errors) {
        if self.text().is_empty() {
            self.required("", errors);
        }
    }

    /// The texts under these names must be there.
    pub(super) fn require(&self, members: &[&str], errors: &mut Errors) {
        members.iter().for_each(|name| self.member(name).required_text(errors));
    }

    /// The text must be there, and a name by this rule.
    pub(super) fn required_name(&self, rule: fn(&str) -> Vec<String>, errors: &mut Errors) {
        if self.text().is_empty() {
            self.required("", errors);
        } else {
            self.problems(rule(self.text()), errors);
        }
    }

    /// The text, if there is one, must be a name by this rule.
    pub(super) fn name(&self, rule: fn(&str) -> Vec<String>, errors: &mut Errors) {
        if !self.text().is_empty() {
            self.problems(rule(self.text()), errors);
        }
    }

    pub(super) fn nonnegative(&self, errors: &mut Errors) {
        if self.number() < 0 {
            self.invalid(NEGATIVE, errors);
        }
    }

    pub(super) fn positive(&self, errors: &mut Errors) {
        if self.number() <= 0 {
            errors.push(FieldError::invalid(&self.path, self.number(), NOT_POSITIVE));
        }
    }

    /// The number must be within bounds, which it may be.
    pub(super) fn between(&self, low: i64, high: i64, errors: &mut Errors) {
        if !(low..=high).contains(&self.number()) {
            let detail = format!("must be between {low} and {high}, inclusive");
            errors.push(FieldError::invalid(&self.path, self.number(), detail));
        }
    }

    /// The value must be what it was.
    pub(super) fn unchanged(&self, old: &Value, errors: &mut Errors) {
        if self.value != old {
            self.invalid(IMMUTABLE, errors);
        }
    }
}

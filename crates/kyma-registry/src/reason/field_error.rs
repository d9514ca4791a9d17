//! One broken rule of one field: `field.Error` of apimachinery, with its exact wording.

use std::collections::BTreeSet;
use std::fmt;

use serde_json::Value;

use super::{Cause, Path, gotext};

/// The kinds of field errors (`field.ErrorType`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FieldErrorKind {
    /// A value that is referred to does not exist.
    NotFound,
    /// A value is missing or empty.
    Required,
    /// A value that must be unique is there twice.
    Duplicate,
    /// A value is malformed or out of bounds.
    Invalid,
    /// A value is of the wrong JSON type.
    TypeInvalid,
    /// A value is not one of the allowed ones.
    NotSupported,
    /// A well-formed value is not allowed here.
    Forbidden,
    /// A string is too long.
    TooLong,
    /// A string is too short.
    TooShort,
    /// A list or map has too many items.
    TooMany,
    /// A list or map has too few items.
    TooFew,
    /// The check itself failed.
    Internal,
}

impl FieldErrorKind {
    /// The `reason` of the cause in a `Status`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NotFound => "FieldValueNotFound",
            Self::Required => "FieldValueRequired",
            Self::Duplicate => "FieldValueDuplicate",
            Self::Invalid => "FieldValueInvalid",
            Self::TypeInvalid => "FieldValueTypeInvalid",
            Self::NotSupported => "FieldValueNotSupported",
            Self::Forbidden => "FieldValueForbidden",
            Self::TooLong => "FieldValueTooLong",
            Self::TooShort => "FieldValueTooShort",
            Self::TooMany => "FieldValueTooMany",
            Self::TooFew => "FieldValueTooFew",
            Self::Internal => "InternalError",
        }
    }

    /// The words that a message starts with.
    const fn title(self) -> &'static str {
        match self {
            Self::NotFound => "Not found",
            Self::Required => "Required value",
            Self::Duplicate => "Duplicate value",
            Self::Invalid | Self::TypeInvalid => "Invalid value",
            Self::NotSupported => "Unsupported value",
            Self::Forbidden => "Forbidden",
            Self::TooLong => "Too long",
            Self::TooShort => "Too short",
            Self::TooMany => "Too many",
            Self::TooFew => "Too few",
            Self::Internal => "Internal error",
        }
    }
}

/// The offending value, as far as the message shows it.
#[derive(Clone, Debug, PartialEq)]
pub enum BadValue {
    /// Not shown.
    Omitted,
    /// Shown as Go shows it: strings quoted, numbers plain, the rest as JSON.
    Json(Value),
    /// A Go struct, whose JSON keeps the order of its fields and so is written beforehand.
    Written(String),
}

/// A broken rule: which field, what value, and why.
#[derive(Clone, Debug, PartialEq)]
pub struct FieldError {
    /// What kind of rule is broken.
    pub kind: FieldErrorKind,
    /// Where.
    pub path: Path,
    /// The value that broke it.
    pub value: BadValue,
    /// Why; may be empty.
    pub detail: String,
}

impl FieldError {
    fn new(kind: FieldErrorKind, path: &Path, value: BadValue, detail: impl Into<String>) -> Self {
        Self { kind, path: path.clone(), value, detail: detail.into() }
    }

    /// `Required value`.
    pub fn required(path: &Path, detail: impl Into<String>) -> Self {
        Self::new(FieldErrorKind::Required, path, BadValue::Omitted, detail)
    }

    /// `Invalid value: …: detail`.
    pub fn invalid(path: &Path, value: impl Into<Value>, detail: impl Into<String>) -> Self {
        Self::new(FieldErrorKind::Invalid, path, BadValue::Json(value.into()), detail)
    }

    /// `Invalid value: …: detail` of a value whose JSON is already written.
    pub(crate) fn invalid_written(path: &Path, value: String, detail: impl Into<String>) -> Self {
        Self::new(FieldErrorKind::Invalid, path, BadValue::Written(value), detail)
    }

    /// `Invalid value: detail`, where the value is not shown.
    pub(crate) fn invalid_omitted(path: &Path, detail: impl Into<String>) -> Self {
        Self::new(FieldErrorKind::Invalid, path, BadValue::Omitted, detail)
    }

    /// `Invalid value: …: detail` for a wrong JSON type.
    pub fn type_invalid(path: &Path, value: impl Into<Value>, detail: impl Into<String>) -> Self {
        Self::new(FieldErrorKind::TypeInvalid, path, BadValue::Json(value.into()), detail)
    }

    /// `Duplicate value: …`.
    pub fn duplicate(path: &Path, value: impl Into<Value>) -> Self {
        Self::new(FieldErrorKind::Duplicate, path, BadValue::Json(value.into()), "")
    }

    /// `Not found: …`.
    pub fn not_found(path: &Path, value: impl Into<Value>) -> Self {
        Self::new(FieldErrorKind::NotFound, path, BadValue::Json(value.into()), "")
    }

    /// `Unsupported value: …: supported values: "a", "b"`.
    pub fn not_supported<T: AsRef<str>>(path: &Path, value: impl Into<Value>, supported: &[T]) -> Self {
        let quoted: Vec<_> = supported.iter().map(|value| gotext::quote(value.as_ref())).collect();
        let detail = match quoted.as_slice() {
            [] => String::new(),
            quoted => format!("supported values: {}", quoted.join(", ")),
        };
        Self::new(FieldErrorKind::NotSupported, path, BadValue::Json(value.into()), detail)
    }

    /// `Unsupported value: …` of a value whose JSON is already written.
    pub(crate) fn not_supported_written<T: AsRef<str>>(path: &Path, value: String, supported: &[T]) -> Self {
        let mut error = Self::not_supported(path, Value::Null, supported);
        error.value = BadValue::Written(value);
        error
    }

    /// `Duplicate value: …` of a value whose JSON is already written.
    pub(crate) fn duplicate_written(path: &Path, value: String) -> Self {
        Self::new(FieldErrorKind::Duplicate, path, BadValue::Written(value), "")
    }

    /// The same error with a detail.
    #[must_use]
    pub(crate) fn with_detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = detail.into();
        self
    }

    /// `Forbidden: detail`.
    pub fn forbidden(path: &Path, detail: impl Into<String>) -> Self {
        Self::new(FieldErrorKind::Forbidden, path, BadValue::Omitted, detail)
    }

    /// `Too long: may not be more than N bytes`. `max` is in bytes.
    pub fn too_long(path: &Path, max: usize) -> Self {
        let unit = if max == 1 { "byte" } else { "bytes" };
        let detail = format!("may not be more than {max} {unit}");
        Self::new(FieldErrorKind::TooLong, path, BadValue::Omitted, detail)
    }

    /// `Too many: 3: must have at most 2 items`.
    pub fn too_many(path: &Path, actual: u64, max: u64) -> Self {
        let unit = if max == 1 { "item" } else { "items" };
        let detail = format!("must have at most {max} {unit}");
        Self::new(FieldErrorKind::TooMany, path, BadValue::Json(actual.into()), detail)
    }

    /// `Internal error: detail`.
    pub fn internal(path: &Path, detail: impl Into<String>) -> Self {
        Self::new(FieldErrorKind::Internal, path, BadValue::Omitted, detail)
    }

    /// The same error with its path below `base`.
    #[must_use]
    pub fn below(mut self, base: &Path) -> Self {
        self.path = self.path.below(base);
        self
    }

    /// The message without the field's name (`ErrorBody`).
    pub fn body(&self) -> String {
        let title = self.kind.title();
        let mut body = match (self.kind, &self.value) {
            (
                FieldErrorKind::Required
                | FieldErrorKind::Forbidden
                | FieldErrorKind::TooLong
                | FieldErrorKind::TooShort
                | FieldErrorKind::Internal,
                _,
            )
            | (_, BadValue::Omitted) => title.to_owned(),
            (_, BadValue::Written(text)) => format!("{title}: {text}"),
            (_, BadValue::Json(Value::String(text))) => format!("{title}: {}", gotext::quote(text)),
            (_, BadValue::Json(Value::Number(number))) if number.as_i64().is_none() => {
                format!("{title}: {}", number.as_f64().map_or_else(|| number.to_string(), gotext::float))
            }
            (_, BadValue::Json(value)) => format!("{title}: {}", gotext::json(value)),
        };
        if !self.detail.is_empty() {
            body.push_str(": ");
            body.push_str(&self.detail);
        }
        body
    }

    /// The entry for `details.causes`.
    pub fn cause(&self) -> Cause {
        Cause { reason: self.kind.as_str().to_owned(), message: self.body(), field: self.path.to_string() }
    }
}

impl fmt::Display for FieldError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path, self.body())
    }
}

/// The errors without those that say the same of the same field as an earlier one.
pub(crate) fn distinct(errors: Vec<FieldError>) -> Vec<FieldError> {
    let mut seen = BTreeSet::new();
    errors.into_iter().filter(|error| seen.insert(error.to_string())).collect()
}

/// Several errors in one text: equal messages once, brackets around more than one (`ErrorList.ToAggregate`).
pub(crate) fn aggregate(errors: &[FieldError]) -> String {
    let mut messages: Vec<String> = Vec::with_capacity(errors.len());
    for error in errors {
        let message = error.to_string();
        if !messages.contains(&message) {
            messages.push(message);
        }
    }
    match messages.as_slice() {
        [only] => only.clone(),
        many => format!("[{}]", many.join(", ")),
    }
}

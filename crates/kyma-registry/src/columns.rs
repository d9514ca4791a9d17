//! Columns of `kubectl get` for custom kinds: a JSONPath into the object, and how what it finds is shown
//! (`k8s.io/apiextensions-apiserver/pkg/registry/customresource/tableconvertor`).

mod age;
mod jsonpath;
mod parse;

use jiff::Timestamp;
use serde_json::{Map, Value};

use crate::names::parse_rfc3339;
use crate::reason::{FieldError, Path, gotext};

use age::age;
pub use age::{human_age, human_duration};
pub use jsonpath::JsonPath;

/// What the real server says of the column `Name`.
pub const NAME_DESCRIPTION: &str = "Name must be unique within a namespace. Is required when creating resources, although some resources may allow a \
     client to request the generation of an appropriate name automatically. Name is primarily intended for creation \
     idempotence and configuration definition. Cannot be updated. More info: \
     https://kubernetes.io/docs/concepts/overview/working-with-objects/names#names";
/// What the real server says of the column `Age`, which kinds without columns of their own have.
pub const AGE_DESCRIPTION: &str = "CreationTimestamp is a timestamp representing the server time when this object was created. It is not guaranteed \
     to be set in happens-before order across separate operations. Clients may not set this value. It is represented \
     in RFC3339 form and is in UTC.\n\nPopulated by the system. Read-only. Null for lists. More info: \
     https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#metadata";

/// The types of columns, sorted as the real server lists them.
const TYPES: [&str; 5] = ["boolean", "date", "integer", "number", "string"];
/// The formats of columns, sorted likewise.
const FORMATS: [&str; 8] = ["byte", "date", "date-time", "double", "float", "int32", "int64", "password"];

/// A column.
#[derive(Clone, Debug)]
pub struct Column {
    /// Header.
    pub name: String,
    /// `string`, `integer`, `number`, `boolean` or `date`.
    pub kind: String,
    /// OpenAPI format of the kind, mostly empty.
    pub format: String,
    /// What it shows; where the definition does not say, the path is named.
    pub description: String,
    /// 0 is always shown, more only in wide output.
    pub priority: i32,
    path: JsonPath,
}

/// A column whose path cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unrecognized column definition {}", gotext::quote(path))]
pub struct PathError {
    path: String,
}

impl Column {
    /// The column of one entry of `additionalPrinterColumns`.
    ///
    /// # Errors
    /// The path cannot be read. The real server takes such a definition, and shows the columns without this one.
    pub fn from_definition(definition: &Value) -> Result<Self, PathError> {
        let text = |key: &str| definition.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
        let json_path = text("jsonPath");
        let path = JsonPath::parse(&json_path).map_err(|_| PathError { path: json_path.clone() })?;
        let description = match text("description") {
            none if none.is_empty() => {
                format!("Custom resource definition column (in JSONPath format): {json_path}")
            }
            given => given,
        };
        let priority = definition.get("priority").and_then(Value::as_i64).and_then(|p| i32::try_from(p).ok());
        let (name, kind, format) = (text("name"), text("type"), text("format"));
        Ok(Self { name, kind, format, description, priority: priority.unwrap_or_default(), path })
    }

    /// What is wrong with an entry of `additionalPrinterColumns` (`ValidateCustomResourceColumnDefinition`).
    pub fn validate(definition: &Value, path: &Path) -> Vec<FieldError> {
        let text = |key: &str| definition.get(key).and_then(Value::as_str).unwrap_or_default();
        let mut errors = Vec::new();
        if text("name").is_empty() {
            errors.push(FieldError::required(&path.child("name"), ""));
        }
        let one_of = |names: &[&str]| format!("must be one of {}", names.join(","));
        match text("type") {
            "" => errors.push(FieldError::required(&path.child("type"), one_of(&TYPES))),
            kind if TYPES.contains(&kind) => {}
            kind => errors.push(FieldError::invalid(&path.child("type"), kind, one_of(&TYPES))),
        }
        let format = text("format");
        if !(format.is_empty() || FORMATS.contains(&format)) {
            errors.push(FieldError::invalid(&path.child("format"), format, one_of(&FORMATS)));
        }
        match text("jsonPath") {
            "" => errors.push(FieldError::required(&path.child("JSONPath"), "")),
            json_path if json_path.starts_with('.') => {}
            json_path => {
                let detail = "must be a simple json path starting with .";
                errors.push(FieldError::invalid(&path.child("JSONPath"), json_path, detail));
            }
        }
        errors
    }

    /// What an object shows in this column: the first value that the path finds, in the form of the column's type.
    /// null, which kubectl shows as `<none>`, where there is none or it is of another type.
    pub fn cell(&self, object: &Map<String, Value>, now: Timestamp) -> Value {
        let Some(found) = self.path.first(object) else { return Value::Null };
        let value = found.value();
        match (self.kind.as_str(), &*value) {
            ("string", _) => Value::from(found.text()),
            // Integers in the path itself are of another Go type than those of objects, and are not shown.
            ("integer" | "number", Value::Number(_)) if found.is_literal_integer() => Value::Null,
            ("integer", Value::Number(number)) => match number.as_i64() {
                Some(integer) => integer.into(),
                None => number.as_f64().map_or(Value::Null, |float| (float as i64).into()),
            },
            ("number", Value::Number(number)) => number.as_f64().map_or(Value::Null, Value::from),
            ("boolean", Value::Bool(flag)) => (*flag).into(),
            ("date", Value::String(time)) => match time.as_str() {
                "" | "null" => Value::from("<unknown>"),
                time => parse_rfc3339(time).map_or_else(|_| "<invalid>".into(), |time| age(time, now).into()),
            },
            _ => Value::Null,
        }
    }
}

#[cfg(test)]
mod tests;

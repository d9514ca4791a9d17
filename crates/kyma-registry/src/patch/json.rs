//! JSON patch (RFC 6902), as `gopkg.in/evanphx/json-patch.v4` applies it.
//!
//! That library is laxer than the RFC in ways that clients can see and no Rust crate shares: indices may be negative
//! and count from the end, `replace` and `copy` take members that do not exist, what stands before the first slash of
//! a path is ignored.

use serde_json::{Map, Value};

use super::shown::Opened;
use super::{decode_json, no_object, unreadable, wrong_shape};
use crate::reason::{ApiError, gotext};
use crate::registry::FieldValidation;

/// The most operations in one patch (`maxJSONPatchOperations`).
const MAX_OPERATIONS: usize = 10_000;
/// The most that all `copy` operations of a patch may copy, in bytes of JSON (`JSONPatchMaxCopyBytes`).
const MAX_COPIED: usize = 3 * 1024 * 1024;

/// A list of operations.
#[derive(Clone, Debug, PartialEq)]
pub struct JsonPatch(Vec<Operation>);

#[derive(Clone, Debug, Default, PartialEq)]
struct Operation {
    op: String,
    path: Option<String>,
    from: Option<String>,
    value: Option<Value>,
}

/// What the library says of a patch that nobody has looked into before.
fn not_looked_into(kind: &str, wanted: &str) -> ApiError {
    ApiError::bad_request(format!("json: cannot unmarshal {kind} into Go value of type jsonpatch.{wanted}"))
}

/// An operation that cannot be applied. The answer does not say why, since the real server's does not.
struct Failed;

impl JsonPatch {
    /// Reads a patch, and complains about members of operations that are unknown or appear twice.
    ///
    /// # Errors
    /// 400 for what is no list of operations, 413 for too many of them.
    pub fn parse(body: &[u8], mode: FieldValidation) -> Result<(Self, Vec<String>), ApiError> {
        let (value, duplicates) = decode_json(body).map_err(|_| unreadable())?;
        let items = match value {
            Value::Array(items) => items,
            // To Go null is a list without items.
            Value::Null => Vec::new(),
            other => {
                let kind = gotext::type_name(&other);
                return Err(match mode {
                    FieldValidation::Ignore => not_looked_into(kind, "Patch"),
                    _ => wrong_shape(&format!("{kind} into Go value of type []handlers.jsonPatchOp")),
                });
            }
        };
        let count = items.len();
        let mut complaints = duplicates;
        let operations =
            items.into_iter().enumerate().map(|(i, item)| Operation::read(i, item, mode, &mut complaints));
        let operations = operations.collect::<Result<Vec<_>, _>>()?;
        if count > MAX_OPERATIONS {
            let text =
                format!("The allowed maximum operations in a JSON patch is {MAX_OPERATIONS}, got {count}");
            return Err(ApiError::request_entity_too_large(&text));
        }
        let complaints = complaints.iter().map(|complaint| format!("json patch {complaint}")).collect();
        Ok((Self(operations), complaints))
    }

    /// Whether an operation has to do with this member of this member, by itself or with what is around it.
    pub(crate) fn mentions(&self, outer: &str, inner: &str) -> bool {
        let touches = |path: &str| {
            let mut steps = path.split('/').skip(1);
            steps.next().is_none_or(|step| step == outer) && steps.next().is_none_or(|step| step == inner)
        };
        self.0
            .iter()
            .flat_map(|operation| [&operation.path, &operation.from])
            .flatten()
            .any(|path| touches(path))
    }

    /// The objects on the ways of all operations.
    pub(super) fn opened(&self) -> Opened {
        let mut opened = Opened::default();
        for pointer in self.0.iter().flat_map(|operation| [&operation.path, &operation.from]).flatten() {
            opened.on_the_way(pointer);
        }
        opened
    }

    /// The object with all operations applied in turn.
    ///
    /// # Errors
    /// 422 where one fails, or where the result is no object.
    pub fn apply(&self, object: &Map<String, Value>) -> Result<Map<String, Value>, ApiError> {
        let mut document = Value::Object(object.clone());
        let mut copied = 0;
        for operation in &self.0 {
            operation.apply(&mut document, &mut copied).map_err(|Failed| ApiError::unprocessable())?;
        }
        match document {
            Value::Object(map) => Ok(map),
            other => Err(no_object(&other)),
        }
    }
}

impl Operation {
    fn read(
        index: usize,
        item: Value,
        mode: FieldValidation,
        complaints: &mut Vec<String>,
    ) -> Result<Self, ApiError> {
        let map = match item {
            Value::Object(map) => map,
            Value::Null => return Ok(Self::default()),
            other => {
                let kind = gotext::type_name(&other);
                return Err(match mode {
                    FieldValidation::Ignore => not_looked_into(kind, "Operation"),
                    _ => wrong_shape(&format!("{kind} into Go value of type handlers.jsonPatchOp")),
                });
            }
        };
        let mut operation = Self::default();
        for (key, value) in map {
            let text = |value: Value| match value {
                Value::String(text) => Ok(Some(text)),
                Value::Null => Ok(None),
                // Nobody looks at it before it is applied, and then it is as if it were not there.
                _ if mode == FieldValidation::Ignore => Ok(None),
                other => {
                    let kind = gotext::type_name(&other);
                    Err(wrong_shape(&format!("{kind} into Go struct field jsonPatchOp.{key} of type string")))
                }
            };
            match key.as_str() {
                "op" => operation.op = text(value)?.unwrap_or_default(),
                "path" => operation.path = text(value)?,
                "from" => operation.from = text(value)?,
                "value" => operation.value = Some(value),
                unknown => complaints.push(format!("unknown field \"[{index}].{unknown}\"")),
            }
        }
        Ok(operation)
    }

    fn apply(&self, document: &mut Value, copied: &mut usize) -> Result<(), Failed> {
        let path = || self.path.as_deref().ok_or(Failed);
        let from = || self.from.as_deref().ok_or(Failed);
        // Without a value upstream adds null.
        let value = || self.value.clone().unwrap_or_default();
        match self.op.as_str() {
            "add" => Place::find(document, path()?)?.add(value()),
            "remove" => Place::find(document, path()?)?.remove().map(|_| ()),
            "replace" => match path()? {
                "" => {
                    let is_container = |value: &&Value| value.is_object() || value.is_array();
                    *document = self.value.as_ref().filter(is_container).ok_or(Failed)?.clone();
                    Ok(())
                }
                path => Place::find(document, path)?.replace(value()),
            },
            "move" => {
                let value = Place::find(document, from()?)?.remove()?;
                Place::find(document, path()?)?.add(value)
            }
            "copy" => {
                let value = Place::find(document, from()?)?.get()?.cloned().unwrap_or_default();
                *copied += value.to_string().len();
                if *copied > MAX_COPIED {
                    return Err(Failed);
                }
                Place::find(document, path()?)?.add(value)
            }
            "test" => self.test(document, path()?),
            _ => Err(Failed),
        }
    }

    fn test(&self, document: &mut Value, path: &str) -> Result<(), Failed> {
        let actual = if path.is_empty() { Some(&*document) } else { Place::find(document, path)?.get()? };
        // What is absent is equal to null, and so is a value that is not given.
        let (actual, expected) =
            (actual.filter(|v| !v.is_null()), self.value.as_ref().filter(|v| !v.is_null()));
        if actual == expected { Ok(()) } else { Err(Failed) }
    }
}

/// A place in a document: the object or list that holds it, and the key in there.
struct Place<'a> {
    holder: Holder<'a>,
    key: String,
}

enum Holder<'a> {
    Object(&'a mut Map<String, Value>),
    Array(&'a mut Vec<Value>),
}

impl<'a> Place<'a> {
    fn find(document: &'a mut Value, path: &str) -> Result<Self, Failed> {
        // There must be a slash: the root itself is no place.
        let (_, path) = path.split_once('/').ok_or(Failed)?;
        let mut parts: Vec<&str> = path.split('/').collect();
        let key = unescape(parts.pop().unwrap_or_default());
        let mut holder = Holder::of(document)?;
        for part in parts {
            holder = holder.enter(&unescape(part))?;
        }
        Ok(Self { holder, key })
    }

    /// The value at the place; none for a member that does not exist.
    fn get(self) -> Result<Option<&'a Value>, Failed> {
        match self.holder {
            Holder::Object(map) => Ok(map.get(&self.key)),
            Holder::Array(items) => {
                let index = existing(&self.key, items.len())?;
                Ok(items.get(index))
            }
        }
    }

    fn add(self, value: Value) -> Result<(), Failed> {
        match self.holder {
            Holder::Object(map) => {
                map.insert(self.key, value);
            }
            Holder::Array(items) if self.key == "-" => items.push(value),
            Holder::Array(items) => {
                // One behind the last item is a place, too.
                let index = existing(&self.key, items.len() + 1)?;
                items.insert(index, value);
            }
        }
        Ok(())
    }

    fn replace(self, value: Value) -> Result<(), Failed> {
        match self.holder {
            Holder::Object(map) => {
                map.insert(self.key, value);
                Ok(())
            }
            Holder::Array(items) => {
                let index = existing(&self.key, items.len())?;
                *items.get_mut(index).ok_or(Failed)? = value;
                Ok(())
            }
        }
    }

    fn remove(self) -> Result<Value, Failed> {
        match self.holder {
            Holder::Object(map) => map.remove(&self.key).ok_or(Failed),
            Holder::Array(items) => {
                let index = existing(&self.key, items.len())?;
                Ok(items.remove(index))
            }
        }
    }
}

impl<'a> Holder<'a> {
    fn of(value: &'a mut Value) -> Result<Self, Failed> {
        match value {
            Value::Object(map) => Ok(Self::Object(map)),
            Value::Array(items) => Ok(Self::Array(items)),
            _ => Err(Failed),
        }
    }

    fn enter(self, key: &str) -> Result<Self, Failed> {
        let next = match self {
            Self::Object(map) => map.get_mut(key),
            Self::Array(items) => {
                let index = existing(key, items.len())?;
                items.get_mut(index)
            }
        };
        Self::of(next.ok_or(Failed)?)
    }
}

/// An index below `length`; a negative one counts from the end.
fn existing(key: &str, length: usize) -> Result<usize, Failed> {
    let index: i64 = key.parse().map_err(|_| Failed)?;
    let length = i64::try_from(length).map_err(|_| Failed)?;
    let index = if index < 0 { index.checked_add(length).ok_or(Failed)? } else { index };
    usize::try_from(index).ok().filter(|_| index < length).ok_or(Failed)
}

/// RFC 6901: `~1` is a slash, `~0` a tilde.
fn unescape(part: &str) -> String {
    part.replace("~1", "/").replace("~0", "~")
}

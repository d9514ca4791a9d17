//! Declared types: what a schema says of the data, for the checker, for the estimate and for reading values.
//!
//! Sizes follow `k8s.io/apiserver/pkg/cel/common/schemas.go`.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::escaping;
use crate::types::Type;

/// The largest request the API server takes; nothing that is not bounded otherwise is larger.
pub(crate) const MAX_REQUEST_BYTES: i64 = 3 * 1024 * 1024;

/// The type a schema declares, with the sizes its values can have.
#[derive(Debug, Clone)]
pub struct DeclType {
    pub(crate) kind: DeclKind,
    pub(crate) nullable: bool,
    pub(crate) max_elements: i64,
    pub(crate) min_serialized_size: i64,
}

#[derive(Debug, Clone)]
pub(crate) enum DeclKind {
    Bool,
    Int,
    Double,
    String,
    Bytes,
    Duration,
    Date,
    DateTime,
    IntOrString,
    /// Data of which the schema says nothing; expressions cannot reach it, but compare what contains it.
    Preserved,
    List(Box<DeclType>, ListType),
    Map(Box<DeclType>),
    Object(ObjectDecl),
}

#[derive(Debug, Clone)]
pub(crate) struct ObjectDecl {
    /// By the names that the data has.
    pub(crate) fields: BTreeMap<String, DeclField>,
    /// The path by which the checker knows the type.
    pub(crate) name: Arc<str>,
}

/// A field of an object.
#[derive(Debug, Clone)]
pub(crate) struct DeclField {
    pub(crate) decl: DeclType,
    /// The identifier under which expressions reach the field, if they can.
    pub(crate) identifier: Option<String>,
}

/// What `x-kubernetes-list-type` says: how lists compare and add.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum ListType {
    /// Position by position; addition appends.
    #[default]
    Atomic,
    /// Whatever the order; addition is the union.
    Set,
    /// By the values of these keys; addition replaces elements with equal keys.
    Map(Vec<String>),
}

/// The format of a string that makes it another type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// `byte`: base64.
    Byte,
    /// `duration`.
    Duration,
    /// `date`.
    Date,
    /// `date-time`.
    DateTime,
}

/// A field to declare an object with.
#[derive(Debug, Clone)]
pub struct Field {
    /// The name in the data, not escaped.
    pub name: String,
    /// The type.
    pub decl: DeclType,
    /// Whether `required` lists it.
    pub required: bool,
    /// Whether the schema has a default for it.
    pub defaulted: bool,
}

impl DeclType {
    const fn new(kind: DeclKind, max_elements: i64, min_serialized_size: i64) -> Self {
        Self { kind, nullable: false, max_elements, min_serialized_size }
    }

    /// `type: boolean`.
    #[must_use]
    pub const fn boolean() -> Self {
        Self::new(DeclKind::Bool, 0, 4)
    }

    /// `type: integer`.
    #[must_use]
    pub const fn integer() -> Self {
        Self::new(DeclKind::Int, 0, 1)
    }

    /// `type: number`.
    #[must_use]
    pub const fn number() -> Self {
        Self::new(DeclKind::Double, 0, 1)
    }

    /// `type: string` without a format that makes it another type: `maxLength`, and the longest string of `enum` in
    /// bytes if there is an `enum`.
    #[must_use]
    pub fn string(max_length: Option<i64>, longest_enum: Option<i64>) -> Self {
        let unbounded = MAX_REQUEST_BYTES - 2;
        let bounded = max_length.map(|length| length.max(0).saturating_mul(4));
        Self::new(DeclKind::String, bounded.or(longest_enum).unwrap_or(unbounded), 2)
    }

    /// `type: string` with a format; `maxLength` bounds bytes only.
    #[must_use]
    pub fn formatted(format: Format, max_length: Option<i64>) -> Self {
        match format {
            Format::Byte => {
                let bounded = max_length.map(|length| length.max(0));
                Self::new(DeclKind::Bytes, bounded.unwrap_or(MAX_REQUEST_BYTES - 2), 2)
            }
            Format::Duration => Self::new(DeclKind::Duration, 32, 3),
            Format::Date => Self::new(DeclKind::Date, 12, 12),
            Format::DateTime => Self::new(DeclKind::DateTime, 32, 21),
        }
    }

    /// `x-kubernetes-int-or-string: true`.
    #[must_use]
    pub fn int_or_string(max_length: Option<i64>) -> Self {
        let bounded = max_length.map(|length| length.max(0).saturating_mul(4));
        Self::new(DeclKind::IntOrString, bounded.unwrap_or(MAX_REQUEST_BYTES - 2), 1)
    }

    /// A schema that expressions cannot see, such as `x-kubernetes-preserve-unknown-fields` without a type.
    #[must_use]
    pub const fn preserved() -> Self {
        Self::new(DeclKind::Preserved, 0, 0)
    }

    /// `type: array`: `items`, `maxItems` and `x-kubernetes-list-type`.
    #[must_use]
    pub fn list(items: DeclType, max_items: Option<i64>, list_type: ListType) -> Self {
        let fitting = (MAX_REQUEST_BYTES - 2) / (items.min_serialized_size + 1);
        let max = max_items.map_or(fitting, |max| max.max(0));
        let list_type = match list_type {
            ListType::Map(keys) => {
                let escaped = |key: String| escaping::escape(&key).unwrap_or(key);
                ListType::Map(keys.into_iter().map(escaped).collect())
            }
            other => other,
        };
        Self::new(DeclKind::List(Box::new(items), list_type), max, 2)
    }

    /// `type: object` with `additionalProperties`: its schema and `maxProperties`.
    #[must_use]
    pub fn map(values: DeclType, max_properties: Option<i64>) -> Self {
        let fitting = (MAX_REQUEST_BYTES - 2) / (values.min_serialized_size + 6);
        let max = max_properties.map_or(fitting, |max| max.max(0));
        Self::new(DeclKind::Map(Box::new(values)), max, 2)
    }

    /// `type: object` with `properties`, or with nothing that says what is in it.
    #[must_use]
    pub fn object(fields: Vec<Field>) -> Self {
        let mut min = 2;
        let mut declared = BTreeMap::new();
        for field in fields {
            let Field { name, decl, required, defaulted } = field;
            let exposed = decl.is_exposed();
            if exposed && required && !defaulted {
                let length = i64::try_from(name.len()).unwrap_or(i64::MAX);
                min += length + decl.min_serialized_size + 4;
            }
            let identifier = if exposed { escaping::escape(&name) } else { None };
            declared.insert(name, DeclField { decl, identifier });
        }
        let object = ObjectDecl { fields: declared, name: "object".into() };
        Self::new(DeclKind::Object(object), 0, min)
    }

    /// The same with `nullable: true` or not.
    #[must_use]
    pub const fn nullable(mut self, nullable: bool) -> Self {
        self.nullable = nullable;
        self
    }

    /// Whether expressions see the type at all. Rules below a schema that they do not see cannot be compiled.
    #[must_use]
    pub fn is_exposed(&self) -> bool {
        match &self.kind {
            DeclKind::Preserved => false,
            DeclKind::List(inner, _) | DeclKind::Map(inner) => inner.is_exposed(),
            _ => true,
        }
    }

    /// The smallest number of bytes that a value takes in JSON.
    #[must_use]
    pub const fn min_serialized_size(&self) -> i64 {
        self.min_serialized_size
    }

    /// The largest number of elements, entries or characters.
    #[must_use]
    pub const fn max_elements(&self) -> i64 {
        self.max_elements
    }

    /// How often such a value can occur in one request.
    #[must_use]
    pub fn max_cardinality(&self) -> u64 {
        u64::try_from(MAX_REQUEST_BYTES / (self.min_serialized_size + 1)).unwrap_or_default()
    }

    /// The same type with a name for every object in it.
    pub(crate) fn named(mut self, path: &str) -> Self {
        match &mut self.kind {
            DeclKind::List(inner, _) => {
                let named = inner.as_ref().clone().named(&format!("{path}.@idx"));
                **inner = named;
            }
            DeclKind::Map(inner) => {
                let named = inner.as_ref().clone().named(&format!("{path}.@elem"));
                **inner = named;
            }
            DeclKind::Object(object) => {
                object.name = path.into();
                for field in object.fields.values_mut() {
                    let Some(identifier) = &field.identifier else { continue };
                    let decl = std::mem::replace(&mut field.decl, DeclType::preserved());
                    field.decl = decl.named(&format!("{path}.{identifier}"));
                }
            }
            _ => {}
        }
        self
    }

    /// The type as the checker knows it.
    pub(crate) fn checked_type(&self) -> Type {
        match &self.kind {
            DeclKind::Bool => Type::Bool,
            DeclKind::Int => Type::Int,
            DeclKind::Double => Type::Double,
            DeclKind::String => Type::String,
            DeclKind::Bytes => Type::Bytes,
            DeclKind::Duration => Type::Duration,
            DeclKind::Date | DeclKind::DateTime => Type::Timestamp,
            DeclKind::IntOrString | DeclKind::Preserved => Type::Dyn,
            DeclKind::List(items, _) => Type::list(items.checked_type()),
            DeclKind::Map(values) => Type::map(Type::String, values.checked_type()),
            DeclKind::Object(object) => Type::Object(Arc::clone(&object.name)),
        }
    }

    /// The field that expressions reach under that identifier; a word of the language may stand unescaped.
    pub(crate) fn field(&self, identifier: &str) -> Option<&DeclType> {
        let DeclKind::Object(object) = &self.kind else { return None };
        let find = |wanted: &str| {
            let mut fields = object.fields.values();
            fields.find(|field| field.identifier.as_deref() == Some(wanted)).map(|field| &field.decl)
        };
        // Most identifiers are the name itself.
        let direct = object.fields.get(identifier);
        let direct = direct.filter(|field| field.identifier.as_deref() == Some(identifier));
        direct.map(|field| &field.decl).or_else(|| find(identifier)).or_else(|| {
            if escaping::is_reserved(identifier) { find(&format!("__{identifier}__")) } else { None }
        })
    }

    /// Every object in the type, by name.
    pub(crate) fn collect_objects<'a>(&'a self, into: &mut BTreeMap<Arc<str>, &'a DeclType>) {
        match &self.kind {
            DeclKind::List(inner, _) | DeclKind::Map(inner) => inner.collect_objects(into),
            DeclKind::Object(object) => {
                into.insert(Arc::clone(&object.name), self);
                let exposed = object.fields.values().filter(|field| field.identifier.is_some());
                exposed.for_each(|field| field.decl.collect_objects(into));
            }
            _ => {}
        }
    }
}

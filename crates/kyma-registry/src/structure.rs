//! The Go structures behind metadata and the built-in kinds, as data.
//!
//! The real server decodes such objects into structures: known members only, of the right types, zero values dropped
//! or kept as their tags say. What comes back to a client is that canonical form whatever was sent, a wrong type is
//! refused in the words of Go's decoder, and a strategic merge patch and server-side apply take the strategies of lists
//! from the same tags. `kinds.txt` holds them all, derived from the Go types of Kubernetes 1.37.2; its head says how a
//! line is read. What nobody asks for is not parsed.

mod convert;
mod decode;
mod fill;
mod kinds;
mod quantity;
mod table;

use std::sync::OnceLock;

use serde_json::{Map, Value};

pub(crate) use convert::conversion_problem;
pub use decode::decode_metadata;
pub(crate) use decode::{base64_bytes, decode};
pub(crate) use fill::fill;
pub(crate) use kinds::is_registered;
pub(crate) use kinds::versions;
pub use kinds::{ColumnText, Kind, Part, find_kind, kinds};
pub use quantity::Quantity;
pub use table::enumeration;

/// A structure.
#[derive(Debug)]
pub struct Struct {
    /// Its name in the table: the package and the type, such as `core/v1.Pod`.
    pub table_name: &'static str,
    /// Its head, and its members a line.
    text: &'static str,
    parsed: OnceLock<Parsed>,
}

/// What a structure's lines say.
#[derive(Debug, Default)]
struct Parsed {
    members: Vec<Member>,
    embedded: Vec<Embedded>,
    atomic: bool,
}

/// A structure that stands in another one without a name: in JSON its members are the other's, in protobuf it is a
/// message of its own.
#[derive(Debug)]
pub struct Embedded {
    /// The structure.
    pub structure: &'static Struct,
    /// The number of the protobuf field.
    pub number: u32,
}

/// A field of a structure.
#[derive(Debug)]
pub struct Member {
    /// Its name in JSON.
    pub name: &'static str,
    /// Its type.
    pub kind: Type,
    /// The number of the protobuf field; `None` where it has none, or where it belongs to an [`Embedded`] structure.
    pub number: Option<u32>,
    /// Whether its zero value is written: the tag has no `omitempty`, or Go does not regard it.
    pub kept: bool,
    /// Whether a client must set it.
    pub required: bool,
    /// The patch strategy as the tag has it, such as `merge,retainKeys`; "" for none.
    pub patch: &'static str,
    /// For lists that a strategic merge patch merges: the member that tells items apart, "" for lists of texts.
    pub merge_key: Option<&'static str>,
    /// How server-side apply looks at a list.
    pub list: Option<ListType>,
    /// Whether server-side apply takes a map or a structure as a whole; `None` where the schema says nothing.
    pub atomic: Option<bool>,
    /// The default that OpenAPI shows, as JSON, where the type does not tell.
    pub default: Option<&'static str>,
    /// What a member that is missing gets, as JSON.
    fill: Option<&'static str>,
}

/// How server-side apply looks at a list (`x-kubernetes-list-type`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ListType {
    /// As one value.
    Atomic,
    /// As values, each there once.
    Set,
    /// As items told apart by these members.
    Map(Vec<&'static str>),
}

/// The Go type of a member.
#[derive(Debug, Clone)]
pub enum Type {
    /// A text, of the Go type `string` or of this one (`core/v1.Protocol`).
    Text(&'static str),
    /// An integer, of the Go type `int32` or `int64`, or of this one.
    Integer(&'static str),
    /// `float64`.
    Float,
    /// `bool`.
    Bool,
    /// `metav1.Time`: whole seconds.
    Time,
    /// `metav1.MicroTime`: microseconds.
    MicroTime,
    /// `[]byte`, base64 in JSON.
    Bytes,
    /// `resource.Quantity`.
    Quantity,
    /// `intstr.IntOrString`.
    IntOrString,
    /// Any JSON; what is in it is not looked at here.
    Raw(Raw),
    /// A structure.
    Struct(&'static Struct),
    /// A pointer: the zero value is a value, and null is none.
    Pointer(Box<Type>),
    /// A list.
    List {
        /// The Go type's own name, if it has one.
        name: Option<&'static str>,
        /// Whether it is a message of its own in protobuf.
        boxed: bool,
        /// The type of its items.
        items: Box<Type>,
    },
    /// A map with texts for keys.
    Map {
        /// The Go type's own name, if it has one.
        name: Option<&'static str>,
        /// The Go type of its keys.
        key: &'static str,
        /// The type of its values.
        values: Box<Type>,
    },
}

/// Types that say themselves how they are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Raw {
    /// `runtime.RawExtension`.
    Extension,
    /// `metav1.FieldsV1`.
    Fields,
    /// `apiextensions.JSON`.
    Json,
    /// `apiextensions.JSONSchemaPropsOrBool`.
    SchemaOrBool,
    /// `apiextensions.JSONSchemaPropsOrArray`.
    SchemaOrArray,
    /// `apiextensions.JSONSchemaPropsOrStringArray`.
    SchemaOrTexts,
}

impl Raw {
    fn go_name(self) -> &'static str {
        match self {
            Self::Extension => "runtime.RawExtension",
            Self::Fields => "v1.FieldsV1",
            Self::Json => "v1.JSON",
            Self::SchemaOrBool => "v1.JSONSchemaPropsOrBool",
            Self::SchemaOrArray => "v1.JSONSchemaPropsOrArray",
            Self::SchemaOrTexts => "v1.JSONSchemaPropsOrStringArray",
        }
    }
}

impl Type {
    /// What Go writes for a value that nobody set.
    pub(crate) fn zero(&self) -> Value {
        match self {
            Self::Text(_) => Value::from(""),
            Self::Integer(_) | Self::Float | Self::IntOrString => Value::from(0),
            Self::Bool => Value::Bool(false),
            Self::Quantity => Value::from("0"),
            Self::Struct(structure) => {
                let kept = structure.members().iter().filter(|member| member.kept);
                Value::Object(kept.map(|member| (member.name.to_owned(), member.kind.zero())).collect())
            }
            _ => Value::Null,
        }
    }

    /// The type as Go's messages name it: what is behind a pointer.
    fn go_name(&self) -> String {
        match self {
            Self::Text(name) | Self::Integer(name) => go_name(name).to_owned(),
            Self::Float => "float64".to_owned(),
            Self::Time | Self::MicroTime | Self::Quantity => "string".to_owned(),
            Self::IntOrString => "int32".to_owned(),
            Self::Bool => "bool".to_owned(),
            Self::Bytes => "[]uint8".to_owned(),
            Self::Raw(raw) => raw.go_name().to_owned(),
            Self::Struct(structure) => go_name(structure.table_name).to_owned(),
            Self::Pointer(inner) => inner.go_name(),
            Self::List { name: Some(name), .. } | Self::Map { name: Some(name), .. } => {
                go_name(name).to_owned()
            }
            Self::List { items, .. } => format!("[]{}", items.full_go_name()),
            Self::Map { key, values, .. } => format!("map[{}]{}", go_name(key), values.full_go_name()),
        }
    }

    /// The type's name inside that of a list or a map.
    fn full_go_name(&self) -> String {
        match self {
            Self::Pointer(inner) => format!("*{}", inner.full_go_name()),
            Self::Time => "v1.Time".to_owned(),
            Self::MicroTime => "v1.MicroTime".to_owned(),
            Self::Quantity => "resource.Quantity".to_owned(),
            Self::IntOrString => "intstr.IntOrString".to_owned(),
            other => other.go_name(),
        }
    }

    /// What a map has under a key without a value.
    pub fn absent(&self) -> Value {
        self.zero()
    }

    /// The type without the pointer to it.
    pub fn pointee(&self) -> &Type {
        match self {
            Self::Pointer(inner) => inner,
            other => other,
        }
    }

    /// The structure that this is, points to, or is a list or map of.
    pub fn structure(&self) -> Option<&'static Struct> {
        match self {
            Self::Struct(structure) => Some(structure),
            Self::Pointer(inner) => inner.structure(),
            Self::List { items, .. } => items.structure(),
            Self::Map { values, .. } => values.structure(),
            _ => None,
        }
    }
}

/// `v1.Pod` of `core/v1.Pod`, and `string` of itself.
fn go_name(table_name: &'static str) -> &'static str {
    table_name.rsplit('/').next().unwrap_or(table_name)
}

impl Struct {
    /// The structure of this name in the table.
    pub fn find(table_name: &str) -> Option<&'static Struct> {
        table::find(table_name)
    }

    /// The name of its type in Go, without the package.
    pub fn name(&self) -> &'static str {
        self.table_name.rsplit('.').next().unwrap_or(self.table_name)
    }

    /// Its name in OpenAPI, such as `io.k8s.api.core.v1.Pod`.
    pub fn model_name(&self) -> String {
        table::model_name(self.table_name)
    }

    /// In the order of Go's fields, those of embedded structures in their place.
    pub fn members(&self) -> &[Member] {
        &self.parsed().members
    }

    /// The structures that stand in it without a name.
    pub fn embedded(&self) -> &[Embedded] {
        &self.parsed().embedded
    }

    /// Whether server-side apply takes it as a whole, wherever it stands.
    pub fn atomic(&self) -> bool {
        self.parsed().atomic
    }

    /// The member of this name.
    pub fn member(&self, name: &str) -> Option<&Member> {
        self.members().iter().find(|member| member.name == name)
    }

    fn parsed(&self) -> &Parsed {
        self.parsed.get_or_init(|| table::parse(self.text))
    }
}

/// An object of the structure as Go would have it before anything is read into it.
pub(crate) fn empty(structure: &Struct) -> Map<String, Value> {
    let kept = structure.members().iter().filter(|member| member.kept);
    kept.map(|member| (member.name.to_owned(), member.kind.zero())).collect()
}

#[cfg(test)]
mod tests;

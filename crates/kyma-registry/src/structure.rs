//! The Go structures behind metadata and the built-in kinds, as data.
//!
//! The real server decodes such objects into structures: known members only, of the right types, zero values dropped
//! or kept as their tags say. What comes back to a client is that canonical form whatever was sent, a wrong type is
//! refused in the words of Go's decoder, and a strategic merge patch takes its list strategies from the same tags.
//! Sources: `k8s.io/api/{core,coordination}/v1`, `k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1` and
//! `k8s.io/apimachinery/pkg/apis/meta/v1` (1.37).

mod convert;
mod decode;
pub(crate) mod kinds;
mod metadata;

use serde_json::{Map, Value};

pub(crate) use convert::conversion_problem;
pub use decode::decode_metadata;
pub(crate) use decode::{base64_bytes, decode};

/// A structure.
#[derive(Debug)]
pub(crate) struct Struct {
    /// Its name in Go, which messages show.
    pub(crate) name: &'static str,
    /// In the order of Go's fields.
    pub(crate) members: &'static [Member],
}

/// A field of a structure.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Member {
    /// Its name in JSON.
    pub(crate) name: &'static str,
    pub(crate) kind: Type,
    /// Whether its zero value is written: the tag has no `omitempty`, or Go does not regard it.
    pub(crate) kept: bool,
    /// For lists that a strategic merge patch merges: the member that tells items apart, "" for lists of texts.
    pub(crate) merge_key: Option<&'static str>,
}

/// The Go type of a member.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Type {
    /// `string`, or a type of its own made of it.
    Text(&'static str),
    /// `*string`: "" is a value.
    OptionalText,
    /// `int32` or `int64`.
    Integer(&'static str),
    /// `*int32` or `*int64`: zero is a value.
    OptionalInteger(&'static str),
    Bool,
    OptionalBool,
    /// `metav1.Time`: whole seconds.
    Time,
    /// `metav1.MicroTime`: microseconds.
    MicroTime,
    /// `[]byte`, base64 in JSON.
    Bytes,
    /// `map[string]string`.
    TextMap,
    /// `map[string][]byte`.
    BytesMap,
    /// A list of texts of this type.
    TextList(&'static str),
    Struct(&'static Struct),
    OptionalStruct(&'static Struct),
    List(&'static Struct),
    /// Any JSON object; what is in it is not looked at here.
    Raw(&'static str),
}

impl Type {
    /// What Go writes for a member that nobody set.
    fn zero(self) -> Value {
        match self {
            Self::Text(_) => Value::from(""),
            Self::Integer(_) => Value::from(0),
            Self::Bool => Value::Bool(false),
            Self::Struct(_) => Value::Object(Map::new()),
            _ => Value::Null,
        }
    }

    /// The type as Go's messages name it.
    fn go_name(self) -> String {
        match self {
            Self::Text(name) | Self::Integer(name) | Self::OptionalInteger(name) => name.to_owned(),
            Self::OptionalText | Self::Time | Self::MicroTime => "string".to_owned(),
            Self::Bool | Self::OptionalBool => "bool".to_owned(),
            Self::Bytes => "[]uint8".to_owned(),
            Self::TextMap => "map[string]string".to_owned(),
            Self::BytesMap => "map[string][]uint8".to_owned(),
            Self::TextList(name) => format!("[]{name}"),
            Self::Struct(structure) | Self::OptionalStruct(structure) => format!("v1.{}", structure.name),
            Self::List(structure) => format!("[]v1.{}", structure.name),
            Self::Raw(name) => format!("v1.{name}"),
        }
    }
}

impl Struct {
    /// The member of this name.
    pub(crate) fn member(&self, name: &str) -> Option<&'static Member> {
        self.members.iter().find(|member| member.name == name)
    }
}

/// A member whose zero value is left out.
const fn member(name: &'static str, kind: Type) -> Member {
    Member { name, kind, kept: false, merge_key: None }
}

const fn text(name: &'static str) -> Member {
    member(name, Type::Text("string"))
}

impl Member {
    const fn kept(self) -> Self {
        Self { kept: true, ..self }
    }

    const fn merged_by(self, key: &'static str) -> Self {
        Self { merge_key: Some(key), ..self }
    }
}

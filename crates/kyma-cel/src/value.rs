//! Values while an expression is evaluated.
//!
//! What comes from data is a view of it: JSON together with its declared type, read element by element.

mod compare;
mod convert;
mod equality;
mod list;
mod map;
mod read;
mod show;

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use serde_json::Value as Json;

use crate::error::EvalError;
use crate::library::{cidr::Cidr, format_named::NamedFormat, quantity::Quantity, semver::Semver, url::Url};

pub(crate) use compare::compare;
pub(crate) use equality::equal;
pub use list::List;
pub use map::Map;
pub use map::OwnedMap;
pub(crate) use map::{MapKey, lossless_int};
pub(crate) use read::read;

/// The outcome of a step of an evaluation.
pub(crate) type Outcome<'d> = Result<Value<'d>, EvalError>;

/// A value.
#[derive(Debug, Clone)]
pub enum Value<'d> {
    /// `null`.
    Null,
    /// True or false.
    Bool(bool),
    /// A signed number.
    Int(i64),
    /// An unsigned number.
    Uint(u64),
    /// A floating point number.
    Double(f64),
    /// Text.
    String(Text<'d>),
    /// Bytes.
    Bytes(Arc<[u8]>),
    /// A span of time in nanoseconds.
    Duration(i64),
    /// A point in time.
    Timestamp(Timestamp),
    /// A list.
    List(List<'d>),
    /// A map or an object.
    Map(Map<'d>),
    /// A value that may be missing.
    Optional(Option<Arc<Value<'d>>>),
    /// A type, by its name.
    Type(Arc<str>),
    /// A value of one of Kubernetes' libraries.
    Library(Library),
    /// Data of which the schema says nothing.
    Preserved(&'d Json),
}

/// Values of Kubernetes' libraries.
#[derive(Debug, Clone)]
pub enum Library {
    /// `quantity('1Gi')`.
    Quantity(Quantity),
    /// `url('https://example.com')`.
    Url(Arc<Url>),
    /// `ip('10.0.0.1')`.
    Ip(core::net::IpAddr),
    /// `cidr('10.0.0.0/8')`.
    Cidr(Cidr),
    /// `semver('1.2.3')`.
    Semver(Arc<Semver>),
    /// `format.dns1123Label()`.
    Format(&'static NamedFormat),
}

/// Text that is part of the data or was made during the evaluation.
#[derive(Clone)]
pub enum Text<'d> {
    /// A string of the data.
    Borrowed(&'d str),
    /// One that was made.
    Shared(Arc<str>),
}

impl Deref for Text<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        match self {
            Self::Borrowed(text) => text,
            Self::Shared(text) => text,
        }
    }
}

impl fmt::Debug for Text<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, formatter)
    }
}

/// A point in time, with the offset from UTC in which it was written.
#[derive(Debug, Clone, Copy)]
pub struct Timestamp {
    /// Seconds since 1970.
    pub seconds: i64,
    /// Nanoseconds since that second.
    pub nanos: u32,
    /// Seconds east of UTC.
    pub offset: i32,
}

impl Timestamp {
    /// What orders points in time.
    pub(crate) fn instant(&self) -> (i64, u32) {
        (self.seconds, self.nanos)
    }
}

impl<'d> Value<'d> {
    pub(crate) fn text(text: impl Into<Arc<str>>) -> Self {
        Self::String(Text::Shared(text.into()))
    }

    pub(crate) fn list(elements: Vec<Value<'d>>) -> Self {
        Self::List(List::owned(elements))
    }

    pub(crate) fn some(value: Value<'d>) -> Self {
        Self::Optional(Some(Arc::new(value)))
    }

    /// The text, if the value is some.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::String(text) => Some(text),
            _ => None,
        }
    }

    /// True or false, if the value is one of both.
    #[must_use]
    pub const fn as_bool(&self) -> Option<bool> {
        match self {
            Self::Bool(value) => Some(*value),
            _ => None,
        }
    }

    /// The name of the value's type.
    #[must_use]
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::Null => "null_type",
            Self::Bool(_) => "bool",
            Self::Int(_) => "int",
            Self::Uint(_) => "uint",
            Self::Double(_) => "double",
            Self::String(_) => "string",
            Self::Bytes(_) => "bytes",
            Self::Duration(_) => "google.protobuf.Duration",
            Self::Timestamp(_) => "google.protobuf.Timestamp",
            Self::List(_) => "list",
            Self::Map(_) => "map",
            Self::Optional(_) => "optional_type",
            Self::Type(_) => "type",
            Self::Preserved(_) => "unknown",
            Self::Library(Library::Quantity(_)) => "kubernetes.Quantity",
            Self::Library(Library::Url(_)) => "kubernetes.URL",
            Self::Library(Library::Ip(_)) => "net.IP",
            Self::Library(Library::Cidr(_)) => "net.CIDR",
            Self::Library(Library::Semver(_)) => "kubernetes.Semver",
            Self::Library(Library::Format(_)) => "kubernetes.NamedFormat",
        }
    }

    /// The size by which costs are counted; one for what has no size.
    pub(crate) fn size(&self) -> u64 {
        self.sized().unwrap_or_else(|| match self {
            Self::Optional(Some(value)) => value.size(),
            _ => 1,
        })
    }

    /// The size of what has one: characters, bytes, elements or entries.
    pub(crate) fn sized(&self) -> Option<u64> {
        let size = match self {
            Self::String(text) => text.chars().count(),
            Self::Bytes(bytes) => bytes.len(),
            Self::List(list) => list.len(),
            Self::Map(map) => map.len(),
            Self::Library(Library::Ip(ip)) => {
                if ip.is_ipv4() {
                    4
                } else {
                    16
                }
            }
            Self::Library(Library::Cidr(cidr)) => usize::from(cidr.bits).div_ceil(8),
            _ => return None,
        };
        u64::try_from(size).ok()
    }

    /// Whether the value is the zero of its type, or empty.
    pub(crate) fn is_zero(&self) -> bool {
        match self {
            Self::Null => true,
            Self::Bool(value) => !value,
            Self::Int(value) => *value == 0,
            Self::Uint(value) => *value == 0,
            Self::Double(value) => *value == 0.0,
            Self::String(text) => text.is_empty(),
            Self::Bytes(bytes) => bytes.is_empty(),
            Self::Duration(nanos) => *nanos == 0,
            Self::Timestamp(time) => time.seconds == crate::library::times::MIN_SECONDS && time.nanos == 0,
            // Lists and maps of the data have no notion of a zero.
            Self::List(list) => list.is_owned() && list.is_empty(),
            Self::Map(map) => map.is_owned() && map.is_empty(),
            _ => false,
        }
    }
}

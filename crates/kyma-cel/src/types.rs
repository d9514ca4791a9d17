//! Types as the checker knows them, and how messages write them.

use std::fmt;
use std::sync::Arc;

/// The type of an expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Type {
    /// Anything; checked when the expression is evaluated.
    Dyn,
    /// Of an expression with an error in it.
    Error,
    /// Of `null`.
    Null,
    /// True or false.
    Bool,
    /// A signed number of 64 bits.
    Int,
    /// An unsigned number of 64 bits.
    Uint,
    /// A floating point number of 64 bits.
    Double,
    /// Unicode text.
    String,
    /// Bytes.
    Bytes,
    /// A span of time.
    Duration,
    /// A point in time.
    Timestamp,
    /// A list of elements of that type.
    List(Arc<Type>),
    /// A map from keys to values of those types.
    Map(Arc<Type>, Arc<Type>),
    /// An object with declared fields, or a value of a library.
    Object(Arc<str>),
    /// A type of which only the name and the parameters are known: `optional_type`, `net.IP`, …
    Opaque(Arc<str>, Arc<[Type]>),
    /// The type of a type.
    Type(Option<Arc<Type>>),
    /// A parameter of a function's signature, or a type not known yet.
    Param(Arc<str>),
}

/// The name of the type of optional values.
const OPTIONAL: &str = "optional_type";

impl Type {
    pub(crate) fn list(element: Type) -> Self {
        Self::List(Arc::new(element))
    }

    pub(crate) fn map(key: Type, value: Type) -> Self {
        Self::Map(Arc::new(key), Arc::new(value))
    }

    pub(crate) fn optional(inner: Type) -> Self {
        Self::Opaque(OPTIONAL.into(), [inner].into())
    }

    pub(crate) fn type_of(inner: Type) -> Self {
        Self::Type(Some(Arc::new(inner)))
    }

    /// What an optional type wraps.
    pub(crate) fn unwrap_optional(&self) -> Option<&Type> {
        match self {
            Self::Opaque(name, params) if &**name == OPTIONAL => params.first(),
            _ => None,
        }
    }

    pub(crate) fn is_dyn(&self) -> bool {
        matches!(self, Self::Dyn)
    }

    pub(crate) fn is_error(&self) -> bool {
        matches!(self, Self::Error)
    }

    /// The parameters, in order.
    pub(crate) fn params(&self) -> Vec<&Type> {
        match self {
            Self::List(element) => vec![element],
            Self::Map(key, value) => vec![key, value],
            Self::Opaque(_, params) => params.iter().collect(),
            Self::Type(Some(inner)) => vec![inner],
            _ => Vec::new(),
        }
    }

    /// The name a value's type has while an expression is evaluated: without parameters.
    pub(crate) fn runtime_name(&self) -> &str {
        match self {
            Self::Dyn => "dyn",
            Self::Error => "!error!",
            Self::Null => "null_type",
            Self::Bool => "bool",
            Self::Int => "int",
            Self::Uint => "uint",
            Self::Double => "double",
            Self::String => "string",
            Self::Bytes => "bytes",
            Self::Duration => "google.protobuf.Duration",
            Self::Timestamp => "google.protobuf.Timestamp",
            Self::List(_) => "list",
            Self::Map(..) => "map",
            Self::Type(_) => "type",
            Self::Object(name) | Self::Opaque(name, _) | Self::Param(name) => name,
        }
    }

    /// Whether both are of one kind with the same parameters; names of type parameters do not count.
    pub(crate) fn is_equivalent(&self, other: &Type) -> bool {
        match (self, other) {
            (Self::Param(_), Self::Param(_)) => true,
            (Self::List(_), Self::List(_))
            | (Self::Map(..), Self::Map(..))
            | (Self::Type(_), Self::Type(_)) => {
                let (own, others) = (self.params(), other.params());
                own.len() == others.len() && own.iter().zip(others).all(|(a, b)| a.is_equivalent(b))
            }
            (Self::Opaque(a, own), Self::Opaque(b, others)) => {
                let same = a == b && own.len() == others.len();
                same && own.iter().zip(others.iter()).all(|(a, b)| a.is_equivalent(b))
            }
            _ => self == other,
        }
    }

    /// Whether values of the type have one size: numbers, times and booleans.
    pub(crate) fn is_scalar(&self) -> bool {
        match self {
            Self::Bool | Self::Double | Self::Duration | Self::Int | Self::Timestamp | Self::Uint => true,
            _ => self.unwrap_optional().is_some_and(Type::is_scalar),
        }
    }
}

impl fmt::Display for Type {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => return formatter.write_str("null"),
            Self::Duration => return formatter.write_str("duration"),
            Self::Timestamp => return formatter.write_str("timestamp"),
            _ => formatter.write_str(self.runtime_name())?,
        }
        let params: Vec<String> = self.params().into_iter().map(Type::to_string).collect();
        if params.is_empty() { Ok(()) } else { write!(formatter, "({})", params.join(", ")) }
    }
}

/// `target.(args)` or `(args)`, as messages write what a function was applied to.
pub(crate) fn render_signature(args: &[Type], is_member: bool) -> String {
    let (target, args) = match args.split_first() {
        Some((target, rest)) if is_member => (format!("{target}."), rest),
        _ => (String::new(), args),
    };
    let args: Vec<String> = args.iter().map(Type::to_string).collect();
    format!("{target}({})", args.join(", "))
}

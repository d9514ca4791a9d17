//! How messages show a value, and what Go calls its type.

use std::fmt;

use super::{Library, Value};
use crate::library::times;
use crate::number;

impl fmt::Display for Value<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => formatter.write_str("NULL_VALUE"),
            Self::Bool(value) => write!(formatter, "{value}"),
            Self::Int(value) => write!(formatter, "{value}"),
            Self::Uint(value) => write!(formatter, "{value}"),
            Self::Double(value) => formatter.write_str(&number::general(*value)),
            Self::String(text) => formatter.write_str(text),
            Self::Bytes(bytes) => {
                let bytes: Vec<String> = bytes.iter().map(u8::to_string).collect();
                write!(formatter, "[{}]", bytes.join(" "))
            }
            Self::Duration(nanos) => formatter.write_str(&times::go_duration(*nanos)),
            Self::Timestamp(time) => formatter.write_str(&times::go_time(*time)),
            Self::List(list) => {
                let shown: Vec<String> =
                    list.iter().map(|item| item.map_or_else(|e| e.to_string(), |v| v.to_string())).collect();
                write!(formatter, "[{}]", shown.join(", "))
            }
            Self::Map(map) => {
                let shown = map.keys().into_iter().map(|key| {
                    let value = map.find(&key).ok().flatten().unwrap_or(Value::Null);
                    format!("{key}: {value}")
                });
                write!(formatter, "{{{}}}", shown.collect::<Vec<_>>().join(", "))
            }
            Self::Optional(Some(value)) => write!(formatter, "optional({value})"),
            Self::Optional(None) => formatter.write_str("optional.none()"),
            Self::Type(name) => formatter.write_str(name),
            Self::Library(Library::Quantity(quantity)) => write!(formatter, "{}", quantity.nanos()),
            Self::Library(Library::Url(url)) => write!(formatter, "{url}"),
            Self::Library(Library::Ip(ip)) => write!(formatter, "{ip}"),
            Self::Library(Library::Cidr(cidr)) => write!(formatter, "{cidr}"),
            Self::Library(Library::Semver(version)) => write!(formatter, "{version}"),
            Self::Library(Library::Format(format)) => formatter.write_str(format.name),
            Self::Preserved(json) => write!(formatter, "{json}"),
        }
    }
}

impl Value<'_> {
    /// The name of the Go type that cel-go holds such a value in.
    pub(crate) fn go_type(&self) -> &'static str {
        match self {
            Self::Null => "types.Null",
            Self::Bool(_) => "types.Bool",
            Self::Int(_) => "types.Int",
            Self::Uint(_) => "types.Uint",
            Self::Double(_) => "types.Double",
            Self::String(_) => "types.String",
            Self::Bytes(_) => "types.Bytes",
            Self::Duration(_) => "types.Duration",
            Self::Timestamp(_) => "types.Timestamp",
            Self::List(_) => "*types.baseList",
            Self::Map(_) => "*types.baseMap",
            Self::Optional(_) => "*types.Optional",
            Self::Type(_) => "*types.Type",
            Self::Library(Library::Quantity(_)) => "cel.Quantity",
            Self::Library(Library::Url(_)) => "cel.URL",
            Self::Library(Library::Ip(_)) => "cel.IP",
            Self::Library(Library::Cidr(_)) => "cel.CIDR",
            Self::Library(Library::Semver(_)) => "cel.Semver",
            Self::Library(Library::Format(_)) => "cel.Format",
            Self::Preserved(_) => "*common.unknownPreserved",
        }
    }
}

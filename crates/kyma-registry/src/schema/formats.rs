//! The formats of strings and numbers (`k8s.io/kube-openapi/pkg/validation/strfmt`, and which of them CRDs know:
//! `k8s.io/apiextensions-apiserver/pkg/apiserver/validation/formats.go`).

use core::net::{IpAddr, Ipv6Addr};
use std::sync::LazyLock;

use regex::Regex;

use super::node::{Type, Types};
use super::{mail, times, uri};

/// A known format. Unknown ones are ignored, as are formats of other types.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Format {
    Int32,
    Int64,
    Float,
    Double,
    /// A format of strings: what it is, and how the schema spells it.
    Text(Text, Box<str>),
}

/// The formats of strings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Text {
    BsonObjectId,
    Uri,
    Email,
    Hostname,
    Ipv4,
    Ipv6,
    Cidr,
    Mac,
    Uuid,
    Uuid3,
    Uuid4,
    Uuid5,
    Isbn,
    Isbn10,
    Isbn13,
    CreditCard,
    Ssn,
    HexColor,
    RgbColor,
    Byte,
    Password,
    Date,
    Duration,
    DateTime,
    ShortName,
    LongName,
}

impl Format {
    pub(super) fn named(name: &str, types: Types) -> Option<Self> {
        match types.only() {
            None | Some(Type::String) => {
                // Dashes do not count.
                let text = Text::named(&name.replace('-', ""))?;
                Some(Self::Text(text, name.into()))
            }
            Some(Type::Integer) => match name {
                "int32" => Some(Self::Int32),
                "int64" => Some(Self::Int64),
                _ => None,
            },
            Some(Type::Number) => match name {
                "float" => Some(Self::Float),
                "double" => Some(Self::Double),
                _ => None,
            },
            Some(Type::Object | Type::Array | Type::Boolean) => None,
        }
    }

    /// The name as the schema spells it.
    pub(super) fn name(&self) -> &str {
        match self {
            Self::Int32 => "int32",
            Self::Int64 => "int64",
            Self::Float => "float",
            Self::Double => "double",
            Self::Text(_, name) => name,
        }
    }

    pub(super) fn is_textual(&self) -> bool {
        matches!(self, Self::Text(..))
    }

    /// Whether a string has the format; numbers' formats ask nothing of strings.
    pub(super) fn accepts(&self, text: &str) -> bool {
        match self {
            Self::Text(format, _) => format.accepts(text),
            Self::Int32 | Self::Int64 | Self::Float | Self::Double => true,
        }
    }
}

macro_rules! pattern {
    ($name:ident, $pattern:expr) => {
        static $name: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new($pattern).ok());
    };
}

pattern!(
    HOSTNAME,
    r"^([a-zA-Z0-9\p{S}\p{L}]((-?[a-zA-Z0-9\p{S}\p{L}]{0,62})?)|([a-zA-Z0-9\p{S}\p{L}](([a-zA-Z0-9-\p{S}\p{L}]{0,61}[a-zA-Z0-9\p{S}\p{L}])?)(\.)){1,}([a-zA-Z\p{L}]){2,63})$"
);
pattern!(
    CREDIT_CARD,
    "^(?:4[0-9]{12}(?:[0-9]{3})?|5[1-5][0-9]{14}|6(?:011|5[0-9][0-9])[0-9]{12}|3[47][0-9]{13}|3(?:0[0-5]|[68][0-9])[0-9]{11}|(?:2131|1800|35[0-9]{3})[0-9]{11})$"
);
pattern!(
    RGB_COLOR,
    r"^rgb\([\t\n\f\r ]*(0|[1-9][0-9]?|1[0-9][0-9]?|2[0-4][0-9]|25[0-5])[\t\n\f\r ]*,[\t\n\f\r ]*(0|[1-9][0-9]?|1[0-9][0-9]?|2[0-4][0-9]|25[0-5])[\t\n\f\r ]*,[\t\n\f\r ]*(0|[1-9][0-9]?|1[0-9][0-9]?|2[0-4][0-9]|25[0-5])[\t\n\f\r ]*\)$"
);
pattern!(BASE64, "^(?:[A-Za-z0-9+\\/]{4})*(?:[A-Za-z0-9+\\/]{2}==|[A-Za-z0-9+\\/]{3}=|[A-Za-z0-9+\\/]{4})$");
pattern!(SSN, r"^[0-9]{3}[- ]?[0-9]{2}[- ]?[0-9]{4}$");

fn matches(pattern: &Option<Regex>, text: &str) -> bool {
    pattern.as_ref().is_some_and(|pattern| pattern.is_match(text))
}

impl Text {
    fn named(name: &str) -> Option<Self> {
        Some(match name {
            "bsonobjectid" => Self::BsonObjectId,
            "uri" => Self::Uri,
            "email" => Self::Email,
            "hostname" => Self::Hostname,
            "ipv4" => Self::Ipv4,
            "ipv6" => Self::Ipv6,
            "cidr" => Self::Cidr,
            "mac" => Self::Mac,
            "uuid" => Self::Uuid,
            "uuid3" => Self::Uuid3,
            "uuid4" => Self::Uuid4,
            "uuid5" => Self::Uuid5,
            "isbn" => Self::Isbn,
            "isbn10" => Self::Isbn10,
            "isbn13" => Self::Isbn13,
            "creditcard" => Self::CreditCard,
            "ssn" => Self::Ssn,
            "hexcolor" => Self::HexColor,
            "rgbcolor" => Self::RgbColor,
            "byte" => Self::Byte,
            "password" => Self::Password,
            "date" => Self::Date,
            "duration" => Self::Duration,
            "datetime" => Self::DateTime,
            "k8sshortname" => Self::ShortName,
            "k8slongname" => Self::LongName,
            _ => return None,
        })
    }

    fn accepts(self, text: &str) -> bool {
        match self {
            Self::BsonObjectId => text.len() == 24 && is_hex(text),
            Self::Uri => uri::is_request_uri(text),
            Self::Email => mail::is_address(text),
            Self::Hostname => {
                matches(&HOSTNAME, text) && text.len() <= 255 && text.split('.').all(|part| part.len() <= 63)
            }
            // An IPv4 address inside of an IPv6 one counts, too.
            Self::Ipv4 => text.contains('.') && sloppy_ip(text).is_some(),
            Self::Ipv6 => text.contains(':') && text.parse::<IpAddr>().is_ok(),
            Self::Cidr => is_cidr(text),
            Self::Mac => is_mac(text),
            Self::Uuid => is_uuid(text, None),
            Self::Uuid3 => is_uuid(text, Some('3')),
            Self::Uuid4 => is_uuid(text, Some('4')),
            Self::Uuid5 => is_uuid(text, Some('5')),
            Self::Isbn => is_isbn10(text) || is_isbn13(text),
            Self::Isbn10 => is_isbn10(text),
            Self::Isbn13 => is_isbn13(text),
            Self::CreditCard => is_credit_card(text),
            Self::Ssn => text.len() == 11 && matches(&SSN, text),
            Self::HexColor => {
                let digits = text.strip_prefix('#').unwrap_or(text);
                matches!(digits.len(), 3 | 6) && is_hex(digits)
            }
            Self::RgbColor => matches(&RGB_COLOR, text),
            Self::Byte => matches(&BASE64, text),
            Self::Password => true,
            Self::Date => times::is_date(text),
            Self::Duration => times::is_duration(text),
            Self::DateTime => times::is_date_time(text),
            Self::ShortName => crate::names::dns1123_label(text).is_empty(),
            Self::LongName => crate::names::dns1123_subdomain(text).is_empty(),
        }
    }
}

fn is_hex(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// An address with leading zeros tolerated in IPv4 parts, as Go had it before 1.17.
fn sloppy_ip(text: &str) -> Option<IpAddr> {
    let first = text.find(['.', ':'])?;
    if text.as_bytes().get(first) == Some(&b'.') { sloppy_ipv4(text) } else { sloppy_ipv6(text) }
}

fn sloppy_ipv4(text: &str) -> Option<IpAddr> {
    plain_ipv4(text)?.parse().ok()
}

/// The same IPv4 address without leading zeros.
fn plain_ipv4(text: &str) -> Option<String> {
    let part = |part: &str| {
        let digits = !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        digits.then(|| part.parse::<u32>().ok()).flatten().filter(|number| *number <= 255)
    };
    let parts: Option<Vec<u32>> = text.split('.').map(part).collect();
    let parts = parts.filter(|parts| parts.len() == 4)?;
    Some(parts.iter().map(u32::to_string).collect::<Vec<_>>().join("."))
}

fn sloppy_ipv6(text: &str) -> Option<IpAddr> {
    // Hexadecimal parts may have any number of leading zeros, too.
    let part = |part: &str| {
        if part.contains('.') {
            return plain_ipv4(part);
        }
        let trimmed = part.trim_start_matches('0');
        Some(if trimmed.is_empty() && !part.is_empty() { "0".to_owned() } else { trimmed.to_owned() })
    };
    let parts: Option<Vec<String>> = text.split(':').map(part).collect();
    parts?.join(":").parse::<Ipv6Addr>().ok().map(IpAddr::V6)
}

fn is_cidr(text: &str) -> bool {
    let Some((address, length)) = text.split_once('/') else { return false };
    let bits = match sloppy_ipv4(address).or_else(|| sloppy_ipv6(address)) {
        Some(IpAddr::V4(_)) => 32,
        Some(IpAddr::V6(_)) => 128,
        None => return false,
    };
    !length.is_empty()
        && length.bytes().all(|byte| byte.is_ascii_digit())
        && length.parse::<u32>().is_ok_and(|length| length <= bits)
}

/// 6, 8 or 20 bytes: `01:23:…`, `01-23-…`, `0123.4567.…` or plain digits.
fn is_mac(text: &str) -> bool {
    let Some(separator) = text.bytes().find(|byte| !byte.is_ascii_hexdigit()) else {
        return matches!(text.len(), 12 | 16 | 40);
    };
    let group = match separator {
        b':' | b'-' => 2,
        b'.' => 4,
        _ => return false,
    };
    let parts: Vec<&str> = text.split(char::from(separator)).collect();
    parts.iter().all(|part| part.len() == group && is_hex(part))
        && matches!(parts.len() * group, 12 | 16 | 40)
}

/// 32 hexadecimal digits with dashes between the groups or without; a version asks for its digit.
fn is_uuid(text: &str, version: Option<char>) -> bool {
    let mut rest = text;
    let mut groups = Vec::with_capacity(5);
    for (index, length) in [8, 4, 4, 4, 12].into_iter().enumerate() {
        if index > 0 {
            rest = rest.strip_prefix('-').unwrap_or(rest);
        }
        let Some((group, tail)) = rest.split_at_checked(length) else { return false };
        groups.push(group);
        rest = tail;
    }
    let [_, _, third, fourth, _] = groups.as_slice() else { return false };
    let variant = fourth.starts_with(['8', '9', 'a', 'b', 'A', 'B']);
    rest.is_empty()
        && groups.iter().all(|group| is_hex(group))
        && version.is_none_or(|version| third.starts_with(version) && (version == '3' || variant))
}

fn isbn_digits(text: &str) -> Vec<u8> {
    let ignored = |byte: &u8| matches!(byte, b'-' | b'\t' | b'\n' | 0xc | b'\r' | b' ');
    text.bytes().filter(|byte| !ignored(byte)).collect()
}

fn is_isbn10(text: &str) -> bool {
    let digits = isbn_digits(text);
    let [first @ .., last] = digits.as_slice() else { return false };
    if first.len() != 9 || !first.iter().all(u8::is_ascii_digit) || !(last.is_ascii_digit() || *last == b'X')
    {
        return false;
    }
    let value = |byte: &u8| if *byte == b'X' { 10 } else { u32::from(byte - b'0') };
    let sum: u32 = digits.iter().zip(1..).map(|(byte, weight)| weight * value(byte)).sum();
    sum.is_multiple_of(11)
}

fn is_isbn13(text: &str) -> bool {
    let digits = isbn_digits(text);
    if digits.len() != 13 || !digits.iter().all(u8::is_ascii_digit) {
        return false;
    }
    let weights = [1, 3].into_iter().cycle();
    let sum: u32 = digits.iter().zip(weights).map(|(byte, weight)| weight * u32::from(byte - b'0')).sum();
    sum.is_multiple_of(10)
}

fn is_credit_card(text: &str) -> bool {
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    // Luhn: every second digit from the right counts twice, and its own digits are added up.
    let value = |(index, byte): (usize, u8)| {
        let digit = u32::from(byte - b'0') * if index % 2 == 1 { 2 } else { 1 };
        if digit >= 10 { digit - 9 } else { digit }
    };
    matches(&CREDIT_CARD, &digits) && digits.bytes().rev().enumerate().map(value).sum::<u32>() % 10 == 0
}

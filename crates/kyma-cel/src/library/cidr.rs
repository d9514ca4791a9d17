//! Networks: `cidr('10.0.0.0/8')` and what one asks of them.

use core::net::IpAddr;
use std::fmt;

use super::format::go_quote;
use super::ip::{is_mapped, parse_addr};
use super::{Implementation, text};
use crate::error::EvalError;
use crate::value::{Library, Outcome, Value};

/// An address with the length of its network's prefix.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cidr {
    /// The address, host bits included.
    pub address: IpAddr,
    /// The length of the prefix in bits.
    pub bits: u8,
}

impl fmt::Display for Cidr {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}", self.address, self.bits)
    }
}

impl Cidr {
    /// Bits of an address, left-aligned, and how many there can be.
    fn raw(address: IpAddr) -> (u128, u8) {
        match address {
            IpAddr::V4(ip) => (u128::from(ip.to_bits()) << 96, 32),
            IpAddr::V6(ip) => (ip.to_bits(), 128),
        }
    }

    fn prefix(address: IpAddr, bits: u8) -> u128 {
        let mask = u128::MAX.checked_shl(128 - u32::from(bits)).unwrap_or_default();
        Self::raw(address).0 & mask
    }

    fn masked(self) -> Self {
        let prefix = Self::prefix(self.address, self.bits);
        let address = match self.address {
            IpAddr::V4(_) => IpAddr::V4(u32::try_from(prefix >> 96).unwrap_or_default().into()),
            IpAddr::V6(_) => IpAddr::V6(prefix.into()),
        };
        Self { address, bits: self.bits }
    }

    fn contains(self, ip: IpAddr) -> bool {
        self.address.is_ipv4() == ip.is_ipv4()
            && Self::prefix(self.address, self.bits) == Self::prefix(ip, self.bits)
    }

    fn contains_cidr(self, other: Self) -> bool {
        self.bits <= other.bits && self.contains(other.address)
    }
}

pub(super) fn implementation(overload: &str) -> Option<Implementation> {
    Some(match overload {
        "string_to_cidr" => |args| convert(text(args, 0)?).map(value),
        "is_cidr" => |args| Ok(Value::Bool(parse(text(args, 0)?).is_ok())),
        "cidr_to_string" => |args| Ok(Value::text(cidr(args, 0)?.to_string())),
        "cidr_contains_ip_ip" => |args| match args {
            [_, Value::Library(Library::Ip(ip))] => Ok(Value::Bool(cidr(args, 0)?.contains(*ip))),
            _ => Err(EvalError::no_such_overload()),
        },
        "cidr_contains_ip_string" => contains_ip_text,
        "cidr_contains_cidr" => |args| Ok(Value::Bool(cidr(args, 0)?.contains_cidr(cidr(args, 1)?))),
        "cidr_contains_cidr_string" => {
            |args| Ok(Value::Bool(cidr(args, 0)?.contains_cidr(convert(text(args, 1)?)?)))
        }
        "cidr_ip" => |args| Ok(Value::Library(Library::Ip(cidr(args, 0)?.address))),
        "cidr_prefix_length" => |args| Ok(Value::Int(i64::from(cidr(args, 0)?.bits))),
        "cidr_masked" => |args| Ok(value(cidr(args, 0)?.masked())),
        _ => return None,
    })
}

fn value<'d>(cidr: Cidr) -> Value<'d> {
    Value::Library(Library::Cidr(cidr))
}

fn cidr(args: &[Value<'_>], index: usize) -> Result<Cidr, EvalError> {
    match args.get(index) {
        Some(Value::Library(Library::Cidr(cidr))) => Ok(*cidr),
        _ => Err(EvalError::no_such_overload()),
    }
}

/// A text that is no address is no error of the text: the call does not fit.
fn contains_ip_text<'d>(args: &[Value<'d>]) -> Outcome<'d> {
    let network = cidr(args, 0)?;
    match parse_addr(text(args, 1)?) {
        Ok((ip, false)) if !is_mapped(ip) => Ok(Value::Bool(network.contains(ip))),
        _ => Err(EvalError::no_such_overload()),
    }
}

const FAILED: &str = "network address parse error during conversion from string";

fn convert(text: &str) -> Result<Cidr, EvalError> {
    parse(text).map_err(|why| EvalError::new(format!("{FAILED}: {why}")))
}

fn parse(text: &str) -> Result<Cidr, String> {
    let failed = |why: &str| format!("{FAILED}: netip.ParsePrefix({}): {why}", go_quote(text));
    let (address, bits) = text.rsplit_once('/').ok_or_else(|| failed("no '/'"))?;
    let (address, zoned) = parse_addr(address).map_err(|why| failed(&why))?;
    if zoned {
        return Err(failed("IPv6 zones cannot be present in a prefix"));
    }
    let plain = bits.len() < 2 || bits.starts_with(|c: char| ('1'..='9').contains(&c));
    let number = crate::number::parse_int(bits).filter(|_| plain);
    let number = number.ok_or_else(|| failed(&format!("bad bits after slash: {}", go_quote(bits))))?;
    let bits = u8::try_from(number).ok().filter(|bits| *bits <= Cidr::raw(address).1);
    let bits = bits.ok_or_else(|| failed("prefix length out of range"))?;
    if is_mapped(address) {
        return Err(format!("IPv4-mapped IPv6 address {} is not allowed", go_quote(text)));
    }
    Ok(Cidr { address, bits })
}

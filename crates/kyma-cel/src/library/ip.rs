//! IP addresses: `ip('10.0.0.1')` and what one asks of them.

use core::net::{IpAddr, Ipv6Addr};

use super::format::go_quote;
use super::{Implementation, text};
use crate::error::EvalError;
use crate::value::{Library, Value};

pub(super) fn implementation(overload: &str) -> Option<Implementation> {
    Some(match overload {
        "string_to_ip" => |args| parse(text(args, 0)?).map(|ip| Value::Library(Library::Ip(ip))),
        "is_ip" => |args| Ok(Value::Bool(parse(text(args, 0)?).is_ok())),
        "ip_is_canonical" => |args| {
            let text = text(args, 0)?;
            Ok(Value::Bool(parse(text)?.to_string() == text))
        },
        "ip_to_string" => |args| Ok(Value::text(ip(args)?.to_string())),
        "ip_family" => |args| Ok(Value::Int(if ip(args)?.is_ipv4() { 4 } else { 6 })),
        "ip_is_unspecified" => |args| Ok(Value::Bool(ip(args)?.is_unspecified())),
        "ip_is_loopback" => |args| Ok(Value::Bool(ip(args)?.is_loopback())),
        "ip_is_link_local_multicast" => |args| Ok(Value::Bool(is_link_local_multicast(ip(args)?))),
        "ip_is_link_local_unicast" => |args| Ok(Value::Bool(is_link_local_unicast(ip(args)?))),
        "ip_is_global_unicast" => |args| Ok(Value::Bool(is_global_unicast(ip(args)?))),
        _ => return None,
    })
}

fn ip(args: &[Value<'_>]) -> Result<IpAddr, EvalError> {
    match args {
        [Value::Library(Library::Ip(ip))] => Ok(*ip),
        _ => Err(EvalError::no_such_overload()),
    }
}

fn is_link_local_multicast(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => ip.octets().starts_with(&[224, 0, 0]),
        IpAddr::V6(ip) => ip.segments()[0] & 0xff0f == 0xff02,
    }
}

fn is_link_local_unicast(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => ip.is_link_local(),
        IpAddr::V6(ip) => ip.segments()[0] & 0xffc0 == 0xfe80,
    }
}

fn is_global_unicast(ip: IpAddr) -> bool {
    let broadcast = matches!(ip, IpAddr::V4(ip) if ip.is_broadcast());
    !broadcast
        && !ip.is_unspecified()
        && !ip.is_loopback()
        && !ip.is_multicast()
        && !is_link_local_unicast(ip)
}

/// Reads an address; one with a zone, or a mapped one, is none.
fn parse(text: &str) -> Result<IpAddr, EvalError> {
    let quoted = go_quote(text);
    let (ip, zoned) = parse_addr(text).map_err(|why| {
        EvalError::new(format!("IP Address {quoted} parse error during conversion from string: {why}"))
    })?;
    if zoned {
        return Err(EvalError::new(format!("IP address {quoted} with zone value is not allowed")));
    }
    if is_mapped(ip) {
        return Err(EvalError::new(format!("IPv4-mapped IPv6 address {quoted} is not allowed")));
    }
    Ok(ip)
}

pub(super) fn is_mapped(ip: IpAddr) -> bool {
    matches!(ip, IpAddr::V6(ip) if ip.to_ipv4_mapped().is_some())
}

/// An address and whether it has a zone, or what Go's `netip.ParseAddr` says of it.
pub(super) fn parse_addr(text: &str) -> Result<(IpAddr, bool), String> {
    let failed = |why: &str, at: &str| {
        let at = if at.is_empty() { String::new() } else { format!(" (at {})", go_quote(at)) };
        format!("ParseAddr({}): {why}{at}", go_quote(text))
    };
    match text.find(['.', ':', '%']).and_then(|place| text.as_bytes().get(place)) {
        Some(b'.') => {
            parse_v4(text).map(|octets| (IpAddr::from(octets), false)).map_err(|(why, at)| failed(why, at))
        }
        Some(b':') => {
            let (address, zone) =
                text.split_once('%').map_or((text, None), |(address, zone)| (address, Some(zone)));
            if zone == Some("") {
                return Err(failed("zone must be a non-empty string", ""));
            }
            let address = parse_v6(address).map_err(|(why, at)| failed(why, at))?;
            Ok((IpAddr::V6(address), zone.is_some()))
        }
        Some(_) => Err(failed("missing IPv6 address", "")),
        None => Err(failed("unable to parse IP", "")),
    }
}

/// What is wrong, and from where on.
type Wrong<'a> = (&'static str, &'a str);

fn parse_v4(text: &str) -> Result<[u8; 4], Wrong<'_>> {
    let mut octets = [0; 4];
    let (mut value, mut digits, mut octet) = (0_u32, 0, 0);
    let bytes = text.as_bytes();
    for (index, byte) in bytes.iter().enumerate() {
        let rest = || text.get(index..).unwrap_or_default();
        match byte {
            b'0'..=b'9' => {
                if digits == 1 && value == 0 {
                    return Err(("IPv4 field has octet with leading zero", ""));
                }
                value = value * 10 + u32::from(byte - b'0');
                digits += 1;
                if value > 255 {
                    return Err(("IPv4 field has value >255", ""));
                }
            }
            b'.' => {
                if index == 0 || index + 1 == bytes.len() || bytes.get(index - 1) == Some(&b'.') {
                    return Err(("IPv4 field must have at least one digit", rest()));
                }
                if octet == 3 {
                    return Err(("IPv4 address too long", ""));
                }
                set(&mut octets, octet, value);
                octet += 1;
                (value, digits) = (0, 0);
            }
            _ => return Err(("unexpected character", rest())),
        }
    }
    if octet < 3 {
        return Err(("IPv4 address too short", ""));
    }
    set(&mut octets, 3, value);
    Ok(octets)
}

fn set(octets: &mut [u8], place: usize, value: u32) {
    if let Some(octet) = octets.get_mut(place) {
        *octet = u8::try_from(value).unwrap_or_default();
    }
}

fn parse_v6(text: &str) -> Result<Ipv6Addr, Wrong<'_>> {
    let mut groups: Vec<u16> = Vec::with_capacity(8);
    let mut ellipsis = None;
    let mut rest = text;
    if let Some(behind) = rest.strip_prefix("::") {
        ellipsis = Some(0);
        rest = behind;
        if rest.is_empty() {
            return Ok(Ipv6Addr::UNSPECIFIED);
        }
    }
    while groups.len() < 8 {
        let length = rest.bytes().take_while(u8::is_ascii_hexdigit).count();
        if length > 4 {
            return Err(("each group must have 4 or less digits", rest));
        }
        if length == 0 {
            return Err(("each colon-separated field must have at least one digit", rest));
        }
        let (digits, behind) = rest.split_at(length);
        if behind.starts_with('.') {
            if ellipsis.is_none() && groups.len() != 6 {
                return Err(("embedded IPv4 address must replace the final 2 fields of the address", rest));
            }
            if groups.len() > 6 {
                return Err(("too many hex fields to fit an embedded IPv4 at the end of the address", rest));
            }
            let [a, b, c, d] = parse_v4(rest)?;
            groups.extend([u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d])]);
            rest = "";
            break;
        }
        groups.push(u16::from_str_radix(digits, 16).unwrap_or_default());
        rest = behind;
        if rest.is_empty() {
            break;
        }
        let Some(behind) = rest.strip_prefix(':') else {
            return Err(("unexpected character, want colon", rest));
        };
        if behind.is_empty() {
            return Err(("colon must be followed by more characters", rest));
        }
        rest = behind;
        if let Some(behind) = rest.strip_prefix(':') {
            if ellipsis.is_some() {
                return Err(("multiple :: in address", rest));
            }
            ellipsis = Some(groups.len());
            rest = behind;
            if rest.is_empty() {
                break;
            }
        }
    }
    if !rest.is_empty() {
        return Err(("trailing garbage after address", rest));
    }
    match ellipsis {
        Some(place) if groups.len() < 8 => {
            let zeros = 8 - groups.len();
            groups.splice(place..place, std::iter::repeat_n(0, zeros));
        }
        Some(_) => return Err(("the :: must expand to at least one field of zeros", "")),
        None if groups.len() < 8 => return Err(("address string too short", "")),
        None => {}
    }
    let groups: [u16; 8] = groups.try_into().unwrap_or_default();
    Ok(Ipv6Addr::from(groups))
}

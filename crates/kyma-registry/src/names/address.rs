//! Addresses of the Internet Protocol as objects have them (`IsValidIPForLegacyField` and its like in
//! `k8s.io/apimachinery/pkg/util/validation/ip.go`).

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Reads an address as old releases did, to whom leading zeros said nothing (`netutils.ParseIPSloppy`).
fn sloppy(text: &str) -> Option<IpAddr> {
    if let Ok(address) = text.parse() {
        return Some(address);
    }
    let parts: Vec<&str> = text.split('.').collect();
    let [a, b, c, d] = parts.as_slice() else { return None };
    let number = |part: &str| {
        let digits = !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        digits.then(|| part.parse::<u8>().ok()).flatten()
    };
    Some(IpAddr::V4(Ipv4Addr::new(number(a)?, number(b)?, number(c)?, number(d)?)))
}

/// What is wrong with an address; it need not be in canonical form.
pub(crate) fn ip(text: &str) -> Vec<String> {
    let problem = match (sloppy(text), text.parse::<IpAddr>()) {
        (None, _) => "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)",
        (Some(_), Err(_)) => "must not have leading 0s",
        (Some(_), Ok(IpAddr::V6(address))) if is_mapped(address) => "must not be an IPv4-mapped IPv6 address",
        _ => return Vec::new(),
    };
    vec![problem.to_owned()]
}

fn is_mapped(address: Ipv6Addr) -> bool {
    address.to_ipv4_mapped().is_some()
}

/// What is wrong with a range of addresses.
pub(crate) fn cidr(text: &str) -> Vec<String> {
    let one = |problem: &str| vec![problem.to_owned()];
    let invalid = || one("must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)");
    let Some((address, length)) = text.split_once('/') else { return invalid() };
    let digits = !length.is_empty() && length.bytes().all(|byte| byte.is_ascii_digit());
    let (Some(parsed), Some(bits)) = (sloppy(address), length.parse::<u32>().ok().filter(|_| digits)) else {
        return invalid();
    };
    let (value, width) = match parsed {
        IpAddr::V4(address) => (u128::from(u32::from(address)), 32),
        IpAddr::V6(address) => (u128::from(address), 128),
    };
    if bits > width {
        return invalid();
    }
    if address.parse::<IpAddr>().is_err() || (length.len() > 1 && length.starts_with('0')) {
        return one("must not have leading 0s in IP or prefix length");
    }
    if matches!(parsed, IpAddr::V6(address) if is_mapped(address)) {
        return one("must not have an IPv4-mapped IPv6 address");
    }
    let rest = width - bits;
    let beyond = 1_u128.checked_shl(rest).map_or(value, |power| value & (power - 1));
    if rest > 0 && beyond != 0 {
        return one("must not have bits set beyond the prefix length");
    }
    Vec::new()
}

/// Whether an address is of version 6.
pub(crate) fn is_v6(text: &str) -> bool {
    matches!(sloppy(text), Some(IpAddr::V6(address)) if !is_mapped(address))
}

/// What keeps an address from being reached from elsewhere (`ValidateEndpointIP`).
pub(crate) fn endpoint(text: &str) -> Vec<String> {
    let Some(address) = sloppy(text) else { return vec!["must be a valid IP address".to_owned()] };
    let mut problems = Vec::new();
    if address.is_unspecified() {
        problems.push(format!("may not be unspecified ({text})"));
    }
    if address.is_loopback() {
        problems.push("may not be in the loopback range (127.0.0.0/8, ::1/128)".to_owned());
    }
    let (link, multicast) = match address {
        IpAddr::V4(address) => (address.is_link_local(), matches!(address.octets(), [224, 0, 0, _])),
        IpAddr::V6(address) => {
            let [first, second, ..] = address.octets();
            (first == 0xfe && second & 0xc0 == 0x80, first == 0xff && second & 0x0f == 2)
        }
    };
    if link {
        problems.push("may not be in the link-local range (169.254.0.0/16, fe80::/10)".to_owned());
    }
    if multicast {
        problems.push("may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)".to_owned());
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        for good in ["1.2.3.4", "::1", "2001:db8::FFFF"] {
            assert!(ip(good).is_empty(), "{good}");
        }
        assert_eq!(ip("010.0.0.1"), ["must not have leading 0s"]);
        assert_eq!(ip("::ffff:1.2.3.4"), ["must not be an IPv4-mapped IPv6 address"]);
        assert_eq!(ip("1.2.3").len(), 1);
        assert!(is_v6("::1") && !is_v6("1.2.3.4"));
    }

    #[test]
    fn ranges() {
        for good in ["10.0.0.0/8", "0.0.0.0/0", "::/0", "2001:db8::/64", "1.2.3.4/32"] {
            assert!(cidr(good).is_empty(), "{good}");
        }
        for (bad, problem) in [
            ("10.0.0.1/8", "must not have bits set beyond the prefix length"),
            ("10.0.0.0/08", "must not have leading 0s in IP or prefix length"),
            ("10.0.0.0/33", "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)"),
            ("10.0.0.0", "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)"),
        ] {
            assert_eq!(cidr(bad), [problem], "{bad}");
        }
    }

    #[test]
    fn endpoints() {
        assert!(endpoint("10.0.0.1").is_empty());
        for bad in ["0.0.0.0", "127.0.0.1", "169.254.1.1", "224.0.0.1", "fe80::1", "ff02::1"] {
            assert_eq!(endpoint(bad).len(), 1, "{bad}");
        }
    }
}

//! Format `uri`: what Go's `url.ParseRequestURI` takes, an absolute URI or an absolute path.

use core::net::Ipv6Addr;

pub(super) fn is_request_uri(text: &str) -> bool {
    if text.is_empty() || text.bytes().any(|byte| byte < b' ' || byte == 0x7f) {
        return false;
    }
    if text == "*" {
        return true;
    }
    let Some((scheme, rest)) = split_scheme(text) else { return false };
    let rest = rest.split_once('?').map_or(rest, |(path, _)| path);
    if !rest.starts_with('/') {
        // Without a slash it is opaque, which needs a scheme.
        return !scheme.is_empty();
    }
    match rest.strip_prefix("//").filter(|_| !scheme.is_empty()) {
        Some(rest) => {
            let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
            is_authority(&scheme.to_lowercase(), authority) && is_escaped(path, Part::Path)
        }
        None => is_escaped(rest, Part::Path),
    }
}

/// Scheme, empty if there is none, and the rest; `None` for an empty name before a colon.
fn split_scheme(text: &str) -> Option<(&str, &str)> {
    let end = text.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.')));
    match end {
        Some(end) if text[end..].starts_with(':') => match text.chars().next() {
            Some(':') => None,
            Some(first) if first.is_ascii_alphabetic() => Some((&text[..end], &text[end + 1..])),
            _ => Some(("", text)),
        },
        _ => Some(("", text)),
    }
}

fn is_authority(scheme: &str, authority: &str) -> bool {
    match authority.rsplit_once('@') {
        None => is_host(scheme, authority),
        Some((user, host)) => {
            let allowed = |c: char| c.is_ascii_alphanumeric() || "-._:~!$&'()*+,;=%@".contains(c);
            is_host(scheme, host) && user.chars().all(allowed) && is_escaped(user, Part::User)
        }
    }
}

fn is_host(scheme: &str, host: &str) -> bool {
    if let Some(open) = host.rfind('[') {
        let Some((address, port)) = host[open + 1..].rsplit_once(']') else { return false };
        return open == 0 && is_port(port) && is_bracketed(address);
    }
    let Some(first) = host.find(':') else { return is_escaped(host, Part::Host) };
    // Several colons are let pass except in http, since some databases list hosts with ports.
    let last = host.rfind(':').unwrap_or(first);
    let start = if matches!(scheme, "http" | "https") { first } else { last };
    is_port(&host[start..]) && is_escaped(host, Part::Host)
}

/// An IPv6 address, perhaps with a zone.
fn is_bracketed(address: &str) -> bool {
    let (address, zone) = match address.find("%25") {
        Some(at) => (&address[..at], Some(&address[at..])),
        None => (address, None),
    };
    is_escaped(address, Part::Host)
        && !address.contains('%')
        && address.parse::<Ipv6Addr>().is_ok()
        && zone.is_none_or(|zone| zone.len() > 3 && is_escaped(zone, Part::Zone))
}

fn is_port(text: &str) -> bool {
    text.is_empty()
        || text.strip_prefix(':').is_some_and(|port| port.bytes().all(|byte| byte.is_ascii_digit()))
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Path,
    User,
    Host,
    Zone,
}

/// Whether percent signs begin escapes, and a host has only characters that it may have.
fn is_escaped(text: &str, part: Part) -> bool {
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        rest = tail;
        if *first != b'%' {
            let strict = matches!(part, Part::Host | Part::Zone) && first.is_ascii();
            if strict && !is_host_byte(*first) {
                return false;
            }
            continue;
        }
        let [high, low, tail @ ..] = rest else { return false };
        let (Some(high), Some(low)) = (char::from(*high).to_digit(16), char::from(*low).to_digit(16)) else {
            return false;
        };
        rest = tail;
        let percent = (high, low) == (2, 5);
        let byte = u8::try_from(high * 16 + low).unwrap_or_default();
        let allowed = match part {
            Part::Path | Part::User => true,
            // In a host only bytes beyond ASCII may be escaped, and the percent sign before a zone.
            Part::Host => high >= 8 || percent,
            Part::Zone => percent || byte == b' ' || is_host_byte(byte),
        };
        if !allowed {
            return false;
        }
    }
    true
}

fn is_host_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-_.~!$&'()*+,;=:[]<>\"".contains(&byte)
}

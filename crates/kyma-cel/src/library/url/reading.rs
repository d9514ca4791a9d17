//! Reads URLs, and says what Go says of those that are none.

use super::Url;
use crate::library::format::go_quote;
use crate::library::ip::parse_addr;

/// A URL as a request line has it: absolute, or a path.
pub(crate) fn parse_request_uri(text: &str) -> Result<Url, String> {
    split(text, true).map_err(|why| format!("parse {}: {why}", go_quote(text)))
}

/// A URL with a fragment, perhaps.
pub(super) fn parse(text: &str) -> Result<Url, String> {
    let (main, fragment) = text.split_once('#').unwrap_or((text, ""));
    let mut url = split(main, false).map_err(|why| format!("parse {}: {why}", go_quote(main)))?;
    let plain = unescape(fragment, Mode::Path).map_err(|why| format!("parse {}: {why}", go_quote(text)))?;
    let kept = fragment.bytes().all(|byte| is_fragment_byte(byte) || b"'[]%".contains(&byte));
    url.fragment = if kept { fragment.to_owned() } else { escape(&plain, is_fragment_byte) };
    Ok(url)
}

fn split(text: &str, via_request: bool) -> Result<Url, String> {
    if text.bytes().any(|byte| byte < b' ' || byte == 0x7f) {
        return Err("net/url: invalid control character in URL".to_owned());
    }
    if text.is_empty() && via_request {
        return Err("empty url".to_owned());
    }
    let mut url = Url::default();
    if text == "*" {
        "*".clone_into(&mut url.path);
        return Ok(url);
    }
    let (scheme, mut rest) = scheme(text)?;
    url.scheme = scheme.to_ascii_lowercase();
    if rest.ends_with('?') && rest.matches('?').count() == 1 {
        url.force_query = true;
        rest = rest.strip_suffix('?').unwrap_or(rest);
    } else if let Some((before, query)) = rest.split_once('?') {
        query.clone_into(&mut url.raw_query);
        rest = before;
    }
    if !rest.starts_with('/') {
        if !url.scheme.is_empty() {
            rest.clone_into(&mut url.opaque);
            return Ok(url);
        }
        if via_request {
            return Err("invalid URI for request".to_owned());
        }
        if rest.split('/').next().is_some_and(|segment| segment.contains(':')) {
            return Err("first path segment in URL cannot contain colon".to_owned());
        }
    }
    let has_scheme = !url.scheme.is_empty();
    if let Some(behind) = rest.strip_prefix("//")
        && (has_scheme || (!via_request && !rest.starts_with("///")))
    {
        let end = behind.find('/').unwrap_or(behind.len());
        let (authority, path) = behind.split_at(end);
        rest = path;
        let (user, host) =
            authority.rsplit_once('@').map_or((None, authority), |(user, host)| (Some(user), host));
        url.host = parse_host(&url.scheme, host)?;
        if let Some(user) = user {
            url.user = Some(userinfo(user)?);
        }
    } else if has_scheme && rest.starts_with('/') {
        url.omit_host = true;
    }
    url.path = unescape(rest, Mode::Path)?;
    if escape_path(&url.path) != rest {
        rest.clone_into(&mut url.raw_path);
        if !is_valid_encoded(rest) {
            url.raw_path.clear();
        }
    }
    Ok(url)
}

/// What stands before the first colon, if that can be a scheme.
fn scheme(text: &str) -> Result<(&str, &str), String> {
    for (index, c) in text.char_indices() {
        match c {
            'a'..='z' | 'A'..='Z' => {}
            '0'..='9' | '+' | '-' | '.' if index > 0 => {}
            ':' if index > 0 => {
                return Ok((
                    text.get(..index).unwrap_or_default(),
                    text.get(index + 1..).unwrap_or_default(),
                ));
            }
            ':' => return Err("missing protocol scheme".to_owned()),
            _ => break,
        }
    }
    Ok(("", text))
}

fn userinfo(text: &str) -> Result<String, String> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "-._:~!$&'()*+,;=%@".contains(c);
    if !text.chars().all(allowed) {
        return Err("net/url: invalid userinfo".to_owned());
    }
    unescape(text, Mode::Path)?;
    Ok(text.to_owned())
}

fn is_port(text: &str) -> bool {
    text.is_empty()
        || text.strip_prefix(':').is_some_and(|port| port.bytes().all(|byte| byte.is_ascii_digit()))
}

fn parse_host(scheme: &str, host: &str) -> Result<String, String> {
    match host.rfind('[') {
        Some(0) => {
            let end = host.rfind(']').ok_or("missing ']' in host")?;
            let port = host.get(end + 1..).unwrap_or_default();
            if !is_port(port) {
                return Err(format!("invalid port {} after host", go_quote(port)));
            }
            let inner = host.get(1..end).unwrap_or_default();
            let (address, zone) = inner.find("%25").map_or((inner, ""), |place| inner.split_at(place));
            let name = format!("{}{}", unescape(address, Mode::Host)?, unescape(zone, Mode::Path)?);
            let (address, _) = parse_addr(&name).map_err(|why| format!("invalid host: {why}"))?;
            if address.is_ipv4() {
                return Err("invalid IP-literal".to_owned());
            }
            return Ok(format!("[{name}]{port}"));
        }
        Some(_) => return Err("invalid IP-literal".to_owned()),
        None => {}
    }
    // Only of these schemes nothing is known that has more than one colon in its hosts.
    let strict = scheme == "http" || scheme == "https";
    let colon = if strict { host.find(':') } else { host.rfind(':') };
    if let Some(port) = colon.and_then(|colon| host.get(colon..))
        && !is_port(port)
    {
        return Err(format!("invalid port {} after host", go_quote(port)));
    }
    unescape(host, Mode::Host)
}

/// What a part of a URL allows.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    Path,
    Host,
    Query,
}

fn unescape(text: &str, mode: Mode) -> Result<String, String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((byte, behind)) = rest.split_first() {
        rest = behind;
        match byte {
            b'%' => {
                let hex = behind.get(..2).filter(|hex| hex.iter().all(u8::is_ascii_hexdigit));
                let code = hex.and_then(|hex| std::str::from_utf8(hex).ok());
                let code = code.and_then(|hex| u8::from_str_radix(hex, 16).ok());
                let shown = || {
                    let end = behind.len().min(2);
                    let text = String::from_utf8_lossy(behind.get(..end).unwrap_or_default()).into_owned();
                    format!("invalid URL escape {}", go_quote(&format!("%{text}")))
                };
                let code = code.ok_or_else(shown)?;
                // In hosts only what is no ASCII may be escaped.
                if mode == Mode::Host && code < 0x80 && code != b'%' {
                    return Err(shown());
                }
                bytes.push(code);
                rest = behind.get(2..).unwrap_or_default();
            }
            b'+' if mode == Mode::Query => bytes.push(b' '),
            byte if mode == Mode::Host && *byte < 0x80 && !is_host_byte(*byte) => {
                return Err(format!(
                    "invalid character {} in host name",
                    go_quote(&char::from(*byte).to_string())
                ));
            }
            byte => bytes.push(*byte),
        }
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn is_host_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-_.~!$&'()*+,;=:[]<>\"".contains(&byte)
}

pub(super) fn unescape_query(text: &str) -> Option<String> {
    unescape(text, Mode::Query).ok()
}

fn is_path_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-_.~$&+,/:;=@".contains(&byte)
}

/// A path with escape sequences where it needs them.
pub(super) fn escape_path(path: &str) -> String {
    escape(path, is_path_byte)
}

/// What a fragment may have in it.
fn is_fragment_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-_.~$&+,/:;=?@!()*".contains(&byte)
}

fn escape(text: &str, is_kept: fn(u8) -> bool) -> String {
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        if is_kept(byte) {
            escaped.push(char::from(byte));
        } else {
            escaped.push_str(&format!("%{byte:02X}"));
        }
    }
    escaped
}

/// Whether a path as it was written needs no further escaping.
fn is_valid_encoded(path: &str) -> bool {
    path.bytes().all(|byte| is_path_byte(byte) || b"!'()*[]%".contains(&byte))
}

//! URLs: `url('https://example.com')`, as Go's net/url reads them.

mod reading;

use std::fmt;
use std::sync::Arc;

use super::{Implementation, text};
use crate::error::EvalError;
use crate::value::{Library, Map, Outcome, OwnedMap, Value};

pub(crate) use reading::parse_request_uri;

/// A URL in its parts.
#[derive(Debug, Clone, Default)]
pub struct Url {
    scheme: String,
    opaque: String,
    user: Option<String>,
    host: String,
    /// Escape sequences are resolved.
    path: String,
    /// As it was written, where that differs from how the path would be escaped.
    raw_path: String,
    omit_host: bool,
    force_query: bool,
    raw_query: String,
    fragment: String,
}

impl Url {
    fn hostname(&self) -> &str {
        self.split_host().0
    }

    fn port(&self) -> &str {
        self.split_host().1
    }

    /// Host and port; the brackets of an address belong to neither.
    fn split_host(&self) -> (&str, &str) {
        let (mut host, mut port) = (self.host.as_str(), "");
        if let Some((before, after)) = host.rsplit_once(':')
            && after.bytes().all(|byte| byte.is_ascii_digit())
        {
            (host, port) = (before, after);
        }
        let inner = host.strip_prefix('[').and_then(|inner| inner.strip_suffix(']'));
        (inner.unwrap_or(host), port)
    }

    fn escaped_path(&self) -> String {
        if !self.raw_path.is_empty() {
            return self.raw_path.clone();
        }
        if self.path == "*" { "*".to_owned() } else { reading::escape_path(&self.path) }
    }
}

impl fmt::Display for Url {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.scheme.is_empty() {
            write!(formatter, "{}:", self.scheme)?;
        }
        if self.opaque.is_empty() {
            let has_authority = !self.host.is_empty() || self.user.is_some();
            if has_authority || (!self.scheme.is_empty() && !self.omit_host) {
                if has_authority || !self.path.is_empty() {
                    formatter.write_str("//")?;
                }
                if let Some(user) = &self.user {
                    write!(formatter, "{user}@")?;
                }
                formatter.write_str(&self.host)?;
            }
            formatter.write_str(&self.escaped_path())?;
        } else {
            formatter.write_str(&self.opaque)?;
        }
        if self.force_query || !self.raw_query.is_empty() {
            write!(formatter, "?{}", self.raw_query)?;
        }
        if self.fragment.is_empty() { Ok(()) } else { write!(formatter, "#{}", self.fragment) }
    }
}

pub(super) fn implementation(overload: &str) -> Option<Implementation> {
    Some(match overload {
        "string_to_url" => convert,
        "is_url_string" => |args| Ok(Value::Bool(parse_request_uri(text(args, 0)?).is_ok())),
        "url_get_scheme" => |args| Ok(Value::text(url(args)?.scheme.as_str())),
        "url_get_host" => |args| Ok(Value::text(url(args)?.host.as_str())),
        "url_get_hostname" => |args| Ok(Value::text(url(args)?.hostname())),
        "url_get_port" => |args| Ok(Value::text(url(args)?.port())),
        "url_get_escaped_path" => |args| Ok(Value::text(url(args)?.escaped_path())),
        "url_get_query" => query,
        _ => return None,
    })
}

fn convert<'d>(args: &[Value<'d>]) -> Outcome<'d> {
    let text = text(args, 0)?;
    let failed =
        |why: String| EvalError::new(format!("URL parse error during conversion from string: {why}"));
    parse_request_uri(text).map_err(failed)?;
    // The second look tells a fragment from what is before it.
    let url = reading::parse(text).map_err(failed)?;
    Ok(Value::Library(Library::Url(Arc::new(url))))
}

fn url<'a>(args: &'a [Value<'_>]) -> Result<&'a Url, EvalError> {
    match args {
        [Value::Library(Library::Url(url))] => Ok(url),
        _ => Err(EvalError::no_such_overload()),
    }
}

/// The parameters behind the question mark; what cannot be read is left out.
fn query<'d>(args: &[Value<'d>]) -> Outcome<'d> {
    let mut parameters: Vec<(String, Vec<Value<'d>>)> = Vec::new();
    for pair in url(args)?.raw_query.split('&').filter(|pair| !pair.is_empty() && !pair.contains(';')) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let (Some(name), Some(value)) = (reading::unescape_query(name), reading::unescape_query(value))
        else {
            continue;
        };
        let value = Value::text(value);
        match parameters.iter_mut().find(|(known, _)| *known == name) {
            Some((_, values)) => values.push(value),
            None => parameters.push((name, vec![value])),
        }
    }
    let mut map = OwnedMap::default();
    for (name, values) in parameters {
        map.insert(Value::text(name), Value::list(values));
    }
    Ok(Value::Map(Map::Owned(Arc::new(map))))
}

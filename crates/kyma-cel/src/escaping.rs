//! Names of fields that are no identifiers (`k8s.io/apiserver/pkg/cel/escaping.go`).

use std::borrow::Cow;

/// Words of the language.
const RESERVED: [&str; 21] = [
    "true",
    "false",
    "null",
    "in",
    "as",
    "break",
    "const",
    "continue",
    "else",
    "for",
    "function",
    "if",
    "import",
    "let",
    "loop",
    "package",
    "namespace",
    "return",
    "var",
    "void",
    "while",
];

pub(crate) fn is_reserved(name: &str) -> bool {
    RESERVED.contains(&name)
}

/// The identifier under which a field of that name is reached: `foo-bar` becomes `foo__dash__bar`.
///
/// None for a name that no identifier stands for.
#[must_use]
pub fn escape(name: &str) -> Option<String> {
    if name.is_empty() || name.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    if is_reserved(name) {
        return Some(format!("__{name}__"));
    }
    let mut escaped = String::with_capacity(name.len());
    let mut chars = name.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '_' if chars.next_if_eq(&'_').is_some() => escaped.push_str("__underscores__"),
            '.' => escaped.push_str("__dot__"),
            '-' => escaped.push_str("__dash__"),
            '/' => escaped.push_str("__slash__"),
            c if c.is_ascii_alphanumeric() || c == '_' => escaped.push(c),
            _ => return None,
        }
    }
    Some(escaped)
}

/// The name of the field that an identifier stands for.
///
/// None for an identifier with an escape sequence that is none.
#[must_use]
pub fn unescape(identifier: &str) -> Option<Cow<'_, str>> {
    if !identifier.contains("__") {
        return Some(Cow::Borrowed(identifier));
    }
    let mut name = String::with_capacity(identifier.len());
    let mut rest = identifier;
    while let Some(start) = rest.find("__") {
        let (before, sequence) = rest.split_at(start);
        let Some((inner, after)) = enclosed(sequence) else {
            // A single further underscore may begin a sequence one character later.
            let next = sequence.chars().next().map_or(0, char::len_utf8);
            name.push_str(before);
            name.push_str(sequence.get(..next).unwrap_or_default());
            rest = sequence.get(next..).unwrap_or_default();
            continue;
        };
        name.push_str(before);
        match inner {
            "underscores" => name.push_str("__"),
            "dot" => name.push('.'),
            "dash" => name.push('-'),
            "slash" => name.push('/'),
            word if is_reserved(word) && inner.len() + 4 == identifier.len() => name.push_str(word),
            _ => return None,
        }
        rest = after;
    }
    name.push_str(rest);
    Some(Cow::Owned(name))
}

/// What stands between two pairs of underscores, and what is behind them.
fn enclosed(sequence: &str) -> Option<(&str, &str)> {
    let rest = sequence.strip_prefix("__")?;
    let end = rest.find('_')?;
    let after = rest.get(end..)?.strip_prefix("__")?;
    (end > 0).then(|| (rest.get(..end).unwrap_or_default(), after))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_go_there_and_back() {
        let table = [
            ("a", Some("a")),
            ("namespace", Some("__namespace__")),
            ("foo-bar.baz/x", Some("foo__dash__bar__dot__baz__slash__x")),
            ("a__b", Some("a__underscores__b")),
            ("a___b", Some("a__underscores___b")),
            ("_a_", Some("_a_")),
            ("", None),
            ("1a", None),
            ("a b", None),
            ("$ref", None),
            ("é", None),
        ];
        for (name, escaped) in table {
            assert_eq!(escape(name).as_deref(), escaped, "{name}");
            if let Some(escaped) = escaped {
                assert_eq!(unescape(escaped).as_deref(), Some(name), "{escaped}");
            }
        }
        assert_eq!(unescape("__foo__"), None);
        assert_eq!(unescape("a__namespace__"), None);
    }
}

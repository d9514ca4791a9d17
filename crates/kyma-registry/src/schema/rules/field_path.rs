//! `fieldPath` of a rule: a JSON path of members of the node that has the rule.

use crate::reason::Path;
use crate::schema::props::{Additional, Props};

/// The path that a text names; `None` for what is no path of a member.
pub(super) fn find(text: &str, props: &Props) -> Option<Path> {
    let mut rest = text;
    let (mut path, mut here) = (None::<Path>, props);
    while !rest.is_empty() {
        let name;
        if let Some(after) = rest.strip_prefix('[') {
            let end = quoted_end(after)?;
            name = unescaped(after.get(1..end - 1)?)?;
            rest = after.get(end..)?.strip_prefix(']')?;
        } else {
            let after = rest.strip_prefix('.')?;
            let end = after.find(['.', '[', ']']).unwrap_or(after.len());
            if end == 0 {
                return None;
            }
            name = after.get(..end)?.to_owned();
            rest = after.get(end..)?;
        }
        let (next, below) = step(here, &name, path.as_ref())?;
        (here, path) = (next, Some(below));
    }
    path
}

fn step<'p>(here: &'p Props, name: &str, path: Option<&Path>) -> Option<(&'p Props, Path)> {
    let root = Path::root();
    let path = path.unwrap_or(&root);
    if !here.properties.is_empty() {
        return Some((here.properties.get(name)?, path.child(name)));
    }
    match &here.additional {
        Some(Additional::Schema(schema)) => Some((schema, path.key(name))),
        _ => None,
    }
}

/// Where a text in single quotes ends, behind its last quote.
fn quoted_end(text: &str) -> Option<usize> {
    let mut before = '\0';
    for (at, letter) in text.char_indices() {
        match (at, letter) {
            (0, '\'') => {}
            (0, _) => return None,
            (_, '\'') if before != '\\' => return Some(at + 1),
            _ => {}
        }
        before = letter;
    }
    None
}

fn unescaped(text: &str) -> Option<String> {
    let mut out = String::new();
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        if letter != '\\' {
            out.push(letter);
            continue;
        }
        out.push(match letters.next()? {
            'a' => '\u{7}',
            'b' => '\u{8}',
            'f' => '\u{c}',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'v' => '\u{b}',
            '\'' => '\'',
            '\\' => '\\',
            _ => return None,
        });
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::schema::props;

    #[test]
    fn paths_of_members_are_found_and_others_are_not() {
        let raw = json!({"type": "object", "properties": {
            "a": {"type": "object", "properties": {"b.c": {"type": "string"}}},
            "m": {"type": "object", "additionalProperties": {"type": "string"}},
        }});
        let props = props::decode(&raw, &Path::root(), &mut Vec::new());
        for (text, expected) in [
            (".a", Some("a")),
            (".a['b.c']", Some("a.b.c")),
            (".m.x", Some("m[x]")),
            ("['m']['it\\'s']", Some("m[it's]")),
            ("a", None),
            (".b", None),
            (".a.", None),
            ("..a", None),
            (".a[b]", None),
            (".a['b.c'", None),
        ] {
            assert_eq!(find(text, &props).map(|path| path.to_string()).as_deref(), expected, "{text}");
        }
    }
}

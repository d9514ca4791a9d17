//! Names of series, as Prometheus writes them: a family, and labels in braces.

/// A series' name without its labels.
#[must_use]
pub fn family(series: &str) -> &str {
    series.split('{').next().unwrap_or(series)
}

/// The value of a label of a series' name; none where it has no such label. What was escaped stays so.
#[must_use]
pub fn label<'a>(series: &'a str, name: &str) -> Option<&'a str> {
    let (_, labels) = series.split_once('{')?;
    let mut rest = labels.strip_suffix('}')?;
    loop {
        let (key, after) = rest.split_once("=\"")?;
        let end = unquoted(after)?;
        if key == name {
            return Some(&after[..end]);
        }
        rest = after[end + 1..].strip_prefix(',')?;
    }
}

/// The length of a value up to its closing quote.
fn unquoted(text: &str) -> Option<usize> {
    let mut escaped = false;
    text.bytes().position(|byte| {
        let closes = byte == b'"' && !escaped;
        escaped = byte == b'\\' && !escaped;
        closes
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families_and_labels_are_found() {
        let series = r#"a{verb="PUT",why="x\",code=\"y",code="200"}"#;
        assert_eq!(label(series, "verb"), Some("PUT"));
        assert_eq!(label(series, "why"), Some(r#"x\",code=\"y"#));
        assert_eq!(label(series, "code"), Some("200"));
        assert_eq!((label(series, "cod"), label("a", "verb"), label("a{}", "verb")), (None, None, None));
        assert_eq!((family(series), family("up")), ("a", "up"));
    }
}

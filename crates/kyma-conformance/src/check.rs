//! Expected against actual.

use std::fmt;
use std::panic::Location;

use serde::Serialize;
use serde_json::Value;

/// What a case comes to.
pub(crate) type Outcome<T = ()> = Result<T, Failure>;

/// The first thing that was not as it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Failure {
    what: String,
    expected: String,
    actual: String,
    place: String,
}

impl Failure {
    /// A failure of the line that calls.
    #[track_caller]
    pub(crate) fn new(
        what: impl Into<String>,
        expected: impl Into<String>,
        actual: impl Into<String>,
    ) -> Self {
        let place = Location::caller();
        let file = place.file().rsplit_once("src/").map_or(place.file(), |(_, file)| file);
        Self {
            what: what.into(),
            expected: expected.into(),
            actual: actual.into(),
            place: format!("{file}:{}", place.line()),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { what, expected, actual, place } = self;
        write!(f, "{what} ({place})\n  expected: {expected}\n  actual:   {actual}")
    }
}

/// Longer texts say no more to a reader.
const SHOWN_BYTES_MAX: usize = 4000;

/// JSON on one line, cut when it is very long.
pub(crate) fn show(value: &(impl Serialize + ?Sized)) -> String {
    let text = serde_json::to_string(value).unwrap_or_else(|error| error.to_string());
    cut(&text)
}

/// A text, cut when it is very long.
pub(crate) fn cut(text: &str) -> String {
    if text.len() <= SHOWN_BYTES_MAX {
        return text.to_owned();
    }
    let end = (0..=SHOWN_BYTES_MAX).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    format!("{}... ({} bytes)", &text[..end], text.len())
}

/// Fails unless the two are equal.
#[track_caller]
pub(crate) fn same<A, E>(what: &str, actual: &A, expected: &E) -> Outcome
where
    A: PartialEq<E> + Serialize + ?Sized,
    E: Serialize + ?Sized,
{
    if actual == expected {
        return Ok(());
    }
    Err(Failure::new(what, show(expected), show(actual)))
}

/// Fails unless the condition holds; `actual` is what to print then.
#[track_caller]
pub(crate) fn holds(what: &str, condition: bool, actual: &(impl Serialize + ?Sized)) -> Outcome {
    if condition { Ok(()) } else { Err(Failure::new(what, "it holds", show(actual))) }
}

/// Fails unless every field of `expected` is in `actual` with that value, at any depth; arrays are compared whole.
#[track_caller]
pub(crate) fn includes(what: &str, actual: &Value, expected: &Value) -> Outcome {
    match missing(actual, expected, String::new()) {
        None => Ok(()),
        Some(path) => {
            let what = format!("{what}: {}", if path.is_empty() { "the whole" } else { &path });
            let at = |value: &Value| value.pointer(&path).map_or_else(|| "nothing".to_owned(), show);
            Err(Failure::new(what, at(expected), at(actual)))
        }
    }
}

/// The JSON pointer of the first field of `expected` that `actual` does not have so.
fn missing(actual: &Value, expected: &Value, at: String) -> Option<String> {
    let (Value::Object(actual), Value::Object(expected)) = (actual, expected) else {
        return (actual != expected).then_some(at);
    };
    expected.iter().find_map(|(key, expected)| {
        let at = format!("{at}/{}", key.replace('~', "~0").replace('/', "~1"));
        match actual.get(key) {
            Some(actual) => missing(actual, expected, at),
            None => Some(at),
        }
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Failure, cut, includes, same};

    #[test]
    fn equal_things_pass_and_others_show_both() {
        assert_eq!(same("names", &vec!["a".to_owned()], &vec!["a"]), Ok(()));
        let failure = same("code", &404, &409).unwrap_err().to_string();
        assert!(failure.starts_with("code (check.rs:"), "{failure}");
        assert!(failure.ends_with("expected: 409\n  actual:   404"), "{failure}");
    }

    #[test]
    fn a_part_is_found_in_the_whole() {
        let actual = json!({"a": {"b": 1, "c": [1, 2]}, "d": null});
        assert_eq!(includes("x", &actual, &json!({"a": {"c": [1, 2]}})), Ok(()));
        assert_eq!(includes("x", &actual, &json!({"d": null})), Ok(()));
    }

    #[test]
    fn the_first_difference_is_named() {
        let actual = json!({"a": {"b/c": 1, "l": [1, 2]}});
        for (expected, shown) in [
            (json!({"a": {"b/c": 2}}), "x: /a/b~1c ("),
            (json!({"a": {"l": [1]}}), "x: /a/l ("),
            (json!({"z": null}), "x: /z ("),
            (json!([]), "x: the whole ("),
        ] {
            let failure: Failure = includes("x", &actual, &expected).unwrap_err();
            assert!(failure.to_string().starts_with(shown), "{failure}");
        }
    }

    #[test]
    fn long_texts_are_cut_between_characters() {
        let text = "\u{fc}".repeat(3000);
        assert!(cut(&text).ends_with("... (6000 bytes)"));
        assert_eq!(cut("short"), "short");
    }
}

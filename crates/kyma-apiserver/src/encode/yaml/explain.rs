//! Why a body is no YAML, in the words of Go's YAML library.
//!
//! The project reads YAML with `serde_saphyr`, whose errors are its own. Clients and tests know those of the API server:
//! libyaml's, with lines that its scanner counts differently from its parser. So a body that was refused is looked
//! through once more by libyaml's rules, here, only to find what Go would say about it.

mod keys;
mod parse;
mod reader;
mod scan;

use serde_saphyr::Error;

/// Go's reader loads so many bytes at once, and refuses what is in them before anything in them is looked at.
const CHUNK_BYTES: usize = 512;

/// How far the scanner looks ahead, in characters.
const LOOKAHEAD: usize = 4;

/// A fault, and the line that is named with it, if one is.
#[derive(Debug, PartialEq, Eq)]
struct Problem {
    line: Option<usize>,
    words: String,
}

impl Problem {
    fn anywhere(words: impl Into<String>) -> Self {
        Self { line: None, words: words.into() }
    }
}

/// The text that `sigs.k8s.io/yaml` 1.6.0 has for a body that `serde_saphyr` refused, such as
/// `yaml: line 1: did not find expected node content`.
///
/// Where Go would take the body, the error speaks for itself: doubled keys in Go's words for them, the rest in
/// `serde_saphyr`'s, without the place.
pub(crate) fn explain(error: &Error, text: &str) -> String {
    fault(text)
        .or_else(|| keys::null_as_key(first_document(without_mark(text)).ok()?))
        .unwrap_or_else(|| accepted_by_go(error))
}

/// The text that `sigs.k8s.io/yaml` 1.6.0 refuses the body with (`YAMLToJSON`), if it does.
///
/// Unlike [`explain`] it also answers for what `serde_saphyr` takes and Go does not. Null as a key it leaves to
/// [`explain`]: a tag in front makes it a string for Go, and nobody but Go takes that.
pub(crate) fn fault(text: &str) -> Option<String> {
    match first_document(without_mark(text)) {
        Ok(document) => keys::collection_as_key(document),
        Err(Problem { line: Some(line), words }) => Some(format!("yaml: line {line}: {words}")),
        Err(Problem { line: None, words }) => Some(format!("yaml: {words}")),
    }
}

/// One mark of the byte order says how the body is encoded; further ones are part of it.
fn without_mark(text: &str) -> &str {
    text.strip_prefix('\u{FEFF}').unwrap_or(text)
}

/// The body's first document, behind which Go does not read, or what its parser finds wrong.
fn first_document(text: &str) -> Result<&str, Problem> {
    let checked = parse::check(text);
    let forbidden = text.char_indices().find(|(_, char)| !is_allowed(*char)).map(|(at, _)| at);
    let read = match &checked {
        Ok(read) | Err((_, read)) => byte_offset(text, *read + LOOKAHEAD),
    };
    // Whether Go's reader would have come to the forbidden one by then.
    if forbidden.is_some_and(|at| at / CHUNK_BYTES * CHUNK_BYTES <= read) {
        return Err(Problem::anywhere("control characters are not allowed"));
    }
    match checked {
        Ok(end) => Ok(&text[..byte_offset(text, end)]),
        Err((problem, _)) => Err(problem),
    }
}

fn byte_offset(text: &str, characters: usize) -> usize {
    text.char_indices().nth(characters).map_or(text.len(), |(at, _)| at)
}

fn is_allowed(char: char) -> bool {
    matches!(char, '\t' | '\n' | '\r' | ' '..='~' | '\u{85}' | '\u{A0}'..='\u{FFFD}' | '\u{10000}'..)
}

fn accepted_by_go(error: &Error) -> String {
    let error = error.without_snippet();
    if let Error::DuplicateMappingKey { key: Some(key), location } = error {
        let line = location.line();
        return format!("yaml: unmarshal errors:\n  line {line}: key {key:?} already set in map");
    }
    let words = error.to_string();
    format!("yaml: {}", words.split(" at line ").next().unwrap_or_default())
}

#[cfg(test)]
mod tests;

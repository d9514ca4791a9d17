//! JSON values as the YAML that kube-apiserver prints.
//!
//! The server turns an object into JSON, reads that with Go's YAML parser, and prints what it read with
//! `go.yaml.in/yaml/v2`, a port of libyaml's emitter. Clients compare such output as text, so each choice of that
//! emitter is made here as well: the order of keys, the style of a string, and where a long one is folded.

mod keys;
mod number;
mod resolve;
mod scalar;

use serde_json::{Map, Value};

/// The columns by which a level is indented.
const INDENT: usize = 2;

/// The longest key, in bytes, that stands before its colon without a question mark in front.
const SIMPLE_KEY_BYTES_MAX: usize = 128;

/// The value as `sigs.k8s.io/yaml` 1.6.0 prints it (`JSONToYAML`), with `go.yaml.in/yaml/v2` 2.4.4 below.
///
/// The text ends in a line break. Numbers are taken for what Go's `encoding/json` would print: a fractional number
/// without a fraction becomes an integer where 64 bits hold it.
pub(crate) fn to_yaml(value: &Value) -> String {
    let mut emitter = Emitter::new();
    emitter.node(value, None, Place::Other);
    emitter.start_line(0);
    emitter.out
}

/// Where a node stands, which decides how a sequence in it is indented.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Mapping,
    Other,
}

/// The emitter's output with the little that it remembers about the line.
///
/// `whitespace` and `indention` are libyaml's: whether the last character was a blank or an indicator behind which
/// no blank is needed, and whether the line has only indentation and indicators of block collections so far.
struct Emitter {
    out: String,
    /// Characters, not bytes, since the line's beginning.
    column: usize,
    whitespace: bool,
    indention: bool,
}

impl Emitter {
    fn new() -> Self {
        Self { out: String::new(), column: 0, whitespace: true, indention: true }
    }

    /// Writes a node; `indent` is that of the collection around it, if there is one.
    fn node(&mut self, value: &Value, indent: Option<usize>, place: Place) {
        match value {
            Value::Null => self.plain("null"),
            Value::Bool(true) => self.plain("true"),
            Value::Bool(false) => self.plain("false"),
            Value::Number(number) => self.plain(&number::text(number)),
            Value::String(text) => {
                // A scalar without a collection around it is indented as if it were within one.
                let indent = indent.unwrap_or(0) + INDENT;
                self.scalar(&scalar::read_back(text), indent, scalar::Role::Value);
            }
            Value::Array(items) if items.is_empty() => self.indicators("[", "]"),
            Value::Array(items) => self.sequence(items, indent, place),
            Value::Object(fields) if fields.is_empty() => self.indicators("{", "}"),
            Value::Object(fields) => self.mapping(fields, indent),
        }
    }

    fn sequence(&mut self, items: &[Value], indent: Option<usize>, place: Place) {
        // Directly behind `key:`, the dashes stand below the key's first letter.
        let indentless = place == Place::Mapping && !self.indention;
        let indent = match indent {
            None => 0,
            Some(indent) if indentless => indent,
            Some(indent) => indent + INDENT,
        };
        for item in items {
            self.start_line(indent);
            self.indicator("-", true, true);
            self.node(item, Some(indent), Place::Other);
        }
    }

    fn mapping(&mut self, fields: &Map<String, Value>, indent: Option<usize>) {
        let indent = indent.map_or(0, |indent| indent + INDENT);
        let fields = fields.iter().map(|(key, value)| (scalar::read_back(key), value)).collect();
        for (key, value) in keys::sorted(fields) {
            self.start_line(indent);
            if key.len() <= SIMPLE_KEY_BYTES_MAX && !key.contains(scalar::style::is_break) {
                self.scalar(&key, indent + INDENT, scalar::Role::SimpleKey);
                self.indicator(":", false, false);
            } else {
                self.indicator("?", true, true);
                self.scalar(&key, indent + INDENT, scalar::Role::Value);
                self.start_line(indent);
                self.indicator(":", true, true);
            }
            self.node(value, Some(indent), Place::Mapping);
        }
    }

    /// Brings the output to a column in which only indentation stands in front.
    fn start_line(&mut self, indent: usize) {
        if !self.indention || self.column > indent || (self.column == indent && !self.whitespace) {
            self.line_break();
        }
        while self.column < indent {
            self.put(' ');
        }
        self.whitespace = true;
        self.indention = true;
    }

    /// Writes an indicator; one of a block collection leaves the line's indention as it is.
    fn indicator(&mut self, indicator: &str, need_whitespace: bool, of_block: bool) {
        if need_whitespace && !self.whitespace {
            self.put(' ');
        }
        self.put_str(indicator);
        self.whitespace = false;
        self.indention = self.indention && of_block;
    }

    /// Writes an empty collection.
    fn indicators(&mut self, open: &str, close: &str) {
        self.indicator(open, true, false);
        self.indicator(close, false, false);
    }

    /// Writes what has neither blanks nor breaks in it.
    fn plain(&mut self, text: &str) {
        if !self.whitespace {
            self.put(' ');
        }
        self.put_str(text);
        self.whitespace = false;
        self.indention = false;
    }

    fn put(&mut self, char: char) {
        self.out.push(char);
        self.column += 1;
    }

    fn put_str(&mut self, text: &str) {
        self.out.push_str(text);
        self.column += text.chars().count();
    }

    fn line_break(&mut self) {
        self.out.push('\n');
        self.column = 0;
    }
}

#[cfg(test)]
mod tests;

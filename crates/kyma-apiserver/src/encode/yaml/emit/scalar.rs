//! Strings as the emitter writes them in the style that it chose.

pub(super) mod style;

use std::borrow::Cow;

use super::Emitter;
use style::{Style, is_break, is_printable, style};

/// The column behind which a blank becomes a line break.
const WIDTH: usize = 80;

/// What a string is in the document.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// A key in front of its colon, which stays on one line.
    SimpleKey,
    Value,
}

/// The string as the server has it after it read its own JSON with a YAML parser, which folds the line break U+0085
/// where JSON has it unescaped.
pub(super) fn read_back(text: &str) -> Cow<'_, str> {
    const NEXT_LINE: char = '\u{85}';
    if !text.contains(NEXT_LINE) {
        return text.into();
    }
    let mut folded = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(NEXT_LINE) {
        folded.push_str(rest[..at].trim_end_matches(' '));
        let after = rest[at..].trim_start_matches([' ', NEXT_LINE]);
        let breaks = rest[at..rest.len() - after.len()].matches(NEXT_LINE).count();
        if breaks == 1 {
            folded.push(' ');
        } else {
            folded.extend(std::iter::repeat_n('\n', breaks - 1));
        }
        rest = after;
    }
    folded.push_str(rest);
    folded.into()
}

impl Emitter {
    /// Writes a string; its further lines begin at `indent`.
    pub(super) fn scalar(&mut self, text: &str, indent: usize, role: Role) {
        match style(text) {
            Style::Plain => {
                if !self.whitespace {
                    self.put(' ');
                }
                self.flowing(text, indent, role, false);
                self.whitespace = false;
                self.indention = false;
            }
            Style::SingleQuoted => {
                self.indicator("'", true, false);
                self.flowing(text, indent, role, true);
                self.indicator("'", false, false);
            }
            Style::DoubleQuoted => {
                self.indicator("\"", true, false);
                self.escaped(text, indent, role);
                self.indicator("\"", false, false);
            }
            Style::Literal => self.literal(text, indent),
        }
    }

    /// Writes a plain or single quoted text, which a single blank may continue on the next line.
    fn flowing(&mut self, text: &str, indent: usize, role: Role, quoted: bool) {
        let mut chars = text.chars().peekable();
        let mut previous = None;
        while let Some(char) = chars.next() {
            if char == ' ' {
                let lone = previous.is_some_and(|previous| previous != ' ')
                    && chars.peek().is_some_and(|next| *next != ' ');
                if lone && role == Role::Value && self.column > WIDTH {
                    self.start_line(indent);
                } else {
                    self.put(' ');
                }
            } else if is_break(char) {
                self.copy_break(char);
            } else {
                if previous.is_some_and(is_break) {
                    self.start_line(indent);
                }
                if quoted && char == '\'' {
                    self.put('\'');
                }
                self.put(char);
                self.indention = false;
            }
            previous = Some(char);
        }
    }

    /// Writes a double quoted text.
    fn escaped(&mut self, text: &str, indent: usize, role: Role) {
        // The emitter looks for a byte order mark at the text's beginning, whichever character it is about to write.
        let all = text.starts_with('\u{FEFF}');
        let mut chars = text.chars().peekable();
        let mut previous = None;
        while let Some(char) = chars.next() {
            if all || !is_printable(char) || is_break(char) || matches!(char, '"' | '\\') {
                self.put_str(&escape(char));
            } else if char == ' ' && self.may_fold(previous, chars.peek().copied(), role) {
                self.start_line(indent);
                if chars.peek() == Some(&' ') {
                    self.put('\\');
                }
            } else {
                self.put(char);
            }
            previous = Some(char);
        }
    }

    fn may_fold(&self, previous: Option<char>, next: Option<char>, role: Role) -> bool {
        let within = previous.is_some_and(|previous| previous != ' ') && next.is_some();
        within && role == Role::Value && self.column > WIDTH
    }

    fn literal(&mut self, text: &str, indent: usize) {
        self.indicator("|", true, false);
        if text.starts_with(|char| char == ' ' || is_break(char)) {
            self.indicator(&super::INDENT.to_string(), false, false);
        }
        let mut last = text.chars().rev();
        match (last.next().is_some_and(is_break), last.next().is_none_or(is_break)) {
            (false, _) => self.indicator("-", false, false),
            (true, true) => self.indicator("+", false, false),
            (true, false) => {}
        }
        self.line_break();
        self.indention = true;
        self.whitespace = true;
        let mut line_begins = true;
        for char in text.chars() {
            if is_break(char) {
                self.copy_break(char);
                line_begins = true;
            } else {
                if line_begins {
                    self.start_line(indent);
                }
                self.put(char);
                self.indention = false;
                line_begins = false;
            }
        }
    }

    fn copy_break(&mut self, char: char) {
        self.put(char);
        self.column = 0;
        self.indention = true;
    }
}

fn escape(char: char) -> String {
    let short = match char {
        '\0' => '0',
        '\u{7}' => 'a',
        '\u{8}' => 'b',
        '\t' => 't',
        '\n' => 'n',
        '\u{B}' => 'v',
        '\u{C}' => 'f',
        '\r' => 'r',
        '\u{1B}' => 'e',
        '"' | '\\' => char,
        '\u{85}' => 'N',
        '\u{A0}' => '_',
        '\u{2028}' => 'L',
        '\u{2029}' => 'P',
        _ => {
            return match u32::from(char) {
                code @ ..=0xFF => format!("\\x{code:02X}"),
                code @ ..=0xFFFF => format!("\\u{code:04X}"),
                code => format!("\\U{code:08X}"),
            };
        }
    };
    format!("\\{short}")
}

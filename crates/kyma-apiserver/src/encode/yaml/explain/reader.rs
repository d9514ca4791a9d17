//! The characters of a body with the place that Go's scanner counts.

use super::Problem;

/// Where the scanner is: characters since the beginning, lines from zero, and characters since the line's beginning.
#[derive(Clone, Copy, Default)]
pub(super) struct Mark {
    pub(super) index: usize,
    pub(super) line: usize,
    pub(super) column: usize,
}

/// A body, read character by character. Behind its end are zeros, which no body has in it.
pub(super) struct Reader {
    chars: Vec<char>,
    pub(super) mark: Mark,
}

impl Reader {
    pub(super) fn new(text: &str) -> Self {
        Self { chars: text.chars().collect(), mark: Mark::default() }
    }

    /// The character that is so many characters ahead.
    pub(super) fn peek(&self, ahead: usize) -> char {
        self.chars.get(self.mark.index + ahead).copied().unwrap_or_default()
    }

    pub(super) fn current(&self) -> char {
        self.peek(0)
    }

    pub(super) fn skip(&mut self) {
        self.mark.index += 1;
        self.mark.column += 1;
    }

    /// Skips a line break if there is one.
    pub(super) fn skip_line(&mut self) {
        if !is_break(self.current()) {
            return;
        }
        self.mark.index += if self.current() == '\r' && self.peek(1) == '\n' { 2 } else { 1 };
        self.mark.column = 0;
        self.mark.line += 1;
    }

    /// Skips what is of a kind, and tells whether that was anything.
    pub(super) fn skip_while(&mut self, is: impl Fn(char) -> bool) -> bool {
        let start = self.mark.index;
        while is(self.current()) {
            self.skip();
        }
        self.mark.index > start
    }

    pub(super) fn skip_comment(&mut self) {
        if self.current() == '#' {
            self.skip_while(|char| !is_break_or_end(char));
        }
    }

    /// The characters from a place to here.
    pub(super) fn since(&self, start: Mark) -> String {
        self.chars.get(start.index..self.mark.index).unwrap_or_default().iter().collect()
    }

    /// Whether a line begins here with the marker of a document's beginning or end.
    pub(super) fn is_document_marker(&self, marker: char) -> bool {
        self.mark.column == 0
            && (0..3).all(|ahead| self.peek(ahead) == marker)
            && is_blank_or_end(self.peek(3))
    }

    /// A failure at this place. Scanners count lines from zero and name none where that is the line.
    pub(super) fn problem(&self, words: impl Into<String>) -> Problem {
        let line = (self.mark.line > 0).then_some(self.mark.line + 1);
        Problem { line, words: words.into() }
    }
}

pub(super) fn is_blank(char: char) -> bool {
    matches!(char, ' ' | '\t')
}

pub(super) fn is_break(char: char) -> bool {
    matches!(char, '\n' | '\r' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

pub(super) fn is_break_or_end(char: char) -> bool {
    is_break(char) || char == '\0'
}

pub(super) fn is_blank_or_end(char: char) -> bool {
    is_blank(char) || is_break_or_end(char)
}

/// A letter of names: of anchors, tag handles and directives.
pub(super) fn is_name(char: char) -> bool {
    char.is_ascii_alphanumeric() || matches!(char, '_' | '-')
}

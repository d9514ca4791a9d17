//! Scalars: plain, quoted, and in blocks.

use super::super::Problem;
use super::super::reader::{is_blank, is_blank_or_end, is_break, is_break_or_end};
use super::Scanner;

impl Scanner {
    pub(super) fn scan_block_scalar(&mut self) -> Result<(), Problem> {
        self.reader.skip();
        let increment = self.scan_block_header()?;
        self.skip_blanks();
        self.reader.skip_comment();
        if !is_break_or_end(self.reader.current()) {
            return Err(self.reader.problem("did not find expected comment or line break"));
        }
        self.reader.skip_line();
        let around = usize::try_from(self.indent).unwrap_or_default();
        let indent = self.scan_block_breaks((increment > 0).then_some(around + increment))?;
        while self.reader.mark.column == indent && self.reader.current() != '\0' {
            self.reader.skip_while(|char| !is_break_or_end(char));
            self.reader.skip_line();
            self.scan_block_breaks(Some(indent))?;
        }
        Ok(())
    }

    /// Skips the signs behind `|` or `>`; the result is the indentation that they name, or zero.
    fn scan_block_header(&mut self) -> Result<usize, Problem> {
        let mut increment = 0;
        let chomps = |char: char| matches!(char, '+' | '-');
        let chomping_first = chomps(self.reader.current());
        if chomping_first {
            self.reader.skip();
        }
        if let Some(digit) = self.reader.current().to_digit(10) {
            if digit == 0 {
                return Err(self.reader.problem("found an indentation indicator equal to 0"));
            }
            increment = digit as usize;
            self.reader.skip();
            if !chomping_first && chomps(self.reader.current()) {
                self.reader.skip();
            }
        }
        Ok(increment)
    }

    /// Skips indentation and empty lines. Unless the scalar's indentation is known, the deepest line tells it.
    fn scan_block_breaks(&mut self, indent: Option<usize>) -> Result<usize, Problem> {
        let mut deepest = 0;
        loop {
            let within = |column: usize| indent.is_none_or(|indent| column < indent);
            while within(self.reader.mark.column) && self.reader.current() == ' ' {
                self.reader.skip();
            }
            deepest = deepest.max(self.reader.mark.column);
            if within(self.reader.mark.column) && self.reader.current() == '\t' {
                let words = "found a tab character where an indentation space is expected";
                return Err(self.reader.problem(words));
            }
            if !is_break(self.reader.current()) {
                break;
            }
            self.reader.skip_line();
        }
        let least = usize::try_from(self.indent + 1).unwrap_or_default().max(1);
        Ok(indent.unwrap_or_else(|| deepest.max(least)))
    }

    pub(super) fn scan_quoted(&mut self, quote: char) -> Result<(), Problem> {
        self.reader.skip();
        loop {
            if self.reader.is_document_marker('-') || self.reader.is_document_marker('.') {
                return Err(self.reader.problem("found unexpected document indicator"));
            }
            if self.reader.current() == '\0' {
                return Err(self.reader.problem("found unexpected end of stream"));
            }
            while !is_blank_or_end(self.reader.current()) {
                let current = self.reader.current();
                if current == '\'' && quote == '\'' && self.reader.peek(1) == '\'' {
                    self.reader.skip();
                    self.reader.skip();
                } else if current == quote {
                    break;
                } else if current == '\\' && quote == '"' {
                    if is_break(self.reader.peek(1)) {
                        self.reader.skip();
                        self.reader.skip_line();
                        break;
                    }
                    self.scan_escape()?;
                } else {
                    self.reader.skip();
                }
            }
            if self.reader.current() == quote {
                self.reader.skip();
                return Ok(());
            }
            self.skip_blanks_and_breaks();
        }
    }

    fn scan_escape(&mut self) -> Result<(), Problem> {
        let length = match self.reader.peek(1) {
            '0' | 'a' | 'b' | 't' | '\t' | 'n' | 'v' | 'f' | 'r' | 'e' | ' ' | '"' | '\'' | '\\' => 0,
            'N' | '_' | 'L' | 'P' => 0,
            'x' => 2,
            'u' => 4,
            'U' => 8,
            _ => return Err(self.reader.problem("found unknown escape character")),
        };
        self.reader.skip();
        self.reader.skip();
        let mut code = 0_u64;
        for ahead in 0..length {
            let Some(digit) = self.reader.peek(ahead).to_digit(16) else {
                return Err(self.reader.problem("did not find expected hexdecimal number"));
            };
            code = code << 4 | u64::from(digit);
        }
        if u32::try_from(code).ok().and_then(char::from_u32).is_none() {
            return Err(self.reader.problem("found invalid Unicode character escape code"));
        }
        for _ in 0..length {
            self.reader.skip();
        }
        Ok(())
    }

    fn skip_blanks_and_breaks(&mut self) {
        loop {
            if is_blank(self.reader.current()) {
                self.reader.skip();
            } else if is_break(self.reader.current()) {
                self.reader.skip_line();
            } else {
                return;
            }
        }
    }

    pub(super) fn scan_plain(&mut self) -> Result<(), Problem> {
        let indent = usize::try_from(self.indent + 1).unwrap_or_default();
        let mut on_next_line = false;
        loop {
            let marker = self.reader.is_document_marker('-') || self.reader.is_document_marker('.');
            if marker || self.reader.current() == '#' {
                break;
            }
            while !self.plain_ends() {
                on_next_line = false;
                self.reader.skip();
            }
            if !(is_blank(self.reader.current()) || is_break(self.reader.current())) {
                break;
            }
            while is_blank(self.reader.current()) || is_break(self.reader.current()) {
                if is_break(self.reader.current()) {
                    self.reader.skip_line();
                    on_next_line = true;
                    continue;
                }
                if on_next_line && self.reader.mark.column < indent && self.reader.current() == '\t' {
                    return Err(self.reader.problem("found a tab character that violates indentation"));
                }
                self.reader.skip();
            }
            if !self.in_flow() && self.reader.mark.column < indent {
                break;
            }
        }
        if on_next_line {
            self.simple_key_allowed = true;
        }
        Ok(())
    }

    /// Whether a word of a plain scalar ends here.
    fn plain_ends(&self) -> bool {
        match self.reader.current() {
            ':' => is_blank_or_end(self.reader.peek(1)),
            ',' | '?' | '[' | ']' | '{' | '}' => self.in_flow(),
            char => is_blank_or_end(char),
        }
    }
}

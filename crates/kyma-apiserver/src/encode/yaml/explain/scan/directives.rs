//! Directives (`%YAML`, `%TAG`) and tags.

use super::super::Problem;
use super::super::reader::{is_blank, is_blank_or_end, is_break_or_end, is_name};
use super::{Kind, Scanner};

/// The digits of a version number at most.
const VERSION_DIGITS_MAX: usize = 2;

impl Scanner {
    pub(super) fn scan_directive(&mut self) -> Result<Kind, Problem> {
        self.reader.skip();
        let start = self.reader.mark;
        if !self.reader.skip_while(is_name) {
            return Err(self.reader.problem("could not find expected directive name"));
        }
        if !is_blank_or_end(self.reader.current()) {
            return Err(self.reader.problem("found unexpected non-alphabetical character"));
        }
        let kind = match self.reader.since(start).as_str() {
            "YAML" => self.scan_version()?,
            "TAG" => self.scan_tag_directive()?,
            _ => return Err(self.reader.problem("found unknown directive name")),
        };
        self.skip_blanks();
        self.reader.skip_comment();
        if !is_break_or_end(self.reader.current()) {
            return Err(self.reader.problem("did not find expected comment or line break"));
        }
        self.reader.skip_line();
        Ok(kind)
    }

    fn scan_version(&mut self) -> Result<Kind, Problem> {
        self.skip_blanks();
        let major = self.scan_version_number()?;
        if self.reader.current() != '.' {
            return Err(self.reader.problem("did not find expected digit or '.' character"));
        }
        self.reader.skip();
        let minor = self.scan_version_number()?;
        Ok(Kind::VersionDirective { supported: (major, minor) == (1, 1) })
    }

    fn scan_version_number(&mut self) -> Result<u32, Problem> {
        let mut number = 0;
        let mut length = 0;
        while let Some(digit) = self.reader.current().to_digit(10) {
            length += 1;
            if length > VERSION_DIGITS_MAX {
                return Err(self.reader.problem("found extremely long version number"));
            }
            number = number * 10 + digit;
            self.reader.skip();
        }
        if length == 0 {
            return Err(self.reader.problem("did not find expected version number"));
        }
        Ok(number)
    }

    fn scan_tag_directive(&mut self) -> Result<Kind, Problem> {
        self.skip_blanks();
        let handle = self.scan_tag_handle(true)?;
        if !is_blank(self.reader.current()) {
            return Err(self.reader.problem("did not find expected whitespace"));
        }
        self.skip_blanks();
        self.scan_tag_uri(false)?;
        if !is_blank_or_end(self.reader.current()) {
            return Err(self.reader.problem("did not find expected whitespace or line break"));
        }
        Ok(Kind::TagDirective { handle })
    }

    pub(super) fn scan_tag(&mut self) -> Result<Kind, Problem> {
        let handle = if self.reader.peek(1) == '<' {
            self.reader.skip();
            self.reader.skip();
            self.scan_tag_uri(false)?;
            if self.reader.current() != '>' {
                return Err(self.reader.problem("did not find the expected '>'"));
            }
            self.reader.skip();
            String::new()
        } else {
            let handle = self.scan_tag_handle(false)?;
            if handle.len() > 1 && handle.ends_with('!') {
                self.scan_tag_uri(false)?;
                handle
            } else {
                // What looked like a handle is a suffix of the primary one; a lone exclamation mark is a tag itself.
                let suffixed = self.scan_tag_uri(true)? || handle.len() > 1;
                if suffixed { "!".to_owned() } else { String::new() }
            }
        };
        if !is_blank_or_end(self.reader.current()) {
            return Err(self.reader.problem("did not find expected whitespace or line break"));
        }
        Ok(Kind::Tag { handle })
    }

    fn scan_tag_handle(&mut self, directive: bool) -> Result<String, Problem> {
        let start = self.reader.mark;
        if self.reader.current() != '!' {
            return Err(self.reader.problem("did not find expected '!'"));
        }
        self.reader.skip();
        let named = self.reader.skip_while(is_name);
        if self.reader.current() == '!' {
            self.reader.skip();
        } else if directive && named {
            return Err(self.reader.problem("did not find expected '!'"));
        }
        Ok(self.reader.since(start))
    }

    /// Skips a URI and tells whether there was one; unless it may, it must not be missing.
    fn scan_tag_uri(&mut self, may_be_missing: bool) -> Result<bool, Problem> {
        let start = self.reader.mark.index;
        let in_uri = |char: char| is_name(char) || ";/?:@&=+$,.!~*'()[]".contains(char);
        loop {
            if self.reader.current() == '%' {
                self.scan_uri_escape()?;
            } else if !self.reader.skip_while(in_uri) {
                break;
            }
        }
        let found = self.reader.mark.index > start;
        if !found && !may_be_missing {
            return Err(self.reader.problem("did not find expected tag URI"));
        }
        Ok(found)
    }

    /// Skips the octets of one escaped character.
    fn scan_uri_escape(&mut self) -> Result<(), Problem> {
        let mut left = None;
        while left != Some(0) {
            let digits = (self.reader.peek(1).to_digit(16), self.reader.peek(2).to_digit(16));
            let ('%', (Some(high), Some(low))) = (self.reader.current(), digits) else {
                return Err(self.reader.problem("did not find URI escaped octet"));
            };
            left = match (left, high << 4 | low) {
                (None, 0x00..=0x7F) => Some(0),
                (None, 0xC0..=0xDF) => Some(1),
                (None, 0xE0..=0xEF) => Some(2),
                (None, 0xF0..=0xF7) => Some(3),
                (None, _) => return Err(self.reader.problem("found an incorrect leading UTF-8 octet")),
                (Some(left), 0x80..=0xBF) => Some(left - 1),
                (Some(_), _) => return Err(self.reader.problem("found an incorrect trailing UTF-8 octet")),
            };
            for _ in 0..3 {
                self.reader.skip();
            }
        }
        Ok(())
    }
}

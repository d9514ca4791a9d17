//! Bracketed classes.

use super::escape::perl_class;
use super::{Translator, before, problem};

/// Classes by names.
const NAMED: [&str; 14] = [
    "alnum", "alpha", "ascii", "blank", "cntrl", "digit", "graph", "lower", "print", "punct", "space",
    "upper", "word", "xdigit",
];

impl Translator<'_> {
    pub(super) fn class(&mut self) -> Result<(), String> {
        let start = self.rest;
        self.skip(1);
        self.out.push('[');
        if self.rest.starts_with('^') {
            self.skip(1);
            self.out.push('^');
        }
        let mut first = true;
        loop {
            if self.rest.starts_with(']') && !first {
                self.skip(1);
                self.out.push(']');
                return Ok(());
            }
            first = false;
            if self.rest.len() > 2 && self.rest.starts_with("[:") && self.named_class()? {
                continue;
            }
            if self.rest.starts_with("\\p") || self.rest.starts_with("\\P") {
                let class = self.unicode_class()?;
                self.out.push_str(&class);
                continue;
            }
            let letter = self.rest.strip_prefix('\\').and_then(|rest| rest.chars().next());
            if let Some((set, negated)) = letter.and_then(perl_class) {
                self.out.push_str(if negated { "[^" } else { "" });
                self.out.push_str(set);
                self.out.push_str(if negated { "]" } else { "" });
                self.skip(2);
                continue;
            }
            self.range(start)?;
        }
    }

    /// `[:alpha:]`; false if it is not closed, and so is no name.
    fn named_class(&mut self) -> Result<bool, String> {
        let start = self.rest;
        let Some((inner, behind)) = start.strip_prefix("[:").and_then(|rest| rest.split_once(":]")) else {
            return Ok(false);
        };
        let name = inner.strip_prefix('^').unwrap_or(inner);
        if !NAMED.contains(&name) {
            return Err(problem("invalid character class range", before(start, behind)));
        }
        self.out.push_str(before(start, behind));
        self.rest = behind;
        Ok(true)
    }

    /// A character or a range of them.
    fn range(&mut self, class: &str) -> Result<(), String> {
        let start = self.rest;
        let low = self.class_char(class)?;
        let mut high = low;
        if self.rest.len() >= 2 && self.rest.starts_with('-') && !self.rest.starts_with("-]") {
            self.skip(1);
            high = self.class_char(class)?;
            if high < low {
                return Err(problem("invalid character class range", before(start, self.rest)));
            }
        }
        self.out.push_str(&format!("\\x{{{:x}}}", u32::from(low)));
        if high != low {
            self.out.push_str(&format!("-\\x{{{:x}}}", u32::from(high)));
        }
        Ok(())
    }

    fn class_char(&mut self, class: &str) -> Result<char, String> {
        let c = self.rest.chars().next().ok_or_else(|| problem("missing closing ]", class))?;
        if c == '\\' {
            return self.escaped_char();
        }
        self.skip(c.len_utf8());
        Ok(c)
    }
}

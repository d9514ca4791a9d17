//! Format `email`: one address as Go's `mail.ParseAddress` takes it (RFC 5322, with or without a display name).

use core::net::IpAddr;

pub(super) fn is_address(text: &str) -> bool {
    let mut parser = Parser { rest: text };
    parser.single_address().is_some()
}

/// A parser that stands at the beginning of `rest`; every step gives nothing where the text does not fit.
#[derive(Clone, Copy)]
struct Parser<'a> {
    rest: &'a str,
}

impl Parser<'_> {
    fn single_address(&mut self) -> Option<()> {
        let addresses = self.address(true)?;
        self.skip_comments()?;
        (self.rest.is_empty() && addresses == 1).then_some(())
    }

    /// How many addresses: a group has any number.
    fn address(&mut self, groups: bool) -> Option<usize> {
        self.skip_space();
        let mut bare = *self;
        if bare.spec().is_some() {
            *self = bare;
            self.skip_space();
            if self.take('(') {
                self.comment()?;
            }
            return Some(1);
        }
        if self.rest.is_empty() {
            return None;
        }
        if !self.rest.starts_with('<') {
            self.phrase()?;
        }
        self.skip_space();
        if groups && self.take(':') {
            return self.group();
        }
        (self.take('<') && self.spec().is_some() && self.take('>')).then_some(1)
    }

    fn group(&mut self) -> Option<usize> {
        self.skip_space();
        let mut members = 0;
        if !self.take(';') {
            loop {
                self.skip_space();
                members += self.address(false)?;
                self.skip_comments()?;
                if self.take(';') {
                    break;
                }
                self.take(',').then_some(())?;
            }
        }
        self.skip_comments()?;
        Some(members)
    }

    /// `local@domain`.
    fn spec(&mut self) -> Option<()> {
        self.skip_space();
        if self.rest.starts_with('"') {
            self.quoted().filter(|length| *length > 0)?;
        } else {
            self.atom().filter(|atom| is_dot_atom(atom))?;
        }
        self.take('@').then_some(())?;
        self.skip_space();
        if self.take('[') {
            return self.literal();
        }
        self.atom().filter(|atom| is_dot_atom(atom)).map(|_| ())
    }

    /// `127.0.0.1]`: an address in brackets, the first of which has been read.
    fn literal(&mut self) -> Option<()> {
        let (text, rest) = self.rest.split_once(']')?;
        self.rest = rest;
        text.parse::<IpAddr>().ok().map(|_| ())
    }

    /// Words before an address in angle brackets.
    fn phrase(&mut self) -> Option<()> {
        let mut words = 0;
        loop {
            if words > 0 {
                self.skip_comments()?;
            }
            self.skip_space();
            let word = if self.rest.starts_with('"') { self.quoted() } else { self.atom().map(str::len) };
            if word.is_none() {
                return (words > 0 || self.rest.is_empty()).then_some(());
            }
            words += 1;
        }
    }

    /// The number of characters between quotes.
    fn quoted(&mut self) -> Option<usize> {
        let (mut escaped, mut length) = (false, 0);
        for (position, c) in self.rest.char_indices().skip(1) {
            match c {
                c if escaped && !(is_visible(c) || is_space(c)) => return None,
                _ if escaped => (escaped, length) = (false, length + 1),
                '"' => {
                    self.rest = &self.rest[position + 1..];
                    return Some(length);
                }
                '\\' => escaped = true,
                c if is_visible(c) || is_space(c) => length += 1,
                _ => return None,
            }
        }
        None
    }

    /// Characters of atoms and dots.
    fn atom(&mut self) -> Option<&str> {
        let special = |c: char| "()<>[]:;@\\,\"".contains(c) || !is_visible(c);
        let (atom, rest) = self.rest.split_at(self.rest.find(special).unwrap_or(self.rest.len()));
        self.rest = rest;
        (!atom.is_empty()).then_some(atom)
    }

    /// A comment whose opening parenthesis has been read.
    fn comment(&mut self) -> Option<()> {
        let (mut depth, mut escaped) = (1, false);
        for (position, c) in self.rest.char_indices() {
            match c {
                _ if escaped => escaped = false,
                '\\' => escaped = true,
                '(' => depth += 1,
                ')' => depth -= 1,
                _ => {}
            }
            if depth == 0 {
                self.rest = &self.rest[position + 1..];
                return Some(());
            }
        }
        None
    }

    fn skip_comments(&mut self) -> Option<()> {
        self.skip_space();
        while self.take('(') {
            self.comment()?;
            self.skip_space();
        }
        Some(())
    }

    fn skip_space(&mut self) {
        self.rest = self.rest.trim_start_matches(is_space);
    }

    fn take(&mut self, c: char) -> bool {
        match self.rest.strip_prefix(c) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }
}

fn is_dot_atom(atom: &str) -> bool {
    !atom.starts_with('.') && !atom.ends_with('.') && !atom.contains("..")
}

fn is_visible(c: char) -> bool {
    matches!(c, '!'..='~') || !c.is_ascii()
}

fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t')
}

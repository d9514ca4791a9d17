//! A body as tokens, by the rules of libyaml's scanner as Go's YAML library has them, errors included. The texts of
//! scalars are skipped, since only what makes a body fail is asked for.

mod context;
mod directives;
mod scalars;

use std::collections::{HashMap, VecDeque};

use context::SimpleKey;

use super::Problem;
use super::reader::{Mark, Reader, is_blank, is_blank_or_end, is_break, is_name};

/// How deep collections may be in one another.
const DEPTH_MAX: usize = 10_000;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    StreamEnd,
    VersionDirective { supported: bool },
    TagDirective { handle: String },
    DocumentStart,
    DocumentEnd,
    BlockSequenceStart,
    BlockMappingStart,
    BlockEnd,
    FlowSequenceStart,
    FlowSequenceEnd,
    FlowMappingStart,
    FlowMappingEnd,
    BlockEntry,
    FlowEntry,
    Key,
    Value,
    Alias(String),
    Anchor(String),
    Tag { handle: String },
    Scalar,
}

#[derive(Clone, Debug)]
pub(super) struct Token {
    pub(super) kind: Kind,
    /// Lines from zero.
    pub(super) line: usize,
    /// Characters in front of it.
    pub(super) index: usize,
}

impl Token {
    fn new(kind: Kind, mark: Mark) -> Self {
        Self { kind, line: mark.line, index: mark.index }
    }
}

pub(super) struct Scanner {
    reader: Reader,
    tokens: VecDeque<Token>,
    /// How many tokens were taken.
    taken: usize,
    /// The column of the block collection that is open, and of those around it; -1 for none.
    indent: isize,
    indents: Vec<isize>,
    /// The one of the block context, and one for each open flow collection.
    simple_keys: Vec<SimpleKey>,
    simple_keys_by_token: HashMap<usize, usize>,
    simple_key_allowed: bool,
}

impl Scanner {
    pub(super) fn new(text: &str) -> Self {
        Self {
            reader: Reader::new(text),
            tokens: VecDeque::new(),
            taken: 0,
            indent: -1,
            indents: Vec::new(),
            simple_keys: vec![SimpleKey::default()],
            simple_keys_by_token: HashMap::new(),
            simple_key_allowed: true,
        }
    }

    /// The next token.
    pub(super) fn peek(&mut self) -> Result<Token, Problem> {
        loop {
            if let Some(token) = self.tokens.front() {
                let token = token.clone();
                // A token in front of which a key may still come has to wait.
                let key = self.simple_keys_by_token.get(&self.taken).copied();
                let waits = key.is_some_and(|key| key < self.simple_keys.len());
                if !(waits && self.simple_key_is_valid(key.unwrap_or_default())?) {
                    return Ok(token);
                }
            }
            self.fetch()?;
        }
    }

    /// Takes the token that was peeked at.
    pub(super) fn take(&mut self) {
        if self.tokens.pop_front().is_some() {
            self.taken += 1;
        }
    }

    /// How many characters were read.
    pub(super) fn position(&self) -> usize {
        self.reader.mark.index
    }

    fn in_flow(&self) -> bool {
        self.simple_keys.len() > 1
    }

    fn push(&mut self, kind: Kind, mark: Mark) {
        self.tokens.push_back(Token::new(kind, mark));
    }

    fn fetch(&mut self) -> Result<(), Problem> {
        self.skip_to_token();
        self.unroll_indent(self.reader.mark.column as isize);
        let mark = self.reader.mark;
        if self.reader.is_document_marker('-') {
            return self.fetch_document_marker(Kind::DocumentStart);
        }
        if self.reader.is_document_marker('.') {
            return self.fetch_document_marker(Kind::DocumentEnd);
        }
        let blank_follows = is_blank_or_end(self.reader.peek(1));
        match self.reader.current() {
            '\0' => self.fetch_stream_end(),
            '%' if mark.column == 0 => self.fetch_directive(),
            '[' => self.fetch_flow_start(Kind::FlowSequenceStart),
            '{' => self.fetch_flow_start(Kind::FlowMappingStart),
            ']' => self.fetch_flow_end(Kind::FlowSequenceEnd),
            '}' => self.fetch_flow_end(Kind::FlowMappingEnd),
            ',' => {
                self.remove_simple_key()?;
                self.fetch_indicator(Kind::FlowEntry, true)
            }
            '-' if blank_follows => self.fetch_block_entry(),
            '?' if self.in_flow() || blank_follows => self.fetch_key(),
            ':' if self.in_flow() || blank_follows => self.fetch_value(),
            '*' => self.fetch_anchor(Kind::Alias),
            '&' => self.fetch_anchor(Kind::Anchor),
            '!' => {
                self.save_simple_key()?;
                self.simple_key_allowed = false;
                let kind = self.scan_tag()?;
                self.push(kind, mark);
                Ok(())
            }
            '|' | '>' if !self.in_flow() => {
                self.remove_simple_key()?;
                self.simple_key_allowed = true;
                self.scan_block_scalar()?;
                self.push(Kind::Scalar, mark);
                Ok(())
            }
            quote @ ('\'' | '"') => {
                self.save_simple_key()?;
                self.simple_key_allowed = false;
                self.scan_quoted(quote)?;
                self.push(Kind::Scalar, mark);
                Ok(())
            }
            '\t' | '|' | '>' | '%' | '@' | '`' => {
                Err(self.reader.problem("found character that cannot start any token"))
            }
            _ => {
                self.save_simple_key()?;
                self.simple_key_allowed = false;
                self.scan_plain()?;
                self.push(Kind::Scalar, mark);
                Ok(())
            }
        }
    }

    fn skip_to_token(&mut self) {
        loop {
            if self.reader.mark.column == 0 && self.reader.current() == '\u{FEFF}' {
                self.reader.skip();
            }
            let tabs = self.in_flow() || !self.simple_key_allowed;
            self.reader.skip_while(|char| char == ' ' || tabs && char == '\t');
            self.reader.skip_comment();
            if !is_break(self.reader.current()) {
                return;
            }
            self.reader.skip_line();
            if !self.in_flow() {
                self.simple_key_allowed = true;
            }
        }
    }

    fn fetch_stream_end(&mut self) -> Result<(), Problem> {
        // The end is on a line of its own.
        if self.reader.mark.column != 0 {
            self.reader.mark.column = 0;
            self.reader.mark.line += 1;
        }
        self.unroll_indent(-1);
        self.remove_simple_key()?;
        self.simple_key_allowed = false;
        self.push(Kind::StreamEnd, self.reader.mark);
        Ok(())
    }

    fn fetch_directive(&mut self) -> Result<(), Problem> {
        self.unroll_indent(-1);
        self.remove_simple_key()?;
        self.simple_key_allowed = false;
        let mark = self.reader.mark;
        let kind = self.scan_directive()?;
        self.push(kind, mark);
        Ok(())
    }

    fn fetch_document_marker(&mut self, kind: Kind) -> Result<(), Problem> {
        self.unroll_indent(-1);
        self.remove_simple_key()?;
        self.simple_key_allowed = false;
        self.push(kind, self.reader.mark);
        for _ in 0..3 {
            self.reader.skip();
        }
        Ok(())
    }

    fn fetch_indicator(&mut self, kind: Kind, simple_key_allowed: bool) -> Result<(), Problem> {
        self.simple_key_allowed = simple_key_allowed;
        self.push(kind, self.reader.mark);
        self.reader.skip();
        Ok(())
    }

    fn fetch_flow_start(&mut self, kind: Kind) -> Result<(), Problem> {
        self.save_simple_key()?;
        let token = self.next_token();
        self.simple_keys.push(SimpleKey { token, ..SimpleKey::default() });
        if self.simple_keys.len() > DEPTH_MAX + 1 {
            return Err(self.reader.problem(format!("exceeded max depth of {DEPTH_MAX}")));
        }
        self.fetch_indicator(kind, true)
    }

    fn fetch_flow_end(&mut self, kind: Kind) -> Result<(), Problem> {
        self.remove_simple_key()?;
        if self.in_flow()
            && let Some(key) = self.simple_keys.pop()
        {
            self.simple_keys_by_token.remove(&key.token);
        }
        self.fetch_indicator(kind, false)
    }

    fn fetch_block_entry(&mut self) -> Result<(), Problem> {
        if !self.in_flow() {
            if !self.simple_key_allowed {
                return Err(self.reader.problem("block sequence entries are not allowed in this context"));
            }
            self.roll_indent(self.reader.mark, None, Kind::BlockSequenceStart)?;
        }
        self.remove_simple_key()?;
        self.fetch_indicator(Kind::BlockEntry, true)
    }

    fn fetch_key(&mut self) -> Result<(), Problem> {
        if !self.in_flow() {
            if !self.simple_key_allowed {
                return Err(self.reader.problem("mapping keys are not allowed in this context"));
            }
            self.roll_indent(self.reader.mark, None, Kind::BlockMappingStart)?;
        }
        self.remove_simple_key()?;
        self.fetch_indicator(Kind::Key, !self.in_flow())
    }

    fn fetch_value(&mut self) -> Result<(), Problem> {
        let last = self.simple_keys.len() - 1;
        if self.simple_key_is_valid(last)? {
            let key = self.simple_keys[last];
            let at = key.token.saturating_sub(self.taken).min(self.tokens.len());
            self.tokens.insert(at, Token::new(Kind::Key, key.mark));
            self.roll_indent(key.mark, Some(at), Kind::BlockMappingStart)?;
            self.simple_keys[last].possible = false;
            self.simple_keys_by_token.remove(&key.token);
            return self.fetch_indicator(Kind::Value, false);
        }
        if !self.in_flow() {
            if !self.simple_key_allowed {
                return Err(self.reader.problem("mapping values are not allowed in this context"));
            }
            self.roll_indent(self.reader.mark, None, Kind::BlockMappingStart)?;
        }
        self.fetch_indicator(Kind::Value, !self.in_flow())
    }

    fn fetch_anchor(&mut self, kind: fn(String) -> Kind) -> Result<(), Problem> {
        self.save_simple_key()?;
        self.simple_key_allowed = false;
        let mark = self.reader.mark;
        self.reader.skip();
        let start = self.reader.mark;
        let named = self.reader.skip_while(is_name);
        let next = self.reader.current();
        if !named || !(is_blank_or_end(next) || matches!(next, '?' | ':' | ',' | ']' | '}' | '%' | '@' | '`'))
        {
            return Err(self.reader.problem("did not find expected alphabetic or numeric character"));
        }
        let name = self.reader.since(start);
        self.push(kind(name), mark);
        Ok(())
    }

    fn skip_blanks(&mut self) {
        self.reader.skip_while(is_blank);
    }
}

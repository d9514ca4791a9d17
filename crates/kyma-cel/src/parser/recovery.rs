//! What ANTLR does when a token does not fit: insert one, delete one, or skip to one that does.

use super::{Aborted, Node, Parse, Parser};
use crate::lexer::TokenKind;
use crate::source::Location;

/// How often the parser tries to go on behind an error.
const MAX_ATTEMPTS: usize = 30;

/// How many tokens it skips for that.
const MAX_SKIPPED: usize = 256;

/// A set of kinds of tokens, which prints as messages list it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct TokenSet(u64);

impl TokenSet {
    pub(super) const fn of(kinds: &[TokenKind]) -> Self {
        let mut bits = 0;
        let mut at = 0;
        while at < kinds.len() {
            bits |= 1 << kinds[at] as u64;
            at += 1;
        }
        Self(bits)
    }

    pub(super) const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub(super) const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    pub(super) fn contains(self, kind: TokenKind) -> bool {
        self.0 & (1 << kind as u64) != 0
    }

    fn render(self) -> std::string::String {
        let names: Vec<std::string::String> =
            TokenKind::ALL.iter().filter(|kind| self.contains(**kind)).map(ToString::to_string).collect();
        match names.as_slice() {
            [name] => name.clone(),
            _ => format!("{{{}}}", names.join(", ")),
        }
    }
}

use TokenKind::*;

/// What an expression begins with.
pub(super) const FIRST: TokenSet = TokenSet::of(&[
    LBracket, LBrace, LParen, Dot, Minus, Exclam, True, False, Null, Float, Int, Uint, String, Bytes, Ident,
]);

/// What an operand begins with: an expression without the operators in front.
pub(super) const OPERAND: TokenSet = TokenSet::of(&[
    LBracket, LBrace, LParen, Dot, Minus, True, False, Null, Float, Int, Uint, String, Bytes, Ident,
]);

/// What can follow an operand inside of an expression, apart from selections.
const OPERATORS: TokenSet = TokenSet::of(&[
    Equals,
    NotEquals,
    In,
    Less,
    LessEquals,
    GreaterEquals,
    Greater,
    LogicalAnd,
    LogicalOr,
    Minus,
    Plus,
    Star,
    Slash,
    Percent,
]);

/// What goes on behind a condition.
pub(super) const QUESTION: TokenSet = TokenSet::of(&[Question]);

/// A text on one line.
fn escaped(text: &str) -> std::string::String {
    text.replace('\n', "\\n").replace('\r', "\\r").replace('\t', "\\t")
}

/// What goes on behind a primary: enclosing ones are gone on with, too.
pub(super) const SELECTORS: TokenSet = TokenSet::of(&[Dot, LBracket]);

impl Parser {
    /// Reports a syntax error at the token, unless the parser is still behind the last one.
    fn syntax_error(&mut self, message: &str) {
        if self.recovering {
            return;
        }
        self.recovering = true;
        // Nothing at all has no position.
        let empty = self.tokens.len() == 1 && self.offset() == 0;
        let location =
            if empty { Location { line: 1, column: -1 } } else { self.source.location(self.offset()) };
        self.issues.report(location, format!("Syntax error: {message}"));
    }

    fn shown(&self) -> std::string::String {
        escaped(&self.token().text)
    }

    fn mismatched(&mut self, expected: TokenSet) {
        let message = format!("mismatched input '{}' expecting {}", self.shown(), expected.render());
        self.syntax_error(&message);
    }

    fn extraneous(&mut self, expected: TokenSet) {
        let message = format!("extraneous input '{}' expecting {}", self.shown(), expected.render());
        self.syntax_error(&message);
    }

    /// No rule goes on with the tokens from `start` to the current one.
    pub(super) fn no_viable_alternative(&mut self, start: usize, more: TokenSet) -> Parse<()> {
        let mut text = std::string::String::new();
        for (place, token) in self.tokens.get(start..=self.at).unwrap_or_default().iter().enumerate() {
            if place > 0 {
                text.push_str(&token.hidden);
            }
            if token.kind != Eof {
                text.push_str(&token.text);
            }
        }
        let word = text.get(1..).filter(|word| ["true", "false", "null"].contains(word));
        let message = match word {
            Some(word) => format!("mismatched input '{word}' expecting IDENTIFIER"),
            None => format!("no viable alternative at input '{}'", escaped(&text)),
        };
        self.syntax_error(&message);
        self.at = start;
        self.recover(more, more)
    }

    fn attempt(&mut self) -> Parse<()> {
        if self.attempts == MAX_ATTEMPTS {
            let message = format!("Syntax error: error recovery attempt limit exceeded: {MAX_ATTEMPTS}");
            self.issues.report(self.source.location(self.offset()), message);
            return Err(Aborted);
        }
        self.attempts += 1;
        Ok(())
    }

    /// Skips to a token that an enclosing rule, or one of these, can go on with. A second failure of the same kind at
    /// the same token skips that in any case.
    pub(super) fn recover(&mut self, more: TokenSet, failure: TokenSet) -> Parse<()> {
        self.attempt()?;
        if self.failed_at == self.at && self.failures.contains(&failure) {
            self.skip();
        }
        self.failures.push(failure);
        self.failed_at = self.at;
        let mut until = OPERATORS.and(more);
        for closers in &self.closers {
            until = until.and(*closers);
        }
        self.skip_until(until)
    }

    fn skip_until(&mut self, until: TokenSet) -> Parse<()> {
        let mut skipped = 0;
        while self.kind() != Eof && !until.contains(self.kind()) {
            if skipped == MAX_SKIPPED {
                let message = format!("error recovery token lookahead limit exceeded: {MAX_SKIPPED}");
                self.issues.report(Location::NONE, message);
                return Err(Aborted);
            }
            skipped += 1;
            self.skip();
        }
        Ok(())
    }

    /// Whether the token is one of those that can stand here; one that cannot is skipped if the next one can.
    pub(super) fn sync(&mut self, expected: TokenSet, more: TokenSet) -> Parse<bool> {
        if self.recovering || expected.contains(self.kind()) {
            return Ok(expected.contains(self.kind()));
        }
        if self.kind() != Eof && expected.contains(self.ahead(1)) {
            self.extraneous(expected);
            self.skip();
            self.recovering = false;
            return Ok(true);
        }
        self.mismatched(expected);
        self.recover(more, expected)?;
        Ok(false)
    }

    /// Behind an exclamation mark: what is no operand is skipped.
    pub(super) fn sync_operand(&mut self) -> Parse<()> {
        if self.recovering || OPERAND.contains(self.kind()) {
            return Ok(());
        }
        self.extraneous(FIRST);
        self.attempt()?;
        let mut until = OPERATORS.and(FIRST);
        for closers in &self.closers {
            until = until.and(*closers);
        }
        self.skip_until(until)
    }

    /// Takes a token of that kind; false if there is none, and none can be thought of.
    pub(super) fn expect(&mut self, kind: TokenKind, more: TokenSet) -> Parse<bool> {
        if self.kind() == kind {
            self.take();
            return Ok(true);
        }
        self.attempt()?;
        let expected = TokenSet::of(&[kind]);
        if self.ahead(1) == kind && self.kind() != Eof {
            self.extraneous(expected);
            self.skip();
            self.take();
            return Ok(true);
        }
        if self.follows(kind).contains(self.kind()) {
            let message = format!("missing {kind} at '{}'", self.shown());
            self.syntax_error(&message);
            return Ok(true);
        }
        self.mismatched(expected);
        self.recover(more, expected)?;
        Ok(false)
    }

    /// What can stand behind a token of that kind.
    fn follows(&self, kind: TokenKind) -> TokenSet {
        match kind {
            Colon => FIRST,
            RParen | RBracket | RBrace => {
                let outer = self.closers.last().copied().unwrap_or_default();
                OPERATORS.and(SELECTORS).and(outer)
            }
            _ => TokenSet::default(),
        }
    }

    /// What stands in for an operand that is none.
    pub(super) fn nothing(&mut self) -> Node {
        self.unspecified()
    }
}

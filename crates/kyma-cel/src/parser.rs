//! Reads the grammar by recursive descent, with the recovery and the messages of ANTLR's default strategy.
//!
//! The grammar is `parser/gen/CEL.g4` of cel-go. A rule that meets a wrong token reports it, skips up to one that an
//! enclosing rule can go on with, and returns; so several errors of one text are found.

mod literals;
mod members;
mod operators;
mod recovery;

use crate::ast::{Expr, ExprId, Kind};
use crate::lexer::{self, Token, TokenKind};
use crate::source::{Issues, Location, Source};
use crate::stack;

use recovery::{QUESTION, TokenSet};

/// How deep expressions may nest, and how many selections, calls and operators may stand in each other.
const MAX_RECURSION: usize = 250;

/// How many characters a text may have.
pub(crate) const MAX_CODE_POINTS: usize = 100_000;

/// Nothing more can be read: a limit was exceeded, and the issue is reported.
pub(crate) struct Aborted;

type Parse<T> = Result<T, Aborted>;

/// An expression and how deep its selections, calls and operators nest.
pub(crate) struct Node {
    pub(crate) expr: Expr,
    pub(crate) depth: usize,
}

/// What is known while a text is read.
pub(crate) struct Parser {
    tokens: Vec<Token>,
    at: usize,
    pub(crate) source: Source,
    pub(crate) issues: Issues,
    next_id: ExprId,
    nesting: usize,
    recovering: bool,
    attempts: usize,
    /// Where the parser failed last, and how since it last took a token.
    failed_at: usize,
    failures: Vec<TokenSet>,
    /// What ends the enclosing rules: brackets and separators.
    closers: Vec<TokenSet>,
}

/// Reads a text; with issues there is a tree, too, but nothing more to do with it.
pub(crate) fn parse(text: &str) -> (Expr, Source, Issues) {
    let mut issues = Issues::default();
    let size = text.chars().count();
    if size > MAX_CODE_POINTS {
        let message =
            format!("expression code point size exceeds limit: size: {size}, limit {MAX_CODE_POINTS}");
        issues.report(Location::NONE, message);
        return (Expr { id: 1, kind: Kind::Unspecified }, Source::new(""), issues);
    }
    let source = Source::new(text);
    let (tokens, unrecognized) = lexer::tokenize(text);
    for skipped in unrecognized {
        let message = format!("Syntax error: token recognition error at: '{}'", skipped.text);
        issues.report(source.location(skipped.offset), message);
    }
    let mut parser = Parser {
        tokens,
        at: 0,
        source,
        issues,
        next_id: 1,
        nesting: 0,
        recovering: false,
        attempts: 0,
        failed_at: 0,
        failures: Vec::new(),
        closers: vec![TokenSet::of(&[TokenKind::Eof]).and(QUESTION)],
    };
    let nothing = || Expr { id: 1, kind: Kind::Unspecified };
    let depth = lexer::nesting(&parser.tokens);
    let root = stack::with_room(depth, || parser.start().unwrap_or_else(|Aborted| nothing()));
    if root.is_none() {
        parser.issues.report(Location::NONE, "there is no memory to read the expression".to_owned());
    }
    (root.unwrap_or_else(nothing), parser.source, parser.issues)
}

impl Parser {
    fn start(&mut self) -> Parse<Expr> {
        let node = self.expr()?;
        self.expect(TokenKind::Eof, TokenSet::default())?;
        Ok(node.expr)
    }

    fn token(&self) -> &Token {
        self.tokens.get(self.at).unwrap_or_else(|| self.last())
    }

    /// The end of the text; there is always one.
    fn last(&self) -> &Token {
        static END: Token =
            Token { kind: TokenKind::Eof, offset: 0, text: String::new(), hidden: String::new() };
        self.tokens.last().unwrap_or(&END)
    }

    fn kind(&self) -> TokenKind {
        self.token().kind
    }

    /// The kind of the token that many places further on.
    fn ahead(&self, places: usize) -> TokenKind {
        self.tokens.get(self.at + places).map_or(TokenKind::Eof, |token| token.kind)
    }

    fn offset(&self) -> usize {
        self.token().offset
    }

    /// Takes the token, which was expected.
    fn take(&mut self) -> Token {
        self.recovering = false;
        self.failures.clear();
        let token = self.token().clone();
        self.skip();
        token
    }

    /// Takes the token if it is of that kind.
    fn take_if(&mut self, kind: TokenKind) -> Option<Token> {
        (self.kind() == kind).then(|| self.take())
    }

    fn skip(&mut self) {
        if self.at + 1 < self.tokens.len() {
            self.at += 1;
        }
    }

    /// An identity for a node that begins there.
    pub(crate) fn id_at(&mut self, offset: usize) -> ExprId {
        let id = self.next_id;
        self.next_id += 1;
        self.source.set_position(id, offset);
        id
    }

    /// An identity for a node that stands where another does.
    pub(crate) fn id_like(&mut self, id: ExprId) -> ExprId {
        let offset = self.source.position(id).unwrap_or_default();
        self.id_at(offset)
    }

    /// Gives back the identity of a call that turned out to be a macro.
    pub(crate) fn delete_id(&mut self, id: ExprId) {
        self.source.clear_position(id);
        if id + 1 == self.next_id {
            self.next_id -= 1;
        }
    }

    /// Reports something wrong that no syntax rule covers, and stands in for the expression.
    fn report(&mut self, offset: usize, message: String) -> Expr {
        let id = self.id_at(offset);
        self.issues.report(self.source.location(offset), message);
        Expr { id, kind: Kind::Unspecified }
    }

    fn unspecified(&mut self) -> Node {
        let id = self.id_at(self.offset());
        Node { expr: Expr { id, kind: Kind::Unspecified }, depth: 0 }
    }

    /// A node one deeper than its parts.
    fn deeper(&mut self, depth: usize) -> Parse<usize> {
        if depth >= MAX_RECURSION {
            self.issues.report(Location::NONE, "max recursion depth exceeded".to_owned());
            return Err(Aborted);
        }
        Ok(depth + 1)
    }

    /// `conditionalOr ('?' conditionalOr ':' expr)?`
    fn expr(&mut self) -> Parse<Node> {
        self.nesting += 1;
        if self.nesting > MAX_RECURSION {
            let message = format!("expression recursion limit exceeded: {MAX_RECURSION}");
            self.issues.report(Location::NONE, message);
            return Err(Aborted);
        }
        let mut node = self.binary(1)?;
        if self.kind() == TokenKind::Question {
            node = self.conditional(node)?;
        }
        self.nesting -= 1;
        Ok(node)
    }

    /// An expression that can be gone on behind with these tokens.
    fn expr_until(&mut self, closers: TokenSet) -> Parse<Node> {
        self.closers.push(closers.and(QUESTION));
        let node = self.expr();
        self.closers.pop();
        node
    }
}

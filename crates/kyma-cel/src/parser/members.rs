//! Operands: names, calls, selections, brackets and what stands in them.

use super::operators::call;
use super::recovery::{FIRST, SELECTORS, TokenSet};
use super::{Node, Parse, Parser};
use crate::ast::{Call, Entry, Expr, FieldInit, Kind, List, Literal, Select, Struct, operators};
use crate::lexer::TokenKind;
use crate::macros;

/// Words that name nothing.
const RESERVED: [&str; 21] = [
    "as",
    "break",
    "const",
    "continue",
    "else",
    "false",
    "for",
    "function",
    "if",
    "import",
    "in",
    "let",
    "loop",
    "package",
    "namespace",
    "null",
    "return",
    "true",
    "var",
    "void",
    "while",
];

const NAMES: TokenSet = TokenSet::of(&[TokenKind::Ident, TokenKind::EscIdent]);

/// What an element or a key begins with.
const OPTIONAL_FIRST: TokenSet = FIRST.and(TokenSet::of(&[TokenKind::Question]));

/// What stands between parentheses; complete if they are closed.
struct Arguments {
    args: Vec<Expr>,
    depth: usize,
    complete: bool,
}

impl Parser {
    pub(super) fn member(&mut self) -> Parse<Node> {
        let mut node = self.primary()?;
        loop {
            node = match self.kind() {
                TokenKind::Dot => match self.select(node)? {
                    Ok(node) => node,
                    Err(node) => return Ok(node),
                },
                TokenKind::LBracket => match self.index(node)? {
                    Ok(node) => node,
                    Err(node) => return Ok(node),
                },
                _ => return Ok(node),
            };
        }
    }

    /// `.name`, `.?name` or `.name(args)`; what cannot go on is the error.
    #[inline(never)]
    fn select(&mut self, operand: Node) -> Parse<Result<Node, Node>> {
        let start = self.at;
        let dot = self.offset();
        match self.ahead(1) {
            TokenKind::Ident if self.ahead(2) == TokenKind::LParen => {
                return self.member_call(operand);
            }
            TokenKind::Ident | TokenKind::EscIdent => {
                self.take();
                let name = self.name();
                let depth = self.deeper(operand.depth)?;
                let id = self.id_at(dot);
                let operand = Box::new(operand.expr);
                let kind = Kind::Select(Select { operand, field: name, test_only: false });
                return Ok(Ok(Node { expr: Expr { id, kind }, depth }));
            }
            TokenKind::Question => {
                self.take();
                self.take();
            }
            _ => {
                self.skip();
                self.no_viable_alternative(start, TokenSet::default())?;
                return Ok(Err(operand));
            }
        }
        let mut offset = self.offset();
        let name = if self.sync(NAMES, SELECTORS)? {
            offset = self.offset();
            self.name()
        } else {
            self.report(offset, "unsupported ident kind".to_owned());
            String::new()
        };
        let depth = self.deeper(operand.depth)?;
        let field = Expr { id: self.id_at(offset), kind: Kind::Literal(Literal::String(name.into())) };
        let id = self.id_at(dot);
        Ok(Ok(Node { expr: call(id, operators::OPT_SELECT, vec![operand.expr, field]), depth }))
    }

    /// An identifier; one in backquotes may have dots, dashes and slashes in it.
    fn name(&mut self) -> String {
        let token = self.take();
        token.text.trim_matches('`').to_owned()
    }

    #[inline(never)]
    fn member_call(&mut self, operand: Node) -> Parse<Result<Node, Node>> {
        self.take();
        let name = self.take().text;
        let open = self.take();
        let id = self.id_at(open.offset);
        let Arguments { args, depth, complete } = self.arguments(TokenSet::default())?;
        let depth = self.deeper(depth.max(operand.depth))?;
        let expr = match macros::expand_member(self, id, &name, operand.expr, args) {
            Ok(expr) => expr,
            Err((target, args)) => {
                let call = Call { function: name, target: Some(Box::new(target)), args };
                Expr { id, kind: Kind::Call(call) }
            }
        };
        let node = Node { expr, depth };
        Ok(if complete { Ok(node) } else { Err(node) })
    }

    #[inline(never)]
    fn index(&mut self, operand: Node) -> Parse<Result<Node, Node>> {
        let open = self.take();
        let id = self.id_at(open.offset);
        let mut optional = false;
        let index = if self.sync(OPTIONAL_FIRST, TokenSet::default())? {
            optional = self.take_if(TokenKind::Question).is_some();
            Some(self.expr_until(TokenSet::of(&[TokenKind::RBracket]))?)
        } else {
            None
        };
        let (index, complete) = match index {
            Some(index) => (index, self.expect(TokenKind::RBracket, TokenSet::default())?),
            None => (self.nothing(), false),
        };
        let depth = self.deeper(operand.depth.max(index.depth))?;
        let function = if optional { operators::OPT_INDEX } else { operators::INDEX };
        let node = Node { expr: call(id, function, vec![operand.expr, index.expr]), depth };
        Ok(if complete { Ok(node) } else { Err(node) })
    }

    /// What stands between parentheses, with the closing one.
    fn arguments(&mut self, more: TokenSet) -> Parse<Arguments> {
        let mut args = Vec::new();
        let mut depth = 0;
        let starts = self.sync(FIRST.and(TokenSet::of(&[TokenKind::RParen])), more)?;
        if !starts {
            return Ok(Arguments { args, depth, complete: false });
        }
        if self.kind() != TokenKind::RParen {
            let ends = TokenSet::of(&[TokenKind::RParen, TokenKind::Comma]).and(more);
            loop {
                let arg = self.expr_until(ends)?;
                depth = depth.max(arg.depth);
                args.push(arg.expr);
                if self.take_if(TokenKind::Comma).is_none() {
                    break;
                }
            }
        }
        let complete = self.expect(TokenKind::RParen, more)?;
        Ok(Arguments { args, depth, complete })
    }

    fn primary(&mut self) -> Parse<Node> {
        match self.kind() {
            TokenKind::LParen => self.parenthesized(),
            TokenKind::LBracket => self.list(),
            TokenKind::LBrace => self.map(),
            TokenKind::Dot | TokenKind::Ident => self.named(),
            _ => self.literal(),
        }
    }

    #[inline(never)]
    fn parenthesized(&mut self) -> Parse<Node> {
        self.take();
        let node = self.expr_until(TokenSet::of(&[TokenKind::RParen]).and(SELECTORS))?;
        self.expect(TokenKind::RParen, SELECTORS)?;
        Ok(node)
    }

    /// A name, a call or a message, each perhaps with a dot in front.
    #[inline(never)]
    fn named(&mut self) -> Parse<Node> {
        let start = self.at;
        if self.is_message() {
            return self.message();
        }
        let offset = self.offset();
        if self.kind() == TokenKind::Dot && self.ahead(1) != TokenKind::Ident {
            self.skip();
            self.no_viable_alternative(start, SELECTORS)?;
            return Ok(Node { expr: Expr { id: 0, kind: Kind::Unspecified }, depth: 0 });
        }
        let dot = if self.take_if(TokenKind::Dot).is_some() { "." } else { "" };
        let token = self.take();
        let reserved = RESERVED.contains(&token.text.as_str());
        let name = format!("{dot}{}", token.text);
        let Some(open) = self.take_if(TokenKind::LParen) else {
            if reserved {
                let expr = self.report(offset, format!("reserved identifier: {}", token.text));
                return Ok(Node { expr, depth: 0 });
            }
            let id = self.id_at(token.offset);
            return Ok(Node { expr: Expr { id, kind: Kind::Ident(name) }, depth: 0 });
        };
        let id = self.id_at(open.offset);
        let Arguments { args, depth, .. } = self.arguments(SELECTORS)?;
        if reserved {
            let expr = self.report(offset, format!("reserved identifier: {}", token.text));
            return Ok(Node { expr, depth: 0 });
        }
        let expr = match macros::expand_global(self, id, &name, args) {
            Ok(expr) => expr,
            Err(args) => call(id, &name, args),
        };
        Ok(Node { expr, depth })
    }

    /// Whether a dotted name with an opening brace behind it comes next.
    fn is_message(&self) -> bool {
        let mut places = usize::from(self.kind() == TokenKind::Dot);
        loop {
            if self.ahead(places) != TokenKind::Ident {
                return false;
            }
            match self.ahead(places + 1) {
                TokenKind::LBrace => return true,
                TokenKind::Dot => places += 2,
                _ => return false,
            }
        }
    }

    #[inline(never)]
    fn message(&mut self) -> Parse<Node> {
        let mut name = String::new();
        while self.kind() != TokenKind::LBrace {
            name.push_str(&self.take().text);
        }
        let open = self.take();
        let id = self.id_at(open.offset);
        let first = NAMES.and(TokenSet::of(&[TokenKind::Question, TokenKind::RBrace, TokenKind::Comma]));
        let mut fields = Vec::new();
        let mut depth = 0;
        let ends = TokenSet::of(&[TokenKind::RBrace, TokenKind::Comma]).and(SELECTORS);
        if !self.sync(first, SELECTORS)? {
            return Ok(Node { expr: Expr { id, kind: Kind::Struct(Struct { name, fields }) }, depth });
        }
        if !matches!(self.kind(), TokenKind::RBrace | TokenKind::Comma) {
            loop {
                let field_id = self.id_at(0);
                let optional = self.take_if(TokenKind::Question).is_some();
                let colon = ends.and(TokenSet::of(&[TokenKind::Colon]));
                let name = if self.sync(NAMES, colon)? { self.name() } else { String::new() };
                self.source.set_position(field_id, self.offset());
                if !self.expect(TokenKind::Colon, ends)? {
                    break;
                }
                let value = self.expr_until(ends)?;
                depth = depth.max(value.depth);
                fields.push(FieldInit { name, value: value.expr, optional });
                let more = NAMES.and(TokenSet::of(&[TokenKind::Question])).contains(self.ahead(1));
                if self.kind() != TokenKind::Comma || !more {
                    break;
                }
                self.take();
            }
        }
        self.close(TokenKind::RBrace)?;
        Ok(Node { expr: Expr { id, kind: Kind::Struct(Struct { name, fields }) }, depth })
    }

    #[inline(never)]
    fn list(&mut self) -> Parse<Node> {
        let open = self.take();
        let id = self.id_at(open.offset);
        let mut list = List::default();
        let mut depth = 0;
        let first = OPTIONAL_FIRST.and(TokenSet::of(&[TokenKind::RBracket, TokenKind::Comma]));
        let ends = TokenSet::of(&[TokenKind::RBracket, TokenKind::Comma]).and(SELECTORS);
        if !self.sync(first, SELECTORS)? {
            return Ok(Node { expr: Expr { id, kind: Kind::List(list) }, depth });
        }
        if OPTIONAL_FIRST.contains(self.kind()) {
            loop {
                if self.take_if(TokenKind::Question).is_some() {
                    list.optionals.push(list.elements.len());
                }
                let element = self.expr_until(ends)?;
                depth = depth.max(element.depth);
                list.elements.push(element.expr);
                if self.kind() != TokenKind::Comma || !OPTIONAL_FIRST.contains(self.ahead(1)) {
                    break;
                }
                self.take();
            }
        }
        self.close(TokenKind::RBracket)?;
        Ok(Node { expr: Expr { id, kind: Kind::List(list) }, depth })
    }

    #[inline(never)]
    fn map(&mut self) -> Parse<Node> {
        let open = self.take();
        let id = self.id_at(open.offset);
        let mut entries = Vec::new();
        let mut depth = 0;
        let first = OPTIONAL_FIRST.and(TokenSet::of(&[TokenKind::RBrace, TokenKind::Comma]));
        let ends = TokenSet::of(&[TokenKind::RBrace, TokenKind::Comma]).and(SELECTORS);
        if !self.sync(first, SELECTORS)? {
            return Ok(Node { expr: Expr { id, kind: Kind::Map(entries) }, depth });
        }
        if OPTIONAL_FIRST.contains(self.kind()) {
            loop {
                let known = self.issues.mark();
                let entry_id = self.id_at(0);
                let optional = self.take_if(TokenKind::Question).is_some();
                self.closers.push(ends);
                let key = self.expr_until(TokenSet::of(&[TokenKind::Colon]))?;
                self.closers.pop();
                self.source.set_position(entry_id, self.offset());
                if !self.expect(TokenKind::Colon, ends)? {
                    // A key without a value is none: nothing but its syntax is wrong.
                    self.issues.keep_syntax(known);
                    break;
                }
                let value = self.expr_until(ends)?;
                depth = depth.max(key.depth).max(value.depth);
                entries.push(Entry { key: key.expr, value: value.expr, optional });
                if self.kind() != TokenKind::Comma || !OPTIONAL_FIRST.contains(self.ahead(1)) {
                    break;
                }
                self.take();
            }
        }
        self.close(TokenKind::RBrace)?;
        Ok(Node { expr: Expr { id, kind: Kind::Map(entries) }, depth })
    }

    /// A bracket, perhaps behind a comma too many.
    fn close(&mut self, bracket: TokenKind) -> Parse<()> {
        let recovering = self.recovering;
        if self.sync(TokenSet::of(&[bracket, TokenKind::Comma]), SELECTORS)? || recovering {
            self.take_if(TokenKind::Comma);
            self.expect(bracket, SELECTORS)?;
        }
        Ok(())
    }
}

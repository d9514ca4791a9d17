//! Operators, from the conditional down to the unary ones.

use super::recovery::{FIRST, OPERAND, QUESTION, TokenSet};
use super::{Node, Parse, Parser};
use crate::ast::{Call, Expr, ExprId, Kind, operators};
use crate::lexer::TokenKind;

/// The name of a binary operator and how tightly it binds: `||`, `&&`, relations, sums, products.
fn binary(kind: TokenKind) -> Option<(&'static str, u8)> {
    Some(match kind {
        TokenKind::LogicalOr => (operators::LOGICAL_OR, 1),
        TokenKind::LogicalAnd => (operators::LOGICAL_AND, 2),
        TokenKind::Less => ("_<_", 3),
        TokenKind::LessEquals => ("_<=_", 3),
        TokenKind::GreaterEquals => ("_>=_", 3),
        TokenKind::Greater => ("_>_", 3),
        TokenKind::Equals => (operators::EQUALS, 3),
        TokenKind::NotEquals => (operators::NOT_EQUALS, 3),
        TokenKind::In => ("@in", 3),
        TokenKind::Plus => (operators::ADD, 4),
        TokenKind::Minus => ("_-_", 4),
        TokenKind::Star => ("_*_", 5),
        TokenKind::Slash => ("_/_", 5),
        TokenKind::Percent => ("_%_", 5),
        _ => return None,
    })
}

impl Parser {
    /// What stands behind a condition, from the question mark on.
    #[inline(never)]
    pub(super) fn conditional(&mut self, condition: Node) -> Parse<Node> {
        let question = self.take();
        let id = self.id_at(question.offset);
        // Inside of it another question mark goes on with nothing of this conditional.
        let outer = self.closers.pop().unwrap_or_default();
        self.closers.push(outer.without(QUESTION));
        self.closers.push(TokenSet::of(&[TokenKind::Colon]));
        let truthy = self.binary(1);
        self.closers.pop();
        self.closers.pop();
        self.closers.push(outer);
        let truthy = truthy?;
        let falsy = match self.expect(TokenKind::Colon, TokenSet::default())? {
            true => self.expr()?,
            false => self.unspecified(),
        };
        let depth = self.deeper(condition.depth.max(truthy.depth).max(falsy.depth))?;
        let args = vec![condition.expr, truthy.expr, falsy.expr];
        Ok(Node { expr: call(id, operators::CONDITIONAL, args), depth })
    }

    /// Operators that bind at least that tightly. Every level of nesting comes through here: what needs room on the
    /// stack is elsewhere.
    pub(super) fn binary(&mut self, tightness: u8) -> Parse<Node> {
        let mut left = self.unary()?;
        while let Some((function, binds)) = binary(self.kind()).filter(|(_, binds)| *binds >= tightness) {
            left = if binds < 3 {
                self.logical(left, function, binds)?
            } else {
                self.infix(left, function, binds)?
            };
        }
        Ok(left)
    }

    /// An operator that associates to the left, and its right operand.
    #[inline(never)]
    fn infix(&mut self, left: Node, function: &str, binds: u8) -> Parse<Node> {
        let token = self.take();
        let id = self.id_at(token.offset);
        let right = self.binary(binds + 1)?;
        let depth = self.deeper(left.depth.max(right.depth))?;
        Ok(Node { expr: call(id, function, vec![left.expr, right.expr]), depth })
    }

    /// Terms between `||` or between `&&`, as a balanced tree.
    #[inline(never)]
    fn logical(&mut self, first: Node, function: &str, binds: u8) -> Parse<Node> {
        let operator = self.kind();
        let mut depth = first.depth;
        let mut terms = vec![Some(first.expr)];
        let mut ids = Vec::new();
        while let Some(token) = self.take_if(operator) {
            let term = self.binary(binds + 1)?;
            depth = depth.max(term.depth);
            ids.push(self.id_at(token.offset));
            terms.push(Some(term.expr));
        }
        let expr = balanced(function, &mut terms, &ids).unwrap_or_else(|| self.unspecified().expr);
        Ok(Node { expr, depth })
    }

    /// `!operand`, `-operand` or an operand; a sign belongs to its number.
    fn unary(&mut self) -> Parse<Node> {
        let recovering = self.recovering;
        if !self.sync(FIRST, TokenSet::default())? {
            if recovering {
                self.recover(TokenSet::default(), FIRST)?;
            }
            return Ok(self.nothing());
        }
        match self.kind() {
            TokenKind::Exclam => self.prefixed(TokenKind::Exclam, operators::LOGICAL_NOT),
            TokenKind::Minus if !matches!(self.ahead(1), TokenKind::Int | TokenKind::Float) => {
                self.prefixed(TokenKind::Minus, operators::NEGATE)
            }
            _ => self.member(),
        }
    }

    /// An even number of such operators is none.
    #[inline(never)]
    fn prefixed(&mut self, operator: TokenKind, function: &str) -> Parse<Node> {
        let offset = self.offset();
        let mut count = 0;
        let mut last = self.at;
        while self.kind() == operator {
            last = self.at;
            self.take();
            count += 1;
        }
        if operator == TokenKind::Exclam {
            self.sync_operand()?;
        } else if !OPERAND.contains(self.kind()) {
            self.no_viable_alternative(last, TokenSet::default())?;
            return Ok(self.nothing());
        }
        if !OPERAND.contains(self.kind()) {
            return Ok(self.nothing());
        }
        if count % 2 == 0 {
            return self.member();
        }
        let id = self.id_at(offset);
        let operand = self.member()?;
        Ok(Node { expr: call(id, function, vec![operand.expr]), depth: operand.depth })
    }
}

pub(super) fn call(id: ExprId, function: &str, args: Vec<Expr>) -> Expr {
    Expr { id, kind: Kind::Call(Call { function: function.to_owned(), target: None, args }) }
}

/// The tree over `terms` whose nodes are `ids`: the middle one is the root.
fn balanced(function: &str, terms: &mut [Option<Expr>], ids: &[ExprId]) -> Option<Expr> {
    if ids.is_empty() {
        return terms.first_mut()?.take();
    }
    let middle = ids.len() / 2;
    let (left_terms, right_terms) = terms.split_at_mut_checked(middle + 1)?;
    let left = balanced(function, left_terms, ids.get(..middle)?)?;
    let right = balanced(function, right_terms, ids.get(middle + 1..)?)?;
    Some(call(*ids.get(middle)?, function, vec![left, right]))
}

//! Literals: numbers, and strings with their escape sequences.

use super::recovery::SELECTORS;
use super::{Node, Parse, Parser};
use crate::ast::{Expr, Kind, Literal};
use crate::lexer::TokenKind;

impl Parser {
    pub(super) fn literal(&mut self) -> Parse<Node> {
        let start = self.at;
        let offset = self.offset();
        let sign = if self.take_if(TokenKind::Minus).is_some() { "-" } else { "" };
        let kind = self.kind();
        let literal = match kind {
            TokenKind::Int | TokenKind::Float => {
                let text = self.take().text;
                number(kind, sign, &text)
            }
            TokenKind::Uint if sign.is_empty() => uint(&self.take().text),
            TokenKind::String if sign.is_empty() => string(&self.take().text),
            TokenKind::Bytes if sign.is_empty() => bytes(&self.take().text),
            TokenKind::True if sign.is_empty() => self.constant(Literal::Bool(true)),
            TokenKind::False if sign.is_empty() => self.constant(Literal::Bool(false)),
            TokenKind::Null if sign.is_empty() => self.constant(Literal::Null),
            _ => {
                self.no_viable_alternative(start, SELECTORS)?;
                return Ok(self.nothing());
            }
        };
        let expr = match literal {
            Ok(literal) => Expr { id: self.id_at(offset), kind: Kind::Literal(literal) },
            Err(message) => self.report(offset, message.to_owned()),
        };
        Ok(Node { expr, depth: 0 })
    }

    fn constant(&mut self, literal: Literal) -> Result<Literal, &'static str> {
        self.take();
        Ok(literal)
    }
}

fn number(kind: TokenKind, sign: &str, text: &str) -> Result<Literal, &'static str> {
    if kind == TokenKind::Float {
        let value: f64 = format!("{sign}{text}").parse().map_err(|_| "invalid double literal")?;
        return if value.is_finite() { Ok(Literal::Double(value)) } else { Err("invalid double literal") };
    }
    let value = match text.strip_prefix("0x") {
        Some(hex) => i64::from_str_radix(&format!("{sign}{hex}"), 16),
        None => format!("{sign}{text}").parse(),
    };
    value.map(Literal::Int).map_err(|_| "invalid int literal")
}

fn uint(text: &str) -> Result<Literal, &'static str> {
    let digits = text.trim_end_matches(['u', 'U']);
    let value = match digits.strip_prefix("0x") {
        Some(hex) => u64::from_str_radix(hex, 16),
        None => digits.parse(),
    };
    value.map(Literal::Uint).map_err(|_| "invalid uint literal")
}

fn string(text: &str) -> Result<Literal, &'static str> {
    let bytes = unquote(text, false)?;
    let text = String::from_utf8(bytes).map_err(|_| "invalid unicode code point")?;
    Ok(Literal::String(text.into()))
}

fn bytes(text: &str) -> Result<Literal, &'static str> {
    let quoted = text.get(1..).unwrap_or_default();
    Ok(Literal::Bytes(unquote(quoted, true)?.into()))
}

/// The contents of a literal. In bytes, hexadecimal and octal sequences are bytes, otherwise code points.
fn unquote(text: &str, is_bytes: bool) -> Result<Vec<u8>, &'static str> {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let raw = text.starts_with(['r', 'R']);
    let quoted = if raw { text.get(1..).unwrap_or_default() } else { &text };
    let width =
        if quoted.len() >= 6 && (quoted.starts_with("'''") || quoted.starts_with("\"\"\"")) { 3 } else { 1 };
    let inner = quoted.get(width..quoted.len().saturating_sub(width)).ok_or("unable to unescape string")?;
    if raw {
        return Ok(inner.as_bytes().to_vec());
    }
    let mut out = Vec::with_capacity(inner.len());
    let mut rest = inner;
    while let Some(at) = rest.find('\\') {
        out.extend_from_slice(rest.get(..at).unwrap_or_default().as_bytes());
        rest = unescape(rest.get(at + 1..).unwrap_or_default(), is_bytes, &mut out)?;
    }
    out.extend_from_slice(rest.as_bytes());
    Ok(out)
}

/// Writes what the sequence behind a backslash stands for, and returns what is behind it.
fn unescape<'a>(text: &'a str, is_bytes: bool, out: &mut Vec<u8>) -> Result<&'a str, &'static str> {
    const FAILED: &str = "unable to unescape string";
    let first = text.chars().next().ok_or("unable to unescape string, found '\\' as last character")?;
    let rest = text.get(first.len_utf8()..).unwrap_or_default();
    let simple = match first {
        'a' => 7,
        'b' => 8,
        'f' => 12,
        'n' => b'\n',
        'r' => b'\r',
        't' => b'\t',
        'v' => 11,
        '\\' | '\'' | '"' | '`' | '?' => u8::try_from(first).map_err(|_| FAILED)?,
        _ => 0,
    };
    if simple != 0 {
        out.push(simple);
        return Ok(rest);
    }
    let (digits, radix, length) = match first {
        'x' | 'X' => (rest, 16, 2),
        'u' if !is_bytes => (rest, 16, 4),
        'U' if !is_bytes => (rest, 16, 8),
        '0'..='3' => (text, 8, 3),
        _ => return Err(FAILED),
    };
    let code = digits.get(..length).ok_or(FAILED)?;
    let value = u32::from_str_radix(code, radix).map_err(|_| FAILED)?;
    if is_bytes {
        out.push(u8::try_from(value).map_err(|_| FAILED)?);
    } else {
        let c = char::from_u32(value).ok_or("invalid unicode code point")?;
        out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
    }
    Ok(digits.get(length..).unwrap_or_default())
}

//! Splits a text into tokens.

use std::fmt;

/// Defines the kinds with their names in messages, so that there is one list of them.
macro_rules! token_kinds {
    ($($kind:ident => $name:literal,)*) => {
        /// The kinds of tokens, in the order in which the grammar lists them: messages list expected ones so.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub(crate) enum TokenKind {
            $($kind,)*
        }

        impl TokenKind {
            pub(crate) const ALL: &[Self] = &[$(Self::$kind,)*];
        }

        impl fmt::Display for TokenKind {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str(match self {
                    $(Self::$kind => $name,)*
                })
            }
        }
    };
}

token_kinds! {
    Equals => "'=='",
    NotEquals => "'!='",
    In => "'in'",
    Less => "'<'",
    LessEquals => "'<='",
    GreaterEquals => "'>='",
    Greater => "'>'",
    LogicalAnd => "'&&'",
    LogicalOr => "'||'",
    LBracket => "'['",
    RBracket => "']'",
    LBrace => "'{'",
    RBrace => "'}'",
    LParen => "'('",
    RParen => "')'",
    Dot => "'.'",
    Comma => "','",
    Minus => "'-'",
    Exclam => "'!'",
    Question => "'?'",
    Colon => "':'",
    Plus => "'+'",
    Star => "'*'",
    Slash => "'/'",
    Percent => "'%'",
    True => "'true'",
    False => "'false'",
    Null => "'null'",
    Float => "NUM_FLOAT",
    Int => "NUM_INT",
    Uint => "NUM_UINT",
    String => "STRING",
    Bytes => "BYTES",
    Ident => "IDENTIFIER",
    EscIdent => "ESC_IDENTIFIER",
    Eof => "<EOF>",
}

/// A token: where it begins, counted in characters, and its text.
#[derive(Debug, Clone)]
pub(crate) struct Token {
    pub(crate) kind: TokenKind,
    pub(crate) offset: usize,
    pub(crate) text: String,
    /// White space and comments in front of it.
    pub(crate) hidden: String,
}

/// Characters that begin no token: their position and how the message shows them.
pub(crate) struct Unrecognized {
    pub(crate) offset: usize,
    pub(crate) text: String,
}

/// Symbols; a longer one stands before its beginning.
const SYMBOLS: [(&str, TokenKind); 25] = [
    ("==", TokenKind::Equals),
    ("!=", TokenKind::NotEquals),
    ("<=", TokenKind::LessEquals),
    (">=", TokenKind::GreaterEquals),
    ("&&", TokenKind::LogicalAnd),
    ("||", TokenKind::LogicalOr),
    ("<", TokenKind::Less),
    (">", TokenKind::Greater),
    ("[", TokenKind::LBracket),
    ("]", TokenKind::RBracket),
    ("{", TokenKind::LBrace),
    ("}", TokenKind::RBrace),
    ("(", TokenKind::LParen),
    (")", TokenKind::RParen),
    (".", TokenKind::Dot),
    (",", TokenKind::Comma),
    ("-", TokenKind::Minus),
    ("!", TokenKind::Exclam),
    ("?", TokenKind::Question),
    (":", TokenKind::Colon),
    ("+", TokenKind::Plus),
    ("*", TokenKind::Star),
    ("/", TokenKind::Slash),
    ("%", TokenKind::Percent),
    ("in", TokenKind::In),
];

/// Splits a text; what begins no token is reported and skipped.
pub(crate) fn tokenize(text: &str) -> (Vec<Token>, Vec<Unrecognized>) {
    let chars: Vec<char> = text.chars().collect();
    let mut tokens = Vec::new();
    let mut unrecognized = Vec::new();
    let mut between = String::new();
    let mut at = 0;
    while at < chars.len() {
        let rest = chars.get(at..).unwrap_or_default();
        if let Some(length) = hidden(rest) {
            between.extend(rest.iter().take(length));
            at += length;
        } else if let Some((kind, length)) = token(rest) {
            let text = rest.iter().take(length).collect();
            tokens.push(Token { kind, offset: at, text, hidden: std::mem::take(&mut between) });
            at += length;
        } else {
            let length = failed_length(rest);
            let text = rest.iter().take(length).collect();
            unrecognized.push(Unrecognized { offset: at, text });
            at += length;
        }
    }
    tokens.push(Token {
        kind: TokenKind::Eof,
        offset: chars.len(),
        text: "<EOF>".to_owned(),
        hidden: between,
    });
    (tokens, unrecognized)
}

/// How deep brackets and conditionals can nest: that deep the parser goes.
pub(crate) fn nesting(tokens: &[Token]) -> usize {
    let (mut deepest, mut open, mut conditionals) = (0_usize, 0_usize, 0_usize);
    for token in tokens {
        match token.kind {
            TokenKind::LParen | TokenKind::LBracket | TokenKind::LBrace => open += 1,
            TokenKind::RParen | TokenKind::RBracket | TokenKind::RBrace => open = open.saturating_sub(1),
            TokenKind::Question => conditionals += 1,
            _ => {}
        }
        deepest = deepest.max(open);
    }
    deepest + conditionals
}

/// The length of white space or a comment.
fn hidden(rest: &[char]) -> Option<usize> {
    let blank = |c: &&char| matches!(**c, '\t' | ' ' | '\r' | '\n' | '\u{c}');
    let blanks = rest.iter().take_while(blank).count();
    if blanks > 0 {
        return Some(blanks);
    }
    let comment = rest.starts_with(&['/', '/']);
    comment.then(|| rest.iter().take_while(|c| **c != '\n').count())
}

/// The longest token at the beginning; among equally long ones the grammar's first.
fn token(rest: &[char]) -> Option<(TokenKind, usize)> {
    let symbol =
        SYMBOLS.iter().find(|(symbol, _)| symbol.chars().eq(rest.iter().copied().take(symbol.len())));
    let mut best = symbol.map(|(symbol, kind)| (*kind, symbol.len()));
    let others = [
        number(rest),
        quoted(rest).map(|length| (TokenKind::String, length)),
        bytes(rest).map(|length| (TokenKind::Bytes, length)),
        identifier(rest),
        escaped_identifier(rest).map(|length| (TokenKind::EscIdent, length)),
    ];
    for (kind, length) in others.into_iter().flatten() {
        if best.is_none_or(|(_, longest)| length > longest) {
            best = Some((kind, length));
        }
    }
    best
}

fn digits(rest: &[char]) -> usize {
    rest.iter().take_while(|c| c.is_ascii_digit()).count()
}

fn number(rest: &[char]) -> Option<(TokenKind, usize)> {
    let suffixed = |length: usize| match rest.get(length) {
        Some('u' | 'U') => (TokenKind::Uint, length + 1),
        _ => (TokenKind::Int, length),
    };
    if rest.starts_with(&['0', 'x']) {
        let hex = rest.iter().skip(2).take_while(|c| c.is_ascii_hexdigit()).count();
        if hex > 0 {
            return Some(suffixed(2 + hex));
        }
    }
    let whole = digits(rest);
    let mut length = whole;
    let mut float = false;
    if rest.get(length) == Some(&'.') {
        let fraction = digits(rest.get(length + 1..).unwrap_or_default());
        if fraction > 0 {
            length += 1 + fraction;
            float = true;
        }
    }
    if length == 0 {
        return None;
    }
    if matches!(rest.get(length), Some('e' | 'E')) {
        let sign = usize::from(matches!(rest.get(length + 1), Some('+' | '-')));
        let exponent = digits(rest.get(length + 1 + sign..).unwrap_or_default());
        if exponent > 0 {
            length += 1 + sign + exponent;
            float = true;
        }
    }
    Some(if float { (TokenKind::Float, length) } else { suffixed(whole) })
}

fn identifier(rest: &[char]) -> Option<(TokenKind, usize)> {
    let first = rest.first()?;
    if !first.is_ascii_alphabetic() && *first != '_' {
        return None;
    }
    let length = rest.iter().take_while(|c| c.is_ascii_alphanumeric() || **c == '_').count();
    let name: String = rest.iter().take(length).collect();
    let kind = match name.as_str() {
        "true" => TokenKind::True,
        "false" => TokenKind::False,
        "null" => TokenKind::Null,
        _ => TokenKind::Ident,
    };
    Some((kind, length))
}

fn escaped_identifier(rest: &[char]) -> Option<usize> {
    let inner = rest.strip_prefix(&['`'])?;
    let allowed = |c: &&char| c.is_ascii_alphanumeric() || matches!(**c, '_' | '.' | '-' | '/' | ' ');
    let length = inner.iter().take_while(allowed).count();
    (length > 0 && inner.get(length) == Some(&'`')).then_some(length + 2)
}

fn bytes(rest: &[char]) -> Option<usize> {
    let inner = rest.strip_prefix(&['b']).or_else(|| rest.strip_prefix(&['B']))?;
    quoted(inner).map(|length| length + 1)
}

/// A string literal in one of its eight forms.
fn quoted(rest: &[char]) -> Option<usize> {
    let raw = matches!(rest.first(), Some('r' | 'R'));
    let prefix = usize::from(raw);
    let body = rest.get(prefix..)?;
    let quote = *body.first().filter(|c| matches!(c, '"' | '\''))?;
    let triple = [quote; 3];
    // An empty string followed by a quote is a long one that has no end, if it has none.
    let long = body.starts_with(&triple).then(|| closing(body, raw, true)).flatten();
    let length = long.or_else(|| closing(body, raw, false))?;
    Some(prefix + length)
}

/// The length of a literal with its quotes, if it ends.
fn closing(body: &[char], raw: bool, long: bool) -> Option<usize> {
    let quote = *body.first()?;
    let triple = [quote; 3];
    let mut at = if long { 3 } else { 1 };
    loop {
        let rest = body.get(at..)?;
        let c = *rest.first()?;
        if long && rest.starts_with(&triple) {
            return Some(at + 3);
        }
        if !long && c == quote {
            return Some(at + 1);
        }
        if !long && matches!(c, '\n' | '\r') {
            return None;
        }
        at += if c == '\\' && !raw { escape(rest)? } else { 1 };
    }
}

/// The length of an escape sequence, whose backslash is the first character.
fn escape(rest: &[char]) -> Option<usize> {
    let hex = |length: usize| {
        let all = rest.get(2..2 + length)?.iter().all(char::is_ascii_hexdigit);
        all.then_some(2 + length)
    };
    match rest.get(1)? {
        'a' | 'b' | 'f' | 'n' | 'r' | 't' | 'v' | '"' | '\'' | '\\' | '?' | '`' => Some(2),
        'x' | 'X' => hex(2),
        'u' => hex(4),
        'U' => hex(8),
        '0'..='3' => rest.get(2..4)?.iter().all(|c| matches!(c, '0'..='7')).then_some(4),
        _ => None,
    }
}

/// How many characters are skipped where no token begins: up to the one at which the lexer gave up, with it.
fn failed_length(rest: &[char]) -> usize {
    let prefix = rest.iter().take(2).take_while(|c| matches!(c, 'b' | 'B' | 'r' | 'R')).count();
    let Some(quote) = rest.get(prefix).copied() else { return 1 };
    let raw = rest.iter().take(prefix).any(|c| matches!(c, 'r' | 'R'));
    match quote {
        '"' | '\'' => prefix + unterminated(rest.get(prefix..).unwrap_or_default(), raw),
        '`' => {
            let allowed = |c: &&char| c.is_ascii_alphanumeric() || matches!(**c, '_' | '.' | '-' | '/' | ' ');
            let inner = rest.get(1..).unwrap_or_default();
            let length = inner.iter().take_while(allowed).count();
            (length + 2).min(rest.len())
        }
        '&' | '|' | '=' => 2.min(rest.len()),
        _ => 1,
    }
}

/// How far the lexer read a literal that has no end.
fn unterminated(body: &[char], raw: bool) -> usize {
    let Some(quote) = body.first().copied() else { return 1 };
    let long = body.starts_with(&[quote; 3]);
    let mut at = if long { 3 } else { 1 };
    while let Some(rest) = body.get(at..).filter(|rest| !rest.is_empty()) {
        match rest.first() {
            Some('\n' | '\r') if !long => return at + 1,
            Some('\\') if !raw => match escape(rest) {
                Some(length) => at += length,
                None => return (at + bad_escape(rest)).min(body.len()),
            },
            _ => at += 1,
        }
    }
    body.len()
}

/// How many characters of a wrong escape sequence the lexer read, with the wrong one.
fn bad_escape(rest: &[char]) -> usize {
    let wanted = match rest.get(1) {
        Some('x' | 'X') => 2,
        Some('u') => 4,
        Some('U') => 8,
        Some('0'..='3') => {
            let octal = rest.iter().skip(2).take(2).take_while(|c| matches!(c, '0'..='7')).count();
            return 3 + octal;
        }
        _ => return 2,
    };
    3 + rest.iter().skip(2).take(wanted).take_while(|c| c.is_ascii_hexdigit()).count()
}

//! The tokens of a label selector (`Lexer` of `k8s.io/apimachinery/pkg/labels/selector.go`).

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    End,
    ClosedParenthesis,
    Comma,
    Exclamation,
    DoubleEquals,
    Equals,
    GreaterThan,
    Identifier,
    In,
    LessThan,
    NotEquals,
    NotIn,
    OpenParenthesis,
}

/// A token and its text.
#[derive(Clone, Copy, Debug)]
pub(super) struct Token<'a> {
    pub(super) kind: Kind,
    pub(super) text: &'a str,
}

impl Token<'_> {
    /// `in` and `notin` are names unless an operator is due.
    pub(super) fn as_value(self) -> Self {
        match self.kind {
            Kind::In | Kind::NotIn => Self { kind: Kind::Identifier, ..self },
            _ => self,
        }
    }
}

/// All tokens of a selector; the last one is [`Kind::End`].
pub(super) fn tokens(selector: &str) -> Vec<Token<'_>> {
    let mut tokens = Vec::new();
    let mut rest = selector;
    loop {
        let token;
        (token, rest) = next(rest);
        tokens.push(token);
        if token.kind == Kind::End {
            return tokens;
        }
    }
}

fn next(rest: &str) -> (Token<'_>, &str) {
    let rest = rest.trim_start_matches([' ', '\t', '\r', '\n']);
    // To upstream's lexer a zero byte is the end of the text, except that one right behind a token is swallowed.
    if rest.is_empty() || rest.starts_with('\0') {
        return (Token { kind: Kind::End, text: "" }, "");
    }
    let symbols = [
        ("==", Kind::DoubleEquals),
        ("!=", Kind::NotEquals),
        ("=", Kind::Equals),
        ("!", Kind::Exclamation),
        ("(", Kind::OpenParenthesis),
        (")", Kind::ClosedParenthesis),
        (",", Kind::Comma),
        (">", Kind::GreaterThan),
        ("<", Kind::LessThan),
    ];
    if let Some((text, kind)) = symbols.into_iter().find(|(text, _)| rest.starts_with(text)) {
        let (text, rest) = rest.split_at(text.len());
        return (Token { kind, text }, rest.strip_prefix('\0').unwrap_or(rest));
    }
    let end = rest.find(is_delimiter).unwrap_or(rest.len());
    let (text, rest) = rest.split_at(end);
    let kind = match text {
        "in" => Kind::In,
        "notin" => Kind::NotIn,
        _ => Kind::Identifier,
    };
    (Token { kind, text }, rest.strip_prefix('\0').unwrap_or(rest))
}

fn is_delimiter(c: char) -> bool {
    matches!(c, '\0' | ' ' | '\t' | '\r' | '\n' | '=' | '!' | '(' | ')' | ',' | '>' | '<')
}

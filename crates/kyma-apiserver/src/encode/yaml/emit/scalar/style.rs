//! Which style the emitter chooses for a string.

use super::super::resolve::looks_like_another_type;

#[derive(Clone, Copy)]
pub(super) enum Style {
    Plain,
    SingleQuoted,
    DoubleQuoted,
    Literal,
}

/// Whether YAML 1.1 takes the character for a line break.
pub(in super::super) fn is_break(char: char) -> bool {
    matches!(char, '\n' | '\r' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

/// Whether the character may stand in the output as it is. Unlike in libyaml, nothing beyond U+FFFF may.
pub(super) fn is_printable(char: char) -> bool {
    matches!(char, '\n' | ' '..='~' | '\u{A0}'..='\u{FFFD}') && char != '\u{FEFF}'
}

/// The style of a string outside of flow collections, in which the emitter writes none.
pub(super) fn style(text: &str) -> Style {
    let allowed = Allowed::of(text);
    if text.contains('\n') {
        if allowed.literal { Style::Literal } else { Style::DoubleQuoted }
    } else if looks_like_another_type(text) {
        Style::DoubleQuoted
    } else if allowed.plain {
        Style::Plain
    } else if allowed.single_quoted {
        Style::SingleQuoted
    } else {
        Style::DoubleQuoted
    }
}

/// The styles in which a string would be read back as it is.
struct Allowed {
    plain: bool,
    single_quoted: bool,
    literal: bool,
}

impl Allowed {
    fn of(text: &str) -> Self {
        let pairs = || text.chars().zip(text.chars().skip(1));
        let leading = text.starts_with(|char| char == ' ' || is_break(char));
        let trailing = text.ends_with(|char| char == ' ' || is_break(char));
        let break_space = pairs().any(|(left, right)| is_break(left) && right == ' ');
        let special =
            !text.chars().all(is_printable) || pairs().any(|(left, right)| left == ' ' && is_break(right));
        Self {
            plain: !(leading || trailing || special || text.contains(is_break) || has_indicator(text)),
            single_quoted: !break_space && !special,
            literal: !text.ends_with(' ') && !special,
        }
    }
}

/// Whether the string has something in it that means something else in a block collection.
fn has_indicator(text: &str) -> bool {
    if text.starts_with("---") || text.starts_with("...") {
        return true;
    }
    let mut chars = text.chars().peekable();
    let mut previous = None;
    while let Some(char) = chars.next() {
        let blank_follows = chars.peek().is_none_or(|next| matches!(next, ' ' | '\t'));
        let indicates = match (previous, char) {
            (None, '#' | ',' | '[' | ']' | '{' | '}' | '&' | '*' | '!' | '|' | '>') => true,
            (None, '\'' | '"' | '%' | '@' | '`') => true,
            (None, '?' | '-') | (_, ':') => blank_follows,
            (Some(previous), '#') => matches!(previous, ' ' | '\t' | '\0') || is_break(previous),
            _ => false,
        };
        if indicates {
            return true;
        }
        previous = Some(char);
    }
    false
}

//! Regular expressions in Go's syntax (RE2), which differs from that of the regex crate in small ways.

use std::iter::Peekable;
use std::str::Chars;

use regex::Regex;

/// Compiles a `pattern`; an empty one is none.
///
/// # Errors
/// Why it is not a regular expression. The real server's words, as far as the cause is a common one.
pub(super) fn compile(pattern: &str) -> Result<Option<Regex>, String> {
    if pattern.is_empty() {
        return Ok(None);
    }
    let translated = translate(pattern).map_err(|problem| format!("error parsing regexp: {problem}"))?;
    let failed = |error: regex::Error| {
        let text = error.to_string();
        let cause = text.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned();
        format!("error parsing regexp: {cause}: `{pattern}`")
    };
    Regex::new(&translated).map(Some).map_err(failed)
}

/// Rewrites what the regex crate reads differently: Perl classes are ASCII in Go, brackets and set operators inside a
/// class are plain characters, `\<` is a plain one, too, a brace that begins no repetition stands for itself, `\Q…\E`
/// quotes, and nothing may be repeated twice.
fn translate(pattern: &str) -> Result<String, String> {
    let mut translator =
        Translator { rest: pattern.chars().peekable(), out: String::with_capacity(pattern.len()) };
    let mut last_repeat = String::new();
    while let Some(c) = translator.rest.next() {
        let repeat = match c {
            '*' | '+' | '?' => c.to_string(),
            '{' => translator.repetition().unwrap_or_default(),
            _ => String::new(),
        };
        if !repeat.is_empty() {
            let lazy = if translator.rest.next_if_eq(&'?').is_some() { "?" } else { "" };
            if !last_repeat.is_empty() {
                return Err(format!("invalid nested repetition operator: `{last_repeat}{repeat}{lazy}`"));
            }
            last_repeat = repeat + lazy;
            translator.out.push_str(&last_repeat);
            continue;
        }
        last_repeat.clear();
        match c {
            '\\' => translator.escape(false),
            '[' => translator.class(),
            '{' => translator.out.push_str("\\{"),
            // A question mark behind a parenthesis begins a flag or a name.
            '(' if translator.rest.next_if_eq(&'?').is_some() => translator.out.push_str("(?"),
            c => translator.out.push(c),
        }
    }
    Ok(translator.out)
}

struct Translator<'a> {
    rest: Peekable<Chars<'a>>,
    out: String,
}

impl Translator<'_> {
    /// What follows a backslash.
    fn escape(&mut self, in_class: bool) {
        let Some(c) = self.rest.next() else {
            self.out.push('\\');
            return;
        };
        let digits = "0-9";
        let words = "0-9A-Za-z_";
        let spaces = "\\t\\n\\f\\r ";
        let (set, negated) = match c {
            'd' | 'D' => (digits, c == 'D'),
            'w' | 'W' => (words, c == 'W'),
            's' | 'S' => (spaces, c == 'S'),
            'b' | 'B' if !in_class => {
                self.out.push_str(if c == 'b' { "(?-u:\\b)" } else { "(?-u:\\B)" });
                return;
            }
            'Q' if !in_class => return self.quoted(),
            '0'..='7' => return self.octal(c),
            '<' | '>' => {
                self.out.push(c);
                return;
            }
            c => {
                self.out.push('\\');
                self.out.push(c);
                // The braces of a code point or a Unicode class are no repetition.
                if matches!(c, 'p' | 'P' | 'x') && self.rest.next_if_eq(&'{').is_some() {
                    let name: String = self.rest.by_ref().take_while(|next| *next != '}').collect();
                    self.out.push_str(&format!("{{{name}}}"));
                }
                return;
            }
        };
        match (negated, in_class) {
            (true, _) => self.out.push_str(&format!("[^{set}]")),
            (false, true) => self.out.push_str(set),
            (false, false) => self.out.push_str(&format!("[{set}]")),
        }
    }

    /// `\Q…\E`: everything stands for itself.
    fn quoted(&mut self) {
        let rest: String = self.rest.clone().collect();
        let (text, skipped) = rest.split_once("\\E").map_or((rest.as_str(), 0), |(text, _)| (text, 2));
        self.out.push_str(&regex::escape(text));
        for _ in 0..text.chars().count() + skipped {
            self.rest.next();
        }
    }

    /// Octal digits; a single one but zero would be a back reference, which neither engine has.
    fn octal(&mut self, first: char) {
        let more: String = self.rest.clone().take(2).take_while(|c| matches!(c, '0'..='7')).collect();
        if first != '0' && more.is_empty() {
            self.out.push('\\');
            self.out.push(first);
            return;
        }
        for _ in 0..more.len() {
            self.rest.next();
        }
        let code = u32::from_str_radix(&format!("{first}{more}"), 8).unwrap_or_default();
        self.out.push_str(&format!("\\x{{{code:x}}}"));
    }

    /// A bracketed class, whose opening bracket has been read.
    fn class(&mut self) {
        self.out.push('[');
        if self.rest.next_if_eq(&'^').is_some() {
            self.out.push('^');
        }
        // A closing bracket in the first place is a plain one.
        if self.rest.next_if_eq(&']').is_some() {
            self.out.push_str("\\]");
        }
        while let Some(c) = self.rest.next() {
            match c {
                ']' => {
                    self.out.push(']');
                    return;
                }
                '[' if self.rest.peek() == Some(&':') => self.named_class(),
                '[' | '&' | '~' => {
                    self.out.push('\\');
                    self.out.push(c);
                }
                '\\' => self.escape(true),
                c => self.out.push(c),
            }
        }
    }

    /// `[:alpha:]` and its like stay as they are, if they are closed.
    fn named_class(&mut self) {
        let rest: String = self.rest.clone().collect();
        let Some((name, _)) = rest.strip_prefix(':').and_then(|rest| rest.split_once(":]")) else {
            self.out.push_str("\\[");
            return;
        };
        self.out.push_str(&format!("[:{name}:]"));
        for _ in 0..name.chars().count() + 3 {
            self.rest.next();
        }
    }

    /// `{2}`, `{2,}` or `{2,3}`, whose opening brace has been read; anything else is left alone.
    fn repetition(&mut self) -> Option<String> {
        let rest: String = self.rest.clone().collect();
        let (inner, _) = rest.split_once('}')?;
        let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        let repeats = match inner.split_once(',') {
            Some((low, high)) => digits(low) && (high.is_empty() || digits(high)),
            None => digits(inner),
        };
        if !repeats {
            return None;
        }
        for _ in 0..=inner.len() {
            self.rest.next();
        }
        Some(format!("{{{inner}}}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each pair was tried with Go's regexp.
    #[test]
    fn patterns_mean_what_they_mean_in_go() {
        let table = [
            (r"^\d+$", "12", true),
            (r"^\d+$", "١٢", false),
            (r"^\w$", "é", false),
            (r"^[\w.]+$", "a.b", true),
            (r"^[^\d]$", "é", true),
            (r"^\D$", "é", true),
            (r"^[\D]$", "7", false),
            (r"^\s$", "\u{b}", false),
            (r"^[^[]+$", "a]b", true),
            (r"^[^[]+$", "a[b", false),
            (r"^[]a]+$", "]a", true),
            (r"^[a&&b]+$", "&ab", true),
            (r"^\${[a-z]+}$", "${x}", true),
            (r"^a{,2}$", "a{,2}", true),
            (r"^a{2,3}$", "aaa", true),
            (r"^\<a\>$", "<a>", true),
            (r"^\Qa.b\E+$", "a.bb", true),
            (r"^\Qa.b", "axb", false),
            (r"^\101$", "A", true),
            (r"^[[:alpha:]]+$", "ab", true),
            (r"^\p{Greek}+$", "αβ", true),
            (r"^[\pL\x{41}]+$", "Aé", true),
            (r"^(?i)abc$", "ABC", true),
            (r"^a.c$", "a\nc", false),
            (r"a$", "a\n", false),
            (r"\bfoo\b", "é-foo-é", true),
            (r"\bfoo\b", "éfooé", true),
        ];
        for (pattern, text, expected) in table {
            let regex = compile(pattern).unwrap().unwrap();
            assert_eq!(regex.is_match(text), expected, "{pattern} {text:?}");
        }
    }

    #[test]
    fn what_is_no_pattern_is_refused() {
        assert_eq!(
            compile("a**").unwrap_err(),
            "error parsing regexp: invalid nested repetition operator: `**`"
        );
        assert_eq!(
            compile("a{2}+?").unwrap_err(),
            "error parsing regexp: invalid nested repetition operator: `{2}+?`"
        );
        for pattern in ["[a", "(a", "a)", "*a", "(?=a)", r"\", r"\1", "[z-a]"] {
            let error = compile(pattern).unwrap_err();
            assert!(
                error.starts_with("error parsing regexp: ") && error.ends_with(&format!("`{pattern}`")),
                "{error}"
            );
        }
        assert!(compile("").unwrap().is_none());
    }
}

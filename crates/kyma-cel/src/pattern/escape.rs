//! What stands behind a backslash.

use super::{Translator, before, problem};

/// A class that a letter stands for.
const CLASSES: [(char, &str); 3] = [('d', "0-9"), ('s', "\\t\\n\\f\\r "), ('w', "0-9A-Za-z_")];

/// The class of a letter, and whether it is its complement.
pub(super) fn perl_class(letter: char) -> Option<(&'static str, bool)> {
    let lower = letter.to_ascii_lowercase();
    let (_, set) = CLASSES.into_iter().find(|(name, _)| *name == lower)?;
    Some((set, letter.is_ascii_uppercase()))
}

impl<'a> Translator<'a> {
    pub(super) fn backslash(&mut self) -> Result<(), String> {
        let letter = self.rest.chars().nth(1).unwrap_or_default();
        match letter {
            'A' | 'z' => {
                self.out.push('\\');
                self.out.push(letter);
                self.skip(2);
            }
            'b' | 'B' => {
                self.out.push_str(if letter == 'b' { "(?-u:\\b)" } else { "(?-u:\\B)" });
                self.skip(2);
            }
            'C' => return Err(problem("invalid escape sequence", "\\C")),
            'Q' => {
                let quoted = self.rest.get(2..).unwrap_or_default();
                let (text, behind) = quoted.split_once("\\E").unwrap_or((quoted, ""));
                text.chars().for_each(|c| self.literal(c));
                self.rest = behind;
            }
            'p' | 'P' => {
                let class = self.unicode_class()?;
                self.out.push_str(&class);
            }
            letter => {
                if let Some((set, negated)) = perl_class(letter) {
                    self.out.push_str(if negated { "[^" } else { "[" });
                    self.out.push_str(set);
                    self.out.push(']');
                    self.skip(2);
                } else {
                    let c = self.escaped_char()?;
                    self.literal(c);
                }
            }
        }
        Ok(())
    }

    /// `\pL`, `\p{Greek}` or `\p{^Greek}`.
    pub(super) fn unicode_class(&mut self) -> Result<String, String> {
        let start = self.rest;
        let behind = start.get(2..).unwrap_or_default();
        let (name, rest) = match behind.strip_prefix('{') {
            Some(braced) => {
                braced.split_once('}').ok_or_else(|| problem("invalid character class range", start))?
            }
            None => behind.split_at(behind.chars().next().map_or(0, char::len_utf8)),
        };
        let complement = start.starts_with("\\P") != name.starts_with('^');
        let bare = name.strip_prefix('^').unwrap_or(name);
        let class = format!("\\{}{{{bare}}}", if complement { 'P' } else { 'p' });
        // Go's names are general categories and scripts.
        let known = !bare.contains(['=', ':', '!']) && regex::Regex::new(&class).is_ok();
        if bare.is_empty() || !known {
            return Err(problem("invalid character class range", before(start, rest)));
        }
        self.rest = rest;
        Ok(class)
    }

    /// The character that an escape sequence stands for.
    pub(super) fn escaped_char(&mut self) -> Result<char, String> {
        let start = self.rest;
        let mut rest = start.get(1..).unwrap_or_default();
        let mut next = || -> Option<char> {
            let c = rest.chars().next()?;
            rest = rest.get(c.len_utf8()..).unwrap_or_default();
            Some(c)
        };
        let Some(c) = next() else { return Err(problem("trailing backslash at end of expression", "")) };
        let character = match c {
            '0'..='7' => {
                let octal = rest.bytes().take(2).take_while(|byte| matches!(byte, b'0'..=b'7')).count();
                if c != '0' && octal == 0 {
                    None
                } else {
                    let digits = start.get(1..octal + 2).unwrap_or_default();
                    rest = rest.get(octal..).unwrap_or_default();
                    u32::from_str_radix(digits, 8).ok().and_then(char::from_u32)
                }
            }
            'x' => match next() {
                Some('{') => {
                    let digits = rest.bytes().take_while(u8::is_ascii_hexdigit).count();
                    let (code, behind) = rest.split_at(digits);
                    let closed = behind.strip_prefix('}');
                    let code = u32::from_str_radix(code, 16).ok().and_then(char::from_u32);
                    rest = closed.unwrap_or_else(|| {
                        behind.get(behind.chars().next().map_or(0, char::len_utf8)..).unwrap_or_default()
                    });
                    code.filter(|_| closed.is_some())
                }
                Some(first) => {
                    let second = next().unwrap_or_default();
                    let digits: String = [first, second].iter().collect();
                    let hex = digits.chars().all(|digit| digit.is_ascii_hexdigit());
                    u32::from_str_radix(&digits, 16).ok().filter(|_| hex).and_then(char::from_u32)
                }
                None => None,
            },
            'a' => Some('\u{7}'),
            'f' => Some('\u{c}'),
            'n' => Some('\n'),
            'r' => Some('\r'),
            't' => Some('\t'),
            'v' => Some('\u{b}'),
            c if c.is_ascii() && !c.is_ascii_alphanumeric() => Some(c),
            _ => None,
        };
        let character = character.ok_or_else(|| problem("invalid escape sequence", before(start, rest)))?;
        self.rest = rest;
        Ok(character)
    }
}

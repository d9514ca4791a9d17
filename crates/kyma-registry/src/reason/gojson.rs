//! What Go's `encoding/json` finds wrong with a text, in its words (its `scanner.go`).

use super::gotext;

/// Upstream refuses what is nested deeper.
const DEPTH_MAX: usize = 10_000;

/// What a scanner is inside of.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Inside {
    Key,
    Member,
    Array,
}

/// What may come next.
#[derive(Clone, Copy)]
enum State {
    Value,
    ValueOrEnd,
    Key,
    KeyOrEnd,
    EndValue,
    Text,
    Escape,
    /// So many digits of a `\u` escape are still to come.
    Hex(u8),
    Minus,
    Zero,
    Whole,
    Point,
    Fraction,
    Exponent,
    Sign,
    Power,
    /// The rest of a literal, and its name.
    Literal(&'static str, &'static str),
}

/// The first fault of a text that is no JSON; `None` where Go finds none.
pub(crate) fn problem(text: &[u8]) -> Option<String> {
    let mut scanner = Scanner { state: State::Value, stack: Vec::new() };
    for byte in text {
        if let Err(problem) = scanner.step(*byte) {
            return Some(problem);
        }
    }
    // A number ends where something else begins. What is cut off in a literal meets that blank, too.
    if let Err(problem) = scanner.step(b' ') {
        return Some(problem);
    }
    let ended = matches!(scanner.state, State::EndValue);
    (!ended || !scanner.stack.is_empty()).then(|| "unexpected end of JSON input".to_owned())
}

/// The text of a serde error in Go's words.
pub fn in_words(text: &[u8], error: &serde_json::Error) -> String {
    problem(text).unwrap_or_else(|| error.to_string())
}

struct Scanner {
    state: State,
    stack: Vec<Inside>,
}

impl Scanner {
    fn step(&mut self, byte: u8) -> Result<(), String> {
        let blank = matches!(byte, b' ' | b'\t' | b'\r' | b'\n');
        self.state = match self.state {
            State::Value | State::ValueOrEnd | State::Key | State::KeyOrEnd | State::EndValue if blank => {
                return Ok(());
            }
            State::ValueOrEnd if byte == b']' => return self.close(),
            State::Value | State::ValueOrEnd => return self.begin(byte),
            State::KeyOrEnd if byte == b'}' => return self.close(),
            State::Key | State::KeyOrEnd if byte == b'"' => State::Text,
            State::Key | State::KeyOrEnd => {
                return Err(invalid(byte, "looking for beginning of object key string"));
            }
            State::EndValue => return self.after_value(byte),
            State::Text | State::Escape | State::Hex(_) => self.in_text(byte)?,
            State::Literal(rest, name) => self.in_literal(byte, rest, name)?,
            _ => return self.in_number(byte),
        };
        Ok(())
    }

    fn begin(&mut self, byte: u8) -> Result<(), String> {
        self.state = match byte {
            b'{' => self.open(Inside::Key, State::KeyOrEnd)?,
            b'[' => self.open(Inside::Array, State::ValueOrEnd)?,
            b'"' => State::Text,
            b'-' => State::Minus,
            b'0' => State::Zero,
            b'1'..=b'9' => State::Whole,
            b't' => State::Literal("rue", "true"),
            b'f' => State::Literal("alse", "false"),
            b'n' => State::Literal("ull", "null"),
            _ => return Err(invalid(byte, "looking for beginning of value")),
        };
        Ok(())
    }

    fn open(&mut self, inside: Inside, next: State) -> Result<State, String> {
        self.stack.push(inside);
        if self.stack.len() > DEPTH_MAX { Err("exceeded max depth".to_owned()) } else { Ok(next) }
    }

    fn close(&mut self) -> Result<(), String> {
        self.stack.pop();
        self.state = State::EndValue;
        Ok(())
    }

    fn after_value(&mut self, byte: u8) -> Result<(), String> {
        let Some(inside) = self.stack.last_mut() else {
            return Err(invalid(byte, "after top-level value"));
        };
        self.state = match (*inside, byte) {
            (Inside::Key, b':') => {
                *inside = Inside::Member;
                State::Value
            }
            (Inside::Key, _) => return Err(invalid(byte, "after object key")),
            (Inside::Member, b',') => {
                *inside = Inside::Key;
                State::Key
            }
            (Inside::Member, b'}') | (Inside::Array, b']') => return self.close(),
            (Inside::Member, _) => return Err(invalid(byte, "after object key:value pair")),
            (Inside::Array, b',') => State::Value,
            (Inside::Array, _) => return Err(invalid(byte, "after array element")),
        };
        Ok(())
    }

    fn in_text(&self, byte: u8) -> Result<State, String> {
        match (self.state, byte) {
            (State::Escape, b'u') => Ok(State::Hex(4)),
            (State::Escape, b'b' | b'f' | b'n' | b'r' | b't' | b'\\' | b'/' | b'"') => Ok(State::Text),
            (State::Escape, _) => Err(invalid(byte, "in string escape code")),
            (State::Hex(left), byte) if byte.is_ascii_hexdigit() => {
                Ok(if left == 1 { State::Text } else { State::Hex(left - 1) })
            }
            (State::Hex(_), _) => Err(invalid(byte, "in \\u hexadecimal character escape")),
            (_, b'"') => Ok(State::EndValue),
            (_, b'\\') => Ok(State::Escape),
            (_, ..b' ') => Err(invalid(byte, "in string literal")),
            _ => Ok(State::Text),
        }
    }

    fn in_literal(&self, byte: u8, rest: &'static str, name: &'static str) -> Result<State, String> {
        let expected = rest.chars().next().unwrap_or_default();
        if char::from(byte) != expected {
            return Err(invalid(byte, &format!("in literal {name} (expecting '{expected}')")));
        }
        let rest = rest.get(1..).unwrap_or_default();
        Ok(if rest.is_empty() { State::EndValue } else { State::Literal(rest, name) })
    }

    fn in_number(&mut self, byte: u8) -> Result<(), String> {
        let digit = byte.is_ascii_digit();
        self.state = match (self.state, byte) {
            (State::Minus, b'0') => State::Zero,
            (State::Minus, _) if digit => State::Whole,
            (State::Minus, _) => return Err(invalid(byte, "in numeric literal")),
            (State::Whole, _) if digit => State::Whole,
            (State::Whole | State::Zero, b'.') => State::Point,
            (State::Point, _) if !digit => {
                return Err(invalid(byte, "after decimal point in numeric literal"));
            }
            (State::Point | State::Fraction, _) if digit => State::Fraction,
            (State::Whole | State::Zero | State::Fraction, b'e' | b'E') => State::Exponent,
            (State::Exponent, b'+' | b'-') => State::Sign,
            (State::Exponent | State::Sign | State::Power, _) if digit => State::Power,
            (State::Exponent | State::Sign, _) => {
                return Err(invalid(byte, "in exponent of numeric literal"));
            }
            _ => {
                self.state = State::EndValue;
                return self.step(byte);
            }
        };
        Ok(())
    }
}

fn invalid(byte: u8, place: &str) -> String {
    // A byte is a letter to Go here, whatever it was part of.
    let quoted = match byte {
        b'\'' => r"\'".to_owned(),
        b'"' => "\"".to_owned(),
        _ => gotext::quote(&char::from(byte).to_string()).trim_matches('"').to_owned(),
    };
    format!("invalid character '{quoted}' {place}")
}

#[cfg(test)]
mod tests {
    use super::problem;

    #[test]
    fn faults_are_named_as_go_names_them() {
        for (text, expected) in [
            (&b"{"[..], "unexpected end of JSON input"),
            (b"", "unexpected end of JSON input"),
            (b"[1", "unexpected end of JSON input"),
            (b"\x9e\x89", "invalid character '\\u009e' looking for beginning of value"),
            (b"nonsense", "invalid character 'o' in literal null (expecting 'u')"),
            (b"{a}", "invalid character 'a' looking for beginning of object key string"),
            (b"{\"a\" 1}", "invalid character '1' after object key"),
            (b"{\"a\":1 \"b\"}", "invalid character '\"' after object key:value pair"),
            (b"[1 2]", "invalid character '2' after array element"),
            (b"{} x", "invalid character 'x' after top-level value"),
            (b"\"a\nb\"", "invalid character '\\n' in string literal"),
            (br#""\x""#, "invalid character 'x' in string escape code"),
            (br#""\u12x""#, "invalid character 'x' in \\u hexadecimal character escape"),
            (b"-x", "invalid character 'x' in numeric literal"),
            (b"1.x", "invalid character 'x' after decimal point in numeric literal"),
            (b"1ex", "invalid character 'x' in exponent of numeric literal"),
            (b"'a'", "invalid character '\\'' looking for beginning of value"),
            (b"{\"a\":1,}", "invalid character '}' looking for beginning of object key string"),
        ] {
            assert_eq!(problem(text).as_deref(), Some(expected), "{}", String::from_utf8_lossy(text));
        }
    }

    #[test]
    fn json_has_no_fault() {
        for text in ["0", "-0.5e+3", " {\"a\" : [1, {}, [], null, true, false, \"\\u00e4\\n\"]} ", "12"] {
            assert_eq!(problem(text.as_bytes()), None, "{text}");
        }
    }
}

//! Regular expressions in Go's syntax (RE2): read as Go reads them, and rewritten for the regex crate.
//!
//! The two differ in small ways: Perl classes are ASCII in Go, set operators inside of a class are plain characters,
//! a brace that begins no repetition stands for itself, `\Q…\E` quotes, and nothing may be repeated twice. What Go
//! refuses is refused in its words (`regexp/syntax/parse.go`).

mod class;
mod escape;

use regex::Regex;

/// How often something may be repeated.
const MAX_REPEAT: u32 = 1000;

/// Compiles a pattern.
///
/// # Errors
/// Why it is none, in Go's words.
pub fn compile(pattern: &str) -> Result<Regex, String> {
    let failed = |problem: String| format!("error parsing regexp: {problem}");
    let mut translator = Translator::new(pattern);
    translator.translate().map_err(failed)?;
    // What is left to go wrong is the size.
    Regex::new(&translator.out).map_err(|_| failed(format!("expression too large: `{pattern}`")))
}

struct Translator<'a> {
    whole: &'a str,
    rest: &'a str,
    out: String,
    /// Groups that are open; whether something stood before each that could be repeated.
    groups: usize,
    /// Whether there is something to repeat.
    operand: bool,
}

fn problem(what: &str, text: &str) -> String {
    format!("{what}: `{text}`")
}

/// The part of `text` before `rest`, which is its end.
fn before<'a>(text: &'a str, rest: &str) -> &'a str {
    text.get(..text.len().saturating_sub(rest.len())).unwrap_or_default()
}

impl<'a> Translator<'a> {
    fn new(pattern: &'a str) -> Self {
        Self {
            whole: pattern,
            rest: pattern,
            out: String::with_capacity(pattern.len()),
            groups: 0,
            operand: false,
        }
    }

    fn translate(&mut self) -> Result<(), String> {
        // The last repetition, with what was behind it, while nothing else stands in between.
        let mut last_repeat: Option<&'a str> = None;
        while let Some(c) = self.rest.chars().next() {
            let start = self.rest;
            let repeated = match c {
                '*' | '+' | '?' => {
                    self.skip(1);
                    Some(c.to_string())
                }
                '{' => self.repetition()?,
                _ => None,
            };
            let Some(repetition) = repeated else {
                last_repeat = None;
                self.single(c)?;
                continue;
            };
            let lazy = self.rest.starts_with('?');
            if lazy {
                self.skip(1);
            }
            if let Some(last) = last_repeat {
                return Err(problem("invalid nested repetition operator", before(last, self.rest)));
            }
            if !self.operand {
                return Err(problem("missing argument to repetition operator", before(start, self.rest)));
            }
            self.out.push_str(&repetition);
            if lazy {
                self.out.push('?');
            }
            last_repeat = Some(start);
        }
        if self.groups > 0 {
            return Err(problem("missing closing )", self.whole));
        }
        Ok(())
    }

    fn skip(&mut self, bytes: usize) {
        self.rest = self.rest.get(bytes..).unwrap_or_default();
    }

    /// Anything but a repetition.
    fn single(&mut self, c: char) -> Result<(), String> {
        match c {
            '(' if self.rest.starts_with("(?") => return self.group_with_flags(),
            '(' => {
                self.groups += 1;
                self.out.push('(');
                self.operand = false;
            }
            ')' => {
                if self.groups == 0 {
                    return Err(problem("unexpected )", self.whole));
                }
                self.groups -= 1;
                self.out.push(')');
                self.operand = true;
            }
            '|' => {
                self.out.push('|');
                self.operand = false;
            }
            '^' | '$' | '.' => {
                self.out.push(c);
                self.operand = true;
            }
            '[' => {
                self.operand = true;
                return self.class();
            }
            '\\' => {
                self.operand = true;
                return self.backslash();
            }
            c => self.literal(c),
        }
        self.skip(c.len_utf8());
        Ok(())
    }

    fn literal(&mut self, c: char) {
        self.out.push_str(&regex::escape(c.encode_utf8(&mut [0; 4])));
        self.operand = true;
    }

    /// `{2}`, `{2,}` or `{2,3}`; another brace is a plain one.
    fn repetition(&mut self) -> Result<Option<String>, String> {
        let start = self.rest;
        let Some((inner, behind)) = start.strip_prefix('{').and_then(|rest| rest.split_once('}')) else {
            return Ok(None);
        };
        let number = |text: &str| {
            let plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
            let leading = text.len() > 1 && text.starts_with('0');
            (plain && !leading).then(|| text.parse().unwrap_or(u32::MAX))
        };
        let bounds = match inner.split_once(',') {
            Some((low, "")) => number(low).map(|low| (low, None)),
            Some((low, high)) => number(low).zip(number(high)).map(|(low, high)| (low, Some(high))),
            None => number(inner).map(|count| (count, Some(count))),
        };
        let Some((low, high)) = bounds else { return Ok(None) };
        if low > MAX_REPEAT || high.is_some_and(|high| high > MAX_REPEAT || low > high) {
            return Err(problem("invalid repeat count", before(start, behind)));
        }
        self.rest = behind;
        Ok(Some(format!("{{{inner}}}")))
    }

    /// A group with flags or a name. Names do not matter.
    fn group_with_flags(&mut self) -> Result<(), String> {
        let start = self.rest;
        let named =
            (start.len() > 4 && start.starts_with("(?P<")) || (start.len() > 3 && start.starts_with("(?<"));
        if named {
            let end = start.find('>').ok_or_else(|| problem("invalid named capture", start))?;
            let name_start = start.find('<').map_or(end, |place| place + 1);
            let name = start.get(name_start..end).unwrap_or_default();
            if name.is_empty() || !name.chars().all(|c| c == '_' || c.is_ascii_alphanumeric()) {
                let capture = start.get(..=end).unwrap_or_default();
                return Err(problem("invalid named capture", capture));
            }
            self.skip(end + 1);
            self.groups += 1;
            self.out.push('(');
            self.operand = false;
            return Ok(());
        }
        let mut negative = false;
        let mut flagged = false;
        for (place, c) in start.char_indices().skip(2) {
            let end = place + c.len_utf8();
            match c {
                'i' | 'm' | 's' | 'U' => flagged = true,
                '-' if !negative => {
                    negative = true;
                    flagged = false;
                }
                ':' | ')' if !negative || flagged => {
                    let group = start.get(..end).unwrap_or_default();
                    // Flags that are none need no group.
                    if group != "(?)" {
                        self.out.push_str(group);
                    }
                    self.skip(end);
                    if c == ':' {
                        self.groups += 1;
                        self.operand = false;
                    }
                    return Ok(());
                }
                _ => {
                    let read = start.get(..end).unwrap_or_default();
                    return Err(problem("invalid or unsupported Perl syntax", read));
                }
            }
        }
        Err(problem("invalid or unsupported Perl syntax", start))
    }
}

#[cfg(test)]
mod tests;

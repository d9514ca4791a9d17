//! The grammar of JSONPath (`k8s.io/client-go/util/jsonpath/parser.go`): `.a.b`, `[0]`, `[1:3]`, `[*]`, `['a']`,
//! `[0,2]`, `..a`, `[?(@.type=="Ready")]`.

use super::jsonpath::{Node, Slice, Step};

/// The actions of a template; a column's path is the inside of the first one.
pub(super) fn parse(path: &str) -> Result<Vec<Vec<Node>>, String> {
    let mut parser = Parser { text: format!("{{{path}}}").chars().collect(), position: 0 };
    let mut actions = Vec::new();
    while parser.skip_to_action(&mut actions) {
        let mut nodes = Vec::new();
        parser.action(&mut nodes)?;
        actions.push(nodes);
    }
    Ok(actions)
}

/// What stands between braces, as a path of its own.
fn parse_inner(path: &str) -> Result<Vec<Node>, String> {
    parse(path)?.into_iter().next().ok_or_else(|| "empty path".to_owned())
}

struct Parser {
    text: Vec<char>,
    position: usize,
}

impl Parser {
    fn peek(&self) -> Option<char> {
        self.text.get(self.position).copied()
    }

    fn next(&mut self) -> Option<char> {
        let c = self.peek();
        self.position += usize::from(c.is_some());
        c
    }

    fn starts_with(&self, prefix: &str) -> bool {
        let rest = self.text.get(self.position..).unwrap_or_default();
        prefix.chars().enumerate().all(|(index, c)| rest.get(index) == Some(&c))
    }

    fn slice(&self, start: usize, end: usize) -> String {
        self.text.get(start..end).unwrap_or_default().iter().collect()
    }

    /// Passes over plain text, which is a result of its own, up to the next brace.
    fn skip_to_action(&mut self, actions: &mut Vec<Vec<Node>>) -> bool {
        let start = self.position;
        while self.peek().is_some_and(|c| c != '{') {
            self.position += 1;
        }
        if self.position > start {
            actions.push(vec![Node::Text(self.slice(start, self.position))]);
        }
        self.next().is_some()
    }

    fn action(&mut self, nodes: &mut Vec<Node>) -> Result<(), String> {
        loop {
            if self.starts_with("[?(") {
                self.position += 3;
                let filter = self.filter()?;
                nodes.push(filter);
                continue;
            }
            if self.starts_with("..") {
                self.recursion(nodes)?;
                continue;
            }
            match self.next() {
                Some('}') => return Ok(()),
                None | Some('\r' | '\n') => return Err("unclosed action".to_owned()),
                Some(' ' | '@' | '$') => {}
                Some('[') => self.brackets(nodes)?,
                Some(quote @ ('"' | '\'')) => nodes.push(self.quoted(quote)?),
                Some('.') => nodes.push(self.field()),
                Some(c) if c == '+' || c == '-' || c.is_ascii_digit() => {
                    self.position -= 1;
                    nodes.push(self.number()?);
                }
                Some(c) if is_word(c) => {
                    self.position -= 1;
                    nodes.push(self.identifier());
                }
                Some(c) => return Err(format!("unrecognized character in action: {c:?}")),
            }
        }
    }

    fn recursion(&mut self, nodes: &mut Vec<Node>) -> Result<(), String> {
        if matches!(nodes.last(), Some(Node::Recursive)) {
            return Err("invalid multiple recursive descent".to_owned());
        }
        self.position += 2;
        nodes.push(Node::Recursive);
        if self.peek().is_some_and(is_word) {
            nodes.push(self.field());
        }
        Ok(())
    }

    /// `true`, `false`, or a word of templates such as `range`.
    fn identifier(&mut self) -> Node {
        let start = self.position;
        while self.peek().is_some_and(|c| !is_terminator(c)) {
            self.position += 1;
        }
        match self.slice(start, self.position).as_str() {
            "true" => Node::Boolean(true),
            "false" => Node::Boolean(false),
            _ => Node::Identifier,
        }
    }

    fn number(&mut self) -> Result<Node, String> {
        let start = self.position;
        self.position += usize::from(matches!(self.peek(), Some('+' | '-')));
        while self.peek().is_some_and(|c| c == '.' || c.is_ascii_digit()) {
            self.position += 1;
        }
        let text = self.slice(start, self.position);
        if let Ok(integer) = text.parse() {
            return Ok(Node::Integer(integer));
        }
        text.parse().map(Node::Float).map_err(|_| format!("cannot parse number {text}"))
    }

    /// A name up to the next character that ends it; a backslash takes the meaning from the one behind it.
    fn field(&mut self) -> Node {
        let start = self.position;
        while let Some(c) = self.peek() {
            match c {
                '\\' => self.position = (self.position + 2).min(self.text.len()),
                c if is_terminator(c) => break,
                _ => self.position += 1,
            }
        }
        match self.slice(start, self.position) {
            name if name == "*" => Node::Wildcard,
            name => Node::Field(name.replace('\\', "")),
        }
    }

    fn quoted(&mut self, quote: char) -> Result<Node, String> {
        let start = self.position;
        loop {
            match self.next() {
                None | Some('\n') => return Err("unterminated quoted string".to_owned()),
                Some(c) if c == quote && self.text.get(self.position.wrapping_sub(2)) != Some(&'\\') => break,
                Some(_) => {}
            }
        }
        unquote(&self.slice(start, self.position - 1)).map(Node::Text)
    }

    /// What stands between brackets, the first of which has been read.
    fn brackets(&mut self, nodes: &mut Vec<Node>) -> Result<(), String> {
        let start = self.position;
        loop {
            match self.next() {
                None | Some('\n') => return Err("unterminated array".to_owned()),
                Some(']') => break,
                Some(_) => {}
            }
        }
        let text = self.slice(start, self.position - 1);
        let text = if text == "*" { ":" } else { text.as_str() };
        if text.contains(',') {
            let parts = text.split(',').map(|part| parse_inner(&format!("[{}]", part.trim_matches(' '))));
            nodes.push(Node::Union(parts.collect::<Result<_, _>>()?));
            return Ok(());
        }
        let key = text
            .strip_prefix('\'')
            .and_then(|text| text.strip_suffix('\''))
            .filter(|key| !key.contains('\''));
        match key {
            // Dots inside of the quotes part names all the same, unless a backslash stands before them.
            Some(key) => nodes.extend(parse_inner(&format!(".{key}"))?),
            None => nodes.push(Node::Slice(slice(text)?)),
        }
        Ok(())
    }

    /// `@.type=="Ready")]`: a filter behind its opening.
    fn filter(&mut self) -> Result<Node, String> {
        let start = self.position;
        let (mut quote, mut closed) = (None, false);
        loop {
            match self.next() {
                None | Some('\n') => return Err("unterminated filter".to_owned()),
                Some(c @ ('"' | '\'')) => match quote {
                    None => quote = Some(c),
                    Some(open) => {
                        let escaped = self.text.get(self.position.wrapping_sub(2)) == Some(&'\\');
                        closed |= c == open && !escaped;
                    }
                },
                // A parenthesis inside of quotes does not end the filter.
                Some(')') if quote.is_some() == closed => break,
                Some(_) => {}
            }
        }
        if self.next() != Some(']') {
            return Err("unclosed array expect ]".to_owned());
        }
        let text = self.slice(start, self.position - 2);
        let is_operator = |c: char| matches!(c, '!' | '<' | '>' | '=');
        let begin = text.find(is_operator).filter(|begin| *begin > 0);
        let comparison = begin.and_then(|begin| {
            let length = text[begin..].find(|c| !is_operator(c)).unwrap_or(text.len() - begin);
            let end = if begin + length == text.len() { begin + length - 1 } else { begin + length };
            (end > begin && end < text.len()).then(|| (&text[..begin], &text[begin..end], &text[end..]))
        });
        Ok(match comparison {
            Some((left, operator, right)) => Node::Filter {
                left: parse_inner(left)?,
                operator: operator.to_owned(),
                right: parse_inner(right)?,
            },
            None => Node::Exists(parse_inner(&text)?),
        })
    }
}

/// `[start]`, `[start:end]`, `[start:end:step]`, each of which may be left out.
fn slice(text: &str) -> Result<Slice, String> {
    let bad = || format!("invalid array index {text}");
    let parts: Vec<&str> = text.split(':').collect();
    let is_part = |part: &&str| {
        let digits = part.strip_prefix('-').unwrap_or(part);
        digits.bytes().all(|byte| byte.is_ascii_digit())
    };
    if parts.len() > 3 || !parts.iter().all(is_part) {
        return Err(bad());
    }
    let number = |part: Option<&&str>| match part {
        None | Some(&"") => Ok(None),
        Some(part) => part.parse::<i64>().map(Some).map_err(|_| bad()),
    };
    let start = number(parts.first())?;
    let end = number(parts.get(1))?;
    let step = number(parts.get(2))?;
    // A single index is the slice up to the next one.
    let single = parts.len() == 1;
    let end = if single { Some(start.unwrap_or(0) + 1) } else { end };
    Ok(Slice { start, end, single, step: step.map_or(Step::One, Step::Of) })
}

/// The text of a quoted string, its escapes resolved.
fn unquote(text: &str) -> Result<String, String> {
    if !text.contains('\\') {
        return Ok(text.to_owned());
    }
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        let escape = chars.next();
        let mut code = |digits: usize| {
            let hex: String = chars.by_ref().take(digits).collect();
            u32::from_str_radix(&hex, 16).ok().and_then(char::from_u32)
        };
        let resolved = match escape {
            Some('n') => Some('\n'),
            Some('r') => Some('\r'),
            Some('t') => Some('\t'),
            Some('x') => code(2),
            Some('u') => code(4),
            Some('U') => code(8),
            Some(c @ ('\\' | '"' | '\'')) => Some(c),
            _ => None,
        };
        out.push(resolved.ok_or("invalid syntax")?);
    }
    Ok(out)
}

fn is_word(c: char) -> bool {
    c == '_' || c.is_alphabetic() || c.is_ascii_digit()
}

fn is_terminator(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r' | '\n' | '.' | ',' | '[' | ']' | '$' | '@' | '{' | '}')
}

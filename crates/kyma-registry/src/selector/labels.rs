//! Label selectors (`k8s.io/apimachinery/pkg/labels/selector.go`).

use std::collections::BTreeSet;
use std::fmt;

use serde_json::Value;

use super::lexer::{Kind, Token, tokens};
use crate::names::{label_value, qualified_name};
use crate::reason::{ApiError, FieldError, Path, aggregate};

/// How a requirement compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operator {
    /// `key=value`
    Equals,
    /// `key==value`
    DoubleEquals,
    /// `key!=value`: another value, or no such label.
    NotEquals,
    /// `key in (a,b)`
    In,
    /// `key notin (a,b)`: none of the values, or no such label.
    NotIn,
    /// `key`
    Exists,
    /// `!key`
    DoesNotExist,
    /// `key>5`: the value is a larger integer.
    GreaterThan,
    /// `key<5`: the value is a smaller integer.
    LessThan,
}

/// One condition on one label.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Requirement {
    /// The label.
    pub key: String,
    /// The comparison.
    pub operator: Operator,
    /// What it is compared with: sorted, without doubles, empty for the two that ask for existence.
    pub values: Vec<String>,
}

/// All of its requirements must hold; without any, everything matches.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LabelSelector {
    requirements: Vec<Requirement>,
}

const OPERATORS: &str = "in, notin, =, ==, !=, gt, lt";

impl LabelSelector {
    /// Reads a selector such as `app=kyma,shard notin (0,1),!old`.
    ///
    /// # Errors
    /// 400 with the real server's words.
    pub fn parse(selector: &str) -> Result<Self, ApiError> {
        let mut parser = Parser { tokens: tokens(selector), position: 0 };
        let mut requirements = parser.requirements().map_err(ApiError::bad_request)?;
        requirements.sort_by(|a, b| a.key.cmp(&b.key));
        Ok(Self { requirements })
    }

    /// A selector of these requirements; `None` where one is invalid (`NewRequirement`).
    pub(crate) fn of(mut requirements: Vec<Requirement>) -> Option<Self> {
        let valid = requirements.iter().all(|requirement| {
            let counted = match requirement.operator {
                Operator::In | Operator::NotIn => !requirement.values.is_empty(),
                Operator::Exists | Operator::DoesNotExist => requirement.values.is_empty(),
                _ => requirement.values.len() == 1,
            };
            counted && qualified_name(&requirement.key).is_empty() && requirement.clone().check().is_ok()
        });
        requirements.sort_by(|a, b| a.key.cmp(&b.key));
        valid.then_some(Self { requirements })
    }

    /// Whether the selector asks for nothing.
    pub fn is_empty(&self) -> bool {
        self.requirements.is_empty()
    }

    /// The requirements, by key.
    pub fn requirements(&self) -> &[Requirement] {
        &self.requirements
    }

    /// Whether labels, sorted by key, are what the selector asks for.
    pub fn matches<K: AsRef<str>, V: AsRef<str>>(&self, labels: &[(K, V)]) -> bool {
        self.requirements.iter().all(|requirement| {
            let found = labels.binary_search_by(|(key, _)| key.as_ref().cmp(&requirement.key));
            let value = found.ok().and_then(|index| labels.get(index)).map(|(_, value)| value.as_ref());
            requirement.holds(value)
        })
    }
}

impl fmt::Display for LabelSelector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, requirement) in self.requirements.iter().enumerate() {
            let comma = if index == 0 { "" } else { "," };
            write!(f, "{comma}{requirement}")?;
        }
        Ok(())
    }
}

impl Requirement {
    fn holds(&self, value: Option<&str>) -> bool {
        let listed = |value: &str| self.values.iter().any(|listed| listed == value);
        match self.operator {
            Operator::Equals | Operator::DoubleEquals | Operator::In => value.is_some_and(listed),
            Operator::NotEquals | Operator::NotIn => !value.is_some_and(listed),
            Operator::Exists => value.is_some(),
            Operator::DoesNotExist => value.is_none(),
            Operator::GreaterThan => self.integers(value).is_some_and(|(value, bound)| value > bound),
            Operator::LessThan => self.integers(value).is_some_and(|(value, bound)| value < bound),
        }
    }

    /// The label's value and the bound, if both are integers.
    fn integers(&self, value: Option<&str>) -> Option<(i64, i64)> {
        Some((value?.parse().ok()?, self.values.first()?.parse().ok()?))
    }

    /// Checks key and values (`NewRequirement`).
    fn check(self) -> Result<Self, String> {
        let mut errors = Vec::new();
        let path = Path::new("values");
        if matches!(self.operator, Operator::GreaterThan | Operator::LessThan) {
            let detail = "for 'Gt', 'Lt' operators, the value must be an integer";
            let bad = self.values.iter().enumerate().filter(|(_, value)| value.parse::<i64>().is_err());
            errors.extend(bad.map(|(i, value)| FieldError::invalid(&path.index(i), value.as_str(), detail)));
        }
        for (index, value) in self.values.iter().enumerate() {
            let problems = label_value(value);
            if !problems.is_empty() {
                let path = path.index(index).key(&self.key);
                errors.push(FieldError::invalid(&path, value.as_str(), problems.join("; ")));
            }
        }
        if errors.is_empty() { Ok(self) } else { Err(aggregate(&errors)) }
    }
}

impl fmt::Display for Requirement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { key, values, .. } = self;
        let values = values.join(",");
        match self.operator {
            Operator::Equals => write!(f, "{key}={values}"),
            Operator::DoubleEquals => write!(f, "{key}=={values}"),
            Operator::NotEquals => write!(f, "{key}!={values}"),
            Operator::In => write!(f, "{key} in ({values})"),
            Operator::NotIn => write!(f, "{key} notin ({values})"),
            Operator::Exists => write!(f, "{key}"),
            Operator::DoesNotExist => write!(f, "!{key}"),
            Operator::GreaterThan => write!(f, "{key}>{values}"),
            Operator::LessThan => write!(f, "{key}<{values}"),
        }
    }
}

/// The grammar; each message is upstream's.
struct Parser<'a> {
    tokens: Vec<Token<'a>>,
    position: usize,
}

impl<'a> Parser<'a> {
    /// The token at the position, where a name or value is due.
    fn look(&self) -> Token<'a> {
        self.raw().as_value()
    }

    fn raw(&self) -> Token<'a> {
        self.tokens.get(self.position).copied().unwrap_or(Token { kind: Kind::End, text: "" })
    }

    fn take(&mut self) -> Token<'a> {
        let token = self.look();
        self.position += 1;
        token
    }

    fn requirements(&mut self) -> Result<Vec<Requirement>, String> {
        let mut requirements = Vec::new();
        loop {
            let token = self.look();
            match token.kind {
                Kind::Identifier | Kind::Exclamation => {}
                Kind::End => return Ok(requirements),
                _ => {
                    return Err(format!(
                        "found '{}', expected: !, identifier, or 'end of string'",
                        token.text
                    ));
                }
            }
            let requirement = self.requirement().map_err(|e| format!("unable to parse requirement: {e}"))?;
            requirements.push(requirement);
            let token = self.take();
            match token.kind {
                Kind::End => return Ok(requirements),
                Kind::Comma => {
                    let next = self.look();
                    if !matches!(next.kind, Kind::Identifier | Kind::Exclamation) {
                        return Err(format!("found '{}', expected: identifier after ','", next.text));
                    }
                }
                _ => return Err(format!("found '{}', expected: ',' or 'end of string'", token.text)),
            }
        }
    }

    fn requirement(&mut self) -> Result<Requirement, String> {
        let mut token = self.take();
        let negated = token.kind == Kind::Exclamation;
        if negated {
            token = self.take();
        }
        if token.kind != Kind::Identifier {
            return Err(format!("found '{}', expected: identifier", token.text));
        }
        let key = token.text;
        let problems = qualified_name(key);
        if !problems.is_empty() {
            return Err(FieldError::invalid(&Path::root(), Value::from(key), problems.join("; ")).to_string());
        }
        let ends = matches!(self.look().kind, Kind::End | Kind::Comma);
        let (operator, values) = if negated {
            (Operator::DoesNotExist, BTreeSet::new())
        } else if ends {
            (Operator::Exists, BTreeSet::new())
        } else {
            let operator = self.operator()?;
            let several = matches!(operator, Operator::In | Operator::NotIn);
            (operator, if several { self.values()? } else { self.exact_value()? })
        };
        let values = values.into_iter().map(str::to_owned).collect();
        Requirement { key: key.to_owned(), operator, values }.check()
    }

    fn operator(&mut self) -> Result<Operator, String> {
        let token = self.raw();
        self.position += 1;
        match token.kind {
            Kind::In => Ok(Operator::In),
            Kind::NotIn => Ok(Operator::NotIn),
            Kind::Equals => Ok(Operator::Equals),
            Kind::DoubleEquals => Ok(Operator::DoubleEquals),
            Kind::NotEquals => Ok(Operator::NotEquals),
            Kind::GreaterThan => Ok(Operator::GreaterThan),
            Kind::LessThan => Ok(Operator::LessThan),
            _ => Err(format!("found '{}', expected: {OPERATORS}", token.text)),
        }
    }

    /// `(a,b)`; a missing value between commas is the empty one.
    fn values(&mut self) -> Result<BTreeSet<&'a str>, String> {
        let token = self.take();
        if token.kind != Kind::OpenParenthesis {
            return Err(format!("found '{}' expected: '('", token.text));
        }
        let token = self.look();
        match token.kind {
            Kind::Identifier | Kind::Comma => {
                let values = self.value_list()?;
                // The list ends before its closing parenthesis.
                self.position += 1;
                Ok(values)
            }
            Kind::ClosedParenthesis => {
                self.position += 1;
                Ok(BTreeSet::from([""]))
            }
            _ => Err(format!("found '{}', expected: ',', ')' or identifier", token.text)),
        }
    }

    fn value_list(&mut self) -> Result<BTreeSet<&'a str>, String> {
        let mut values = BTreeSet::new();
        loop {
            let token = self.take();
            let next = self.look();
            match token.kind {
                Kind::Identifier => {
                    values.insert(token.text);
                    match next.kind {
                        Kind::Comma => {}
                        Kind::ClosedParenthesis => return Ok(values),
                        _ => return Err(format!("found '{}', expected: ',' or ')'", next.text)),
                    }
                }
                Kind::Comma => {
                    if values.is_empty() || matches!(next.kind, Kind::ClosedParenthesis | Kind::Comma) {
                        values.insert("");
                    }
                    if next.kind == Kind::ClosedParenthesis {
                        return Ok(values);
                    }
                }
                _ => return Err(format!("found '{}', expected: ',', or identifier", token.text)),
            }
        }
    }

    fn exact_value(&mut self) -> Result<BTreeSet<&'a str>, String> {
        if matches!(self.look().kind, Kind::End | Kind::Comma) {
            return Ok(BTreeSet::from([""]));
        }
        let token = self.take();
        match token.kind {
            Kind::Identifier => Ok(BTreeSet::from([token.text])),
            _ => Err(format!("found '{}', expected: identifier", token.text)),
        }
    }
}

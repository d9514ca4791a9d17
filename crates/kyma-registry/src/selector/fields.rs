//! Field selectors (`k8s.io/apimachinery/pkg/fields/selector.go`).

use std::fmt;

use crate::reason::ApiError;

/// How a field is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldOperator {
    /// `field=value` or `field==value`
    Equals,
    /// `field!=value`
    NotEquals,
}

/// One condition on one field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldRequirement {
    /// The field, such as `metadata.name`.
    pub field: String,
    /// The comparison.
    pub operator: FieldOperator,
    /// What it is compared with, unescaped.
    pub value: String,
}

/// All of its requirements must hold; without any, everything matches.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FieldSelector {
    requirements: Vec<FieldRequirement>,
}

impl FieldSelector {
    /// Reads a selector such as `metadata.name=a,status.phase!=b`. In values `\`, `,` and `=` are written with a
    /// backslash before them.
    ///
    /// # Errors
    /// 400 with the real server's words.
    pub fn parse(selector: &str) -> Result<Self, ApiError> {
        let mut terms = split_terms(selector);
        terms.sort_unstable();
        let mut requirements = Vec::new();
        for term in terms.into_iter().filter(|term| !term.is_empty()) {
            let requirement = parse_term(term)
                .ok_or_else(|| format!("invalid selector: '{selector}'; can't understand '{term}'"))
                .and_then(|(field, operator, value)| {
                    Ok(FieldRequirement { field: field.to_owned(), operator, value: unescape(value)? })
                })
                .map_err(ApiError::bad_request)?;
            // Upstream drops what names neither a field nor a value.
            if !(requirement.field.is_empty() && requirement.value.is_empty()) {
                requirements.push(requirement);
            }
        }
        Ok(Self { requirements })
    }

    /// A selector of the one object with this name.
    pub fn by_name(name: &str) -> Self {
        let requirement = FieldRequirement {
            field: "metadata.name".to_owned(),
            operator: FieldOperator::Equals,
            value: name.to_owned(),
        };
        Self { requirements: vec![requirement] }
    }

    /// Whether the selector asks for nothing.
    pub fn is_empty(&self) -> bool {
        self.requirements.is_empty()
    }

    /// The requirements.
    pub fn requirements(&self) -> &[FieldRequirement] {
        &self.requirements
    }

    /// The value that `field` must have, if the selector asks for exactly one.
    pub fn exact(&self, field: &str) -> Option<&str> {
        let exact = |r: &&FieldRequirement| r.field == field && r.operator == FieldOperator::Equals;
        self.requirements.iter().find(exact).map(|requirement| requirement.value.as_str())
    }

    /// The same selector with other names for its fields.
    ///
    /// # Errors
    /// The first field that `rename` knows no name for.
    pub fn renamed<'a>(&'a self, rename: impl Fn(&'a str) -> Option<&'a str>) -> Result<Self, String> {
        let renamed = self.requirements.iter().map(|requirement| match rename(&requirement.field) {
            Some(field) => Ok(FieldRequirement { field: field.to_owned(), ..requirement.clone() }),
            None => Err(requirement.field.clone()),
        });
        Ok(Self { requirements: renamed.collect::<Result<_, _>>()? })
    }

    /// Whether an object is what the selector asks for; `value` gives its fields, and an absent one counts as empty.
    pub fn matches<'a>(&self, value: impl Fn(&str) -> Option<&'a str>) -> bool {
        self.requirements.iter().all(|requirement| {
            let equal = value(&requirement.field).unwrap_or_default() == requirement.value;
            equal == (requirement.operator == FieldOperator::Equals)
        })
    }
}

impl fmt::Display for FieldSelector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, FieldRequirement { field, operator, value }) in self.requirements.iter().enumerate() {
            let comma = if index == 0 { "" } else { "," };
            let operator = if *operator == FieldOperator::Equals { "=" } else { "!=" };
            write!(f, "{comma}{field}{operator}{}", escape(value))?;
        }
        Ok(())
    }
}

/// The terms between commas, except for commas after a backslash.
fn split_terms(selector: &str) -> Vec<&str> {
    let mut terms = Vec::new();
    let (mut start, mut escaped) = (0, false);
    for (position, c) in selector.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            ',' => {
                terms.push(&selector[start..position]);
                start = position + 1;
            }
            _ => {}
        }
    }
    terms.push(&selector[start..]);
    terms
}

fn parse_term(term: &str) -> Option<(&str, FieldOperator, &str)> {
    let (position, operator) = term.char_indices().find_map(|(at, _)| {
        ["!=", "==", "="].into_iter().find(|op| term[at..].starts_with(op)).map(|op| (at, op))
    })?;
    let kind = if operator == "!=" { FieldOperator::NotEquals } else { FieldOperator::Equals };
    Some((&term[..position], kind, &term[position + operator.len()..]))
}

fn escape(value: &str) -> String {
    value.replace('\\', "\\\\").replace(',', "\\,").replace('=', "\\=")
}

fn unescape(value: &str) -> Result<String, String> {
    let mut plain = String::with_capacity(value.len());
    let mut chars = value.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => match chars.next() {
                Some(c @ ('\\' | ',' | '=')) => plain.push(c),
                other => {
                    let sequence: String = ['\\'].into_iter().chain(other).collect();
                    return Err(format!("invalid field selector: invalid escape sequence: {sequence}"));
                }
            },
            // The real server prints the character's number.
            ',' | '=' => {
                return Err(format!("invalid field selector: unescaped character in value: {}", c as u32));
            }
            c => plain.push(c),
        }
    }
    Ok(plain)
}

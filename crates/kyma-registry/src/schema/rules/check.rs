//! What is wrong with the rules of a schema, and what they may cost
//! (`ValidateCustomResourceDefinitionOpenAPISchema` and `cel_validation.go` of apiextensions).

use kyma_cel::DeclType;

use super::compile::{Compiled, compile};
use super::{Source, declare, field_path, max_elements};
use crate::reason::{FieldError, Path};
use crate::schema::props::{Additional, Props};

const KEYWORD: &str = "x-kubernetes-validations";
/// The most that a rule may cost by estimate, and all of a schema together.
const RULE_COST_MAX: u64 = 10_000_000;
const SCHEMA_COST_MAX: u64 = 100_000_000;
/// So many of the most expensive rules are named.
const NAMED: usize = 4;

/// What is wrong with the rules of one node apart from their expressions.
pub(in crate::schema) fn statics(props: &Props, path: &Path, errors: &mut Vec<FieldError>) {
    const REASONS: [&str; 4] =
        ["FieldValueDuplicate", "FieldValueForbidden", "FieldValueInvalid", "FieldValueRequired"];
    let breaks = |text: &str| text.contains(['\n', '\r']);
    for (position, raw) in props.rules.iter().enumerate() {
        let source = Source::of(raw);
        let at = path.child(KEYWORD).index(position);
        let (rule, message) = (source.rule.trim(), source.message.trim());
        let (of_rule, of_message) = (at.child("rule"), at.child("message"));
        if rule.is_empty() {
            errors.push(FieldError::required(&of_rule, "rule is not specified"));
        } else if !source.message.is_empty() && message.is_empty() {
            errors.push(FieldError::invalid(&of_message, source.message, "must be non-empty if specified"));
        } else if breaks(message) {
            errors.push(FieldError::invalid(&of_message, source.message, "must not contain line breaks"));
        } else if breaks(rule) && message.is_empty() {
            let detail = "message must be specified if rule contains line breaks";
            errors.push(FieldError::required(&of_message, detail));
        }
        if !source.message_expression.is_empty() && source.message_expression.trim().is_empty() {
            let detail = "messageExpression must be non-empty if specified";
            errors.push(FieldError::required(&at.child("messageExpression"), detail));
        }
        if let Some(reason) = source.reason.filter(|reason| !REASONS.contains(reason)) {
            errors.push(FieldError::not_supported(&at.child("reason"), reason, &REASONS));
        }
        if !source.field_path.is_empty() {
            let mut wrong = |detail: &str| {
                errors.push(FieldError::invalid(&at.child("fieldPath"), source.field_path, detail));
            };
            if source.field_path.trim().is_empty() {
                wrong("must be non-empty if specified");
            }
            if breaks(source.field_path) {
                wrong("must not contain line breaks");
            }
            if field_path::find(source.field_path, props).is_none() {
                wrong("must be a valid path");
            }
        }
    }
}

/// What is wrong with the expressions of a schema that is structural, and with what they cost.
pub(in crate::schema) fn costs(props: &Props, path: &Path) -> Vec<FieldError> {
    let mut walk = Walk { errors: Vec::new(), total: 0, expensive: Vec::new() };
    walk.visit(props, path, &Place { is_root: true, cardinality: Some(1), uncorrelated: None });
    let Walk { mut errors, total, expensive } = walk;
    if total > SCHEMA_COST_MAX {
        let detail =
            "contributed to estimated rule cost total exceeding cost limit for entire OpenAPIv3 schema";
        errors.extend(expensive.into_iter().map(|(path, _)| FieldError::forbidden(&path, detail)));
        let what = "x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema";
        errors.push(FieldError::forbidden(path, exceeded(what, total, SCHEMA_COST_MAX)));
    }
    errors
}

struct Place {
    is_root: bool,
    /// How often the node can occur; `None` where nothing bounds that.
    cardinality: Option<u64>,
    /// The first node on the way of which it is not known what was where before.
    uncorrelated: Option<Path>,
}

impl Place {
    fn below(&self, props: &Props, child: &Props) -> Self {
        let cardinality = self.cardinality.zip(max_elements(props));
        Self {
            is_root: child.embedded,
            cardinality: cardinality.map(|(times, each)| times.saturating_mul(each)),
            uncorrelated: self.uncorrelated.clone(),
        }
    }
}

struct Walk {
    errors: Vec<FieldError>,
    total: u64,
    /// The most expensive rules, with their costs.
    expensive: Vec<(Path, u64)>,
}

impl Walk {
    fn visit(&mut self, props: &Props, path: &Path, place: &Place) {
        if let Some(Additional::Schema(values)) = &props.additional {
            self.visit(values, &path.child("additionalProperties"), &place.below(props, values));
        }
        for (name, property) in &props.properties {
            self.visit(property, &path.child("properties").key(name), &place.below(props, property));
        }
        if let Some(items) = props.items.one() {
            let mut below = place.below(props, items);
            if props.list_type.as_deref() != Some("map") {
                below.uncorrelated.get_or_insert_with(|| path.clone());
            }
            self.visit(items, &path.child("items"), &below);
        }
        if props.rules.is_empty() {
            return;
        }
        let declared = declare::declare(props, place.is_root);
        let at = path.child(KEYWORD);
        if !declared.is_exposed() {
            let detail = "internal error: failed to construct type information for x-kubernetes-validations rules: unable to \
                          convert structural schema to CEL declarations";
            self.errors.push(FieldError::internal(&at, detail));
            return;
        }
        for (position, raw) in props.rules.iter().enumerate() {
            self.rule(&Source::of(raw), &at.index(position), &declared, place);
        }
    }

    fn rule(&mut self, source: &Source<'_>, at: &Path, declared: &DeclType, place: &Place) {
        let Compiled { program, message } = compile(source, declared);
        let once = program.as_ref().map_or(0, |program| program.estimated_cost().max);
        let cost = once.saturating_mul(place.cardinality.unwrap_or_else(|| declared.max_cardinality()));
        let of_rule = at.child("rule");
        self.spend("estimated rule cost", &of_rule, cost);
        let uses_old_self = program.as_ref().is_ok_and(kyma_cel::Program::uses_old_self);
        if let Err(detail) = program {
            self.errors.push(FieldError::invalid_written(&of_rule, source.shown(), detail));
        }
        let of_message = at.child("messageExpression");
        match message {
            None => {}
            Some(Err(detail)) => {
                self.errors.push(FieldError::invalid_written(&of_message, source.shown(), detail));
            }
            Some(Ok(message)) => {
                self.spend("estimated messageExpression cost", &of_message, message.estimated_cost().max);
            }
        }
        match (uses_old_self, &place.uncorrelated, source.optional_old_self) {
            (true, Some(path), _) => {
                let detail = format!(
                    "oldSelf cannot be used on the uncorrelatable portion of the schema within {path}"
                );
                self.errors.push(FieldError::invalid(&of_rule, source.rule, detail));
            }
            (false, _, Some(flag)) => {
                let detail = "may not be set if oldSelf is not used in rule";
                self.errors.push(FieldError::invalid(&at.child("optionalOldSelf"), flag, detail));
            }
            _ => {}
        }
    }

    fn spend(&mut self, what: &str, at: &Path, cost: u64) {
        if cost > RULE_COST_MAX {
            self.errors.push(FieldError::forbidden(at, exceeded(what, cost, RULE_COST_MAX)));
        }
        self.total = self.total.saturating_add(cost);
        if cost >= SCHEMA_COST_MAX / 100 {
            self.expensive.push((at.clone(), cost));
            self.expensive.sort_by_key(|(_, cost)| std::cmp::Reverse(*cost));
            self.expensive.truncate(NAMED);
        }
    }
}

fn exceeded(what: &str, cost: u64, limit: u64) -> String {
    let factor = cost as f64 / limit as f64;
    let factor = match factor {
        factor if factor > 100.0 => "more than 100x".to_owned(),
        factor if factor < 1.5 => format!("{factor:.6}x"),
        factor => format!("{factor:.1}x"),
    };
    format!(
        "{what} exceeds budget by factor of {factor} (try simplifying the rule, or adding maxItems, maxProperties, and \
         maxLength where arrays, maps, and strings are declared)"
    )
}

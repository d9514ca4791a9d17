//! Rules run over an object.

use kyma_cel::{EvalError, Evaluation, PER_CALL_LIMIT, RUNTIME_COST_BUDGET};
use serde_json::Value;

use super::{Correlation, Rule, Ruled};
use crate::reason::{FieldError, FieldErrorKind, Path};
use crate::schema::item::Item;
use crate::schema::ratchet::composite_key;

/// The longest message that an expression may give, in bytes.
const MESSAGE_MAX: usize = 5 * 1024;
const OUT_OF_BUDGET: &str =
    "validation failed due to running out of cost budget, no further validation rules will be run";

/// What all rules of a request have found, and may still cost.
#[derive(Debug)]
pub(in crate::schema) struct Run {
    budget: u64,
    pub(in crate::schema) errors: Vec<FieldError>,
    /// What was found of values that have not changed.
    pub(in crate::schema) warnings: Vec<String>,
}

/// No further rule is run.
struct Over;

impl Run {
    /// Runs all rules over a value.
    pub(in crate::schema) fn over(
        ruled: &Ruled,
        value: &Value,
        old: Option<&Value>,
        correlation: Correlation<'_>,
    ) -> Self {
        let mut run = Run { budget: RUNTIME_COST_BUDGET, errors: Vec::new(), warnings: Vec::new() };
        let _ = run.node(ruled, value, old, correlation, &Path::root());
        run
    }

    fn node(
        &mut self,
        ruled: &Ruled,
        value: &Value,
        old: Option<&Value>,
        correlation: Correlation<'_>,
        path: &Path,
    ) -> Result<(), Over> {
        if value.is_null() {
            return Ok(());
        }
        let old = old.filter(|old| !old.is_null());
        for rule in &ruled.rules {
            self.rule(rule, &ruled.kind, (value, old), correlation, path)?;
        }
        let item = Item::from(value);
        match value {
            Value::Array(items) => {
                let Some(below) = &ruled.items else { return Ok(()) };
                for (position, element) in items.iter().enumerate() {
                    let old = same_element(ruled.map_keys.as_deref(), old, element);
                    let correlation = correlation.element(item, element);
                    self.node(below, element, old, correlation, &path.index(position))?;
                }
            }
            Value::Object(members) => {
                let old = |name: &str| old.and_then(|old| old.get(name));
                if let Some(below) = &ruled.additional {
                    for (name, member) in members {
                        let correlation = correlation.key(item, name);
                        self.node(below, member, old(name), correlation, &path.key(name))?;
                    }
                }
                for (name, below) in &ruled.properties {
                    if let Some(member) = members.get(name) {
                        let correlation = correlation.key(item, name);
                        self.node(below, member, old(name), correlation, &path.child(name))?;
                    }
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn rule(
        &mut self,
        rule: &Rule,
        kind: &str,
        (value, old): (&Value, Option<&Value>),
        correlation: Correlation<'_>,
        path: &Path,
    ) -> Result<(), Over> {
        if self.budget == 0 {
            self.errors.push(FieldError::invalid(path, kind, OUT_OF_BUDGET));
            return Err(Over);
        }
        let transition = rule.program.uses_old_self();
        if transition && old.is_none() && !rule.optional_old_self {
            return Ok(());
        }
        let Evaluation { value: result, cost } = rule.program.evaluate_within(value, old, PER_CALL_LIMIT);
        let Some(left) = self.budget.checked_sub(cost) else {
            self.errors.push(FieldError::invalid(path, kind, OUT_OF_BUDGET));
            return Err(Over);
        };
        self.budget = left;
        match result {
            Ok(kyma_cel::Value::Bool(true)) => return Ok(()),
            Ok(_) => {}
            Err(error) => return self.failed(rule, kind, path, &error),
        }
        let path = if rule.field_path.is_empty() { path.clone() } else { path.child(&rule.field_path) };
        let item = Item::from(value);
        let lets_pass = !transition && correlation.is_unchanged(item);
        let found = match self.message(rule, (value, old)) {
            Ok(Some(message)) => message,
            Ok(None) => rule.message.clone().unwrap_or_else(|| format!("failed rule: {}", rule.about)),
            Err(detail) => {
                self.add(FieldError::invalid(&path, kind, detail), lets_pass);
                return Err(Over);
            }
        };
        self.add(finding(rule, kind, &path, value, found), lets_pass);
        Ok(())
    }

    fn add(&mut self, error: FieldError, lets_pass: bool) {
        if lets_pass {
            self.warnings.push(error.to_string());
        } else {
            self.errors.push(error);
        }
    }

    /// What an expression without a value is answered with.
    fn failed(&mut self, rule: &Rule, kind: &str, path: &Path, error: &EvalError) -> Result<(), Over> {
        let (text, about) = (error.to_string(), &rule.about);
        let over = matches!(error, EvalError::CallCostExceeded | EvalError::BudgetExceeded);
        let detail = if text.starts_with("no such overload") {
            format!(
                "'{text}': call arguments did not match a supported operator, function or macro signature for rule: {about}"
            )
        } else if over {
            format!(
                "'{text}': no further validation rules will be run due to call cost exceeds limit for rule: {about}"
            )
        } else {
            format!("{text} evaluating rule: {about}")
        };
        self.errors.push(FieldError::invalid(path, kind, detail));
        if over { Err(Over) } else { Ok(()) }
    }

    /// The message that an expression gives, if there is one and it can be shown.
    fn message(
        &mut self,
        rule: &Rule,
        (value, old): (&Value, Option<&Value>),
    ) -> Result<Option<String>, String> {
        let Some(program) = &rule.message_expression else { return Ok(None) };
        let Evaluation { value: result, cost } = program.evaluate_within(value, old, PER_CALL_LIMIT);
        self.budget = self.budget.checked_sub(cost).ok_or(
            "messageExpression evaluation failed due to running out of cost budget, no further validation rules will be run",
        )?;
        match result {
            Ok(kyma_cel::Value::String(text)) => {
                let text = text.trim();
                let shown = !text.is_empty() && text.len() <= MESSAGE_MAX && !text.contains('\n');
                Ok(shown.then(|| text.to_owned()))
            }
            Err(EvalError::CallCostExceeded) => {
                Err("no further validation rules will be run due to call cost exceeds limit for messageExpression"
                    .to_owned())
            }
            Ok(_) | Err(_) => Ok(None),
        }
    }
}

fn finding(rule: &Rule, kind: &str, path: &Path, value: &Value, detail: String) -> FieldError {
    let whole = matches!(kind, "object" | "array");
    match rule.reason.as_str() {
        "FieldValueForbidden" => FieldError::forbidden(path, detail),
        "FieldValueRequired" => FieldError::required(path, detail),
        "FieldValueDuplicate" if whole => {
            FieldError { kind: FieldErrorKind::Duplicate, ..FieldError::invalid_omitted(path, "") }
        }
        "FieldValueDuplicate" => FieldError::duplicate(path, value.clone()),
        _ if whole => FieldError::invalid_omitted(path, detail),
        _ => FieldError::invalid(path, value.clone(), detail),
    }
}

/// The element with the same keys before; only lists of type `map` tell which one was which.
fn same_element<'v>(keys: Option<&[String]>, old: Option<&'v Value>, element: &Value) -> Option<&'v Value> {
    let keys = keys?;
    let wanted = composite_key(element.as_object()?, keys)?;
    let mut old = old?.as_array()?.iter();
    old.find(|old| old.as_object().and_then(|old| composite_key(old, keys)).as_deref() == Some(&wanted))
}

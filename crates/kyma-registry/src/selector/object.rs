//! Label selectors as members of objects (`metav1.LabelSelector`): what is wrong with one
//! (`k8s.io/apimachinery/pkg/apis/meta/v1/validation`), and what it selects.

use serde_json::Value;

use super::{LabelSelector, Operator, Requirement};
use crate::names::{check_labels_at, label_value, qualified_name};
use crate::reason::{FieldError, Path, gotext};

/// What an object's selector asks for.
pub(crate) enum Selected {
    /// There is no selector, and nothing matches.
    Nothing,
    /// What the selector says; an empty one matches everything.
    By(LabelSelector),
}

impl Selected {
    /// Reads a selector; `None` for one that is invalid (`LabelSelectorAsSelector`).
    pub(crate) fn read(selector: &Value) -> Option<Self> {
        if selector.is_null() {
            return Some(Selected::Nothing);
        }
        let labels = selector.get("matchLabels").and_then(Value::as_object).into_iter().flatten();
        let mut requirements: Vec<Requirement> = labels
            .map(|(key, value)| Requirement {
                key: key.clone(),
                operator: Operator::Equals,
                values: vec![value.as_str().unwrap_or_default().to_owned()],
            })
            .collect();
        for expression in list(selector, "matchExpressions") {
            let operator = match text(expression, "operator") {
                "In" => Operator::In,
                "NotIn" => Operator::NotIn,
                "Exists" => Operator::Exists,
                "DoesNotExist" => Operator::DoesNotExist,
                _ => return None,
            };
            let values = list(expression, "values").iter().filter_map(Value::as_str).map(str::to_owned);
            let key = text(expression, "key").to_owned();
            requirements.push(Requirement { key, operator, values: values.collect() });
        }
        LabelSelector::of(requirements).map(Selected::By)
    }

    /// Whether a map of labels is what the selector asks for.
    pub(crate) fn matches(&self, labels: &Value) -> bool {
        let Selected::By(selector) = self else { return false };
        let mut labels: Vec<(&str, &str)> = labels
            .as_object()
            .into_iter()
            .flatten()
            .map(|(key, value)| (key.as_str(), value.as_str().unwrap_or_default()))
            .collect();
        labels.sort_unstable();
        selector.matches(&labels)
    }

    /// Whether everything matches.
    pub(crate) fn is_everything(&self) -> bool {
        matches!(self, Selected::By(selector) if selector.is_empty())
    }
}

/// What is wrong with a selector (`ValidateLabelSelector`).
pub(crate) fn check(selector: &Value, path: &Path, errors: &mut Vec<FieldError>) {
    check_labels_at(selector.get("matchLabels"), &path.child("matchLabels"), errors);
    for (position, expression) in list(selector, "matchExpressions").iter().enumerate() {
        let path = path.child("matchExpressions").index(position);
        let values = list(expression, "values");
        let at = path.child("values");
        match (text(expression, "operator"), values.is_empty()) {
            ("In" | "NotIn", true) => {
                let detail = "must be specified when `operator` is 'In' or 'NotIn'";
                errors.push(FieldError::required(&at, detail));
            }
            ("Exists" | "DoesNotExist", false) => {
                let detail = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'";
                errors.push(FieldError::forbidden(&at, detail));
            }
            ("In" | "NotIn" | "Exists" | "DoesNotExist", _) => {}
            (other, _) => {
                let path = path.child("operator");
                errors.push(FieldError::invalid(&path, other, "not a valid selector operator"));
            }
        }
        let key = text(expression, "key");
        let problems = qualified_name(key).into_iter();
        errors.extend(problems.map(|problem| FieldError::invalid(&path.child("key"), key, problem)));
        for (index, value) in values.iter().filter_map(Value::as_str).enumerate() {
            let problems = label_value(value).into_iter();
            errors.extend(problems.map(|problem| FieldError::invalid(&at.index(index), value, problem)));
        }
    }
}

/// A selector as Go writes it: in the order of its members.
pub(crate) fn written(selector: &Value) -> String {
    if selector.is_null() {
        return "null".to_owned();
    }
    let mut members = Vec::new();
    if let Some(labels) = selector.get("matchLabels") {
        members.push(format!("\"matchLabels\":{}", gotext::json(labels)));
    }
    let expressions: Vec<String> = list(selector, "matchExpressions").iter().map(expression).collect();
    if !expressions.is_empty() {
        members.push(format!("\"matchExpressions\":[{}]", expressions.join(",")));
    }
    format!("{{{}}}", members.join(","))
}

fn expression(expression: &Value) -> String {
    let quoted = |name: &str| gotext::json(&text(expression, name).into());
    let values = match expression.get("values") {
        Some(values) => format!(",\"values\":{}", gotext::json(values)),
        None => String::new(),
    };
    format!("{{\"key\":{},\"operator\":{}{values}}}", quoted("key"), quoted("operator"))
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value.get(name).and_then(Value::as_str).unwrap_or_default()
}

fn list<'a>(value: &'a Value, name: &str) -> &'a [Value] {
    value.get(name).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

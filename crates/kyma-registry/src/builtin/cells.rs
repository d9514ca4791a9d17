//! Cells that several kinds have in common (`k8s.io/kubernetes/pkg/printers/internalversion/printers.go`).

use jiff::Timestamp;
use serde_json::{Map, Value};

use crate::columns::human_age;
use crate::object::Object;

/// What stands where there is nothing to show.
pub(super) const NONE: &str = "<none>";
pub(super) const UNSET: &str = "<unset>";

/// How long ago a time was; `<unknown>` for none.
pub(super) fn since(time: &Value, now: Timestamp) -> String {
    human_age(time.as_str().unwrap_or_default(), now)
}

/// The text, or another one where it is empty.
pub(super) fn or<'a>(text: &'a str, other: &'a str) -> &'a str {
    if text.is_empty() { other } else { text }
}

/// The value of a quantity, a text or a number as it is shown; "" for none.
pub(super) fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

/// A member of an item; "" where it has none.
pub(super) fn field<'a>(item: &'a Value, name: &str) -> &'a str {
    item.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// The names of containers, and their images (`layoutContainerCells`).
pub(super) fn containers(list: &[Value]) -> [Value; 2] {
    ["name", "image"].map(|name| {
        let texts: Vec<&str> = list.iter().map(|container| field(container, name)).collect();
        texts.join(",").into()
    })
}

/// Labels as a text (`labels.FormatLabels`).
pub(super) fn labels(map: &Value) -> String {
    let Some(map) = map.as_object().filter(|map| !map.is_empty()) else { return NONE.to_owned() };
    pairs(map).collect::<Vec<_>>().join(",")
}

fn pairs(map: &Map<String, Value>) -> impl Iterator<Item = String> {
    map.iter().map(|(key, value)| format!("{key}={}", value.as_str().unwrap_or_default()))
}

/// A label selector as a text, its requirements sorted by their keys (`LabelSelectorAsSelector`).
pub(crate) fn selector(selector: &Value) -> String {
    let labels = selector.get("matchLabels").and_then(Value::as_object);
    let mut all: Vec<(String, String)> = Vec::new();
    if let Some(labels) = labels {
        all.extend(labels.keys().cloned().zip(pairs(labels)));
    }
    for rule in selector.get("matchExpressions").and_then(Value::as_array).into_iter().flatten() {
        let key = field(rule, "key");
        let values = rule.get("values").and_then(Value::as_array);
        let mut values: Vec<&str> = values.into_iter().flatten().filter_map(Value::as_str).collect();
        values.sort_unstable();
        let values = values.join(",");
        let text = match field(rule, "operator") {
            "In" => format!("{key} in ({values})"),
            "NotIn" => format!("{key} notin ({values})"),
            "DoesNotExist" => format!("!{key}"),
            _ => key.to_owned(),
        };
        all.push((key.to_owned(), text));
    }
    all.sort_by(|a, b| a.0.cmp(&b.0));
    let texts: Vec<String> = all.into_iter().map(|(_, text)| text).collect();
    texts.join(",")
}

/// The same, saying where there is none (`FormatLabelSelector`).
pub(super) fn selector_or_none(value: &Value) -> String {
    match selector(value) {
        empty if empty.is_empty() => NONE.to_owned(),
        text => text,
    }
}

/// At most so many texts, and how many more there are (`listWithMoreString`).
pub(super) fn some_of(texts: &[String], most: usize) -> String {
    let shown = texts.get(..most.min(texts.len())).unwrap_or_default().join(",");
    match texts.len().checked_sub(most) {
        Some(more) if more > 0 => format!("{shown} + {more} more..."),
        _ if shown.is_empty() => UNSET.to_owned(),
        _ => shown,
    }
}

/// Whether a condition is there and "True".
pub(super) fn is_true(object: &Object, kind: &str) -> bool {
    let conditions = super::items(object, &["status", "conditions"]);
    conditions
        .iter()
        .any(|condition| field(condition, "type") == kind && field(condition, "status") == "True")
}

//! An answer as text that is the same on each server and in each run: what differs by nature is replaced by a symbol.
//!
//! Symbols are numbered as they first appear, so that a text still shows what is equal: a write that changes nothing
//! answers with the version `RV1` that was there before, one that changes something with `RV2`.

use std::collections::HashMap;
use std::sync::LazyLock;

use regex::{Captures, Regex};
use serde_json::Value;

use crate::client::Answer;
use crate::fixture::without;

/// The expressions of what is never the same twice.
struct Expressions {
    uid: Regex,
    time: Regex,
    micro_time: Regex,
    /// The letters of a generated name's end (k8s.io/apimachinery/pkg/util/rand).
    generated: Regex,
    /// The cell of a table: how old an object is.
    age: Regex,
    /// A list's in YAML: an object's does not stand first in its metadata.
    list_version: Regex,
    /// In YAML, in JSON within a text, as Go prints it, and in messages.
    version: Regex,
}

/// One that is no expression fails the first test.
static EXPRESSIONS: LazyLock<Option<Expressions>> = LazyLock::new(|| {
    Some(Expressions {
        uid: Regex::new("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}").ok()?,
        time: Regex::new("[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z").ok()?,
        micro_time: Regex::new("[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}[.][0-9]{6}Z").ok()?,
        generated: Regex::new("NAME-[bcdfghjklmnpqrstvwxz2456789]{5}\\b").ok()?,
        age: Regex::new("\"[0-9]{1,2}s\"").ok()?,
        list_version: Regex::new("(?m)^(metadata:\n(?:  continue: .*\n)?  resourceVersion: )\"[0-9]+\"$")
            .ok()?,
        version: Regex::new(
            r#"(resourceVersion[\\":\s]*\\*"|ResourceVersion in [a-z ]+(?:: |\())([1-9][0-9]*)"#,
        )
        .ok()?,
    })
});

static SYMBOL: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new("\\b(RV|UID)([0-9]+)\\b").ok());

/// The symbols of one sequence of answers.
#[derive(Debug, Default)]
pub(crate) struct Symbols {
    versions: Numbered,
    uids: Numbered,
    /// Texts that a run makes up, such as names, with what stands for them.
    given: Vec<(String, String)>,
}

impl Symbols {
    /// Replaces `text`, which is unique in this run, by `symbol` wherever it is.
    pub(crate) fn give(&mut self, text: &str, symbol: &str) {
        self.given.push((text.to_owned(), symbol.to_owned()));
    }

    /// A UID that a request made up stays as it is.
    const MADE_UP: &'static str = "00000000-0000-0000-0000-000000000000";

    /// Takes the objects out of a list that others have made, whose names don't have what `symbol` stands for.
    pub(crate) fn retain_own(&self, list: &mut Value, symbol: &str) {
        let Some((text, _)) = self.given.iter().find(|(_, given)| given == symbol) else { return };
        let own = |item: &Value| {
            let metadata = item.pointer("/object/metadata").or_else(|| item.get("metadata"));
            let name = metadata.and_then(|metadata| metadata.get("name")).and_then(Value::as_str);
            name.is_some_and(|name| name.contains(text.as_str()))
        };
        for field in ["items", "rows"] {
            if let Some(Value::Array(items)) = list.get_mut(field) {
                items.retain(own);
            }
        }
    }

    /// Lets both go on with the same numbers after one of them has seen what the other has not.
    pub(crate) fn level(&mut self, other: &mut Self) {
        self.versions.level(&mut other.versions);
        self.uids.level(&mut other.uids);
    }

    /// An object or list in one line, members sorted.
    pub(crate) fn value(&mut self, value: &Value) -> String {
        let mut value = value.clone();
        let list = value.get("items").is_some() || value.get("rows").is_some();
        if list && let Some(version) = value.pointer_mut("/metadata/resourceVersion") {
            // That of a list tells how many writes there were by anybody.
            *version = "RV".into();
        }
        self.mask(&mut value);
        self.text(&value.to_string())
    }

    /// A message: names and UIDs are replaced, and versions that were seen before.
    pub(crate) fn text(&mut self, text: &str) -> String {
        let mut text = text.to_owned();
        for (given, symbol) in &self.given {
            text = text.replace(given, symbol);
        }
        let Some(expressions) = EXPRESSIONS.as_ref() else { return text };
        let (uids, versions) = (&mut self.uids, &mut self.versions);
        let text = expressions.uid.replace_all(&text, |found: &Captures<'_>| match &found[0] {
            Self::MADE_UP => Self::MADE_UP.to_owned(),
            uid => format!("UID{}", uids.number(uid)),
        });
        let text = expressions.list_version.replace_all(&text, "$1\"RV\"");
        let text = expressions.version.replace_all(&text, |found: &Captures<'_>| {
            format!("{}RV{}", &found[1], versions.number(&found[2]))
        });
        let text = expressions.time.replace_all(&text, "TIME");
        let text = expressions.micro_time.replace_all(&text, "MICROTIME");
        let text = expressions.age.replace_all(&text, "\"AGE\"");
        expressions.generated.replace_all(&text, "NAME-GENERATED").into_owned()
    }

    fn mask(&mut self, value: &mut Value) {
        match value {
            Value::Object(members) => {
                for (name, member) in members {
                    match member {
                        // Opaque to clients.
                        Value::String(text) if name == "continue" && !text.is_empty() => {
                            *text = "CONTINUE".to_owned();
                        }
                        Value::String(text) if name == "resourceVersion" && is_version(text) => {
                            *text = format!("RV{}", self.versions.number(text));
                        }
                        Value::Array(managers) if name == "managedFields" => {
                            // Their order is that of their times, and two that were equal on one server need not be
                            // on the other.
                            managers
                                .sort_by_cached_key(|manager| without(manager.clone(), "/time").to_string());
                        }
                        other => self.mask(other),
                    }
                }
            }
            Value::Array(items) => items.iter_mut().for_each(|item| self.mask(item)),
            _ => {}
        }
    }

    /// The reverse: a text with symbols, for this server. A symbol that nothing stands for stays.
    pub(crate) fn concrete(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for (given, symbol) in &self.given {
            text = text.replace(symbol, given);
        }
        let Some(symbol) = SYMBOL.as_ref() else { return text };
        let text = symbol.replace_all(&text, |found: &Captures<'_>| {
            let known = if &found[1] == "RV" { &self.versions } else { &self.uids };
            let number = found[2].parse::<usize>().ok().and_then(|number| number.checked_sub(1));
            number.and_then(|at| known.texts.get(at)).unwrap_or(&found[0].to_owned()).clone()
        });
        text.into_owned()
    }

    /// The code, the warnings and the body of an answer, a line each.
    pub(crate) fn answer(&mut self, answer: &Answer) -> String {
        self.answer_of(answer, answer.value())
    }

    /// The same with another body in the place of the answer's own.
    pub(crate) fn answer_of(&mut self, answer: &Answer, body: Value) -> String {
        let body = match body {
            Value::Null => self.text(answer.text().trim_end()),
            value => self.value(&value),
        };
        let mut text = format!("{} {body}", answer.code());
        for warning in answer.warnings() {
            text.push_str("\n! ");
            text.push_str(&self.text(&warning));
        }
        text
    }
}

/// Whether it is a version and neither "" nor one like "0" that means something of its own.
fn is_version(text: &str) -> bool {
    text.len() < 20 && text != "0" && !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Texts with numbers from 1 up, in the order of their first appearance.
#[derive(Debug, Default)]
struct Numbered {
    numbers: HashMap<String, usize>,
    texts: Vec<String>,
}

impl Numbered {
    fn level(&mut self, other: &mut Self) {
        let count = self.texts.len().max(other.texts.len());
        self.texts.resize(count, String::new());
        other.texts.resize(count, String::new());
    }

    fn number(&mut self, text: &str) -> usize {
        if let Some(number) = self.numbers.get(text) {
            return *number;
        }
        self.texts.push(text.to_owned());
        self.numbers.insert(text.to_owned(), self.texts.len());
        self.texts.len()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::Symbols;

    #[test]
    fn equal_versions_and_uids_stay_equal() {
        let mut symbols = Symbols::default();
        symbols.give("m-1a2b3-7", "NAME");
        let uid = "7d0c1c4a-0f0f-4c1e-8d7a-000000000001";
        let one = json!({"metadata": {"name": "m-1a2b3-7", "resourceVersion": "17", "uid": uid,
            "creationTimestamp": "2026-01-01T00:00:00Z"}});
        assert_eq!(
            symbols.value(&one),
            r#"{"metadata":{"creationTimestamp":"TIME","name":"NAME","resourceVersion":"RV1","uid":"UID1"}}"#
        );
        let two = json!({"metadata": {"resourceVersion": "18"}});
        assert_eq!(symbols.value(&two), r#"{"metadata":{"resourceVersion":"RV2"}}"#);
        assert_eq!(symbols.value(&json!({"resourceVersion": "17"})), r#"{"resourceVersion":"RV1"}"#);
        assert_eq!(symbols.text(&format!("UID in object: {uid}")), "UID in object: UID1");
    }

    #[test]
    fn what_is_made_up_by_the_server_is_replaced_in_any_text() {
        let mut symbols = Symbols::default();
        symbols.give("m-1a2b3-7", "NAME");
        assert_eq!(
            symbols.text("name: m-1a2b3-7-x7bqz, resourceVersion: \"12\", 2026-01-01T00:00:00Z 2026-01-01T00:00:00.123456Z"),
            "name: NAME-GENERATED, resourceVersion: \"RV1\", TIME MICROTIME"
        );
        assert_eq!(symbols.text(r#"["NAME-other","3s"]"#), r#"["NAME-other","AGE"]"#);
    }

    #[test]
    fn symbols_are_turned_back() {
        let mut symbols = Symbols::default();
        symbols.value(&json!({"resourceVersion": "17"}));
        symbols.value(&json!({"resourceVersion": "18"}));
        assert_eq!(
            symbols.concrete(r#"{"resourceVersion":"RV2","a":"RV3"}"#),
            r#"{"resourceVersion":"18","a":"RV3"}"#
        );
    }

    #[test]
    fn versions_that_mean_something_stay() {
        let mut symbols = Symbols::default();
        let value =
            json!({"resourceVersion": "0", "a": {"resourceVersion": ""}, "b": {"resourceVersion": "x"}});
        assert_eq!(symbols.value(&value), value.to_string());
    }

    #[test]
    fn the_version_of_a_list_is_everybodys() {
        let mut symbols = Symbols::default();
        let list =
            json!({"items": [{"metadata": {"resourceVersion": "5"}}], "metadata": {"resourceVersion": "9"}});
        let shown = symbols.value(&list);
        assert_eq!(
            shown,
            r#"{"items":[{"metadata":{"resourceVersion":"RV1"}}],"metadata":{"resourceVersion":"RV"}}"#
        );
        let yaml = "items:\n- metadata:\n    resourceVersion: \"5\"\nmetadata:\n  resourceVersion: \"9\"\n";
        assert_eq!(symbols.text(yaml), yaml.replace("\"5\"", "\"RV1\"").replace("\"9\"", "\"RV\""));
    }
}

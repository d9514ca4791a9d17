//! CEL rules of a schema (`x-kubernetes-validations`): compiled with it, checked for their costs when a definition is
//! taken, and run over objects (`k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel`).

mod check;
mod compile;
mod correlate;
mod declare;
mod field_path;
mod run;

use std::collections::BTreeMap;

use kyma_cel::Program;
use serde_json::Value;

use super::props::{Additional, Items, Props};

pub(super) use check::{costs, statics};
pub(super) use correlate::Correlation;
pub(super) use run::Run;

/// The rules of a node and of those below it. There is none where there are no rules.
#[derive(Debug)]
pub(super) struct Ruled {
    rules: Vec<Rule>,
    /// The node's type, which messages show for values that cannot be shown.
    kind: String,
    /// The keys by which a list's items are the same before and after.
    map_keys: Option<Vec<String>>,
    items: Option<Box<Ruled>>,
    additional: Option<Box<Ruled>>,
    properties: BTreeMap<String, Ruled>,
}

/// A compiled rule.
#[derive(Debug)]
struct Rule {
    program: Program,
    /// What a failure is about: the message, or the rule itself.
    about: String,
    message: Option<String>,
    message_expression: Option<Program>,
    reason: String,
    field_path: String,
    optional_old_self: bool,
}

impl Ruled {
    /// Compiles the rules of a schema that was checked.
    pub(super) fn build(props: &Props) -> Option<Self> {
        build(props, true)
    }
}

fn build(props: &Props, is_root: bool) -> Option<Ruled> {
    let items = props.items.one().and_then(|items| build(items, items.embedded)).map(Box::new);
    let additional = match &props.additional {
        Some(Additional::Schema(schema)) => build(schema, schema.embedded).map(Box::new),
        _ => None,
    };
    let properties: BTreeMap<String, Ruled> = props
        .properties
        .iter()
        .filter_map(|(name, property)| Some((name.clone(), build(property, property.embedded)?)))
        .collect();
    let rules = own_rules(props, is_root);
    let bare = rules.is_empty() && items.is_none() && additional.is_none() && properties.is_empty();
    let map_keys = (props.list_type.as_deref() == Some("map")).then(|| props.list_map_keys.clone());
    (!bare).then(|| Ruled { rules, kind: props.kind.clone(), map_keys, items, additional, properties })
}

fn own_rules(props: &Props, is_root: bool) -> Vec<Rule> {
    if props.rules.is_empty() {
        return Vec::new();
    }
    let declared = declare::declare(props, is_root);
    let rules = props.rules.iter().filter_map(|raw| {
        let source = Source::of(raw);
        let compiled = compile::compile(&source, &declared);
        let field_path =
            field_path::find(source.field_path, props).map_or(String::new(), |path| path.to_string());
        Some(Rule {
            program: compiled.program.ok()?,
            about: source.about().to_owned(),
            message: (!source.message.is_empty()).then(|| source.message.trim().to_owned()),
            message_expression: compiled.message.and_then(Result::ok),
            reason: source.reason.unwrap_or_default().to_owned(),
            field_path,
            optional_old_self: source.optional_old_self == Some(true),
        })
    });
    rules.collect()
}

/// A rule as the definition has it.
struct Source<'a> {
    rule: &'a str,
    message: &'a str,
    message_expression: &'a str,
    reason: Option<&'a str>,
    field_path: &'a str,
    optional_old_self: Option<bool>,
}

impl<'a> Source<'a> {
    fn of(raw: &'a Value) -> Self {
        let text = |member: &str| raw.get(member).and_then(Value::as_str).unwrap_or_default();
        Self {
            rule: text("rule"),
            message: text("message"),
            message_expression: text("messageExpression"),
            reason: raw.get("reason").and_then(Value::as_str),
            field_path: text("fieldPath"),
            optional_old_self: raw.get("optionalOldSelf").and_then(Value::as_bool),
        }
    }

    /// What messages about the rule call it.
    fn about(&self) -> &'a str {
        if self.message.is_empty() { self.rule.trim() } else { self.message.trim() }
    }

    /// The Go structure as messages show it.
    fn shown(&self) -> String {
        let text = |text: &str| crate::reason::gotext::json(&Value::from(text));
        let reason = self.reason.map_or("null".to_owned(), text);
        let optional = self.optional_old_self.map_or("null".to_owned(), |flag| flag.to_string());
        format!(
            "{{\"Rule\":{},\"Message\":{},\"MessageExpression\":{},\"Reason\":{reason},\"FieldPath\":{},\"OptionalOldSelf\":{optional}}}",
            text(self.rule),
            text(self.message),
            text(self.message_expression),
            text(self.field_path),
        )
    }
}

/// How often a node can occur for each time that the one above it does; `None` where nothing bounds that.
fn max_elements(props: &Props) -> Option<u64> {
    let count = |bound: Option<i64>| bound.map(|bound| u64::try_from(bound).unwrap_or_default());
    match (props.kind.as_str(), &props.additional, &props.items) {
        ("object", Some(_), _) => count(props.max_properties),
        ("array", _, Items::None | Items::One(_) | Items::Many(_)) => count(props.max_items),
        _ => Some(1),
    }
}

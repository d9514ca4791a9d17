//! The compiled form of a schema: what the walks over objects need, ready to use.

use std::fmt;

use kyma_cel::pattern;
use regex::Regex;
use serde_json::Value;

use super::formats::Format;
use super::props::{Additional as RawAdditional, Items, Props};

/// A set of JSON types.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Types(u8);

/// A JSON type as schemas name it; whole numbers are a type of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Type {
    Object,
    Array,
    String,
    Boolean,
    Integer,
    Number,
}

impl Type {
    const ALL: [Self; 6] =
        [Self::Object, Self::Array, Self::String, Self::Boolean, Self::Integer, Self::Number];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Object => "object",
            Self::Array => "array",
            Self::String => "string",
            Self::Boolean => "boolean",
            Self::Integer => "integer",
            Self::Number => "number",
        }
    }
}

impl Types {
    fn of_props(props: &Props) -> Self {
        if props.int_or_string {
            return Self::default().with(Type::Integer).with(Type::String);
        }
        let named = Type::ALL.into_iter().find(|kind| kind.name() == props.kind);
        named.map_or(Self::default(), |kind| Self::default().with(kind))
    }

    const fn with(self, kind: Type) -> Self {
        Self(self.0 | 1 << kind as u8)
    }

    pub(super) const fn has(self, kind: Type) -> bool {
        self.0 & (1 << kind as u8) != 0
    }

    pub(super) const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The type, if the schema names exactly one.
    pub(super) fn only(self) -> Option<Type> {
        Type::ALL.into_iter().find(|kind| Self::default().with(*kind) == self)
    }
}

/// `integer,string`: as messages list them.
impl fmt::Display for Types {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.only() {
            Some(kind) => f.write_str(kind.name()),
            None => f.write_str("integer,string"),
        }
    }
}

/// What keys outside of `properties` may hold.
#[derive(Debug)]
pub(super) enum Additional {
    /// Nothing is said: such keys are pruned.
    Unset,
    /// `true` or `false`.
    Allowed(bool),
    /// Values of this schema.
    Schema(Box<Node>),
}

/// `x-kubernetes-list-type`, as far as it asks for anything.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum ListType {
    Atomic,
    Set,
    Map(Box<[String]>),
}

/// What a subtree has, so that walks can leave out the rest.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Below {
    pub(super) defaults: bool,
    pub(super) embedded: bool,
    pub(super) lists: bool,
}

/// One node of a compiled schema.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) types: Types,
    pub(super) nullable: bool,
    pub(super) format: Option<Format>,
    /// By key.
    pub(super) properties: Box<[(Box<str>, Node)]>,
    pub(super) additional: Additional,
    pub(super) items: Option<Box<Node>>,
    pub(super) default: Option<Value>,
    pub(super) preserve: bool,
    pub(super) embedded: bool,
    pub(super) list_type: ListType,
    pub(super) required: Box<[String]>,
    pub(super) rules: Option<Box<Rules>>,
    pub(super) below: Below,
}

/// Conditions that few nodes have.
#[derive(Debug)]
pub(super) struct Rules {
    pub(super) enumeration: Box<[Value]>,
    pub(super) pattern: Option<(String, Regex)>,
    pub(super) max_length: Option<i64>,
    pub(super) min_length: Option<i64>,
    pub(super) max_items: Option<i64>,
    pub(super) min_items: Option<i64>,
    pub(super) max_properties: Option<i64>,
    pub(super) min_properties: Option<i64>,
    pub(super) maximum: Option<Bound>,
    pub(super) minimum: Option<Bound>,
    pub(super) multiple_of: Option<f64>,
    pub(super) all_of: Box<[Node]>,
    pub(super) any_of: Box<[Node]>,
    pub(super) one_of: Box<[Node]>,
    pub(super) not: Option<Node>,
}

/// A bound of a number, and whether it is outside itself.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bound {
    pub(super) value: f64,
    pub(super) exclusive: bool,
}

impl Node {
    /// Compiles a schema. What [`super::keywords`] and [`super::structural`] refuse need not make sense here.
    pub(super) fn build(props: &Props) -> Self {
        let types = Types::of_props(props);
        let properties: Box<[_]> = props
            .properties
            .iter()
            .map(|(key, property)| (key.as_str().into(), Self::build(property)))
            .collect();
        let additional = match &props.additional {
            None => Additional::Unset,
            Some(RawAdditional::Allowed(allowed)) => Additional::Allowed(*allowed),
            Some(RawAdditional::Schema(schema)) => Additional::Schema(Box::new(Self::build(schema))),
        };
        let items = props.items.one().map(|items| Box::new(Self::build(items)));
        let list_type = match props.list_type.as_deref() {
            Some("set") => ListType::Set,
            Some("map") => ListType::Map(props.list_map_keys.clone().into_boxed_slice()),
            _ => ListType::Atomic,
        };
        let mut node = Self {
            types,
            nullable: props.nullable,
            format: Format::named(&props.format, types),
            properties,
            additional,
            items,
            default: props.default.clone(),
            preserve: props.preserve == Some(true),
            embedded: props.embedded,
            list_type,
            required: props.required.clone().into_boxed_slice(),
            rules: Rules::build(props),
            below: Below::default(),
        };
        node.below = node.survey();
        node
    }

    fn survey(&self) -> Below {
        let own = Below {
            defaults: self.default.is_some(),
            embedded: self.embedded,
            lists: self.list_type != ListType::Atomic,
        };
        let additional = match &self.additional {
            Additional::Schema(node) => Some(&**node),
            Additional::Unset | Additional::Allowed(_) => None,
        };
        let children =
            self.properties.iter().map(|(_, node)| node).chain(additional).chain(self.items.as_deref());
        children.fold(own, |all, child| Below {
            defaults: all.defaults || child.below.defaults,
            embedded: all.embedded || child.below.embedded,
            lists: all.lists || child.below.lists,
        })
    }

    /// The schema of a named property.
    pub(super) fn property(&self, key: &str) -> Option<&Self> {
        let found = self.properties.binary_search_by(|(name, _)| (**name).cmp(key));
        found.ok().and_then(|index| self.properties.get(index)).map(|(_, node)| node)
    }

    /// The schema of keys outside of `properties`.
    pub(super) fn additional_schema(&self) -> Option<&Self> {
        match &self.additional {
            Additional::Schema(node) => Some(node),
            Additional::Unset | Additional::Allowed(_) => None,
        }
    }

    /// The schema of whatever stands under a key.
    pub(super) fn field(&self, key: &str) -> Option<&Self> {
        self.property(key).or_else(|| self.additional_schema())
    }
}

impl Rules {
    fn build(props: &Props) -> Option<Box<Self>> {
        let nodes = |list: &[Props]| list.iter().map(Node::build).collect();
        let bound = |value: Option<f64>, exclusive| value.map(|value| Bound { value, exclusive });
        let regex = (!props.pattern.is_empty()).then(|| pattern::compile(&props.pattern).ok()).flatten();
        let rules = Self {
            enumeration: props.enumeration.clone().into_boxed_slice(),
            pattern: regex.map(|regex| (props.pattern.clone(), regex)),
            max_length: props.max_length,
            min_length: props.min_length,
            max_items: props.max_items,
            min_items: props.min_items,
            max_properties: props.max_properties,
            min_properties: props.min_properties,
            maximum: bound(props.maximum, props.exclusive_maximum),
            minimum: bound(props.minimum, props.exclusive_minimum),
            multiple_of: props.multiple_of,
            all_of: nodes(&props.all_of),
            any_of: nodes(&props.any_of),
            one_of: nodes(&props.one_of),
            not: props.not.as_deref().map(Node::build),
        };
        rules.ask_for_something().then(|| Box::new(rules))
    }

    fn ask_for_something(&self) -> bool {
        let counts = [
            self.max_length,
            self.min_length,
            self.max_items,
            self.min_items,
            self.max_properties,
            self.min_properties,
        ];
        let bounds = [self.maximum, self.minimum];
        !self.enumeration.is_empty()
            || self.pattern.is_some()
            || counts.iter().any(Option::is_some)
            || bounds.iter().any(Option::is_some)
            || self.multiple_of.is_some()
            || [&self.all_of, &self.any_of, &self.one_of].iter().any(|list| !list.is_empty())
            || self.not.is_some()
    }
}

/// Why the structure cannot be built at all (`NewStructural`), as upstream words it.
pub(super) fn build_problem(props: &Props) -> Option<String> {
    if let Some((key, _)) = props.unsupported.iter().find(|(_, says)| *says) {
        let key = if *key == "$schema" { "schema" } else { key };
        return Some(format!("OpenAPIV3Schema '{key}' is not supported"));
    }
    if matches!(props.items, Items::Many(_)) {
        return Some("OpenAPIV3Schema 'items' must be a schema, but is an array".to_owned());
    }
    if props.preserve == Some(false) {
        let text = "internal error: 'x-kubernetes-preserve-unknown-fields' must be true or undefined";
        return Some(text.to_owned());
    }
    children(props).find_map(build_problem)
}

fn children(props: &Props) -> impl Iterator<Item = &Props> {
    let lists = [&props.all_of, &props.any_of, &props.one_of].into_iter().flatten();
    let single =
        [props.not.as_deref(), props.items.one(), props.additional.as_ref().and_then(RawAdditional::schema)];
    lists.chain(single.into_iter().flatten()).chain(props.properties.values())
}

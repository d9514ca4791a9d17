//! The schema of a custom kind, as far as it is about ownership. Compiled once for a version of a definition.

use serde_json::Value;

use super::{Atom, Fields, Keys, List, ListKind, Map, Place, Scalar, builtin};

/// A place of the schema.
#[derive(Debug, Default)]
pub(crate) struct Node {
    scalar: Option<Scalar>,
    list: Option<ListNode>,
    map: Option<MapNode>,
    default: Option<Value>,
}

#[derive(Debug)]
struct ListNode {
    kind: Kind,
    /// `None` where nothing is said of the items.
    item: Option<Box<Node>>,
}

#[derive(Debug)]
enum Kind {
    Atomic,
    Set,
    Map(Box<[String]>),
}

#[derive(Debug)]
struct MapNode {
    atomic: bool,
    properties: Properties,
    rest: Rest,
}

#[derive(Debug)]
enum Rest {
    Forbidden,
    Deduced,
    Node(Box<Node>),
}

/// The declared members of a map, by name.
#[derive(Debug, Default)]
pub(crate) struct Properties(Box<[(Box<str>, Property)]>);

#[derive(Debug)]
enum Property {
    Node(Node),
    /// `metadata` of the object or of an embedded resource.
    Metadata,
}

impl Properties {
    pub(crate) fn get(&self, name: &str) -> Option<Place<'_>> {
        let index = self.0.binary_search_by(|(property, _)| (**property).cmp(name)).ok()?;
        self.0.get(index).map(|(_, property)| match property {
            Property::Node(node) => Place::Custom(node),
            Property::Metadata => builtin::metadata(),
        })
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Node {
    /// Compiles an `openAPIV3Schema` that was found to be structural.
    pub(crate) fn compile(raw: &Value) -> Self {
        Self::build(raw, false, true)
    }

    /// `preserve` says that a place above lets unknown fields be, `resource` that this is one, with type and metadata.
    fn build(raw: &Value, preserve: bool, resource: bool) -> Self {
        let is_set = |keyword: &str| raw.get(keyword) == Some(&Value::Bool(true));
        let preserve = preserve || is_set("x-kubernetes-preserve-unknown-fields");
        let resource = resource || is_set("x-kubernetes-embedded-resource");
        let text = |keyword: &str| raw.get(keyword).and_then(Value::as_str).unwrap_or_default();
        let map = || Some(MapNode::build(raw, preserve, resource));
        let list = || Some(ListNode::build(raw, preserve));
        let mut node = match text("type") {
            "object" => Self { map: map(), ..Self::default() },
            "array" => Self { list: list(), ..Self::default() },
            "integer" | "number" => Self::of_scalar(Scalar::Numeric),
            "boolean" => Self::of_scalar(Scalar::Boolean),
            "string" if matches!(text("format"), "" | "byte") => Self::of_scalar(Scalar::Text),
            "string" => Self::of_scalar(Scalar::Untyped),
            _ => Self { scalar: Some(Scalar::Untyped), list: list(), map: map(), default: None },
        };
        node.default = raw.get("default").filter(|value| !value.is_null()).cloned();
        node
    }

    fn of_scalar(scalar: Scalar) -> Self {
        Self { scalar: Some(scalar), ..Self::default() }
    }

    /// Whether any scalar may stand here, whatever else.
    pub(crate) fn is_any_scalar(&self) -> bool {
        self.scalar == Some(Scalar::Untyped)
    }

    pub(crate) fn default_of(&self, name: &str) -> Option<&Value> {
        match self.map.as_ref()?.properties.get(name)? {
            Place::Custom(node) => node.default.as_ref(),
            _ => None,
        }
    }

    pub(crate) fn atom(&self) -> Atom<'_> {
        Atom {
            scalar: self.scalar,
            list: self.list.as_ref().map(|list| List {
                kind: match &list.kind {
                    Kind::Atomic => ListKind::Atomic,
                    Kind::Set => ListKind::Set,
                    Kind::Map(keys) => ListKind::Map(Keys::Custom(keys)),
                },
                item: list.item.as_deref().map_or(Place::Untyped, Place::Custom),
            }),
            map: self.map.as_ref().map(|map| Map {
                atomic: map.atomic,
                fields: Fields::Custom(&map.properties),
                rest: match &map.rest {
                    Rest::Forbidden => None,
                    Rest::Deduced => Some(Place::Deduced),
                    Rest::Node(node) => Some(Place::Custom(node)),
                },
            }),
        }
    }
}

impl ListNode {
    fn build(raw: &Value, preserve: bool) -> Self {
        let keys = || {
            let keys = raw.get("x-kubernetes-list-map-keys").and_then(Value::as_array);
            keys.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
        };
        let kind = match raw.get("x-kubernetes-list-type").and_then(Value::as_str) {
            Some("set") => Kind::Set,
            Some("map") => Kind::Map(keys()),
            _ => Kind::Atomic,
        };
        let item = raw.get("items").map(|items| Box::new(Node::build(items, preserve, false)));
        Self { kind, item }
    }
}

impl MapNode {
    fn build(raw: &Value, preserve: bool, resource: bool) -> Self {
        let properties = Properties::build(raw, preserve, resource);
        let rest = match raw.get("additionalProperties") {
            None | Some(Value::Null) if preserve || properties.is_empty() => Rest::Deduced,
            None | Some(Value::Null | Value::Bool(false)) => Rest::Forbidden,
            Some(Value::Bool(true)) => Rest::Deduced,
            Some(schema) => Rest::Node(Box::new(Node::build(schema, preserve, false))),
        };
        let atomic = raw.get("x-kubernetes-map-type").and_then(Value::as_str) == Some("atomic");
        Self { atomic, properties, rest }
    }
}

impl Properties {
    fn build(raw: &Value, preserve: bool, resource: bool) -> Self {
        let given = raw.get("properties").and_then(Value::as_object).into_iter().flatten();
        let is_meta = |name: &str| resource && matches!(name, "apiVersion" | "kind" | "metadata");
        let mut all: Vec<(Box<str>, Property)> = given
            .filter(|(name, _)| !is_meta(name))
            .map(|(name, schema)| {
                (name.as_str().into(), Property::Node(Node::build(schema, preserve, false)))
            })
            .collect();
        if resource {
            let text = || Property::Node(Node::of_scalar(Scalar::Text));
            all.push(("apiVersion".into(), text()));
            all.push(("kind".into(), text()));
            all.push(("metadata".into(), Property::Metadata));
        }
        all.sort_by(|(a, _), (b, _)| a.cmp(b));
        Self(all.into())
    }
}

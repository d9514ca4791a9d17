//! Keys that YAML has and JSON has not: collections and null. What a template leaves behind, `a: {{ .b }}`, is a mapping
//! whose key is a mapping.

use std::fmt::{self, Write as _};

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

/// A body with whatever keys it has.
#[derive(Debug, Clone, PartialEq)]
enum Node {
    Null,
    Bool(bool),
    Integer(i128),
    Float(f64),
    Text(String),
    Sequence(Vec<Node>),
    Mapping(Vec<(Node, Node)>),
}

/// What Go says about the first key that is a collection, if there is one.
pub(super) fn collection_as_key(text: &str) -> Option<String> {
    find_collection(&serde_saphyr::from_str(text).ok()?)
}

/// What Go says about the first key that is null, if there is one.
pub(super) fn null_as_key(text: &str) -> Option<String> {
    find_null(&serde_saphyr::from_str(text).ok()?)
}

/// Go finds these while it decodes, a key before its value.
fn find_collection(node: &Node) -> Option<String> {
    match node {
        Node::Sequence(items) => items.iter().find_map(find_collection),
        Node::Mapping(fields) => fields.iter().find_map(|(key, value)| {
            find_collection(key)
                .or_else(|| {
                    let collection = matches!(key, Node::Sequence(_) | Node::Mapping(_));
                    collection.then(|| format!("yaml: invalid map key: {}", GoSyntax(key)))
                })
                .or_else(|| find_collection(value))
        }),
        _ => None,
    }
}

/// These are found afterwards, when the fields are turned into JSON's.
fn find_null(node: &Node) -> Option<String> {
    match node {
        Node::Sequence(items) => items.iter().find_map(find_null),
        Node::Mapping(fields) => fields.iter().find_map(|(key, value)| match (key, value) {
            (Node::Null, Node::Null) => Some(unsupported("<nil>")),
            (Node::Null, value) => Some(unsupported(GoSyntax(value))),
            _ => find_null(value),
        }),
        _ => None,
    }
}

/// The one text of this library without `yaml:` in front.
fn unsupported(value: impl fmt::Display) -> String {
    format!("unsupported map key of type: %!s(<nil>), key: <nil>, value: {value}")
}

/// A node as Go's `%#v` prints it.
struct GoSyntax<'a>(&'a Node);

impl fmt::Display for GoSyntax<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Node::Null => out.write_str("interface {}(nil)"),
            Node::Bool(value) => write!(out, "{value}"),
            Node::Integer(value) => write!(out, "{value}"),
            Node::Float(value) => write!(out, "{value}"),
            Node::Text(value) => write!(out, "{value:?}"),
            Node::Sequence(items) => {
                out.write_str("[]interface {}{")?;
                for (at, item) in items.iter().enumerate() {
                    out.write_str(if at > 0 { ", " } else { "" })?;
                    write!(out, "{}", GoSyntax(item))?;
                }
                out.write_char('}')
            }
            Node::Mapping(fields) => {
                let mut fields: Vec<_> =
                    fields.iter().map(|(key, value)| (GoSyntax(key).to_string(), value)).collect();
                fields.sort_by(|left, right| left.0.cmp(&right.0));
                out.write_str("map[interface {}]interface {}{")?;
                for (at, (key, value)) in fields.iter().enumerate() {
                    out.write_str(if at > 0 { ", " } else { "" })?;
                    write!(out, "{key}:{}", GoSyntax(value))?;
                }
                out.write_char('}')
            }
        }
    }
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NodeVisitor)
    }
}

struct NodeVisitor;

impl<'de> Visitor<'de> for NodeVisitor {
    type Value = Node;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a YAML node")
    }

    fn visit_unit<E>(self) -> Result<Node, E> {
        Ok(Node::Null)
    }

    fn visit_none<E>(self) -> Result<Node, E> {
        Ok(Node::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Node, D::Error> {
        Node::deserialize(deserializer)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Node, E> {
        Ok(Node::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Node, E> {
        Ok(Node::Integer(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Node, E> {
        Ok(Node::Integer(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Node, E> {
        Ok(Node::Float(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<Node, E> {
        Ok(Node::Text(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Node, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = access.next_element()? {
            items.push(item);
        }
        Ok(Node::Sequence(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Node, A::Error> {
        let mut fields = Vec::new();
        while let Some(field) = access.next_entry()? {
            fields.push(field);
        }
        Ok(Node::Mapping(fields))
    }
}

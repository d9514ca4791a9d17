//! `FieldsV1`: a set as JSON (`fieldpath/serialize.go`, `fieldpath/serialize-pe.go`).
//!
//! An element is a key: `f:` and a name, `k:` and an object of key members, `v:` and a value, `i:` and an index. What
//! is below it is its value; `.` stands for the element itself where something is below it.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use serde::de::{DeserializeSeed, Error, IgnoredAny, MapAccess, Visitor};
use serde_json::Value;

use super::element::{Datum, Element};
use super::set::{Node, Set};
use crate::turns::Turns;

/// Reads a set. Elements of kinds that nobody knows are left out.
///
/// # Errors
/// The text is no JSON object, or a key in it no element.
pub(crate) fn decode(text: &str) -> Result<Set<'_>, serde_json::Error> {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let inner = Tree.deserialize(&mut deserializer)?;
    deserializer.end()?;
    Ok(inner.set)
}

/// In which order the keys of a set are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    /// That of the elements: numbers by their value.
    Elements,
    /// That of the texts. A custom resource is to Go a map of maps, and so is the set in it.
    Texts,
}

/// Writes a set, and appends it to `out`.
pub(crate) fn encode(set: &Set<'_>, order: Order, out: &mut String) {
    write_nodes(set.nodes(), order, false, out);
}

fn write_nodes(nodes: &[Node<'_>], order: Order, with_itself: bool, out: &mut String) {
    out.push('{');
    let mut separator = "";
    if with_itself {
        out.push_str("\".\":{}");
        separator = ",";
    }
    let mut turns = Turns::default();
    let mut write = |node: &Node<'_>| {
        turns.done();
        out.push_str(separator);
        separator = ",";
        write_element(&node.element, out);
        out.push(':');
        if node.below.is_empty() {
            out.push_str("{}");
        } else {
            write_nodes(node.below.nodes(), order, node.member, out);
        }
    };
    // The names of fields are in one order by either rule.
    if order == Order::Texts && !nodes.iter().all(|node| matches!(node.element, Element::Field(_))) {
        let mut sorted: Vec<(String, &Node<'_>)> =
            nodes.iter().map(|node| (key(&node.element), node)).collect();
        sorted.sort_by(|(a, _), (b, _)| a.cmp(b));
        sorted.into_iter().for_each(|(_, node)| write(node));
    } else {
        nodes.iter().for_each(write);
    }
    out.push('}');
}

/// The key of an element as it is meant, not as JSON writes it.
fn key(element: &Element<'_>) -> String {
    let mut written = String::new();
    write_element(element, &mut written);
    serde_json::from_str(&written).unwrap_or(written)
}

fn write_element(element: &Element<'_>, out: &mut String) {
    match element {
        Element::Field(name) => write_key("f:", name, out),
        Element::Key(members) => {
            let mut text = String::from("{");
            for (position, (name, value)) in members.iter().enumerate() {
                if position > 0 {
                    text.push(',');
                }
                text.push_str(&Value::from(&**name).to_string());
                text.push(':');
                text.push_str(&value.to_json());
            }
            text.push('}');
            write_key("k:", &text, out);
        }
        Element::Value(value) => write_key("v:", &value.to_json(), out),
        Element::Index(index) => write_key("i:", &index.to_string(), out),
    }
}

/// Writes a text as a JSON string.
pub(crate) fn write_text(text: &str, out: &mut String) {
    write_key("", text, out);
}

/// Writes a JSON string of the two parts.
fn write_key(prefix: &str, text: &str, out: &mut String) {
    if text.bytes().any(|byte| byte < b' ' || matches!(byte, b'"' | b'\\')) {
        out.push_str(&Value::from(format!("{prefix}{text}")).to_string());
        return;
    }
    for part in ["\"", prefix, text, "\""] {
        out.push_str(part);
    }
}

/// What stands behind a key.
struct Inner<'a> {
    set: Set<'a>,
    /// Whether the key's own path is in the set.
    member: bool,
}

struct Tree;

impl<'de> DeserializeSeed<'de> for Tree {
    type Value = Inner<'de>;

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<Inner<'de>, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Tree {
    type Value = Inner<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a set of fields")
    }

    fn visit_unit<E: Error>(self) -> Result<Inner<'de>, E> {
        Ok(Inner { set: Set::default(), member: true })
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Inner<'de>, A::Error> {
        let (mut set, mut member) = (Set::default(), false);
        while let Some(key) = entries.next_key_seed(KeySeed)? {
            let element = match key {
                Key::Itself => {
                    member = true;
                    entries.next_value::<IgnoredAny>()?;
                    continue;
                }
                Key::Unknown => {
                    entries.next_value::<IgnoredAny>()?;
                    continue;
                }
                Key::Element(element) => element,
            };
            let inner = entries.next_value_seed(Tree)?;
            set.push(element, inner.member, inner.set);
        }
        set.sort();
        member |= set.is_empty();
        Ok(Inner { set, member })
    }
}

enum Key<'a> {
    /// `.`.
    Itself,
    Element(Element<'a>),
    /// Of a kind that a later version may know.
    Unknown,
}

struct KeySeed;

impl<'de> DeserializeSeed<'de> for KeySeed {
    type Value = Key<'de>;

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<Key<'de>, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for KeySeed {
    type Value = Key<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a path element")
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Key<'de>, E> {
        match text.strip_prefix("f:") {
            Some(name) => Ok(Key::Element(Element::Field(Cow::Borrowed(name)))),
            None => self.visit_str(text),
        }
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Key<'de>, E> {
        if text == "." {
            return Ok(Key::Itself);
        }
        parse(text).map_err(E::custom)
    }
}

fn parse(text: &str) -> Result<Key<'static>, String> {
    if text.len() < 2 {
        return Err("key must be 2 characters long:".to_owned());
    }
    if text.as_bytes().get(1) != Some(&b':') {
        return Err(format!("missing colon: {text}"));
    }
    let (kind, rest) = text.split_at(2);
    Ok(Key::Element(match kind {
        "f:" => Element::Field(Cow::Owned(rest.to_owned())),
        "k:" => {
            let members: BTreeMap<String, Value> = serde_json::from_str(rest).map_err(|e| e.to_string())?;
            let members = members.into_iter().map(|(name, value)| (Cow::Owned(name), Datum::decoded(value)));
            Element::Key(members.collect())
        }
        "v:" => Element::Value(Datum::decoded(serde_json::from_str(rest).map_err(|e| e.to_string())?)),
        "i:" => Element::Index(
            rest.parse().map_err(|_| format!("strconv.Atoi: parsing {rest:?}: invalid syntax"))?,
        ),
        _ => return Ok(Key::Unknown),
    }))
}

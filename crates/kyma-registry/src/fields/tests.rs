mod managers;
mod properties;
mod walks;

use serde_json::{Map, Value, json};

use super::codec;
use super::schema::{Place, custom};
use super::set::Set;

type Object = Map<String, Value>;

fn object(value: Value) -> Object {
    match value {
        Value::Object(object) => object,
        other => panic!("no object: {other}"),
    }
}

fn text(set: &Set<'_>) -> String {
    let mut out = String::new();
    codec::encode(set, codec::Order::Elements, &mut out);
    out
}

/// A schema with everything that ownership knows of.
fn schema() -> custom::Node {
    let item = json!({"type": "object", "properties": {
        "name": {"type": "string"},
        "port": {"type": "integer"},
        "protocol": {"type": "string", "default": "TCP"},
        "value": {"type": "string"},
    }});
    custom::Node::compile(&json!({"type": "object", "properties": {
        "spec": {"type": "object", "properties": {
            "text": {"type": "string"},
            "count": {"type": "integer"},
            "map": {"type": "object", "additionalProperties": {"type": "string"}},
            "atom": {"type": "object", "x-kubernetes-map-type": "atomic", "properties": {
                "a": {"type": "string"}, "b": {"type": "string"},
            }},
            "list": {"type": "array", "items": {"type": "integer"}},
            "set": {"type": "array", "items": {"type": "string"}, "x-kubernetes-list-type": "set"},
            "ports": {
                "type": "array", "items": item, "x-kubernetes-list-type": "map",
                "x-kubernetes-list-map-keys": ["port", "protocol"],
            },
            "free": {"type": "object", "x-kubernetes-preserve-unknown-fields": true},
            "nested": {"type": "object", "properties": {"deep": {"type": "object", "properties": {
                "x": {"type": "string"}, "y": {"type": "string"},
            }}}},
            "either": {"x-kubernetes-int-or-string": true},
        }},
        "status": {"type": "object", "properties": {"phase": {"type": "string"}}},
    }}))
}

fn place(node: &custom::Node) -> Place<'_> {
    Place::Custom(node)
}

//! Expected texts are what apiextensions-apiserver 0.37.2 prints for the same schemas and objects.

mod compile;
mod formats;
mod objects;
mod properties;
mod rules;

use serde_json::{Map, Value, json};

use super::*;

/// A schema of an object whose `spec` is as given.
fn with_spec(spec: &Value) -> Value {
    json!({"type": "object", "properties": {"metadata": {"type": "object"}, "spec": spec}})
}

fn schema_of(spec: &Value) -> Schema {
    Schema::compile(&with_spec(spec)).unwrap()
}

fn object_of(spec: impl Into<Value>) -> Map<String, Value> {
    let spec: Value = spec.into();
    let object =
        json!({"apiVersion": "example.com/v1", "kind": "Foo", "metadata": {"name": "a"}, "spec": spec});
    object.as_object().cloned().unwrap()
}

fn texts(errors: &[FieldError]) -> Vec<String> {
    errors.iter().map(ToString::to_string).collect()
}

/// What is wrong with a spec.
fn judged(schema: &Value, spec: Value) -> Vec<String> {
    texts(&schema_of(schema).validate(&object_of(spec), Vec::new()).errors)
}

//! Resources inside of resources (`x-kubernetes-embedded-resource`): their type and metadata
//! (`k8s.io/apiextensions-apiserver/pkg/apiserver/schema/objectmeta`).

use serde_json::{Map, Value};

use super::node::Node;
use crate::names::{NameRule, decode_metadata, dns1035_label, group_version_problem, validate_create_at};
use crate::reason::{FieldError, Path, Segment, Trail};

/// Brings the metadata of embedded resources into its canonical form, and notes the paths of what it does not know.
///
/// # Errors
/// The first type or metadata of a wrong type.
pub(super) fn coerce(
    object: &mut Map<String, Value>,
    root: &Node,
    unknown: &mut Vec<String>,
) -> Result<(), FieldError> {
    coerce_map(object, root, &Trail::ROOT, unknown)
}

fn coerce_map(
    map: &mut Map<String, Value>,
    node: &Node,
    at: &Trail<'_>,
    unknown: &mut Vec<String>,
) -> Result<(), FieldError> {
    for (key, value) in map.iter_mut() {
        let child = at.step(Segment::Child(key));
        if node.embedded {
            let path = || child.below(&Path::root());
            match key.as_str() {
                "apiVersion" | "kind" if !value.is_string() => {
                    return Err(FieldError::invalid(&path(), value.clone(), "must be a string"));
                }
                "metadata" => {
                    let given = value.clone();
                    decode_metadata(value, &child.to_string(), unknown)
                        .map_err(|problem| FieldError::invalid(&path(), given, problem))?;
                }
                _ => {}
            }
        }
        if let Some(property) = node.property(key) {
            coerce_value(value, property, &child, unknown)?;
        } else if let Some(additional) = node.additional_schema() {
            coerce_value(value, additional, &at.step(Segment::Key(key)), unknown)?;
        }
    }
    Ok(())
}

fn coerce_value(
    value: &mut Value,
    node: &Node,
    at: &Trail<'_>,
    unknown: &mut Vec<String>,
) -> Result<(), FieldError> {
    if !node.below.embedded {
        return Ok(());
    }
    match (value, &node.items) {
        (Value::Object(map), _) => coerce_map(map, node, at, unknown),
        (Value::Array(items), Some(node)) => {
            let mut items = items.iter_mut().enumerate();
            items.try_for_each(|(index, item)| {
                coerce_value(item, node, &at.step(Segment::Index(index)), unknown)
            })
        }
        _ => Ok(()),
    }
}

/// Judges type and metadata of embedded resources.
pub(super) fn check(object: &Map<String, Value>, root: &Node, errors: &mut Vec<FieldError>) {
    check_map(object, root, &Trail::ROOT, errors);
}

/// The same for a value, such as a default.
pub(super) fn check_value(value: &Value, node: &Node, at: &Trail<'_>, errors: &mut Vec<FieldError>) {
    if !node.below.embedded {
        return;
    }
    match (value, &node.items) {
        (Value::Object(map), _) => check_map(map, node, at, errors),
        (Value::Array(items), Some(node)) => {
            for (index, item) in items.iter().enumerate() {
                check_value(item, node, &at.step(Segment::Index(index)), errors);
            }
        }
        _ => {}
    }
}

fn check_map(map: &Map<String, Value>, node: &Node, at: &Trail<'_>, errors: &mut Vec<FieldError>) {
    if node.embedded {
        check_resource(map, &at.below(&Path::root()), errors);
    }
    for (key, value) in map {
        if let Some(property) = node.property(key) {
            check_value(value, property, &at.step(Segment::Child(key)), errors);
        } else if let Some(additional) = node.additional_schema() {
            check_value(value, additional, &at.step(Segment::Key(key)), errors);
        }
    }
}

fn check_resource(map: &Map<String, Value>, path: &Path, errors: &mut Vec<FieldError>) {
    for key in ["apiVersion", "kind"] {
        if !map.contains_key(key) {
            errors.push(FieldError::required(&path.child(key), ""));
        }
    }
    let text_problem = |key: &str, value: &Value| match value.as_str() {
        None => Some("must be a string".to_owned()),
        Some("") => Some("must not be empty".to_owned()),
        Some(api_version) if key == "apiVersion" => group_version_problem(api_version),
        Some(kind) => {
            let problems = dns1035_label(&kind.to_lowercase()).join(",");
            let text = format!("may have mixed case, but should otherwise match: {problems}");
            (!problems.is_empty()).then_some(text)
        }
    };
    for (key, value) in map {
        match key.as_str() {
            "apiVersion" | "kind" => {
                let problem = text_problem(key, value);
                errors.extend(problem.map(|text| FieldError::invalid(&path.child(key), value.clone(), text)));
            }
            "metadata" => check_metadata(value, &path.child(key), errors),
            _ => {}
        }
    }
}

fn check_metadata(metadata: &Value, path: &Path, errors: &mut Vec<FieldError>) {
    let mut copy = metadata.clone();
    if let Err(problem) = decode_metadata(&mut copy, "", &mut Vec::new()) {
        errors.push(FieldError::invalid(path, metadata.clone(), problem));
        return;
    }
    let Value::Object(map) = &mut copy else { return };
    // An embedded resource needs no name, but the shared rules ask for one.
    map.entry("name").or_insert_with(|| Value::from("fakename"));
    let namespaced = map.contains_key("namespace");
    errors.extend(validate_create_at(map, namespaced, NameRule::PathSegment, path));
}

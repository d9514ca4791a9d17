//! What makes a schema structural (`k8s.io/apiextensions-apiserver/pkg/apiserver/schema/validation.go`,
//! `complete.go`): every field has its type outside of `allOf`, `anyOf`, `oneOf` and `not`, which only add conditions.

use kyma_cel::pattern;

use super::props::{Additional, Items, Props};
use crate::reason::{FieldError, Path};

#[derive(Clone, Copy, PartialEq, Eq)]
enum Level {
    Root,
    Item,
    Field,
}

/// Violations, in the order of their texts.
pub(super) fn check(props: &Props, path: &Path) -> Vec<FieldError> {
    let mut errors = Vec::new();
    invariants(props, Level::Root, path, &mut errors);
    complete_conditions(props, props, path, path, &mut errors);
    errors.sort_by_cached_key(ToString::to_string);
    errors
}

fn invariants(props: &Props, level: Level, path: &Path, errors: &mut Vec<FieldError>) {
    if props.kind == "array" && props.items == Items::None {
        errors.push(FieldError::required(&path.child("items"), "must be specified"));
    }
    if let Some(items) = props.items.one() {
        invariants(items, Level::Item, &path.child("items"), errors);
    }
    for (key, property) in &props.properties {
        invariants(property, Level::Field, &path.child("properties").key(key), errors);
    }
    if let Some(additional) = &props.additional {
        let path = path.child("additionalProperties");
        if level == Level::Root {
            errors.push(FieldError::forbidden(&path, "must not be used at the root"));
        }
        if let Some(schema) = additional.schema() {
            invariants(schema, Level::Field, &path, errors);
        }
    }
    extensions(props, path, errors);
    let any_of_types = is_int_or_string(&props.any_of);
    let all_of_types = props.all_of.first().is_some_and(|first| is_int_or_string(&first.any_of));
    conditions(props, any_of_types, all_of_types, path, errors);
    types(props, level, path, errors);
    metadata(props, level, path, errors);
    if props.embedded && props.preserve != Some(true) && props.properties.is_empty() {
        let detail = "must not be empty if x-kubernetes-embedded-resource is true without \
                      x-kubernetes-preserve-unknown-fields";
        errors.push(FieldError::required(&path.child("properties"), detail));
    }
}

/// The one pattern in which conditions may name types: `anyOf: [{type: integer}, {type: string}]`.
fn is_int_or_string(any_of: &[Props]) -> bool {
    let only = |kind: &str| Props { kind: kind.to_owned(), ..Props::default() };
    matches!(any_of, [integer, string] if *integer == only("integer") && *string == only("string"))
}

fn extensions(props: &Props, path: &Path, errors: &mut Vec<FieldError>) {
    let detail = "must be false if x-kubernetes-int-or-string is true";
    if props.int_or_string && props.preserve == Some(true) {
        errors.push(FieldError::invalid(&path.child("x-kubernetes-preserve-unknown-fields"), true, detail));
    }
    if props.int_or_string && props.embedded {
        errors.push(FieldError::invalid(&path.child("x-kubernetes-embedded-resource"), true, detail));
    }
}

fn types(props: &Props, level: Level, path: &Path, errors: &mut Vec<FieldError>) {
    let at = path.child("type");
    let embedded = "must be object if x-kubernetes-embedded-resource is true";
    if props.embedded && props.kind != "object" {
        errors.push(match props.kind.as_str() {
            "" => FieldError::required(&at, embedded),
            kind => FieldError::invalid(&at, kind, embedded),
        });
    } else if props.kind.is_empty() && !props.int_or_string && props.preserve != Some(true) {
        let detail = match level {
            Level::Root => "must not be empty at the root",
            Level::Item => "must not be empty for specified array items",
            Level::Field => "must not be empty for specified object fields",
        };
        errors.push(FieldError::required(&at, detail));
    }
    if props.embedded && props.additional.is_some() {
        let detail = "must not be used if x-kubernetes-embedded-resource is set";
        errors.push(FieldError::forbidden(&path.child("additionalProperties"), detail));
    }
    if level == Level::Root && !props.kind.is_empty() && props.kind != "object" {
        errors.push(FieldError::invalid(&at, props.kind.as_str(), "must be object at the root"));
    }
}

fn metadata(props: &Props, level: Level, path: &Path, errors: &mut Vec<FieldError>) {
    let is_object = level == Level::Root || props.embedded;
    let at = |key: &str| path.child("properties").key(key);
    for key in ["kind", "apiVersion"] {
        if let Some(property) =
            props.properties.get(key).filter(|property| is_object && property.kind != "string")
        {
            errors.push(FieldError::invalid(
                &at(key).child("type"),
                property.kind.as_str(),
                "must be string",
            ));
        }
    }
    let Some(metadata) = props.properties.get("metadata") else { return };
    if is_object && metadata.kind != "object" {
        let path = at("metadata").child("type");
        errors.push(FieldError::invalid(&path, metadata.kind.as_str(), "must be object"));
    }
    if level != Level::Root {
        return;
    }
    let mut rest = metadata.clone();
    if rest.properties.keys().all(|key| matches!(key.as_str(), "name" | "generateName")) {
        rest.properties.clear();
    }
    rest.kind.clear();
    rest.default = None;
    if rest != Props::default() {
        let detail = "must not specify anything other than name and generateName, but metadata is implicitly specified";
        errors.push(FieldError::forbidden(&at("metadata"), detail));
    }
}

fn conditions(
    props: &Props,
    skip_any_of: bool,
    skip_all_of: bool,
    path: &Path,
    errors: &mut Vec<FieldError>,
) {
    let any_of = if skip_any_of { &[] } else { props.any_of.as_slice() };
    for (index, condition) in any_of.iter().enumerate() {
        nested(condition, false, &path.child("anyOf").index(index), errors);
    }
    for (index, condition) in props.all_of.iter().enumerate() {
        nested(condition, skip_all_of && index == 0, &path.child("allOf").index(index), errors);
    }
    for (index, condition) in props.one_of.iter().enumerate() {
        nested(condition, false, &path.child("oneOf").index(index), errors);
    }
    if let Some(condition) = &props.not {
        nested(condition, false, &path.child("not"), errors);
    }
    if let Err(error) = pattern::compile(&props.pattern) {
        let detail = format!("must be a valid regular expression, but isn't: {error}");
        errors.push(FieldError::invalid(&path.child("pattern"), props.pattern.as_str(), detail));
    }
}

/// A schema under `allOf`, `anyOf`, `oneOf` or `not` may say nothing about the structure.
fn nested(props: &Props, skip_any_of: bool, path: &Path, errors: &mut Vec<FieldError>) {
    conditions(props, skip_any_of, false, path, errors);
    if let Some(items) = props.items.one() {
        nested(items, false, &path.child("items"), errors);
    }
    for (key, property) in &props.properties {
        nested(property, false, &path.child("properties").key(key), errors);
    }
    let additional = !matches!(props.additional, None | Some(Additional::Allowed(false)));
    let forbidden = [
        (!props.kind.is_empty(), "type", "must be empty to be structural"),
        (additional, "additionalProperties", "must be undefined to be structural"),
        (props.default.is_some(), "default", "must be undefined to be structural"),
        (!props.title.is_empty(), "title", "must be empty to be structural"),
        (!props.description.is_empty(), "description", "must be empty to be structural"),
        (props.nullable, "nullable", "must be false to be structural"),
        (
            props.preserve == Some(true),
            "x-kubernetes-preserve-unknown-fields",
            "must be false to be structural",
        ),
        (props.embedded, "x-kubernetes-embedded-resource", "must be false to be structural"),
        (props.int_or_string, "x-kubernetes-int-or-string", "must be false to be structural"),
        (!props.list_map_keys.is_empty(), "x-kubernetes-list-map-keys", "must be empty to be structural"),
        (props.list_type.is_some(), "x-kubernetes-list-type", "must be undefined to be structural"),
        (props.map_type.is_some(), "x-kubernetes-map-type", "must be undefined to be structural"),
        (!props.rules.is_empty(), "x-kubernetes-validations", "must be empty to be structural"),
    ];
    let set = forbidden.into_iter().filter(|(set, ..)| *set);
    errors.extend(set.map(|(_, key, detail)| FieldError::forbidden(&path.child(key), detail)));
    if props.properties.contains_key("metadata") {
        let path = path.child("properties").key("metadata");
        errors.push(FieldError::forbidden(&path, "must not be specified in a nested context"));
    }
}

/// Every field that a condition of the root names must be in the structure, too. `at` is where in the structure,
/// `from` where in the conditions.
fn complete_conditions(
    conditions: &Props,
    structure: &Props,
    at: &Path,
    from: &Path,
    errors: &mut Vec<FieldError>,
) {
    if let Some(condition) = &conditions.not {
        complete(condition, Some(structure), at, &from.child("not"), errors);
    }
    let lists = [("allOf", &conditions.all_of), ("anyOf", &conditions.any_of), ("oneOf", &conditions.one_of)];
    for (key, list) in lists {
        for (index, condition) in list.iter().enumerate() {
            complete(condition, Some(structure), at, &from.child(key).index(index), errors);
        }
    }
}

fn complete(
    condition: &Props,
    structure: Option<&Props>,
    at: &Path,
    from: &Path,
    errors: &mut Vec<FieldError>,
) {
    let Some(structure) = structure else {
        errors.push(FieldError::required(at, format!("because it is defined in {from}")));
        return;
    };
    complete_conditions(condition, structure, at, from, errors);
    if let Some(items) = condition.items.one() {
        complete(items, structure.items.one(), &at.child("items"), &from.child("items"), errors);
    }
    for (key, property) in &condition.properties {
        let at = at.child("properties").key(key);
        complete(property, structure.properties.get(key), &at, &from.child("properties").key(key), errors);
    }
}

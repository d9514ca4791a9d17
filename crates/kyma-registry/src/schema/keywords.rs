//! Which keywords a CRD's schema may use, and together with which others
//! (`ValidateCustomResourceDefinitionOpenAPISchema` of apiextensions).

use serde_json::Value;

use super::props::{Additional, Items, Props};
use super::rules;
use crate::reason::{FieldError, Path};

/// What the place of a schema forbids.
#[derive(Clone, Default)]
struct Place {
    is_root: bool,
    /// Inside `apiVersion`, `kind` or `metadata` of a resource.
    inside_meta: bool,
    /// Why no default may stand here.
    no_defaults: Option<String>,
}

/// Violations, in the order in which upstream walks.
pub(super) fn check(props: &Props, path: &Path) -> Vec<FieldError> {
    let mut errors = Vec::new();
    visit(props, path, &Place { is_root: true, ..Place::default() }, &mut errors);
    errors
}

fn visit(props: &Props, path: &Path, place: &Place, errors: &mut Vec<FieldError>) {
    own(props, path, place, errors);
    let here = Place { is_root: false, ..place.clone() };
    if let Some(additional) = &props.additional {
        let path = path.child("additionalProperties");
        if !props.properties.is_empty() && *additional != Additional::Allowed(true) {
            errors.push(FieldError::forbidden(
                &path,
                "additionalProperties and properties are mutual exclusive",
            ));
        }
        if let Some(schema) = additional.schema() {
            let reason = "inside additionalProperties applying to object metadata";
            let no_defaults =
                if here.inside_meta { Some(reason.to_owned()) } else { here.no_defaults.clone() };
            visit(schema, &path, &Place { no_defaults, ..here.clone() }, errors);
        }
    }
    for (key, property) in &props.properties {
        let is_meta = matches!(key.as_str(), "metadata" | "kind" | "apiVersion");
        let mut below = here.clone();
        below.inside_meta |= is_meta && (place.is_root || props.embedded);
        if is_meta && place.is_root {
            below.no_defaults = Some(format!("in top-level {key}"));
        }
        visit(property, &path.child("properties").key(key), &below, errors);
    }
    if let Some(not) = &props.not {
        visit(not, &path.child("not"), &here, errors);
    }
    for (key, list) in [("allOf", &props.all_of), ("oneOf", &props.one_of), ("anyOf", &props.any_of)] {
        for (index, schema) in list.iter().enumerate() {
            visit(schema, &path.child(key).index(index), &here, errors);
        }
    }
    match &props.items {
        Items::None => {}
        Items::One(items) => visit(items, &path.child("items"), &here, errors),
        Items::Many(list) => {
            for (index, items) in list.iter().enumerate() {
                visit(items, &path.child("items").index(index), &here, errors);
            }
        }
    }
    map_type(props, path, errors);
    list_type(props, path, errors);
    if props.list_type.as_deref() == Some("map") {
        list_map(props, path, errors);
    }
    list_items(props, path, errors);
    rules::statics(props, path, errors);
}

/// Keywords of one schema that are not supported, or not here.
fn own(props: &Props, path: &Path, place: &Place, errors: &mut Vec<FieldError>) {
    // As the real server lists them: sorted.
    const TYPES: [&str; 6] = ["array", "boolean", "integer", "number", "object", "string"];
    let at = path.child("type");
    if !props.kind.is_empty() && !TYPES.contains(&props.kind.as_str()) {
        errors.push(FieldError::not_supported(&at, props.kind.as_str(), &TYPES));
    }
    if let (Some(_), Some(reason)) = (&props.default, &place.no_defaults) {
        errors.push(FieldError::forbidden(&path.child("default"), format!("must not be set {reason}")));
    }
    // `$schema` is refused only where the structure is built.
    for (key, _) in props.unsupported.iter().filter(|(key, _)| *key != "$schema") {
        errors.push(FieldError::forbidden(&path.child(key), format!("{key} is not supported")));
    }
    if props.kind == "null" {
        let detail = "type cannot be set to null, use nullable as an alternative";
        errors.push(FieldError::forbidden(&at, detail));
    }
    if matches!(props.items, Items::Many(_)) {
        let detail = "items must be a schema object and not an array";
        errors.push(FieldError::forbidden(&path.child("items"), detail));
    }
    if place.inside_meta && props.embedded {
        let path = path.child("x-kubernetes-embedded-resource");
        errors.push(FieldError::forbidden(&path, "must not be used inside of resource meta"));
    }
    if props.unique_items {
        let detail = "uniqueItems cannot be set to true since the runtime complexity becomes quadratic";
        errors.push(FieldError::forbidden(&path.child("uniqueItems"), detail));
    }
}

fn map_type(props: &Props, path: &Path, errors: &mut Vec<FieldError>) {
    if props.preserve == Some(false) {
        let path = path.child("x-kubernetes-preserve-unknown-fields");
        errors.push(FieldError::invalid(&path, false, "must be true or undefined"));
    }
    let Some(kind) = props.map_type.as_deref() else { return };
    needs_type(props, "object", "must be object if x-kubernetes-map-type is specified", path, errors);
    if !matches!(kind, "atomic" | "granular") {
        let path = path.child("x-kubernetes-map-type");
        errors.push(FieldError::not_supported(&path, kind, &["atomic", "granular"]));
    }
}

fn needs_type(props: &Props, kind: &str, detail: &str, path: &Path, errors: &mut Vec<FieldError>) {
    let path = path.child("type");
    match props.kind.as_str() {
        "" => errors.push(FieldError::required(&path, detail)),
        other if other != kind => errors.push(FieldError::invalid(&path, other, detail)),
        _ => {}
    }
}

fn list_type(props: &Props, path: &Path, errors: &mut Vec<FieldError>) {
    let at = path.child("x-kubernetes-list-type");
    if let Some(kind) = props.list_type.as_deref() {
        needs_type(props, "array", "must be array if x-kubernetes-list-type is specified", path, errors);
        if let ("set", "array", Some(items)) = (kind, props.kind.as_str(), props.items.one()) {
            set_items(items, &path.child("items"), errors);
        }
        if !matches!(kind, "atomic" | "set" | "map") {
            errors.push(FieldError::not_supported(&at, kind, &["atomic", "set", "map"]));
        }
    }
    let detail = "must be map if x-kubernetes-list-map-keys is non-empty";
    match props.list_type.as_deref() {
        _ if props.list_map_keys.is_empty() => {}
        None => errors.push(FieldError::required(&at, detail)),
        Some("map") => {}
        Some(kind) => errors.push(FieldError::invalid(&at, kind, detail)),
    }
}

/// Items of a set must be compared as a whole.
fn set_items(items: &Props, path: &Path, errors: &mut Vec<FieldError>) {
    let detail = "must be atomic as item of a list with x-kubernetes-list-type=set";
    // Upstream shows the list type in both cases.
    let shown = items.list_type.as_deref().map_or(Value::Null, Value::from);
    let atomic =
        |kind: &Option<String>, default: bool| kind.as_deref().map_or(default, |kind| kind == "atomic");
    if items.kind == "array" && !atomic(&items.list_type, true) {
        errors.push(FieldError::invalid(&path.child("x-kubernetes-list-type"), shown, detail));
    } else if items.kind == "object" && !atomic(&items.map_type, false) {
        errors.push(FieldError::invalid(&path.child("x-kubernetes-map-type"), shown, detail));
    }
}

fn list_map(props: &Props, path: &Path, errors: &mut Vec<FieldError>) {
    let keys_path = path.child("x-kubernetes-list-map-keys");
    if props.list_map_keys.is_empty() {
        let detail = "must not be empty if x-kubernetes-list-type is map";
        errors.push(FieldError::required(&keys_path, detail));
    }
    let items_path = path.child("items");
    let items = match &props.items {
        Items::None => {
            let detail = "must have a schema if x-kubernetes-list-type is map";
            errors.push(FieldError::required(&items_path, detail));
            return;
        }
        Items::Many(_) => {
            let detail = "must only have a single schema if x-kubernetes-list-type is map";
            errors.push(FieldError::invalid(&items_path, Value::Null, detail));
            return;
        }
        Items::One(items) => items,
    };
    if items.kind != "object" {
        let detail = "must be object if parent array's x-kubernetes-list-type is map";
        errors.push(FieldError::invalid(&items_path.child("type"), items.kind.as_str(), detail));
        return;
    }
    let shown = || Value::from(props.list_map_keys.clone());
    for (index, key) in props.list_map_keys.iter().enumerate() {
        match items.properties.get(key) {
            None => {
                let detail = "entries must all be names of item properties";
                errors.push(FieldError::invalid(&keys_path, shown(), detail));
            }
            Some(property) if matches!(property.kind.as_str(), "array" | "object") => {
                let path = items_path.child("properties").key(key).child("type");
                let detail = "must be a scalar type if parent array's x-kubernetes-list-type is map";
                errors.push(FieldError::invalid(&path, items.kind.as_str(), detail));
            }
            Some(_) => {}
        }
        if props.list_map_keys[..index].contains(key) {
            errors.push(FieldError::invalid(&keys_path, shown(), "must not contain duplicate entries"));
        }
    }
}

/// Items of sets and maps, and the keys of maps, must not be null.
fn list_items(props: &Props, path: &Path, errors: &mut Vec<FieldError>) {
    let (Some(kind @ ("set" | "map")), Some(items)) = (props.list_type.as_deref(), props.items.one()) else {
        return;
    };
    let path = path.child("items");
    if items.nullable {
        let detail = format!("cannot be nullable when x-kubernetes-list-type is {kind}");
        errors.push(FieldError::forbidden(&path.child("nullable"), detail));
    }
    if kind != "map" {
        return;
    }
    for key in &props.list_map_keys {
        let Some(property) = items.properties.get(key) else { continue };
        let path = path.child("properties").key(key);
        if !items.required.contains(key) && property.default.is_none() {
            let detail = "this property is in x-kubernetes-list-map-keys, so it must have a default or be a required \
                          property";
            errors.push(FieldError::required(&path.child("default"), detail));
        }
        if property.nullable {
            let detail = "this property is in x-kubernetes-list-map-keys, so it cannot be nullable";
            errors.push(FieldError::forbidden(&path.child("nullable"), detail));
        }
    }
}

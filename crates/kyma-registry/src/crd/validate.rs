//! Validation of a definition (k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/validation).

use serde_json::Value;

use super::{spec_str, storage_version, versions};
use crate::names;
use crate::object::{self, Object};
use crate::reason::{FieldError, Path};
use crate::schema::Schema;

/// What is wrong with a definition, at an update also beside the stored one.
pub fn validate(definition: &Object, existing: Option<&Object>) -> Vec<FieldError> {
    let spec = Path::new("spec");
    let mut errors = Vec::new();
    check_name(definition, &mut errors);
    check_names(definition, &spec, &mut errors);
    check_versions(definition, &spec, &mut errors);
    match spec_str(definition, "/conversion/strategy") {
        "None" | "" => {}
        "Webhook" => {
            let text = "conversion webhooks are not served here: all versions must have one structure";
            errors.push(FieldError::forbidden(&spec.child("conversion").child("strategy"), text));
        }
        other => {
            let path = spec.child("conversion").child("strategy");
            errors.push(FieldError::not_supported(&path, other, &["None", "Webhook"]));
        }
    }
    if let Some(existing) = existing {
        check_update(definition, existing, &spec, &mut errors);
    }
    errors
}

fn check_name(definition: &Object, errors: &mut Vec<FieldError>) {
    let wanted = format!("{}.{}", spec_str(definition, "/names/plural"), spec_str(definition, "/group"));
    let name = object::name(definition);
    if name != wanted {
        let detail = "must be spec.names.plural+\".\"+spec.group";
        errors.push(FieldError::invalid(&Path::new("metadata").child("name"), name, detail));
    }
}

fn check_names(definition: &Object, spec: &Path, errors: &mut Vec<FieldError>) {
    let group = spec_str(definition, "/group");
    let path = spec.child("group");
    if group.is_empty() {
        errors.push(FieldError::required(&path, ""));
    } else {
        errors.extend(
            names::dns1123_subdomain(group).into_iter().map(|text| FieldError::invalid(&path, group, text)),
        );
        if group.split('.').count() < 2 {
            errors.push(FieldError::invalid(&path, group, "should be a domain with at least one dot"));
        }
    }
    match spec_str(definition, "/scope") {
        "Cluster" | "Namespaced" => {}
        "" => errors.push(FieldError::required(&spec.child("scope"), "")),
        other => {
            errors.push(FieldError::not_supported(&spec.child("scope"), other, &["Cluster", "Namespaced"]));
        }
    }
    let path = spec.child("names");
    for field in ["plural", "singular", "kind", "listKind"] {
        let name = spec_str(definition, &format!("/names/{field}"));
        if name.is_empty() {
            errors.push(FieldError::required(&path.child(field), ""));
            continue;
        }
        // Kinds are checked in lower case: they are camel case by custom.
        let checked =
            if field == "kind" || field == "listKind" { name.to_lowercase() } else { name.to_owned() };
        let problems = names::dns1035_label(&checked);
        errors.extend(problems.into_iter().map(|text| FieldError::invalid(&path.child(field), name, text)));
    }
    if !spec_str(definition, "/names/kind").is_empty()
        && spec_str(definition, "/names/kind") == spec_str(definition, "/names/listKind")
    {
        let name = Value::from(spec_str(definition, "/names/listKind"));
        errors.push(FieldError::invalid(
            &path.child("listKind"),
            name,
            "kind and listKind may not be the same",
        ));
    }
}

fn check_versions(definition: &Object, spec: &Path, errors: &mut Vec<FieldError>) {
    let path = spec.child("versions");
    let mut seen = std::collections::BTreeSet::new();
    let mut storage = 0;
    for (position, version) in versions(definition).iter().enumerate() {
        let at = path.index(position);
        let name = version.get("name").and_then(Value::as_str).unwrap_or_default();
        let problems = names::dns1035_label(name);
        errors.extend(problems.into_iter().map(|text| FieldError::invalid(&at.child("name"), name, text)));
        if !seen.insert(name) {
            errors.push(FieldError::invalid(&path, name, "must contain unique version names"));
        }
        storage += usize::from(version.get("storage") == Some(&Value::Bool(true)));
        check_schema(version, &at.child("schema").child("openAPIV3Schema"), errors);
    }
    if versions(definition).is_empty() {
        errors.push(FieldError::required(&path, "must have at least one version"));
    } else if storage != 1 {
        let detail = "must have exactly one version marked as storage version";
        errors.push(FieldError::invalid(&path, Value::Array(versions(definition).to_vec()), detail));
    }
}

fn check_schema(version: &Value, path: &Path, errors: &mut Vec<FieldError>) {
    let Some(raw) = version.pointer("/schema/openAPIV3Schema") else {
        errors.push(FieldError::required(path, "schemas are required"));
        return;
    };
    match Schema::compile(raw) {
        Err(problems) => errors.extend(problems.into_iter().map(|problem| problem.below(path))),
        Ok(schema) if schema.has_cel() => {
            let text = "CEL rules (x-kubernetes-validations) are not evaluated by this server, so it does not take them";
            errors.push(FieldError::forbidden(path, text));
        }
        Ok(_) => {}
    }
}

fn check_update(definition: &Object, existing: &Object, spec: &Path, errors: &mut Vec<FieldError>) {
    let established = super::is_established(existing);
    let mut immutable = vec![("/group", spec.child("group"))];
    if established {
        immutable.push(("/scope", spec.child("scope")));
        immutable.push(("/names/kind", spec.child("names").child("kind")));
        immutable.push(("/names/plural", spec.child("names").child("plural")));
    }
    for (pointer, path) in immutable {
        let value = spec_str(definition, pointer);
        if value != spec_str(existing, pointer) {
            errors.push(FieldError::invalid(&path, value, "field is immutable"));
        }
    }
    let names: Vec<&str> =
        versions(definition).iter().filter_map(|v| v.get("name").and_then(Value::as_str)).collect();
    let stored =
        definition.get("status").and_then(|status| status.get("storedVersions")).and_then(Value::as_array);
    for (position, version) in stored.into_iter().flatten().enumerate() {
        let name = version.as_str().unwrap_or_default();
        if !names.contains(&name) && Some(name) != storage_version(definition) {
            let path = Path::new("status").child("storedVersions").index(position);
            let detail = format!(
                "missing from spec.versions; {name} was previously a storage version, and must remain in spec.versions until a storage migration ensures no data remains persisted in {name} and removes {name} from status.storedVersions"
            );
            errors.push(FieldError::invalid(&path, name, detail));
        }
    }
}

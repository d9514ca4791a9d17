//! Validation of a definition (k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/validation).

use serde_json::Value;

use super::{spec_str, storage_version, versions};
use crate::columns::Column;
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
    if definition.get("spec").and_then(|spec| spec.get("preserveUnknownFields")) == Some(&Value::Bool(true)) {
        let detail = "cannot set to true, set x-kubernetes-preserve-unknown-fields to true in \
                      spec.versions[*].schema instead";
        errors.push(FieldError::invalid(&spec.child("preserveUnknownFields"), true, detail));
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
    let versions = versions(definition);
    let mut seen = std::collections::BTreeSet::new();
    let mut storage = 0;
    for (position, version) in versions.iter().enumerate() {
        if version.pointer("/schema/openAPIV3Schema").is_none() {
            let at = path.index(position).child("schema").child("openAPIV3Schema");
            errors.push(FieldError::required(&at, ""));
        }
    }
    for (position, version) in versions.iter().enumerate() {
        let at = path.index(position);
        let name = version.get("name").and_then(Value::as_str).unwrap_or_default();
        let problems = names::dns1035_label(name);
        errors.extend(problems.into_iter().map(|text| FieldError::invalid(&at.child("name"), name, text)));
        if !seen.insert(name) {
            errors.push(FieldError::invalid(&path, name, "must contain unique version names"));
        }
        storage += usize::from(version.get("storage") == Some(&Value::Bool(true)));
    }
    if storage != 1 {
        let detail = "must have exactly one version marked as storage version";
        errors.push(FieldError::invalid(&path, Value::Array(versions.to_vec()), detail));
    }
    check_bodies(versions, spec, &path, errors);
    if storage == 0 {
        let path = Path::new("status").child("storedVersions");
        errors.push(FieldError::invalid(&path, Value::Null, "must have at least one stored version"));
    }
}

/// Schemas and columns. What all versions have alike the real server holds once, at the top of the spec, and says so.
fn check_bodies(versions: &[Value], spec: &Path, path: &Path, errors: &mut Vec<FieldError>) {
    let alike = |field: &str| versions.windows(2).all(|pair| pair[0].get(field) == pair[1].get(field));
    let (one_schema, one_table) = (alike("schema"), alike("additionalPrinterColumns"));
    for (position, version) in versions.iter().enumerate() {
        let at = path.index(position);
        if !one_schema {
            check_schema(version, &at.child("schema").child("openAPIV3Schema"), errors);
        } else if position == 0 {
            check_schema(version, &spec.child("validation").child("openAPIV3Schema"), errors);
        }
        if !one_table {
            check_columns(version, &at, errors);
        } else if position == 0 {
            check_columns(version, spec, errors);
        }
    }
}

fn check_columns(version: &Value, at: &Path, errors: &mut Vec<FieldError>) {
    let columns = version.get("additionalPrinterColumns").and_then(Value::as_array);
    for (position, column) in columns.into_iter().flatten().enumerate() {
        errors.extend(Column::validate(column, &at.child("additionalPrinterColumns").index(position)));
    }
}

fn check_schema(version: &Value, path: &Path, errors: &mut Vec<FieldError>) {
    let Some(raw) = version.pointer("/schema/openAPIV3Schema") else { return };
    if let Err(problems) = Schema::compile(raw) {
        errors.extend(problems.into_iter().map(|problem| problem.below(path)));
    }
    let kind = raw.get("type").and_then(Value::as_str).unwrap_or("object");
    if version.pointer("/subresources/status").is_some() && kind != "object" {
        let detail = "only \"object\" is allowed as the type at the root of the schema if the status subresource is enabled";
        errors.push(FieldError::invalid(&path.child("type"), kind, detail));
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

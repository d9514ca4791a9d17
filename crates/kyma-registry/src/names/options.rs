//! The query parameters of writes (`k8s.io/apimachinery/pkg/apis/meta/v1/validation`).

use serde_json::Value;

use crate::reason::{FieldError, Path, gotext};

/// The longest name of a field manager, in bytes.
const FIELD_MANAGER_MAX: usize = 128;

/// A field manager's name: printable and not too long.
pub fn validate_field_manager(manager: &str, path: &Path) -> Vec<FieldError> {
    let mut errors = Vec::new();
    if manager.len() > FIELD_MANAGER_MAX {
        errors.push(FieldError::too_long(path, FIELD_MANAGER_MAX));
    }
    for (position, c) in manager.char_indices().filter(|(_, c)| !gotext::is_print(*c)) {
        let detail = format!("invalid character U+{:04X} (at position {position})", c as u32);
        errors.push(FieldError::invalid(path, Value::from(manager), detail));
    }
    errors
}

/// The values of `dryRun`: only `All` is known.
pub fn validate_dry_run(values: &[&str]) -> Vec<FieldError> {
    if values.iter().all(|value| *value == "All") {
        return Vec::new();
    }
    vec![FieldError::not_supported(&Path::new("dryRun"), Value::from(values.to_vec()), &["All"])]
}

/// The value of `fieldValidation`.
pub fn validate_field_validation(value: &str) -> Vec<FieldError> {
    // As the real server lists them: sorted.
    const KNOWN: [&str; 4] = ["", "Ignore", "Strict", "Warn"];
    if KNOWN.contains(&value) {
        return Vec::new();
    }
    vec![FieldError::not_supported(&Path::new("fieldValidation"), Value::from(value), &KNOWN)]
}

/// `force` and `fieldManager` of a patch: the one is for apply only, which in turn needs the other.
pub fn validate_patch_options(apply: bool, force: Option<bool>, manager: &str) -> Vec<FieldError> {
    let mut errors = Vec::new();
    let path = Path::new("fieldManager");
    if apply && manager.is_empty() {
        errors.push(FieldError::required(&path, "is required for apply patch"));
    }
    if !apply && force.is_some() {
        errors.push(FieldError::forbidden(&Path::new("force"), "may not be specified for non-apply patch"));
    }
    errors.extend(validate_field_manager(manager, &path));
    errors
}

/// `propagationPolicy` of a delete, which excludes the older `orphanDependents`.
pub fn validate_propagation(policy: Option<&str>, orphan_dependents: Option<bool>) -> Vec<FieldError> {
    let Some(policy) = policy else { return Vec::new() };
    let path = Path::new("propagationPolicy");
    let mut errors = Vec::new();
    if orphan_dependents.is_some() {
        let detail = "orphanDependents and deletionPropagation cannot be both set";
        errors.push(FieldError::invalid(&path, Value::from(policy), detail));
    }
    if !matches!(policy, "Foreground" | "Background" | "Orphan") {
        let known = ["Foreground", "Background", "Orphan", "nil"];
        errors.push(FieldError::not_supported(&path, Value::from(policy), &known));
    }
    errors
}

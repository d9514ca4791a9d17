//! Query parameters that exclude each other or are unknown: the real server's refusals
//! (k8s.io/apimachinery/pkg/apis/meta/internalversion/validation).

use kyma_store::Revision;
use serde_json::Value;

use crate::names;
use crate::reason::{FieldError, Path};
use crate::{ApiError, DeleteOptions, ListOptions, Preconditions, Propagation, VersionMatch};

const META: &str = "meta.k8s.io";

/// The parameters that all writes have, as the query gave them.
#[derive(Debug, Clone, Default)]
pub struct WriteQuery<'a> {
    /// `fieldManager`; "" where it was not given.
    pub manager: &'a str,
    /// `dryRun`, which may be said more than once.
    pub dry_run: Vec<&'a str>,
    /// `fieldValidation`.
    pub field_validation: Option<&'a str>,
}

impl WriteQuery<'_> {
    fn problems(&self) -> Vec<FieldError> {
        let mut errors = Vec::new();
        errors.extend(names::validate_dry_run(&self.dry_run));
        errors.extend(self.field_validation.map(names::validate_field_validation).unwrap_or_default());
        errors
    }
}

/// Whether a write's parameters are ones; `options` names them, such as `CreateOptions`.
///
/// # Errors
/// 422 with every cause.
pub fn check_write(options: &str, given: &WriteQuery<'_>) -> Result<(), ApiError> {
    let mut errors = names::validate_field_manager(given.manager, &Path::new("fieldManager"));
    errors.extend(given.problems());
    refused(options, errors)
}

/// Whether a patch's parameters are ones and go with its type; `force` is as it was given.
///
/// # Errors
/// 422 with every cause.
pub fn check_patch(applies: bool, force: Option<bool>, given: &WriteQuery<'_>) -> Result<(), ApiError> {
    let mut errors = names::validate_patch_options(applies, force, given.manager);
    errors.extend(given.problems());
    refused("PatchOptions", errors)
}

/// Whether `dryRun` of a deletion says nothing but `All`.
///
/// # Errors
/// 422.
pub fn check_dry_run(values: &[&str]) -> Result<(), ApiError> {
    refused("DeleteOptions", names::validate_dry_run(values))
}

/// A `propagationPolicy` that is none of the three, or stands beside `orphanDependents`.
fn unknown_propagation(policy: &str, orphan: bool) -> ApiError {
    let errors = names::validate_propagation(Some(policy), orphan.then_some(true));
    ApiError::invalid(META, "DeleteOptions", "", errors)
}

/// What a deletion's body asks for, and what the query does where the body says nothing; `dryRun` only of the body.
///
/// # Errors
/// 400 for what is no DeleteOptions, 422 for values that are none.
pub fn read_deletion<'a>(
    body: &'a Value,
    query: impl Fn(&str) -> Option<&'a str>,
) -> Result<DeleteOptions, ApiError> {
    if !matches!(body, Value::Null | Value::Object(_)) {
        return Err(ApiError::bad_request("the body of a delete must be a DeleteOptions object"));
    }
    if let Some(kind) = body.get("kind").and_then(Value::as_str).filter(|kind| *kind != "DeleteOptions") {
        return Err(ApiError::bad_request(format!(
            "converting (v1.{kind}) to (v1.DeleteOptions): unknown conversion"
        )));
    }
    let text = |name: &str| body.get(name).and_then(Value::as_str).or_else(|| query(name));
    let condition = |name: &str| {
        let given = body.get("preconditions").and_then(|p| p.get(name)).and_then(Value::as_str);
        given.or_else(|| query(name)).map(str::to_owned)
    };
    let orphan = body.get("orphanDependents").and_then(Value::as_bool);
    let orphan = orphan.or_else(|| query("orphanDependents").map(|value| value == "true" || value == "1"));
    let propagation = match (text("propagationPolicy"), orphan) {
        (None | Some(""), None) => None,
        (None | Some(""), Some(true)) | (Some("Orphan"), None) => Some(Propagation::Orphan),
        (None | Some(""), Some(false)) | (Some("Background"), None) => Some(Propagation::Background),
        (Some("Foreground"), None) => Some(Propagation::Foreground),
        (Some(policy), _) => return Err(unknown_propagation(policy, orphan.is_some())),
    };
    let dry_runs = body.get("dryRun").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let dry_runs: Vec<&str> = dry_runs.iter().filter_map(Value::as_str).collect();
    refused("DeleteOptions", names::validate_dry_run(&dry_runs))?;
    Ok(DeleteOptions {
        dry_run: !dry_runs.is_empty(),
        preconditions: Preconditions {
            uid: condition("uid"),
            resource_version: condition("resourceVersion"),
        },
        propagation,
        grace_period_seconds: body.get("gracePeriodSeconds").and_then(Value::as_i64),
    })
}

fn refused(options: &str, errors: Vec<FieldError>) -> Result<(), ApiError> {
    if errors.is_empty() { Ok(()) } else { Err(ApiError::invalid(META, options, "", errors)) }
}

/// Whether a list's options go together; `initial` says that `sendInitialEvents` was given.
///
/// # Errors
/// 422 with every cause.
pub fn check_list(options: &ListOptions, initial: bool) -> Result<(), ApiError> {
    let path = Path::new("resourceVersionMatch");
    let mut errors = Vec::new();
    if let Some(wanted) = &options.version_match {
        if options.resource_version.is_none() {
            let detail = "resourceVersionMatch is forbidden unless resourceVersion is provided";
            errors.push(FieldError::forbidden(&path, detail));
        }
        errors.extend(beside_continue(options, &path));
        if let VersionMatch::Unknown(value) = wanted {
            errors.push(FieldError::not_supported(&path, &**value, &["Exact", "NotOlderThan", ""]));
        }
        if *wanted == VersionMatch::Exact && options.resource_version == Some(Revision::new(0)) {
            let detail = "resourceVersionMatch \"exact\" is forbidden for resourceVersion \"0\"";
            errors.push(FieldError::forbidden(&path, detail));
        }
    }
    if initial {
        let path = Path::new("sendInitialEvents");
        errors.push(FieldError::forbidden(&path, "sendInitialEvents is forbidden for list"));
    }
    refused("ListOptions", errors)
}

/// Whether a watch's options go together; `initial` says that `sendInitialEvents` was given.
///
/// # Errors
/// 422 with every cause.
pub fn check_watch(options: &ListOptions, initial: bool) -> Result<(), ApiError> {
    let path = Path::new("resourceVersionMatch");
    let mut errors = Vec::new();
    let not_older = options.version_match == Some(VersionMatch::NotOlderThan);
    if initial && !not_older {
        let detail = "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan";
        errors.push(FieldError::forbidden(&path, detail));
    }
    if let Some(wanted) = &options.version_match {
        if !initial {
            let detail = "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided";
            errors.push(FieldError::forbidden(&path, detail));
        }
        if !not_older {
            errors.push(FieldError::not_supported(&path, wanted.as_str(), &["NotOlderThan"]));
        }
        errors.extend(beside_continue(options, &path));
    }
    refused("ListOptions", errors)
}

fn beside_continue(options: &ListOptions, path: &Path) -> Option<FieldError> {
    let detail = "resourceVersionMatch is forbidden when continue is provided";
    options.continue_token.as_ref().map(|_| FieldError::forbidden(path, detail))
}

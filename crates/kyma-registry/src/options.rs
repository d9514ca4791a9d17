//! Query parameters that exclude each other or are unknown: the real server's refusals
//! (k8s.io/apimachinery/pkg/apis/meta/internalversion/validation).

use crate::names;
use crate::reason::{FieldError, Path};
use crate::{ApiError, ListOptions, VersionMatch};

const META: &str = "meta.k8s.io";

/// A `resourceVersionMatch` that is neither `Exact` nor `NotOlderThan`.
pub fn unknown_version_match(value: &str) -> ApiError {
    let path = Path::new("resourceVersionMatch");
    let error = FieldError::not_supported(&path, value, &["Exact", "NotOlderThan", ""]);
    ApiError::invalid(META, "ListOptions", "", vec![error])
}

/// `sendInitialEvents` of a list.
pub fn initial_events_of_list() -> ApiError {
    let error =
        FieldError::forbidden(&Path::new("sendInitialEvents"), "sendInitialEvents is forbidden for list");
    ApiError::invalid(META, "ListOptions", "", vec![error])
}

/// A `dryRun` that is not `All`.
pub fn unknown_dry_run(value: &str) -> ApiError {
    ApiError::invalid(META, "CreateOptions", "", names::validate_dry_run(&[value]))
}

/// A `fieldValidation` that is none of the three.
pub fn unknown_field_validation(value: &str) -> ApiError {
    ApiError::invalid(META, "CreateOptions", "", names::validate_field_validation(value))
}

/// A `propagationPolicy` that is none of the three, or stands beside `orphanDependents`.
pub fn unknown_propagation(policy: &str, orphan: bool) -> ApiError {
    let errors = names::validate_propagation(Some(policy), orphan.then_some(true));
    ApiError::invalid(META, "DeleteOptions", "", errors)
}

/// Whether a field manager's name may be one; `options` is such as `CreateOptions`.
///
/// # Errors
/// 422 with every cause.
pub fn check_field_manager(options: &str, manager: &str) -> Result<(), ApiError> {
    refused(options, names::validate_field_manager(manager, &Path::new("fieldManager")))
}

/// Whether a patch's options go with its type. `manager` is `fieldManager` as it was given, `force` says that the
/// parameter was there.
///
/// # Errors
/// 422 with every cause.
pub fn check_patch(applies: bool, manager: &str, force: bool) -> Result<(), ApiError> {
    let mut errors = Vec::new();
    let path = Path::new("fieldManager");
    if applies && manager.is_empty() {
        errors.push(FieldError::required(&path, "is required for apply patch"));
    }
    if !applies && force {
        errors.push(FieldError::forbidden(&Path::new("force"), "may not be specified for non-apply patch"));
    }
    errors.extend(names::validate_field_manager(manager, &path));
    refused("PatchOptions", errors)
}

fn refused(options: &str, errors: Vec<FieldError>) -> Result<(), ApiError> {
    if errors.is_empty() { Ok(()) } else { Err(ApiError::invalid(META, options, "", errors)) }
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
    if options.version_match.is_some() {
        if !initial {
            let detail = "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided";
            errors.push(FieldError::forbidden(&path, detail));
        }
        if !not_older {
            errors.push(FieldError::not_supported(&path, "Exact", &["NotOlderThan"]));
        }
        if options.continue_token.is_some() {
            errors.push(FieldError::forbidden(
                &path,
                "resourceVersionMatch is forbidden when continue is provided",
            ));
        }
    }
    if errors.is_empty() { Ok(()) } else { Err(ApiError::invalid(META, "ListOptions", "", errors)) }
}

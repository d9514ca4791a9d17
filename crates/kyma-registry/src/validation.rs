//! What every write is judged by, once it is in its kind's form.

use crate::form::{is_version_of, text};
use crate::names::{self, NameRule};
use crate::object::{self, Object};
use crate::reason::{FieldError, Path, distinct};
use crate::{ApiError, Resource, Subresource};

/// What is wrong with a new object, and what is only to be warned of.
///
/// # Errors
/// 422 with every cause.
pub(crate) fn create(resource: &Resource, object: &Object) -> Result<Vec<String>, ApiError> {
    let empty = Object::new();
    let metadata = object::metadata(object).unwrap_or(&empty);
    let claims = check_claims(resource, object, None);
    if !claims.is_empty() {
        return finish(resource, object, claims).map(|()| Vec::new());
    }
    let rule = resource.builtin().map_or(NameRule::Subdomain, |kind| kind.name_rule);
    let mut errors = names::validate_create(metadata, resource.namespaced(), rule);
    check_finalizers(resource, object, &mut errors);
    match (resource.builtin(), &resource.schema) {
        (Some(kind), _) => {
            let found = (kind.validate)(object, None, Subresource::Main);
            // What all kinds share is judged behind the kind's own rules, which nearly always judge it, too.
            if is_core_event(resource) && !found.is_empty() {
                errors.clear();
            }
            errors.extend(found);
        }
        (None, schema) => {
            if let Some(scale) = &resource.scale {
                errors.extend(scale.check(object, false));
            }
            if let Some(schema) = schema {
                errors = schema.validate(object, errors).errors;
            }
        }
    }
    finish(resource, object, errors)?;
    Ok(if resource.is_custom() { names::finalizer_warnings(metadata, &empty) } else { Vec::new() })
}

/// What is wrong with a changed object, and what is only to be warned of.
///
/// # Errors
/// 422 with every cause.
pub(crate) fn update(
    resource: &Resource,
    changed: &Object,
    existing: &Object,
    subresource: Subresource,
) -> Result<Vec<String>, ApiError> {
    let mut warnings = Vec::new();
    let empty = Object::new();
    let (new, old) =
        (object::metadata(changed).unwrap_or(&empty), object::metadata(existing).unwrap_or(&empty));
    let mut errors = names::validate_create(new, resource.namespaced(), NameRule::PathSegment);
    errors.extend(names::validate_update(new, old));
    if resource.is_custom() {
        let claims = check_claims(resource, changed, Some(existing));
        if !claims.is_empty() {
            errors.extend(claims);
            return finish(resource, changed, errors).map(|()| warnings);
        }
        // Its metadata are judged once more, and only for built-in kinds the findings are merged.
        errors.extend(names::validate_update(new, old));
        warnings = names::finalizer_warnings(new, old);
    }
    check_finalizers(resource, changed, &mut errors);
    match (resource.builtin(), &resource.schema) {
        (Some(kind), _) => errors.extend((kind.validate)(changed, Some(existing), subresource)),
        (None, schema) => {
            let of_status = subresource == Subresource::Status;
            if let Some(scale) = &resource.scale {
                errors.extend(scale.check(changed, of_status));
            }
            if let Some(schema) = schema {
                let found = match of_status {
                    true => schema.validate_status_update(changed, existing, errors),
                    false => schema.validate_update(changed, existing, errors),
                };
                errors = found.errors;
                warnings.extend(found.warnings);
            }
        }
    }
    finish(resource, changed, errors).map(|()| warnings)
}

/// A custom resource of another kind or version is invalid rather than unreadable
/// (k8s.io/apiextensions-apiserver/pkg/registry/customresource/validator.go).
fn check_claims(resource: &Resource, object: &Object, existing: Option<&Object>) -> Vec<FieldError> {
    let mut errors = Vec::new();
    if !resource.is_custom() {
        return errors;
    }
    let (kind, api_version) = (text(object, "kind"), text(object, "apiVersion"));
    if kind != &*resource.names.kind {
        let detail = format!("must be {}", resource.names.kind);
        errors.push(FieldError::invalid(&Path::new("kind"), kind, detail));
    }
    if !is_version_of(resource, api_version) {
        let detail = format!("must be {}", resource.api_version());
        errors.push(FieldError::invalid(&Path::new("apiVersion"), api_version, detail));
    }
    if let (false, Some(schema)) = (errors.is_empty(), &resource.schema) {
        errors = schema.validate_untyped(object, existing, errors).errors;
    }
    errors
}

/// A patch that says another version of a custom resource, even the one in which it is stored.
///
/// # Errors
/// 422, in the words in which validation refuses a version that the kind does not have.
pub(crate) fn check_restated(resource: &Resource, object: &Object) -> Result<(), ApiError> {
    if !resource.is_custom() {
        return Ok(());
    }
    let (said, asked) = (text(object, "apiVersion"), resource.api_version());
    if said == asked || said != resource.stored_api_version() {
        return Ok(());
    }
    let error = FieldError::invalid(&Path::new("apiVersion"), said, format!("must be {asked}"));
    finish(resource, object, vec![error])
}

/// Kinds of the core group, and Events under their newer name instead, take short finalizers only if they are the well-known
/// ones (k8s.io/kubernetes/pkg/apis/core/validation, ValidateFinalizerName).
fn check_finalizers(resource: &Resource, object: &Object, errors: &mut Vec<FieldError>) {
    let newer_event = &*resource.group == "events.k8s.io";
    if (!resource.group.is_empty() && !newer_event) || is_core_event(resource) {
        return;
    }
    let path = Path::new("metadata").child("finalizers");
    for (position, finalizer) in object::finalizers(object).into_iter().enumerate() {
        names::check_finalizer(finalizer, &path.index(position), errors);
    }
}

/// Whether it is the kind whose own rules leave its metadata alone (`legacyValidateEvent`).
fn is_core_event(resource: &Resource) -> bool {
    resource.group.is_empty() && &*resource.names.kind == "Event"
}

fn finish(resource: &Resource, object: &Object, errors: Vec<FieldError>) -> Result<(), ApiError> {
    if errors.is_empty() {
        return Ok(());
    }
    // Upstream's comparison with its declarative checks, which built-in kinds have, makes one of equal errors.
    let errors = if resource.is_custom() { errors } else { distinct(errors) };
    // A custom resource is named by what it says that it is, right or wrong.
    let (group, kind) = match resource.is_custom() {
        true => {
            (text(object, "apiVersion").rsplit_once('/').map_or("", |(group, _)| group), text(object, "kind"))
        }
        // A built-in kind is named as the real server keeps it: an Event of the newer group has none.
        false => (resource.builtin().map_or("", |kind| kind.stored_version().0), &*resource.names.kind),
    };
    Err(ApiError::invalid(group, kind, object::name(object), errors))
}

/// 422 for an update that must name a resourceVersion and does not. The real server names the resource here, where it
/// otherwise names the kind.
pub(crate) fn version_required(resource: &Resource, name: &str) -> ApiError {
    let path = Path::new("metadata").child("resourceVersion");
    let error = FieldError::invalid(&path, 0, "must be specified for an update");
    ApiError::invalid(&resource.group, &resource.names.plural, name, vec![error])
}

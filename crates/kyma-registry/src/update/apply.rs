//! Server-side apply: the object that a configuration makes, created where it is absent
//! (`applyPatcher` in `k8s.io/apiserver/pkg/endpoints/handlers/patch.go`).

use super::{ATTEMPTS, Subresource, UpdateOptions, check_name, drop_version};
use crate::ApiError;
use crate::create::{Written, set_namespace, wipe_system_fields};
use crate::fields::{Applied, Author, FieldManager};
use crate::form;
use crate::object::{self, Live, Object};
use crate::reason::Reason;
use crate::registry::{FieldValidation, Outcome, Registry, Request};

impl Registry {
    /// Lays an applied configuration over an object, or creates it.
    pub(super) async fn apply(
        &self,
        request: &Request<'_>,
        name: &str,
        (configuration, complaints): (&Object, &[String]),
        subresource: Subresource,
        options: &UpdateOptions,
    ) -> Result<Outcome, ApiError> {
        let mode = options.field_validation;
        let warnings = if mode == FieldValidation::Warn { complaints.to_vec() } else { Vec::new() };
        let made = |live: Option<&Live<'_>>, fields: &FieldManager<'_>| -> Result<Written, ApiError> {
            let Applied { mut object, managed } = fields.apply(live, configuration, options.force)?;
            if mode == FieldValidation::Strict && !complaints.is_empty() {
                return Err(undecodable(complaints));
            }
            form::applied(request.resource, &mut object)
                .map_err(|problem| fields.unconvertible(configuration, &problem))?;
            Ok(Written { object, managed })
        };
        for attempt in 1.. {
            if subresource != Subresource::Main || self.store.get(&request.key(name)).is_some() {
                break;
            }
            let (catalog, now) = (self.catalog(), self.now_text());
            let author = Author { manager: &options.manager, subresource: "" };
            let fields = FieldManager::new(request.resource, &catalog, author, &now);
            let mut written = made(None, &fields)?;
            check_new(request, name, &mut written.object)?;
            self.admit_into_namespace(request, &written.object)?;
            drop_version(&mut written.object, options.dry_run)?;
            wipe_system_fields(&mut written.object);
            match self.create_decoded(request, written, options.dry_run, warnings.clone()).await {
                Err(error) if error.reason() == Reason::AlreadyExists && attempt < ATTEMPTS => {}
                outcome => return outcome,
            }
        }
        self.modify(request, name, subresource, options, warnings, |live, fields, _| {
            let mut written = made(Some(live), fields)?;
            set_namespace(request, &mut written.object)?;
            check_name(name, &written.object)?;
            Ok(written)
        })
        .await
    }
}

/// What an applied configuration must be for an object to be created by it.
fn check_new(request: &Request<'_>, name: &str, object: &mut Object) -> Result<(), ApiError> {
    let uid = object::uid(object);
    if !uid.is_empty() {
        let detail = format!(
            "uid mismatch: the provided object specified uid {uid}, and no existing object was found"
        );
        return Err(request.conflict(name, &detail));
    }
    set_namespace(request, object)?;
    check_name(name, object)
}

/// 400 for a configuration whose text strict decoding refuses.
fn undecodable(complaints: &[String]) -> ApiError {
    ApiError::bad_request(format!(
        "error strict decoding patch: error converting YAML to JSON: yaml: unmarshal errors:\n  {}",
        complaints.join("\n  ")
    ))
}

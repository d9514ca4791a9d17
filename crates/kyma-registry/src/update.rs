//! Update and patch: the rules of `BeforeUpdate` (k8s.io/apiserver/pkg/registry/rest/update.go) inside the
//! read-change-commit loop of `Store.Update` (k8s.io/apiserver/pkg/registry/generic/registry/store.go).

use std::sync::Arc;

use kyma_store::{Change, CommitError, Expect, Object as Stored, Write};
use serde_json::Value;

use crate::create::{CreateOptions, create_error, set_namespace};
use crate::object::{self, Object};
use crate::patch::Patch;
use crate::reason::OPTIMISTIC_LOCK;
use crate::registry::{Body, FieldValidation, Outcome, Registry, Request};
use crate::validation;
use crate::{ApiError, Resource};

/// Which part of an object a write may change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subresource {
    /// The object itself; where the kind has a status subresource, its status stays as it was.
    Main,
    /// `/status`: only the status changes.
    Status,
    /// `/finalize` of a namespace: only `spec.finalizers` changes.
    Finalize,
}

/// Query parameters of an update.
#[derive(Debug, Clone, Default)]
pub struct UpdateOptions {
    /// Do everything but store.
    pub dry_run: bool,
    /// What to do about unknown fields.
    pub field_validation: FieldValidation,
}

/// Query parameters of a patch.
pub type PatchOptions = UpdateOptions;

/// How often a write that named no resourceVersion is tried again on the newer object.
const ATTEMPTS: usize = 5;

impl Registry {
    /// Replaces an object.
    ///
    /// # Errors
    /// 400 and 422 for what the kind refuses, 404 where it is absent, 409 where the resourceVersion or the UID in the
    /// body are not those of the stored object.
    pub async fn update(
        &self,
        request: &Request<'_>,
        name: &str,
        body: Body,
        subresource: Subresource,
        options: &UpdateOptions,
    ) -> Result<Outcome, ApiError> {
        let Body { object: mut body, complaints } = body;
        let mut warnings = Vec::new();
        validation::decode(
            request.resource,
            &mut body,
            &complaints,
            options.field_validation,
            &mut warnings,
        )?;
        check_name(name, &body)?;
        let precondition = object::uid(&body).to_owned();
        let creates = subresource == Subresource::Main
            && request.resource.builtin().is_some_and(|builtin| builtin.create_on_update);
        if creates && self.store.get(&request.key(name)).is_none() {
            object::metadata_mut(&mut body).remove("resourceVersion");
            let create =
                CreateOptions { dry_run: options.dry_run, field_validation: options.field_validation };
            return self.create(request, body.into(), &create).await;
        }
        self.modify(request, name, subresource, options, warnings, |_, existing, _| {
            if !precondition.is_empty() && precondition != object::uid(existing) {
                return Err(uid_conflict(request, name, &precondition, object::uid(existing)));
            }
            Ok(body.clone())
        })
        .await
    }

    /// Applies a patch to an object.
    ///
    /// # Errors
    /// As [`Registry::update`]; 400 and 422 for a patch that cannot be read or applied.
    pub async fn patch(
        &self,
        request: &Request<'_>,
        name: &str,
        patch: &Patch,
        subresource: Subresource,
        options: &PatchOptions,
    ) -> Result<Outcome, ApiError> {
        self.modify(request, name, subresource, options, Vec::new(), |resource, existing, warnings| {
            let mut patched = patch.apply(resource, existing)?;
            let mode = options.field_validation;
            validation::patched(resource, &mut patched, patch.complaints(), mode, warnings)?;
            check_name(name, &patched.object)?;
            Ok(patched.object)
        })
        .await
    }

    /// Reads, changes and commits; again on the newer object when somebody was faster.
    async fn modify(
        &self,
        request: &Request<'_>,
        name: &str,
        subresource: Subresource,
        options: &UpdateOptions,
        mut warnings: Vec<String>,
        change: impl Fn(&Resource, &Object, &mut Vec<String>) -> Result<Object, ApiError>,
    ) -> Result<Outcome, ApiError> {
        let given = warnings.len();
        for attempt in 1.. {
            warnings.truncate(given);
            let stored = self.get(request, name)?;
            let existing = object::parse(&stored.json)?;
            let mut changed = change(request.resource, &existing, &mut warnings)?;
            check_version(request, name, &mut changed, &stored)?;
            self.prepare_update(request, &mut changed, &existing, subresource)?;
            validation::update(request.resource, &changed, &existing, subresource)?;
            if self.ends_deletion(request.resource, &changed, &existing) {
                return self.finish_deletion(request, changed, &stored, options.dry_run, warnings).await;
            }
            if changed == existing {
                return Ok(Outcome { object: stored, created: false, warnings });
            }
            if options.dry_run {
                let object = self.imagined(request, &mut changed, Some(&stored))?;
                return Ok(Outcome { object, created: false, warnings });
            }
            let draft = object::draft(&mut changed, request.resource)?;
            let expect = Expect::At(stored.revision);
            let write = Write { key: stored.key.clone(), expect, change: Change::Put(draft) };
            match self.store.commit(write).await {
                Ok(object) => return Ok(Outcome { object, created: false, warnings }),
                // A writer that named a resourceVersion meets the newer one in the next turn, and is refused there.
                Err(CommitError::Stale(_)) if attempt < ATTEMPTS => {}
                Err(error) => return Err(create_error(request.resource, name, &error)),
            }
        }
        Err(request.conflict(name, OPTIMISTIC_LOCK))
    }

    /// What a write may not change is taken from the stored object, and the generation counts changes of the spec.
    fn prepare_update(
        &self,
        request: &Request<'_>,
        changed: &mut Object,
        existing: &Object,
        subresource: Subresource,
    ) -> Result<(), ApiError> {
        let resource = request.resource;
        set_namespace(request, changed)?;
        keep_system_fields(changed, existing);
        match subresource {
            Subresource::Status => keep_all_but_status(resource, changed, existing),
            Subresource::Finalize => keep_all_but_finalizers(changed, existing),
            Subresource::Main if resource.status => keep_field(changed, existing, "status"),
            Subresource::Main => {}
        }
        if let Some(builtin) = resource.builtin() {
            (builtin.prepare_update)(changed, existing, subresource);
        }
        let counts = resource.builtin().is_none_or(|builtin| builtin.generation);
        if counts
            && subresource == Subresource::Main
            && !same_but_metadata_and_status(resource, changed, existing)
        {
            object::set_generation(changed, object::generation(existing) + 1);
        }
        object::drop_empty_metadata(changed);
        Ok(())
    }

    /// Whether this write takes the last finalizer of an object that is being deleted.
    fn ends_deletion(&self, resource: &Resource, changed: &Object, existing: &Object) -> bool {
        object::is_deleting(existing)
            && object::finalizers(changed).is_empty()
            && resource.builtin().is_none_or(|builtin| (builtin.may_go)(changed))
    }

    /// The object goes in the state in which it is stored; the writer sees what it has written.
    async fn finish_deletion(
        &self,
        request: &Request<'_>,
        mut changed: Object,
        stored: &Arc<Stored>,
        dry_run: bool,
        warnings: Vec<String>,
    ) -> Result<Outcome, ApiError> {
        let object = self.imagined(request, &mut changed, Some(stored))?;
        if !dry_run {
            let mut last = object::parse(&stored.json)?;
            let draft = object::draft(&mut last, request.resource)?;
            let expect = Expect::At(stored.revision);
            let write = Write { key: stored.key.clone(), expect, change: Change::Delete(draft) };
            let committed = self.store.commit(write).await;
            committed.map_err(|error| create_error(request.resource, &stored.key.name, &error))?;
        }
        Ok(Outcome { object, created: false, warnings })
    }
}

/// The resourceVersion in the object must be the stored one; where the kind allows none, it is filled in.
fn check_version(
    request: &Request<'_>,
    name: &str,
    changed: &mut Object,
    stored: &Stored,
) -> Result<(), ApiError> {
    let current = stored.revision.to_string();
    let given = object::resource_version(changed);
    if given.is_empty() || given == "0" {
        let allowed = request.resource.builtin().is_some_and(|builtin| builtin.unconditional_update);
        if !allowed {
            return Err(validation::version_required(request.resource, name));
        }
        object::metadata_mut(changed).insert("resourceVersion".into(), current.into());
        return Ok(());
    }
    if given.parse::<kyma_store::Revision>().is_err() {
        return Err(ApiError::unexpected(format!("strconv.ParseUint: parsing {given:?}: invalid syntax")));
    }
    if given != current {
        return Err(request.conflict(name, OPTIMISTIC_LOCK));
    }
    Ok(())
}

fn check_name(name: &str, body: &Object) -> Result<(), ApiError> {
    let given = object::name(body);
    if given.is_empty() {
        let text =
            format!("the name of the object ({name} based on URL) was undeterminable: name must be provided");
        return Err(ApiError::bad_request(text));
    }
    if given != name {
        return Err(ApiError::bad_request(format!(
            "the name of the object ({given}) does not match the name on the URL ({name})"
        )));
    }
    Ok(())
}

fn uid_conflict(request: &Request<'_>, name: &str, given: &str, actual: &str) -> ApiError {
    // The real server shows its storage's error, with the key under which etcd has the object.
    let key = [request.resource.registry_path().as_str(), request.namespace.unwrap_or_default(), name]
        .into_iter()
        .filter(|part| !part.is_empty())
        .collect::<Vec<_>>()
        .join("/");
    let detail = format!(
        "StorageError: invalid object, Code: 4, Key: /registry/{key}, ResourceVersion: 0, AdditionalErrorMsg: \
         Precondition failed: UID in precondition: {given}, UID in object meta: {actual}"
    );
    request.conflict(name, &detail)
}

/// What the server alone sets stays as it is. A deletion timestamp can be set by nobody else, but one that a client
/// made up is for the validation to refuse.
fn keep_system_fields(changed: &mut Object, existing: &Object) {
    let Some(old) = object::metadata(existing) else { return };
    let meta = object::metadata_mut(changed);
    for field in ["generation", "managedFields", "selfLink"] {
        match old.get(field) {
            Some(value) => meta.insert(field.into(), value.clone()),
            None => meta.remove(field),
        };
    }
    for field in ["creationTimestamp", "deletionTimestamp"] {
        if let Some(value) = old.get(field) {
            meta.insert(field.into(), value.clone());
        }
    }
    if let Some(seconds) = old.get("deletionGracePeriodSeconds") {
        meta.entry("deletionGracePeriodSeconds").or_insert_with(|| seconds.clone());
    }
    let uid = meta.entry("uid").or_insert(Value::Null);
    if uid.as_str().is_none_or(str::is_empty) {
        *uid = object::uid(existing).into();
    }
}

fn keep_field(changed: &mut Object, existing: &Object, field: &str) {
    match existing.get(field) {
        Some(value) => changed.insert(field.into(), value.clone()),
        None => changed.remove(field),
    };
}

/// A custom resource's status write changes nothing else; a built-in kind's also takes the metadata.
fn keep_all_but_status(resource: &Resource, changed: &mut Object, existing: &Object) {
    let status = changed.remove("status");
    let metadata = changed.remove("metadata");
    *changed = existing.clone();
    match status {
        Some(status) => changed.insert("status".into(), status),
        None => changed.remove("status"),
    };
    if let (false, Some(metadata)) = (resource.is_custom(), metadata) {
        changed.insert("metadata".into(), metadata);
    }
}

fn keep_all_but_finalizers(changed: &mut Object, existing: &Object) {
    let finalizers = changed.get("spec").and_then(|spec| spec.get("finalizers")).cloned();
    let metadata = changed.remove("metadata");
    *changed = existing.clone();
    let spec = object::as_object_mut(changed.entry("spec").or_insert(Value::Null));
    match finalizers {
        Some(Value::Array(list)) if !list.is_empty() => spec.insert("finalizers".into(), Value::Array(list)),
        _ => spec.remove("finalizers"),
    };
    if let Some(metadata) = metadata {
        changed.insert("metadata".into(), metadata);
    }
}

fn same_but_metadata_and_status(resource: &Resource, a: &Object, b: &Object) -> bool {
    let counts = |key: &&String| key.as_str() != "metadata" && !(resource.status && key.as_str() == "status");
    a.keys().filter(counts).eq(b.keys().filter(counts))
        && a.keys().filter(counts).all(|key| a.get(key) == b.get(key))
}

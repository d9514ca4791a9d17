//! Update and patch: the rules of `BeforeUpdate` (k8s.io/apiserver/pkg/registry/rest/update.go) inside the
//! read-change-commit loop of `Store.Update` (k8s.io/apiserver/pkg/registry/generic/registry/store.go).

mod apply;
mod keep;
mod scale;

use std::sync::Arc;

use kyma_store::{Change, CommitError, Expect, Object as Stored, Write};
use serde_json::Value;

use crate::create::{Written, create_error, judge, set_namespace, wipe_system_fields};
use crate::delete::grace_seconds;
use crate::fields::{Author, FieldManager, same_but_times};
use crate::form;
use crate::object::{self, Live, Object};
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
    /// `/approval` of a CertificateSigningRequest: only its conditions change.
    Approval,
    /// `/scale`: what is read and written is the object's Scale.
    Scale,
}

impl Subresource {
    /// Its name in a path and in the list of managers; "" for the object itself.
    pub fn name(self) -> &'static str {
        match self {
            Self::Main => "",
            Self::Status => "status",
            Self::Finalize => "finalize",
            Self::Approval => "approval",
            Self::Scale => "scale",
        }
    }
}

/// Query parameters of an update.
#[derive(Debug, Clone, Default)]
pub struct UpdateOptions {
    /// Do everything but store.
    pub dry_run: bool,
    /// What to do about unknown fields.
    pub field_validation: FieldValidation,
    /// Who writes, for the list of managers: `fieldManager`, or what is known of the client. "" for nobody known.
    pub manager: String,
    /// For an apply: take what others own.
    pub force: bool,
}

impl UpdateOptions {
    /// Those of a write of the system's own, by this manager.
    pub fn by(manager: &str) -> Self {
        Self { manager: manager.to_owned(), ..Self::default() }
    }
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
        if subresource == Subresource::Scale {
            return self.update_scale(request, name, body, options).await;
        }
        let Body { object: mut body, complaints } = body;
        let mut warnings = Vec::new();
        let forgets = forgets_managers(request.resource, &body);
        let mode = options.field_validation;
        let decoded = form::decode(request.resource, &mut body, &complaints, mode, &mut warnings);
        keep_forgetting(&mut body, forgets);
        let checked = decoded.and_then(|()| set_namespace(request, &mut body));
        if let Err(error) = checked.and_then(|()| check_name(name, &body)) {
            return Err(error.with_warnings(warnings));
        }
        let precondition = object::uid(&body).to_owned();
        let creates = subresource == Subresource::Main
            && request.resource.builtin().is_some_and(|builtin| builtin.create_on_update);
        if creates && self.store.get(&request.key(name)).is_none() {
            return self.create_by_update(request, name, body, options, warnings).await;
        }
        self.modify(request, name, subresource, options, warnings, |live, fields, _| {
            let actual = object::uid(&live.object);
            if !precondition.is_empty() && precondition != actual {
                return Err(request.unmet(name, "UID", (&precondition, actual), options.dry_run));
            }
            let mut object = body.clone();
            let managed = fields.update(Some(live), &mut object);
            Ok(Written { object, managed })
        })
        .await
    }

    /// Creates an object that an update did not find, where its kind allows that. Who owns what is noted before the
    /// system's fields are wiped, other than in a create.
    async fn create_by_update(
        &self,
        request: &Request<'_>,
        name: &str,
        mut object: Object,
        options: &UpdateOptions,
        warnings: Vec<String>,
    ) -> Result<Outcome, ApiError> {
        let checked = match object::uid(&object) {
            "" => self.admit_into_namespace(request, &object),
            uid => Err(request.unmet(name, "UID", (uid, ""), options.dry_run)),
        };
        let checked = checked.and_then(|()| drop_version(&mut object, options.dry_run));
        if let Err(error) = checked {
            return Err(error.with_warnings(warnings));
        }
        let (catalog, now) = (self.catalog(), self.now_text());
        let author = Author { manager: &options.manager, subresource: "" };
        let managed = FieldManager::new(request.resource, &catalog, author, &now).update(None, &mut object);
        wipe_system_fields(&mut object);
        self.create_decoded(request, Written { object, managed }, options.dry_run, warnings).await
    }

    /// Applies a patch to an object. A configuration that is applied creates the object where it is absent.
    ///
    /// # Errors
    /// As [`Registry::update`]; 400 and 422 for a patch that cannot be read or applied, 409 for what other managers own.
    pub async fn patch(
        &self,
        request: &Request<'_>,
        name: &str,
        patch: &Patch,
        subresource: Subresource,
        options: &PatchOptions,
    ) -> Result<Outcome, ApiError> {
        if subresource == Subresource::Scale {
            return self.patch_scale(request, name, patch, options).await;
        }
        if let Some(configuration) = patch.configuration() {
            let complaints = patch.complaints();
            return self.apply(request, name, (configuration, complaints), subresource, options).await;
        }
        let resource = request.resource;
        let patched = |object: &Object, warnings: &mut Vec<String>| -> Result<Object, ApiError> {
            let mut patched = patch.apply(resource, object)?;
            let forgets = forgets_managers(resource, &patched.object);
            let mode = options.field_validation;
            // What does not fit the form is told first, but brings the object to the stored version.
            let restated = match subresource {
                Subresource::Main => validation::check_restated(resource, &patched.object),
                _ => Ok(()),
            };
            form::patched(resource, &mut patched, patch.complaints(), mode, warnings)?;
            restated?;
            keep_forgetting(&mut patched.object, forgets);
            Ok(patched.object)
        };
        self.modify(request, name, subresource, options, Vec::new(), |live, fields, warnings| {
            let seen = |object| fields.seen(object);
            let bare = if patch.sees_managers() { None } else { patched(&seen(&live.object), warnings).ok() };
            let mut object = match bare {
                Some(object) => object,
                // Also where that fails: what the refusal shows is the whole object.
                None => patched(&seen(&live.whole()), warnings)?,
            };
            set_namespace(request, &mut object)?;
            check_name(name, &object)?;
            let managed = fields.update(Some(live), &mut object);
            Ok(Written { object, managed })
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
        change: impl Fn(&Live<'_>, &FieldManager<'_>, &mut Vec<String>) -> Result<Written, ApiError>,
    ) -> Result<Outcome, ApiError> {
        match self.try_to_modify(request, name, subresource, options, &mut warnings, change).await {
            Ok(outcome) => Ok(Outcome { warnings, ..outcome }),
            Err(error) => Err(error.with_warnings(warnings)),
        }
    }

    async fn try_to_modify(
        &self,
        request: &Request<'_>,
        name: &str,
        subresource: Subresource,
        options: &UpdateOptions,
        warnings: &mut Vec<String>,
        change: impl Fn(&Live<'_>, &FieldManager<'_>, &mut Vec<String>) -> Result<Written, ApiError>,
    ) -> Result<Outcome, ApiError> {
        let done = |object| Ok(Outcome { object, created: false, warnings: Vec::new() });
        let given = warnings.len();
        let (catalog, now) = (self.catalog(), self.now_text());
        let author = Author { manager: &options.manager, subresource: subresource.name() };
        let fields = FieldManager::new(request.resource, &catalog, author, &now);
        // To its kind's rules a scaled object is one that was written itself.
        let subresource = if subresource == Subresource::Scale { Subresource::Main } else { subresource };
        for attempt in 1.. {
            warnings.truncate(given);
            let stored = self.get(request, name)?;
            let mut live = Live::parse(&stored.json)?;
            let outdated = live.bring_up_to_date(request.resource);
            let Written { object: mut changed, managed } = change(&live, &fields, warnings)?;
            check_version(request, name, &mut changed, &stored)?;
            form::check_stated(&changed)?;
            self.prepare_update(request, &mut changed, &live.object, subresource)?;
            let found = judge(&changed, &managed, |changed| {
                validation::update(request.resource, changed, &live.object, subresource)
            })?;
            warnings.extend(found);
            if self.ends_deletion(request.resource, &changed, &live.object) {
                let written = Written { object: changed, managed };
                return self.finish_deletion(request, written, &stored, options.dry_run).await;
            }
            if !outdated && changed == live.object && same_but_times(&managed.text, live.managed) {
                return done(stored);
            }
            if options.dry_run {
                let object = self.imagined(request, &mut changed, &managed.text, Some(&stored))?;
                return done(object);
            }
            let place = (stored.key.clone(), Expect::At(stored.revision));
            match self.put(request.resource, place, &mut changed, &managed).await? {
                Ok(object) => return done(object),
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
        keep::system_fields(changed, existing);
        match subresource {
            Subresource::Status => {
                let other = form::is_other(resource, changed);
                keep::all_but_status(resource, changed, existing);
                if other {
                    form::reshape(resource, changed)?;
                }
            }
            Subresource::Finalize => keep::all_but_list(changed, existing, ("spec", "finalizers")),
            Subresource::Approval => keep::all_but_list(changed, existing, ("status", "conditions")),
            Subresource::Main if resource.status => keep::field(changed, existing, "status"),
            Subresource::Main | Subresource::Scale => {}
        }
        if let Some(builtin) = resource.builtin() {
            builtin.prepare_update(changed, existing, subresource);
            if let Some(stamp) = builtin.stamp {
                stamp(changed, existing, &self.now_text());
            }
        }
        let counts = resource.builtin().is_none_or(|builtin| builtin.generation);
        if counts
            && subresource == Subresource::Main
            && !keep::same_but_metadata_and_status(resource, changed, existing)
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
            && grace_seconds(existing).unwrap_or_default() == 0
            && resource.builtin().is_none_or(|builtin| (builtin.may_go)(changed))
    }

    /// The object goes in the state in which it is stored; the writer sees what it has written.
    async fn finish_deletion(
        &self,
        request: &Request<'_>,
        written: Written,
        stored: &Arc<Stored>,
        dry_run: bool,
    ) -> Result<Outcome, ApiError> {
        let Written { object: mut changed, managed } = written;
        let object = self.imagined(request, &mut changed, &managed.text, Some(stored))?;
        if !dry_run {
            let mut last = Live::parse(&stored.json)?;
            let draft = object::draft(&mut last.object, last.managed, request.resource)?;
            let expect = Expect::At(stored.revision);
            let write = Write { key: stored.key.clone(), expect, change: Change::Delete(draft) };
            let committed = self.store.commit(write).await;
            committed.map_err(|error| create_error(request.resource, &stored.key.name, &error))?;
        }
        Ok(Outcome { object, created: false, warnings: Vec::new() })
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
    check_number(given)?;
    if given != current {
        return Err(request.conflict(name, OPTIMISTIC_LOCK));
    }
    Ok(())
}

/// # Errors
/// 500 for a resourceVersion that is no number, as the real server has it.
fn check_number(version: &str) -> Result<(), ApiError> {
    if version.parse::<kyma_store::Revision>().is_ok() {
        return Ok(());
    }
    Err(ApiError::unexpected(format!("strconv.ParseUint: parsing {version:?}: invalid syntax")))
}

/// Takes the resourceVersion out of an object that a write other than a create makes: any number will do there. A dry run
/// shows it.
fn drop_version(object: &mut Object, dry_run: bool) -> Result<(), ApiError> {
    let version = object::resource_version(object);
    if !version.is_empty() {
        check_number(version)?;
    }
    if !dry_run {
        object::metadata_mut(object).remove("resourceVersion");
    }
    Ok(())
}

/// Whether an empty list of managers was sent, which decoding drops. Of a built-in kind's object it means that all are to
/// be forgotten; a custom resource's is as none to the real server, too.
fn forgets_managers(resource: &Resource, object: &Object) -> bool {
    let list = object::metadata(object).and_then(|metadata| metadata.get("managedFields"));
    !resource.is_custom() && list.and_then(Value::as_array).is_some_and(Vec::is_empty)
}

/// Puts back what decoding has dropped.
fn keep_forgetting(object: &mut Object, forgets: bool) {
    if forgets {
        object::metadata_mut(object).insert("managedFields".into(), Value::Array(Vec::new()));
    }
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

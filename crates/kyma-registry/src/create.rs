//! Create: the rules of `BeforeCreate` (k8s.io/apiserver/pkg/registry/rest/create.go), then the commit.

use std::mem;
use std::sync::Arc;

use kyma_store::{Change, CommitError, Expect, Object as Stored, Write};
use serde_json::Value;

use crate::builtin;
use crate::fields::{Author, FieldManager, Managed};
use crate::form;
use crate::object::{self, Live, Object};
use crate::registry::{Body, FieldValidation, Outcome, Registry, Request};
use crate::validation;
use crate::{ApiError, Resource};

/// Query parameters of a create.
#[derive(Debug, Clone, Default)]
pub struct CreateOptions {
    /// Do everything but store.
    pub dry_run: bool,
    /// What to do about unknown fields.
    pub field_validation: FieldValidation,
    /// Who creates, for the list of managers: `fieldManager`, or what is known of the client. "" for nobody known.
    pub manager: String,
}

/// An object that a write has made, without its list of managers, and that list.
#[derive(Debug, Clone)]
pub(crate) struct Written {
    pub(crate) object: Object,
    pub(crate) managed: Managed,
}

/// Has an object judged together with its list of managers, if something may be wrong with that.
pub(crate) fn judge<T>(
    object: &Object,
    managed: &Managed,
    validate: impl Fn(&Object) -> Result<T, ApiError>,
) -> Result<T, ApiError> {
    if !managed.faulty {
        return validate(object);
    }
    validate(&Live { object: object.clone(), managed: &managed.text }.whole())
}

/// How often another generated name is tried when the first is taken (KEP-4420).
const NAME_ATTEMPTS: usize = 8;
/// A generated name's random part, and how much of the given base is kept.
const NAME_SUFFIX: usize = 5;
const NAME_BASE: usize = 63 - NAME_SUFFIX;
/// Without vowels and lookalikes, so that no word comes out (k8s.io/apimachinery/pkg/util/rand).
const NAME_ALPHABET: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";

impl Registry {
    /// Creates an object.
    ///
    /// # Errors
    /// 400 and 422 for what the kind refuses, 404 and 403 for a namespace that is absent or going, 409 where the name
    /// is taken.
    pub async fn create(
        &self,
        request: &Request<'_>,
        body: Body,
        options: &CreateOptions,
    ) -> Result<Outcome, ApiError> {
        let Body { mut object, complaints } = body;
        let resource = request.resource;
        let mut warnings = Vec::new();
        let mode = options.field_validation;
        let decoded = form::decode(resource, &mut object, &complaints, mode, &mut warnings);
        if let Err(error) = decoded.and_then(|()| set_namespace(request, &mut object)) {
            return Err(error.with_warnings(warnings));
        }
        wipe_system_fields(&mut object);
        let (catalog, now) = (self.catalog(), self.now_text());
        let author = Author { manager: &options.manager, subresource: "" };
        let managed = FieldManager::new(resource, &catalog, author, &now).update(None, &mut object);
        self.create_decoded(request, Written { object, managed }, options.dry_run, warnings).await
    }

    /// Creates an object that was decoded; a refusal comes with the warnings, too.
    ///
    /// # Errors
    /// As [`Registry::create`].
    pub(crate) async fn create_decoded(
        &self,
        request: &Request<'_>,
        written: Written,
        dry_run: bool,
        mut warnings: Vec<String>,
    ) -> Result<Outcome, ApiError> {
        match self.create_written(request, written, dry_run, &mut warnings).await {
            Ok(outcome) => Ok(Outcome { warnings, ..outcome }),
            Err(error) => Err(error.with_warnings(warnings)),
        }
    }

    async fn create_written(
        &self,
        request: &Request<'_>,
        written: Written,
        dry_run: bool,
        warnings: &mut Vec<String>,
    ) -> Result<Outcome, ApiError> {
        let given = warnings.len();
        let Written { mut object, managed } = written;
        let resource = request.resource;
        if resource.terminating {
            let text = "create not allowed while custom resource definition is terminating";
            return Err(ApiError::forbidden(
                &resource.group,
                &resource.names.plural,
                object::name(&object),
                text,
            ));
        }
        // What is no number is none to the real server.
        let versioned = object::resource_version(&object).parse::<u64>().is_ok_and(|version| version > 0);
        self.admit_into_namespace(request, &object)?;
        let generate = object::meta_str(&object, "generateName").to_owned();
        let generated = object::name(&object).is_empty() && !generate.is_empty();
        for attempt in 1.. {
            // Only a generated name is tried again.
            let mut candidate = if generated { object.clone() } else { mem::take(&mut object) };
            if generated {
                let name = self.generate_name(&generate);
                object::metadata_mut(&mut candidate).insert("name".into(), name.into());
            }
            self.prepare_create(resource, &mut candidate);
            warnings.truncate(given);
            warnings
                .extend(judge(&candidate, &managed, |candidate| validation::create(resource, candidate))?);
            if dry_run {
                return self.dry_create(request, &mut candidate, &managed.text);
            }
            if versioned {
                let text = "resourceVersion should not be set on objects to be created";
                return Err(ApiError::unexpected(text));
            }
            let name = object::name(&candidate).to_owned();
            let place = (request.key(&name), Expect::Absent);
            match self.put(resource, place, &mut candidate, &managed).await? {
                Ok(object) => return Ok(Outcome { object, created: true, warnings: Vec::new() }),
                Err(CommitError::Exists(_)) if generated && attempt < NAME_ATTEMPTS => {}
                Err(error) => return Err(create_error(resource, &name, &error)),
            }
        }
        Err(ApiError::internal("no name could be generated".to_owned()))
    }

    /// Writes an object with its list of managers; without that where both together are too large and it may be left out.
    ///
    /// # Errors
    /// An internal error where the object cannot be written as JSON; inside, why the store did not take it.
    pub(crate) async fn put(
        &self,
        resource: &Resource,
        (key, expect): (kyma_store::Key, Expect),
        object: &mut Object,
        managed: &Managed,
    ) -> Result<Result<Arc<Stored>, CommitError>, ApiError> {
        let draft = object::draft(object, &managed.text, resource)?;
        let write = Write { key: key.clone(), expect, change: Change::Put(draft) };
        match self.store.commit(write).await {
            Err(CommitError::TooLarge { .. }) if managed.optional && !managed.text.is_empty() => {
                let draft = object::draft(object, "", resource)?;
                Ok(self.store.commit(Write { key, expect, change: Change::Put(draft) }).await)
            }
            written => Ok(written),
        }
    }

    fn dry_create(
        &self,
        request: &Request<'_>,
        object: &mut Object,
        managed: &str,
    ) -> Result<Outcome, ApiError> {
        let name = object::name(object).to_owned();
        if let Some(existing) = self.store.get(&request.key(&name)) {
            return Err(create_error(request.resource, &name, &CommitError::Exists(existing)));
        }
        let object = self.imagined(request, object, managed, None)?;
        Ok(Outcome { object, created: true, warnings: Vec::new() })
    }

    /// Fills the system's fields and lets the kind prepare its own.
    pub(crate) fn prepare_create(&self, resource: &Resource, object: &mut Object) {
        let now = self.now_text();
        let uid = self.new_uid();
        wipe_system_fields(object);
        let meta = object::metadata_mut(object);
        meta.insert("creationTimestamp".into(), now.into());
        meta.insert("uid".into(), uid.into());
        if !resource.namespaced() {
            meta.remove("namespace");
        }
        match resource.builtin() {
            Some(builtin) => builtin.prepare_create(object),
            None => {
                if resource.status {
                    object.remove("status");
                }
                object::set_generation(object, 1);
            }
        }
    }

    /// NamespaceLifecycle: nothing is created in a namespace that is absent or going.
    pub(crate) fn admit_into_namespace(
        &self,
        request: &Request<'_>,
        object: &Object,
    ) -> Result<(), ApiError> {
        let (true, Some(namespace)) = (request.resource.namespaced(), request.namespace) else {
            return Ok(());
        };
        let id = self.store.resource(builtin::NAMESPACES);
        let key = kyma_store::Key { resource: id, namespace: "".into(), name: namespace.into() };
        let Some(stored) = self.store.get(&key) else {
            return Err(ApiError::not_found("", "namespaces", namespace));
        };
        if stored.index.deleting {
            return Err(ApiError::namespace_terminating(
                &request.resource.group,
                &request.resource.names.plural,
                object::name(object),
                namespace,
            ));
        }
        Ok(())
    }

    fn generate_name(&self, base: &str) -> String {
        let mut end = base.len().min(NAME_BASE);
        while !base.is_char_boundary(end) {
            end -= 1;
        }
        let mut name = base[..end].to_owned();
        let mut bits = self.random();
        for _ in 0..NAME_SUFFIX {
            let letter =
                NAME_ALPHABET[usize::try_from(bits % NAME_ALPHABET.len() as u64).unwrap_or_default()];
            name.push(char::from(letter));
            bits /= NAME_ALPHABET.len() as u64;
        }
        name
    }
}

/// Takes out what the server alone sets.
pub(crate) fn wipe_system_fields(object: &mut Object) {
    let meta = object::metadata_mut(object);
    for field in ["creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "selfLink", "uid"] {
        meta.remove(field);
    }
}

/// The object's namespace is the path's; another one in the body is refused.
pub(crate) fn set_namespace(request: &Request<'_>, object: &mut Object) -> Result<(), ApiError> {
    let given = object::namespace(object);
    if !request.resource.namespaced() {
        object::metadata_mut(object).remove("namespace");
        return Ok(());
    }
    let expected = request.namespace.unwrap_or_default();
    if given.is_empty() {
        if !expected.is_empty() {
            let expected = Value::from(expected);
            object::metadata_mut(object).insert("namespace".into(), expected);
        }
        return Ok(());
    }
    if given != expected {
        return Err(ApiError::bad_request(
            "the namespace of the provided object does not match the namespace sent on the request",
        ));
    }
    Ok(())
}

pub(crate) fn create_error(resource: &Resource, name: &str, error: &CommitError) -> ApiError {
    match error {
        CommitError::Exists(existing) if existing.index.deleting => {
            ApiError::already_exists_while_deleting(&resource.group, &resource.names.plural, name)
        }
        CommitError::Exists(_) => ApiError::already_exists(&resource.group, &resource.names.plural, name),
        CommitError::Missing => ApiError::not_found(&resource.group, &resource.names.plural, name),
        CommitError::Stale(_) => {
            ApiError::conflict(&resource.group, &resource.names.plural, name, crate::reason::OPTIMISTIC_LOCK)
        }
        CommitError::TooLarge { bytes, .. } => too_large(*bytes),
        CommitError::Persist(cause) => ApiError::internal(format!("{error}: {}", cause.reason())),
        CommitError::Closed => ApiError::internal(error.to_string()),
    }
}

/// As kube-apiserver hands on what its client of etcd says (`go.etcd.io/etcd/api/v3/v3rpc/rpctypes`), which sends no
/// message of more than 2 MiB in the first place (`clientv3.defaultMaxCallSendMsgSize`). etcd counts a few hundred
/// bytes besides the object's, and those of a built-in kind in protobuf.
fn too_large(bytes: usize) -> ApiError {
    const SENT: usize = 2 << 20;
    if bytes <= SENT {
        return ApiError::unexpected("etcdserver: request is too large");
    }
    ApiError::unexpected(format!(
        "rpc error: code = ResourceExhausted desc = trying to send message larger than max ({bytes} vs. {SENT})"
    ))
}

#[cfg(test)]
mod tests {
    use std::io;

    use kyma_store::{Options, PersistError, Store, TokioClock};

    use super::*;
    use crate::reason::Reason;

    #[test]
    fn an_object_that_is_too_large_is_refused_in_the_words_of_etcd() {
        assert_eq!(too_large(2_000_000).message(), "etcdserver: request is too large");
        let sent = "rpc error: code = ResourceExhausted desc = trying to send message larger than max \
                    (2097153 vs. 2097152)";
        let error = too_large(2_097_153);
        assert_eq!((error.code(), error.reason(), error.message()), (500, Reason::Unknown, sent));
    }

    #[tokio::test]
    async fn a_full_disk_is_named() {
        let full = PersistError::Append(Arc::new(io::Error::from(io::ErrorKind::StorageFull)));
        let clock = TokioClock::starting_at(jiff::Timestamp::UNIX_EPOCH);
        let store = Store::in_memory(Options::default(), Arc::new(clock));
        let error = create_error(&builtin::resources(&store)[0], "a", &CommitError::Persist(full));
        assert_eq!(
            error.message(),
            "Internal error occurred: failed to persist the write: failed to append the batch: no storage space"
        );
    }
}

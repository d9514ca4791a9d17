//! The registry's state, and what all verbs share.

use std::sync::Arc;

use jiff::Timestamp;
use jiff::fmt::temporal::DateTimePrinter;
use kyma_store::{Clock, Key, Object as Stored, Store};
use parking_lot::RwLock;

use crate::object::{self, Object};
use crate::{ApiError, Catalog, Resource};

/// Where UIDs and generated names come from; injected so that a seeded run repeats itself.
pub trait Random: Send + Sync {
    /// 64 random bits.
    fn next_u64(&self) -> u64;
}

/// What a verb is asked about.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// The kind, in the version of the path.
    pub resource: &'a Arc<Resource>,
    /// The namespace of the path; `None` for cluster scope, and for lists over all namespaces.
    pub namespace: Option<&'a str>,
}

impl Request<'_> {
    /// The store's key of an object of this request.
    pub(crate) fn key(&self, name: &str) -> Key {
        Key {
            resource: self.resource.id,
            namespace: self.namespace.unwrap_or_default().into(),
            name: name.into(),
        }
    }

    /// "not found" for an object of this request.
    pub(crate) fn not_found(&self, name: &str) -> ApiError {
        ApiError::not_found(&self.resource.group, &self.resource.names.plural, name)
    }

    /// "conflict" for an object of this request.
    pub(crate) fn conflict(&self, name: &str, detail: &str) -> ApiError {
        ApiError::conflict(&self.resource.group, &self.resource.names.plural, name, detail)
    }

    /// "conflict" for an object whose UID or ResourceVersion, as `what` says, is not the one that a write was for.
    pub(crate) fn unmet(
        &self,
        name: &str,
        what: &str,
        (given, actual): (&str, &str),
        dry_run: bool,
    ) -> ApiError {
        // The real server shows its storage's error, with the key under which etcd has the object; a dry run does not come
        // as far as the prefix of that.
        let prefix = if dry_run { "" } else { "registry" };
        let key = [prefix, &self.resource.registry_path(), self.namespace.unwrap_or_default(), name]
            .into_iter()
            .filter(|part| !part.is_empty())
            .collect::<Vec<_>>()
            .join("/");
        let detail = format!(
            "StorageError: invalid object, Code: 4, Key: /{key}, ResourceVersion: 0, AdditionalErrorMsg: \
             Precondition failed: {what} in precondition: {given}, {what} in object meta: {actual}"
        );
        self.conflict(name, &detail)
    }
}

/// How unknown and duplicate fields of a body are treated (KEP-2885).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum FieldValidation {
    /// Dropped without a word.
    Ignore,
    /// Dropped, with a warning for each.
    #[default]
    Warn,
    /// The request is refused.
    Strict,
}

/// The body of a write.
#[derive(Debug, Clone, Default)]
pub struct Body {
    /// The object.
    pub object: Object,
    /// What strict decoding found wrong with the text, such as `duplicate field "spec"`.
    pub complaints: Vec<String>,
}

impl From<Object> for Body {
    fn from(object: Object) -> Self {
        Body { object, complaints: Vec::new() }
    }
}

/// What a write gave.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// The object as it is stored now, or as it would be under dry-run.
    pub object: Arc<Stored>,
    /// Whether the object is new.
    pub created: bool,
    /// Texts for `Warning` headers.
    pub warnings: Vec<String>,
}

/// A time as `metav1.Time` writes it: RFC 3339 in whole seconds.
pub(crate) fn time_text(time: Timestamp) -> String {
    const PRINTER: DateTimePrinter = DateTimePrinter::new().precision(Some(0));
    PRINTER.timestamp_to_string(&time)
}

/// The API's semantics over a store.
pub struct Registry {
    pub(crate) store: Store,
    catalog: RwLock<Arc<Catalog>>,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
}

impl std::fmt::Debug for Registry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Registry").finish_non_exhaustive()
    }
}

impl Registry {
    /// A registry of the built-in kinds over `store`.
    pub fn new(store: Store, clock: Arc<dyn Clock>, random: Arc<dyn Random>) -> Self {
        let catalog = Catalog::builtin(&store);
        Registry { store, catalog: RwLock::new(Arc::new(catalog)), clock, random }
    }

    /// The kinds that are served now.
    pub fn catalog(&self) -> Arc<Catalog> {
        Arc::clone(&self.catalog.read())
    }

    /// Replaces the custom kinds by those that these CustomResourceDefinitions establish.
    pub fn set_custom_kinds<'a>(&self, definitions: impl IntoIterator<Item = &'a Object>) {
        let next = Catalog::with_custom(&self.store, definitions, &self.catalog());
        *self.catalog.write() = Arc::new(next);
    }

    /// The store below.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// The wall clock that stamps objects.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The current time as `metav1.Time` writes it: RFC 3339 in whole seconds.
    pub fn now_text(&self) -> String {
        time_text(self.now())
    }

    /// 64 bits from the injected source.
    pub fn random(&self) -> u64 {
        self.random.next_u64()
    }

    /// A fresh UID (a version 4 UUID).
    pub(crate) fn new_uid(&self) -> String {
        let bits = (u128::from(self.random()) << 64) | u128::from(self.random());
        uuid::Builder::from_random_bytes(bits.to_be_bytes()).into_uuid().to_string()
    }

    /// One object.
    ///
    /// # Errors
    /// 404 where it is absent.
    pub fn get(&self, request: &Request<'_>, name: &str) -> Result<Arc<Stored>, ApiError> {
        self.store.get(&request.key(name)).ok_or_else(|| request.not_found(name))
    }

    /// One object as a value.
    ///
    /// # Errors
    /// 404 where it is absent.
    pub fn get_value(&self, request: &Request<'_>, name: &str) -> Result<Object, ApiError> {
        object::parse(&self.get(request, name)?.json)
    }

    /// The object as a dry-run answers it: nothing is stored, and a new object has no resourceVersion but what it
    /// was sent with.
    pub(crate) fn imagined(
        &self,
        request: &Request<'_>,
        object: &mut Object,
        managed: &str,
        existing: Option<&Stored>,
    ) -> Result<Arc<Stored>, ApiError> {
        let key = request.key(object::name(object));
        // What a create was given stays, which is nonsense where it is anything.
        let given = object::resource_version(object).to_owned();
        let version = existing.map_or(given, |existing| existing.revision.to_string());
        let draft = object::draft(object, managed, request.resource)?;
        let meta = object::metadata_mut(object);
        match version.is_empty() {
            true => meta.remove("resourceVersion"),
            false => meta.insert("resourceVersion".into(), version.into()),
        };
        let json = object::to_json(object, managed)?;
        let revision = existing.map_or_else(|| self.store.revision(), |e| e.revision);
        Ok(Arc::new(Stored { key, revision, json: json.into(), index: draft.index }))
    }
}

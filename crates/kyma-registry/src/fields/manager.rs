//! The rules that the API server adds to the bookkeeping (`managedfields/internal/fieldmanager.go` and the chain of
//! managers that it wraps around `structuredmerge.go`).

use std::borrow::Cow;
use std::sync::LazyLock;

use serde_json::{Map as Members, Value};

use super::codec::Order;
use super::last_applied::{self, KUBECTL};
use super::managers::{self, Entry, Identity, Origin};
use super::schema::{Place, builtin};
use super::set::Set;
use super::updater::{Refused, Schema, Updater};
use super::{cap, check, conflict, reset};
use crate::form;
use crate::object::{self, Live};
use crate::reason::gotext;
use crate::structure;
use crate::{ApiError, Catalog, Resource};

type Object = Members<String, Value>;

/// Who owns what was there before the first apply of an object whose managers were not recorded.
const BEFORE_APPLY: &str = "before-first-apply";
/// A writer of whom nothing is known.
const UNKNOWN: &str = "unknown";

/// Fields that nobody owns: they name the object, or the server alone sets them.
static NOBODYS: LazyLock<Set<'static>> = LazyLock::new(|| {
    Set::of_fields(&[
        &["apiVersion"],
        &["kind"],
        &["metadata"],
        &["metadata", "name"],
        &["metadata", "namespace"],
        &["metadata", "creationTimestamp"],
        &["metadata", "selfLink"],
        &["metadata", "uid"],
        &["metadata", "clusterName"],
        &["metadata", "generation"],
        &["metadata", "managedFields"],
        &["metadata", "resourceVersion"],
    ])
});

/// Who writes, and by which way.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Author<'a> {
    /// "" for a writer that has no name.
    pub(crate) manager: &'a str,
    /// "" for the object itself.
    pub(crate) subresource: &'a str,
}

/// The field manager of a kind for one write.
pub(crate) struct FieldManager<'r> {
    resource: &'r Resource,
    catalog: &'r Catalog,
    author: Author<'r>,
    version: String,
    /// RFC 3339 in whole seconds of UTC.
    now: &'r str,
}

/// What an apply makes of an object.
pub(crate) struct Applied {
    pub(crate) object: Object,
    pub(crate) managed: Managed,
}

/// The list of managers after a write.
#[derive(Clone, Debug)]
pub(crate) struct Managed {
    pub(crate) text: String,
    /// Whether it has something of a client's in it that validation will refuse.
    pub(crate) faulty: bool,
    /// Whether the object is kept without it where both together are too large; not so after an apply
    /// (`isTooLargeError` in `k8s.io/apiserver/pkg/endpoints/handlers`).
    pub(crate) optional: bool,
}

impl From<String> for Managed {
    fn from(text: String) -> Self {
        Self { text, faulty: false, optional: false }
    }
}

impl<'r> FieldManager<'r> {
    pub(crate) fn new(
        resource: &'r Resource,
        catalog: &'r Catalog,
        author: Author<'r>,
        now: &'r str,
    ) -> Self {
        let version = resource.api_version();
        Self { resource, catalog, author, version, now }
    }

    /// An object of the kind of which nothing is said yet: what a new one is compared with. Go's structures are there
    /// where they are no pointers.
    pub(crate) fn blank(&self) -> Object {
        self.resource.builtin().map(|builtin| structure::empty(builtin.structure)).unwrap_or_default()
    }

    /// A stored object as this version has it.
    pub(crate) fn seen<'o>(&self, stored: &'o Object) -> Cow<'o, Object> {
        if self.resource.stored_api_version() == self.version {
            return Cow::Borrowed(stored);
        }
        let mut seen = stored.clone();
        match self.resource.builtin() {
            Some(builtin) => builtin.convert_from_stored(&mut seen),
            None => {
                seen.insert("apiVersion".into(), self.version.as_str().into());
            }
        }
        Cow::Owned(seen)
    }

    /// The list of managers after a write that is no apply; takes the client's list out of the new object. `live` is
    /// `None` for an object that is to be created.
    pub(crate) fn update(&self, live: Option<&Live<'_>>, new: &mut Object) -> Managed {
        let given = object::metadata_mut(new).remove("managedFields");
        let stored = live.map_or("", |live| live.managed);
        let given = given.filter(|_| self.author.subresource.is_empty());
        let forgotten = given.as_ref().is_some_and(managers::is_reset);
        let given = given.filter(|_| !forgotten).map(|given| given.to_string()).unwrap_or_default();
        let mut entries = match managers::decode(&given, Origin::Client) {
            _ if forgotten => Vec::new(),
            Some(entries) if !entries.is_empty() => entries,
            _ => managers::decode(stored, Origin::Stored).unwrap_or_default(),
        };
        if entries.is_empty() && live.is_some() {
            return String::new().into();
        }
        if form::is_other(self.resource, new) {
            // Of another kind or version nobody knows the schema. Where such an object is not refused, all stays as it was.
            return stored.to_owned().into();
        }
        let old = live.map_or_else(|| Cow::Owned(self.blank()), |live| self.seen(&live.object));
        let new = self.seen(new);
        // What is not of its schema changes nothing of who owns what.
        let typed = !self.resource.is_custom()
            || self.place_in(&self.version).is_none_or(|place| check::fits(&new, place));
        let recorded =
            if typed { self.record(&old, &new, &mut entries, self.author.manager) } else { Ok(()) };
        match recorded {
            Ok(()) => Managed {
                faulty: entries.iter().any(Entry::is_faulty),
                text: managers::encode(entries, self.order()),
                optional: true,
            },
            Err(_) => Managed { text: stored.to_owned(), faulty: false, optional: true },
        }
    }

    /// Makes a manager the owner of what a write has changed.
    ///
    /// # Errors
    /// The version of an entry that is invalid.
    fn record<'a>(
        &'a self,
        old: &'a Object,
        new: &'a Object,
        entries: &mut Vec<Entry<'a>>,
        manager: &'a str,
    ) -> Result<(), String> {
        let mut set = self.with_updater(|updater| updater.update(old, new, entries))?;
        set.subtract_all_below(self.reset_in(&self.version));
        set.subtract(&NOBODYS);
        if !set.is_empty() {
            let manager = if manager.is_empty() { UNKNOWN } else { manager };
            let id = Identity::new(manager, false, &*self.version, self.author.subresource);
            let mut entry = match entries.iter().position(|entry| entry.id == id) {
                Some(index) => {
                    let mut entry = entries.swap_remove(index);
                    entry.add(set);
                    entry
                }
                None => Entry::new(id, &*self.version, set),
            };
            entry.time = Some(self.now.into());
            entries.push(entry);
        }
        cap::updaters(entries);
        Ok(())
    }

    /// Lays an applied configuration over an object, or over nothing.
    ///
    /// # Errors
    /// 400 for a configuration of another kind or with a list of managers, 409 for what others own, 500 for what is
    /// not of the kind's schema.
    pub(crate) fn apply(
        &self,
        live: Option<&Live<'_>>,
        config: &Object,
        force: bool,
    ) -> Result<Applied, ApiError> {
        self.check_config(config)?;
        let old = live.map_or_else(|| Cow::Owned(self.blank()), |live| self.seen(&live.object));
        let stored = live.map_or("", |live| live.managed);
        let mut applied = self.merge(&old, stored, config, force)?;
        if self.author.manager == KUBECTL {
            last_applied::note(&mut applied.object, config);
        }
        Ok(applied)
    }

    fn merge(&self, old: &Object, stored: &str, config: &Object, force: bool) -> Result<Applied, ApiError> {
        let mut entries = managers::decode(stored, Origin::Stored).unwrap_or_default();
        let empty;
        if entries.is_empty() {
            empty = self.blank();
            self.record(&empty, old, &mut entries, BEFORE_APPLY)
                .map_err(|version| invalid_version(&version))?;
        }
        let id = Identity::new(self.author.manager, true, "", self.author.subresource);
        let merged = self.with_updater(|updater| updater.apply(old, config, &mut entries, &id, force));
        let merged = match merged {
            Ok(merged) => merged,
            Err(Refused::InvalidVersion(version)) => return Err(invalid_version(&version)),
            Err(Refused::Conflicts(conflicts)) => {
                let Some(last) = self.last_applied(old) else { return Err(conflict::error(conflicts)) };
                let place = self.place_in(&self.version).unwrap_or(Place::Deduced);
                let Some(mine) = last_applied::unchanged(&last, old, place) else {
                    return Err(conflict::error(conflicts));
                };
                let left = conflict::without(conflicts, &mine);
                return if left.is_empty() {
                    self.merge(old, stored, config, true)
                } else {
                    Err(conflict::error(left))
                };
            }
        };
        if let Some(entry) = entries.iter_mut().find(|entry| entry.id == id) {
            entry.subtract(&NOBODYS);
            if merged.is_some() {
                entry.time = Some(self.now.into());
            }
        }
        entries.retain(|entry| !entry.set.is_empty());
        let managed = managers::encode(entries, self.order()).into();
        Ok(Applied { object: merged.unwrap_or_else(|| old.clone()), managed })
    }

    /// What kubectl applied last by its own means.
    fn last_applied(&self, live: &Object) -> Option<Object> {
        if self.author.manager == KUBECTL { last_applied::read(live, &self.version) } else { None }
    }

    fn check_config(&self, config: &Object) -> Result<(), ApiError> {
        let shown = shown_kind(config);
        let (group, version) = (&self.resource.group, &self.resource.version);
        if shown != format!("{group}/{version}, Kind={}", self.resource.names.kind) {
            return Err(ApiError::bad_request(format!("invalid object type: {shown}")));
        }
        if object::metadata(config).and_then(|m| m.get("managedFields")).is_some_and(Value::is_array) {
            return Err(ApiError::bad_request("metadata.managedFields must be nil"));
        }
        let place = self.place_in(&self.version).unwrap_or(Place::Deduced);
        match check::problem(config, place) {
            None => Ok(()),
            Some(problem) => Err(ApiError::unexpected(format!(
                "failed to create typed patch object ({}/{}; {shown}): {problem}",
                object::namespace(config),
                object::name(config),
            ))),
        }
    }

    /// 500: what an apply has made cannot be decoded as the kind.
    pub(crate) fn unconvertible(&self, config: &Object, problem: &str) -> ApiError {
        let (namespace, name, kind) = (object::namespace(config), object::name(config), shown_kind(config));
        let decoder = match self.resource.is_custom() {
            true => String::new(),
            false => format!("unable to convert unstructured object to {kind}: "),
        };
        ApiError::unexpected(format!(
            "failed to convert new object ({namespace}/{name}; {kind}) to proper version: {decoder}{problem}"
        ))
    }

    /// The kind's schema in a version that is served.
    fn place_in(&self, version: &str) -> Option<Place<'_>> {
        let resource = if version == self.version {
            self.resource
        } else {
            let (group, version) = version.split_once('/').unwrap_or(("", version));
            self.catalog.find(group, version, &self.resource.names.plural)?
        };
        Some(match (resource.builtin(), &resource.schema) {
            (Some(builtin), _) => builtin::object(builtin.structure),
            (None, Some(schema)) => Place::Custom(schema.ownership()),
            (None, None) => Place::Deduced,
        })
    }

    /// In which order the kind's sets are written.
    pub(crate) fn order(&self) -> Order {
        if self.resource.is_custom() { Order::Texts } else { Order::Elements }
    }

    fn reset_in(&self, version: &str) -> &'static Set<'static> {
        reset::of(self.resource, self.author.subresource, version)
    }

    fn with_updater<'a, T>(&'a self, run: impl FnOnce(&Updater<'_, 'a>) -> T) -> T {
        let schema = |version: &str| match self.place_in(version) {
            Some(place) => Schema::Known(place),
            None if self.resource.is_custom() => Schema::Invalid,
            None => Schema::Dropped,
        };
        let reset = |version: &str| self.reset_in(version);
        run(&Updater { version: &self.version, schema: &schema, reset: &reset })
    }
}

/// 500: a custom resource cannot be seen in a version that its definition does not have.
fn invalid_version(version: &str) -> ApiError {
    ApiError::unexpected(format!("request to convert CR to an invalid group/version: {version}"))
}

/// Group, version and kind as Go prints them.
fn shown_kind(config: &Object) -> String {
    let text = |field: &str| config.get(field).and_then(Value::as_str).unwrap_or_default();
    let (version, kind) = (text("apiVersion"), text("kind"));
    match version.matches('/').count() {
        0 => format!("/{version}, Kind={kind}"),
        1 => format!("{version}, Kind={kind}"),
        _ => "/, Kind=".to_owned(),
    }
}

/// The manager's name that a `User-Agent` stands for: what is before its first slash, without what cannot be printed.
pub fn from_user_agent(agent: &str) -> String {
    const BYTES_MAX: usize = 128;
    let mut name = String::new();
    for c in agent.split('/').next().unwrap_or_default().chars().filter(|c| gotext::is_print(*c)) {
        if name.len() + c.len_utf8() > BYTES_MAX {
            break;
        }
        name.push(c);
    }
    name
}

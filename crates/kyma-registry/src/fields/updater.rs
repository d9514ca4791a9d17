//! What a write does to the managers, and what an apply makes of the object (`merge/update.go`).

use serde_json::{Map as Members, Value};

use super::compare::{self, Difference};
use super::conflict::Conflict;
use super::managers::{Entry, Identity};
use super::schema::Place;
use super::set::Set;
use super::{extract, merge, reconcile, remove};

type Object = Members<String, Value>;

/// The rules of one kind, for a write in one of its versions.
pub(crate) struct Updater<'f, 's> {
    /// Group and version of the write.
    pub(crate) version: &'s str,
    /// The schema of the kind in a version.
    pub(crate) schema: &'f dyn Fn(&str) -> Schema<'s>,
    /// What a write by this way cannot change, whatever it says, as seen in a version.
    pub(crate) reset: &'f dyn Fn(&str) -> &'static Set<'static>,
}

/// What is known of a version of a kind.
#[derive(Clone, Copy)]
pub(crate) enum Schema<'s> {
    Known(Place<'s>),
    /// It is no more: what was owned in it is forgotten.
    Dropped,
    /// It never was, or is no more and may not be forgotten: nothing can be said of the whole list then.
    Invalid,
}

impl<'s> Schema<'s> {
    fn place(self) -> Option<Place<'s>> {
        match self {
            Self::Known(place) => Some(place),
            Self::Dropped | Self::Invalid => None,
        }
    }
}

/// Why an object could not be applied to.
#[derive(Debug)]
pub(crate) enum Refused<'a> {
    /// It would change what others own.
    Conflicts(Vec<Conflict<'a>>),
    /// Somebody owns fields in this version, which is none.
    InvalidVersion(String),
}

/// The differences of two objects, in each version that somebody owns fields in.
type Differences<'a> = Vec<(String, Difference<'a>)>;

impl<'s> Updater<'_, 's> {
    /// Takes from everybody what a write has changed, and gives what it has set: that is the writer's.
    ///
    /// # Errors
    /// The version of an entry that is invalid.
    pub(crate) fn update<'a>(
        &self,
        old: &'a Object,
        new: &'a Object,
        entries: &mut Vec<Entry<'a>>,
    ) -> Result<Set<'a>, String>
    where
        's: 'a,
    {
        self.reconcile(entries)?;
        let mut all = self.differences(old, new, entries);
        take(&all, entries, None);
        let own = all.iter().position(|(version, _)| version == self.version);
        let own = own.map(|index| all.swap_remove(index).1).unwrap_or_default();
        Ok(own.modified.union(own.added))
    }

    /// Lays a configuration over an object, takes out what the manager no longer applies and nobody else owns, and
    /// makes the manager the owner of what it applies. Gives `None` where the object is as it was.
    ///
    /// # Errors
    /// What others own and the apply would change, unless it is forced; the version of an entry that is invalid.
    pub(crate) fn apply<'a>(
        &self,
        live: &Object,
        config: &'a Object,
        entries: &mut Vec<Entry<'a>>,
        id: &Identity<'a>,
        force: bool,
    ) -> Result<Option<Object>, Refused<'a>>
    where
        's: 'a,
    {
        self.reconcile(entries).map_err(Refused::InvalidVersion)?;
        let Some(place) = (self.schema)(self.version).place() else { return Ok(None) };
        let merged = merge::objects(live, config, place);
        let last = entries.iter().position(|entry| entry.id == *id).map(|index| entries.remove(index));
        let mut set = extract::fields(config, place);
        set.subtract_all_below((self.reset)(self.version));
        let mut entry = Entry::new(id.clone(), self.version, set);
        entry.time = last.as_ref().and_then(|last| last.time.clone());
        entries.push(entry);
        let object = match last.filter(|last| !last.set.is_empty()) {
            Some(last) => self.prune(merged, entries, &last),
            None => merged,
        };
        let all = self.differences(live, &object, entries);
        let conflicts = conflicts(&all, entries, id);
        if !force && !conflicts.is_empty() {
            return Err(Refused::Conflicts(conflicts));
        }
        take(&all, entries, Some(id));
        let changed = !compare::same_members(live, &object);
        Ok(changed.then_some(object))
    }

    /// Brings sets in line with schemas that have changed since; drops those of versions that are no more.
    ///
    /// # Errors
    /// The version of an entry that is invalid.
    fn reconcile(&self, entries: &mut Vec<Entry<'_>>) -> Result<(), String> {
        let mut invalid = None;
        entries.retain_mut(|entry| match (self.schema)(&entry.version) {
            Schema::Known(place) => {
                if reconcile::set(&mut entry.set, place) {
                    entry.touched();
                }
                true
            }
            Schema::Dropped => false,
            Schema::Invalid => {
                invalid.get_or_insert_with(|| entry.version.clone().into_owned());
                true
            }
        });
        invalid.map_or(Ok(()), Err)
    }

    /// The differences of two objects in the write's version first, then in those of the entries.
    fn differences<'a>(&self, old: &'a Object, new: &'a Object, entries: &[Entry<'_>]) -> Differences<'a>
    where
        's: 'a,
    {
        let mut all = Differences::new();
        for version in std::iter::once(self.version).chain(entries.iter().map(|entry| &*entry.version)) {
            if all.iter().any(|(known, _)| known == version) {
                continue;
            }
            let Some(place) = (self.schema)(version).place() else { continue };
            let difference = compare::objects(old, new, place).without((self.reset)(version));
            all.push((version.to_owned(), difference));
        }
        all
    }

    /// Takes out what the manager applied last and does not apply now, unless another entry has it.
    fn prune(&self, merged: Object, entries: &[Entry<'_>], last: &Entry<'_>) -> Object {
        let Some(place) = (self.schema)(&last.version).place() else { return merged };
        let named = last.set.clone().with_declared_fields(Some(place));
        let mut pruned = remove::objects(&merged, &named, place);
        // The last version comes first, as upstream has it; then the others in the order of the entries.
        let mut versions: Vec<&str> = Vec::new();
        for entry in entries {
            match &*entry.version {
                version if versions.contains(&version) => {}
                version if version == last.version => versions.insert(0, version),
                version => versions.push(version),
            }
        }
        for version in versions {
            let Some(place) = (self.schema)(version).place() else { continue };
            let owned =
                entries.iter().filter(|entry| entry.version == version).map(|entry| entry.set.clone());
            pruned = put_back(&merged, &pruned, owned.fold(Set::default(), Set::union), place);
        }
        // What was not the manager's alone to take stays: nobody's, or an updater's.
        let fields = |object| extract::fields(object, place).with_declared_fields(Some(place));
        let mut gone = fields(&merged);
        gone.subtract(&fields(&pruned));
        remove::objects(&merged, &gone.intersection(&named), place)
    }
}

/// Takes what has changed from all entries but one.
fn take(all: &Differences<'_>, entries: &mut Vec<Entry<'_>>, but: Option<&Identity<'_>>) {
    for entry in entries.iter_mut().filter(|entry| but.is_none_or(|but| entry.id != *but)) {
        let Some((_, difference)) = all.iter().find(|(version, _)| *version == entry.version) else {
            continue;
        };
        entry.subtract(&difference.modified);
        entry.subtract(&difference.added);
        entry.subtract(&difference.removed);
    }
    entries.retain(|entry| !entry.set.is_empty());
}

/// What others own of what an apply sets.
fn conflicts<'a>(all: &Differences<'_>, entries: &[Entry<'a>], id: &Identity<'_>) -> Vec<Conflict<'a>> {
    let others = entries.iter().filter(|entry| entry.id != *id);
    let conflicts = others.filter_map(|entry| {
        let (_, difference) = all.iter().find(|(version, _)| *version == entry.version)?;
        let modified = entry.set.intersection(&difference.modified);
        let paths = modified.union(entry.set.intersection(&difference.added));
        let version = entry.version.clone().into_owned();
        (!paths.is_empty()).then(|| Conflict { owner: entry.id.clone(), version, paths })
    });
    conflicts.collect()
}

/// The merged object without what was pruned and is not owned by others.
fn put_back(merged: &Object, pruned: &Object, owned: Set<'_>, place: Place<'_>) -> Object {
    let fields = |object| extract::fields(object, place).with_declared_fields(Some(place));
    let mut gone = fields(merged);
    gone.subtract(&fields(pruned));
    gone.subtract(&owned.with_declared_fields(Some(place)));
    remove::objects(merged, &gone, place)
}

//! What there is to ask: verb × subresource × condition, of a kind.

use super::subject::Subject;

/// What a request does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verb {
    Create,
    Get,
    List,
    Watch,
    Update,
    JsonPatch,
    MergePatch,
    StrategicPatch,
    Apply,
    Delete,
    DeleteCollection,
}

/// The state of things when the request comes, or what is special about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Condition {
    /// The object is there (for a create: is not), and the request is as it should be.
    Ok,
    /// There is no such object.
    Absent,
    /// There is one already.
    Exists,
    /// The request changes nothing.
    Same,
    /// It names a version that is no longer the stored one.
    Stale,
    /// It names no version.
    Unversioned,
    /// It names another UID.
    OtherUid,
    /// The kind's validation refuses it.
    Invalid,
    /// It has a field that the kind does not have; what is said about it is the query's choice.
    UnknownStrict,
    UnknownWarn,
    UnknownIgnore,
    /// A field has a value of the wrong type.
    WrongType,
    /// Nothing is stored.
    DryRun,
    BadDryRun,
    BadValidation,
    /// The object is being deleted.
    Deleting,
    /// The user may do nothing.
    Forbidden,
    /// There is no such namespace.
    NoNamespace,
    /// The body's namespace is not the path's.
    OtherNamespace,
    /// The body's name is not the path's.
    OtherName,
    /// A name that the kind does not allow.
    BadName,
    Generated,
    OtherKind,
    OtherVersion,
    Broken,
    Empty,
    BadMediaType,
    BadManager,
    /// An apply without a field manager.
    NoManager,
    /// Another manager owns what is applied.
    Conflict,
    Forced,
    /// A patch that is JSON and no patch.
    NoPatch,
    /// The answer in another form.
    Table,
    Metadata,
    Yaml,
    NotAcceptable,
    BadSelector,
    BadField,
    BadContinue,
    BadLimit,
    BadVersion,
    FutureVersion,
    BadMatch,
    Foreground,
    Orphan,
    BadPropagation,
}

/// One question about one kind.
#[derive(Clone, Copy)]
pub(crate) struct Cell {
    pub(crate) subject: &'static Subject,
    pub(crate) verb: Verb,
    /// "" for the object itself.
    pub(crate) part: &'static str,
    pub(crate) condition: Condition,
}

use Condition as C;

const BODY: &[Condition] = &[
    C::Invalid,
    C::UnknownStrict,
    C::UnknownWarn,
    C::UnknownIgnore,
    C::WrongType,
    C::DryRun,
    C::BadDryRun,
    C::BadValidation,
    C::Forbidden,
    C::OtherNamespace,
    C::OtherKind,
    C::OtherVersion,
    C::Broken,
    C::Empty,
    C::BadMediaType,
    C::BadManager,
];

const CREATE: &[Condition] =
    &[C::Ok, C::Exists, C::Deleting, C::NoNamespace, C::BadName, C::Generated, C::Unversioned];

const UPDATE: &[Condition] =
    &[C::Ok, C::Absent, C::Same, C::Stale, C::Unversioned, C::OtherUid, C::Deleting, C::OtherName];

const PATCH: &[Condition] = &[
    C::Ok,
    C::Absent,
    C::Same,
    C::Stale,
    C::OtherUid,
    C::Invalid,
    C::UnknownStrict,
    C::UnknownWarn,
    C::WrongType,
    C::DryRun,
    C::BadDryRun,
    C::Deleting,
    C::Forbidden,
    C::OtherName,
    C::OtherKind,
    C::Broken,
    C::Empty,
    C::NoPatch,
    C::BadManager,
    C::Forced,
];

const APPLY: &[Condition] = &[
    C::Ok,
    C::Absent,
    C::Same,
    C::Stale,
    C::OtherUid,
    C::Invalid,
    C::UnknownStrict,
    C::UnknownWarn,
    C::WrongType,
    C::DryRun,
    C::Deleting,
    C::Forbidden,
    C::OtherName,
    C::OtherKind,
    C::Broken,
    C::Empty,
    C::NoManager,
    C::Conflict,
    C::Forced,
];

const GET: &[Condition] = &[
    C::Ok,
    C::Absent,
    C::Deleting,
    C::Forbidden,
    C::NoNamespace,
    C::BadName,
    C::Table,
    C::Metadata,
    C::Yaml,
    C::NotAcceptable,
    C::BadVersion,
    C::FutureVersion,
];

const LIST: &[Condition] = &[
    C::Ok,
    C::Absent,
    C::Deleting,
    C::Forbidden,
    C::NoNamespace,
    C::Table,
    C::Metadata,
    C::Yaml,
    C::NotAcceptable,
    C::BadSelector,
    C::BadField,
    C::BadContinue,
    C::BadLimit,
    C::BadVersion,
    C::BadMatch,
];

const WATCH: &[Condition] = &[
    C::Ok,
    C::Absent,
    C::Forbidden,
    C::Table,
    C::Metadata,
    C::NotAcceptable,
    C::BadSelector,
    C::BadField,
    C::BadVersion,
    C::BadMatch,
];

const DELETE: &[Condition] = &[
    C::Ok,
    C::Absent,
    C::Deleting,
    C::Stale,
    C::OtherUid,
    C::DryRun,
    C::BadDryRun,
    C::Forbidden,
    C::Broken,
    C::OtherKind,
    C::Foreground,
    C::Orphan,
    C::BadPropagation,
];

const DELETE_COLLECTION: &[Condition] = &[
    C::Ok,
    C::Absent,
    C::Deleting,
    C::DryRun,
    C::BadDryRun,
    C::Forbidden,
    C::Broken,
    C::BadSelector,
    C::BadField,
    C::BadPropagation,
    C::NoNamespace,
];

/// All cells of a kind.
pub(crate) fn cells(subject: &'static Subject) -> Vec<Cell> {
    let mut cells = Vec::new();
    let mut add = |verb, part, conditions: &[Condition]| {
        cells.extend(conditions.iter().map(|condition| Cell { subject, verb, part, condition: *condition }));
    };
    add(Verb::Create, "", CREATE);
    add(Verb::Create, "", BODY);
    add(Verb::Get, "", GET);
    add(Verb::List, "", LIST);
    add(Verb::Watch, "", WATCH);
    add(Verb::Update, "", UPDATE);
    add(Verb::Update, "", BODY);
    for verb in [Verb::JsonPatch, Verb::MergePatch, Verb::StrategicPatch] {
        add(verb, "", PATCH);
    }
    add(Verb::Apply, "", APPLY);
    add(Verb::Delete, "", DELETE);
    add(Verb::DeleteCollection, "", DELETE_COLLECTION);
    for part in ["status", "scale", "finalize"] {
        add(Verb::Create, part, &[C::Ok]);
        add(Verb::Get, part, &[C::Ok, C::Absent, C::Forbidden]);
        add(
            Verb::Update,
            part,
            &[C::Ok, C::Absent, C::Same, C::Stale, C::WrongType, C::DryRun, C::Deleting, C::OtherKind],
        );
        add(Verb::MergePatch, part, &[C::Ok, C::Absent, C::Same, C::Stale, C::WrongType, C::Forbidden]);
        add(Verb::Apply, part, &[C::Ok, C::Absent, C::Conflict]);
        add(Verb::Delete, part, &[C::Ok]);
    }
    cells.retain(Cell::makes_sense);
    cells
}

impl Cell {
    /// `update/status/stale`.
    pub(crate) fn name(&self) -> String {
        let part = if self.part.is_empty() { String::new() } else { format!("/{}", self.part) };
        format!("{}{part}/{}", kebab(&format!("{:?}", self.verb)), kebab(&format!("{:?}", self.condition)))
    }

    fn makes_sense(&self) -> bool {
        match self.condition {
            C::NoNamespace | C::OtherNamespace => self.subject.namespaced,
            _ => true,
        }
    }

    /// Whether the request is about all objects of the cell.
    pub(crate) fn of_collection(&self) -> bool {
        matches!(self.verb, Verb::List | Verb::Watch | Verb::DeleteCollection)
    }

    /// Whether what comes of it is settled when the answer is there: a deleted namespace goes through states, and the
    /// garbage collector takes its finalizers when it gets to it.
    pub(crate) fn settles(&self) -> bool {
        let deletes = matches!(self.verb, Verb::Delete | Verb::DeleteCollection)
            || matches!(self.condition, Condition::Deleting)
            || self.part == "finalize";
        let collected = matches!(self.condition, Condition::Foreground | Condition::Orphan);
        !(collected || self.subject.name == "namespace" && deletes)
    }

    /// Whether there is an object before the request.
    pub(crate) fn begins_with_object(&self) -> bool {
        match self.condition {
            C::Absent | C::NoNamespace => false,
            C::Exists | C::Deleting => true,
            _ => self.verb != Verb::Create || !self.part.is_empty(),
        }
    }
}

/// `UnknownStrict` as `unknown-strict`.
fn kebab(name: &str) -> String {
    let mut text = String::new();
    for letter in name.chars() {
        if letter.is_ascii_uppercase() && !text.is_empty() {
            text.push('-');
        }
        text.push(letter.to_ascii_lowercase());
    }
    text
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::super::subject::SUBJECTS;
    use super::cells;

    #[test]
    fn every_cell_has_a_name_of_its_own() {
        for subject in &SUBJECTS {
            let cells = cells(subject);
            let names: BTreeSet<String> = cells.iter().map(super::Cell::name).collect();
            assert_eq!(names.len(), cells.len(), "{}", subject.name);
            assert!(names.contains("update/status/stale") && names.contains("create/unknown-strict"));
        }
    }
}

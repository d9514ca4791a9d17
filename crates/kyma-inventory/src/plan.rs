//! The plan for one Kyma: what is known of it and of its children in, what is to be written out.
//!
//! A plan says only what is new. Planning again after it was carried out gives an empty plan.

use std::time::Duration;

use crate::kyma::Component;
use crate::stages::Stage;

mod status;
mod wishes;

use wishes::{Wish, Wishes};

pub use status::{DesiredStatus, ReadyFacts, StatusFacts, StatusPlan};

/// What must be known to plan.
#[derive(Clone, Debug)]
pub struct Facts<'a> {
    /// The Kyma's name.
    pub name: &'a str,
    /// `metadata.generation`.
    pub generation: i64,
    /// Whether `metadata.deletionTimestamp` is set.
    pub deleting: bool,
    /// `spec.components`.
    pub components: &'a [Component],
    /// The status that is there.
    pub status: StatusFacts<'a>,
    /// Every `HelmComponent` of this namespace that a Kyma of this name owns, whatever its UID, and every one
    /// that has the name of a wanted child. Others do no harm.
    pub children: Vec<Child<'a>>,
    /// The creates that were answered with a refusal and not taken back since.
    pub refusals: Vec<Refusal<'a>>,
}

/// A `HelmComponent` that concerns a Kyma.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Child<'a> {
    /// `metadata.name`.
    pub name: &'a str,
    /// Whose it is.
    pub owner: Owner,
    /// `spec.componentName`.
    pub component_name: &'a str,
    /// `spec.namespace`.
    pub namespace: &'a str,
    /// The stage that its status names.
    pub stage: Stage,
    /// Whether `metadata.deletionTimestamp` is set.
    pub deleting: bool,
}

/// To whom a `HelmComponent` belongs, by its controller owner reference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner {
    /// To this very Kyma.
    This,
    /// To a Kyma of the same name that had another UID.
    Predecessor,
    /// To something else, or to nobody. It is never touched.
    Other,
}

/// A create that the server refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refusal<'a> {
    /// The component's name.
    pub component: &'a str,
    /// Why.
    pub cause: RefusalCause,
    /// The server's words.
    pub message: &'a str,
    /// Whether it is time to try again.
    pub due: bool,
}

/// Why a create was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefusalCause {
    /// The object is not legal (422).
    Invalid,
    /// The name belongs to an object that is not among the known children (409).
    NameTaken,
}

/// The bounds of a turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// How many children one turn may create.
    pub creates: usize,
    /// How long progress may wait for more progress before it is written.
    pub status_interval: Duration,
}

/// What to do, in this order: status, deletes, patches, creates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Whether the status is to be written.
    pub status: StatusPlan,
    /// Children to delete.
    pub deletes: Vec<Delete>,
    /// Children whose target namespace is to change.
    pub patches: Vec<Patch>,
    /// Children to create in this turn, the longest name first.
    pub creates: Vec<Create>,
    /// How many creates are left for later turns.
    pub creates_left: usize,
    /// What is wrong with the spec or in its way, the gravest first.
    pub problems: Vec<Problem>,
    /// The longest time in seconds until a component arrives; the priority of this Kyma's work.
    pub remaining: u64,
}

/// A child to delete; the caller adds the UID and resourceVersion that it has read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delete {
    /// The child's name.
    pub name: String,
    /// Why.
    pub cause: DeleteCause,
}

/// Why a child is deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeleteCause {
    /// Its component is no longer in the spec.
    NotWanted,
    /// It belongs to a Kyma of the same name that is gone.
    OfPredecessor,
}

/// A child whose `spec.namespace` is to change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Patch {
    /// The child's name.
    pub name: String,
    /// The new target namespace; empty means none is named.
    pub namespace: String,
}

/// A child to create.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Create {
    /// The child's name.
    pub name: String,
    /// What it is for.
    pub component: Component,
}

/// Something in the spec that cannot be carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Which component.
    pub component: String,
    /// What kind of problem.
    pub kind: ProblemKind,
    /// For people, one sentence.
    pub message: String,
}

/// The kinds of problems, the gravest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ProblemKind {
    /// The child's name belongs to somebody else's object.
    NameConflict,
    /// The server refuses the child.
    InvalidComponent,
    /// A name is listed again; the first entry counts.
    DuplicateComponent,
}

impl ProblemKind {
    /// The reason in the Ready condition and in Events.
    #[must_use]
    pub fn reason(self) -> &'static str {
        use crate::conditions::reason;
        match self {
            Self::NameConflict => reason::NAME_CONFLICT,
            Self::InvalidComponent => reason::INVALID_COMPONENT,
            Self::DuplicateComponent => reason::DUPLICATE_COMPONENT,
        }
    }
}

impl Plan {
    /// Whether there is nothing to write, now or later.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.status == StatusPlan::Same
            && self.deletes.is_empty()
            && self.patches.is_empty()
            && self.creates.is_empty()
            && self.creates_left == 0
    }
}

/// Plans one turn of a Kyma. `waited` is how long the oldest news for the status have been waiting, none if
/// there were none at the last look.
#[must_use]
pub fn plan(facts: &Facts<'_>, limits: &Limits, waited: Option<Duration>) -> Plan {
    let wishes = Wishes::of(facts);
    let problems = wishes.problems();
    // What is being deleted gets neither children nor news: its children go with it.
    let (creates, patches, status) = if facts.deleting {
        (Vec::new(), Vec::new(), StatusPlan::Same)
    } else {
        let desired = DesiredStatus::of(&wishes.waiting_for(), wishes.list.len(), &problems);
        let status = status::plan(&facts.status, desired, facts.generation, limits.status_interval, waited);
        (wishes.creates(), wishes.patches(), status)
    };
    let creates_left = creates.len().saturating_sub(limits.creates);
    Plan {
        status,
        deletes: wishes.deletes(facts),
        patches,
        creates: creates.into_iter().take(limits.creates).collect(),
        creates_left,
        problems,
        remaining: wishes.list.iter().map(Wish::remaining).max().unwrap_or(0),
    }
}

#[cfg(test)]
mod tests;

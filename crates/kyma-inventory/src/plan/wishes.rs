//! The components of a spec beside what is there for them.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Child, Create, Delete, DeleteCause, Facts, Owner, Patch, Problem, ProblemKind, Refusal, RefusalCause,
};
use crate::kyma::Component;
use crate::names::child_name;
use crate::stages::{Stage, remaining};

/// The components of the spec, each name once, beside what is there for them.
pub(super) struct Wishes<'a> {
    pub(super) list: Vec<Wish<'a>>,
    /// Names that come again, in order.
    repeated: Vec<&'a str>,
}

pub(super) struct Wish<'a> {
    component: &'a Component,
    child_name: String,
    found: Found<'a>,
}

/// What is there for a wish.
enum Found<'a> {
    Nothing,
    Refused(Refusal<'a>),
    Ours(Child<'a>),
    /// Ours or a predecessor's, and to be replaced when it has gone.
    Leaving,
    SomebodyElses,
}

impl<'a> Wishes<'a> {
    pub(super) fn of(facts: &Facts<'a>) -> Self {
        let children: BTreeMap<&str, Child<'a>> =
            facts.children.iter().map(|child| (child.name, *child)).collect();
        let refusals: BTreeMap<&str, Refusal<'a>> =
            facts.refusals.iter().map(|refusal| (refusal.component, *refusal)).collect();
        let mut names = BTreeSet::new();
        let (mut list, mut repeated) = (Vec::with_capacity(facts.components.len()), Vec::new());
        for component in facts.components {
            if !names.insert(component.name.as_str()) {
                repeated.push(component.name.as_str());
                continue;
            }
            let child_name = child_name(facts.name, &component.name);
            let found = match children.get(child_name.as_str()) {
                Some(child) => Found::child(*child),
                None => refusals
                    .get(component.name.as_str())
                    .map_or(Found::Nothing, |refusal| Found::Refused(*refusal)),
            };
            list.push(Wish { component, child_name, found });
        }
        Self { list, repeated }
    }

    /// The components that have not arrived, in spec order.
    pub(super) fn waiting_for(&self) -> Vec<&'a str> {
        self.list.iter().filter(|wish| !wish.arrived()).map(|wish| wish.component.name.as_str()).collect()
    }

    pub(super) fn creates(&self) -> Vec<Create> {
        let mut missing: Vec<&Wish<'a>> = self.list.iter().filter(|wish| wish.is_missing()).collect();
        // A stable sort: among names of one length the spec's order stays.
        missing.sort_by_key(|wish| std::cmp::Reverse(wish.component.name.len()));
        let create =
            |wish: &Wish<'a>| Create { name: wish.child_name.clone(), component: wish.component.clone() };
        missing.into_iter().map(create).collect()
    }

    pub(super) fn patches(&self) -> Vec<Patch> {
        self.list
            .iter()
            .filter_map(|wish| match &wish.found {
                Found::Ours(child) if child.namespace != wish.component.namespace => {
                    Some(Patch { name: wish.child_name.clone(), namespace: wish.component.namespace.clone() })
                }
                _ => None,
            })
            .collect()
    }

    pub(super) fn deletes(&self, facts: &Facts<'_>) -> Vec<Delete> {
        let wanted: BTreeSet<&str> = self.list.iter().map(|wish| wish.child_name.as_str()).collect();
        let listed: BTreeSet<&str> = self.list.iter().map(|wish| wish.component.name.as_str()).collect();
        let cause = |child: &Child<'_>| match child.owner {
            Owner::Other => None,
            Owner::Predecessor => Some(DeleteCause::OfPredecessor),
            // A child under another name whose component is wanted was given to this Kyma by hand.
            Owner::This => (!wanted.contains(child.name) && !listed.contains(child.component_name))
                .then_some(DeleteCause::NotWanted),
        };
        facts
            .children
            .iter()
            .filter(|child| !child.deleting)
            .filter_map(|child| cause(child).map(|cause| Delete { name: child.name.to_owned(), cause }))
            .collect()
    }

    pub(super) fn problems(&self) -> Vec<Problem> {
        let of_wish = |wish: &Wish<'a>| {
            let (kind, message) = match &wish.found {
                Found::SomebodyElses => (ProblemKind::NameConflict, taken(&wish.child_name)),
                Found::Refused(refusal) => match refusal.cause {
                    RefusalCause::NameTaken => (ProblemKind::NameConflict, taken(&wish.child_name)),
                    RefusalCause::Invalid => (ProblemKind::InvalidComponent, refusal.message.to_owned()),
                },
                Found::Nothing | Found::Ours(_) | Found::Leaving => return None,
            };
            Some(Problem { component: wish.component.name.clone(), kind, message })
        };
        let again = |name: &&str| Problem {
            component: (*name).to_owned(),
            kind: ProblemKind::DuplicateComponent,
            message: format!("component {name:?} is listed more than once, the first entry counts"),
        };
        let mut all: Vec<Problem> =
            self.list.iter().filter_map(of_wish).chain(self.repeated.iter().map(again)).collect();
        all.sort_by_key(|problem| problem.kind);
        all
    }
}

fn taken(child_name: &str) -> String {
    format!("HelmComponent {child_name:?} exists and does not belong to this Kyma")
}

impl<'a> Found<'a> {
    fn child(child: Child<'a>) -> Self {
        match child.owner {
            Owner::Other => Self::SomebodyElses,
            Owner::Predecessor => Self::Leaving,
            Owner::This if child.deleting => Self::Leaving,
            Owner::This => Self::Ours(child),
        }
    }
}

impl Wish<'_> {
    fn arrived(&self) -> bool {
        matches!(&self.found, Found::Ours(child) if child.stage == Stage::SUCCESS)
    }

    fn is_missing(&self) -> bool {
        match &self.found {
            Found::Nothing => true,
            Found::Refused(refusal) => refusal.due,
            Found::Ours(_) | Found::Leaving | Found::SomebodyElses => false,
        }
    }

    pub(super) fn remaining(&self) -> u64 {
        match &self.found {
            Found::Nothing | Found::Leaving => remaining(Stage::EMPTY, self.component.name.len()),
            Found::Ours(child) => remaining(child.stage, child.component_name.len()),
            // Nothing that this Kyma does brings these nearer.
            Found::Refused(_) | Found::SomebodyElses => 0,
        }
    }
}

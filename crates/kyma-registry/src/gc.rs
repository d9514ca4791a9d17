//! The garbage collector's decisions (k8s.io/kubernetes/pkg/controller/garbagecollector), as a graph of owners and
//! dependents that is fed with every change and asked what to do about one object.
//!
//! The graph only says who must be looked at. What is decided hangs on the live state, which the caller looks up: an
//! owner whose kind has not been heard of yet is not taken for absent.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use kyma_store::{Key, Object as Stored};

use crate::delete::{FOREGROUND, ORPHAN, Propagation};
use crate::object::{self, Object, OwnerReference};

/// A UID.
pub type Uid = Arc<str>;

/// What the graph remembers of an object that has owners or takes its dependents with it.
#[derive(Debug, Clone)]
struct Node {
    key: Key,
    owners: Box<[Uid]>,
}

/// Owners and dependents by UID.
///
/// Bounded by the store: one node for each stored object that has owners or is being deleted.
#[derive(Debug, Default)]
pub struct Graph {
    nodes: BTreeMap<Uid, Node>,
    dependents: BTreeMap<Uid, BTreeSet<Uid>>,
}

/// What an owner reference points to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owner {
    /// The owner exists.
    Solid,
    /// The owner exists and waits for its dependents to go.
    Waiting,
    /// There is no such object.
    Absent,
    /// The kind is not served: nothing can be said.
    Unknown,
}

/// What to do about an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Nothing.
    Leave,
    /// Delete it.
    Delete(Propagation),
    /// Take these owners from its references.
    DropOwners(Vec<String>),
    /// Let its dependents go free, then take its finalizer `orphan`.
    Orphan(Vec<Uid>),
    /// Nothing blocks it any more: take its finalizer `foregroundDeletion`.
    FinishForeground,
    /// Look at these dependents, which it waits for.
    Await(Vec<Uid>),
}

impl Graph {
    /// Takes note of an object's present state and adds to `look` whom to look at.
    pub fn observe(&mut self, stored: &Stored, look: &mut BTreeSet<Uid>) {
        let uid = &stored.index.uid;
        let known = self.nodes.get(uid);
        let same_owners = known.is_some_and(|node| node.owners == stored.index.owners);
        if stored.index.owners.is_empty() && !stored.index.deleting && known.is_none() {
            return;
        }
        if same_owners && !stored.index.deleting {
            return;
        }
        if !same_owners {
            self.unlink(uid);
            for owner in &stored.index.owners {
                self.dependents.entry(Arc::clone(owner)).or_default().insert(Arc::clone(uid));
            }
            self.nodes.insert(
                Arc::clone(uid),
                Node { key: stored.key.clone(), owners: stored.index.owners.clone() },
            );
        }
        look.insert(Arc::clone(uid));
    }

    /// Takes note that an object is gone and adds to `look` whom to look at.
    pub fn remove(&mut self, uid: &Uid, look: &mut BTreeSet<Uid>) {
        look.extend(self.dependents.get(uid).into_iter().flatten().cloned());
        if let Some(node) = self.unlink(uid) {
            // Owners that wait for this dependent.
            look.extend(node.owners.iter().filter(|owner| self.nodes.contains_key(*owner)).cloned());
        }
    }

    fn unlink(&mut self, uid: &Uid) -> Option<Node> {
        let node = self.nodes.remove(uid)?;
        for owner in &node.owners {
            if let Some(dependents) = self.dependents.get_mut(owner) {
                dependents.remove(uid);
                if dependents.is_empty() {
                    self.dependents.remove(owner);
                }
            }
        }
        Some(node)
    }

    /// Where the object of this UID is stored.
    pub fn key(&self, uid: &Uid) -> Option<&Key> {
        self.nodes.get(uid).map(|node| &node.key)
    }

    /// The objects that name this one as an owner.
    pub fn dependents(&self, uid: &Uid) -> impl Iterator<Item = &Uid> {
        self.dependents.get(uid).into_iter().flatten()
    }

    /// All objects that are remembered.
    pub fn known(&self) -> impl Iterator<Item = &Uid> {
        self.nodes.keys()
    }

    /// How many objects are remembered.
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Whether nothing is remembered.
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// What to do about an object in its live state.
    ///
    /// `owner` looks an owner up; `blocks` says whether a dependent's reference holds a foreground deletion of this
    /// object.
    pub fn decide(
        &self,
        live: &Object,
        owner: impl Fn(&OwnerReference) -> Owner,
        blocks: impl Fn(&Uid) -> bool,
    ) -> Action {
        let uid: Uid = object::uid(live).into();
        if object::is_deleting(live) {
            return self.decide_deleting(live, &uid, blocks);
        }
        let references = object::owner_references(live);
        let states: Vec<(&OwnerReference, Owner)> = references.iter().map(|r| (r, owner(r))).collect();
        let uids = |states: &[(&OwnerReference, Owner)], wanted: &[Owner]| -> Vec<String> {
            states.iter().filter(|(_, state)| wanted.contains(state)).map(|(r, _)| r.uid.clone()).collect()
        };
        if states.is_empty() || states.iter().any(|(_, state)| *state == Owner::Unknown) {
            return Action::Leave;
        }
        if states.iter().any(|(_, state)| *state == Owner::Solid) {
            let gone = uids(&states, &[Owner::Absent, Owner::Waiting]);
            return if gone.is_empty() { Action::Leave } else { Action::DropOwners(gone) };
        }
        let waiting = states.iter().any(|(_, state)| *state == Owner::Waiting);
        if waiting && self.dependents(&uid).next().is_some() {
            return Action::Delete(Propagation::Foreground);
        }
        let finalizers = object::finalizers(live);
        Action::Delete(match () {
            () if finalizers.contains(&ORPHAN) => Propagation::Orphan,
            () if finalizers.contains(&FOREGROUND) => Propagation::Foreground,
            () => Propagation::Background,
        })
    }

    fn decide_deleting(&self, live: &Object, uid: &Uid, blocks: impl Fn(&Uid) -> bool) -> Action {
        let finalizers = object::finalizers(live);
        if finalizers.contains(&ORPHAN) {
            return Action::Orphan(self.dependents(uid).cloned().collect());
        }
        if !finalizers.contains(&FOREGROUND) {
            return Action::Leave;
        }
        let blocking: Vec<Uid> =
            self.dependents(uid).filter(|dependent| blocks(dependent)).cloned().collect();
        if blocking.is_empty() { Action::FinishForeground } else { Action::Await(blocking) }
    }
}

#[cfg(test)]
mod tests {
    use kyma_store::{Index, ResourceId, Revision};
    use serde_json::{Value, json};

    use super::*;

    fn stored(id: ResourceId, uid: &str, owners: &[&str], deleting: bool) -> Stored {
        let index = Index {
            uid: uid.into(),
            owners: owners.iter().map(|owner| Arc::from(*owner)).collect(),
            deleting,
            ..Index::default()
        };
        let key = Key { resource: id, namespace: "ns".into(), name: uid.into() };
        Stored { key, revision: Revision::new(2), json: Vec::new().into(), index }
    }

    fn live(uid: &str, owners: &[&str], more: &Value) -> Object {
        let references: Vec<Value> = owners
            .iter()
            .map(|uid| json!({"uid": uid, "kind": "K", "name": uid, "apiVersion": "v1"}))
            .collect();
        let mut meta = json!({"uid": uid, "name": uid, "ownerReferences": references});
        meta.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        json!({"metadata": meta}).as_object().unwrap().clone()
    }

    fn resource() -> ResourceId {
        struct Epoch;
        impl kyma_store::Clock for Epoch {
            fn now(&self) -> jiff::Timestamp {
                jiff::Timestamp::UNIX_EPOCH
            }
            fn elapsed(&self) -> std::time::Duration {
                std::time::Duration::ZERO
            }
        }
        kyma_store::Store::in_memory(kyma_store::Options::default(), Arc::new(Epoch)).resource("v1/k")
    }

    #[test]
    fn the_end_of_an_owner_makes_its_dependents_looked_at() {
        let id = resource();
        let (mut graph, mut look) = (Graph::default(), BTreeSet::new());
        graph.observe(&stored(id, "a", &["owner"], false), &mut look);
        graph.observe(&stored(id, "plain", &[], false), &mut look);
        assert_eq!((look.len(), graph.len()), (1, 1));
        look.clear();
        graph.observe(&stored(id, "a", &["owner"], false), &mut look);
        assert!(look.is_empty(), "a status change is no reason to look");
        graph.remove(&"owner".into(), &mut look);
        assert_eq!(look, BTreeSet::from(["a".into()]));
        graph.remove(&"a".into(), &mut look);
        assert!(graph.is_empty() && graph.dependents.is_empty());
    }

    #[test]
    fn owners_decide_over_a_dependent() {
        let graph = Graph::default();
        let decide = |states: &'static [(&str, Owner)], more: Value| {
            let owners: Vec<&str> = states.iter().map(|(uid, _)| *uid).collect();
            let find = |r: &OwnerReference| states.iter().find(|(uid, _)| *uid == r.uid).unwrap().1;
            graph.decide(&live("x", &owners, &more), find, |_| false)
        };
        let drop = |uids: &[&str]| Action::DropOwners(uids.iter().map(|u| (*u).to_owned()).collect());
        assert_eq!(decide(&[], json!({})), Action::Leave);
        assert_eq!(decide(&[("o", Owner::Solid)], json!({})), Action::Leave);
        assert_eq!(decide(&[("o", Owner::Absent)], json!({})), Action::Delete(Propagation::Background));
        assert_eq!(
            decide(&[("o", Owner::Absent)], json!({"finalizers": [ORPHAN]})),
            Action::Delete(Propagation::Orphan)
        );
        assert_eq!(decide(&[("o", Owner::Unknown), ("p", Owner::Absent)], json!({})), Action::Leave);
        assert_eq!(decide(&[("o", Owner::Solid), ("p", Owner::Absent)], json!({})), drop(&["p"]));
        assert_eq!(decide(&[("o", Owner::Solid), ("p", Owner::Waiting)], json!({})), drop(&["p"]));
        assert_eq!(decide(&[("o", Owner::Waiting)], json!({})), Action::Delete(Propagation::Background));
        assert_eq!(decide(&[("o", Owner::Absent)], json!({"deletionTimestamp": "t"})), Action::Leave);
    }

    #[test]
    fn a_foreground_deletion_waits_for_those_that_block_it() {
        let id = resource();
        let (mut graph, mut look) = (Graph::default(), BTreeSet::new());
        for dependent in ["a", "b"] {
            graph.observe(&stored(id, dependent, &["owner"], false), &mut look);
        }
        let owner = live("owner", &[], &json!({"deletionTimestamp": "t", "finalizers": [FOREGROUND]}));
        let decide = |blocking: &'static [&str]| {
            graph.decide(&owner, |_| Owner::Solid, |uid| blocking.contains(&&**uid))
        };
        assert_eq!(decide(&["a"]), Action::Await(vec!["a".into()]));
        assert_eq!(decide(&[]), Action::FinishForeground);
        let orphaning = live("owner", &[], &json!({"deletionTimestamp": "t", "finalizers": [ORPHAN]}));
        let action = graph.decide(&orphaning, |_| Owner::Solid, |_| true);
        assert_eq!(action, Action::Orphan(vec!["a".into(), "b".into()]));
    }
}

//! The namespace controller's decisions (k8s.io/kubernetes/pkg/controller/namespace/deletion): a namespace that is
//! going is finalized when its content is gone; until then its conditions say what remains.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::object::{self, Object};

/// The finalizer that the controller takes from `spec.finalizers`.
pub const FINALIZER: &str = "kubernetes";

/// What is left of one kind in a namespace that is going.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Remains {
    /// `plural.group`.
    pub resource: String,
    /// How many objects.
    pub count: usize,
    /// Finalizers that hold them, with the number of objects that each holds.
    pub finalizers: BTreeMap<String, usize>,
}

/// What to do about a namespace that is going.
#[derive(Debug, Clone, PartialEq)]
pub enum Step {
    /// Nothing is left: take the finalizer.
    Finalize,
    /// Something is left: this is its new status, `None` where it says so already.
    Wait(Option<Value>),
}

/// The next step for a namespace whose content is being deleted.
pub fn next_step(namespace: &Object, remains: &[Remains], now: &str) -> Step {
    let remains: Vec<&Remains> = remains.iter().filter(|remains| remains.count > 0).collect();
    if remains.is_empty() {
        return Step::Finalize;
    }
    let mut status = namespace.get("status").cloned().unwrap_or_else(|| json!({"phase": "Terminating"}));
    for (kind, state, reason, message) in conditions(&remains) {
        set(&mut status, kind, state, reason, &message, now);
    }
    Step::Wait((Some(&status) != namespace.get("status")).then_some(status))
}

/// Takes the controller's finalizer from the namespace.
pub fn without_finalizer(namespace: &Object) -> Object {
    let mut namespace = namespace.clone();
    let spec = object::as_object_mut(namespace.entry("spec").or_insert(Value::Null));
    object::as_array_mut(spec.entry("finalizers").or_insert(Value::Null))
        .retain(|finalizer| finalizer != FINALIZER);
    namespace
}

type Condition = (&'static str, bool, &'static str, String);

fn conditions(remains: &[&Remains]) -> [Condition; 5] {
    let content: Vec<String> =
        remains.iter().map(|r| format!("{} has {} resource instances", r.resource, r.count)).collect();
    let mut held: BTreeMap<&str, usize> = BTreeMap::new();
    for (finalizer, count) in remains.iter().flat_map(|r| &r.finalizers) {
        *held.entry(finalizer).or_default() += count;
    }
    let holders: Vec<String> =
        held.iter().map(|(f, count)| format!("{f} in {count} resource instances")).collect();
    let finalizers = if holders.is_empty() {
        (
            "NamespaceFinalizersRemaining",
            false,
            "ContentHasNoFinalizers",
            "All content-preserving finalizers finished".to_owned(),
        )
    } else {
        let message =
            format!("Some content in the namespace has finalizers remaining: {}", holders.join(", "));
        ("NamespaceFinalizersRemaining", true, "SomeFinalizersRemain", message)
    };
    [
        (
            "NamespaceDeletionDiscoveryFailure",
            false,
            "ResourcesDiscovered",
            "All resources successfully discovered".to_owned(),
        ),
        (
            "NamespaceDeletionGroupVersionParsingFailure",
            false,
            "ParsedGroupVersions",
            "All legacy kube types successfully parsed".to_owned(),
        ),
        (
            "NamespaceDeletionContentFailure",
            false,
            "ContentDeleted",
            "All content successfully deleted, may be waiting on finalization".to_owned(),
        ),
        (
            "NamespaceContentRemaining",
            true,
            "SomeResourcesRemain",
            format!("Some resources are remaining: {}", content.join(", ")),
        ),
        finalizers,
    ]
}

fn set(status: &mut Value, kind: &str, state: bool, reason: &str, message: &str, now: &str) {
    let state = if state { "True" } else { "False" };
    let status = object::as_object_mut(status);
    let list = object::as_array_mut(status.entry("conditions").or_insert(Value::Null));
    let old = list.iter_mut().find(|condition| condition.get("type") == Some(&json!(kind)));
    let since = old.as_ref().filter(|old| old.get("status") == Some(&json!(state)));
    let since = since.and_then(|old| old.get("lastTransitionTime").cloned()).unwrap_or_else(|| now.into());
    let next = json!({"type": kind, "status": state, "reason": reason, "message": message, "lastTransitionTime": since});
    match old {
        Some(old) => *old = next,
        None => list.push(next),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn going() -> Object {
        json!({"spec": {"finalizers": ["kubernetes", "x"]}, "status": {"phase": "Terminating"}})
            .as_object()
            .unwrap()
            .clone()
    }

    #[test]
    fn an_empty_namespace_is_finalized() {
        let empty = Remains { resource: "kymas.example.com".into(), ..Remains::default() };
        assert_eq!(next_step(&going(), &[empty], "t"), Step::Finalize);
        assert_eq!(without_finalizer(&going())["spec"]["finalizers"], json!(["x"]));
    }

    #[test]
    fn what_remains_is_said_once() {
        let held = Remains {
            resource: "kymas.example.com".into(),
            count: 2,
            finalizers: BTreeMap::from([("a/b".to_owned(), 1)]),
        };
        let Step::Wait(Some(status)) = next_step(&going(), std::slice::from_ref(&held), "t") else {
            panic!("no status")
        };
        let messages: Vec<&str> =
            status["conditions"].as_array().unwrap().iter().map(|c| c["message"].as_str().unwrap()).collect();
        assert_eq!(messages[3], "Some resources are remaining: kymas.example.com has 2 resource instances");
        assert_eq!(
            messages[4],
            "Some content in the namespace has finalizers remaining: a/b in 1 resource instances"
        );
        let mut told = going();
        told.insert("status".into(), status);
        assert_eq!(next_step(&told, &[held], "later"), Step::Wait(None));
    }
}

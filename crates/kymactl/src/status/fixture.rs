//! For tests: a fleet of objects that say what they are told to say, at one moment.

use kyma_controller::Sink;
use kyma_inventory::names::child_name;
use kyma_inventory::{HelmComponent, Kyma};
use serde_json::{Value, json};

use super::records::Feed;
use super::summary::Summary;
use super::{Scope, Shown};

/// The moment.
pub(super) const NOW: &str = "2026-01-01T00:10:00Z";

/// A time so many seconds ago.
pub(super) fn ago(seconds: i64) -> String {
    let now: jiff::Timestamp = NOW.parse().unwrap();
    (now - jiff::SignedDuration::from_secs(seconds)).to_string()
}

pub(super) fn everywhere() -> Scope {
    Scope { namespace: None, names: Default::default() }
}

/// Namespace `pb`, and of the Kymas only these; of none: all.
pub(super) fn pb(names: &[&str]) -> Scope {
    Scope { namespace: Some("pb".into()), names: names.iter().map(|name| (*name).to_owned()).collect() }
}

pub(super) const ALL: Shown = Shown { slowest: usize::MAX, troubled: usize::MAX };

/// The objects that a list has brought.
pub(super) struct Fleet {
    feed: Feed,
    revision: u64,
}

impl Fleet {
    pub(super) fn new(scope: Scope) -> Self {
        let mut feed = Feed::new(scope);
        Sink::<Kyma>::relist_begin(&mut feed);
        Sink::<HelmComponent>::relist_begin(&mut feed);
        Self { feed, revision: 0 }
    }

    /// A Kyma that was created so many seconds ago and wants these components.
    pub(super) fn kyma(mut self, name: &str, created: i64, wants: &[&str], status: &Value) -> Self {
        self.revision += 1;
        let components: Vec<Value> = wants.iter().map(|name| json!({ "name": name })).collect();
        let kyma = json!({
            "metadata": {
                "name": name, "namespace": "pb", "uid": format!("uid-of-{name}"), "generation": 1,
                "resourceVersion": self.revision.to_string(), "creationTimestamp": ago(created),
            },
            "spec": { "components": components },
            "status": status,
        });
        Sink::<Kyma>::apply(&mut self.feed, serde_json::from_value(kyma).unwrap(), true);
        self
    }

    /// A Kyma's component that entered this stage so many seconds ago.
    pub(super) fn component(self, kyma: &str, component: &str, stage: &str, since: i64) -> Self {
        let status = json!({ "status": stage, "lastReconciliation": ago(since), "observedGeneration": 1 });
        self.child(kyma, component, &json!({}), &status)
    }

    /// A Kyma's component with this status, and more metadata.
    pub(super) fn child(mut self, kyma: &str, component: &str, metadata: &Value, status: &Value) -> Self {
        self.revision += 1;
        let mut object = json!({
            "metadata": {
                "name": child_name(kyma, component), "namespace": "pb", "uid": format!("uid-of-{kyma}-{component}"),
                "generation": 1, "resourceVersion": self.revision.to_string(),
                "ownerReferences": [{
                    "apiVersion": "inventory.kyma-project.io/v1alpha1", "kind": "Kyma", "name": kyma,
                    "uid": format!("uid-of-{kyma}"), "controller": true,
                }],
            },
            "spec": { "componentName": component },
            "status": status,
        });
        object["metadata"].as_object_mut().unwrap().extend(metadata.as_object().unwrap().clone());
        Sink::<HelmComponent>::apply(&mut self.feed, serde_json::from_value(object).unwrap(), true);
        self
    }

    pub(super) fn summary(&self) -> Summary {
        self.summary_of(ALL)
    }

    pub(super) fn summary_of(&self, shown: Shown) -> Summary {
        Summary::of(&self.feed.records(), shown, NOW.parse().unwrap())
    }
}

/// A status that the operator has written.
pub(super) fn status(state: &str, ready: &str, reason: &str, message: &str, since: i64) -> Value {
    json!({ "status": state, "observedGeneration": 1, "conditions": [{
        "type": "Ready", "status": ready, "reason": reason, "message": message, "lastTransitionTime": ago(since),
    }] })
}

pub(super) fn reconciling(since: i64) -> Value {
    status("reconciling", "False", "Reconciling", "waiting for 1 of 2 components", since)
}

pub(super) fn success(since: i64) -> Value {
    status("success", "True", "Success", "2 components have arrived", since)
}

/// Some of everything.
pub(super) fn motley(scope: Scope) -> Fleet {
    let wants = ["istio", "ory", "service-catalog-addons"];
    let conflict =
        "the HelmComponent \"broken-istio\" belongs to somebody else: it is neither adopted nor deleted";
    let twice = "the component \"ory\" is listed more than once: the first entry counts";
    Fleet::new(scope)
        .kyma("done", 500, &wants[..2], &success(400))
        .component("done", "istio", "success", 410)
        .component("done", "ory", "success", 400)
        .kyma("halfway", 30, &wants, &reconciling(30))
        .component("halfway", "istio", "success", 14)
        .component("halfway", "ory", "success", 20)
        .component("halfway", "service-catalog-addons", "failing", 7)
        .kyma("a-kyma-with-a-name-that-is-much-longer-than-its-column", 90, &wants, &reconciling(90))
        .component("a-kyma-with-a-name-that-is-much-longer-than-its-column", "istio", "success", 70)
        .component("a-kyma-with-a-name-that-is-much-longer-than-its-column", "ory", "retrying", 1)
        .kyma("fresh", 1, &wants, &Value::Null)
        .kyma("broken", 200, &wants[..2], &status("reconciling", "False", "NameConflict", conflict, 190))
        .component("broken", "ory", "success", 180)
        .kyma("twice", 300, &wants[..2], &status("success", "True", "DuplicateComponent", twice, 250))
        .component("twice", "istio", "success", 260)
        .component("twice", "ory", "success", 250)
}

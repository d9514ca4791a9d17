//! The kinds of the random requests: a good object of each, and values to put into it, good and bad.

use serde_json::{Value, json};

use crate::client::collection;

/// A kind.
pub(crate) struct Kind {
    pub(crate) root: &'static str,
    pub(crate) plural: &'static str,
    pub(crate) namespaced: bool,
    /// Without a name.
    pub(crate) object: fn() -> Value,
    /// Places in it, as JSON pointers, with values that may be put there.
    pub(crate) values: fn() -> Vec<(&'static str, Vec<Value>)>,
}

impl Kind {
    pub(crate) fn collection(&self, namespace: &str) -> String {
        collection(self.root, self.plural, self.namespaced.then_some(namespace))
    }
}

/// Places that every kind has.
pub(crate) fn shared_values() -> Vec<(&'static str, Vec<Value>)> {
    let long = "x".repeat(64);
    vec![
        (
            "/metadata/labels",
            vec![
                json!({"a": "b"}),
                json!({"a": "not good!"}),
                json!({"a/b/c": "d"}),
                Value::Null,
                json!("x"),
            ],
        ),
        ("/metadata/labels/one", vec!["x".into(), "".into(), long.into(), 7.into(), Value::Null]),
        ("/metadata/annotations/note", vec!["any text at all".into(), true.into(), Value::Null]),
        ("/metadata/annotations", vec![json!({}), json!({"a b": "c"}), json!([])]),
        (
            "/metadata/finalizers",
            vec![json!(["example.com/hold"]), json!([]), json!(["hold"]), json!(["a/b/c"]), json!([1])],
        ),
        ("/metadata/uid", vec!["00000000-0000-0000-0000-000000000000".into(), "".into(), 5.into()]),
        ("/metadata/resourceVersion", vec!["".into(), "0".into(), "nonsense".into(), 5.into()]),
        ("/metadata/generation", vec![7.into(), "x".into()]),
        ("/metadata/creationTimestamp", vec!["2020-01-01T00:00:00Z".into(), "yesterday".into(), Value::Null]),
        ("/metadata/deletionTimestamp", vec!["2020-01-01T00:00:00Z".into()]),
        ("/metadata/ownerReferences", vec![json!([{"kind": "X"}]), json!({})]),
        (
            "/metadata/managedFields",
            vec![json!([]), json!([{}]), json!("x"), json!([{"manager": "m", "operation": "Jump"}])],
        ),
        ("/metadata/name", vec!["Bad_Name".into(), "".into(), 3.into()]),
        ("/metadata/namespace", vec!["elsewhere".into(), "".into()]),
        ("/kind", vec!["Other".into(), "".into(), 1.into(), Value::Null]),
        ("/apiVersion", vec!["v9".into(), "".into(), "a/b/c".into()]),
        ("/metadata", vec![json!("x"), json!([]), Value::Null]),
        ("/surplus", vec![json!({"a": [1, 2.5, null]}), "x".into()]),
        ("/metadata/surplus", vec![1.into()]),
        ("/spec", vec![json!("x"), json!([]), Value::Null, json!({})]),
        ("/status", vec![json!("x"), json!({"phase": "Odd"}), Value::Null]),
    ]
}

pub(crate) const KINDS: [Kind; 7] = [
    Kind {
        root: "/api/v1",
        plural: "configmaps",
        namespaced: true,
        object: || json!({"apiVersion": "v1", "kind": "ConfigMap", "data": {"key": "value", "other": "x"}}),
        values: || {
            vec![
                (
                    "/data",
                    vec![json!({}), json!({"not a key": "x"}), json!([]), Value::Null, json!({"a": 1})],
                ),
                ("/data/key", vec!["changed".into(), "".into(), 5.into(), Value::Null]),
                (
                    "/binaryData",
                    vec![json!({"b": "AAEC"}), json!({"key": "AAEC"}), json!({"b": "no base64"})],
                ),
                ("/immutable", vec![true.into(), false.into(), "yes".into()]),
            ]
        },
    },
    Kind {
        root: "/api/v1",
        plural: "secrets",
        namespaced: true,
        object: || json!({"apiVersion": "v1", "kind": "Secret", "type": "Opaque", "data": {"key": "dmFsdWU="}}),
        values: || {
            vec![
                ("/data/key", vec!["eA==".into(), "no base64".into(), "".into(), 5.into()]),
                ("/stringData", vec![json!({"text": "plain"}), json!({"key": "over"}), json!({"a b": "c"})]),
                ("/type", vec!["kubernetes.io/tls".into(), "example.com/own".into(), "".into()]),
                ("/immutable", vec![true.into(), false.into()]),
            ]
        },
    },
    Kind {
        root: "/apis/coordination.k8s.io/v1",
        plural: "leases",
        namespaced: true,
        object: || {
            json!({
                "apiVersion": "coordination.k8s.io/v1", "kind": "Lease",
                "spec": {"holderIdentity": "me", "leaseDurationSeconds": 15, "renewTime": "2026-01-01T00:00:00.000000Z"},
            })
        },
        values: || {
            vec![
                ("/spec/holderIdentity", vec!["you".into(), "".into(), 5.into(), Value::Null]),
                (
                    "/spec/leaseDurationSeconds",
                    vec![0.into(), (-1).into(), 30.into(), "x".into(), 1.5.into()],
                ),
                ("/spec/leaseTransitions", vec![0.into(), (-1).into(), 3.into()]),
                ("/spec/renewTime", vec!["2026-01-01T00:00:00Z".into(), "soon".into(), Value::Null]),
                ("/spec/strategy", vec!["OldestEmulationVersion".into(), "Nonsense".into()]),
            ]
        },
    },
    Kind {
        root: "/api/v1",
        plural: "events",
        namespaced: true,
        object: || {
            json!({
                "apiVersion": "v1", "kind": "Event", "reason": "Because", "message": "text", "type": "Normal",
                "involvedObject": {"apiVersion": "v1", "kind": "ConfigMap", "name": "a", "namespace": "NS"},
            })
        },
        values: || {
            vec![
                ("/involvedObject/namespace", vec!["elsewhere".into(), "".into()]),
                ("/count", vec![3.into(), "x".into()]),
                ("/type", vec!["Odd".into(), "".into(), "Warning".into()]),
                ("/firstTimestamp", vec!["2026-01-01T00:00:00Z".into(), "soon".into()]),
                ("/eventTime", vec!["2026-01-01T00:00:00.000000Z".into(), Value::Null]),
                ("/reportingComponent", vec!["example.com/c".into(), "not good!".into()]),
            ]
        },
    },
    Kind {
        root: "/api/v1",
        plural: "namespaces",
        namespaced: false,
        object: || json!({"apiVersion": "v1", "kind": "Namespace"}),
        values: || {
            vec![
                (
                    "/spec/finalizers",
                    vec![json!(["kubernetes"]), json!([]), json!(["example.com/x"]), json!(["x"])],
                ),
                ("/status/phase", vec!["Terminating".into(), "Odd".into()]),
            ]
        },
    },
    Kind {
        root: "/apis/matrix.example.com/v1",
        plural: "gears",
        namespaced: true,
        object: || {
            json!({
                "apiVersion": "matrix.example.com/v1", "kind": "Gear",
                "spec": {"text": "one", "rows": [{"key": "a", "value": "1"}]},
            })
        },
        values: own_values,
    },
    Kind {
        root: "/apis/matrix.example.com/v1",
        plural: "worlds",
        namespaced: false,
        object: || json!({"apiVersion": "matrix.example.com/v1", "kind": "World", "spec": {"text": "one"}}),
        values: own_values,
    },
];

fn own_values() -> Vec<(&'static str, Vec<Value>)> {
    vec![
        ("/spec/text", vec!["two".into(), "much too long a text".into(), 5.into(), Value::Null]),
        ("/spec/replicas", vec![0.into(), (-1).into(), "3".into(), 2.5.into(), Value::Null]),
        (
            "/spec/rows",
            vec![
                json!([]),
                json!([{"key": "a"}, {"key": "b", "value": "2"}]),
                json!([{"key": "a"}, {"key": "a"}]),
                json!([{"value": "no key"}]),
                json!({}),
                Value::Null,
            ],
        ),
        ("/spec/rows/0/value", vec!["9".into(), 9.into()]),
        ("/status/phase", vec!["On".into(), 1.into()]),
        ("/status/replicas", vec![2.into(), "x".into()]),
        ("/status", vec![json!({"phase": "Off", "replicas": 1}), json!({})]),
    ]
}

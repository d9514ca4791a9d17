//! The kinds of the matrix: one object of each, and the changes that a cell makes to it.

use serde_json::{Value, json};

use crate::client::collection;
use crate::fixture::definition;

/// Where something is put into an object, and what.
pub(crate) type Change = (&'static str, fn() -> Value);

/// A kind, with all that a cell needs to know.
#[derive(Clone, Copy)]
pub(crate) struct Subject {
    /// In the names of cells and files.
    pub(crate) name: &'static str,
    /// `/api/v1` or `/apis/<group>/<version>`.
    pub(crate) root: &'static str,
    pub(crate) plural: &'static str,
    pub(crate) namespaced: bool,
    /// An object of the kind, without its name.
    pub(crate) object: fn() -> Value,
    /// A change that is allowed, of a field that the object has.
    pub(crate) change: Change,
    /// What the kind's validation refuses.
    pub(crate) invalid: Change,
    /// A field that the kind does not have.
    pub(crate) unknown: Change,
    /// A value of the wrong type.
    pub(crate) wrong_type: Change,
    /// What is written to its status.
    pub(crate) status: Change,
}

impl Subject {
    /// The path of the kind's objects.
    pub(crate) fn collection(&self, namespace: &str) -> String {
        collection(self.root, self.plural, self.namespaced.then_some(namespace))
    }

    /// An object of this name; in the cell's list by its label.
    pub(crate) fn named(&self, name: &str) -> Value {
        let mut object = (self.object)();
        object["metadata"]["name"] = name.into();
        object["metadata"]["labels"] = json!({"cell": name});
        object
    }
}

/// The API group of the matrix's own kinds.
const GROUP: &str = "matrix.example.com";

/// The definitions that the cells need: one of each scope, with and without subresources.
pub(crate) fn definitions() -> Vec<Value> {
    let schema = json!({
        "type": "object",
        "properties": {
            "spec": {
                "type": "object", "required": ["text"],
                "properties": {
                    "text": {"type": "string", "maxLength": 10},
                    "replicas": {"type": "integer", "minimum": 0, "default": 1},
                    "rows": {
                        "type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["key"],
                        "items": {
                            "type": "object", "required": ["key"],
                            "properties": {"key": {"type": "string"}, "value": {"type": "string"}},
                        },
                    },
                },
            },
            "status": {
                "type": "object",
                "properties": {"phase": {"type": "string"}, "replicas": {"type": "integer"}},
            },
        },
    });
    let mut gear = definition(GROUP, "Gear", &schema);
    gear["spec"]["versions"][0]["subresources"] = json!({
        "status": {},
        "scale": {"specReplicasPath": ".spec.replicas", "statusReplicasPath": ".status.replicas"},
    });
    gear["spec"]["versions"][0]["additionalPrinterColumns"] = json!([]);
    let mut world = definition(GROUP, "World", &schema);
    world["spec"]["scope"] = "Cluster".into();
    world["spec"]["versions"][0]["subresources"] = json!({});
    world["spec"]["versions"][0]["additionalPrinterColumns"] = json!([]);
    vec![gear, world]
}

/// The kinds, in the order of the files.
pub(crate) const SUBJECTS: [Subject; 5] = [
    Subject {
        name: "configmap",
        root: "/api/v1",
        plural: "configmaps",
        namespaced: true,
        object: || json!({"apiVersion": "v1", "kind": "ConfigMap", "data": {"key": "value"}}),
        change: ("/data/key", || "changed".into()),
        invalid: ("/data/not a key", || "x".into()),
        unknown: ("/surplus", || true.into()),
        wrong_type: ("/data/key", || 5.into()),
        status: ("/status/phase", || "x".into()),
    },
    Subject {
        name: "deployment",
        root: "/apis/apps/v1",
        plural: "deployments",
        namespaced: true,
        object: || {
            json!({
                "apiVersion": "apps/v1", "kind": "Deployment",
                "spec": {
                    "replicas": 1,
                    "selector": {"matchLabels": {"app": "a"}},
                    "template": {
                        "metadata": {"labels": {"app": "a"}},
                        "spec": {"containers": [{"name": "c", "image": "registry.example.com/c:1"}]},
                    },
                },
            })
        },
        change: ("/spec/replicas", || 3.into()),
        invalid: ("/spec/replicas", || (-1).into()),
        unknown: ("/spec/surplus", || true.into()),
        wrong_type: ("/spec/replicas", || "three".into()),
        status: ("/status/replicas", || 2.into()),
    },
    Subject {
        name: "namespace",
        root: "/api/v1",
        plural: "namespaces",
        namespaced: false,
        object: || json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"annotations": {"note": "a"}}}),
        change: ("/metadata/annotations/note", || "b".into()),
        invalid: ("/metadata/labels/bad", || "not a label!".into()),
        unknown: ("/spec/surplus", || true.into()),
        wrong_type: ("/metadata/annotations/note", || 5.into()),
        status: ("/status/phase", || "Terminating".into()),
    },
    Subject {
        name: "gear",
        root: "/apis/matrix.example.com/v1",
        plural: "gears",
        namespaced: true,
        object: || {
            json!({
                "apiVersion": "matrix.example.com/v1", "kind": "Gear",
                "spec": {"text": "one", "rows": [{"key": "a", "value": "1"}]},
            })
        },
        change: ("/spec/text", || "two".into()),
        invalid: ("/spec/text", || "much too long a text".into()),
        unknown: ("/spec/surplus", || true.into()),
        wrong_type: ("/spec/text", || 5.into()),
        status: ("/status/phase", || "x".into()),
    },
    Subject {
        name: "world",
        root: "/apis/matrix.example.com/v1",
        plural: "worlds",
        namespaced: false,
        object: || json!({"apiVersion": "matrix.example.com/v1", "kind": "World", "spec": {"text": "one"}}),
        change: ("/spec/text", || "two".into()),
        invalid: ("/spec/replicas", || (-1).into()),
        unknown: ("/spec/surplus", || true.into()),
        wrong_type: ("/spec/text", || 5.into()),
        status: ("/status/phase", || "x".into()),
    },
];

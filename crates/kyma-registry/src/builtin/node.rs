//! Node and RuntimeClass (k8s.io/kubernetes/pkg/registry/{core/node,node}).

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::cells::{NONE, field, or};
use super::strategy::{PLAIN, Strategy, not_supported};
use super::{age, at, inner, items, text};
use crate::object::{self, Object};

pub(super) const STRATEGY: Strategy = Strategy {
    keeps_status: true,
    selectable: &["spec.unschedulable"],
    field: |node, path| {
        (path == "spec.unschedulable")
            .then(|| (at(node, &["spec", "unschedulable"]) == &Value::Bool(true)).to_string())
    },
    unsupported_field: not_supported,
    default: |node| {
        let Some(status) = inner(node, "status") else { return };
        if let (Some(capacity), false) = (status.get("capacity").cloned(), status.contains_key("allocatable"))
        {
            status.insert("allocatable".into(), capacity);
        }
    },
    prepare_create: |node| {
        const NOT_READY: &str = "node.kubernetes.io/not-ready";
        // The admission plugin TaintNodesByCondition.
        let spec = object::as_object_mut(node.entry("spec").or_insert(Value::Null));
        let taints = object::as_array_mut(spec.entry("taints").or_insert(Value::Null));
        if !taints
            .iter()
            .any(|taint| field(taint, "key") == NOT_READY && field(taint, "effect") == "NoSchedule")
        {
            taints.push(json!({"key": NOT_READY, "effect": "NoSchedule"}));
        }
    },
    cells: |node, now| {
        let mut state = conditions(node);
        if at(node, &["spec", "unschedulable"]) == &Value::Bool(true) {
            state.push_str(",SchedulingDisabled");
        }
        let info = |name: &str| text(node, &["status", "nodeInfo", name]);
        let unknown = |name: &str| or(info(name), "<unknown>").to_owned();
        let kernel = match info("architecture") {
            "" => unknown("kernelVersion"),
            architecture => format!("{} ({architecture})", unknown("kernelVersion")),
        };
        vec![
            object::name(node).into(),
            state.into(),
            roles(node).into(),
            age(node, now),
            info("kubeletVersion").into(),
            address(node, "InternalIP").into(),
            address(node, "ExternalIP").into(),
            unknown("osImage").into(),
            kernel.into(),
            unknown("containerRuntimeVersion").into(),
        ]
    },
    ..PLAIN
};

pub(super) const RUNTIME_CLASS: Strategy = Strategy {
    create_on_update: true,
    unconditional_update: false,
    cells: |class, now| vec![object::name(class).into(), text(class, &["handler"]).into(), age(class, now)],
    ..PLAIN
};

fn conditions(node: &Object) -> String {
    let mut all = items(node, &["status", "conditions"]).iter().rev();
    match all.find(|condition| field(condition, "type") == "Ready").map(|ready| field(ready, "status")) {
        Some("True") => "Ready".to_owned(),
        Some(_) => "NotReady".to_owned(),
        None => "Unknown".to_owned(),
    }
}

fn roles(node: &Object) -> String {
    let labels = at(node, &["metadata", "labels"]).as_object();
    let role = |(key, value): (&String, &Value)| match key.strip_prefix("node-role.kubernetes.io/") {
        Some(role) => Some(role.to_owned()),
        None => (key == "kubernetes.io/role").then(|| value.as_str().unwrap_or_default().to_owned()),
    };
    let roles: BTreeSet<String> =
        labels.into_iter().flatten().filter_map(role).filter(|role| !role.is_empty()).collect();
    if roles.is_empty() { NONE.to_owned() } else { roles.into_iter().collect::<Vec<_>>().join(",") }
}

fn address<'a>(node: &'a Object, kind: &str) -> &'a str {
    let mut all = items(node, &["status", "addresses"]).iter();
    all.find(|address| field(address, "type") == kind).map_or(NONE, |address| field(address, "address"))
}

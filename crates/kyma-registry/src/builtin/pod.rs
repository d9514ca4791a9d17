//! Pod and PodTemplate (k8s.io/kubernetes/pkg/registry/core/{pod,podtemplate}).

mod defaults;
mod status;
mod validate;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::cells::{NONE, containers, field, labels, or};
use super::spot::Spot;
use super::strategy::{COUNTED, Strategy, not_supported};
use super::{age, at, items, number, text};
use crate::object::{self, Object};
use crate::update::Subresource;

pub(super) use defaults::template as default_template;
pub(super) use validate::{check_port, template as check_template};

pub(super) const STRATEGY: Strategy = Strategy {
    selectable: &[
        "spec.nodeName",
        "spec.restartPolicy",
        "spec.schedulerName",
        "spec.serviceAccountName",
        "spec.hostNetwork",
        "status.phase",
        "status.podIP",
        "status.podIPs",
        "status.nominatedNodeName",
        "spec.host",
    ],
    field: selected,
    unsupported_field: not_supported,
    default: defaults::pod,
    prepare_create,
    prepare_update: |pod, existing, subresource| {
        if subresource == Subresource::Main {
            keep_priority(pod, existing);
            tolerate_outages(pod);
        }
    },
    grace: Some(grace),
    shows_deleted: true,
    validate: validate::pod,
    cells,
    ..COUNTED
};

pub(super) const TEMPLATE: Strategy = Strategy {
    shows_deleted: true,
    default: |template| {
        if let Some(template) = super::inner(template, "template") {
            defaults::template(template);
        }
    },
    validate: |template, _, _| {
        let (mut errors, template) = (Vec::new(), Spot::of(template, "template"));
        validate::template(&template, &mut errors);
        errors
    },
    cells: |template, _| {
        let [names, images] = containers(items(template, &["template", "spec", "containers"]));
        let labels = labels(at(template, &["template", "metadata", "labels"]));
        vec![object::name(template).into(), names, images, labels.into()]
    },
    ..COUNTED
};

/// `PodToSelectableFields`, and `spec.host` of old clients.
fn selected(pod: &Object, path: &str) -> Option<String> {
    match path {
        "spec.host" => Some(text(pod, &["spec", "nodeName"]).to_owned()),
        "spec.hostNetwork" => Some((at(pod, &["spec", "hostNetwork"]) == &Value::Bool(true)).to_string()),
        "status.podIP" => {
            Some(items(pod, &["status", "podIPs"]).first().map_or("", |ip| field(ip, "ip")).to_owned())
        }
        "status.podIPs" => Some(String::new()),
        _ => None,
    }
}

fn prepare_create(pod: &mut Object) {
    let gated = !items(pod, &["spec", "schedulingGates"]).is_empty();
    admit(pod);
    let mut status = json!({"phase": "Pending", "qosClass": status::quality_of_service(pod)});
    if gated {
        status["conditions"] = json!([{"type": "PodScheduled", "status": "False", "reason": "SchedulingGated",
            "message": "Scheduling is blocked due to non-empty scheduling gates", "lastProbeTime": null,
            "lastTransitionTime": null}]);
    }
    pod.insert("status".into(), status);
}

/// What runs on no node, or no more, needs no time to end (`CheckGracefulDelete`).
fn grace(pod: &Object, asked: Option<i64>) -> i64 {
    let idle = text(pod, &["spec", "nodeName"]).is_empty()
        || matches!(text(pod, &["status", "phase"]), "Succeeded" | "Failed");
    let seconds = asked.unwrap_or_else(|| number(pod, &["spec", "terminationGracePeriodSeconds"]));
    match seconds {
        _ if idle => 0,
        seconds if seconds < 0 => 1,
        seconds => seconds,
    }
}

/// What the admission plugins Priority and DefaultTolerationSeconds add to every new pod.
fn admit(pod: &mut Object) {
    let Some(spec) = super::inner(pod, "spec") else { return };
    if text(spec, &["priorityClassName"]).is_empty() {
        spec.entry("priority").or_insert(0.into());
        super::fill(spec, "preemptionPolicy", "PreemptLowerPriority");
    }
    tolerate_outages(pod);
}

/// A client need not repeat what the plugin Priority has added.
fn keep_priority(pod: &mut Object, existing: &Object) {
    let Some(spec) = super::inner(pod, "spec") else { return };
    for name in ["priority", "preemptionPolicy"] {
        let old = at(existing, &["spec", name]);
        if !old.is_null() {
            spec.entry(name).or_insert_with(|| old.clone());
        }
    }
}

/// A pod stays on a node that is out for a while (DefaultTolerationSeconds). Updates get that back, too.
fn tolerate_outages(pod: &mut Object) {
    const SECONDS: i64 = 300;
    let Some(spec) = super::inner(pod, "spec") else { return };
    let tolerations = object::as_array_mut(spec.entry("tolerations").or_insert(Value::Null));
    for key in ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"] {
        let tolerated = |toleration: &Value| {
            let (own, effect) = (field(toleration, "key"), field(toleration, "effect"));
            (own == key || own.is_empty()) && matches!(effect, "NoExecute" | "")
        };
        if !tolerations.iter().any(tolerated) {
            tolerations.push(json!({"key": key, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": SECONDS}));
        }
    }
}

fn cells(pod: &Object, now: Timestamp) -> Vec<Value> {
    let state = status::of(pod, now);
    let mut gates = NONE.to_owned();
    let wanted = items(pod, &["spec", "readinessGates"]);
    if !wanted.is_empty() {
        let passed =
            wanted.iter().filter(|gate| super::cells::is_true(pod, field(gate, "conditionType"))).count();
        gates = format!("{passed}/{}", wanted.len());
    }
    let address = items(pod, &["status", "podIPs"]).first().map_or("", |ip| field(ip, "ip"));
    vec![
        object::name(pod).into(),
        format!("{}/{}", state.ready, state.total).into(),
        state.reason.into(),
        state.restarts.into(),
        age(pod, now),
        or(address, NONE).into(),
        or(text(pod, &["spec", "nodeName"]), NONE).into(),
        or(text(pod, &["status", "nominatedNodeName"]), NONE).into(),
        gates.into(),
    ]
}

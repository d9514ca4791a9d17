//! Webhooks, admission policies and APIServices: stored here, and never asked
//! (k8s.io/kubernetes/pkg/registry/admissionregistration, k8s.io/kube-aggregator/pkg/registry/apiservice).

use serde_json::Value;

use super::cells::{UNSET, field, selector};
use super::strategy::{COUNTED, PLAIN, Strategy};
use super::{age, at, items, text};
use crate::object::{self, Object};

pub(super) const WEBHOOKS: Strategy = Strategy {
    unconditional_update: false,
    cells: |configuration, now| {
        let webhooks = items(configuration, &["webhooks"]).len();
        vec![object::name(configuration).into(), webhooks.into(), age(configuration, now)]
    },
    ..COUNTED
};

pub(super) const VALIDATING_POLICY: Strategy = Strategy {
    unconditional_update: false,
    cells: |policy, now| {
        let rules = items(policy, &["spec", "validations"]).len();
        vec![object::name(policy).into(), rules.into(), parameter_kind(policy).into(), age(policy, now)]
    },
    ..COUNTED
};

pub(super) const MUTATING_POLICY: Strategy = Strategy {
    unconditional_update: false,
    cells: |policy, now| {
        let rules = items(policy, &["spec", "mutations"]).len();
        vec![object::name(policy).into(), rules.into(), parameter_kind(policy).into(), age(policy, now)]
    },
    ..COUNTED
};

pub(super) const BINDING: Strategy = Strategy {
    unconditional_update: false,
    cells: |binding, now| {
        let parameters = at(binding, &["spec", "paramRef"]);
        let name = match (field(parameters, "namespace"), field(parameters, "name")) {
            (_, "") if parameters.get("selector").is_some() => {
                format!("&LabelSelector{{{}}}", selector(at(binding, &["spec", "paramRef", "selector"])))
            }
            (_, "") => UNSET.to_owned(),
            ("", name) => format!("*/{name}"),
            (namespace, name) => format!("{namespace}/{name}"),
        };
        let policy = text(binding, &["spec", "policyName"]);
        vec![object::name(binding).into(), policy.into(), name.into(), age(binding, now)]
    },
    ..COUNTED
};

pub(super) const VALIDATING_BINDING: Strategy = BINDING;

pub(super) const API_SERVICE: Strategy = Strategy {
    unconditional_update: false,
    cells: |service, now| {
        let target = at(service, &["spec", "service"]);
        let target = match target.is_null() {
            true => "Local".to_owned(),
            false => format!("{}/{}", field(target, "namespace"), field(target, "name")),
        };
        let conditions = items(service, &["status", "conditions"]);
        let available = conditions.iter().find(|condition| field(condition, "type") == "Available");
        let state = available.map_or_else(
            || "Unknown".to_owned(),
            |c| match (field(c, "status"), field(c, "reason")) {
                ("True", _) => "True".to_owned(),
                (status, "") => status.to_owned(),
                (status, reason) => format!("{status} ({reason})"),
            },
        );
        vec![object::name(service).into(), target.into(), Value::from(state), age(service, now)]
    },
    ..PLAIN
};

fn parameter_kind(policy: &Object) -> String {
    let kind = at(policy, &["spec", "paramKind"]);
    match kind.is_null() {
        true => UNSET.to_owned(),
        false => format!("{}/{}", field(kind, "apiVersion"), field(kind, "kind")),
    }
}

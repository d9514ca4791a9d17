//! Ingress, IngressClass, NetworkPolicy, IPAddress and ServiceCIDR (k8s.io/kubernetes/pkg/registry/networking).

use serde_json::{Value, json};

use super::cells::{NONE, field, or, selector_or_none, shown};
use super::service::load_balancer;
use super::strategy::{COUNTED, PLAIN, Strategy};
use super::{age, at, inner, items, text};
use crate::object;

/// The widest address of a table that is not wide; the printer is always asked for the wide one.
pub(super) const INGRESS: Strategy = Strategy {
    cells: |ingress, now| {
        let rules = items(ingress, &["spec", "rules"]);
        let hosts: Vec<&str> =
            rules.iter().take(3).map(|rule| field(rule, "host")).filter(|h| !h.is_empty()).collect();
        let hosts = match hosts.join(",") {
            none if none.is_empty() => "*".to_owned(),
            hosts if rules.len() > 3 => format!("{hosts} + {} more...", rules.len() - 3),
            hosts => hosts,
        };
        let secure = !items(ingress, &["spec", "tls"]).is_empty();
        vec![
            object::name(ingress).into(),
            or(text(ingress, &["spec", "ingressClassName"]), NONE).into(),
            hosts.into(),
            load_balancer(ingress).join(",").into(),
            if secure { "80, 443" } else { "80" }.into(),
            age(ingress, now),
        ]
    },
    ..COUNTED
};

pub(super) const INGRESS_CLASS: Strategy = Strategy {
    cells: |class, now| {
        const DEFAULT: &str = "ingressclass.kubernetes.io/is-default-class";
        let name = object::name(class);
        let default = text(class, &["metadata", "annotations", DEFAULT]) == "true";
        let parameters = at(class, &["spec", "parameters"]);
        let parameters = match (parameters.is_null(), field(parameters, "apiGroup")) {
            (true, _) => NONE.to_owned(),
            (_, "") => format!("{}/{}", field(parameters, "kind"), field(parameters, "name")),
            (_, group) => format!("{}.{group}/{}", field(parameters, "kind"), field(parameters, "name")),
        };
        vec![
            if default { format!("{name} (default)") } else { name.to_owned() }.into(),
            text(class, &["spec", "controller"]).into(),
            parameters.into(),
            age(class, now),
        ]
    },
    ..COUNTED
};

pub(super) const POLICY: Strategy = Strategy {
    default: |policy| {
        let Some(spec) = inner(policy, "spec") else { return };
        if items(spec, &["policyTypes"]).is_empty() {
            let egress = !items(spec, &["egress"]).is_empty();
            spec.insert(
                "policyTypes".into(),
                if egress { json!(["Ingress", "Egress"]) } else { json!(["Ingress"]) },
            );
        }
    },
    cells: |policy, now| {
        let selector = selector_or_none(at(policy, &["spec", "podSelector"]));
        vec![object::name(policy).into(), selector.into(), age(policy, now)]
    },
    ..COUNTED
};

pub(super) const ADDRESS: Strategy = Strategy {
    cells: |address, _now| {
        let parent = at(address, &["spec", "parentRef"]);
        let (group, resource) = (field(parent, "group"), field(parent, "resource"));
        let mut shown = if group.is_empty() { resource.to_owned() } else { format!("{resource}.{group}") };
        for part in ["namespace", "name"].map(|part| field(parent, part)) {
            if !part.is_empty() {
                shown = format!("{shown}/{part}");
            }
        }
        let shown = if parent.is_null() { NONE.to_owned() } else { shown.to_lowercase() };
        // The real server sends a cell more than there are columns; the age is of no column.
        vec![object::name(address).into(), shown.into()]
    },
    selectable: &["spec.parentRef.resource"],
    ..PLAIN
};

pub(super) const SERVICE_RANGE: Strategy = Strategy {
    cells: |range, now| {
        let ranges: Vec<String> = items(range, &["spec", "cidrs"]).iter().map(shown).collect();
        vec![object::name(range).into(), Value::from(ranges.join(",")), age(range, now)]
    },
    ..PLAIN
};

//! Service, Endpoints, EndpointSlice and ServiceAccount (k8s.io/kubernetes/pkg/registry/{core,discovery}).

mod update;
mod validate;

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::cells::{NONE, UNSET, field, labels, shown, some_of};
use super::strategy::{COUNTED, PLAIN, Strategy, not_supported};
use super::{age, at, fill, inner, items, text};
use crate::names::NameRule;
use crate::object::{self, Object};
use crate::update::Subresource;

/// How many addresses a cell shows.
const MOST: usize = 3;

pub(super) const STRATEGY: Strategy = Strategy {
    shows_deleted: true,
    name_rule: NameRule::Label,
    create_on_update: true,
    selectable: &["spec.clusterIP", "spec.type"],
    unsupported_field: not_supported,
    default,
    prepare_create: name_addresses,
    prepare_update: |service, existing, subresource| {
        if subresource == Subresource::Main {
            update::prepare(service, existing);
            name_addresses(service);
        }
    },
    validate: validate::service,
    cells,
    ..PLAIN
};

pub(super) const ENDPOINTS: Strategy = Strategy {
    create_on_update: true,
    cells: |endpoints, now| {
        vec![object::name(endpoints).into(), addresses(endpoints).into(), age(endpoints, now)]
    },
    ..PLAIN
};

pub(super) const ENDPOINT_SLICE: Strategy = Strategy {
    prepare_update: |slice, existing, subresource| {
        let labels = |object: &Object| at(object, &["metadata", "labels"]).clone();
        if subresource == Subresource::Main && labels(slice) != labels(existing) {
            object::set_generation(slice, object::generation(existing) + 1);
        }
    },
    cells: |slice, now| {
        let ports: Vec<String> = items(slice, &["ports"])
            .iter()
            .map(|port| match (port.get("port"), port.get("name")) {
                (Some(port), _) if !port.is_null() => port.to_string(),
                (_, Some(name)) => name.as_str().unwrap_or_default().to_owned(),
                _ => "*".to_owned(),
            })
            .collect();
        let endpoints = items(slice, &["endpoints"]).iter().filter_map(|e| e.get("addresses")?.as_array());
        let addresses: Vec<String> = endpoints.flatten().map(shown).collect();
        vec![
            object::name(slice).into(),
            text(slice, &["addressType"]).into(),
            some_of(&ports, MOST).into(),
            some_of(&addresses, MOST).into(),
            age(slice, now),
        ]
    },
    ..COUNTED
};

pub(super) const ACCOUNT: Strategy = Strategy {
    shows_deleted: true,
    // What else a reference may say is not kept (cleanSecretReferences).
    prepare_create: clean_secrets,
    prepare_update: |account, _, _| clean_secrets(account),
    ..PLAIN
};

fn clean_secrets(account: &mut Object) {
    let secrets = account.get_mut("secrets").and_then(Value::as_array_mut);
    for secret in secrets.into_iter().flatten().filter_map(Value::as_object_mut) {
        secret.retain(|key, _| key == "name");
    }
}

fn default(service: &mut Object) {
    let Some(spec) = inner(service, "spec") else { return };
    match text(spec, &["sessionAffinity"]) {
        "None" => drop(spec.remove("sessionAffinityConfig")),
        "ClientIP" if at(spec, &["sessionAffinityConfig", "clientIP", "timeoutSeconds"]).is_null() => {
            spec.insert("sessionAffinityConfig".into(), json!({"clientIP": {"timeoutSeconds": 10_800}}));
        }
        _ => {}
    }
    let ports = spec.get_mut("ports").and_then(Value::as_array_mut);
    for port in ports.into_iter().flatten().filter_map(Value::as_object_mut) {
        let number = port.get("port").cloned().unwrap_or_else(|| 0.into());
        let target = port.entry("targetPort").or_insert(Value::Null);
        if target.is_null() || *target == json!(0) || *target == json!("") {
            *target = number;
        }
    }
    let kind = text(spec, &["type"]).to_owned();
    let outside = matches!(kind.as_str(), "NodePort" | "LoadBalancer");
    let external = !items(spec, &["externalIPs"]).is_empty() && kind == "ClusterIP";
    if outside || external {
        fill(spec, "externalTrafficPolicy", "Cluster");
    }
    if outside || kind == "ClusterIP" {
        fill(spec, "internalTrafficPolicy", "Cluster");
    }
    if kind == "LoadBalancer" {
        fill(spec, "allocateLoadBalancerNodePorts", true);
    }
}

/// Addresses and their families, as far as they follow from what is given: none is allocated.
fn name_addresses(service: &mut Object) {
    let Some(spec) = inner(service, "spec") else { return };
    let address = text(spec, &["clusterIP"]).to_owned();
    if address.is_empty() {
        return;
    }
    let family = if address.contains(':') { "IPv6" } else { "IPv4" };
    spec.entry("clusterIPs").or_insert_with(|| json!([address]));
    if text(spec, &["type"]) == "ExternalName" {
        return;
    }
    spec.entry("ipFamilies").or_insert_with(|| json!([family]));
    fill(spec, "ipFamilyPolicy", "SingleStack");
}

fn cells(service: &Object, now: Timestamp) -> Vec<Value> {
    let internal = items(service, &["spec", "clusterIPs"]).first().map_or_else(|| NONE.to_owned(), shown);
    let ports: Vec<String> = items(service, &["spec", "ports"])
        .iter()
        .map(|port| {
            let number = |name: &str| port.get(name).and_then(Value::as_i64).unwrap_or_default();
            let protocol = field(port, "protocol");
            match number("nodePort") {
                0 => format!("{}/{protocol}", number("port")),
                node => format!("{}:{node}/{protocol}", number("port")),
            }
        })
        .collect();
    let ports = ports.join(",");
    vec![
        object::name(service).into(),
        text(service, &["spec", "type"]).into(),
        internal.into(),
        external(service).into(),
        super::cells::or(&ports, NONE).into(),
        age(service, now),
        labels(at(service, &["spec", "selector"])).into(),
    ]
}

fn external(service: &Object) -> String {
    let own: Vec<String> = items(service, &["spec", "externalIPs"]).iter().map(shown).collect();
    match text(service, &["spec", "type"]) {
        "ClusterIP" | "NodePort" if own.is_empty() => NONE.to_owned(),
        "ClusterIP" | "NodePort" => own.join(","),
        "LoadBalancer" => {
            let mut all: Vec<String> = load_balancer(service);
            all.extend(own);
            if all.is_empty() { "<pending>".to_owned() } else { all.join(",") }
        }
        "ExternalName" => text(service, &["spec", "externalName"]).to_owned(),
        _ => "<unknown>".to_owned(),
    }
}

/// Where a load balancer is reached, sorted.
pub(super) fn load_balancer(object: &Object) -> Vec<String> {
    let ingress = items(object, &["status", "loadBalancer", "ingress"]).iter();
    let found: BTreeSet<String> = ingress
        .map(|point| super::cells::or(field(point, "ip"), field(point, "hostname")).to_owned())
        .filter(|address| !address.is_empty())
        .collect();
    found.into_iter().collect()
}

/// `formatEndpoints`: the first addresses, each with each port.
fn addresses(endpoints: &Object) -> String {
    let subsets = items(endpoints, &["subsets"]);
    if subsets.is_empty() {
        return NONE.to_owned();
    }
    let mut all = Vec::new();
    for subset in subsets {
        let list =
            |name: &str| subset.get(name).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let ips = list("addresses").iter().map(|address| field(address, "ip"));
        let ports = list("ports");
        if ports.is_empty() {
            all.extend(ips.map(str::to_owned));
            continue;
        }
        for port in ports {
            let port = port.get("port").map(shown).unwrap_or_default();
            all.extend(ips.clone().map(|ip| match ip.contains(':') {
                true => format!("[{ip}]:{port}"),
                false => format!("{ip}:{port}"),
            }));
        }
    }
    match some_of(&all, MOST) {
        none if none == UNSET => String::new(),
        text => text,
    }
}

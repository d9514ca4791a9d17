//! What an update of a service takes over from the stored one (k8s.io/kubernetes/pkg/registry/core/service,
//! `patchAllocatedValues`, `normalizeClusterIPs` and `dropTypeDependentFields`): a client need not repeat what it was
//! given, and what belongs to another type goes with that.

use serde_json::{Value, json};

use super::super::{at, inner, items, text};
use crate::object::Object;

const ADDRESSES: [&str; 4] = ["clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy"];

pub(super) fn prepare(service: &mut Object, existing: &Object) {
    let empty = Object::new();
    let old = existing.get("spec").and_then(Value::as_object).unwrap_or(&empty);
    let Some(spec) = inner(service, "spec") else { return };
    match (has_address(old), has_address(spec)) {
        (true, true) => keep_addresses(spec, old),
        (true, false) => {
            ADDRESSES.iter().for_each(|name| drop_same(spec, old, name));
        }
        (false, _) => {}
    }
    keep_node_ports(spec, old);
    let kind = |spec: &Object| text(spec, &["type"]).to_owned();
    if kind(old) == "LoadBalancer" && kind(spec) != "LoadBalancer" {
        ["allocateLoadBalancerNodePorts", "loadBalancerClass", "healthCheckNodePort"]
            .iter()
            .for_each(|name| drop_same(spec, old, name));
    }
    if is_reached_from_outside(old) && !is_reached_from_outside(spec) {
        drop_same(spec, old, "externalTrafficPolicy");
    }
}

fn has_address(spec: &Object) -> bool {
    text(spec, &["type"]) != "ExternalName"
}

fn has_node_ports(spec: &Object) -> bool {
    matches!(text(spec, &["type"]), "NodePort" | "LoadBalancer")
}

fn is_reached_from_outside(spec: &Object) -> bool {
    has_node_ports(spec) || (has_address(spec) && !items(spec, &["externalIPs"]).is_empty())
}

fn drop_same(spec: &mut Object, old: &Object, name: &str) {
    if spec.get(name) == old.get(name) {
        spec.remove(name);
    }
}

fn keep_addresses(spec: &mut Object, old: &Object) {
    let given = text(spec, &["clusterIP"]).to_owned();
    let before = text(old, &["clusterIP"]);
    if given.is_empty() && !before.is_empty() {
        spec.insert("clusterIP".into(), before.into());
    }
    if items(spec, &["clusterIPs"]).is_empty()
        && let Some(list) = old.get("clusterIPs")
    {
        spec.insert("clusterIPs".into(), list.clone());
    }
    // The one address is what clients of old know; the list follows it where nobody has changed that.
    if !given.is_empty() && given != before && spec.get("clusterIPs") == old.get("clusterIPs") {
        spec.insert("clusterIPs".into(), json!([given]));
    }
    for name in ["ipFamilies", "ipFamilyPolicy"] {
        if at(spec, &[name]).is_null()
            && let Some(value) = old.get(name)
        {
            spec.insert(name.into(), value.clone());
        }
    }
}

/// Ports of the nodes stay with the names of the ports; a type that has none gives them back.
fn keep_node_ports(spec: &mut Object, old: &Object) {
    let node = |port: &Value| port.get("nodePort").and_then(Value::as_i64).unwrap_or_default();
    let (had, has) = (has_node_ports(old), has_node_ports(spec));
    let before: Vec<(Value, i64)> = items(old, &["ports"])
        .iter()
        .map(|port| (port.get("name").cloned().unwrap_or_default(), node(port)))
        .collect();
    let mut used: Vec<i64> = items(spec, &["ports"]).iter().map(node).collect();
    let known = |number: &i64| *number == 0 || before.iter().any(|(_, other)| other == number);
    let gives_back = had && !has && used.iter().all(known);
    let ports = spec.get_mut("ports").and_then(Value::as_array_mut).into_iter().flatten();
    for port in ports.filter_map(Value::as_object_mut) {
        if gives_back {
            port.remove("nodePort");
        } else if had && has && node(&Value::Object(port.clone())) == 0 {
            let name = port.get("name").cloned().unwrap_or_default();
            let number = before.iter().find(|(other, _)| *other == name).map_or(0, |(_, number)| *number);
            if number != 0 && !used.contains(&number) {
                used.push(number);
                port.insert("nodePort".into(), number.into());
            }
        }
    }
}

//! Where the traffic of a service comes from and goes to.

use super::super::super::spot::{Errors, Spot};
use crate::names::{self, address};
use crate::reason::{FieldError, Path};

const BALANCED: &str = "may only be used when `type` is 'LoadBalancer'";
const DISTRIBUTIONS: [&str; 3] = ["PreferClose", "PreferSameZone", "PreferSameNode"];
const POLICIES: [&str; 2] = ["Cluster", "Local"];

fn is_balanced(spec: &Spot<'_>) -> bool {
    spec.member("type").text() == "LoadBalancer"
}

/// Load balancers and policies. A port for checks of health is asked for only where it is not needed: none is allocated
/// here.
pub(super) fn check(spec: &Spot<'_>, errors: &mut Errors) {
    let balanced = is_balanced(spec);
    let ranges = spec.member("loadBalancerSourceRanges").at(spec.path.child("LoadBalancerSourceRanges"));
    if ranges.len() > 0 {
        if !balanced {
            ranges.forbidden(BALANCED, errors);
        }
        for range in ranges.items() {
            let text = range.text().trim();
            let problems = address::cidr(text).into_iter();
            errors.extend(problems.map(|problem| FieldError::invalid(&range.path, text, problem)));
        }
    }
    let node_ports = spec.member("allocateLoadBalancerNodePorts");
    if node_ports.is_set() && !balanced {
        node_ports.forbidden(BALANCED, errors);
    } else if balanced && !node_ports.is_set() {
        errors.push(FieldError::required(&Path::new("allocateLoadBalancerNodePorts"), ""));
    }
    class(spec, errors);
    policies(spec, errors);
}

fn class(spec: &Spot<'_>, errors: &mut Errors) {
    let class = spec.member("loadBalancerClass");
    if class.is_set() && is_balanced(spec) {
        class.problems(names::qualified_name(class.text()), errors);
    } else if class.is_set() {
        class.forbidden(BALANCED, errors);
    }
}

fn policies(spec: &Spot<'_>, errors: &mut Errors) {
    let kind = spec.member("type").text();
    let outside = matches!(kind, "LoadBalancer" | "NodePort")
        || (kind == "ClusterIP" && spec.member("externalIPs").len() > 0);
    let external = spec.member("externalTrafficPolicy");
    if outside {
        external.required_of(&POLICIES, errors);
    } else if !external.text().is_empty() {
        external.invalid("may only be set for externally-accessible services", errors);
    }
    let health = spec.member("healthCheckNodePort");
    if health.number() != 0 {
        if is_balanced(spec) && external.text() == "Local" {
            health.between(1, 65_535, errors);
        } else {
            let detail =
                "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'";
            health.invalid(detail, errors);
        }
    }
    let internal = spec.member("internalTrafficPolicy");
    if internal.is_set() {
        internal.one_of(&POLICIES, errors);
    } else if matches!(kind, "ClusterIP" | "LoadBalancer" | "NodePort") {
        internal.required("", errors);
    }
    let distribution = spec.member("trafficDistribution");
    if distribution.is_set() {
        distribution.one_of(&DISTRIBUTIONS, errors);
    }
}

/// What a load balancer was made with stays.
pub(super) fn unchanged(spec: &Spot<'_>, old: &Spot<'_>, errors: &mut Errors) {
    if !(is_balanced(spec) && is_balanced(old)) {
        return class(spec, errors);
    }
    let wanted = spec.member("loadBalancerClass");
    if wanted.value != old.member("loadBalancerClass").value {
        wanted.invalid("may not change once set", errors);
    }
    class(spec, errors);
    let local = |spec: &Spot<'_>| spec.member("externalTrafficPolicy").text() == "Local";
    let health = spec.member("healthCheckNodePort");
    if local(spec) && local(old) && health.number() != old.member("healthCheckNodePort").number() {
        health.forbidden("field is immutable", errors);
    }
}

/// Where a load balancer is reached (`ValidateLoadBalancerStatus`).
pub(super) fn ingress(spec: &Spot<'_>, ingress: &Spot<'_>, errors: &mut Errors) {
    if !is_balanced(spec) {
        if ingress.len() > 0 {
            ingress.forbidden("may only be used when `spec.type` is 'LoadBalancer'", errors);
        }
        return;
    }
    for point in ingress.items() {
        let [ip, mode, host] = ["ip", "ipMode", "hostname"].map(|name| point.member(name));
        ip.name(address::ip, errors);
        match (ip.text().is_empty(), mode.is_set()) {
            (false, false) => mode.required("must be specified when `ip` is set", errors),
            (true, true) => mode.forbidden("may not be specified when `ip` is not set", errors),
            (false, true) => mode.one_of(&["Proxy", "VIP"], errors),
            (true, false) => {}
        }
        host.name(names::dns1123_subdomain, errors);
        if address::ip(host.text()).is_empty() {
            host.invalid("must be a DNS name, not an IP address", errors);
        }
    }
}

//! What is wrong with services (k8s.io/kubernetes/pkg/apis/core/validation, `validateService`).

mod addresses;
mod ports;
mod traffic;

use super::super::spot::{Errors, Spot};
use crate::names::{self, address};
use crate::object::Object;
use crate::reason::FieldError;
use crate::update::Subresource;

const TYPES: [&str; 4] = ["ClusterIP", "ExternalName", "LoadBalancer", "NodePort"];
/// A day, in seconds.
const AFFINITY_MAX: i64 = 86_400;

pub(super) fn service(service: &Object, existing: Option<&Object>, subresource: Subresource) -> Errors {
    let mut errors = Errors::new();
    let spec = Spot::of(service, "spec");
    if existing.is_some() && subresource == Subresource::Status {
        let status = Spot::of(service, "status").member("loadBalancer");
        traffic::ingress(&spec, &status.member("ingress"), &mut errors);
        return errors;
    }
    // Upstream looks at these before it allocates any, and at nothing else if something is wrong with them.
    addresses::check(&spec, &mut errors);
    if !errors.is_empty() {
        return errors;
    }
    let old = existing.map(|existing| Spot::of(existing, "spec"));
    if let Some(old) = &old {
        addresses::unchanged(&spec, old, &mut errors);
        traffic::unchanged(&spec, old, &mut errors);
    }
    check_type(&spec, &mut errors);
    ports::check(&spec, &mut errors);
    let selector = spec.member("selector");
    names::check_labels_at(Some(selector.value), &selector.path, &mut errors);
    affinity(&spec, &mut errors);
    external_addresses(&spec, old.as_ref(), &mut errors);
    spec.member("type").required_of(&TYPES, &mut errors);
    ports::check_unique(&spec, &mut errors);
    traffic::check(&spec, &mut errors);
    errors
}

/// Whether the service has no address of its own.
fn is_headless(spec: &Spot<'_>) -> bool {
    let addresses = spec.member("clusterIPs");
    addresses.len() == 1 && addresses.items().all(|address| address.text() == "None")
}

/// What a service of some type must and may not have.
fn check_type(spec: &Spot<'_>, errors: &mut Errors) {
    let kind = spec.member("type").text();
    let ports = spec.member("ports");
    if ports.len() == 0 && !is_headless(spec) && kind != "ExternalName" {
        ports.required("", errors);
    }
    match kind {
        "LoadBalancer" | "NodePort" if is_headless(spec) => {
            let addresses = spec.member("clusterIPs");
            for first in addresses.items().take(1) {
                first.invalid(format!("may not be set to 'None' for {kind} services"), errors);
            }
        }
        "ExternalName" => {
            for name in ["clusterIPs", "ipFamilies", "ipFamilyPolicy"] {
                let member = spec.member(name);
                if member.is_set() {
                    member.forbidden("may not be set for ExternalName services", errors);
                }
            }
            let name = spec.member("externalName");
            match name.text().strip_suffix('.').unwrap_or(name.text()) {
                "" => name.required("", errors),
                host => {
                    let problems = names::dns1123_subdomain(host).into_iter();
                    errors.extend(problems.map(|text| FieldError::invalid(&name.path, host, text)));
                }
            }
        }
        _ => {}
    }
}

/// Whether one client always meets the same pod, and for how long.
fn affinity(spec: &Spot<'_>, errors: &mut Errors) {
    let (kind, config) = (spec.member("sessionAffinity"), spec.member("sessionAffinityConfig"));
    kind.required_of(&["ClientIP", "None"], errors);
    match kind.text() {
        "ClientIP" => {
            let client = config.member("clientIP");
            let seconds = client.member("timeoutSeconds");
            match [&config, &client, &seconds].into_iter().find(|member| !member.is_set()) {
                Some(missing) => missing.required("when session affinity type is ClientIP", errors),
                None if !(1..=AFFINITY_MAX).contains(&seconds.number()) => {
                    let detail = format!("must be greater than 0 and less than {AFFINITY_MAX}");
                    seconds.invalid(detail, errors);
                }
                None => {}
            }
        }
        "None" if config.is_set() => {
            config.forbidden("must not be set when session affinity is None", errors);
        }
        _ => {}
    }
}

/// Addresses outside of the cluster; those that were there before are not looked at again.
fn external_addresses(spec: &Spot<'_>, old: Option<&Spot<'_>>, errors: &mut Errors) {
    for external in spec.member("externalIPs").items() {
        let known =
            old.is_some_and(|old| old.member("externalIPs").items().any(|o| o.value == external.value));
        let problems = if known { Vec::new() } else { address::ip(external.text()) };
        let problems = if problems.is_empty() { address::endpoint(external.text()) } else { problems };
        external.problems(problems, errors);
    }
}

//! What a pod is called, how it finds others, and what it shares with its host.

use super::super::super::spot::{Errors, Spot};
use super::{Pod, scheduling};
use crate::names::{self, address};
use crate::reason::FieldError;

const SERVERS_MAX: usize = 3;
const SEARCHES_MAX: usize = 32;
const SEARCH_CHARACTERS_MAX: usize = 2048;
const HOST_NAME_MAX: usize = 64;

/// A pod in the network of its host has the host's ports; a template may leave them out.
pub(super) fn host_ports(pod: &Pod<'_>, errors: &mut Errors) {
    if !pod.spec.member("hostNetwork").flag() {
        return;
    }
    for container in pod.spec.member("containers").items() {
        for port in container.member("ports").items() {
            let (host, own) = (port.member("hostPort"), port.member("containerPort"));
            if (pod.is_pod || host.number() != 0) && host.number() != own.number() {
                let detail = "must match `containerPort` when `hostNetwork` is true";
                errors.push(FieldError::invalid(&host.path, host.number(), detail));
            }
        }
    }
}

/// How names are resolved (`validatePodDNSConfig`).
pub(super) fn dns(spec: &Spot<'_>, errors: &mut Errors) {
    let config = spec.member("dnsConfig");
    let (servers, searches) = (config.member("nameservers"), config.member("searches"));
    if spec.member("dnsPolicy").text() == "None" {
        if !config.is_set() {
            config.required("must provide `dnsConfig` when `dnsPolicy` is None", errors);
            return;
        }
        if servers.len() == 0 {
            let detail = "must provide at least one DNS nameserver when `dnsPolicy` is None";
            servers.required(detail, errors);
            return;
        }
    }
    if servers.len() > SERVERS_MAX {
        servers.invalid(format!("must not have more than {SERVERS_MAX} nameservers"), errors);
    }
    servers.items().for_each(|server| server.problems(address::ip(server.text()), errors));
    if searches.len() > SEARCHES_MAX {
        searches.invalid(format!("must not have more than {SEARCHES_MAX} search paths"), errors);
    }
    let characters: usize = searches.items().map(|search| search.text().len() + 1).sum();
    if characters > SEARCH_CHARACTERS_MAX + 1 {
        let detail = format!(
            "must not have more than {SEARCH_CHARACTERS_MAX} characters (including spaces) in the search list"
        );
        searches.invalid(detail, errors);
    }
    for search in searches.items().filter(|search| search.text() != ".") {
        let name = search.text().strip_suffix('.').unwrap_or(search.text());
        let problems = names::underscored_subdomain(name).into_iter();
        errors.extend(problems.map(|problem| FieldError::invalid(&search.path, name, problem)));
    }
    for option in config.member("options").items() {
        if option.member("name").text().is_empty() {
            option.required("must not be empty", errors);
        }
    }
}

/// Who has users of its own shares no other namespace with the host.
pub(super) fn host_users(pod: &Pod<'_>, errors: &mut Errors) {
    if pod.shares_users() {
        return;
    }
    for (member, shown) in [("hostPID", "HostPID"), ("hostIPC", "HostIPC")] {
        let shared = pod.spec.member(member);
        if shared.flag() {
            shared.at(pod.spec.path.child(shown)).forbidden("when `hostUsers` is false", errors);
        }
    }
    for list in ["initContainers", "containers", "ephemeralContainers"] {
        for devices in pod.spec.member(list).items().map(|container| container.member("volumeDevices")) {
            if devices.len() > 0 {
                devices.forbidden("when `hostUsers` is false", errors);
            }
        }
    }
}

/// The name that a pod has itself called by (`validatePodHostName`).
pub(super) fn host_name(spec: &Spot<'_>, errors: &mut Errors) {
    let name = spec.member("hostnameOverride");
    if !name.is_set() {
        return;
    }
    for (member, shown) in [("setHostnameAsFQDN", "setHostnameAsFQDN"), ("hostNetwork", "hostNetwork")] {
        if spec.member(member).flag() {
            name.forbidden(&format!("may not be specified when {shown} is true"), errors);
        }
    }
    if name.text().len() > HOST_NAME_MAX {
        errors.push(FieldError::too_long(&name.path, HOST_NAME_MAX));
    }
    name.problems(names::dns1123_subdomain(name.text()), errors);
}

/// The names that a specification refers to, in upstream's order.
pub(super) fn names(spec: &Spot<'_>, errors: &mut Errors) {
    let (account, old) = (spec.member("serviceAccountName"), spec.member("serviceAccount"));
    account.name(names::dns1123_subdomain, errors);
    if old.text() != account.text() {
        let detail = format!("must be the same as serviceAccountName: {:?}", account.text());
        let path = spec.path.child("deprecatedServiceAccount");
        errors.push(FieldError::invalid(&path, old.text(), detail));
    }
    spec.member("nodeName").name(names::dns1123_subdomain, errors);
    let deadline = spec.member("activeDeadlineSeconds");
    if deadline.is_set() {
        deadline.between(1, i32::MAX.into(), errors);
    }
    for name in ["hostname", "subdomain"] {
        spec.member(name).name(names::dns1123_label, errors);
    }
    scheduling::tolerations(spec, errors);
    for alias in spec.member("hostAliases").items() {
        let ip = alias.member("ip");
        ip.problems(address::ip(ip.text()), errors);
        let names = alias.member("hostnames");
        names.items().for_each(|name| name.problems(names::dns1123_subdomain(name.text()), errors));
    }
    spec.member("priorityClassName").name(names::dns1123_subdomain, errors);
    let class = spec.member("runtimeClassName");
    if class.is_set() {
        class.problems(names::dns1123_subdomain(class.text()), errors);
    }
    let preemption = spec.member("preemptionPolicy");
    if preemption.is_set() {
        preemption.required_of(&["PreemptLowerPriority", "Never"], errors);
    }
    super::resources::overhead(&spec.member("overhead"), errors);
    let system = spec.member("os");
    let name = system.member("name");
    if system.is_set() && name.text().is_empty() {
        name.required("", errors);
    } else if system.is_set() {
        name.at(system.path).one_of(&["linux", "windows"], errors);
    }
}

//! Containers of a pod: those that stay, those that come first, and those that are added later.

use std::collections::BTreeSet;

use super::super::super::spot::{Errors, Spot};
use super::{Pod, env, mounts, probes, resources, security};
use crate::names;
use crate::reason::FieldError;

const PULL_POLICIES: [&str; 3] = ["Always", "IfNotPresent", "Never"];
const RESTART_POLICIES: [&str; 3] = ["Always", "Never", "OnFailure"];
const RULES_MAX: usize = 20;
const EXIT_CODES_MAX: usize = 255;

/// What an ephemeral container may not have.
const NOT_EPHEMERAL: [&str; 9] = [
    "ports",
    "resources",
    "resizePolicy",
    "restartPolicy",
    "restartPolicyRules",
    "livenessProbe",
    "readinessProbe",
    "startupProbe",
    "lifecycle",
];

/// All containers of a pod.
pub(super) fn check(pod: &Pod<'_>, errors: &mut Errors) {
    regular(pod, errors);
    initial(pod, errors);
    ephemeral(pod, errors);
}

fn regular(pod: &Pod<'_>, errors: &mut Errors) {
    let containers = pod.spec.member("containers");
    if containers.len() == 0 {
        containers.required("", errors);
        return;
    }
    let mut names = BTreeSet::new();
    for container in containers.items() {
        common(pod, &container, errors);
        let name = container.member("name");
        if !names.insert(name.text()) {
            name.duplicate(errors);
        }
        probes::check(pod, &container, errors);
        check_restarts(&container, errors);
    }
    let mut ports = BTreeSet::new();
    containers.items().for_each(|container| host_ports(&container, &mut ports, errors));
}

fn initial(pod: &Pod<'_>, errors: &mut Errors) {
    let mut names: BTreeSet<&str> = names_of(&pod.spec, "containers").collect();
    let list = pod.spec.member("initContainers");
    for (index, container) in list.items().enumerate() {
        common(pod, &container, errors);
        if container.member("restartPolicy").is_set() {
            check_restarts(&container, errors);
        } else if container.member("restartPolicyRules").len() > 0 {
            let detail = "must specify restartPolicy when restart rules are used";
            container.member("restartPolicy").required(detail, errors);
        }
        let name = container.member("name");
        if names.contains(name.text()) {
            name.duplicate(errors);
        } else if !name.text().is_empty() {
            names.insert(name.text());
        }
        // Containers that run one after the other share ports. The complaint always names the first of them.
        host_ports(&container.at(list.path.index(0)), &mut BTreeSet::new(), errors);
        let always = container.member("restartPolicy").text() == "Always";
        if always {
            probes::check(pod, &container, errors);
        } else {
            for member in ["lifecycle", "livenessProbe", "readinessProbe", "startupProbe"] {
                let member = container.member(member);
                if member.is_set() {
                    let detail = "may not be set for init containers without restartPolicy=Always";
                    member.forbidden(detail, errors);
                }
            }
            let at = container.at(list.path.index(index));
            for policy in at.member("resizePolicy").items().map(|item| item.member("restartPolicy")) {
                if policy.text() == "RestartContainer" {
                    let detail = "must not be set to 'RestartContainer' for non-sidecar initContainers";
                    policy.invalid(detail, errors);
                }
            }
        }
    }
}

fn ephemeral(pod: &Pod<'_>, errors: &mut Errors) {
    let others: BTreeSet<&str> =
        names_of(&pod.spec, "containers").chain(names_of(&pod.spec, "initContainers")).collect();
    let mut names = others.clone();
    for container in pod.spec.member("ephemeralContainers").items() {
        common(pod, &container, errors);
        check_spaces(&container, errors);
        let (name, target) = (container.member("name"), container.member("targetContainerName"));
        if !names.insert(name.text()) {
            name.duplicate(errors);
        }
        if !target.text().is_empty() && !others.contains(target.text()) {
            target.not_found(errors);
        }
        for member in NOT_EPHEMERAL.map(|member| container.member(member)) {
            if member.len() > 0 || member.value.is_string() {
                member.forbidden("cannot be set for an Ephemeral Container", errors);
            }
        }
        for mount in container.member("volumeMounts").items() {
            for path in ["subPath", "subPathExpr"].map(|name| mount.member(name)) {
                if !path.text().is_empty() {
                    path.forbidden("cannot be set for an Ephemeral Container", errors);
                }
            }
        }
    }
}

fn names_of<'a>(spec: &Spot<'a>, list: &str) -> impl Iterator<Item = &'a str> + use<'a> {
    spec.member(list).items().map(|container| container.member("name").text())
}

/// What holds for all of them (`validateContainerCommon`).
fn common(pod: &Pod<'_>, container: &Spot<'_>, errors: &mut Errors) {
    container.member("name").required_name(names::dns1123_label, errors);
    container.member("image").required_text(errors);
    let messages = container.member("terminationMessagePolicy");
    messages.required_of(&["File", "FallbackToLogsOnError"], errors);
    ports(container, errors);
    env::check(container, errors);
    mounts::check(pod, container, errors);
    container.member("imagePullPolicy").required_of(&PULL_POLICIES, errors);
    resources::check(&container.member("resources"), &pod.claims, errors);
    resize(pod, container, errors);
    security::container(pod, &container.member("securityContext"), errors);
}

/// An image that begins or ends with blanks is a placeholder, which pods do not have.
pub(super) fn check_spaces(container: &Spot<'_>, errors: &mut Errors) {
    let image = container.member("image");
    if image.text().trim() != image.text() {
        image.invalid("must not have leading or trailing whitespace", errors);
    }
}

fn ports(container: &Spot<'_>, errors: &mut Errors) {
    const HIGHEST: i64 = 65_535;
    let mut names = BTreeSet::new();
    for port in container.member("ports").items() {
        let name = port.member("name");
        if !name.text().is_empty() {
            let problems = names::port_name(name.text());
            if !problems.is_empty() {
                name.problems(problems, errors);
            } else if !names.insert(name.text()) {
                name.duplicate(errors);
            }
        }
        let (number, host) = (port.member("containerPort"), port.member("hostPort"));
        if number.number() == 0 {
            number.required("", errors);
        } else {
            number.between(1, HIGHEST, errors);
        }
        if host.number() != 0 {
            host.between(1, HIGHEST, errors);
        }
        port.member("protocol").required_of(&["SCTP", "TCP", "UDP"], errors);
    }
}

/// A port of the host can be had once, by protocol and address.
fn host_ports(container: &Spot<'_>, taken: &mut BTreeSet<String>, errors: &mut Errors) {
    for port in container.member("ports").items() {
        let host = port.member("hostPort");
        if host.number() == 0 {
            continue;
        }
        let (protocol, address) = (port.member("protocol"), port.member("hostIP"));
        let key = format!("{}/{}/{}", protocol.text(), address.text(), host.number());
        if taken.contains(&key) {
            errors.push(FieldError::duplicate(&host.path, key));
        } else {
            taken.insert(key);
        }
    }
}

/// The complaints about the members name the list.
fn resize(pod: &Pod<'_>, container: &Spot<'_>, errors: &mut Errors) {
    let list = container.member("resizePolicy");
    let never = pod.spec.member("restartPolicy").text() == "Never";
    let mut seen = BTreeSet::new();
    for policy in list.items() {
        let resource = policy.member("resourceName").at(list.path.clone());
        let restart = policy.member("restartPolicy").at(list.path.clone());
        if !seen.insert(resource.text()) {
            resource.at(policy.path).duplicate(errors);
        }
        resource.required_of(&["cpu", "memory"], errors);
        restart.required_of(&["NotRequired", "RestartContainer"], errors);
        if never && restart.text() != "NotRequired" {
            restart.invalid("must be 'NotRequired' when pod `restartPolicy` is 'Never'", errors);
        }
    }
}

/// A container's own policy, and its rules (`validateContainerRestartPolicy`).
fn check_restarts(container: &Spot<'_>, errors: &mut Errors) {
    let (policy, rules) = (container.member("restartPolicy"), container.member("restartPolicyRules"));
    if policy.is_set() {
        policy.one_of(&RESTART_POLICIES, errors);
    } else if rules.len() > 0 {
        policy.required("must specify restartPolicy when restart rules are used", errors);
    }
    too_many(&rules, RULES_MAX, errors);
    for rule in rules.items() {
        rule.member("action").one_of(&["Restart", "RestartAllContainers"], errors);
        let codes = rule.member("exitCodes");
        if codes.is_set() {
            codes.member("operator").one_of(&["In", "NotIn"], errors);
            too_many(&codes.member("values"), EXIT_CODES_MAX, errors);
        } else {
            codes.required("must be specified", errors);
        }
    }
}

fn too_many(list: &Spot<'_>, max: usize, errors: &mut Errors) {
    if list.len() > max {
        let (actual, max) = (list.len() as u64, max as u64);
        errors.push(FieldError::too_many(&list.path, actual, max));
    }
}

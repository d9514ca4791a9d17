//! What containers request and are limited to (`ValidateContainerResourceRequirements`).

use std::collections::BTreeSet;

use super::super::super::internal;
use super::super::super::spot::{Errors, NEGATIVE, Spot};
use super::Pod;
use crate::names;
use crate::reason::FieldError;
use crate::structure::Quantity;

/// What a container has, and what else is counted without being a node's.
const OF_CONTAINERS: [&str; 3] = ["cpu", "memory", "ephemeral-storage"];
const STANDARD: [&str; 8] = [
    "requests.cpu",
    "requests.memory",
    "requests.ephemeral-storage",
    "limits.cpu",
    "limits.memory",
    "limits.ephemeral-storage",
    "storage",
    "requests.storage",
];
/// These come in whole numbers.
const COUNTED: [&str; 9] = [
    "pods",
    "resourcequotas",
    "services",
    "replicationcontrollers",
    "secrets",
    "configmaps",
    "persistentvolumeclaims",
    "services.nodeports",
    "services.loadbalancers",
];
const PAGES: &str = "hugepages-";

/// Claims of devices that the pod brings, each by a name of its own.
pub(super) fn claims(pod: &Pod<'_>, errors: &mut Errors) {
    let mut seen = BTreeSet::new();
    for claim in pod.spec.member("resourceClaims").items() {
        let name = claim.member("name");
        if name.text().is_empty() {
            name.required("", errors);
        } else if !seen.insert(name.text()) {
            name.duplicate(errors);
        } else {
            name.problems(names::dns1123_label(name.text()), errors);
        }
        let references = ["resourceClaimName", "resourceClaimTemplateName"].map(|name| claim.member(name));
        let problem = match references.iter().filter(|reference| reference.is_set()).count() {
            0 => "must specify one of: `resourceClaimName`, `resourceClaimTemplateName`",
            1 => "",
            _ => "at most one of `resourceClaimName` or `resourceClaimTemplateName` may be specified",
        };
        if !problem.is_empty() {
            let shown = internal::written(claim.value, "core/v1.PodResourceClaim");
            errors.push(FieldError::invalid_written(&claim.path, shown, problem));
        }
        for reference in references {
            if reference.is_set() {
                reference.problems(names::dns1123_subdomain(reference.text()), errors);
            }
        }
    }
}

/// What a pod needs beside its containers.
pub(super) fn overhead(overhead: &Spot<'_>, errors: &mut Errors) {
    let limits = overhead.at(overhead.path.child("limits"));
    limits.entries().for_each(|(name, limit)| quantity(name, &limit, errors));
}

/// The resources of a container in a pod with these claims.
pub(super) fn check(resources: &Spot<'_>, claims: &BTreeSet<&str>, errors: &mut Errors) {
    let (limits, requests) = (resources.member("limits"), resources.member("requests"));
    for (name, limit) in limits.entries() {
        quantity(name, &limit, errors);
    }
    for (name, request) in requests.entries() {
        quantity(name, &request, errors);
        within(name, &request, &limits, &requests, errors);
    }
    let names: Vec<&str> = limits.entries().chain(requests.entries()).map(|(name, _)| name).collect();
    let (pages, basic) = (names.iter().any(|name| is_pages(name)), ["cpu", "memory"]);
    if pages && !names.iter().any(|name| basic.contains(name)) {
        resources.forbidden("HugePages require cpu or memory", errors);
    }
    claimed(&resources.member("claims"), claims, errors);
}

fn quantity(name: &str, at: &Spot<'_>, errors: &mut Errors) {
    check_name(name, at, errors);
    let Ok(quantity) = Quantity::parse(at.text()) else { return };
    if quantity.is_negative() {
        at.invalid(NEGATIVE, errors);
    }
    if (COUNTED.contains(&name) || is_extended(name)) && !quantity.is_whole() {
        at.invalid("must be an integer", errors);
    }
}

fn check_name(name: &str, at: &Spot<'_>, errors: &mut Errors) {
    let mut complain = |problem: &str| errors.push(FieldError::invalid(&at.path, name, problem));
    let problems = names::qualified_name(name);
    problems.iter().for_each(|problem| complain(problem));
    let plain = !name.contains('/');
    let standard = OF_CONTAINERS.contains(&name)
        || STANDARD.contains(&name)
        || COUNTED.contains(&name)
        || is_pages(name)
        || name.strip_prefix("requests.").is_some_and(is_pages);
    if problems.is_empty() && plain && !standard {
        complain("must be a standard resource type or fully qualified");
    }
    if plain && !OF_CONTAINERS.contains(&name) && !is_pages(name) {
        complain("must be a standard resource for containers");
    } else if !plain && !is_native(name) && !is_extended(name) {
        complain("doesn't follow extended resource name standard");
    }
}

/// Nothing is requested that is not allowed, and of what cannot be shared all that is allowed is requested.
fn within(name: &str, request: &Spot<'_>, limits: &Spot<'_>, requests: &Spot<'_>, errors: &mut Errors) {
    let limit = limits.member(name);
    let shared = is_native(name) && !is_pages(name);
    if !limit.is_set() {
        if !shared {
            limits.required("Limit must be set for non overcommitable resources", errors);
        }
        return;
    }
    let (Ok(wanted), Ok(allowed)) = (Quantity::parse(request.text()), Quantity::parse(limit.text())) else {
        return;
    };
    let order = wanted.compare(&allowed);
    let relation = match (shared, order) {
        (false, order) if order.is_ne() => "equal to",
        (true, order) if order.is_gt() => "less than or equal to",
        _ => return,
    };
    let detail = format!("must be {relation} {name} limit of {}", limit.text());
    errors.push(FieldError::invalid(&requests.path, request.text(), detail));
}

/// The claims of the pod that a container uses (`validateResourceClaimNames`).
fn claimed(list: &Spot<'_>, known: &BTreeSet<&str>, errors: &mut Errors) {
    let mut seen: BTreeSet<String> = BTreeSet::new();
    for claim in list.items() {
        let (name, request) = (claim.member("name").text(), claim.member("request"));
        if name.is_empty() {
            claim.required("", errors);
            continue;
        }
        let twice = |key: &str| FieldError::duplicate(&claim.path, key);
        if seen.contains(name) {
            errors.push(twice(name));
        } else {
            request.name(names::dns1123_label, errors);
            let part = request.text();
            let key = if part.is_empty() { name.to_owned() } else { format!("{name}/{part}") };
            if seen.contains(&key) {
                errors.push(twice(&key));
            } else if part.is_empty() {
                let of_it = |key: &&String| key.split_once('/').is_some_and(|(claim, _)| claim == name);
                errors.extend(seen.iter().filter(of_it).map(|_| twice(name)));
            }
            seen.insert(key);
        }
        if !known.contains(name) {
            let mut detail = "must be one of the names in pod.spec.resourceClaims".to_owned();
            match known.len() {
                0 => detail.push_str(" which is empty"),
                _ => {
                    let names: Vec<&str> = known.iter().copied().collect();
                    detail.push_str(&format!(": {}", names.join(", ")));
                }
            }
            errors.push(FieldError::not_found(&claim.path, name).with_detail(detail));
        }
    }
}

fn is_pages(name: &str) -> bool {
    name.starts_with(PAGES)
}

/// Whether a resource is one of Kubernetes' own.
fn is_native(name: &str) -> bool {
    !name.contains('/') || name.contains("kubernetes.io/")
}

fn is_extended(name: &str) -> bool {
    const REQUESTS: &str = "requests.";
    !is_native(name)
        && !name.starts_with(REQUESTS)
        && names::qualified_name(&format!("{REQUESTS}{name}")).is_empty()
}

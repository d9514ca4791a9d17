//! What is wrong with roles and bindings (k8s.io/kubernetes/pkg/apis/rbac/validation).
//!
//! Members whose presence upstream checks declaratively are complained about behind all others.

use super::super::spot::{Errors, IMMUTABLE, Spot};
use super::API_GROUP;
use crate::names;
use crate::object::Object;
use crate::reason::{FieldError, gotext};
use crate::selector::object as selector;

pub(super) fn role(role: &Object) -> Errors {
    let mut errors = Errors::new();
    rules(role, true, &mut errors);
    verbs(role, &mut errors);
    errors
}

pub(super) fn cluster_role(role: &Object) -> Errors {
    let mut errors = Errors::new();
    rules(role, false, &mut errors);
    let aggregation = Spot::of(role, "aggregationRule");
    if aggregation.is_set() {
        let selectors = aggregation.member("clusterRoleSelectors");
        if selectors.len() == 0 {
            let detail = "at least one clusterRoleSelector required if aggregationRule is non-nil";
            selectors.required(detail, &mut errors);
        }
        for item in selectors.items() {
            selector::check(item.value, &item.path, &mut errors);
            if selector::Selected::read(item.value).is_none() {
                // What is shown is what could not be made of it.
                errors.push(FieldError::invalid(&item.path, (), "invalid label selector."));
            }
        }
    }
    verbs(role, &mut errors);
    errors
}

/// Rules are for resources or for paths, and for paths only in the whole cluster.
fn rules(role: &Object, namespaced: bool, errors: &mut Errors) {
    for rule in Spot::of(role, "rules").items() {
        let [groups, resources, names] =
            ["apiGroups", "resources", "resourceNames"].map(|name| rule.member(name));
        let paths = rule.member("nonResourceURLs");
        if paths.len() > 0 {
            if namespaced {
                paths.invalid("namespaced rules cannot apply to non-resource URLs", errors);
            }
            if groups.len() + resources.len() + names.len() > 0 {
                let detail = "rules cannot apply to both regular resources and non-resource URLs";
                paths.invalid(detail, errors);
            }
            continue;
        }
        if groups.len() == 0 {
            groups.required("resource rules must supply at least one api group", errors);
        }
        if resources.len() == 0 {
            resources.required("resource rules must supply at least one resource", errors);
        }
    }
}

fn verbs(role: &Object, errors: &mut Errors) {
    let rules = Spot::of(role, "rules");
    let verbs = rules.items().map(|rule| rule.member("verbs"));
    verbs.filter(|verbs| verbs.len() == 0).for_each(|verbs| verbs.required("", errors));
}

/// A binding of a namespace, or of the whole cluster.
pub(super) fn binding(binding: &Object, existing: Option<&Object>, namespaced: bool) -> Errors {
    let mut errors = Errors::new();
    let role = Spot::of(binding, "roleRef");
    let kinds: &[&str] = if namespaced { &["Role", "ClusterRole"] } else { &["ClusterRole"] };
    role.member("apiGroup").one_of(&[API_GROUP], &mut errors);
    role.member("kind").one_of(kinds, &mut errors);
    let name = role.member("name");
    name.name(names::path_segment, &mut errors);
    let moved =
        existing.map(|existing| Spot::of(existing, "roleRef")).is_some_and(|old| old.value != role.value);
    // A reference that changed is not looked into any further by the declarative checks.
    if moved {
        name.required_text(&mut errors);
    }
    let subjects = Spot::of(binding, "subjects");
    for subject in subjects.items() {
        check_subject(&subject, namespaced, &mut errors);
    }
    if moved {
        errors.push(FieldError::invalid_written(&role.path, written(&role), IMMUTABLE));
    }
    for subject in subjects.items() {
        subject.member("name").required_text(&mut errors);
    }
    if !moved {
        name.required_text(&mut errors);
    }
    errors
}

fn check_subject(subject: &Spot<'_>, namespaced: bool, errors: &mut Errors) {
    let (kind, group) = (subject.member("kind"), subject.member("apiGroup"));
    match kind.text() {
        "ServiceAccount" => {
            subject.member("name").name(names::dns1123_subdomain, errors);
            group.one_of(&[""], errors);
            let namespace = subject.member("namespace");
            if !namespaced {
                namespace.required_text(errors);
            }
        }
        "User" | "Group" => group.one_of(&[API_GROUP], errors),
        _ => kind.one_of(&["ServiceAccount", "User", "Group"], errors),
    }
}

/// A reference to a role as Go writes it.
fn written(role: &Spot<'_>) -> String {
    let text = |name: &str| gotext::json(&role.member(name).text().into());
    format!("{{\"APIGroup\":{},\"Kind\":{},\"Name\":{}}}", text("apiGroup"), text("kind"), text("name"))
}

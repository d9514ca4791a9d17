//! Which nodes and which other pods a pod wants, and does not want, to be with.

use super::super::super::spot::{Errors, Spot};
use crate::names;
use crate::selector::object as selector;

const REQUIRED: &str = "requiredDuringSchedulingIgnoredDuringExecution";
const PREFERRED: &str = "preferredDuringSchedulingIgnoredDuringExecution";

/// All affinities of a pod.
pub(super) fn check(affinity: &Spot<'_>, errors: &mut Errors) {
    let nodes = affinity.member("nodeAffinity");
    let required = nodes.member(REQUIRED);
    if required.is_set() {
        let terms = required.member("nodeSelectorTerms");
        if terms.len() == 0 {
            terms.required("must have at least one node selector term", errors);
        }
        terms.items().for_each(|item| term(&item, true, errors));
    }
    for preferred in nodes.member(PREFERRED).items() {
        weight(&preferred, errors);
        term(&preferred.member("preference"), false, errors);
    }
    for name in ["podAffinity", "podAntiAffinity"] {
        let pods = affinity.member(name);
        pods.member(REQUIRED).items().for_each(|item| pod_term(&item, errors));
        for preferred in pods.member(PREFERRED).items() {
            weight(&preferred, errors);
            pod_term(&preferred.member("podAffinityTerm"), errors);
        }
    }
}

fn weight(term: &Spot<'_>, errors: &mut Errors) {
    let weight = term.member("weight");
    if !(1..=100).contains(&weight.number()) {
        weight.invalid("must be in the range 1-100", errors);
    }
}

/// Values that no node can have are only refused where they are required.
fn term(term: &Spot<'_>, strict: bool, errors: &mut Errors) {
    for expression in term.member("matchExpressions").items() {
        let (operator, key, values) =
            (expression.member("operator"), expression.member("key"), expression.member("values"));
        match operator.text() {
            "In" | "NotIn" => {
                if values.len() == 0 {
                    values.required("must be specified when `operator` is 'In' or 'NotIn'", errors);
                }
            }
            "Exists" | "DoesNotExist" => {
                if values.len() > 0 {
                    let detail = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'";
                    values.forbidden(detail, errors);
                }
            }
            "Gt" | "Lt" => {
                if values.len() != 1 {
                    let detail = "must be specified single value when `operator` is 'Lt' or 'Gt'";
                    values.required(detail, errors);
                }
            }
            _ => operator.problems(vec!["not a valid selector operator".to_owned()], errors),
        }
        key.problems(names::qualified_name(key.text()), errors);
        if strict {
            values.items().for_each(|value| value.problems(names::label_value(value.text()), errors));
        }
    }
    for expression in term.member("matchFields").items() {
        field(&expression, errors);
    }
}

/// The only field of nodes is their name.
fn field(expression: &Spot<'_>, errors: &mut Errors) {
    let (operator, key, values) =
        (expression.member("operator"), expression.member("key"), expression.member("values"));
    match operator.text() {
        "In" | "NotIn" => {
            if values.len() != 1 {
                let detail =
                    "must be only one value when `operator` is 'In' or 'NotIn' for node field selector";
                values.required(detail, errors);
            }
        }
        _ => operator.problems(vec!["not a valid selector operator".to_owned()], errors),
    }
    if key.text() == "metadata.name" {
        values.items().for_each(|value| value.problems(names::dns1123_subdomain(value.text()), errors));
    } else {
        key.problems(vec!["not a valid field selector key".to_owned()], errors);
    }
}

fn pod_term(term: &Spot<'_>, errors: &mut Errors) {
    for wanted in ["labelSelector", "namespaceSelector"].map(|name| term.member(name)) {
        selector::check(wanted.value, &wanted.path, errors);
    }
    for namespace in term.member("namespaces").items() {
        let namespace = namespace.at(term.path.child("namespace"));
        namespace.problems(names::dns1123_label(namespace.text()), errors);
    }
    let key = term.member("topologyKey");
    if key.text().is_empty() {
        key.required("can not be empty", errors);
    }
    key.problems(names::qualified_name(key.text()), errors);
}

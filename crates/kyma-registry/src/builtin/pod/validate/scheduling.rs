//! Where a pod may run: tolerations, gates, and how pods are spread.

use std::collections::BTreeSet;

use super::super::super::spot::{Errors, NOT_POSITIVE, Spot};
use crate::names;
use crate::reason::FieldError;
use crate::selector::object as selector;

const EFFECTS: [&str; 3] = ["NoSchedule", "PreferNoSchedule", "NoExecute"];

/// Conditions that make a pod ready, and gates that keep it from being scheduled.
pub(super) fn gates(spec: &Spot<'_>, errors: &mut Errors) {
    for gate in spec.member("readinessGates").items() {
        let condition = gate.member("conditionType");
        condition.problems(names::qualified_name(condition.text()), errors);
    }
    let mut seen = BTreeSet::new();
    for gate in spec.member("schedulingGates").items() {
        let name = gate.member("name").at(gate.path);
        name.problems(names::qualified_name(name.text()), errors);
        if !seen.insert(name.text()) {
            name.duplicate(errors);
        }
    }
}

/// What a pod tolerates (`ValidateTolerations`).
pub(super) fn tolerations(spec: &Spot<'_>, errors: &mut Errors) {
    for toleration in spec.member("tolerations").items() {
        let [key, operator, value, effect] =
            ["key", "operator", "value", "effect"].map(|name| toleration.member(name));
        key.name(names::qualified_name, errors);
        if key.text().is_empty() && operator.text() != "Exists" {
            let detail =
                "operator must be Exists when `key` is empty, which means \"match all values and all keys\"";
            operator.problems(vec![detail.to_owned()], errors);
        }
        if toleration.member("tolerationSeconds").is_set() && effect.text() != "NoExecute" {
            let detail = "effect must be 'NoExecute' when `tolerationSeconds` is set";
            effect.problems(vec![detail.to_owned()], errors);
        }
        match operator.text() {
            "Equal" | "" => {
                let problems = names::label_value(value.text());
                if !problems.is_empty() {
                    let value = value.text();
                    errors.push(FieldError::invalid(&operator.path, value, problems.join(";")));
                }
            }
            "Exists" => {
                if !value.text().is_empty() {
                    let detail = "value must be empty when `operator` is 'Exists'";
                    errors.push(FieldError::invalid(&operator.path, value.text(), detail));
                }
            }
            // The gate of these is closed, which the message does not know.
            "Lt" | "Gt" => {
                let all = ["Equal", "Exists", "Lt", "Gt"];
                errors.push(FieldError::not_supported(&operator.path, operator.text(), &all));
            }
            _ => operator.one_of(&["Equal", "Exists"], errors),
        }
        if !effect.text().is_empty() {
            effect.one_of(&EFFECTS, errors);
        }
    }
}

/// How pods are spread (`validateTopologySpreadConstraints`).
pub(super) fn spread(constraints: &Spot<'_>, errors: &mut Errors) {
    let all: Vec<Spot<'_>> = constraints.items().collect();
    for (position, constraint) in all.iter().enumerate() {
        constraint.member("maxSkew").positive(errors);
        let [key, action, domains] =
            ["topologyKey", "whenUnsatisfiable", "minDomains"].map(|name| constraint.member(name));
        if key.text().is_empty() {
            key.required("can not be empty", errors);
        }
        action.one_of(&["DoNotSchedule", "ScheduleAnyway"], errors);
        let same = |other: &Spot<'_>| {
            other.member("topologyKey").text() == key.text()
                && other.member("whenUnsatisfiable").text() == action.text()
        };
        if all.iter().skip(position + 1).any(same) {
            let path = constraint.path.child("{topologyKey, whenUnsatisfiable}");
            let pair = format!("{{{}, {}}}", key.text(), action.text());
            errors.push(FieldError::duplicate(&path, pair));
        }
        if domains.is_set() {
            if domains.number() <= 0 {
                domains.invalid(NOT_POSITIVE, errors);
            }
            if action.text() != "DoNotSchedule" {
                let detail = format!(
                    "can only use minDomains if whenUnsatisfiable=DoNotSchedule, not {}",
                    action.text()
                );
                domains.invalid(detail, errors);
            }
        }
        for policy in ["nodeAffinityPolicy", "nodeTaintsPolicy"].map(|name| constraint.member(name)) {
            if policy.is_set() {
                policy.one_of(&["Honor", "Ignore"], errors);
            }
        }
        let wanted = constraint.member("labelSelector");
        selector::check(wanted.value, &wanted.path, errors);
    }
}

//! PodDisruptionBudget, PriorityClass and StorageVersionMigration
//! (k8s.io/kubernetes/pkg/registry/{policy,scheduling,storagemigration}).

use serde_json::Value;

use super::cells::{is_true, or, shown};
use super::strategy::{COUNTED, PLAIN, Strategy};
use super::{age, at, number, text};
use crate::object::{self, Object};

pub(super) const BUDGET: Strategy = Strategy {
    unconditional_update: false,
    cells: |budget, now| {
        let bound = |name: &str| or(&shown(at(budget, &["spec", name])), "N/A").to_owned();
        vec![
            object::name(budget).into(),
            bound("minAvailable").into(),
            bound("maxUnavailable").into(),
            number(budget, &["status", "disruptionsAllowed"]).into(),
            age(budget, now),
        ]
    },
    ..COUNTED
};

pub(super) const PRIORITY: Strategy = Strategy {
    cells: |class, now| {
        let default = at(class, &["globalDefault"]) == &Value::Bool(true);
        vec![
            object::name(class).into(),
            number(class, &["value"]).into(),
            default.into(),
            age(class, now),
            text(class, &["preemptionPolicy"]).into(),
        ]
    },
    ..COUNTED
};

pub(super) const MIGRATION: Strategy = Strategy {
    unconditional_update: false,
    cells: |migration: &Object, _| {
        let (group, resource) = (
            text(migration, &["spec", "resource", "group"]),
            text(migration, &["spec", "resource", "resource"]),
        );
        let resource = if group.is_empty() { resource.to_owned() } else { format!("{resource}.{group}") };
        let mut states = ["Running", "Failed", "Succeeded"].into_iter();
        let state = states.rfind(|state| is_true(migration, state)).unwrap_or("Unknown");
        vec![object::name(migration).into(), resource.into(), state.into()]
    },
    ..PLAIN
};

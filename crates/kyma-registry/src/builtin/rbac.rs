//! Role, ClusterRole and their bindings (k8s.io/kubernetes/pkg/registry/rbac).

mod validate;

use jiff::Timestamp;
use serde_json::Value;

use super::cells::field;
use super::strategy::{PLAIN, Strategy};
use super::{age, fill, items, text};
use crate::names::NameRule;
use crate::object::{self, Object};

const API_GROUP: &str = "rbac.authorization.k8s.io";

pub(super) const ROLE: Strategy = Strategy {
    name_rule: NameRule::PathSegment,
    create_on_update: true,
    validate: |role, _, _| validate::role(role),
    cells: name_and_creation,
    ..PLAIN
};

pub(super) const CLUSTER_ROLE: Strategy =
    Strategy { validate: |role, _, _| validate::cluster_role(role), ..ROLE };

pub(super) const BINDING: Strategy = Strategy {
    name_rule: NameRule::PathSegment,
    create_on_update: true,
    default: |binding| {
        let subjects = binding.get_mut("subjects").and_then(Value::as_array_mut);
        for subject in subjects.into_iter().flatten().filter_map(Value::as_object_mut) {
            if matches!(text(subject, &["kind"]), "User" | "Group") {
                fill(subject, "apiGroup", API_GROUP);
            }
        }
    },
    validate: |binding, existing, _| validate::binding(binding, existing, true),
    cells: binding_cells,
    ..PLAIN
};

pub(super) const CLUSTER_BINDING: Strategy =
    Strategy { validate: |binding, existing, _| validate::binding(binding, existing, false), ..BINDING };

/// Kinds without a printer of their own show when they were made.
pub(super) fn name_and_creation(object: &Object, _now: Timestamp) -> Vec<Value> {
    vec![object::name(object).into(), object::meta_str(object, "creationTimestamp").into()]
}

fn binding_cells(binding: &Object, now: Timestamp) -> Vec<Value> {
    let subjects = items(binding, &["subjects"]);
    let of = |kind: &str| {
        let found = subjects.iter().filter(|subject| field(subject, "kind") == kind);
        let names: Vec<String> = found
            .map(|subject| match kind {
                "ServiceAccount" => format!("{}/{}", field(subject, "namespace"), field(subject, "name")),
                _ => field(subject, "name").to_owned(),
            })
            .collect();
        Value::from(names.join(", "))
    };
    let role = format!("{}/{}", text(binding, &["roleRef", "kind"]), text(binding, &["roleRef", "name"]));
    vec![
        object::name(binding).into(),
        role.into(),
        age(binding, now),
        of("User"),
        of("Group"),
        of("ServiceAccount"),
    ]
}

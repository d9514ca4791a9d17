//! CustomResourceDefinition: stored here, made to kinds by `crd.rs`.

use jiff::Timestamp;
use serde_json::Value;

use super::{Builtin, NAME, NameRule, always, column, text};
use crate::columns::AGE_DESCRIPTION;
use crate::crd;
use crate::object::{self, Object};
use crate::resource::Scope;
use crate::structure::kinds;

pub(super) const KIND: Builtin = Builtin {
    group: "apiextensions.k8s.io",
    version: "v1",
    kind: "CustomResourceDefinition",
    plural: "customresourcedefinitions",
    singular: "customresourcedefinition",
    short: &["crd", "crds"],
    scope: Scope::Cluster,
    name_rule: NameRule::Subdomain,
    status: true,
    generation: true,
    unconditional_update: false,
    create_on_update: false,
    selectable: &[],
    structure: &kinds::DEFINITION,
    prepare_create: crd::prepare_create,
    prepare_update: crd::prepare_update,
    immortal: &[],
    mark_deleting: crd::mark_deleting,
    may_go: always,
    validate: crd::validate,
    columns: &[
        NAME,
        column("Scope", "Cluster/Namespaced"),
        column("Versions", "Served versions"),
        column("Created At", AGE_DESCRIPTION).of_type("date"),
        column("Group", "API group").wide(),
        column("Kind", "CustomResource kind").wide(),
        column("ShortNames", "Short names").wide(),
        column("Established", "Established status").of_type("boolean").wide(),
    ],
    cells,
};

fn cells(definition: &Object, _now: Timestamp) -> Vec<Value> {
    let spec = definition.get("spec");
    let list = |pointer: &str| {
        spec.and_then(|spec| spec.pointer(pointer)).and_then(Value::as_array).into_iter().flatten()
    };
    let flag = |version: &Value, field: &str| version.get(field) == Some(&Value::Bool(true));
    let served = list("/versions").filter(|version| flag(version, "served"));
    let mut versions: Vec<String> = served
        .map(|version| {
            let name = version.get("name").and_then(Value::as_str).unwrap_or_default();
            if flag(version, "storage") { format!("{name}(storage)") } else { name.to_owned() }
        })
        .collect();
    versions.sort_unstable();
    let short: Vec<&str> = list("/names/shortNames").filter_map(Value::as_str).collect();
    vec![
        object::name(definition).into(),
        text(definition, &["spec", "scope"]).into(),
        versions.join(",").into(),
        object::meta_str(definition, "creationTimestamp").into(),
        text(definition, &["spec", "group"]).into(),
        text(definition, &["spec", "names", "kind"]).into(),
        short.join(",").into(),
        crd::is_established(definition).into(),
    ]
}

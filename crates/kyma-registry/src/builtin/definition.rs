//! CustomResourceDefinition: stored here, made to kinds by `crd.rs`.

use jiff::Timestamp;
use serde_json::Value;

use super::strategy::{PLAIN, Strategy};
use super::text;
use crate::crd;
use crate::object::{self, Object};

pub(super) const STRATEGY: Strategy = Strategy {
    generation: true,
    unconditional_update: false,
    default: crd::set_defaults,
    prepare_create: crd::prepare_create,
    prepare_update: crd::prepare_update,
    mark_deleting: crd::mark_deleting,
    validate: |definition, existing, _| crd::validate(definition, existing),
    cells,
    ..PLAIN
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

//! LimitRange and ResourceQuota (k8s.io/kubernetes/pkg/registry/core/{limitrange,resourcequota}).

use serde_json::{Map, Value};

use super::cells::shown;
use super::strategy::{PLAIN, Strategy};
use super::{age, at, inner};
use crate::object::{self, Object};

pub(super) const LIMIT_RANGE: Strategy = Strategy {
    create_on_update: true,
    default: |range| {
        let limits =
            inner(range, "spec").and_then(|spec| spec.get_mut("limits")).and_then(Value::as_array_mut);
        limits.into_iter().flatten().filter_map(Value::as_object_mut).for_each(default_limits);
    },
    cells: super::rbac::name_and_creation,
    ..PLAIN
};

pub(super) const RESOURCE_QUOTA: Strategy = Strategy {
    shows_deleted: true,
    cells: |quota, now| {
        let empty = Map::new();
        let hard = at(quota, &["status", "hard"]).as_object().unwrap_or(&empty);
        let (mut requests, mut limits) = (Vec::new(), Vec::new());
        for (name, bound) in hard {
            let used = match at(quota, &["status", "used", name]) {
                Value::Null => "0".to_owned(),
                used => shown(used),
            };
            let column = if name.starts_with("limits") { &mut limits } else { &mut requests };
            column.push(format!("{name}: {used}/{}", shown(bound)));
        }
        vec![
            object::name(quota).into(),
            requests.join(", ").into(),
            limits.join(", ").into(),
            age(quota, now),
        ]
    },
    ..PLAIN
};

/// For containers the largest is the default, and that, else the least, is what they request.
fn default_limits(limit: &mut Object) {
    if limit.get("type").and_then(Value::as_str) != Some("Container") {
        return;
    }
    let map =
        |limit: &Object, name: &str| limit.get(name).and_then(Value::as_object).cloned().unwrap_or_default();
    let with = |mut map: Map<String, Value>, other: Map<String, Value>| {
        for (name, value) in other {
            map.entry(name).or_insert(value);
        }
        map
    };
    let default = with(map(limit, "default"), map(limit, "max"));
    let request = with(with(map(limit, "defaultRequest"), default.clone()), map(limit, "min"));
    for (name, map) in [("default", default), ("defaultRequest", request)] {
        if !map.is_empty() {
            limit.insert(name.into(), Value::Object(map));
        }
    }
}

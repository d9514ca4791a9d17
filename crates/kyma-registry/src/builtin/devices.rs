//! The kinds of `resource.k8s.io` (k8s.io/kubernetes/pkg/registry/resource).

use serde_json::Value;

use super::cells::since;
use super::strategy::{COUNTED, PLAIN, Strategy};
use super::{age, at, fill, inner, items, text};
use crate::object::{self, Object};

/// The structure at a path.
fn at_mut<'a>(object: &'a mut Object, path: &[&str]) -> Option<&'a mut Object> {
    path.iter().try_fold(object, |object, field| inner(object, field))
}

/// Who asks for an exact count and names none, asks for one.
fn count_devices(devices: Option<&mut Object>) {
    let requests = devices.and_then(|devices| devices.get_mut("requests")).and_then(Value::as_array_mut);
    for request in requests.into_iter().flatten().filter_map(Value::as_object_mut) {
        if let Some(exactly) = inner(request, "exactly") {
            count(exactly);
        }
        let choices = request.get_mut("firstAvailable").and_then(Value::as_array_mut);
        choices.into_iter().flatten().filter_map(Value::as_object_mut).for_each(count);
    }
}

fn count(request: &mut Object) {
    if text(request, &["allocationMode"]) == "ExactCount" {
        request.entry("count").or_insert(1.into());
    }
}

pub(super) const CLAIM: Strategy = Strategy {
    shows_deleted: true,
    default: |claim| count_devices(at_mut(claim, &["spec", "devices"])),
    cells: |claim, now| {
        let mut states = Vec::new();
        let deleting = object::is_deleting(claim);
        if deleting {
            states.push("deleted");
        }
        if !at(claim, &["status", "allocation"]).is_null() {
            states.push("allocated");
            if !items(claim, &["status", "reservedFor"]).is_empty() {
                states.push("reserved");
            }
        } else if !deleting {
            states.push("pending");
        }
        vec![object::name(claim).into(), states.join(",").into(), age(claim, now)]
    },
    ..PLAIN
};

pub(super) const SLICE: Strategy = Strategy {
    shows_deleted: true,
    selectable: &["spec.nodeName", "spec.driver", "spec.pool.name"],
    unsupported_field: |field| {
        format!("field label not supported for resource.k8s.io/v1, Kind=ResourceSlice: {field}")
    },
    cells: |slice, now| {
        vec![
            object::name(slice).into(),
            text(slice, &["spec", "nodeName"]).into(),
            text(slice, &["spec", "driver"]).into(),
            text(slice, &["spec", "pool", "name"]).into(),
            age(slice, now),
        ]
    },
    ..COUNTED
};

pub(super) const CLAIM_TEMPLATE: Strategy = Strategy {
    shows_deleted: true,
    default: |template| count_devices(at_mut(template, &["spec", "spec", "devices"])),
    ..PLAIN
};

pub(super) const CLASS: Strategy = Strategy { shows_deleted: true, ..COUNTED };

pub(super) const TAINT_RULE: Strategy = Strategy {
    prepare_create: |rule| {
        let now = object::meta_str(rule, "creationTimestamp").to_owned();
        if let Some(taint) = at_mut(rule, &["spec", "taint"]) {
            fill(taint, "timeAdded", now);
        }
    },
    cells: |rule, now| {
        let taint = |name: &str| text(rule, &["spec", "taint", name]);
        let added = match at(rule, &["spec", "taint", "timeAdded"]) {
            none if none.is_null() => String::new(),
            time => since(time, now),
        };
        vec![
            object::name(rule).into(),
            taint("key").into(),
            taint("value").into(),
            taint("effect").into(),
            added.into(),
            age(rule, now),
        ]
    },
    ..COUNTED
};

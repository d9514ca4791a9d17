//! A Scale in other forms than its own
//! (`printScale` of k8s.io/kubernetes/pkg/printers, and of apiextensions' `registry/customresource/etcd.go`).

use jiff::Timestamp;
use kyma_registry::columns::{AGE_DESCRIPTION, NAME_DESCRIPTION, human_age};
use kyma_registry::object;
use serde_json::{Map, Value, json};

use super::accept::Shape;
use super::metadata::partial;
use super::table::{Include, assemble, definition};

/// A Scale in the shape that a client accepts. Custom kinds have columns of their own.
pub(crate) fn shaped(
    scale: Map<String, Value>,
    shape: Shape,
    include: Include,
    is_custom: bool,
    now: Timestamp,
) -> Value {
    match shape {
        Shape::Object => Value::Object(scale),
        Shape::Metadata => metadata(&scale),
        Shape::Table => {
            let version = json!({"resourceVersion": object::meta_str(&scale, "resourceVersion")});
            let part = |part: &str| scale.get(part).and_then(|part| part.get("replicas"));
            // None is left out of a Scale, but not of a cell.
            let replicas = |name: &str| part(name).cloned().unwrap_or_else(|| Value::from(0));
            let age = human_age(object::meta_str(&scale, "creationTimestamp"), now);
            let cells = json!([object::name(&scale), replicas("spec"), replicas("status"), age]);
            let object = match include {
                Include::Nothing => Value::Null,
                Include::Metadata => metadata(&scale),
                Include::Object => Value::Object(scale),
            };
            let row = json!({"cells": cells, "object": object});
            assemble(&version, &Value::Array(columns(is_custom)), &[row])
        }
    }
}

fn metadata(scale: &Map<String, Value>) -> Value {
    partial(scale.get("metadata").unwrap_or(&Value::Null))
}

fn columns(is_custom: bool) -> Vec<Value> {
    let (name, age, desired, available) = if is_custom {
        ("name", "date", "Number of desired replicas", "Number of actual replicas")
    } else {
        (
            "",
            "string",
            "replicas is the desired number of instances for the scaled object.",
            "replicas is the actual number of observed instances of the scaled object.",
        )
    };
    vec![
        definition("Name", "string", name, NAME_DESCRIPTION, 0),
        definition("Desired", "integer", "", desired, 0),
        definition("Available", "integer", "", available, 0),
        definition("Age", age, "", AGE_DESCRIPTION, 0),
    ]
}

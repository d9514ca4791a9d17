//! Tables, as `kubectl get` asks for them
//! (k8s.io/kubernetes/pkg/printers and k8s.io/apiextensions-apiserver/pkg/registry/customresource/tableconvertor).

use jiff::Timestamp;
use kyma_registry::columns::{AGE_DESCRIPTION, Column, NAME_DESCRIPTION, human_age};
use kyma_registry::{ApiError, Resource, object};
use kyma_store::Object as Stored;
use serde_json::{Value, json};

use super::metadata::partial;

/// What stands beside the cells of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Include {
    Nothing,
    Metadata,
    Object,
}

impl Include {
    /// The query parameter `includeObject`.
    pub(crate) fn from_query(value: Option<&str>) -> Result<Include, ApiError> {
        match value.unwrap_or_default() {
            "None" => Ok(Include::Nothing),
            "" | "Metadata" => Ok(Include::Metadata),
            "Object" => Ok(Include::Object),
            other => Err(ApiError::bad_request(format!("unrecognized includeObject value: {other:?}"))),
        }
    }
}

/// A table of objects. Watches send the columns with the first row only.
pub(crate) fn table(
    resource: &Resource,
    objects: &[&Stored],
    metadata: &Value,
    include: Include,
    with_columns: bool,
    now: Timestamp,
) -> Result<Value, ApiError> {
    let rows =
        objects.iter().map(|stored| row(resource, stored, include, now)).collect::<Result<Vec<_>, _>>()?;
    let columns = if with_columns { Value::Array(definitions(resource)) } else { Value::Null };
    Ok(assemble(metadata, &columns, &rows))
}

/// A table of what is made already.
pub(super) fn assemble(metadata: &Value, columns: &Value, rows: &[Value]) -> Value {
    json!({
        "kind": "Table",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": metadata,
        "columnDefinitions": columns,
        "rows": rows,
    })
}

/// One column.
pub(super) fn definition(name: &str, kind: &str, format: &str, description: &str, priority: i32) -> Value {
    json!({"name": name, "type": kind, "format": format, "description": description, "priority": priority})
}

fn definitions(resource: &Resource) -> Vec<Value> {
    if let Some(builtin) = resource.builtin() {
        return builtin
            .columns()
            .iter()
            .map(|column| {
                let known = if column.name == "Name" { NAME_DESCRIPTION } else { AGE_DESCRIPTION };
                let description = column.description.as_deref().unwrap_or(known);
                definition(&column.name, column.kind, column.format, description, column.priority)
            })
            .collect();
    }
    let mut definitions = vec![definition("Name", "string", "name", NAME_DESCRIPTION, 0)];
    if resource.columns.is_empty() {
        definitions.push(definition("Age", "date", "", AGE_DESCRIPTION, 0));
    }
    definitions.extend(resource.columns.iter().map(|column: &Column| {
        definition(&column.name, &column.kind, &column.format, &column.description, column.priority)
    }));
    definitions
}

fn row(resource: &Resource, stored: &Stored, include: Include, now: Timestamp) -> Result<Value, ApiError> {
    let mut value = object::parse(&stored.json)?;
    let cells = match resource.builtin() {
        Some(builtin) => builtin.cells(&value, now),
        None => {
            let mut cells = vec![Value::from(object::name(&value))];
            if resource.columns.is_empty() {
                cells.push(human_age(object::meta_str(&value, "creationTimestamp"), now).into());
            }
            cells.extend(resource.columns.iter().map(|column| column.cell(&value, now)));
            cells
        }
    };
    let object = match include {
        Include::Nothing => Value::Null,
        Include::Metadata => {
            let metadata = value.remove("metadata").unwrap_or_else(|| json!({}));
            partial(&metadata)
        }
        Include::Object => {
            resource.convert_from_stored(&mut value);
            Value::Object(value)
        }
    };
    Ok(json!({"cells": cells, "object": object}))
}

//! Secret.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::config_map::{check_immutable, check_keys};
use super::{AGE, Builtin, BuiltinColumn, NAME, NameRule, age, always, entries, never, schema, text};
use crate::object::{self, Object};
use crate::reason::{FieldError, Path};
use crate::resource::Scope;

const OPAQUE: &str = "Opaque";

pub(super) const KIND: Builtin = Builtin {
    group: "",
    version: "v1",
    kind: "Secret",
    plural: "secrets",
    singular: "secret",
    short: &[],
    scope: Scope::Namespaced,
    name_rule: NameRule::Subdomain,
    status: false,
    generation: false,
    unconditional_update: true,
    create_on_update: false,
    selectable: &["type"],
    schema: structure,
    prepare_create,
    prepare_update: |secret, _, _| prepare_create(secret),
    immortal: &[],
    mark_deleting: never,
    may_go: always,
    validate,
    columns: &[
        NAME,
        BuiltinColumn { name: "Type", kind: "string", priority: 0 },
        BuiltinColumn { name: "Data", kind: "string", priority: 0 },
        AGE,
    ],
    cells,
};

fn structure() -> Value {
    schema(json!({
        "data": {"type": "object", "additionalProperties": {"type": "string", "nullable": true}},
        "stringData": {"type": "object", "additionalProperties": {"type": "string"}},
        "type": {"type": "string"},
        "immutable": {"type": "boolean"},
    }))
}

/// `stringData` is how people write; what is stored is `data`.
fn prepare_create(secret: &mut Object) {
    if let Some(Value::Object(plain)) = secret.remove("stringData") {
        let data = object::as_object_mut(secret.entry("data").or_insert(Value::Null));
        for (key, value) in plain {
            data.insert(key, STANDARD.encode(value.as_str().unwrap_or_default()).into());
        }
    }
    if text(secret, &["type"]).is_empty() {
        secret.insert("type".into(), OPAQUE.into());
    }
}

fn validate(secret: &Object, existing: Option<&Object>) -> Vec<FieldError> {
    let mut errors = check_keys(secret, &["data"]);
    if let Some(existing) = existing
        && secret.get("type") != existing.get("type")
    {
        let value = secret.get("type").cloned().unwrap_or_default();
        errors.push(FieldError::invalid(&Path::new("type"), value, "field is immutable"));
    }
    errors.extend(check_immutable(secret, existing, &["data"]));
    errors
}

fn cells(secret: &Object, now: Timestamp) -> Vec<Value> {
    let kind = text(secret, &["type"]);
    vec![object::name(secret).into(), kind.into(), entries(secret, &["data"]).into(), age(secret, now)]
}

//! Secret.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde_json::Value;

use super::config_map::{check_immutable, check_keys};
use super::strategy::{PLAIN, Strategy, not_supported};
use super::{age, entries, text};
use crate::object::{self, Object};
use crate::reason::{FieldError, Path, json_error};
use crate::update::Subresource;

const OPAQUE: &str = "Opaque";

pub(super) const STRATEGY: Strategy = Strategy {
    selectable: &["type"],
    unsupported_field: not_supported,
    default: settle,
    validate,
    cells,
    ..PLAIN
};

/// `stringData` is how people write; what is stored, and owned, is `data`.
fn settle(secret: &mut Object) {
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

fn validate(secret: &Object, existing: Option<&Object>, _subresource: Subresource) -> Vec<FieldError> {
    let mut errors = Vec::new();
    if let Some(existing) = existing
        && secret.get("type") != existing.get("type")
    {
        let value = secret.get("type").cloned().unwrap_or_default();
        errors.push(FieldError::invalid(&Path::new("type"), value, "field is immutable"));
    }
    errors.extend(check_immutable(secret, existing, &["data"]));
    errors.extend(check_keys(secret, &["data"]));
    check_type(secret, &mut errors);
    errors
}

/// The well-known types promise certain keys (k8s.io/kubernetes/pkg/apis/core/validation, ValidateSecret).
fn check_type(secret: &Object, errors: &mut Vec<FieldError>) {
    let data = Path::new("data");
    let value = |key: &str| secret.get("data").and_then(|data| data.get(key)).and_then(Value::as_str);
    let mut require = |keys: &[&str]| {
        let absent = keys.iter().filter(|key| value(key).is_none());
        errors.extend(absent.map(|key| FieldError::required(&data.key(key), "")));
    };
    match text(secret, &["type"]) {
        "kubernetes.io/tls" => require(&["tls.crt", "tls.key"]),
        // One of the two may be missing, and both may be empty.
        "kubernetes.io/basic-auth" if value("username").is_none() && value("password").is_none() => {
            require(&["username", "password"]);
        }
        "kubernetes.io/ssh-auth" if value("ssh-privatekey").is_none_or(str::is_empty) => {
            errors.push(FieldError::required(&data.key("ssh-privatekey"), ""));
        }
        "kubernetes.io/dockercfg" => check_json(".dockercfg", value(".dockercfg"), errors),
        "kubernetes.io/dockerconfigjson" => {
            check_json(".dockerconfigjson", value(".dockerconfigjson"), errors);
        }
        "kubernetes.io/service-account-token" => {
            const ACCOUNT: &str = "kubernetes.io/service-account.name";
            if text(secret, &["metadata", "annotations", ACCOUNT]).is_empty() {
                let path = Path::new("metadata").child("annotations").key(ACCOUNT);
                errors.push(FieldError::required(&path, ""));
            }
        }
        _ => {}
    }
}

fn check_json(key: &str, value: Option<&str>, errors: &mut Vec<FieldError>) {
    let path = Path::new("data").key(key);
    let Some(value) = value else {
        errors.push(FieldError::required(&path, ""));
        return;
    };
    let bytes = STANDARD.decode(value).unwrap_or_default();
    if let Err(problem) = serde_json::from_slice::<serde_json::Map<String, Value>>(&bytes) {
        let problem = json_error(&bytes, &problem);
        errors.push(FieldError::invalid(&path, "<secret contents redacted>", &problem));
    }
}

fn cells(secret: &Object, now: Timestamp) -> Vec<Value> {
    let kind = text(secret, &["type"]);
    vec![object::name(secret).into(), kind.into(), entries(secret, &["data"]).into(), age(secret, now)]
}

//! What can be wrong with a patch (`k8s.io/apimachinery/pkg/util/mergepatch/errors.go`), and the answers to it
//! (`interpretStrategicMergePatchError` of the patch handler).

use serde_json::Value;

use super::Object;
use crate::reason::{ApiError, gotext};

/// Why a patch cannot be applied.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Problem {
    PrimitiveListFormat,
    RetainKeysFormat,
    SetElementOrderFormat,
    ListOfLists,
    /// All else, which the real server does not take for the client's fault.
    Other(String),
}

impl Problem {
    pub(super) fn no_merge_key(item: &Object, key: &str) -> Self {
        let item = gotext::value(&Value::Object(item.clone()));
        Self::Other(format!("map: {item} does not contain declared merge key: {key}"))
    }

    /// `expected` is a Go type, such as `[]interface {}`.
    pub(super) fn argument(expected: &str, actual: &Value) -> Self {
        Self::Other(format!("expected a {expected}, but received a {}", go_type(actual)))
    }

    pub(super) fn unknown_directive(directive: &Value, patch: &Object) -> Self {
        let directive = gotext::value(directive);
        let patch = gotext::value(&Value::Object(patch.clone()));
        Self::Other(format!("unknown patch type: {directive} in map: {patch}"))
    }
}

impl From<Problem> for ApiError {
    fn from(problem: Problem) -> Self {
        match problem {
            Problem::PrimitiveListFormat => Self::bad_request("invalid patch format of primitive list"),
            Problem::RetainKeysFormat => Self::bad_request("invalid patch format of retainKeys"),
            Problem::SetElementOrderFormat => {
                Self::bad_request("invalid patch format of setElementOrder list")
            }
            Problem::ListOfLists => Self::unprocessable(),
            Problem::Other(text) => Self::unexpected(text),
        }
    }
}

/// Go's `%s` of a `reflect.Type`, of which nil has none.
fn go_type(value: &Value) -> &'static str {
    if value.is_null() { "%!s(<nil>)" } else { gotext::go_type(value) }
}

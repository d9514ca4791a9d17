//! `metav1.Status` with `status: Failure`, and one constructor for each way to fail
//! (`k8s.io/apimachinery/pkg/api/errors`).

use serde::Serialize;
use serde::ser::SerializeMap;
use serde_json::Value;

use super::{FieldError, OPTIMISTIC_LOCK, Reason, aggregate, gotext};

/// One entry of `details.causes` (`metav1.StatusCause`). Empty members are left out of the JSON.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Cause {
    /// The kind of the cause, such as `FieldValueRequired`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// What is wrong, without the field's name.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub message: String,
    /// The path of the field, such as `spec.components[0].name`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub field: String,
}

/// The `details` of a `Status` (`metav1.StatusDetails`). Empty members are left out of the JSON.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Details {
    /// The object's name, or the operation for a server timeout.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// The API group; empty for the core group.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub group: String,
    /// The resource (`kymas`), or the kind (`Kyma`) for an invalid object: as upstream has it.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub kind: String,
    /// The object's UID; upstream sets it in the answer to a delete only.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub uid: String,
    /// The single causes.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub causes: Vec<Cause>,
    /// Seconds after which a retry may help; 0 = not said.
    #[serde(skip_serializing_if = "is_zero")]
    pub retry_after_seconds: u32,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls the predicate by reference")]
fn is_zero(seconds: &u32) -> bool {
    *seconds == 0
}

/// A failed request: a `metav1.Status` with `status: Failure`.
///
/// Boxed, so that a `Result` on the good path stays small.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", .0.message)]
pub struct ApiError(Box<Failure>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Failure {
    code: u16,
    reason: Reason,
    message: String,
    details: Option<Details>,
    continue_token: String,
    warnings: Vec<String>,
}

impl ApiError {
    /// A failure with the reason's own code and no details.
    pub fn new(reason: Reason, message: impl Into<String>) -> Self {
        Self(Box::new(Failure {
            code: reason.code(),
            reason,
            message: message.into(),
            details: None,
            continue_token: String::new(),
            warnings: Vec::new(),
        }))
    }

    /// Sets the details.
    #[must_use]
    pub fn with_details(mut self, details: Details) -> Self {
        self.0.details = Some(details);
        self
    }

    /// Sets `details.retryAfterSeconds`; the HTTP floor repeats it as `Retry-After`.
    #[must_use]
    pub fn with_retry_after(mut self, seconds: u32) -> Self {
        self.0.details.get_or_insert_default().retry_after_seconds = seconds;
        self
    }

    /// Sets `metadata.continue`: where a client may go on although the list has expired.
    #[must_use]
    pub fn with_continue(mut self, token: impl Into<String>) -> Self {
        self.0.continue_token = token.into();
        self
    }

    /// Sets what the client is warned of beside the failure: what decoding found before it.
    #[must_use]
    pub(crate) fn with_warnings(mut self, warnings: Vec<String>) -> Self {
        self.0.warnings = warnings;
        self
    }

    /// What the client is warned of beside the failure.
    pub fn warnings(&self) -> &[String] {
        &self.0.warnings
    }

    /// Adds one of its causes.
    #[must_use]
    pub(crate) fn with_cause(mut self, reason: &str, message: impl Into<String>, field: &str) -> Self {
        let cause = Cause { reason: reason.to_owned(), message: message.into(), field: field.to_owned() };
        self.0.details.get_or_insert_default().causes.push(cause);
        self
    }

    /// The HTTP status code.
    pub fn code(&self) -> u16 {
        self.0.code
    }

    /// The machine-readable reason.
    pub fn reason(&self) -> Reason {
        self.0.reason
    }

    /// The text for people.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The details, if the real server sends any with this failure.
    pub fn details(&self) -> Option<&Details> {
        self.0.details.as_ref()
    }

    /// The `Status` object as JSON; [`Serialize`] writes the same with the members in the real server's order.
    pub fn to_status_json(&self) -> Value {
        // A map of strings and numbers cannot fail to serialise; null would be seen at once in any test.
        serde_json::to_value(self).unwrap_or(Value::Null)
    }

    fn on_resource(reason: Reason, group: &str, resource: &str, name: &str, message: String) -> Self {
        Self::new(reason, message).with_details(Details {
            name: name.to_owned(),
            group: group.to_owned(),
            kind: resource.to_owned(),
            ..Details::default()
        })
    }

    /// 404: the object does not exist.
    pub fn not_found(group: &str, resource: &str, name: &str) -> Self {
        let message = format!("{} {} not found", qualified(resource, group), gotext::quote(name));
        Self::on_resource(Reason::NotFound, group, resource, name, message)
    }

    /// 409: an object of this name exists.
    pub fn already_exists(group: &str, resource: &str, name: &str) -> Self {
        let message = format!("{} {} already exists", qualified(resource, group), gotext::quote(name));
        Self::on_resource(Reason::AlreadyExists, group, resource, name, message)
    }

    /// 409: an object of this name exists, and is on its way out.
    pub fn already_exists_while_deleting(group: &str, resource: &str, name: &str) -> Self {
        let mut error = Self::already_exists(group, resource, name);
        error.0.message.insert_str(0, "object is being deleted: ");
        error
    }

    /// 409: no free name was found for a `generateName`.
    pub fn generate_name_conflict(group: &str, resource: &str, name: &str, retry_after: u32) -> Self {
        let message = format!(
            "{} {} already exists, the server was not able to generate a unique name for the object",
            qualified(resource, group),
            gotext::quote(name)
        );
        Self::on_resource(Reason::AlreadyExists, group, resource, name, message).with_retry_after(retry_after)
    }

    /// 409: the object cannot be changed as asked, for the reason in `detail`.
    pub fn conflict(group: &str, resource: &str, name: &str, detail: &str) -> Self {
        let message = format!(
            "Operation cannot be fulfilled on {} {}: {detail}",
            qualified(resource, group),
            gotext::quote(name)
        );
        Self::on_resource(Reason::Conflict, group, resource, name, message)
    }

    /// 409: the resourceVersion that was sent is not the current one.
    pub fn stale(group: &str, resource: &str, name: &str) -> Self {
        Self::conflict(group, resource, name, OPTIMISTIC_LOCK)
    }

    /// 409: an apply would change what other field managers own.
    pub(crate) fn apply_conflict(message: String, causes: Vec<Cause>) -> Self {
        Self::new(Reason::Conflict, message).with_details(Details { causes, ..Details::default() })
    }

    /// 403: not allowed, for the reason in `detail`. An empty resource stands for a non-resource path.
    pub fn forbidden(group: &str, resource: &str, name: &str, detail: &str) -> Self {
        let message = match (group.is_empty() && resource.is_empty(), name.is_empty()) {
            (true, _) => format!("forbidden: {detail}"),
            (false, true) => format!("{} is forbidden: {detail}", qualified(resource, group)),
            (false, false) => {
                format!("{} {} is forbidden: {detail}", qualified(resource, group), gotext::quote(name))
            }
        };
        Self::on_resource(Reason::Forbidden, group, resource, name, message)
    }

    /// 403: nothing is created in a namespace that is being deleted (admission plugin NamespaceLifecycle).
    pub fn namespace_terminating(group: &str, resource: &str, name: &str, namespace: &str) -> Self {
        let detail =
            format!("unable to create new content in namespace {namespace} because it is being terminated");
        Self::forbidden(group, resource, name, &detail).with_cause(
            "NamespaceTerminating",
            format!("namespace {namespace} is being terminated"),
            "metadata.namespace",
        )
    }

    /// 401. The real server's authentication filter says just `Unauthorized`.
    pub fn unauthorized() -> Self {
        Self::new(Reason::Unauthorized, "Unauthorized")
    }

    /// 422: the object breaks the rules in `errors`.
    #[expect(clippy::needless_pass_by_value, reason = "callers build the list for this call only")]
    pub fn invalid(group: &str, kind: &str, name: &str, errors: Vec<FieldError>) -> Self {
        let subject = format!("{} {} is invalid", qualified(kind, group), gotext::quote(name));
        let message = if errors.is_empty() { subject } else { format!("{subject}: {}", aggregate(&errors)) };
        Self::new(Reason::Invalid, message).with_details(Details {
            name: name.to_owned(),
            group: group.to_owned(),
            kind: kind.to_owned(),
            causes: errors.iter().map(FieldError::cause).collect(),
            ..Details::default()
        })
    }

    /// 422 as the real server answers a JSON patch whose operations fail: it does not say which one.
    pub fn unprocessable() -> Self {
        Self::new(Reason::Invalid, "the server rejected our request due to an error in our request")
            .with_details(Details::default())
    }

    /// 400.
    pub fn bad_request(message: impl Into<String>) -> Self {
        Self::new(Reason::BadRequest, message)
    }

    /// 405: `action` (such as `patch`) does not exist for the resource.
    pub fn method_not_supported(group: &str, resource: &str, action: &str) -> Self {
        let target = gotext::quote(&qualified(resource, group));
        let message = format!("{action} is not supported on resources of kind {target}");
        Self::on_resource(Reason::MethodNotAllowed, group, resource, "", message)
    }

    /// 406: none of the `accepted` media types was asked for.
    pub fn not_acceptable(accepted: &[&str]) -> Self {
        let list = accepted.join(", ");
        Self::new(Reason::NotAcceptable, format!("only the following media types are accepted: {list}"))
    }

    /// 406 as the real server answers it for its built-in kinds.
    pub fn not_acceptable_here(accepted: &[&str]) -> Self {
        let list = accepted.join(", ");
        Self::new(Reason::NotAcceptable, format!("406: Not Acceptable\n\nAvailable representations: {list}"))
            .with_details(Details::default())
    }

    /// 415 as the real server answers it for patches of its built-in kinds.
    pub fn unsupported_patch() -> Self {
        Self::new(Reason::UnsupportedMediaType, "415: Unsupported Media Type")
            .with_details(Details::default())
    }

    /// 415: the body is in none of the `accepted` media types.
    pub fn unsupported_media_type(accepted: &[&str]) -> Self {
        let list = accepted.join(", ");
        Self::new(
            Reason::UnsupportedMediaType,
            format!(
                "the body of the request was in an unknown format - accepted media types include: {list}"
            ),
        )
    }

    /// 413. `message` is such as `limit is 3145728`.
    pub fn request_entity_too_large(message: &str) -> Self {
        Self::new(Reason::RequestEntityTooLarge, format!("Request entity too large: {message}"))
    }

    /// 410: the revision that was asked for is outside the history window.
    pub fn expired(message: impl Into<String>) -> Self {
        Self::new(Reason::Expired, message)
    }

    /// 410: the item is gone.
    pub fn gone(message: impl Into<String>) -> Self {
        Self::new(Reason::Gone, message)
    }

    /// 500: a fault of the server.
    pub fn internal(message: impl Into<String>) -> Self {
        let message = message.into();
        Self::new(Reason::InternalError, format!("Internal error occurred: {message}"))
            .with_cause("", message, "")
    }

    /// 429: try again after `retry_after` seconds.
    pub fn too_many_requests(message: impl Into<String>, retry_after: u32) -> Self {
        Self::new(Reason::TooManyRequests, message).with_retry_after(retry_after)
    }

    /// 500: a passing condition kept `operation` from finishing.
    pub fn server_timeout(group: &str, resource: &str, operation: &str, retry_after: u32) -> Self {
        let message = format!(
            "The {operation} operation against {} could not be completed at this time, please try again.",
            qualified(resource, group)
        );
        Self::on_resource(Reason::ServerTimeout, group, resource, operation, message)
            .with_retry_after(retry_after)
    }

    /// 504: the request took too long; it may still take effect.
    pub fn timeout(message: &str, retry_after: u32) -> Self {
        Self::new(Reason::Timeout, format!("Timeout: {message}")).with_retry_after(retry_after)
    }

    /// 504: the resourceVersion asked for is still to come (`storage.NewTooLargeResourceVersionError`).
    pub fn version_too_large(asked: u64, current: u64) -> Self {
        Self::timeout(&format!("Too large resource version: {asked}, current: {current}"), 1).with_cause(
            "ResourceVersionTooLarge",
            "Too large resource version",
            "",
        )
    }

    /// 405, as the real server answers where a path has no such method.
    pub fn method_not_allowed() -> Self {
        Self::new(Reason::MethodNotAllowed, "the server does not allow this method on the requested resource")
            .with_details(Details::default())
    }

    /// 404, as the real server answers for a kind that its group does not have.
    pub fn resource_not_found() -> Self {
        Self::new(Reason::NotFound, "the server could not find the requested resource")
            .with_details(Details::default())
    }

    /// 500 without a reason, as the real server answers where an error is no Status.
    pub fn unexpected(message: impl Into<String>) -> Self {
        Self::new(Reason::Unknown, message)
    }

    /// 503.
    pub fn service_unavailable(message: impl Into<String>) -> Self {
        Self::new(Reason::ServiceUnavailable, message)
    }
}

#[derive(Serialize)]
struct ListMeta<'a> {
    #[serde(rename = "continue", skip_serializing_if = "str::is_empty")]
    continue_token: &'a str,
}

impl Serialize for ApiError {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("kind", "Status")?;
        map.serialize_entry("apiVersion", "v1")?;
        let metadata = ListMeta { continue_token: &self.0.continue_token };
        map.serialize_entry("metadata", &metadata)?;
        map.serialize_entry("status", "Failure")?;
        if !self.0.message.is_empty() {
            map.serialize_entry("message", &self.0.message)?;
        }
        if self.0.reason != Reason::Unknown {
            map.serialize_entry("reason", self.0.reason.as_str())?;
        }
        if let Some(details) = &self.0.details {
            map.serialize_entry("details", details)?;
        }
        map.serialize_entry("code", &self.0.code)?;
        map.end()
    }
}

/// `kymas.inventory.kyma-project.io`, or just `namespaces` in the core group.
fn qualified(resource: &str, group: &str) -> String {
    if group.is_empty() { resource.to_owned() } else { format!("{resource}.{group}") }
}

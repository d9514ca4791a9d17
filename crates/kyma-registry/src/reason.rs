//! Failures of the API as the real server words them: `metav1.Status` and its field errors.
//!
//! Everything that can go wrong between a request and the store becomes an [`ApiError`]; the HTTP floor only
//! serialises it. Texts, reasons and codes follow `k8s.io/apimachinery/pkg/api/errors` (1.37), because clients match
//! on them.

mod field_error;
mod gojson;
pub(crate) mod gotext;
mod path;
mod status;

pub use field_error::{BadValue, FieldError, FieldErrorKind};
pub(crate) use field_error::{aggregate, distinct};
pub use gojson::in_words as json_error;
pub use path::Path;
pub(crate) use path::{Segment, Trail};
pub use status::{ApiError, Cause, Details};

/// The body of a 404 for a path that no handler serves: plain text, not a `Status` (Go's `http.NotFound`).
pub const PAGE_NOT_FOUND: &str = "404 page not found\n";

/// What a stale resourceVersion is answered with (`registry.OptimisticLockErrorMsg`).
pub const OPTIMISTIC_LOCK: &str =
    "the object has been modified; please apply your changes to the latest version and try again";

/// The machine-readable reasons of `metav1.StatusReason`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reason {
    /// No reason is known; written as no reason at all.
    Unknown,
    /// 401: no or wrong credentials.
    Unauthorized,
    /// 403: the caller may not do this.
    Forbidden,
    /// 404: the object does not exist.
    NotFound,
    /// 409: the object exists already.
    AlreadyExists,
    /// 409: the object changed in between, or a precondition failed.
    Conflict,
    /// 410: the item is gone for good.
    Gone,
    /// 410: the revision that was asked for is no longer kept.
    Expired,
    /// 422: the object breaks a rule of its kind.
    Invalid,
    /// 500: the server could not finish; the client may try again.
    ServerTimeout,
    /// 504: the request took longer than it may.
    Timeout,
    /// 429: try again later.
    TooManyRequests,
    /// 400: the request itself is wrong.
    BadRequest,
    /// 405: the resource has no such verb.
    MethodNotAllowed,
    /// 406: none of the accepted media types can be made.
    NotAcceptable,
    /// 413: the body is too large.
    RequestEntityTooLarge,
    /// 415: the body's media type is not understood.
    UnsupportedMediaType,
    /// 500: a fault of the server.
    InternalError,
    /// 503: the server cannot serve right now.
    ServiceUnavailable,
}

impl Reason {
    /// The reason as it stands in a `Status`; empty for [`Reason::Unknown`].
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "",
            Self::Unauthorized => "Unauthorized",
            Self::Forbidden => "Forbidden",
            Self::NotFound => "NotFound",
            Self::AlreadyExists => "AlreadyExists",
            Self::Conflict => "Conflict",
            Self::Gone => "Gone",
            Self::Expired => "Expired",
            Self::Invalid => "Invalid",
            Self::ServerTimeout => "ServerTimeout",
            Self::Timeout => "Timeout",
            Self::TooManyRequests => "TooManyRequests",
            Self::BadRequest => "BadRequest",
            Self::MethodNotAllowed => "MethodNotAllowed",
            Self::NotAcceptable => "NotAcceptable",
            Self::RequestEntityTooLarge => "RequestEntityTooLarge",
            Self::UnsupportedMediaType => "UnsupportedMediaType",
            Self::InternalError => "InternalError",
            Self::ServiceUnavailable => "ServiceUnavailable",
        }
    }

    /// The HTTP status code that the real server sends with this reason.
    pub const fn code(self) -> u16 {
        match self {
            Self::BadRequest => 400,
            Self::Unauthorized => 401,
            Self::Forbidden => 403,
            Self::NotFound => 404,
            Self::MethodNotAllowed => 405,
            Self::NotAcceptable => 406,
            Self::AlreadyExists | Self::Conflict => 409,
            Self::Gone | Self::Expired => 410,
            Self::RequestEntityTooLarge => 413,
            Self::UnsupportedMediaType => 415,
            Self::Invalid => 422,
            Self::TooManyRequests => 429,
            Self::Unknown | Self::ServerTimeout | Self::InternalError => 500,
            Self::ServiceUnavailable => 503,
            Self::Timeout => 504,
        }
    }
}

#[cfg(test)]
mod tests;

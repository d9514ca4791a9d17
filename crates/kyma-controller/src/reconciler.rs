//! What the caller supplies: a function from a key to an outcome.

use std::fmt::Debug;
use std::future::Future;
use std::hash::Hash;
use std::time::Duration;

use kyma_workqueue::Turn;

/// Brings the world nearer to what is wanted, one key at a time.
pub trait Reconciler: Send + Sync + 'static {
    /// What is looked at. It says which object, never what changed.
    type Key: Clone + Eq + Hash + Ord + Debug + Send + Sync + 'static;

    /// The controller's name, for metrics and logs.
    fn name(&self) -> &'static str;

    /// Looks at the key and does what is due. Never called for the same key twice at a time. It should not sleep:
    /// what is due later is an [`Outcome::After`].
    fn reconcile(&self, key: &Self::Key) -> impl Future<Output = Outcome> + Send;
}

/// What comes next for a key. All but [`Outcome::Retry`] end its row of failures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Nothing, until something changes.
    Done,
    /// Another look after a delay.
    After {
        /// From now.
        delay: Duration,
        /// The turn it then has.
        turn: Turn,
    },
    /// Another look when its turn comes.
    Again {
        /// The turn it has.
        turn: Turn,
    },
    /// It failed: another look after the back-off.
    Retry {
        /// Its priority among other retries.
        priority: u64,
        /// The kind of failure, for metrics.
        reason: ErrorClass,
        /// What happened, for the log.
        message: String,
    },
}

impl Outcome {
    /// Its name in controller-runtime's metrics.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Done => "success",
            Self::After { .. } => "requeue_after",
            Self::Again { .. } => "requeue",
            Self::Retry { .. } => "error",
        }
    }

    /// A retry because of a failed request.
    #[must_use]
    pub fn failed(priority: u64, error: &kube::Error) -> Self {
        Self::Retry { priority, reason: ErrorClass::of(error), message: error.to_string() }
    }
}

/// Kinds of failure, few enough for a metric label.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ErrorClass {
    /// 409 with reason Conflict: the object is newer than what was read.
    Conflict,
    /// 409 with reason AlreadyExists: the name is taken.
    AlreadyExists,
    /// 404.
    NotFound,
    /// 401 and 403.
    Forbidden,
    /// Any other 4xx: the server will not take this.
    Invalid,
    /// 429: later.
    Throttled,
    /// 5xx.
    Server,
    /// No answer.
    Transport,
    /// An answer that cannot be read.
    Decode,
    /// The reconciler panicked.
    Panic,
    /// Anything else.
    Other,
}

impl ErrorClass {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::Conflict,
        Self::AlreadyExists,
        Self::NotFound,
        Self::Forbidden,
        Self::Invalid,
        Self::Throttled,
        Self::Server,
        Self::Transport,
        Self::Decode,
        Self::Panic,
        Self::Other,
    ];

    /// The class of a failed request.
    #[must_use]
    pub fn of(error: &kube::Error) -> Self {
        match error {
            kube::Error::Api(status) => match (status.code, status.reason.as_str()) {
                (409, "AlreadyExists") => Self::AlreadyExists,
                (409, _) => Self::Conflict,
                (404, _) => Self::NotFound,
                (401 | 403, _) => Self::Forbidden,
                (429, _) => Self::Throttled,
                (400..500, _) => Self::Invalid,
                (500.., _) => Self::Server,
                _ => Self::Other,
            },
            kube::Error::HyperError(_) | kube::Error::Service(_) | kube::Error::ReadEvents(_) => {
                Self::Transport
            }
            kube::Error::SerdeError(_) | kube::Error::FromUtf8(_) => Self::Decode,
            _ => Self::Other,
        }
    }

    /// Whether the same request may succeed later without anybody changing anything.
    #[must_use]
    pub fn is_transient(self) -> bool {
        matches!(self, Self::Throttled | Self::Server | Self::Transport)
    }

    /// The label's value.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Conflict => "conflict",
            Self::AlreadyExists => "already_exists",
            Self::NotFound => "not_found",
            Self::Forbidden => "forbidden",
            Self::Invalid => "invalid",
            Self::Throttled => "throttled",
            Self::Server => "server",
            Self::Transport => "transport",
            Self::Decode => "decode",
            Self::Panic => "panic",
            Self::Other => "other",
        }
    }
}

#[cfg(test)]
mod tests {
    use kube::core::Status;

    use super::*;

    #[test]
    fn failures_are_classed_by_code_and_reason() {
        let cases = [
            (409, "Conflict", ErrorClass::Conflict),
            (409, "AlreadyExists", ErrorClass::AlreadyExists),
            (404, "NotFound", ErrorClass::NotFound),
            (401, "Unauthorized", ErrorClass::Forbidden),
            (403, "Forbidden", ErrorClass::Forbidden),
            (400, "BadRequest", ErrorClass::Invalid),
            (422, "Invalid", ErrorClass::Invalid),
            (429, "TooManyRequests", ErrorClass::Throttled),
            (503, "ServiceUnavailable", ErrorClass::Server),
            (0, "", ErrorClass::Other),
        ];
        for (code, reason, expected) in cases {
            let error = kube::Error::Api(Status::failure("no", reason).with_code(code).boxed());
            assert_eq!(ErrorClass::of(&error), expected, "{code} {reason}");
        }
        let lost = kube::Error::Service("connection refused".into());
        assert_eq!(ErrorClass::of(&lost), ErrorClass::Transport);
    }

    #[test]
    fn names_are_distinct() {
        let names: std::collections::BTreeSet<_> =
            ErrorClass::ALL.into_iter().map(ErrorClass::as_str).collect();
        assert_eq!(names.len(), ErrorClass::ALL.len());
    }
}

//! What a validation found: kube-openapi's `Result`.

use crate::reason::{BadValue, FieldError, FieldErrorKind, Path, Trail};
use serde_json::Value;

/// One thing that is wrong.
#[derive(Debug)]
struct Failure {
    /// kube-openapi's text, by which it tells doubles.
    message: String,
    /// What becomes of it, with its path from the validated value on.
    error: FieldError,
}

/// Failures, and how many checks were passed: `anyOf` and `oneOf` report the branch that got furthest.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    failures: Vec<Failure>,
    pub(super) matched: u32,
}

impl Outcome {
    pub(super) fn is_valid(&self) -> bool {
        self.failures.is_empty()
    }

    /// How many failures there are, for [`Outcome::forget`].
    pub(super) fn mark(&self) -> usize {
        self.failures.len()
    }

    /// Drops the failures since a mark; the checks that were passed still count.
    pub(super) fn forget(&mut self, mark: usize) {
        self.failures.truncate(mark);
    }

    /// Takes over another outcome, doubles left out.
    pub(super) fn merge(&mut self, other: Self) {
        self.matched += other.matched;
        for failure in other.failures {
            self.add(failure);
        }
    }

    fn add(&mut self, failure: Failure) {
        if !self.failures.iter().any(|known| known.message == failure.message) {
            self.failures.push(failure);
        }
    }

    /// A failure of which the message is shown.
    pub(super) fn fail(&mut self, kind: FieldErrorKind, at: &Trail<'_>, value: Value, message: String) {
        let error = FieldError {
            kind,
            path: at.below(&Path::root()),
            value: BadValue::Json(value),
            detail: message.clone(),
        };
        self.add(Failure { message, error });
    }

    /// A failure that has words of its own; `message` only tells doubles.
    pub(super) fn fail_as(&mut self, message: String, error: FieldError) {
        self.add(Failure { message, error });
    }

    /// A failure without a place: kube-openapi has only a text for it, so it is put at the validated value.
    pub(super) fn fail_plain(&mut self, message: String) {
        let error = FieldError::invalid(&Path::root(), "", message.clone());
        self.add(Failure { message, error });
    }

    /// The failures as field errors below `base`. Upstream puts a dot between the two even before a bracket.
    pub(super) fn into_errors(self, base: &Path) -> Vec<FieldError> {
        let place = |mut error: FieldError| {
            error.path = if error.path.is_root() { base.clone() } else { base.child(error.path.as_str()) };
            error
        };
        self.failures.into_iter().map(|failure| place(failure.error)).collect()
    }
}

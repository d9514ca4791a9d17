//! Why an expression does not compile, or has no value.

use crate::source::Report;

/// Why an expression does not compile.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CompileError {
    /// It is no expression, or its types do not fit.
    #[error("{0}")]
    Issues(Report),
    /// A part that does not depend on data has no value: a pattern that is none, a number out of range.
    #[error("{0}")]
    Instantiation(String),
}

/// Why an evaluation has no value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EvalError {
    /// An operation failed; the text is cel-go's.
    #[error("{0}")]
    Failed(String),
    /// The real library panics here, while it counts costs, and makes this error of it.
    #[error("internal error: {0}")]
    Internal(String),
    /// The evaluation cost more than a single one may.
    #[error("operation cancelled: actual cost limit exceeded")]
    CallCostExceeded,
    /// The evaluation cost more than was left of the budget.
    #[error("validation failed due to running out of cost budget, no further validation rules will be run")]
    BudgetExceeded,
}

impl EvalError {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self::Failed(message.into())
    }

    pub(crate) fn no_such_overload() -> Self {
        Self::new("no such overload")
    }

    /// Whether nothing absorbs the error: the evaluation is over.
    pub(crate) fn is_final(&self) -> bool {
        !matches!(self, Self::Failed(_))
    }
}

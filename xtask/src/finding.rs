//! What a check reports.

use std::fmt;

/// One broken rule: where, which, and the way out.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Finding {
    /// Relative to the repository's root, with `/`.
    pub(crate) path: String,
    /// From 1; 1 where the finding is about the file as a whole.
    pub(crate) line: usize,
    pub(crate) message: String,
}

impl Finding {
    pub(crate) fn new(path: impl Into<String>, line: usize, message: impl Into<String>) -> Self {
        Self { path: path.into(), line, message: message.into() }
    }

    /// A finding about a file as a whole.
    pub(crate) fn file(path: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(path, 1, message)
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.path, self.line, self.message)
    }
}

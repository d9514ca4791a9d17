//! How a command ends: exit codes, and errors in one line with a way out.

use std::error::Error;
use std::io::Write as _;
use std::process::ExitCode;

/// Why a command failed. Printed once, by `main`.
#[derive(Debug)]
pub(crate) struct Failure {
    code: u8,
    message: String,
}

impl Failure {
    /// What failed, and the chain of causes behind it.
    pub(crate) fn new(what: impl Into<String>, cause: &(dyn Error + 'static)) -> Self {
        Failure { code: 1, message: format!("{}: {}", what.into(), chain(cause)) }
    }

    /// The error says it all.
    pub(crate) fn of(error: &(dyn Error + 'static)) -> Self {
        Failure { code: 1, message: chain(error) }
    }

    /// A message of our own.
    pub(crate) fn text(message: impl Into<String>) -> Self {
        Failure { code: 1, message: message.into() }
    }

    /// Flags that contradict each other or cannot be met.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Failure { code: 2, message: message.into() }
    }

    /// A gate that does not hold.
    pub(crate) fn gate(message: impl Into<String>) -> Self {
        Failure { code: 3, message: message.into() }
    }

    /// Prints the message to standard error.
    pub(crate) fn report(self) -> ExitCode {
        // Where standard error is closed there is nobody to tell.
        let _ = writeln!(std::io::stderr().lock(), "error: {}", self.message);
        ExitCode::from(self.code)
    }
}

/// An error and its sources in one line; a source that the text before it repeats is left out.
pub(crate) fn chain(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        let next = error.to_string();
        if !text.contains(&next) {
            text.push_str(": ");
            text.push_str(&next);
        }
        source = error.source();
    }
    text
}

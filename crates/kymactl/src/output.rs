//! Writing to standard output. A reader that has gone away is no error.

use std::io::{self, IsTerminal, Write as _};

use crate::exit::Failure;

/// Writes text to standard output.
pub(crate) fn print(text: &str) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if !is_gone(&error) => Err(Failure::new("failed to write to standard output", &error)),
        _ => Ok(()),
    }
}

/// Whether nobody reads any more: the other end of a pipe has closed, or the terminal was.
fn is_gone(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::BrokenPipe
        || error.raw_os_error() == Some(rustix::io::Errno::IO.raw_os_error())
}

/// Writes a line to standard output.
pub(crate) fn line(text: &str) -> Result<(), Failure> {
    print(&format!("{text}\n"))
}

/// Whether a person watches standard output.
pub(crate) fn is_terminal() -> bool {
    io::stdout().is_terminal()
}

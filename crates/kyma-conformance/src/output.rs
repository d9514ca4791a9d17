//! What a reader of a run sees: a line per case, and the totals.

use std::error::Error;
use std::io::Write;
use std::time::Duration;

use crate::check::Failure;

/// How a run ended, counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Cases that hold.
    pub passed: usize,
    /// Cases that do not.
    pub failed: usize,
    /// Cases that could not run, because something that they need is not here.
    pub skipped: usize,
}

impl Totals {
    pub(crate) fn add(&mut self, other: Self) {
        let Self { passed, failed, skipped } = other;
        self.passed += passed;
        self.failed += failed;
        self.skipped += skipped;
    }

    /// `12 passed, 0 failed`, and `, 3 skipped` when there are any.
    fn line(self) -> String {
        let Self { passed, failed, skipped } = self;
        let skipped = if skipped == 0 { String::new() } else { format!(", {skipped} skipped") };
        format!("{passed} passed, {failed} failed{skipped}")
    }
}

/// How one case ended.
#[derive(Debug)]
pub(crate) enum Verdict {
    Passed,
    Failed(Failure),
    Skipped(String),
}

/// The lines of a run. A writer that is gone (a closed pipe) does not end the run: the exit code still tells.
pub struct Output {
    writer: Box<dyn Write + Send>,
    colours: bool,
}

impl std::fmt::Debug for Output {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Output").field("colours", &self.colours).finish_non_exhaustive()
    }
}

const GREEN: &str = "32";
const RED: &str = "31";
const YELLOW: &str = "33";

impl Output {
    /// Lines to `writer`, with colours if it is a terminal.
    pub fn new(writer: impl Write + Send + 'static, colours: bool) -> Self {
        Self { writer: Box::new(writer), colours }
    }

    /// Why the run could not be done, with all causes.
    pub fn error(&mut self, error: &dyn Error) {
        let mut text = format!("error: {error}");
        let mut source = error.source();
        while let Some(cause) = source {
            text.push_str(": ");
            text.push_str(&cause.to_string());
            source = cause.source();
        }
        self.line(&text);
    }

    /// One line as it is.
    pub(crate) fn line(&mut self, text: &str) {
        let _ = writeln!(self.writer, "{text}");
        let _ = self.writer.flush();
    }

    /// `ok create/taken (real) 0.12s`; a failure with its details below, a skipped case with its reason.
    pub(crate) fn case(&mut self, name: &str, server: &str, took: Duration, verdict: &Verdict) {
        let seconds = took.as_secs_f64();
        match verdict {
            Verdict::Passed => {
                let word = self.coloured("ok", GREEN);
                self.line(&format!("{word} {name} ({server}) {seconds:.2}s"));
            }
            Verdict::Failed(failure) => {
                let word = self.coloured("FAILED", RED);
                let details = failure.to_string().replace('\n', "\n    ");
                self.line(&format!("{word} {name} ({server}) {seconds:.2}s\n    {details}"));
            }
            Verdict::Skipped(reason) => {
                let word = self.coloured("skipped", YELLOW);
                self.line(&format!("{word} {name} ({server}): {reason}"));
            }
        }
    }

    /// The last line of a run.
    pub(crate) fn totals(&mut self, totals: Totals) {
        self.line(&totals.line());
    }

    fn coloured(&self, text: &str, colour: &str) -> String {
        if self.colours { format!("\u{1b}[{colour}m{text}\u{1b}[0m") } else { text.to_owned() }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::io::Write;
    use std::sync::Arc;
    use std::time::Duration;

    use parking_lot::Mutex;

    use super::{Output, Totals, Verdict};
    use crate::check::Failure;

    /// A writer whose text can be read afterwards.
    #[derive(Clone, Default)]
    pub(crate) struct Shared(Arc<Mutex<Vec<u8>>>);

    impl Shared {
        pub(crate) fn text(&self) -> String {
            String::from_utf8(self.0.lock().clone()).unwrap()
        }
    }

    impl Write for Shared {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    fn printed(colours: bool, verdict: &Verdict) -> String {
        let shared = Shared::default();
        Output::new(shared.clone(), colours).case("a/b", "real", Duration::from_millis(123), verdict);
        shared.text()
    }

    #[test]
    fn a_case_is_one_line_and_a_failure_shows_both_sides() {
        assert_eq!(printed(false, &Verdict::Passed), "ok a/b (real) 0.12s\n");
        assert_eq!(
            printed(false, &Verdict::Skipped("no kubectl".into())),
            "skipped a/b (real): no kubectl\n"
        );
        let failed = printed(false, &Verdict::Failed(Failure::new("code", "409", "404")));
        assert!(failed.starts_with("FAILED a/b (real) 0.12s\n    code ("), "{failed}");
        assert!(failed.ends_with("\n      expected: 409\n      actual:   404\n"), "{failed}");
    }

    #[test]
    fn colours_are_for_terminals() {
        assert_eq!(printed(true, &Verdict::Passed), "\u{1b}[32mok\u{1b}[0m a/b (real) 0.12s\n");
    }

    #[test]
    fn the_totals_name_skipped_cases_only_if_there_are_any() {
        let mut totals = Totals { passed: 2, failed: 1, skipped: 0 };
        assert_eq!(totals.line(), "2 passed, 1 failed");
        totals.add(Totals { passed: 1, failed: 0, skipped: 4 });
        assert_eq!(totals.line(), "3 passed, 1 failed, 4 skipped");
    }

    #[test]
    fn an_error_is_printed_with_its_causes() {
        let shared = Shared::default();
        let cause = std::io::Error::other("disk full");
        let error = std::io::Error::other(cause);
        Output::new(shared.clone(), false).error(&error);
        assert_eq!(shared.text(), "error: disk full\n");
    }
}

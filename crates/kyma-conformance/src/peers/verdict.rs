//! What the two runs of a suite come to, as a decision without I/O.

use serde::Deserialize;

use super::report::Cases;

/// Cases that the embedded server is not asked to pass.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub(crate) struct Exception {
    /// The suite, such as `controller-runtime/client`.
    pub(crate) suite: String,
    /// The case's whole name, as the table shows it.
    pub(crate) case: String,
    /// Why.
    pub(crate) reason: String,
}

/// A suite's line in the table, and what is wrong with it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Judged {
    /// Specs that pass on the real server.
    pub(crate) real: usize,
    /// Specs that pass on the embedded server.
    pub(crate) embedded: usize,
    /// Cases that pass on the real server only, with what they said.
    pub(crate) failed: Vec<(String, String)>,
    /// Cases that fail on the embedded server for a reason that is written down.
    pub(crate) excused: Vec<(String, String)>,
    /// Cases that fail on the real server, too.
    pub(crate) inapplicable: Vec<(String, String)>,
    /// Exceptions that nothing needs any more.
    pub(crate) stale: Vec<String>,
}

impl Judged {
    /// Whether nothing needs anybody's attention.
    pub(crate) fn holds(&self) -> bool {
        self.failed.is_empty() && self.stale.is_empty() && self.real > 0
    }
}

/// Compares a suite's cases; `exceptions` are those of all suites.
pub(crate) fn judge(suite: &str, real: &Cases, embedded: &Cases, exceptions: &[Exception]) -> Judged {
    let mut judged = Judged {
        real: real.values().map(|specs| specs.passed).sum(),
        embedded: embedded.values().map(|specs| specs.passed).sum(),
        ..Judged::default()
    };
    let exceptions = exceptions.iter().filter(|exception| exception.suite == suite);
    let mut unused: Vec<&Exception> = exceptions.collect();
    // Both sides' names: a step such as BeforeSuite is only seen where it fails.
    let mut names: Vec<&String> = real.keys().chain(embedded.keys()).collect();
    names.sort_unstable();
    names.dedup();
    for name in names {
        if let Some(specs) = real.get(name).filter(|specs| specs.failed > 0) {
            judged.inapplicable.push((name.clone(), specs.why.clone().unwrap_or_default()));
            continue;
        }
        let wanted = real.get(name).map_or(0, |specs| specs.passed);
        let why = match embedded.get(name) {
            Some(specs) if specs.failed > 0 => specs.why.clone().unwrap_or_default(),
            Some(specs) if specs.passed >= wanted => continue,
            _ => "it did not run".to_owned(),
        };
        match unused.iter().position(|exception| exception.case == *name) {
            Some(at) => judged.excused.push((name.clone(), unused.remove(at).reason.clone())),
            None => judged.failed.push((name.clone(), why)),
        }
    }
    judged.stale = unused.into_iter().map(|exception| exception.case.clone()).collect();
    judged
}

#[cfg(test)]
mod tests {
    use super::super::report::{Cases, Specs};
    use super::{Exception, judge};

    fn cases(list: &[(&str, usize, usize)]) -> Cases {
        let specs = |passed, failed| Specs { passed, failed, why: (failed > 0).then(|| "why".to_owned()) };
        list.iter().map(|(name, passed, failed)| ((*name).to_owned(), specs(*passed, *failed))).collect()
    }

    fn exception(case: &str) -> Exception {
        Exception { suite: "s".into(), case: case.into(), reason: "reason".into() }
    }

    fn pair(name: &str, text: &str) -> (String, String) {
        (name.to_owned(), text.to_owned())
    }

    #[test]
    fn what_passes_on_the_real_server_has_to_pass_on_ours() {
        let real = cases(&[("a", 2, 0), ("b", 1, 0), ("c", 1, 0), ("d", 0, 1)]);
        let embedded = cases(&[("a", 1, 1), ("b", 1, 0), ("d", 0, 1)]);
        let judged = judge("s", &real, &embedded, &[]);
        assert_eq!((judged.real, judged.embedded), (4, 2));
        assert_eq!(judged.failed, [pair("a", "why"), pair("c", "it did not run")]);
        assert_eq!(judged.inapplicable, [pair("d", "why")]);
        assert!(!judged.holds());
    }

    #[test]
    fn an_exception_excuses_its_case_and_no_other() {
        let real = cases(&[("a", 1, 0), ("b", 1, 0)]);
        let embedded = cases(&[("a", 0, 1), ("b", 1, 0)]);
        let judged = judge("s", &real, &embedded, &[exception("a")]);
        assert_eq!(judged.excused, [pair("a", "reason")]);
        assert!(judged.holds());
        let other = Exception { suite: "t".into(), ..exception("a") };
        assert!(!judge("s", &real, &embedded, &[other]).holds());
    }

    #[test]
    fn an_exception_that_nothing_needs_is_reported() {
        let both = cases(&[("a", 1, 0)]);
        let judged = judge("s", &both, &both, &[exception("a")]);
        assert_eq!(judged.stale, ["a"]);
        assert!(!judged.holds());
    }

    #[test]
    fn a_step_that_fails_on_ours_alone_counts() {
        let judged = judge("s", &cases(&[("a", 1, 0)]), &cases(&[("BeforeSuite", 0, 1)]), &[]);
        assert_eq!(judged.failed, [pair("BeforeSuite", "why"), pair("a", "it did not run")]);
    }

    #[test]
    fn a_suite_without_cases_proves_nothing() {
        assert!(!judge("s", &cases(&[]), &cases(&[]), &[]).holds());
    }
}

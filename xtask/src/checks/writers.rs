//! What must have one writer has one.

use crate::finding::Finding;
use crate::repository::Repository;

struct OneWriter {
    /// Where the rule holds.
    within: &'static str,
    /// The modules that may, each a file with its folder.
    only: &'static [&'static str],
    /// What writing looks like.
    patterns: &'static [&'static [&'static str]],
    what: &'static str,
}

/// How a change of an object leaves a program: through kube's `Api`, or as a request of one's own.
const WRITES: &[&str] = &[
    "PostParams",
    "PatchParams",
    "DeleteParams",
    ".replace_status(",
    ".patch_status(",
    ".delete_collection(",
    "Request::post(",
    "Request::put(",
    "Request::patch(",
    "Request::delete(",
    ".method_mut()",
    // Whatever the builder is given: a literal (of which only the quote is compared) or a constant.
    ".method(\"",
    ".method(Method::",
    ".method(http::Method::",
];

/// Who reads by watch alone has no use for any of these.
const REQUESTS: &[&str] = &[
    ".request(",
    ".request::<",
    ".request_text(",
    ".request_status(",
    "Method::POST",
    "Method::PUT",
    "Method::PATCH",
    "Method::DELETE",
];

/// Through which one could write without naming any of the above.
const HANDLES: &[&str] = &["kube::Api", "api::Api", "Api::", "Api<"];

/// How a revision comes after another.
const REVISIONS: &[&str] =
    &["Revision::next", "Revision::new", "revision.next()", "last.next()", "durable.next()", ".get() + 1"];

const RULES: &[OneWriter] = &[
    OneWriter {
        within: "crates/kyma-store/src/",
        only: &["crates/kyma-store/src/commit.rs", "crates/kyma-store/src/revision.rs"],
        patterns: &[REVISIONS],
        what: "resource versions are handed out by the store's commit",
    },
    OneWriter {
        within: "crates/kyma-operator/src/",
        only: &["crates/kyma-operator/src/apply.rs"],
        patterns: &[WRITES, REQUESTS],
        what: "the three kinds are written by the operator's apply",
    },
    OneWriter {
        within: "crates/kyma-operator/src/",
        only: &[
            "crates/kyma-operator/src/run.rs",
            "crates/kyma-operator/src/shards.rs",
            "crates/kyma-operator/src/apply.rs",
        ],
        patterns: &[HANDLES],
        what: "kube's Api is for the informers, which run.rs and shards.rs start",
    },
    OneWriter {
        within: "crates/kyma-controller/src/",
        only: &[
            "crates/kyma-controller/src/elector.rs",
            "crates/kyma-controller/src/sharder.rs",
            "crates/kyma-controller/src/events.rs",
            // Reviews are questions: the server keeps nothing of them.
            "crates/kyma-controller/src/admin/guard.rs",
        ],
        patterns: &[WRITES],
        what: "the controller runtime writes nothing but Events and its Leases",
    },
];

pub(crate) fn check(repository: &Repository) -> Vec<Finding> {
    let mut findings = Vec::new();
    for rule in RULES {
        for (path, source) in repository.sources().filter(|(path, _)| path.starts_with(rule.within)) {
            if repository.is_test(path) || rule.only.iter().any(|file| is_within(file, path)) {
                continue;
            }
            for pattern in rule.patterns.iter().copied().flatten() {
                for line in source.find(pattern) {
                    let message = format!("`{pattern}`: {}; move it to {}", rule.what, rule.only[0]);
                    findings.push(Finding::new(path, line, message));
                }
            }
        }
    }
    findings
}

fn is_within(module: &str, path: &str) -> bool {
    path == module || module.strip_suffix(".rs").is_some_and(|dir| path.starts_with(&format!("{dir}/")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings_of(path: &str, text: &str) -> Vec<String> {
        check(&Repository::of(&[(path, text)])).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_second_writer_of_revisions_is_found() {
        for code in ["fn f() { let a = self.last.next(); }", "fn f() { Revision::new(a.get() + 1); }"] {
            let found = findings_of("crates/kyma-store/src/watch.rs", code);
            assert!(found[0].contains("handed out by the store's commit"), "{found:?}");
            assert_eq!(findings_of("crates/kyma-store/src/commit.rs", code), Vec::<String>::new());
            assert_eq!(findings_of("crates/kyma-store/src/watch/tests.rs", code), Vec::<String>::new());
        }
        let iterator = "fn f() { events.iter().next(); }";
        assert_eq!(findings_of("crates/kyma-store/src/watch.rs", iterator), Vec::<String>::new());
    }

    #[test]
    fn a_second_writer_of_the_three_kinds_is_found() {
        for code in [
            "fn f() { api.replace_status(name, &params, &object); }",
            "fn f() { Api::<Kyma>::all(client).create(&Default::default(), &kyma); }",
            "fn f(kymas: &Api<Kyma>) {}",
            "fn f() { client.request::<Kyma>(request); }",
            "use kube::api::{DeleteParams, ListParams};",
            "fn f() { let m = Method::PATCH; }",
            "use http::{Method, Request};\nfn f() { Request::post(url); }",
        ] {
            assert!(!findings_of("crates/kyma-operator/src/kyma.rs", code).is_empty(), "{code}");
            assert_eq!(findings_of("crates/kyma-operator/src/apply.rs", code), Vec::<String>::new());
            assert_eq!(findings_of("crates/kyma-operator/src/apply/status.rs", code), Vec::<String>::new());
            assert_eq!(findings_of("crates/kyma-operator/src/kyma/tests.rs", code), Vec::<String>::new());
        }
        let found = findings_of("crates/kyma-operator/src/kyma.rs", "\nfn f() { api.replace_status(name); }");
        assert!(found[0].starts_with("crates/kyma-operator/src/kyma.rs:2: `.replace_status(`"), "{found:?}");
    }

    #[test]
    fn the_informers_start_with_an_api_that_writes_nothing() {
        let run = "crates/kyma-operator/src/run.rs";
        assert_eq!(findings_of(run, "fn f(a: Api<Kyma>) { manager.inform(a); }"), Vec::<String>::new());
        assert_eq!(
            findings_of(run, "fn f(a: Api<Kyma>) { a.delete(n, &DeleteParams::default()); }").len(),
            1
        );
    }

    #[test]
    fn the_controller_runtime_writes_events_and_its_lease_only() {
        for code in [
            "fn f() { api.patch(name, &PatchParams::default(), &patch); }",
            "fn f() { Request::builder().method(Method::PATCH); }",
            "fn f() { Request::builder().method(\"PATCH\"); }",
            "fn f() { *request.method_mut() = method; }",
        ] {
            assert_eq!(findings_of("crates/kyma-controller/src/informer.rs", code).len(), 1, "{code}");
            for own in ["events", "elector", "sharder"] {
                let path = format!("crates/kyma-controller/src/{own}.rs");
                assert_eq!(findings_of(&path, code), Vec::<String>::new());
            }
        }
        let label = "fn f(request: &R) { match *request.method() { Method::PUT => 1, _ => 2 }; }";
        assert_eq!(findings_of("crates/kyma-controller/src/metrics.rs", label), Vec::<String>::new());
    }

    #[test]
    fn reading_is_free() {
        let code =
            "fn f() { api.get(name); api.list(&ListParams::default()); Method::GET; text.replace(a, b); }";
        assert_eq!(findings_of("crates/kyma-operator/src/kyma.rs", code), Vec::<String>::new());
    }
}

//! Pure modules decide from their arguments alone: no async, no clock, no environment, no files, no network.

use crate::finding::Finding;
use crate::repository::Repository;

/// A folder (ending in `/`) or a module: `a.rs` with what is under `a/`. Each must exist, so that a module that
/// moves does not leave its rule behind.
const PURE: &[&str] = &[
    "crates/kyma-inventory/src/",
    "crates/kyma-workqueue/src/",
    "crates/kyma-controller/src/cache.rs",
    "crates/kyma-controller/src/client/gate.rs",
    "crates/kyma-controller/src/client/pace.rs",
    "crates/kyma-controller/src/election.rs",
    "crates/kyma-controller/src/events/correlate.rs",
    "crates/kyma-controller/src/events/recent.rs",
    "crates/kyma-controller/src/shard.rs",
    "crates/kyma-operator/src/decide.rs",
    "crates/kyma-operator/src/fleet.rs",
    "crates/kyma-operator/src/memory.rs",
    "crates/kyma-operator/src/records.rs",
    "crates/kyma-store/src/commit.rs",
    "crates/kyma-store/src/history.rs",
    "crates/kyma-store/src/keyspace.rs",
    "crates/kyma-store/src/revision.rs",
    "crates/kyma-cel/src/",
    "crates/kyma-registry/src/",
    "crates/kyma-apiserver/src/path.rs",
    "crates/kyma-apiserver/src/encode.rs",
    "crates/kyma-report/src/",
    "crates/kyma-loadtest/src/arrival.rs",
    "crates/kyma-loadtest/src/collect/exposition.rs",
    "crates/kyma-loadtest/src/evaluate.rs",
    "crates/kyma-loadtest/src/ledger.rs",
    "crates/kyma-loadtest/src/scenario.rs",
];

/// What carries the pure modules of a folder named above, or lets them give way: no rule holds here.
const DRIVERS: &[&str] = &[
    "crates/kyma-cel/src/stack.rs",
    "crates/kyma-registry/src/turns.rs",
    "crates/kyma-workqueue/src/driver.rs",
];

/// The writing verbs and the watch: they wait for the store, and are pure otherwise.
const WAITING: &[&str] = &[
    "crates/kyma-registry/src/create.rs",
    "crates/kyma-registry/src/delete.rs",
    "crates/kyma-registry/src/posted.rs",
    "crates/kyma-registry/src/posted/eviction.rs",
    "crates/kyma-registry/src/update.rs",
    "crates/kyma-registry/src/watch.rs",
];

const ASYNC: &str = "decide here, and wait in the driver that calls it";
const CLOCK: &str = "take the time as a parameter";
const IO: &str = "take the contents as a parameter";
const SETTING: &str = "take the setting as a parameter";
const NETWORK: &str = "leave the network to the driver; an address as a value is core::net";

/// What a pure module does not contain, and the way out.
const FORBIDDEN: &[(&str, &str)] = &[
    ("async", ASYNC),
    (".await", ASYNC),
    ("tokio::spawn", ASYNC),
    ("std::thread", ASYNC),
    ("Instant::now", CLOCK),
    ("SystemTime", CLOCK),
    ("Timestamp::now", CLOCK),
    ("Zoned::now", CLOCK),
    ("tokio::time", CLOCK),
    (".elapsed()", CLOCK),
    ("std::env", SETTING),
    ("env::var", SETTING),
    ("std::fs", IO),
    ("fs::read", IO),
    ("fs::write", IO),
    ("std::process", IO),
    ("std::net", NETWORK),
];

pub(crate) fn check(repository: &Repository) -> Vec<Finding> {
    let mut findings = Vec::new();
    for rule in PURE {
        if !repository.sources().any(|(path, _)| covers(rule, path)) {
            let message = "no such module: correct the list of pure modules in xtask/src/checks/pure.rs";
            findings.push(Finding::file(*rule, message));
        }
    }
    for (path, source) in repository.sources() {
        let named_by = |rules: &[&str]| rules.iter().any(|rule| covers(rule, path));
        let pure = named_by(PURE) && !named_by(DRIVERS);
        if !pure || repository.is_test(path) {
            continue;
        }
        let waits = named_by(WAITING);
        for (pattern, way_out) in FORBIDDEN.iter().filter(|(_, way_out)| !(waits && *way_out == ASYNC)) {
            for line in source.find(pattern) {
                let message = format!("`{pattern}` in a pure module: {way_out}");
                findings.push(Finding::new(path, line, message));
            }
        }
    }
    findings
}

fn covers(rule: &str, path: &str) -> bool {
    if rule.ends_with('/') {
        return path.starts_with(rule);
    }
    let inside = rule.strip_suffix(".rs").and_then(|module| path.strip_prefix(module));
    path == rule || inside.is_some_and(|rest| rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Findings about one file's text, apart from those about modules that this made-up tree lacks.
    fn findings_of(path: &str, text: &str) -> Vec<String> {
        let findings = check(&Repository::of(&[(path, text)]));
        findings.iter().filter(|f| !f.message.starts_with("no such")).map(ToString::to_string).collect()
    }

    const MODULE: &str = "crates/kyma-store/src/history.rs";

    #[test]
    fn each_forbidden_thing_is_found_where_it_stands() {
        for code in [
            "async fn g() {}",
            "fn g() { f().await }",
            "fn g() { std::time::Instant::now(); }",
            "use std::{sync::Arc, time::SystemTime};",
            "fn g() { jiff::Timestamp::now(); }",
            "use tokio::{sync::mpsc, time::sleep};",
            "fn g() { std::env::args(); }",
            "use std::{env, io};",
            "fn g() { println!(\"{:?}\", std::fs::read(\"x\")); }",
            "use std::net::TcpStream;",
        ] {
            let found = findings_of(MODULE, &format!("fn f() {{}}\n{code}"));
            assert!(!found.is_empty(), "{code}");
            assert!(found[0].starts_with(&format!("{MODULE}:2: `")), "{found:?}");
        }
    }

    #[test]
    fn time_as_a_value_and_words_in_texts_pass() {
        let text = "//! Not async; no Instant::now().\nuse std::time::{Duration, Instant};\n\
                    /// Awaits nothing.\nfn f(now: Instant) -> Instant { now + Duration::from_secs(1) }\n\
                    const A: &str = \"async SystemTime\";\n\
                    #[cfg(test)]\nmod tests { fn g() { std::fs::read(\"x\"); } }";
        assert_eq!(findings_of(MODULE, text), Vec::<String>::new());
    }

    #[test]
    fn a_module_takes_its_folder_along_and_a_driver_is_left_out() {
        let text = "async fn f() {}";
        assert_eq!(findings_of("crates/kyma-store/src/history/window.rs", text).len(), 1);
        assert_eq!(findings_of("crates/kyma-store/src/history_log.rs", text).len(), 0);
        assert_eq!(findings_of("crates/kyma-workqueue/src/queue.rs", text).len(), 1);
        assert_eq!(findings_of("crates/kyma-workqueue/src/driver.rs", text).len(), 0);
        assert_eq!(findings_of("crates/kyma-workqueue/src/queue/tests.rs", text).len(), 0);
        assert_eq!(findings_of("crates/kyma-controller/src/election.rs", text).len(), 1);
    }

    #[test]
    fn a_verb_may_wait_and_nothing_else() {
        let verb = "crates/kyma-registry/src/create.rs";
        assert_eq!(findings_of(verb, "async fn f() { g().await }"), Vec::<String>::new());
        assert_eq!(findings_of(verb, "fn f() { Timestamp::now(); }").len(), 1);
        assert_eq!(findings_of("crates/kyma-registry/src/gc.rs", "async fn f() {}").len(), 1);
    }

    #[test]
    fn a_rule_without_its_module_is_found() {
        let findings = check(&Repository::of(&[(MODULE, "")]));
        assert_eq!(findings.len(), PURE.len() - 1);
        assert!(findings[0].to_string().contains("no such module"));
    }
}

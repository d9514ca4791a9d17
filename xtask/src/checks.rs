//! The checks, each a function from the repository's contents to findings.

mod bounds;
mod dead_files;
mod edges;
mod generated;
mod locks;
mod pure;
mod sizes;
mod words;
mod writers;

use crate::finding::Finding;
use crate::repository::Repository;

/// One rule of the house, with the name to run it alone.
pub(crate) struct Check {
    pub(crate) name: &'static str,
    pub(crate) what: &'static str,
    run: fn(&Repository) -> Vec<Finding>,
}

/// All of them, in the order of `cargo xtask help`.
pub(crate) const ALL: &[Check] = &[
    Check { name: "edges", what: "dependencies are those of xtask/edges.toml", run: edges::check },
    Check { name: "pure", what: "no async, clock or I/O in pure modules", run: pure::check },
    Check { name: "dead-files", what: "each .rs file is compiled, once", run: dead_files::check },
    Check { name: "sizes", what: "files and functions of a readable length", run: sizes::check },
    Check { name: "generated", what: "manifests and the table of edges are current", run: generated::check },
    Check {
        name: "locks",
        what: "the fuzz targets' lock file knows our crates as they are",
        run: locks::check,
    },
    Check { name: "words", what: "no machine paths, no leftovers", run: words::check },
    Check {
        name: "writers",
        what: "one writer of resource versions and of the three kinds",
        run: writers::check,
    },
    Check { name: "bounds", what: "no unbounded channels, no free text in labels", run: bounds::check },
];

/// Runs `checks`, and reports what does not parse in any case: no check has seen it.
pub(crate) fn run(repository: &Repository, checks: &[&Check]) -> Vec<Finding> {
    let found = checks.iter().flat_map(|check| (check.run)(repository));
    let mut findings: Vec<_> = repository.unparsed().iter().cloned().chain(found).collect();
    findings.sort();
    findings.dedup();
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_repository_keeps_its_own_rules() {
        let repository = Repository::read(&crate::root()).unwrap();
        assert!(repository.sources().count() > 0, "no sources under {}", crate::root().display());
        let findings = run(&repository, &ALL.iter().collect::<Vec<_>>());
        let lines: Vec<_> = findings.iter().map(ToString::to_string).collect();
        assert!(lines.is_empty(), "{} findings:\n{}", lines.len(), lines.join("\n"));
    }

    #[test]
    fn what_does_not_parse_is_reported_whatever_is_run() {
        let repository = Repository::of(&[("crates/a/src/lib.rs", "fn")]);
        assert_eq!(run(&repository, &[]).len(), 1);
    }
}

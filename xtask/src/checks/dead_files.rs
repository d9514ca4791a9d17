//! Every Rust file is compiled: reached by `mod` from one crate root, and not called `mod.rs`.

use crate::finding::Finding;
use crate::repository::Repository;

pub(crate) fn check(repository: &Repository) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, _) in repository.sources() {
        if path.ends_with("/mod.rs") {
            findings.push(Finding::file(
                path,
                "is a mod.rs; name it after its folder and put it beside: foo.rs + foo/",
            ));
            continue;
        }
        match repository.module(path) {
            None => findings.push(Finding::file(
                path,
                "is named by no `mod`, so nobody compiles it; declare it in its parent, or delete it",
            )),
            Some(module) if module.named_by.len() > 1 => {
                let parents: Vec<_> = module.named_by.iter().map(String::as_str).collect();
                let message =
                    format!("is compiled twice, by {}; declare it once and import it", parents.join(" and "));
                findings.push(Finding::file(path, message));
            }
            Some(_) => {}
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIVE: &[(&str, &str)] = &[
        ("crates/a/src/lib.rs", "pub mod store;\nmod inline { mod deep; }"),
        ("crates/a/src/main.rs", "fn main() {}"),
        ("crates/a/src/store.rs", "mod disk; #[cfg(test)] mod tests;"),
        ("crates/a/src/store/disk.rs", ""),
        ("crates/a/src/store/tests.rs", ""),
        ("crates/a/src/inline/deep.rs", ""),
        ("crates/a/tests/it/main.rs", "mod watch;"),
        ("crates/a/tests/it/watch.rs", ""),
        ("crates/a/build.rs", "fn main() {}"),
        ("examples/own/src/lib.rs", "mod part;"),
        ("examples/own/src/part.rs", ""),
        ("examples/own/tests/own.rs", ""),
        ("xtask/src/main.rs", "mod checks;"),
        ("xtask/src/checks.rs", ""),
    ];

    fn findings_with(planted: &[(&str, &str)]) -> Vec<String> {
        let files = [LIVE, planted].concat();
        check(&Repository::of(&files)).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn reached_files_pass() {
        assert_eq!(findings_with(&[]), Vec::<String>::new());
    }

    #[test]
    fn a_file_that_no_mod_names_is_found() {
        for dead in [
            "crates/a/src/old.rs",
            "crates/a/src/store/server.rs",
            "crates/a/src/deep.rs",
            "crates/a/tests/it/old.rs",
            "examples/own/src/old.rs",
            "xtask/src/old.rs",
        ] {
            let found = findings_with(&[(dead, "")]);
            assert_eq!(found.len(), 1, "{found:?}");
            assert!(found[0].starts_with(&format!("{dead}:1: is named by no `mod`")));
        }
    }

    #[test]
    fn what_only_a_dead_file_names_is_dead_too() {
        assert_eq!(findings_with(&[("crates/a/src/x.rs", "mod y;"), ("crates/a/src/x/y.rs", "")]).len(), 2);
    }

    #[test]
    fn mod_rs_is_found() {
        let found = findings_with(&[("crates/a/src/store/mod.rs", "")]);
        assert!(found[0].contains("is a mod.rs"), "{found:?}");
    }

    #[test]
    fn a_module_that_library_and_binary_both_declare_is_found() {
        let found = check(&Repository::of(&[
            ("crates/a/src/lib.rs", "mod b;"),
            ("crates/a/src/main.rs", "mod b;"),
            ("crates/a/src/b.rs", "mod c;"),
            ("crates/a/src/b/c.rs", ""),
        ]));
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].to_string().starts_with("crates/a/src/b.rs:1: is compiled twice"));
    }
}

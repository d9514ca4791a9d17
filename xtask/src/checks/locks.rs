//! The fuzz targets are a workspace with a lock file of its own. Where one of our crates has another dependency than that says, the
//! next build of the targets changes a committed file, and a build that may not fails.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::edges::{package, workspace_renames};
use crate::finding::Finding;
use crate::repository::Repository;

const FUZZ: &str = "fuzz/Cargo.lock";

#[derive(Deserialize)]
struct Lock {
    #[serde(default)]
    package: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    /// None for a crate of the repository.
    source: Option<String>,
    #[serde(default)]
    dependencies: Vec<String>,
}

pub(crate) fn check(repository: &Repository) -> Vec<Finding> {
    let Some(text) = repository.file(FUZZ) else { return Vec::new() };
    let locked = match toml::from_str::<Lock>(text) {
        Ok(lock) => own(lock),
        Err(error) => return vec![Finding::file(FUZZ, format!("is no lock file: {}", error.message()))],
    };
    let renames = workspace_renames(repository);
    let mut findings = Vec::new();
    for dir in repository.packages() {
        // What is wrong with a manifest is said by the check of edges.
        let manifest = repository.file(&format!("{dir}/Cargo.toml")).unwrap_or_default();
        let Ok((name, dependencies)) = package(manifest, &renames) else { continue };
        let Some(locked) = locked.get(&name) else { continue };
        let declared: BTreeSet<String> =
            dependencies.into_iter().filter(|one| !one.dev).map(|one| one.package).collect();
        for other in declared.symmetric_difference(locked) {
            let message = format!("{name} and {other}: run `cargo metadata --format-version 1` in fuzz/");
            findings.push(Finding::file(FUZZ, message));
        }
    }
    findings
}

/// The names of what each crate of the repository depends on.
fn own(lock: Lock) -> BTreeMap<String, BTreeSet<String>> {
    // A version follows where there are several.
    let name = |dependency: String| dependency.split(' ').next().unwrap_or_default().to_owned();
    let own = lock.package.into_iter().filter(|package| package.source.is_none());
    own.map(|package| (package.name, package.dependencies.into_iter().map(name).collect())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings_of(locked: &str) -> Vec<String> {
        let lock = format!(
            "[[package]]\nname = \"kyma-store\"\nversion = \"0.1.0\"\ndependencies = [{locked}]\n\
             [[package]]\nname = \"bytes\"\nversion = \"1.0.0\"\nsource = \"registry\"\n"
        );
        let manifest = "[package]\nname = \"kyma-store\"\n[dependencies]\nbytes = \"1\"\nhash = \"1\"\n\
                        [dev-dependencies]\nproptest = \"1\"";
        let root = "[workspace.dependencies]\nhash = { package = \"hashbrown\", version = \"1\" }";
        let files = [("Cargo.toml", root), (FUZZ, lock.as_str()), ("crates/kyma-store/Cargo.toml", manifest)];
        check(&Repository::of(&files)).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_lock_of_what_is_declared_passes() {
        assert_eq!(findings_of("\"bytes\", \"hashbrown 0.15.0\""), Vec::<String>::new());
    }

    #[test]
    fn a_dependency_that_came_or_went_is_found() {
        assert_eq!(findings_of("\"bytes\"").len(), 1);
        let found = findings_of("\"bytes\", \"hashbrown\", \"proptest\"");
        assert!(found[0].starts_with("fuzz/Cargo.lock:1: kyma-store and proptest: run"), "{found:?}");
    }
}

//! The repository as the checks see it: file contents by path, Rust files parsed.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::{fs, io};

use crate::finding::Finding;
use crate::modules::{self, Module};
use crate::source::Source;

/// Folders that hold nothing of the repository's own, at any depth.
const SKIPPED_DIRS: [&str; 3] = [".git", ".cache", "target"];

/// Ignored by git as well: snapshots that wait for a review.
const SKIPPED_SUFFIX: &str = ".snap.new";

#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("failed to list {}", path.display())]
    ListDir { path: PathBuf, source: io::Error },
    #[error("failed to read {}", path.display())]
    ReadFile { path: PathBuf, source: io::Error },
}

/// All text files of the repository. Every check is a function of this value alone.
#[derive(Default)]
pub(crate) struct Repository {
    files: BTreeMap<String, String>,
    sources: BTreeMap<String, Source>,
    modules: BTreeMap<String, Module>,
    unparsed: Vec<Finding>,
}

impl Repository {
    /// Reads the tree under `root`, so files that are not committed yet are checked too.
    pub(crate) fn read(root: &Path) -> Result<Self, Error> {
        let mut files = BTreeMap::new();
        let mut dirs = vec![root.to_path_buf()];
        while let Some(dir) = dirs.pop() {
            let list = |source| Error::ListDir { path: dir.clone(), source };
            for entry in fs::read_dir(&dir).map_err(list)? {
                let entry = entry.map_err(list)?;
                let kind = entry.file_type().map_err(list)?;
                let name = entry.file_name().to_string_lossy().into_owned();
                if kind.is_dir() && !SKIPPED_DIRS.contains(&name.as_str()) {
                    dirs.push(entry.path());
                } else if kind.is_file() && !name.ends_with(SKIPPED_SUFFIX) {
                    read_text(root, &entry.path(), &mut files)?;
                }
            }
        }
        Ok(Self::new(files))
    }

    /// Parses what is Rust; a file that does not parse is a finding of its own.
    pub(crate) fn new(files: BTreeMap<String, String>) -> Self {
        let mut repository = Self { files, ..Self::default() };
        for (path, text) in &repository.files {
            if !path.ends_with(".rs") {
                continue;
            }
            match Source::parse(text) {
                Ok(source) => drop(repository.sources.insert(path.clone(), source)),
                Err((line, error)) => repository.unparsed.push(Finding::new(
                    path,
                    line,
                    format!("does not parse ({error}); `cargo check` says more"),
                )),
            }
        }
        repository.modules = modules::reach(&repository.sources);
        repository
    }

    pub(crate) fn file(&self, path: &str) -> Option<&str> {
        self.files.get(path).map(String::as_str)
    }

    pub(crate) fn files(&self) -> impl Iterator<Item = (&str, &str)> {
        self.files.iter().map(|(path, text)| (path.as_str(), text.as_str()))
    }

    pub(crate) fn sources(&self) -> impl Iterator<Item = (&str, &Source)> {
        self.sources.iter().map(|(path, source)| (path.as_str(), source))
    }

    /// How the crate roots reach the file; `None` when they do not.
    pub(crate) fn module(&self, path: &str) -> Option<&Module> {
        self.modules.get(path)
    }

    pub(crate) fn unparsed(&self) -> &[Finding] {
        &self.unparsed
    }

    /// Whether the whole file is test code: by its place, or because only `#[cfg(test)]` leads to it.
    pub(crate) fn is_test(&self, path: &str) -> bool {
        let by_place = path.ends_with("/tests.rs") || path.contains("/tests/") || path.contains("/benches/");
        by_place || self.modules.get(path).is_some_and(|module| module.test_only)
    }

    /// The workspace's packages by folder, such as `crates/kyma-store`.
    pub(crate) fn packages(&self) -> BTreeSet<&str> {
        let manifests = self.files.keys().filter_map(|path| path.strip_suffix("/Cargo.toml"));
        manifests.filter(|dir| *dir == "xtask" || dir.starts_with("crates/")).collect()
    }
}

fn read_text(root: &Path, path: &Path, files: &mut BTreeMap<String, String>) -> Result<(), Error> {
    let bytes = match fs::read(path) {
        Ok(bytes) => bytes,
        // An editor or a test put it away again since it was listed.
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(source) => return Err(Error::ReadFile { path: path.to_path_buf(), source }),
    };
    // What is not UTF-8 is not text, and no rule is about it.
    if let Ok(text) = String::from_utf8(bytes) {
        let relative = path.strip_prefix(root).unwrap_or(path);
        let parts: Vec<_> = relative.iter().map(|part| part.to_string_lossy()).collect();
        files.insert(parts.join("/"), text);
    }
    Ok(())
}

#[cfg(test)]
impl Repository {
    /// A made-up tree, for planting faults.
    pub(crate) fn of(files: &[(&str, &str)]) -> Self {
        Self::new(files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_text_and_leaves_out_what_is_built_or_binary() {
        let dir = tempfile::tempdir().unwrap();
        for (path, bytes) in [
            ("crates/a/src/lib.rs", b"mod b;".as_slice()),
            ("crates/a/target/debug/x.rs", b"fn"),
            (".git/config", b"x"),
            ("logo.png", &[0xff, 0xfe]),
            ("a.snap.new", b"x"),
        ] {
            let path = dir.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, bytes).unwrap();
        }
        let repository = Repository::read(dir.path()).unwrap();
        assert_eq!(repository.files().collect::<Vec<_>>(), [("crates/a/src/lib.rs", "mod b;")]);
    }

    #[test]
    fn a_file_that_does_not_parse_is_a_finding() {
        let repository = Repository::of(&[("crates/a/src/lib.rs", "fn f() {}\nfn }")]);
        assert_eq!(repository.unparsed().len(), 1);
        assert_eq!(repository.unparsed()[0].line, 2);
    }

    #[test]
    fn test_files_are_known_by_place_or_by_their_way_in() {
        let repository = Repository::of(&[
            ("crates/a/src/lib.rs", "mod used; #[cfg(test)] mod model;"),
            ("crates/a/src/used.rs", ""),
            ("crates/a/src/model.rs", "mod deep;"),
            ("crates/a/src/model/deep.rs", ""),
        ]);
        assert!(!repository.is_test("crates/a/src/used.rs"));
        assert!(repository.is_test("crates/a/src/model.rs"));
        assert!(repository.is_test("crates/a/src/model/deep.rs"));
        assert!(repository.is_test("crates/a/src/used/tests.rs"));
        assert!(repository.is_test("crates/a/tests/it/main.rs"));
    }
}

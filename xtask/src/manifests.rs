//! The CRD manifests under config/, made from the Rust types.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::{fs, io};

use kyma_inventory::crds::{self, CrdError};

use crate::finding::Finding;
use crate::repository::Repository;

/// Where kustomize and `make install` look for them.
pub(crate) const DIR: &str = "config/crd/bases";

#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("failed to render the CRDs")]
    Render { source: CrdError },
    #[error("failed to list {}", path.display())]
    ListDir { path: PathBuf, source: io::Error },
    #[error("failed to write {}", path.display())]
    WriteFile { path: PathBuf, source: io::Error },
    #[error("failed to remove {}", path.display())]
    RemoveFile { path: PathBuf, source: io::Error },
}

/// The files that should be there: contents by path.
pub(crate) type Manifests = BTreeMap<String, String>;

/// Renders every CRD; fails where a type has no plain schema, or cannot be written as YAML.
pub(crate) fn generate() -> Result<Manifests, Error> {
    let render = |crd| Ok((format!("{DIR}/{}", crds::file_name(&crd)), crds::to_yaml(&crd)?));
    let files = crds::all().and_then(|all| all.into_iter().map(render).collect());
    files.map_err(|source| Error::Render { source })
}

/// Files that differ from what the types say, are missing, or that no type makes.
pub(crate) fn stale(repository: &Repository, wanted: &Manifests) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, text) in wanted {
        match repository.file(path) {
            None => findings.push(Finding::file(path, "is missing; run `cargo xtask manifests`")),
            Some(old) if old != text => {
                let same = old.lines().zip(text.lines()).take_while(|(old, new)| old == new).count();
                let message = "differs from the Rust types from here on; run `cargo xtask manifests`";
                findings.push(Finding::new(path, same + 1, message));
            }
            Some(_) => {}
        }
    }
    let surplus = repository.files().filter(|(path, _)| is_ours(path) && !wanted.contains_key(*path));
    for (path, _) in surplus {
        findings.push(Finding::file(path, "belongs to no Rust type; run `cargo xtask manifests`"));
    }
    findings
}

/// Makes the folder what [`stale`] wants it to be; the paths that had to change.
pub(crate) fn write(root: &Path, wanted: &Manifests) -> Result<Vec<String>, Error> {
    let dir = root.join(DIR);
    fs::create_dir_all(&dir).map_err(|source| Error::WriteFile { path: dir.clone(), source })?;
    let mut changed = Vec::new();
    for (relative, text) in wanted {
        let path = root.join(relative);
        if fs::read_to_string(&path).is_ok_and(|old| old == *text) {
            continue;
        }
        fs::write(&path, text).map_err(|source| Error::WriteFile { path, source })?;
        changed.push(relative.clone());
    }
    let list = |source| Error::ListDir { path: dir.clone(), source };
    for entry in fs::read_dir(&dir).map_err(list)? {
        let path = entry.map_err(list)?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let relative = format!("{DIR}/{name}");
        if is_ours(&relative) && !wanted.contains_key(&relative) {
            fs::remove_file(&path).map_err(|source| Error::RemoveFile { path, source })?;
            changed.push(relative);
        }
    }
    Ok(changed)
}

fn is_ours(path: &str) -> bool {
    path.starts_with(DIR) && path.ends_with(".yaml")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted() -> Manifests {
        [(format!("{DIR}/a.yaml"), "one: 1\ntwo: 2\n".to_owned())].into()
    }

    fn findings_of(files: &[(&str, &str)]) -> Vec<String> {
        stale(&Repository::of(files), &wanted()).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn current_files_pass() {
        let files = [("config/crd/bases/a.yaml", "one: 1\ntwo: 2\n"), ("config/crd/kustomization.yaml", "")];
        assert_eq!(findings_of(&files), Vec::<String>::new());
    }

    #[test]
    fn stale_missing_and_surplus_files_are_found() {
        let found = findings_of(&[("config/crd/bases/a.yaml", "one: 1\ntwo: 3\n")]);
        assert_eq!(found.len(), 1);
        assert!(found[0].starts_with("config/crd/bases/a.yaml:2: differs"), "{found:?}");
        assert!(found[0].ends_with("run `cargo xtask manifests`"));

        assert!(findings_of(&[])[0].contains("is missing"));
        let found =
            findings_of(&[("config/crd/bases/a.yaml", "one: 1\ntwo: 2\n"), ("config/crd/bases/b.yaml", "")]);
        assert!(found[0].starts_with("config/crd/bases/b.yaml:1: belongs to no Rust type"), "{found:?}");
    }

    #[test]
    fn writing_mends_all_that_was_stale_and_nothing_else() {
        let root = tempfile::tempdir().unwrap();
        let dir = root.path().join(DIR);
        fs::create_dir_all(&dir).unwrap();
        fs::write(dir.join("a.yaml"), "old").unwrap();
        fs::write(dir.join("b.yaml"), "of a kind that is gone").unwrap();
        fs::write(dir.join("README.md"), "kept").unwrap();

        let mut changed = write(root.path(), &wanted()).unwrap();
        changed.sort();
        assert_eq!(changed, [format!("{DIR}/a.yaml"), format!("{DIR}/b.yaml")]);
        assert_eq!(stale(&Repository::read(root.path()).unwrap(), &wanted()), []);
        assert!(dir.join("README.md").exists());
        assert_eq!(write(root.path(), &wanted()).unwrap(), Vec::<String>::new());
    }

    #[test]
    fn every_kind_has_its_manifest() {
        let manifests = generate().unwrap();
        let names: Vec<_> =
            manifests.keys().map(|path| path.rsplit('/').next().unwrap_or_default()).collect();
        assert_eq!(names.len(), 3);
        assert!(names.iter().all(|name| name.starts_with("inventory.kyma-project.io_")), "{names:?}");
    }
}

//! Paths of files within volumes and on hosts.

use super::super::super::spot::{Errors, Spot};

/// The file may not be above the place that it is looked for in (`validatePathNoBacksteps`).
pub(super) fn no_backsteps(path: &Spot<'_>, errors: &mut Errors) {
    if steps_back(path.text()) {
        path.problems(vec!["must not contain '..'".to_owned()], errors);
    }
}

pub(super) fn steps_back(path: &str) -> bool {
    path.split('/').any(|part| part == "..")
}

/// A path below another one (`validateLocalDescendingPath`).
pub(super) fn descending(path: &Spot<'_>, errors: &mut Errors) {
    if path.text().starts_with('/') {
        path.problems(vec!["must be a relative path".to_owned()], errors);
    }
    no_backsteps(path, errors);
}

/// A path below another one that does not begin as the kubelet's own do (`ValidateLocalNonReservedPath`).
pub(super) fn unreserved(path: &Spot<'_>, errors: &mut Errors) {
    descending(path, errors);
    if path.text().starts_with("..") && !path.text().starts_with("../") {
        path.problems(vec!["must not start with '..'".to_owned()], errors);
    }
}

/// The permissions of a file.
pub(super) fn mode(mode: &Spot<'_>, errors: &mut Errors) {
    if mode.is_set() && !(0..=0o777).contains(&mode.number()) {
        mode.invalid("must be a number between 0 and 0777 (octal), both inclusive", errors);
    }
}

//! The table of cases. Each topic has a file with its part of the table on top.

use crate::case::Case;

mod apply;
mod apply_faults;
mod bad_bodies;
mod bad_paths;
mod certificates;
mod client_library;
mod create;
mod definition_faults;
mod definitions;
mod delete;
mod discovery;
mod encodings;
mod garbage;
mod health;
mod impersonation;
mod kyma_kinds;
mod list;
mod managed_fields;
mod namespaces;
mod patch;
mod pods;
mod precedence;
mod pruning;
mod races;
mod read;
mod reviews;
mod rules;
mod selectors;
mod semantics;
mod status;
mod strategic;
mod typed;
mod update;
mod validation;
mod watch;
mod watch_limits;

/// All cases, the slow ones first: what waits for the real control plane's background work can wait beside the
/// others.
pub(crate) fn all() -> Vec<Case> {
    [
        namespaces::CASES,
        garbage::CASES,
        definitions::CASES,
        watch_limits::CASES,
        create::CASES,
        read::CASES,
        list::CASES,
        selectors::CASES,
        watch::CASES,
        update::CASES,
        status::CASES,
        patch::CASES,
        managed_fields::CASES,
        apply::CASES,
        apply_faults::CASES,
        strategic::CASES,
        delete::CASES,
        pods::CASES,
        certificates::CASES,
        races::CASES,
        definition_faults::CASES,
        validation::CASES,
        typed::CASES,
        semantics::CASES,
        pruning::CASES,
        kyma_kinds::CASES,
        discovery::CASES,
        health::CASES,
        impersonation::CASES,
        reviews::CASES,
        rules::CASES,
        encodings::CASES,
        bad_bodies::CASES,
        bad_paths::CASES,
        precedence::CASES,
        client_library::CASES,
    ]
    .concat()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::all;

    /// Five letters of the run, and a number for further namespaces, come behind it.
    const SLUG_BYTES_MAX: usize = 63 - 6 - 2;

    #[test]
    fn names_are_unique_and_fit_into_a_namespace() {
        let mut seen = BTreeSet::new();
        for case in all() {
            let slug = case.slug();
            assert!(slug.len() <= SLUG_BYTES_MAX, "{slug}");
            assert!(
                slug.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-'),
                "{slug}"
            );
            assert_eq!(case.name.matches('/').count(), 1, "{}", case.name);
            assert!(seen.insert(slug), "{} is there twice", case.name);
        }
        assert!(seen.len() > 200, "{}", seen.len());
    }
}

//! Formats of the file, and the ways from an older one to the next.
//!
//! The format stands in the header, for those who must not touch a newer file, and in the database, where it changes
//! in the transaction that changes the records. The header's is raised first: a file that an older version can still
//! read half of is one that it refuses.

use super::OpenError;
use super::medium::Medium;
use super::tree::{Failure, Tree};

/// The format that is written.
pub(super) const NEWEST: u32 = 1;

/// The records, in the transaction of a step.
pub(super) type Records<'a> = redb::Table<'a, &'static [u8], &'static [u8]>;

/// Brings the records of one format to the next; all or nothing.
pub(super) struct Step {
    /// The format that it starts from.
    pub(super) from: u32,
    /// Changes the records inside of a transaction.
    pub(super) run: fn(&mut Records<'_>) -> Result<(), Failure>,
}

/// One for each format before [`NEWEST`], in their order. A new format adds its step here, and a file of the old one
/// to the fixtures.
pub(super) const STEPS: &[Step] = &[];

/// Which steps lead from `found` to `newest`.
pub(super) fn plan(steps: &[Step], found: u32, newest: u32) -> Option<Vec<&Step>> {
    (found..newest).map(|format| steps.iter().find(|step| step.from == format)).collect()
}

/// Brings a file that has its records in format `found` to `newest`.
pub(super) fn migrate(
    medium: &Medium,
    tree: &Tree,
    found: u32,
    (steps, newest): (&[Step], u32),
) -> Result<(), OpenError> {
    let place = || medium.disk.place();
    if found > newest {
        return Err(OpenError::Newer { place: place(), found, known: newest });
    }
    let plan = plan(steps, found, newest).ok_or_else(|| OpenError::Damaged {
        place: place(),
        what: format!("its data format is {found}, which was never in use"),
    })?;
    for step in plan {
        tree.migrate(step).map_err(|failure| failure.into_migration(place(), step.from))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_has_every_step_in_order() {
        let step = |from| Step { from, run: |_| Ok(()) };
        let steps = [step(1), step(2), step(3)];
        let froms = |found, newest| {
            plan(&steps, found, newest).map(|plan| plan.iter().map(|step| step.from).collect::<Vec<_>>())
        };
        assert_eq!(froms(1, 4), Some(vec![1, 2, 3]));
        assert_eq!(froms(3, 4), Some(vec![3]));
        assert_eq!(froms(4, 4), Some(vec![]));
        assert_eq!(froms(0, 4), None, "no step starts there");
        assert_eq!(froms(1, 5), None, "a step is missing");
    }

    #[test]
    fn every_format_has_its_step_and_its_fixture() {
        assert!(plan(STEPS, 1, NEWEST).is_some());
        for format in 1..=NEWEST {
            let file = format!("tests/fixtures/format-{format}.db");
            assert!(std::path::Path::new(&file).is_file(), "{file} is missing; tests/it/formats.rs makes it");
        }
    }
}

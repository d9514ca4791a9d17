//! Counts writes by the events they make, and who is "success".

use std::collections::HashMap;
use std::time::{Duration, Instant};

/// What is watched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Resource {
    /// Kymas.
    Kymas,
    /// HelmComponents.
    Components,
}

impl Resource {
    /// Its name in paths.
    pub(crate) fn plural(self) -> &'static str {
        match self {
            Resource::Kymas => "kymas",
            Resource::Components => "helmcomponents",
        }
    }
}

/// What an event says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Change {
    /// A new object.
    Added,
    /// A changed one.
    Modified,
    /// One that is gone.
    Deleted,
}

impl Change {
    /// By the type of a watch event; `None` for one that is no change.
    pub(crate) fn parse(kind: &str) -> Option<Self> {
        match kind {
            "ADDED" => Some(Change::Added),
            "MODIFIED" => Some(Change::Modified),
            "DELETED" => Some(Change::Deleted),
            _ => None,
        }
    }
}

/// An event, as far as it counts.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) resource: Resource,
    pub(crate) change: Change,
    pub(crate) name: String,
    pub(crate) success: bool,
    /// When it arrived.
    pub(crate) at: Instant,
}

/// What was seen of a fleet.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    /// Kymas by name, and whether they are "success"; components likewise.
    kymas: HashMap<String, bool>,
    components: HashMap<String, bool>,
    kymas_done: usize,
    components_done: usize,
    /// Kymas that were created, which is the user's doing and not the operator's.
    pub(crate) kyma_creates: usize,
    /// Components that were created.
    pub(crate) component_creates: usize,
    /// Changes of components, all of which are of their status unless somebody edits.
    pub(crate) component_changes: usize,
    /// Changes of Kymas, likewise.
    pub(crate) kyma_changes: usize,
    /// Components that were deleted.
    pub(crate) component_deletes: usize,
    first: Option<Instant>,
    last_success: Option<Instant>,
}

impl Tally {
    /// Counts an event.
    pub(crate) fn see(&mut self, seen: &Seen) {
        let (objects, done) = match seen.resource {
            Resource::Kymas => (&mut self.kymas, &mut self.kymas_done),
            Resource::Components => (&mut self.components, &mut self.components_done),
        };
        let before = match seen.change {
            Change::Deleted => objects.remove(&seen.name),
            Change::Added | Change::Modified => objects.insert(seen.name.clone(), seen.success),
        };
        let success = seen.success && seen.change != Change::Deleted;
        *done -= usize::from(before == Some(true));
        *done += usize::from(success);
        match (seen.resource, seen.change) {
            (Resource::Kymas, Change::Added) => self.kyma_creates += 1,
            (Resource::Kymas, Change::Modified) => self.kyma_changes += 1,
            (Resource::Kymas, Change::Deleted) => {}
            (Resource::Components, Change::Added) => self.component_creates += 1,
            (Resource::Components, Change::Modified) => self.component_changes += 1,
            (Resource::Components, Change::Deleted) => self.component_deletes += 1,
        }
        self.first.get_or_insert(seen.at);
        if success && before != Some(true) {
            self.last_success = self.last_success.max(Some(seen.at));
        }
    }

    /// Whether so many of each are "success", and no others are there.
    pub(crate) fn is_done(&self, kymas: usize, components: usize) -> bool {
        self.kymas_done == kymas
            && self.kymas.len() == kymas
            && self.components_done == components
            && self.components.len() == components
    }

    /// How many writes of the operator made these events.
    pub(crate) fn operator_writes(&self) -> usize {
        self.component_creates + self.component_changes + self.component_deletes + self.kyma_changes
    }

    /// From `since`, or else from the first event, to the last "success".
    pub(crate) fn elapsed(&self, since: Option<Instant>) -> Option<Duration> {
        Some(self.last_success?.saturating_duration_since(since.or(self.first)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Script {
        tally: Tally,
        start: Instant,
    }

    impl Script {
        fn see(&mut self, second: u64, resource: Resource, change: Change, name: &str, success: bool) {
            let at = self.start + Duration::from_secs(second);
            self.tally.see(&Seen { resource, change, name: name.to_owned(), success, at });
        }
    }

    #[test]
    fn a_life_is_counted_from_create_to_success() {
        let mut script = Script { tally: Tally::default(), start: Instant::now() };
        script.see(1, Resource::Kymas, Change::Added, "k", false);
        script.see(2, Resource::Kymas, Change::Modified, "k", false);
        script.see(2, Resource::Components, Change::Added, "k-a", false);
        script.see(3, Resource::Components, Change::Modified, "k-a", false);
        script.see(9, Resource::Components, Change::Modified, "k-a", true);
        assert!(!script.tally.is_done(1, 1));
        script.see(10, Resource::Kymas, Change::Modified, "k", true);
        assert!(script.tally.is_done(1, 1));
        // What comes later is counted, and does not move the end.
        script.see(20, Resource::Kymas, Change::Modified, "k", true);
        assert!(script.tally.is_done(1, 1));
        assert_eq!(script.tally.operator_writes(), 6);
        assert_eq!((script.tally.kyma_creates, script.tally.kyma_changes), (1, 3));
        assert_eq!(script.tally.elapsed(None), Some(Duration::from_secs(9)));
        assert_eq!(script.tally.elapsed(Some(script.start)), Some(Duration::from_secs(10)));
    }

    #[test]
    fn a_success_can_be_lost_again() {
        let mut script = Script { tally: Tally::default(), start: Instant::now() };
        script.see(0, Resource::Kymas, Change::Added, "k", true);
        assert!(script.tally.is_done(1, 0));
        script.see(1, Resource::Kymas, Change::Modified, "k", false);
        assert!(!script.tally.is_done(1, 0));
        script.see(2, Resource::Kymas, Change::Modified, "k", true);
        script.see(3, Resource::Components, Change::Added, "stray", true);
        assert!(!script.tally.is_done(1, 0), "a component too many");
        script.see(4, Resource::Components, Change::Deleted, "stray", true);
        assert!(script.tally.is_done(1, 0));
        script.see(5, Resource::Kymas, Change::Deleted, "k", true);
        assert!(script.tally.is_done(0, 0));
        assert_eq!(script.tally.elapsed(None), Some(Duration::from_secs(3)));
    }

    #[test]
    fn only_changes_count() {
        assert_eq!(Change::parse("MODIFIED"), Some(Change::Modified));
        for kind in ["BOOKMARK", "ERROR", ""] {
            assert_eq!(Change::parse(kind), None, "{kind}");
        }
    }
}

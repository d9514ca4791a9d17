//! One copy of the strings that many objects share.

use std::collections::HashSet;
use std::sync::Arc;

/// The most strings that are held; further ones are simply not shared.
const STRINGS_MAX: usize = 1 << 16;
/// Longer strings hardly ever repeat and are not looked up at all.
const LENGTH_MAX: usize = 128;
/// The least number of new strings between two sweeps.
const SWEEP_MIN: usize = 1 << 10;

/// Shares namespaces, label keys and values, selectable fields and owners among objects.
///
/// It keeps no string alive for long: after as many new strings as it holds, those that nobody else uses are
/// dropped, so a sweep costs O(1) for each new string.
#[derive(Debug)]
pub(crate) struct Interner {
    strings: HashSet<Arc<str>>,
    until_sweep: usize,
}

impl Interner {
    pub(crate) fn new() -> Self {
        Self { strings: HashSet::new(), until_sweep: SWEEP_MIN }
    }

    /// Replaces `text` by the shared copy of the same string.
    pub(crate) fn share(&mut self, text: &mut Arc<str>) {
        if text.len() > LENGTH_MAX {
            return;
        }
        if let Some(shared) = self.strings.get(&**text) {
            *text = Arc::clone(shared);
            return;
        }
        self.until_sweep -= 1;
        if self.until_sweep == 0 {
            self.strings.retain(|string| Arc::strong_count(string) > 1);
            self.until_sweep = self.strings.len().max(SWEEP_MIN);
        }
        if self.strings.len() < STRINGS_MAX {
            self.strings.insert(Arc::clone(text));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shared(interner: &mut Interner, text: &str) -> Arc<str> {
        let mut text = Arc::from(text);
        interner.share(&mut text);
        text
    }

    #[test]
    fn equal_strings_become_one() {
        let mut interner = Interner::new();
        let first = shared(&mut interner, "inventory.kyma-project.io/shard");
        assert!(Arc::ptr_eq(&first, &shared(&mut interner, "inventory.kyma-project.io/shard")));
        let long = "x".repeat(LENGTH_MAX + 1);
        let first = shared(&mut interner, &long);
        assert!(!Arc::ptr_eq(&first, &shared(&mut interner, &long)));
    }

    #[test]
    fn forgets_what_nobody_uses() {
        let mut interner = Interner::new();
        let kept = shared(&mut interner, "kept");
        for number in 0..SWEEP_MIN * 3 {
            shared(&mut interner, &number.to_string());
            assert!(interner.strings.len() <= SWEEP_MIN + 1);
        }
        assert!(Arc::ptr_eq(&kept, &shared(&mut interner, "kept")));
    }

    #[test]
    fn holds_no_more_than_its_bound() {
        let mut interner = Interner::new();
        let used: Vec<Arc<str>> =
            (0..STRINGS_MAX + 10).map(|number| shared(&mut interner, &number.to_string())).collect();
        assert_eq!(interner.strings.len(), STRINGS_MAX);
        drop(used);
        for number in 0..STRINGS_MAX {
            shared(&mut interner, &format!("later-{number}"));
        }
        let later = shared(&mut interner, "later");
        assert!(Arc::ptr_eq(&later, &shared(&mut interner, "later")), "room again after a sweep");
    }
}

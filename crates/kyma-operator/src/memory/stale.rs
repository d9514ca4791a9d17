//! Cached states that the server has called outdated: to write from them again would be in vain.

use std::collections::HashMap;
use std::time::Duration;

use kyma_controller::ObjectKey;

/// How long a newer state is waited for at first. If none has come by then, the server may have meant something else, or the
/// watch may be broken, or a list have shown what was long ago: the next write finds out. Each conflict in a row doubles it.
const PATIENCE: Duration = Duration::from_secs(10);
/// After so many doublings it is long enough.
const DOUBLINGS: u32 = 5;

/// Outdated states by their objects.
#[derive(Debug, Default)]
pub struct Stale(HashMap<ObjectKey, Outdated>);

#[derive(Debug)]
struct Outdated {
    revision: u64,
    /// Conflicts in a row before this one.
    before: u32,
    /// When to write from it all the same (uptime).
    until: Duration,
}

impl Stale {
    /// A write from `revision` met a conflict.
    pub fn mark(&mut self, key: &ObjectKey, revision: u64, now: Duration) {
        let row = self.0.get(key).filter(|outdated| revision <= outdated.revision);
        let before = row.map_or(0, |outdated| (outdated.before + 1).min(DOUBLINGS));
        let until = now + PATIENCE * 2_u32.pow(before);
        self.0.insert(key.clone(), Outdated { revision, before, until });
    }

    /// Whether `revision` is outdated; a newer one ends that, and so does a long wait.
    pub fn is_outdated(&mut self, key: &ObjectKey, revision: u64, now: Duration) -> bool {
        let Some(outdated) = self.0.get(key) else { return false };
        if revision > outdated.revision {
            self.0.remove(key);
            return false;
        }
        now < outdated.until
    }

    /// Whether a state is newer than the outdated one, so that who waits for it can go on. Says so once.
    pub fn take_awaited(&mut self, key: &ObjectKey, revision: u64) -> bool {
        let awaited = self.0.get(key).is_some_and(|outdated| revision > outdated.revision);
        if awaited {
            self.0.remove(key);
        }
        awaited
    }

    pub(super) fn forget(&mut self, key: &ObjectKey) {
        self.0.remove(key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outdated_state_stays_outdated_until_a_newer_one_comes_or_for_long_none() {
        let key = ObjectKey::new("pb", "k");
        let secs = Duration::from_secs;
        let mut stale = Stale::default();
        assert!(!stale.is_outdated(&key, 7, secs(0)) && !stale.take_awaited(&key, 8));
        stale.mark(&key, 7, secs(0));
        assert!(stale.is_outdated(&key, 7, secs(0)) && stale.is_outdated(&key, 6, secs(0)));
        assert!(!stale.take_awaited(&key, 7) && stale.take_awaited(&key, 8));
        assert!(!stale.take_awaited(&key, 9), "nobody waits any more");
        stale.mark(&key, 7, secs(0));
        assert!(!stale.is_outdated(&key, 8, secs(0)));
        assert!(!stale.take_awaited(&key, 9), "nobody waits any more");
        let mut now = secs(100);
        for patience in [10, 20, 40, 80, 160, 320, 320] {
            stale.mark(&key, 7, now);
            assert!(stale.is_outdated(&key, 7, now + secs(patience - 1)));
            now += secs(patience);
            assert!(!stale.is_outdated(&key, 7, now), "none may ever come");
        }
        stale.mark(&key, 8, now);
        assert!(!stale.is_outdated(&key, 8, now + secs(10)), "another state, another row");
    }
}

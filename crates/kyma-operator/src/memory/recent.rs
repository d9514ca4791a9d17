//! What was created just now. Who takes it away at once has a reason that the cache does not show yet, such as an owner that
//! is gone: to create it again and again would be a race that nobody wins.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use kyma_controller::ObjectKey;

/// How long it takes before the same object is created again. Each further time in a row doubles it, up to [`LONGEST`].
const PAUSE: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(64);

/// Objects that were created not long ago, so that the rate of creates bounds them.
#[derive(Debug, Default)]
pub struct Recent {
    created: HashMap<ObjectKey, Created>,
    /// When each of them is forgotten.
    ends: BTreeSet<(Duration, ObjectKey)>,
}

#[derive(Clone, Copy, Debug)]
struct Created {
    at: Duration,
    pause: Duration,
}

impl Created {
    /// One that is created again before twice its pause is over goes on with the row.
    fn end(self) -> Duration {
        self.at + self.pause * 2
    }
}

impl Recent {
    /// An object was created.
    pub fn note(&mut self, key: ObjectKey, now: Duration) {
        self.forget_old(now);
        let before = self.created.remove(&key);
        if let Some(before) = before {
            self.ends.remove(&(before.end(), key.clone()));
        }
        let pause = before.map_or(PAUSE, |before| (before.pause * 2).min(LONGEST));
        let created = Created { at: now, pause };
        self.ends.insert((created.end(), key.clone()));
        self.created.insert(key, created);
    }

    /// How long to wait before an object is created; `None` to create it now.
    pub fn wait(&mut self, key: &ObjectKey, now: Duration) -> Option<Duration> {
        self.forget_old(now);
        let created = self.created.get(key)?;
        Some((created.at + created.pause).saturating_sub(now)).filter(|wait| !wait.is_zero())
    }

    fn forget_old(&mut self, now: Duration) {
        while self.ends.first().is_some_and(|(end, _)| *end <= now) {
            if let Some((_, key)) = self.ends.pop_first() {
                self.created.remove(&key);
            }
        }
        if self.created.is_empty() {
            // The memory of a burst goes with its last.
            self.created = HashMap::new();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_is_created_less_and_less_often_and_then_forgotten() {
        let (key, other) = (ObjectKey::new("pb", "a"), ObjectKey::new("pb", "b"));
        let millis = Duration::from_millis;
        let mut recent = Recent::default();
        recent.note(key.clone(), millis(100));
        assert_eq!(recent.wait(&key, millis(400)), Some(millis(700)));
        assert_eq!(recent.wait(&other, millis(400)), None);
        let mut now = millis(100);
        for pause in [1, 2, 4, 8, 16, 32, 64, 64] {
            assert_eq!(recent.wait(&key, now), Some(Duration::from_secs(pause)));
            now += Duration::from_secs(pause);
            assert_eq!(recent.wait(&key, now), None);
            recent.note(key.clone(), now);
        }
        now += Duration::from_secs(128);
        assert_eq!(recent.wait(&key, now), None);
        assert!(recent.created.is_empty() && recent.ends.is_empty());
        recent.note(key.clone(), now);
        assert_eq!(recent.wait(&key, now), Some(millis(1000)), "the row is over");
    }
}

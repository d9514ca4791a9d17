//! What must be remembered between two turns and is written nowhere: refused creates with their back-off, what was created
//! just now, since when news wait, and which cached state the server called outdated. Losing it (a restart) costs a few extra
//! requests and a second, nothing else. Times are since the operator's start.

mod recent;
mod stale;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use kyma_controller::ObjectKey;
use kyma_inventory::Stage;
use kyma_inventory::plan::{Refusal, RefusalCause};
use kyma_workqueue::LimiterOptions;
use kyma_workqueue::limiter::Limiter;

use crate::records::ComponentRecord;
pub use recent::Recent;
pub use stale::Stale;

/// The memory of all controllers. Entries exist only while there is something to remember about an object that
/// exists, so the fleet bounds them.
#[derive(Debug)]
pub struct Memory {
    kymas: HashMap<ObjectKey, KymaMemory>,
    /// The back-off of each refused component.
    limiter: Limiter<(ObjectKey, Arc<str>)>,
    /// The revision of a Kyma that was read and is known to be outdated.
    pub stale_kymas: Stale,
    /// The same of components.
    pub stale_components: Stale,
    /// Components that were created just now.
    pub created: Recent,
    first_seen: HashMap<ObjectKey, (u64, Timestamp)>,
}

#[derive(Debug, Default)]
struct KymaMemory {
    /// The generation that the refusals speak of.
    generation: i64,
    news_since: Option<Duration>,
    refusals: BTreeMap<Arc<str>, Refused>,
}

#[derive(Debug)]
struct Refused {
    cause: RefusalCause,
    message: String,
    retry_at: Duration,
}

impl Memory {
    /// An empty memory; retries of refused creates wait as `limiter` says.
    #[must_use]
    pub fn new(limiter: LimiterOptions) -> Self {
        Self {
            kymas: HashMap::new(),
            limiter: Limiter::new(limiter),
            stale_kymas: Stale::default(),
            stale_components: Stale::default(),
            created: Recent::default(),
            first_seen: HashMap::new(),
        }
    }

    /// The create of a component was refused, or would be.
    pub fn refuse(
        &mut self,
        key: &ObjectKey,
        generation: i64,
        component: &str,
        cause: RefusalCause,
        message: String,
        now: Duration,
    ) {
        let component: Arc<str> = component.into();
        let delay = self.limiter.when(&(key.clone(), Arc::clone(&component)), now);
        let memory = self.kymas.entry(key.clone()).or_default();
        memory.generation = generation;
        memory.refusals.insert(component, Refused { cause, message, retry_at: now.saturating_add(delay) });
    }

    /// The refusals of a Kyma.
    #[must_use]
    pub fn refusals(&self, key: &ObjectKey, now: Duration) -> Vec<Refusal<'_>> {
        let refusals = self.kymas.get(key).map(|memory| &memory.refusals);
        refusals
            .into_iter()
            .flatten()
            .map(|(component, refused)| Refusal {
                component,
                cause: refused.cause,
                message: &refused.message,
                due: refused.retry_at <= now,
            })
            .collect()
    }

    /// Whether a create of this Kyma's was refused.
    #[must_use]
    pub fn is_refused(&self, key: &ObjectKey) -> bool {
        self.kymas.get(key).is_some_and(|memory| !memory.refusals.is_empty())
    }

    /// Forgets the refusals for which `keep` is false.
    pub fn keep_refusals(&mut self, key: &ObjectKey, keep: impl Fn(&str) -> bool) {
        let Some(memory) = self.kymas.get_mut(key) else { return };
        let limiter = &mut self.limiter;
        memory.refusals.retain(|component, _| {
            let kept = keep(component);
            if !kept {
                limiter.forget(&(key.clone(), Arc::clone(component)));
            }
            kept
        });
        self.drop_if_empty(key);
    }

    /// A new spec is tried at once: what was refused may be what was changed.
    pub fn observe_generation(&mut self, key: &ObjectKey, generation: i64) {
        if let Some(memory) = self.kymas.get_mut(key)
            && memory.generation != generation
        {
            memory.generation = generation;
            self.keep_refusals(key, |_| false);
        }
    }

    /// How long until the first refused create may be tried again.
    #[must_use]
    pub fn next_retry(&self, key: &ObjectKey, now: Duration) -> Option<Duration> {
        let refusals = &self.kymas.get(key)?.refusals;
        refusals.values().map(|refused| refused.retry_at.saturating_sub(now)).min()
    }

    /// The status has news that wait (or none). The window opens with the first.
    pub fn note_news(&mut self, key: &ObjectKey, generation: i64, waiting: bool, now: Duration) {
        if waiting {
            let memory = self
                .kymas
                .entry(key.clone())
                .or_insert_with(|| KymaMemory { generation, ..KymaMemory::default() });
            memory.news_since.get_or_insert(now);
        } else if let Some(memory) = self.kymas.get_mut(key) {
            memory.news_since = None;
            self.drop_if_empty(key);
        }
    }

    /// How long the oldest news have been waiting.
    #[must_use]
    pub fn news_waited(&self, key: &ObjectKey, now: Duration) -> Option<Duration> {
        self.kymas.get(key)?.news_since.map(|since| now.saturating_sub(since))
    }

    /// The Kyma is gone.
    pub fn forget_kyma(&mut self, key: &ObjectKey) {
        self.keep_refusals(key, |_| false);
        self.kymas.remove(key);
        self.stale_kymas.forget(key);
    }

    /// The component is gone.
    pub fn forget_component(&mut self, key: &ObjectKey) {
        self.stale_components.forget(key);
        self.first_seen.remove(key);
    }

    /// When this state of a component was first looked at.
    ///
    /// Remembered only where it decides: when the time in the object is absent or ahead of `now`.
    pub fn first_seen(&mut self, key: &ObjectKey, record: &ComponentRecord, now: Timestamp) -> Timestamp {
        let waits = record.stage != Stage::EMPTY && record.stage != Stage::SUCCESS;
        if !waits || record.last_reconciliation().is_some_and(|last| last <= now) {
            self.first_seen.remove(key);
            return now;
        }
        let (revision, seen) = *self.first_seen.entry(key.clone()).or_insert((record.revision, now));
        // A clock that went back must not put the stage off any further.
        if revision == record.revision && seen <= now {
            return seen;
        }
        self.first_seen.insert(key.clone(), (record.revision, now));
        now
    }

    fn drop_if_empty(&mut self, key: &ObjectKey) {
        let empty = |memory: &KymaMemory| memory.refusals.is_empty() && memory.news_since.is_none();
        if self.kymas.get(key).is_some_and(empty) {
            self.kymas.remove(key);
        }
    }
}

#[cfg(test)]
mod tests;

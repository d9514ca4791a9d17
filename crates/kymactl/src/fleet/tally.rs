//! Counts a fleet's states from a watch of its own, never by asking the operator.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use kube::Client;
use kube::api::Api;
use kyma_controller::{InformerOptions, Manager, Sink};
use kyma_inventory::stages::{Stage, remaining};
use kyma_inventory::{HelmComponent, Kyma};
use parking_lot::Mutex;
use tokio::sync::watch;
use tokio::time::Instant;

/// Names longer than this are counted as this long, for the expected end only.
const LONGEST_NAME: usize = 64;

/// A fleet's state, shared by its two watches and whoever shows it.
#[derive(Debug, Clone)]
pub(crate) struct Fleet {
    tally: Arc<Mutex<Tally>>,
    changed: watch::Sender<u64>,
}

/// Numbers to show.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Totals {
    /// Kymas that are "success".
    pub(crate) ready: usize,
    /// All Kymas.
    pub(crate) kymas: usize,
    /// Components by stage, in the order of the life cycle.
    pub(crate) components: [usize; Stage::COUNT],
    /// Creations and changes that were seen, of both kinds.
    pub(crate) writes: u64,
    /// How long the longest remaining path still takes.
    pub(crate) remaining: Duration,
}

#[derive(Debug)]
struct Tally {
    kymas: HashMap<String, bool>,
    components: HashMap<String, (Stage, usize)>,
    ready: usize,
    by_stage: [usize; Stage::COUNT],
    /// Of each stage and name length: how many are in it, and when the last one came.
    latest: HashMap<(Stage, usize), (usize, Instant)>,
    writes: u64,
}

impl Fleet {
    fn new() -> Self {
        let tally = Tally {
            kymas: HashMap::new(),
            components: HashMap::new(),
            ready: 0,
            by_stage: [0; Stage::COUNT],
            latest: HashMap::new(),
            writes: 0,
        };
        Fleet { tally: Arc::new(Mutex::new(tally)), changed: watch::channel(0).0 }
    }

    /// The numbers now.
    pub(crate) fn totals(&self) -> Totals {
        let tally = self.tally.lock();
        Totals {
            ready: tally.ready,
            kymas: tally.kymas.len(),
            components: tally.by_stage,
            writes: tally.writes,
            remaining: tally.remaining(Instant::now()),
        }
    }

    /// Waits until `kymas` Kymas are there and all are "success".
    pub(crate) async fn done(&self, kymas: usize) {
        let mut changed = self.changed.subscribe();
        loop {
            let totals = self.totals();
            if totals.kymas >= kymas && totals.ready == totals.kymas {
                return;
            }
            if changed.changed().await.is_err() {
                return;
            }
        }
    }

    fn update(&self, change: impl FnOnce(&mut Tally)) {
        change(&mut self.tally.lock());
        self.changed.send_modify(|count| *count += 1);
    }
}

impl Tally {
    fn set_kyma(&mut self, key: String, ready: Option<bool>) {
        let old = match ready {
            Some(ready) => self.kymas.insert(key, ready),
            None => self.kymas.remove(&key),
        };
        self.ready -= usize::from(old == Some(true));
        self.ready += usize::from(ready == Some(true));
        self.writes += 1;
    }

    fn set_component(&mut self, key: String, state: Option<(Stage, usize)>) {
        let old = match state {
            Some(state) => self.components.insert(key, state),
            None => self.components.remove(&key),
        };
        if let Some((stage, length)) = old {
            self.by_stage[stage.index()] -= 1;
            if let Some((count, _)) = self.latest.get_mut(&(stage, length)) {
                *count -= 1;
            }
        }
        if let Some((stage, length)) = state {
            self.by_stage[stage.index()] += 1;
            let slot = self.latest.entry((stage, length)).or_insert((0, Instant::now()));
            *slot = (slot.0 + 1, Instant::now());
        }
        self.writes += 1;
    }

    fn remaining(&self, now: Instant) -> Duration {
        let paths =
            self.latest.iter().filter(|(_, (count, _))| *count > 0).map(|((stage, length), (_, since))| {
                Duration::from_secs(remaining(*stage, *length)).saturating_sub(now - *since)
            });
        paths.max().unwrap_or_default()
    }
}

struct Kymas(Fleet);

impl Sink<Kyma> for Kymas {
    fn relist_begin(&mut self) {}

    fn apply(&mut self, kyma: Kyma, _initial: bool) {
        let ready = kyma.status.as_ref().is_some_and(|status| status.status == kyma_inventory::kyma::SUCCESS);
        self.0.update(|tally| tally.set_kyma(key(&kyma), Some(ready)));
    }

    fn delete(&mut self, kyma: Kyma) {
        self.0.update(|tally| tally.set_kyma(key(&kyma), None));
    }

    fn relist_end(&mut self) {}
}

struct Components(Fleet);

impl Sink<HelmComponent> for Components {
    fn relist_begin(&mut self) {}

    fn apply(&mut self, component: HelmComponent, _initial: bool) {
        let word = component.status.as_ref().map_or("", |status| &status.status);
        let length = component.spec.component_name.len().min(LONGEST_NAME);
        let state = (Stage::parse(word), length);
        self.0.update(|tally| tally.set_component(key(&component), Some(state)));
    }

    fn delete(&mut self, component: HelmComponent) {
        self.0.update(|tally| tally.set_component(key(&component), None));
    }

    fn relist_end(&mut self) {}
}

fn key<K: kube::ResourceExt>(object: &K) -> String {
    format!("{}/{}", object.namespace().unwrap_or_default(), object.name_any())
}

/// Adds the two watches to `manager` and returns what they count.
pub(crate) fn watch(manager: &mut Manager, client: &Client) -> Fleet {
    let fleet = Fleet::new();
    manager.inform(Api::<Kyma>::all(client.clone()), InformerOptions::default(), Kymas(fleet.clone()));
    manager.inform(
        Api::<HelmComponent>::all(client.clone()),
        InformerOptions::default(),
        Components(fleet.clone()),
    );
    fleet
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn counts_follow_every_change() {
        let fleet = Fleet::new();
        let pending = Stage::parse("pending");
        fleet.update(|t| t.set_kyma("pb/a".to_owned(), Some(false)));
        fleet.update(|t| t.set_component("pb/a-x".to_owned(), Some((Stage::EMPTY, 5))));
        fleet.update(|t| t.set_component("pb/a-x".to_owned(), Some((pending, 5))));
        let totals = fleet.totals();
        assert_eq!((totals.kymas, totals.ready, totals.writes), (1, 0, 3));
        assert_eq!(totals.components[pending.index()], 1);
        assert_eq!(totals.components.iter().sum::<usize>(), 1);
        assert_eq!(totals.remaining, Duration::from_secs(16));
        tokio::time::advance(Duration::from_secs(10)).await;
        assert_eq!(fleet.totals().remaining, Duration::from_secs(6));
        fleet.update(|t| t.set_kyma("pb/a".to_owned(), Some(true)));
        fleet.done(1).await;
        fleet.update(|t| t.set_kyma("pb/a".to_owned(), None));
        assert_eq!(fleet.totals().ready, 0);
    }
}

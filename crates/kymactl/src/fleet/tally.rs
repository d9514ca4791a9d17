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

/// How many watches feed a tally: of Kymas and of components.
const WATCHES: usize = 2;

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
    /// Creations, changes and deletions that were seen, of both kinds, without what was there already.
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
    /// How many of the two watches have shown what was there at their beginning.
    listed: usize,
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
            listed: 0,
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

    /// Waits until both watches have shown what was there at their beginning.
    pub(crate) async fn listed(&self) {
        self.until(|tally| tally.listed == WATCHES).await;
    }

    /// Waits until `kymas` Kymas are there and all are "success".
    pub(crate) async fn done(&self, kymas: usize) {
        self.until(|tally| tally.kymas.len() >= kymas && tally.ready == tally.kymas.len()).await;
    }

    async fn until(&self, reached: impl Fn(&Tally) -> bool) {
        let mut changed = self.changed.subscribe();
        while !reached(&self.tally.lock()) {
            if changed.changed().await.is_err() {
                return;
            }
        }
    }

    /// Wakes who waits only for what they can wait for: a component's change, which nearly all are, wakes nobody.
    fn update(&self, change: impl FnOnce(&mut Tally)) {
        let mut tally = self.tally.lock();
        let before = tally.progress();
        change(&mut tally);
        let is_news = tally.progress() != before;
        drop(tally);
        if is_news {
            self.changed.send_modify(|count| *count += 1);
        }
    }
}

impl Tally {
    /// All that anybody waits for: watches that have listed, Kymas, and those that are ready.
    fn progress(&self) -> (usize, usize, usize) {
        (self.listed, self.kymas.len(), self.ready)
    }

    fn set_kyma(&mut self, key: String, ready: Option<bool>, initial: bool) {
        let old = match ready {
            Some(ready) => self.kymas.insert(key, ready),
            None => self.kymas.remove(&key),
        };
        self.ready -= usize::from(old == Some(true));
        self.ready += usize::from(ready == Some(true));
        self.writes += u64::from(!initial);
    }

    fn set_component(&mut self, key: String, state: Option<(Stage, usize)>, initial: bool) {
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
        self.writes += u64::from(!initial);
    }

    fn remaining(&self, now: Instant) -> Duration {
        let paths =
            self.latest.iter().filter(|(_, (count, _))| *count > 0).map(|((stage, length), (_, since))| {
                Duration::from_secs(remaining(*stage, *length)).saturating_sub(now - *since)
            });
        paths.max().unwrap_or_default()
    }
}

/// Counts a watch as one that has shown what was there, once.
fn first_list(fleet: &Fleet, seen: &mut bool) {
    if !std::mem::replace(seen, true) {
        fleet.update(|tally| tally.listed += 1);
    }
}

struct Kymas {
    fleet: Fleet,
    listed: bool,
}

impl Sink<Kyma> for Kymas {
    fn relist_begin(&mut self) {}

    fn apply(&mut self, kyma: Kyma, initial: bool) {
        let ready = kyma.status.as_ref().is_some_and(|status| status.status == kyma_inventory::kyma::SUCCESS);
        self.fleet.update(|tally| tally.set_kyma(key(&kyma), Some(ready), initial));
    }

    fn delete(&mut self, kyma: Kyma) {
        self.fleet.update(|tally| tally.set_kyma(key(&kyma), None, false));
    }

    fn relist_end(&mut self) {
        first_list(&self.fleet, &mut self.listed);
    }
}

struct Components {
    fleet: Fleet,
    listed: bool,
}

impl Sink<HelmComponent> for Components {
    fn relist_begin(&mut self) {}

    fn apply(&mut self, component: HelmComponent, initial: bool) {
        let word = component.status.as_ref().map_or("", |status| &status.status);
        let length = component.spec.component_name.len().min(LONGEST_NAME);
        let state = (Stage::parse(word), length);
        self.fleet.update(|tally| tally.set_component(key(&component), Some(state), initial));
    }

    fn delete(&mut self, component: HelmComponent) {
        self.fleet.update(|tally| tally.set_component(key(&component), None, false));
    }

    fn relist_end(&mut self) {
        first_list(&self.fleet, &mut self.listed);
    }
}

fn key<K: kube::ResourceExt>(object: &K) -> String {
    format!("{}/{}", object.namespace().unwrap_or_default(), object.name_any())
}

/// Adds the two watches to `manager` and returns what they count.
pub(crate) fn watch(manager: &mut Manager, client: &Client) -> Fleet {
    let fleet = Fleet::new();
    let options = InformerOptions::default;
    let kymas = Kymas { fleet: fleet.clone(), listed: false };
    manager.inform(Api::<Kyma>::all(client.clone()), options(), kymas);
    let components = Components { fleet: fleet.clone(), listed: false };
    manager.inform(Api::<HelmComponent>::all(client.clone()), options(), components);
    fleet
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn counts_follow_every_change() {
        let fleet = Fleet::new();
        let pending = Stage::parse("pending");
        fleet.update(|t| t.set_kyma("pb/a".to_owned(), Some(false), false));
        fleet.update(|t| t.set_component("pb/a-x".to_owned(), Some((Stage::EMPTY, 5)), false));
        fleet.update(|t| t.set_component("pb/a-x".to_owned(), Some((pending, 5)), false));
        let totals = fleet.totals();
        assert_eq!((totals.kymas, totals.ready, totals.writes), (1, 0, 3));
        assert_eq!(totals.components[pending.index()], 1);
        assert_eq!(totals.components.iter().sum::<usize>(), 1);
        assert_eq!(totals.remaining, Duration::from_secs(16));
        tokio::time::advance(Duration::from_secs(10)).await;
        assert_eq!(fleet.totals().remaining, Duration::from_secs(6));
        fleet.update(|t| t.set_kyma("pb/a".to_owned(), Some(true), false));
        fleet.done(1).await;
        fleet.update(|t| t.set_kyma("pb/a".to_owned(), None, false));
        assert_eq!(fleet.totals().ready, 0);
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_there_already_is_counted_but_is_no_write() {
        let fleet = Fleet::new();
        let mut kymas = Kymas { fleet: fleet.clone(), listed: false };
        let mut components = Components { fleet: fleet.clone(), listed: false };
        kymas.relist_begin();
        kymas.apply(kyma_inventory::sample::kyma(1, "pb"), true);
        kymas.relist_end();
        assert!(tokio::time::timeout(Duration::from_secs(1), fleet.listed()).await.is_err());
        components.relist_end();
        fleet.listed().await;
        assert_eq!((fleet.totals().kymas, fleet.totals().writes), (1, 0));
        kymas.apply(kyma_inventory::sample::kyma(2, "pb"), false);
        kymas.delete(kyma_inventory::sample::kyma(1, "pb"));
        kymas.relist_end();
        assert_eq!((fleet.totals().kymas, fleet.totals().writes), (1, 2));
    }
}

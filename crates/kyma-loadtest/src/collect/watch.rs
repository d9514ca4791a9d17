//! Watches of our own: what they show is written down, and counted for whoever waits.

use std::collections::HashMap;
use std::sync::Arc;

use kube::api::Api;
use kube::{Client, ResourceExt as _};
use kyma_controller::{FastRandom, InformerOptions, Manager, Metrics, Sink};
use kyma_inventory::kyma::SUCCESS;
use kyma_inventory::{HelmComponent, Kyma, Stage};
use parking_lot::Mutex;
use tokio::sync::watch;

use crate::recorder::Recorder;

/// How many watches there are.
const WATCHES: usize = 2;

/// What there is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Kymas.
    pub kymas: usize,
    /// Those that are "success".
    pub ready: usize,
    /// Components by stage, in the order of the life cycle.
    pub components: [usize; Stage::COUNT],
    /// How many of the two watches have shown what was there at their beginning.
    pub listed: usize,
}

/// What the watches have shown; clones show the same.
#[derive(Clone, Debug)]
pub struct Fleet {
    states: Arc<Mutex<[HashMap<String, i8>; 2]>>,
    totals: watch::Sender<Totals>,
    recorder: Recorder,
}

impl Fleet {
    /// Adds watches of a namespace to a manager.
    #[must_use]
    pub fn watch(client: &Client, namespace: &str, recorder: Recorder) -> (Self, Manager) {
        let fleet = Self { states: Arc::default(), totals: watch::channel(Totals::default()).0, recorder };
        let mut manager = Manager::new(Metrics::new(), Arc::new(FastRandom::from_entropy()));
        let api: Api<Kyma> = Api::namespaced(client.clone(), namespace);
        let options = InformerOptions::default;
        manager.inform(api, options(), Kymas { fleet: fleet.clone(), list: List::default() });
        let api: Api<HelmComponent> = Api::namespaced(client.clone(), namespace);
        manager.inform(api, options(), Components { fleet: fleet.clone(), list: List::default() });
        (fleet, manager)
    }

    /// What there is, as it changes.
    #[must_use]
    pub fn totals(&self) -> watch::Receiver<Totals> {
        self.totals.subscribe()
    }

    /// A state of an object; negative where it is gone.
    fn see(&self, component: bool, name: &str, bytes: usize, state: i8) {
        self.recorder.seen(component, name, bytes, state);
        let mut states = self.states.lock();
        let states = &mut states[usize::from(component)];
        let before = if state < 0 { states.remove(name) } else { states.insert(name.to_owned(), state) };
        let after = Some(state).filter(|state| *state >= 0);
        if before == after {
            return;
        }
        self.totals.send_modify(|totals| {
            for (state, up) in
                before.map(|state| (state, false)).into_iter().chain(after.map(|state| (state, true)))
            {
                totals.count(component, state, up);
            }
        });
    }

    /// The names of all that there is of a kind.
    fn names(&self, component: bool) -> Vec<String> {
        self.states.lock()[usize::from(component)].keys().cloned().collect()
    }

    fn listed(&self) {
        self.totals.send_modify(|totals| totals.listed = WATCHES.min(totals.listed + 1));
    }
}

impl Totals {
    /// Whether both watches have shown what was there at their beginning.
    #[must_use]
    pub fn is_listed(&self) -> bool {
        self.listed == WATCHES
    }

    fn count(&mut self, component: bool, state: i8, up: bool) {
        let change = |count: &mut usize| *count = if up { *count + 1 } else { count.saturating_sub(1) };
        let state = usize::try_from(state).unwrap_or_default();
        if !component {
            change(&mut self.kymas);
            if state > 0 {
                change(&mut self.ready);
            }
        } else if let Some(count) = self.components.get_mut(state) {
            change(count);
        }
    }
}

/// What a list has shown so far: what it does not show is gone.
#[derive(Debug, Default)]
struct List {
    seen: Vec<String>,
    before: bool,
}

impl List {
    fn end(&mut self, fleet: &Fleet, component: bool) {
        let mut seen = std::mem::take(&mut self.seen);
        seen.sort_unstable();
        for name in fleet.names(component) {
            if seen.binary_search(&name).is_err() {
                fleet.see(component, &name, 0, -1);
            }
        }
        if !std::mem::replace(&mut self.before, true) {
            fleet.listed();
        }
    }
}

struct Kymas {
    fleet: Fleet,
    list: List,
}

impl Sink<Kyma> for Kymas {
    fn relist_begin(&mut self) {
        self.list.seen.clear();
    }

    fn apply(&mut self, kyma: Kyma, initial: bool) {
        let name = kyma.name_any();
        let longest = longest(&kyma);
        let ready = kyma.status.is_some_and(|status| status.status == SUCCESS);
        self.fleet.see(false, &name, longest, i8::from(ready));
        if initial {
            self.list.seen.push(name);
        }
    }

    fn delete(&mut self, kyma: Kyma) {
        self.fleet.see(false, &kyma.name_any(), 0, -1);
    }

    fn relist_end(&mut self) {
        self.list.end(&self.fleet, false);
    }
}

/// The bytes of the longest component name of a Kyma.
pub(crate) fn longest(kyma: &Kyma) -> usize {
    kyma.spec.components.iter().map(|component| component.name.len()).max().unwrap_or_default()
}

struct Components {
    fleet: Fleet,
    list: List,
}

impl Sink<HelmComponent> for Components {
    fn relist_begin(&mut self) {
        self.list.seen.clear();
    }

    fn apply(&mut self, component: HelmComponent, initial: bool) {
        let name = component.name_any();
        let word = component.status.as_ref().map_or("", |status| &status.status);
        let stage = i8::try_from(Stage::parse(word).index()).unwrap_or_default();
        self.fleet.see(true, &name, component.spec.component_name.len(), stage);
        if initial {
            self.list.seen.push(name);
        }
    }

    fn delete(&mut self, component: HelmComponent) {
        self.fleet.see(true, &component.name_any(), 0, -1);
    }

    fn relist_end(&mut self) {
        self.list.end(&self.fleet, true);
    }
}

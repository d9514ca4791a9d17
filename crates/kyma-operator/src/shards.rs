//! Follows what is granted: lists and watches the components of the shards that come, and forgets those that go.
//!
//! Shards that come together have an informer in common, and none that was there before is disturbed. When nothing has moved
//! for a while, one informer takes the place of all.

use std::panic::resume_unwind;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{pending, select_all};
use kube::Api;
use kyma_controller::{Drain, InformerOptions, Metrics, Numbers, Random, Shutdown, informer, shutdown};
use kyma_inventory::HelmComponent;
use kyma_inventory::names::SHARD_LABEL;
use tokio::sync::watch;
use tokio::task::{JoinError, JoinSet};
use tokio::time::{Instant, sleep_until};

use crate::context::Context;
use crate::fleet::PartId;
use crate::sinks::ComponentFeed;
use crate::sweep;

/// How long nothing must have moved before one informer takes the place of all: it lists everything once more.
const SETTLED: Duration = Duration::from_secs(60);

/// What lists the components that no shard's informer does.
pub(crate) fn unlabelled() -> InformerOptions {
    selecting("notin", Numbers::ALL)
}

fn selecting(operator: &str, shards: Numbers) -> InformerOptions {
    let shards: Vec<String> = shards.iter().map(|shard| shard.to_string()).collect();
    let selector = format!("{SHARD_LABEL} {operator} ({})", shards.join(","));
    InformerOptions { label_selector: Some(selector), ..InformerOptions::default() }
}

/// Runs the informers of shards.
pub(crate) struct Follower {
    context: Arc<Context>,
    api: Api<HelmComponent>,
    random: Arc<dyn Random>,
    metrics: Metrics,
    /// Bounded: when nothing moves there is one.
    groups: Vec<Group>,
    informers: JoinSet<()>,
    /// When shards came or went last.
    moved: Instant,
}

/// Shards whose components one informer lists and watches.
struct Group {
    part: PartId,
    /// Without those that have been lost since it began.
    shards: Numbers,
    /// What the informer asks for.
    asked: Numbers,
    synced: watch::Receiver<bool>,
    /// Ends the informer, also when it is dropped.
    drain: Drain,
}

impl Follower {
    pub(crate) fn new(
        context: Arc<Context>,
        api: Api<HelmComponent>,
        random: Arc<dyn Random>,
        metrics: Metrics,
    ) -> Self {
        let (groups, informers, moved) = (Vec::new(), JoinSet::new(), Instant::now());
        Self { context, api, random, metrics, groups, informers, moved }
    }

    /// Follows until the shut-down drains.
    pub(crate) async fn run(mut self, shutdown: Shutdown) {
        let mut granted = self.context.ownership.granted();
        loop {
            let shards = *granted.borrow_and_update();
            self.lose(shards);
            self.gain(shards);
            self.open();
            let settled = (self.is_scattered() && self.has_synced()).then_some(self.moved + SETTLED);
            tokio::select! {
                biased;
                () = shutdown.draining() => break,
                panic = panicked(&mut self.informers) => resume_unwind(panic.into_panic()),
                _ = granted.changed() => {}
                () = synced(&self.groups) => {}
                () = at(settled) => self.gather(shards).await,
            }
        }
        self.end().await;
    }

    /// Forgets the shards that are not granted any more.
    fn lose(&mut self, granted: Numbers) {
        let lost = self.followed() & !granted;
        if lost.is_empty() {
            return;
        }
        self.moved = Instant::now();
        self.context.fleet.drop_shards(lost);
        for group in &mut self.groups {
            group.shards = group.shards & granted;
        }
        for group in self.groups.extract_if(.., |group| group.shards.is_empty()) {
            group.drain.begin();
            self.context.fleet.remove_components(group.part);
        }
    }

    /// Begins to list and watch what has come.
    fn gain(&mut self, granted: Numbers) {
        let gained = granted & !self.followed();
        if !gained.is_empty() {
            self.moved = Instant::now();
            let part = self.context.fleet.add_components(gained, &[]);
            self.start(part, gained);
        }
    }

    fn start(&mut self, part: PartId, shards: Numbers) {
        let (drain, stop) = shutdown::channel();
        let (sender, synced) = watch::channel(false);
        let context = informer::Context {
            metrics: self.metrics.clone(),
            random: Arc::clone(&self.random),
            synced: sender,
        };
        let feed = ComponentFeed::new(Arc::clone(&self.context), part);
        let (api, options) = (self.api.clone(), selecting("in", shards));
        self.informers.spawn(informer::run(api, options, feed, context, stop));
        self.groups.push(Group { part, shards, asked: shards, synced, drain });
    }

    /// Opens the shards whose components have been listed.
    fn open(&self) {
        for group in self.groups.iter().filter(|group| *group.synced.borrow()) {
            sweep::seed(&self.context, group.shards);
        }
    }

    fn followed(&self) -> Numbers {
        self.groups.iter().fold(Numbers::NONE, |all, group| all | group.shards)
    }

    /// Whether there are more informers than one, or one that asks for too much.
    fn is_scattered(&self) -> bool {
        self.groups.len() > 1 || self.groups.iter().any(|group| group.asked != group.shards)
    }

    /// Whether all has been listed: while the server refuses that, what there is must not be given up for another list.
    fn has_synced(&self) -> bool {
        self.groups.iter().all(|group| *group.synced.borrow())
    }

    /// Lets one informer take the place of all. Until it has listed everything, the caches are what they were.
    async fn gather(&mut self, shards: Numbers) {
        self.end().await;
        let parts: Vec<PartId> = self.groups.drain(..).map(|group| group.part).collect();
        let part = self.context.fleet.add_components(shards, &parts);
        self.start(part, shards);
    }

    /// Ends all informers.
    async fn end(&mut self) {
        for group in &self.groups {
            group.drain.begin();
        }
        while let Some(ended) = self.informers.join_next().await {
            if let Err(error) = ended
                && error.is_panic()
            {
                resume_unwind(error.into_panic());
            }
        }
    }
}

/// Waits for an informer that panics; one that ends is no news.
async fn panicked(informers: &mut JoinSet<()>) -> JoinError {
    while let Some(ended) = informers.join_next().await {
        match ended {
            Err(error) if error.is_panic() => return error,
            _ => {}
        }
    }
    pending().await
}

/// Waits until one of those that have not yet listed everything has.
async fn synced(groups: &[Group]) {
    let waiting = groups.iter().filter(|group| !*group.synced.borrow());
    let waiting: Vec<_> = waiting
        .map(|group| {
            let mut synced = group.synced.clone();
            Box::pin(async move {
                if synced.wait_for(|synced| *synced).await.is_err() {
                    pending::<()>().await;
                }
            })
        })
        .collect();
    if waiting.is_empty() {
        pending::<()>().await;
    }
    select_all(waiting).await;
}

async fn at(time: Option<Instant>) {
    match time {
        Some(time) => sleep_until(time).await,
        None => pending().await,
    }
}

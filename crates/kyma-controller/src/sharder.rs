//! Carries a membership: keeps this replica's Lease, reads those of the others, and grants what follows.

use std::sync::Arc;
use std::time::Duration;

use k8s_openapi::api::coordination::v1::Lease;
use kube::Api;
use kube::ResourceExt as _;
use kube::api::{DeleteParams, ListParams, ObjectMeta, PostParams, Preconditions};
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until, timeout};

use crate::client::Fence;
use crate::clock::{Clock, Random};
use crate::election::Timings;
use crate::elector::Standing;
use crate::metrics::Metrics;
use crate::metrics::shard::ShardMetrics;
use crate::ownership::Ownership;
use crate::reconciler::ErrorClass;
use crate::shard::{Listed, Membership, Numbers, vacant};
use crate::shutdown::Shutdown;

/// By how much of the retry period a round comes later, at random: so that not all replicas ask at the same time.
const JITTER: f64 = 0.2;
/// The shortest time between two rounds of which the second was to come at once: others have to be given the time to answer.
const PAUSE: Duration = Duration::from_millis(50);
/// How long giving the Lease back may take.
const RELEASE: Duration = Duration::from_secs(2);

/// What a sharder is made of.
#[derive(Clone, Debug)]
pub struct SharderOptions {
    /// The Leases' namespace.
    pub namespace: String,
    /// What the replicas have in common: the beginning of their Leases' names, and of the label that finds them.
    pub group: &'static str,
    /// The replica's own name, which no other has; with the group before it, it is the name of its Lease.
    pub id: String,
    /// How long things take.
    pub timings: Timings,
    /// Opened while the Lease holds.
    pub fence: Fence,
    /// What follows.
    pub ownership: Ownership,
}

/// A replica among others. It does nothing before [`Sharder::run`].
pub struct Sharder {
    api: Api<Lease>,
    options: SharderOptions,
    membership: Membership,
    /// The Lease as the server gave it last, whose metadata and version the next write takes along.
    lease: Option<Lease>,
    /// Whether the Lease was ever asked to be written.
    is_asked: bool,
    /// When the Lease was written last, since the epoch.
    written: Option<Duration>,
    standing: watch::Sender<Standing>,
    epoch: Instant,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    shards: ShardMetrics,
    /// Whether the last round failed, so that a row of failures is one warning.
    failing: bool,
}

impl Sharder {
    /// A replica that has not joined yet.
    #[must_use]
    pub fn new(
        client: kube::Client,
        options: SharderOptions,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
        metrics: &Metrics,
    ) -> Self {
        Self {
            api: Api::namespaced(client, &options.namespace),
            membership: Membership::new(options.id.clone(), options.timings),
            shards: ShardMetrics::register(metrics),
            options,
            lease: None,
            is_asked: false,
            written: None,
            standing: watch::channel(Standing::Waiting).0,
            epoch: Instant::now(),
            clock,
            random,
            failing: false,
        }
    }

    /// How it stands, now and later: leading means that its Lease holds, whatever it was granted.
    #[must_use]
    pub fn standing(&self) -> watch::Receiver<Standing> {
        self.standing.subscribe()
    }

    /// What the Leases' names begin with.
    #[must_use]
    pub fn group(&self) -> &'static str {
        self.options.group
    }

    /// Joins the others and grants what is this replica's, until the shut-down drains; or ends when its Lease is lost.
    pub async fn run(mut self, shutdown: Shutdown) {
        tracing::info!(group = %self.options.group, id = %self.options.id, "joining the other replicas");
        let lost = tokio::select! {
            biased;
            () = shutdown.draining() => false,
            () = self.keep() => true,
        };
        self.options.fence.close();
        self.grant(Numbers::NONE);
        if lost {
            tracing::error!(group = %self.options.group, id = %self.options.id, "the lease is lost");
            self.stand(Standing::Lost);
        } else {
            self.stand(Standing::Waiting);
            self.release().await;
        }
    }

    fn stand(&self, standing: Standing) {
        self.standing.send_replace(standing);
    }

    fn now(&self) -> Duration {
        self.epoch.elapsed()
    }

    fn grant(&self, numbers: Numbers) {
        if *self.options.ownership.granted().borrow() != numbers {
            tracing::info!(group = %self.options.group, count = numbers.len(), %numbers, "shards granted");
        }
        self.options.ownership.grant(numbers);
        self.shards.granted(numbers.len());
    }

    /// Rounds, until the Lease could not be renewed for too long.
    async fn keep(&mut self) {
        loop {
            let begun = self.now();
            let end = self.membership.lives_until();
            // No request may take so long that there is no time for a second one.
            let limit = self.options.timings.renew_deadline / 2;
            let limit = end.map_or(limit, |end| limit.min(end.saturating_sub(begun)));
            let done = match timeout(limit, self.round()).await {
                Ok(done) => done.map_err(|error| error.to_string()),
                Err(_elapsed) => Err("no answer in time".to_owned()),
            };
            self.note(done);
            let now = self.now();
            if self.membership.lives_until().is_some_and(|end| end <= now) {
                return;
            }
            self.rest(begun).await;
        }
    }

    fn note(&mut self, done: Result<(), String>) {
        let Err(problem) = done else {
            self.failing = false;
            return;
        };
        if std::mem::replace(&mut self.failing, true) {
            tracing::debug!(group = %self.options.group, "the leases cannot be used: {problem}");
        } else {
            tracing::warn!(group = %self.options.group, "the leases cannot be used: {problem}");
        }
    }

    /// Waits for the next round.
    async fn rest(&mut self, begun: Duration) {
        let retry = self.options.timings.retry_period;
        let jitter = retry.mul_f64(JITTER * self.random.next_fraction());
        let leftover = self.options.ownership.leftover();
        let now = self.now();
        let next = if self.failing {
            begun + retry + jitter
        } else {
            let next = self.membership.next_round(leftover, now).max(begun + PAUSE);
            // Who waits for something to happen earlier does not wait longer.
            if next == now + retry { next + jitter } else { next }
        };
        let next = self.membership.lives_until().map_or(next, |end| next.min(end));
        tokio::select! {
            () = sleep_until(self.epoch + next) => {}
            () = self.options.ownership.released(), if !leftover.is_empty() => {}
        }
    }

    /// Writes the Lease where that is due, lists all, and evicts who is overdue.
    async fn round(&mut self) -> kube::Result<()> {
        let claims = self.membership.claims(self.options.ownership.leftover());
        let retry = self.options.timings.retry_period;
        let is_due = self.written.is_none_or(|written| written + retry <= self.now());
        if is_due || self.claimed() != Some(claims) {
            self.write(claims).await?;
        }
        let mut all = self.look().await?;
        if self.evict(&all).await? {
            all = self.look().await?;
        }
        self.shards.replicas(self.membership.replicas());
        self.forget(&all).await
    }

    /// Lists all Leases, and grants what follows. There is no wait between the two: what is not this replica's any more is not
    /// claimed any more either, so it must not be acted upon, whatever happens to the rest of the round.
    async fn look(&mut self) -> kube::Result<Vec<Lease>> {
        let params = ListParams::default().labels(&self.label());
        let all = self.api.list(&params).await?.items;
        let listed = all.iter().filter_map(|lease| self.listed(lease)).collect();
        self.membership.saw(listed, self.now());
        self.grant(self.membership.granted());
        self.lease = all.iter().find(|lease| lease.name_any() == self.name()).cloned();
        Ok(all)
    }

    /// Writes that nobody holds the Leases that are overdue; whether there were any.
    async fn evict(&self, all: &[Lease]) -> kube::Result<bool> {
        let mut is_news = false;
        for (lease, name) in named(all, self.options.group, self.membership.overdue()) {
            is_news = true;
            let mut vacated = lease.clone();
            vacated.spec = Some(vacant(&lease.spec.clone().unwrap_or_default()));
            vacated.annotations_mut().insert(self.annotation(), Numbers::NONE.to_string());
            match self.api.replace(&name, &PostParams::default(), &vacated).await {
                Ok(_) => tracing::warn!(lease = %name, "evicted a replica that has not renewed its lease"),
                // Another replica was faster, or it lives.
                Err(error) if is_changed(&error) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(is_news)
    }

    /// Writes the Lease with these claims.
    async fn write(&mut self, claims: Numbers) -> kube::Result<()> {
        let mut asked = self.now();
        self.is_asked = true;
        let written = match self.put(claims).await {
            // It was changed or removed by somebody, or an earlier write did happen.
            Err(error) if is_changed(&error) => {
                self.lease = self.api.get_opt(&self.name()).await?;
                if !self.is_held() {
                    self.membership.evicted();
                    self.grant(Numbers::NONE);
                }
                asked = self.now();
                self.put(claims).await
            }
            done => done,
        };
        self.lease = Some(written?);
        self.written = Some(asked);
        self.membership.wrote(asked);
        if let Some(end) = self.membership.lives_until() {
            self.options.fence.open_until(self.epoch + end);
        }
        if *self.standing.borrow() == Standing::Waiting {
            tracing::info!(group = %self.options.group, id = %self.options.id, "joined");
            self.stand(Standing::Leading);
        }
        Ok(())
    }

    /// Whether the Lease says that this replica lives. Nobody else writes its name there, and whoever evicts it takes it out.
    fn is_held(&self) -> bool {
        let spec = self.lease.as_ref().and_then(|lease| lease.spec.as_ref());
        spec.and_then(|spec| spec.holder_identity.as_ref()) == Some(&self.options.id)
    }

    async fn put(&self, claims: Numbers) -> kube::Result<Lease> {
        let name = self.name();
        let mut lease = self.lease.clone().unwrap_or_else(|| Lease {
            metadata: ObjectMeta { name: Some(name.clone()), ..ObjectMeta::default() },
            spec: None,
        });
        lease.annotations_mut().insert(self.annotation(), claims.to_string());
        lease.labels_mut().insert(self.label(), "true".to_owned());
        lease.spec = Some(self.membership.spec(self.clock.now()));
        let params = PostParams::default();
        if self.lease.is_some() {
            self.api.replace(&name, &params, &lease).await
        } else {
            self.api.create(&params, &lease).await
        }
    }

    fn name(&self) -> String {
        format!("{}-{}", self.options.group, self.options.id)
    }

    /// The label of all replicas' Leases.
    fn label(&self) -> String {
        format!("{}/replica", self.options.group)
    }

    /// Where a Lease says what it claims.
    fn annotation(&self) -> String {
        format!("{}/shards", self.options.group)
    }

    /// What this replica's Lease claims, as it was read or written last.
    fn claimed(&self) -> Option<Numbers> {
        self.lease.as_ref().map(|lease| self.claims_of(lease))
    }

    fn claims_of(&self, lease: &Lease) -> Numbers {
        let text = lease.annotations().get(&self.annotation());
        // Whoever wrote that may be acting upon anything.
        text.and_then(|text| text.parse().ok()).unwrap_or(Numbers::ALL)
    }

    fn listed(&self, lease: &Lease) -> Option<Listed> {
        let name = lease.name_any();
        let id = name.strip_prefix(self.options.group)?.strip_prefix('-')?;
        let spec = lease.spec.clone().unwrap_or_default();
        Some(Listed { id: id.to_owned(), spec, claims: self.claims_of(lease) })
    }

    /// Removes the Leases of those that died long ago.
    async fn forget(&self, all: &[Lease]) -> kube::Result<()> {
        for (lease, name) in named(all, self.options.group, self.membership.forgotten(self.now())) {
            match self.api.delete(&name, &unchanged(lease)).await {
                Ok(_) => tracing::info!(lease = %name, "removed the lease of a replica that died"),
                // Another replica was faster, or it lives again.
                Err(error) if is_changed(&error) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Removes this replica's Lease, so that the others need not wait.
    ///
    /// In whatever state it is: a renewal may have been cut off that did happen. The name is this process's alone.
    async fn release(self) {
        if !self.is_asked {
            return;
        }
        let name = self.name();
        match timeout(RELEASE, self.api.delete(&name, &DeleteParams::default())).await {
            Ok(Err(error)) if ErrorClass::of(&error) == ErrorClass::NotFound => {}
            Ok(Ok(_)) => tracing::info!(lease = %name, "the lease is given back"),
            Ok(Err(error)) => tracing::warn!(lease = %name, "the lease was not given back: {error}"),
            Err(_elapsed) => tracing::warn!(lease = %name, "the lease was not given back in time"),
        }
    }
}

/// The Leases of these replicas, with their names.
fn named<'a>(
    all: &'a [Lease],
    group: &str,
    ids: impl Iterator<Item = &'a str>,
) -> impl Iterator<Item = (&'a Lease, String)> {
    let named = move |id| {
        let name = format!("{group}-{id}");
        all.iter().find(|lease| lease.metadata.name.as_ref() == Some(&name)).map(|lease| (lease, name))
    };
    ids.filter_map(named)
}

/// Deletes a Lease only as it was seen.
fn unchanged(lease: &Lease) -> DeleteParams {
    let preconditions = Preconditions { resource_version: lease.resource_version(), uid: lease.uid() };
    DeleteParams { preconditions: Some(preconditions), ..DeleteParams::default() }
}

/// Whether a Lease is not what it was when it was read.
fn is_changed(error: &kube::Error) -> bool {
    matches!(ErrorClass::of(error), ErrorClass::Conflict | ErrorClass::AlreadyExists | ErrorClass::NotFound)
}

impl std::fmt::Debug for Sharder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sharder").field("options", &self.options).finish_non_exhaustive()
    }
}

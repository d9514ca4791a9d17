//! Carries an election: reads and writes the Lease, and tells who waits for it.

use std::sync::Arc;
use std::time::Duration;

use k8s_openapi::api::coordination::v1::{Lease, LeaseSpec};
use kube::Api;
use kube::api::{ObjectMeta, PostParams};
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until, timeout, timeout_at};

use crate::client::Fence;
use crate::clock::{Clock, Random};
use crate::election::{Election, Step, Timings};
use crate::metrics::Metrics;
use crate::metrics::election::LeaseMetrics;
use crate::reconciler::ErrorClass;
use crate::shutdown::Shutdown;

/// By how much of the retry period a candidate looks later, at random: so that many do not ask at the same time. client-go
/// takes 1.2; a leader that leaves is then followed 4.4 s later at worst, here 2.4 s.
const JITTER: f64 = 0.2;
/// How long giving the Lease back may take.
const RELEASE: Duration = Duration::from_secs(2);

/// How a process stands in an election.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Others may lead.
    Waiting,
    /// It leads.
    Leading,
    /// It led, and must not go on: only a new start helps.
    Lost,
}

/// What an elector is made of.
#[derive(Clone, Debug)]
pub struct ElectorOptions {
    /// The Lease's namespace.
    pub namespace: String,
    /// The Lease's name.
    pub name: &'static str,
    /// The candidate's own name, which no other has.
    pub identity: String,
    /// How long things take.
    pub timings: Timings,
    /// Opened while it leads.
    pub fence: Fence,
}

/// A candidate. It does nothing before [`Elector::run`].
pub struct Elector {
    api: Api<Lease>,
    name: &'static str,
    identity: String,
    timings: Timings,
    election: Election,
    /// The Lease as the server gave it last, whose metadata and version the next write takes along.
    lease: Option<Lease>,
    standing: watch::Sender<Standing>,
    fence: Fence,
    epoch: Instant,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    metrics: LeaseMetrics,
    /// Whether the last try failed, so that a row of failures is one warning.
    failing: bool,
}

impl Elector {
    /// A candidate for a Lease.
    #[must_use]
    pub fn new(
        client: kube::Client,
        options: ElectorOptions,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
        metrics: &Metrics,
    ) -> Self {
        let ElectorOptions { namespace, name, identity, timings, fence } = options;
        Self {
            api: Api::namespaced(client, &namespace),
            metrics: metrics.election().of(name),
            election: Election::new(identity.clone(), timings),
            name,
            identity,
            timings,
            lease: None,
            standing: watch::channel(Standing::Waiting).0,
            fence,
            epoch: Instant::now(),
            clock,
            random,
            failing: false,
        }
    }

    /// How it stands, now and later.
    #[must_use]
    pub fn standing(&self) -> watch::Receiver<Standing> {
        self.standing.subscribe()
    }

    /// The Lease's name.
    #[must_use]
    pub fn lease_name(&self) -> &'static str {
        self.name
    }

    /// Waits for the Lease and keeps it until the shut-down drains, and then gives it back; or ends when it is lost.
    pub async fn run(mut self, shutdown: Shutdown) {
        tracing::info!(lease = %self.name, identity = %self.identity, "waiting for the lease");
        let acquired = tokio::select! {
            biased;
            () = shutdown.draining() => false,
            () = self.acquire() => true,
        };
        if !acquired {
            // There is nothing to give back: a write whose answer was not waited for runs out by itself.
            return;
        }
        tracing::info!(lease = %self.name, identity = %self.identity, "leading");
        self.stand(Standing::Leading);
        let lost = tokio::select! {
            biased;
            () = shutdown.draining() => false,
            () = self.keep() => true,
        };
        if lost {
            tracing::error!(lease = %self.name, identity = %self.identity, "the lease is lost");
            self.fence.close();
            self.stand(Standing::Lost);
        } else {
            self.release().await;
        }
    }

    fn stand(&self, standing: Standing) {
        self.metrics.leads(standing == Standing::Leading);
        self.standing.send_replace(standing);
    }

    fn now(&self) -> Duration {
        self.epoch.elapsed()
    }

    /// Tries until the Lease is ours.
    async fn acquire(&mut self) {
        loop {
            let next = self.now()
                + self.timings.retry_period.mul_f64(JITTER.mul_add(self.random.next_fraction(), 1.0));
            if self.attempt().await {
                return;
            }
            // Whoever looks when the Lease has just run out need not wait for the next turn.
            let next = match self.election.step(self.now(), self.clock.now()) {
                Step::Wait(end) if !self.failing => next.min(end.max(self.now())),
                _ => next,
            };
            sleep_until(self.epoch + next).await;
        }
    }

    /// Renews until that has failed for too long.
    async fn keep(&mut self) {
        while let Some(end) = self.election.leads_until() {
            let next = self.now() + self.timings.retry_period;
            sleep_until(self.epoch + next.min(end)).await;
            // An answer that comes when it is too late is none.
            let _ = timeout_at(self.epoch + end, self.attempt()).await;
            let is_anothers = !self.failing && !self.election.is_holder();
            if is_anothers || self.election.leads_until().is_none_or(|end| end <= self.now()) {
                return;
            }
        }
    }

    /// One try to get or to renew the Lease; whether it is ours after it.
    async fn attempt(&mut self) -> bool {
        // No request may take so long that there is no time for a second one.
        let result = match timeout(self.timings.renew_deadline / 2, self.ask()).await {
            Ok(Ok(ours)) => {
                self.failing = false;
                return ours;
            }
            Ok(Err(error)) => error.to_string(),
            Err(_elapsed) => "no answer in time".to_owned(),
        };
        if std::mem::replace(&mut self.failing, true) {
            tracing::debug!(lease = %self.name, "the lease cannot be used: {result}");
        } else {
            tracing::warn!(lease = %self.name, "the lease cannot be used: {result}");
        }
        false
    }

    async fn ask(&mut self) -> kube::Result<bool> {
        // Its holder knows the Lease, and reads it only when somebody else has changed it.
        if self.election.is_holder() && self.lease.is_some() {
            let asked = self.now();
            let step = self.election.step(asked, self.clock.now());
            match self.carry_out(step, asked).await {
                Err(error) if is_changed(&error) => self.metrics.slow_path(),
                done => return done,
            }
        }
        self.lease = self.api.get_opt(self.name).await?;
        let asked = self.now();
        self.election
            .saw(self.lease.as_ref().map(|lease| lease.spec.clone().unwrap_or_default()).as_ref(), asked);
        let step = self.election.step(asked, self.clock.now());
        match self.carry_out(step, asked).await {
            // Somebody was faster.
            Err(error) if is_changed(&error) => Ok(false),
            done => done,
        }
    }

    async fn carry_out(&mut self, step: Step, asked: Duration) -> kube::Result<bool> {
        let lease = match step {
            Step::Wait(_) => return Ok(false),
            Step::Create(spec) => {
                let metadata = ObjectMeta { name: Some(self.name.to_owned()), ..ObjectMeta::default() };
                let lease = Lease { metadata, spec: Some(spec) };
                self.api.create(&PostParams::default(), &lease).await?
            }
            Step::Update(spec) => self.replace(spec).await?,
        };
        let spec = lease.spec.clone().unwrap_or_default();
        self.election.wrote(&spec, asked, self.now());
        self.lease = Some(lease);
        if let Some(end) = self.election.leads_until() {
            self.fence.open_until(self.epoch + end);
        }
        Ok(true)
    }

    async fn replace(&self, spec: LeaseSpec) -> kube::Result<Lease> {
        let lease = Lease { spec: Some(spec), ..self.lease.clone().unwrap_or_default() };
        self.api.replace(self.name, &PostParams::default(), &lease).await
    }

    /// Gives the Lease back where it is ours.
    async fn release(mut self) {
        self.fence.close();
        self.stand(Standing::Waiting);
        let Some(spec) = self.election.resign(self.clock.now()) else { return };
        match timeout(RELEASE, self.replace(spec)).await {
            Ok(Ok(_)) => tracing::info!(lease = %self.name, "the lease is given back"),
            Ok(Err(error)) => tracing::warn!(lease = %self.name, "the lease was not given back: {error}"),
            Err(_elapsed) => tracing::warn!(lease = %self.name, "the lease was not given back in time"),
        }
    }
}

/// Whether the Lease is not what it was when it was read.
fn is_changed(error: &kube::Error) -> bool {
    matches!(ErrorClass::of(error), ErrorClass::Conflict | ErrorClass::AlreadyExists | ErrorClass::NotFound)
}

impl std::fmt::Debug for Elector {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Elector")
            .field("lease", &self.name)
            .field("identity", &self.identity)
            .finish_non_exhaustive()
    }
}

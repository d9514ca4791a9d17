//! Starts the parts in their order and ends them all.

use std::fmt::Debug;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use kube::{Api, Resource};
use kyma_workqueue::WorkQueue;
use parking_lot::RwLock;
use serde::de::DeserializeOwned;
use thiserror::Error;
use tokio::sync::watch;

use crate::admin::Health;
use crate::clock::Random;
use crate::elector::{Elector, Standing};
use crate::informer::{self, InformerOptions, Sink};
use crate::metrics::Metrics;
use crate::reconciler::Reconciler;
use crate::sharder::Sharder;
use crate::shutdown::{self, Shutdown};
use crate::worker;

mod crew;

use crew::Crew;

/// Owns every task of an operator: informers, workers, and whatever the caller adds.
///
/// Three crews: informers, which start at once; workers, which start when every informer has synced; and services
/// (admin sites, the event writer), which start first and end last, so that they see the others' end.
pub struct Manager {
    metrics: Metrics,
    random: Arc<dyn Random>,
    health: Health,
    kinds: Kinds,
    informers: Vec<Task>,
    workers: Vec<Task>,
    services: Vec<Task>,
    election: Option<Candidacy>,
}

/// A Lease that workers wait for.
struct Candidacy {
    lease: &'static str,
    standing: watch::Receiver<Standing>,
}

/// A task that has not been started.
struct Task {
    name: String,
    start: Box<dyn FnOnce(Shutdown) -> Running + Send>,
}

type Running = Pin<Box<dyn Future<Output = ()> + Send>>;

impl Task {
    fn new<F, T>(name: impl Into<String>, task: F) -> Self
    where
        F: FnOnce(Shutdown) -> T + Send + 'static,
        T: Future<Output = ()> + Send + 'static,
    {
        Self { name: name.into(), start: Box::new(move |shutdown| Box::pin(task(shutdown))) }
    }
}

/// Why a manager ended without being asked to.
#[derive(Debug, Error)]
pub enum RunError {
    /// A task panicked; all others were ended.
    #[error("the task {task:?} ended with a panic")]
    TaskPanicked {
        /// The task's name.
        task: String,
    },
    /// The Lease went to somebody else, or could not be renewed in time; all tasks were ended.
    #[error("the lease {lease:?} is lost")]
    LeaseLost {
        /// The Lease's name.
        lease: &'static str,
    },
}

impl Manager {
    /// A manager of nothing.
    #[must_use]
    pub fn new(metrics: Metrics, random: Arc<dyn Random>) -> Self {
        let kinds = Kinds::default();
        let health = Health::new();
        let watched = kinds.clone();
        health.add_readiness("informers-synced", move || match watched.missing().as_slice() {
            [] => Ok(()),
            missing => Err(format!("waiting for the first list of {}", missing.join(", "))),
        });
        Self {
            metrics,
            random,
            health,
            kinds,
            informers: Vec::new(),
            workers: Vec::new(),
            services: Vec::new(),
            election: None,
        }
    }

    /// Lets workers start only when a Lease is held, and ends everything when it is lost. The Lease is given back after
    /// everything else has ended.
    pub fn elect(&mut self, elector: Elector) {
        let candidacy = Candidacy { lease: elector.lease_name(), standing: elector.standing() };
        self.stand_for(candidacy, "leader election", move |shutdown| elector.run(shutdown));
    }

    /// Lets workers start only when this replica has joined the others, and ends everything when its Lease is lost. The
    /// Lease is given back after everything else has ended.
    ///
    /// It joins once every informer has synced: a replica that cannot list anything must not take the others' part.
    pub fn share(&mut self, sharder: Sharder) {
        let candidacy = Candidacy { lease: sharder.group(), standing: sharder.standing() };
        let kinds = self.kinds.clone();
        self.stand_for(candidacy, "sharding", move |shutdown| async move {
            tokio::select! {
                biased;
                () = shutdown.draining() => return,
                () = kinds.synced() => {}
            }
            sharder.run(shutdown).await;
        });
    }

    fn stand_for<F, T>(&mut self, candidacy: Candidacy, name: &'static str, task: F)
    where
        F: FnOnce(Shutdown) -> T + Send + 'static,
        T: Future<Output = ()> + Send + 'static,
    {
        let standing = candidacy.standing.clone();
        self.health.add_readiness("leader-election", move || match *standing.borrow() {
            Standing::Waiting | Standing::Leading => Ok(()),
            Standing::Lost => Err("the lease is lost".to_owned()),
        });
        self.election = Some(candidacy);
        self.services.push(Task::new(name, task));
    }

    /// Lists and watches a kind into a sink.
    pub fn inform<K, S>(&mut self, api: Api<K>, options: InformerOptions, sink: S)
    where
        K: Resource<DynamicType = ()> + Clone + Debug + DeserializeOwned + Send + Sync + 'static,
        S: Sink<K> + 'static,
    {
        let kind = K::kind(&()).into_owned();
        let (synced, receiver) = watch::channel(false);
        self.kinds.add(kind.clone(), receiver);
        let random = Arc::clone(&self.random);
        let context = informer::Context { metrics: self.metrics.clone(), random, synced };
        self.informers.push(Task::new(format!("informer of {kind}"), move |shutdown| {
            informer::run(api, options, sink, context, shutdown)
        }));
    }

    /// Runs a reconciler's workers once every informer has synced.
    pub fn control<R: Reconciler>(
        &mut self,
        reconciler: Arc<R>,
        queue: WorkQueue<R::Key>,
        concurrency: usize,
    ) {
        let metrics = self.metrics.clone();
        self.workers.push(Task::new(format!("workers of {}", reconciler.name()), move |shutdown| {
            worker::run_workers(reconciler, queue, concurrency, metrics, shutdown)
        }));
    }

    /// Runs a task from the start until everything else has ended: its shut-down drains last.
    pub fn task<F, T>(&mut self, name: &'static str, task: F)
    where
        F: FnOnce(Shutdown) -> T + Send + 'static,
        T: Future<Output = ()> + Send + 'static,
    {
        self.services.push(Task::new(name, task));
    }

    /// Runs a task together with the workers.
    pub fn task_after_sync<F, T>(&mut self, name: &'static str, task: F)
    where
        F: FnOnce(Shutdown) -> T + Send + 'static,
        T: Future<Output = ()> + Send + 'static,
    {
        self.workers.push(Task::new(name, task));
    }

    /// The checks; ready when every informer has synced.
    #[must_use]
    pub fn health(&self) -> Health {
        self.health.clone()
    }

    /// Runs everything until the shut-down drains, a task panics or the Lease is lost, and all tasks have ended.
    ///
    /// # Errors
    ///
    /// When a task panicked, or the Lease was lost.
    pub async fn run(self, shutdown: Shutdown) -> Result<(), RunError> {
        let Self { metrics: _, random: _, health: _, kinds, informers, workers, services, election } = self;
        let (drain_services, services_shutdown) = shutdown::channel();
        let (drain_work, work_shutdown) = shutdown::channel();
        let mut services = Crew::start(services, &services_shutdown);
        let mut informers = Crew::start(informers, &work_shutdown);
        let mut working = Crew::default();

        let running = async {
            let begun = begin(&kinds, election.as_ref(), &shutdown, &mut services, &mut informers).await?;
            if begun {
                tracing::info!("informers are in sync");
                working = Crew::start(workers, &work_shutdown);
            }
            tokio::select! {
                biased;
                () = shutdown.draining() => Ok(()),
                panic = services.panicked() => Err(panic),
                panic = informers.panicked() => Err(panic),
                panic = working.panicked() => Err(panic),
                lost = lost(election.as_ref()) => Err(lost),
            }
        };
        let mut result = running.await;
        let ended = async {
            drain_work.begin();
            let worked = working.ended().await;
            let informed = informers.ended().await;
            drain_services.begin();
            worked.and(informed).and(services.ended().await)
        };
        tokio::select! {
            biased;
            () = shutdown.aborted() => {}
            ended = ended => result = result.and(ended),
        }
        // Ends what an abort has left; after a drain there is nothing.
        for crew in [&mut working, &mut informers, &mut services] {
            crew.abort().await;
        }
        result
    }
}

impl Debug for Manager {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names = |tasks: &[Task]| tasks.iter().map(|task| task.name.clone()).collect::<Vec<_>>();
        f.debug_struct("Manager")
            .field("informers", &names(&self.informers))
            .field("workers", &names(&self.workers))
            .field("services", &names(&self.services))
            .finish_non_exhaustive()
    }
}

/// Waits for the informers and the Lease; false when the shut-down came first.
async fn begin(
    kinds: &Kinds,
    election: Option<&Candidacy>,
    shutdown: &Shutdown,
    services: &mut Crew,
    informers: &mut Crew,
) -> Result<bool, RunError> {
    tokio::select! {
        biased;
        () = shutdown.draining() => Ok(false),
        panic = services.panicked() => Err(panic),
        panic = informers.panicked() => Err(panic),
        lost = lost(election) => Err(lost),
        () = async {
            kinds.synced().await;
            stands(election, Standing::Leading).await;
        } => Ok(true),
    }
}

/// Waits until an election stands so. Without one, it has always been won.
async fn stands(election: Option<&Candidacy>, standing: Standing) {
    if let Some(election) = election {
        let reached = election.standing.clone().wait_for(|now| *now == standing).await.is_ok();
        if reached {
            return;
        }
    } else if standing == Standing::Leading {
        return;
    }
    std::future::pending::<()>().await;
}

/// Waits until the Lease is lost.
async fn lost(election: Option<&Candidacy>) -> RunError {
    stands(election, Standing::Lost).await;
    RunError::LeaseLost { lease: election.map(|election| election.lease).unwrap_or_default() }
}

/// The kinds that are informed of.
#[derive(Clone, Default)]
struct Kinds(Arc<RwLock<Vec<Kind>>>);

/// A kind's name and whether its first list is complete.
type Kind = (String, watch::Receiver<bool>);

impl Kinds {
    fn add(&self, kind: String, synced: watch::Receiver<bool>) {
        self.0.write().push((kind, synced));
    }

    fn missing(&self) -> Vec<String> {
        let kinds = self.0.read();
        kinds.iter().filter(|(_, synced)| !*synced.borrow()).map(|(kind, _)| kind.clone()).collect()
    }

    /// Waits for all; for ever when an informer ended before its first list.
    async fn synced(&self) {
        let kinds = self.0.read().clone();
        for (_, mut synced) in kinds {
            if synced.wait_for(|synced| *synced).await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }
}

#[cfg(test)]
mod tests;

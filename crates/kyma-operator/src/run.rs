//! Puts the parts together.

use std::sync::Arc;

use k8s_openapi::api::core::v1::ObjectReference;
use kube::core::NamespaceResourceScope;
use kube::{Api, Client, Resource};
use kyma_controller::drive::RunError;
use kyma_controller::{
    Clock, Elector, ElectorOptions, EventRecorder, EventType, Health, InformerOptions, Manager, Metrics,
    Numbers, Ownership, Random, Sharder, Shutdown, events, named_queue,
};
use kyma_inventory::{Cluster, HelmComponent, Kyma};
use tokio::time::Instant;

use crate::apply::Writer;
use crate::cluster::ClusterController;
use crate::component::ComponentController;
use crate::config::{Config, Replicas};
use crate::context::Context;
use crate::fleet::{Fleet, PartId};
use crate::kyma::KymaController;
use crate::meters::Meters;
use crate::shards::{self, Follower};
use crate::sinks::{ComponentFeed, Feed};
use crate::sweep;

/// The name under which Events are reported.
const COMPONENT: &str = "kyma-operator";

/// An operator that is ready to run.
pub struct Operator {
    manager: Manager,
}

impl Operator {
    /// Puts an operator together; it does nothing before [`Operator::run`]. To be called inside a tokio runtime.
    #[must_use]
    pub fn new(
        client: &Client,
        config: &Config,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
        metrics: &Metrics,
    ) -> Self {
        let mut manager = Manager::new(metrics.clone(), Arc::clone(&random));
        let (recorder, writer) =
            events::recorder(client.clone(), COMPONENT, Arc::clone(&clock), Arc::clone(&random), metrics);
        let ownership = join(&mut manager, client, config, &recorder, (&clock, &random), metrics);
        let meters = Meters::register(metrics);
        let context = Arc::new(Context {
            fleet: Fleet::new(config.status_interval, config.limiter),
            ownership,
            kymas: named_queue("kyma", config.limiter, metrics),
            components: named_queue("helmcomponent", config.limiter, metrics),
            clusters: named_queue("cluster", config.limiter, metrics),
            writer: Writer::new(client.clone(), meters.clone()),
            events: recorder,
            meters,
            clock,
            started: Instant::now(),
        });
        manager.task("events", move |shutdown| writer.run(shutdown));
        inform(&mut manager, client, config, &context);
        control(&mut manager, config, &context);
        match config.replicas {
            Replicas::Share(_) => share(&mut manager, client, config, &context, random, metrics),
            Replicas::Alone | Replicas::OneActs(_) => {
                let context = Arc::clone(&context);
                manager.task_after_sync("seed", move |_| async move { sweep::seed(&context, Numbers::ALL) });
            }
        }
        Self { manager }
    }

    /// The operator's health, for an admin server.
    #[must_use]
    pub fn health(&self) -> Health {
        self.manager.health()
    }

    /// Runs until the shut-down.
    ///
    /// # Errors
    /// When a part of the operator ends by itself; see [`RunError`].
    pub async fn run(self, shutdown: Shutdown) -> Result<(), RunError> {
        self.manager.run(shutdown).await
    }
}

/// Puts an operator together and runs it until the shut-down.
///
/// # Errors
/// As [`Operator::run`].
pub async fn run(
    client: &Client,
    config: &Config,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    metrics: &Metrics,
    shutdown: Shutdown,
) -> Result<(), RunError> {
    Operator::new(client, config, clock, random, metrics).run(shutdown).await
}

/// Joins the other replicas, where there are any; returns what then says which shards this one acts upon.
fn join(
    manager: &mut Manager,
    client: &Client,
    config: &Config,
    recorder: &EventRecorder,
    (clock, random): (&Arc<dyn Clock>, &Arc<dyn Random>),
    metrics: &Metrics,
) -> Ownership {
    let (client, clock, random) = (client.clone(), Arc::clone(clock), Arc::clone(random));
    match &config.replicas {
        Replicas::Alone => Ownership::of(Numbers::ALL),
        Replicas::OneActs(options) => {
            manager.elect(Elector::new(client, options.clone(), clock, random, metrics));
            announce(manager, options, recorder.clone());
            Ownership::of(Numbers::ALL)
        }
        Replicas::Share(options) => {
            manager.share(Sharder::new(client, options.clone(), clock, random, metrics));
            options.ownership.clone()
        }
    }
}

/// Follows the shards that are granted.
fn share(
    manager: &mut Manager,
    client: &Client,
    config: &Config,
    context: &Arc<Context>,
    random: Arc<dyn Random>,
    metrics: &Metrics,
) {
    context.fleet.share_components();
    let ownership = context.ownership.clone();
    manager.health().add_readiness("shards", move || {
        let closed = ownership.closed();
        if closed.is_empty() { Ok(()) } else { Err(format!("waiting for the components of shards {closed}")) }
    });
    let follower =
        Follower::new(Arc::clone(context), api::<HelmComponent>(client, config), random, metrics.clone());
    manager.task_after_sync("shards", move |shutdown| follower.run(shutdown));
}

/// Says in an Event about the Lease who leads, as controller-runtime does.
fn announce(manager: &mut Manager, options: &ElectorOptions, events: EventRecorder) {
    let lease = ObjectReference {
        api_version: Some("coordination.k8s.io/v1".to_owned()),
        kind: Some("Lease".to_owned()),
        namespace: Some(options.namespace.clone()),
        name: Some(options.name.to_owned()),
        ..ObjectReference::default()
    };
    let message = format!("{} became leader", options.identity);
    manager.task_after_sync("announce", move |_| async move {
        events.record(&lease, EventType::Normal, "LeaderElection", message);
    });
}

fn inform(manager: &mut Manager, client: &Client, config: &Config, context: &Arc<Context>) {
    manager.inform(api::<Kyma>(client, config), InformerOptions::default(), Feed::new(Arc::clone(context)));
    let options = match config.replicas {
        Replicas::Share(_) => shards::unlabelled(),
        Replicas::Alone | Replicas::OneActs(_) => InformerOptions::default(),
    };
    let feed = ComponentFeed::new(Arc::clone(context), PartId::FIRST);
    manager.inform(api::<HelmComponent>(client, config), options, feed);
    manager.inform(
        api::<Cluster>(client, config),
        InformerOptions::default(),
        Feed::new(Arc::clone(context)),
    );
}

fn api<K>(client: &Client, config: &Config) -> Api<K>
where
    K: Resource<DynamicType = (), Scope = NamespaceResourceScope>,
{
    match &config.namespace {
        Some(namespace) => Api::namespaced(client.clone(), namespace),
        None => Api::all(client.clone()),
    }
}

fn control(manager: &mut Manager, config: &Config, context: &Arc<Context>) {
    let concurrency = config.concurrency;
    let kymas = Arc::new(KymaController::new(Arc::clone(context)));
    manager.control(kymas, context.kymas.clone(), concurrency);
    let components = Arc::new(ComponentController::new(Arc::clone(context)));
    manager.control(components, context.components.clone(), concurrency);
    let clusters = Arc::new(ClusterController::new(Arc::clone(context)));
    manager.control(clusters, context.clusters.clone(), concurrency);
    let (sweeper, measurer, period) = (Arc::clone(context), Arc::clone(context), config.sync_period);
    manager.task_after_sync("resync", move |shutdown| {
        sweep::seed_clusters(&sweeper);
        sweep::resync(sweeper, period, shutdown)
    });
    manager.task_after_sync("measure", move |shutdown| sweep::measure(measurer, shutdown));
}

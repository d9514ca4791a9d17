//! Puts the parts together.

use std::sync::Arc;

use k8s_openapi::api::core::v1::ObjectReference;
use kube::core::NamespaceResourceScope;
use kube::{Api, Client, Resource};
use kyma_controller::drive::RunError;
use kyma_controller::{
    Clock, Elector, ElectorOptions, EventRecorder, EventType, Health, InformerOptions, Manager, Metrics,
    Random, Shutdown, events, named_queue,
};
use kyma_inventory::{Cluster, HelmComponent, Kyma};
use tokio::time::Instant;

use crate::apply::Writer;
use crate::cluster::ClusterController;
use crate::component::ComponentController;
use crate::config::Config;
use crate::context::Context;
use crate::fleet::Fleet;
use crate::kyma::KymaController;
use crate::meters::Meters;
use crate::sinks::Feed;
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
        if let Some(options) = &config.election {
            let clock = Arc::clone(&clock);
            manager.elect(Elector::new(client.clone(), options.clone(), clock, random, metrics));
            announce(&mut manager, options, recorder.clone());
        }
        let meters = Meters::register(metrics);
        let context = Arc::new(Context {
            fleet: Fleet::new(config.status_interval, config.limiter),
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
    manager.inform(
        api::<HelmComponent>(client, config),
        InformerOptions::default(),
        Feed::new(Arc::clone(context)),
    );
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
        sweep::seed(&sweeper);
        sweep::resync(sweeper, period, shutdown)
    });
    manager.task_after_sync("measure", move |shutdown| sweep::measure(measurer, shutdown));
}

//! One run: create the fleet as the scenario says, wait until it has arrived, write everything down.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use k8s_openapi::api::core::v1::Namespace;
use kube::Client;
use kube::api::{Api, ObjectMeta, PostParams};
use kyma_controller::{Shutdown, shutdown};
use kyma_inventory::Kyma;
use kyma_report::raw::{Header, RAW_VERSION};
use kyma_report::result::Setting;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until, timeout};

use crate::RAW_FILE;
pub use crate::collect::watch::Totals;
use crate::collect::watch::{Fleet, longest};
use crate::collect::{Sampler, Source, procfs};
use crate::error::Error;
use crate::recorder::Recorder;
use crate::scenario::Scenario;

/// How many creates may be under way.
const CREATORS: usize = 32;
/// How often everything is sampled in a short run. Long ones are sampled less often: no chart shows more.
const PERIOD: Duration = Duration::from_secs(1);
const SAMPLES_MAX: u64 = 4000;
/// How long to look on when all has arrived, for a write that would be one too many.
const LINGER: Duration = Duration::from_secs(3);

/// What a run needs.
#[derive(Clone, Debug)]
pub struct Plan {
    /// What is to happen.
    pub scenario: Scenario,
    /// The namespace of the fleet, which is made if it is not there.
    pub namespace: String,
    /// Where everything is written; it is there.
    pub folder: PathBuf,
    /// The program and its version.
    pub tool: String,
    /// When it begins, RFC 3339.
    pub started: String,
    /// What decides the figures besides the scenario.
    pub settings: Vec<Setting>,
    /// Who is sampled.
    pub sources: Vec<Source>,
}

/// Runs it: until the fleet has arrived, the scenario's limit is over, or the shut-down begins. `show` is told how far it is.
/// What was not finished is said in what was written, and is no error.
///
/// # Errors
/// Where the server refuses what is needed, or nothing can be written.
pub async fn run(
    plan: &Plan,
    client: &Client,
    show: &watch::Sender<Totals>,
    stop: Shutdown,
) -> Result<(), Error> {
    let file = plan.folder.join(RAW_FILE);
    let unwritable = |source| Error::Write { file: file.clone(), source };
    let recorder = Recorder::begin(&file, header(plan)).map_err(unwritable)?;
    let sampler = Sampler::start(plan.sources.clone(), period(&plan.scenario), recorder.clone())?;
    let done = followed(plan, client, &recorder, show, stop).await;
    sampler.end().await?;
    let unfinished = match &done {
        Ok(unfinished) => unfinished.clone(),
        Err(error) => Some(error.to_string()),
    };
    recorder.end(unfinished).map_err(unwritable)?;
    done.map(|_| ())
}

fn header(plan: &Plan) -> Header {
    Header {
        version: RAW_VERSION,
        tool: plan.tool.clone(),
        name: plan.scenario.name.clone(),
        started: plan.started.clone(),
        scenario: serde_json::to_value(&plan.scenario).unwrap_or_default(),
        environment: procfs::environment(),
        settings: plan.settings.clone(),
    }
}

/// How often to sample, by how long it takes to create the fleet.
fn period(scenario: &Scenario) -> Duration {
    let last = scenario.arrival.time(scenario.kymas.saturating_sub(1));
    PERIOD.max(Duration::from_secs(last.as_secs() / SAMPLES_MAX))
}

/// Runs the fleet beside the watches; says why it did not finish.
async fn followed(
    plan: &Plan,
    client: &Client,
    recorder: &Recorder,
    show: &watch::Sender<Totals>,
    stop: Shutdown,
) -> Result<Option<String>, Error> {
    create_namespace(client, &plan.namespace).await?;
    let (fleet, manager) = Fleet::watch(client, &plan.namespace, recorder.clone());
    let (drain, watching) = shutdown::channel();
    let mut totals = fleet.totals();
    let watches = async { manager.run(watching).await.map_err(|error| Error::Broken(error.to_string())) };
    let shown = async {
        loop {
            show.send_replace(*totals.borrow_and_update());
            if totals.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    };
    let story = async {
        let told = tell(plan, client, recorder, &fleet, stop).await;
        drain.begin();
        told
    };
    let work = async { tokio::join!(watches, story) };
    let (watched, told) = tokio::select! {
        biased;
        done = work => done,
        () = shown => (Ok(()), Ok(None)),
    };
    watched.and(told)
}

async fn tell(
    plan: &Plan,
    client: &Client,
    recorder: &Recorder,
    fleet: &Fleet,
    stop: Shutdown,
) -> Result<Option<String>, Error> {
    let limit = Duration::from_secs(plan.scenario.limit_seconds);
    let arrived = async {
        let mut totals = fleet.totals();
        // The sender lives as long as the fleet.
        let _ = totals.wait_for(Totals::is_listed).await;
        create(plan, client, recorder).await?;
        let wanted = plan.scenario.kymas;
        let _ = totals.wait_for(|totals| totals.ready >= wanted).await;
        sleep(LINGER).await;
        Ok(None)
    };
    let failed = async {
        loop {
            sleep(Duration::from_secs(1)).await;
            if let Some(why) = recorder.failure() {
                return why;
            }
        }
    };
    tokio::select! {
        biased;
        () = stop.draining() => Ok(Some("interrupted".to_owned())),
        arrived = timeout(limit, arrived) => match arrived {
            Ok(arrived) => arrived,
            Err(_) => Ok(Some(format!("not all had arrived after {} s", limit.as_secs()))),
        },
        why = failed => Ok(Some(why)),
    }
}

async fn create_namespace(client: &Client, name: &str) -> Result<(), Error> {
    let metadata = ObjectMeta { name: Some(name.to_owned()), ..ObjectMeta::default() };
    let namespace = Namespace { metadata, ..Namespace::default() };
    let api: Api<Namespace> = Api::all(client.clone());
    let created = api.create(&PostParams::default(), &namespace).await;
    created.map(|_| ()).map_err(|error| Error::request(format!("create the namespace {name}"), error))
}

/// Creates the Kymas, each at its time; not more at a time than [`CREATORS`].
async fn create(plan: &Plan, client: &Client, recorder: &Recorder) -> Result<(), Error> {
    let api: Api<Kyma> = Api::namespaced(client.clone(), &plan.namespace);
    let slots = Arc::new(Semaphore::new(CREATORS));
    let start = Instant::now();
    let mut creating = JoinSet::new();
    for index in 0..plan.scenario.kymas {
        let at = start + plan.scenario.arrival.time(index);
        tokio::select! {
            biased;
            () = sleep_until(at) => {}
            Some(created) = creating.join_next() => done(created)?,
        }
        sleep_until(at).await;
        let slot = Arc::clone(&slots).acquire_owned().await;
        let slot = slot.map_err(|error| Error::Broken(error.to_string()))?;
        let (api, kyma, recorder) =
            (api.clone(), plan.scenario.kyma(index, &plan.namespace), recorder.clone());
        creating.spawn(async move {
            let name = kyma.metadata.name.clone().unwrap_or_default();
            recorder.creating(&name, longest(&kyma));
            let created = api.create(&PostParams::default(), &kyma).await;
            drop(slot);
            created.map(|_| ()).map_err(|error| Error::request(format!("create {name}"), error))
        });
    }
    while let Some(created) = creating.join_next().await {
        done(created)?;
    }
    Ok(())
}

fn done(created: Result<Result<(), Error>, tokio::task::JoinError>) -> Result<(), Error> {
    created.map_err(|error| Error::Broken(error.to_string()))?
}

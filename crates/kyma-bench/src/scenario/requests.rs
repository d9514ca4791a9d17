//! What one request costs the server, of each kind in turn.

mod phase;
mod table;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::task::JoinSet;

use super::check;
use crate::args::RequestsArgs;
use crate::client::{Crew, Endpoint, Watch};
use crate::console;
use crate::environment::Environment;
use crate::error::{Error, within};
use crate::fleet_watch::resource_version;
use crate::install;
use crate::report;
use crate::server::{Kind, Server};
use crate::statistics::percentile;
use crate::tools::Tools;
use phase::{Fill, LIST_NAMESPACE, NAMESPACE, Phase, Work, Workload, components};
use table::Measured;

/// How many watch while status is written.
const WATCHERS: usize = 4;
/// How long a phase may take, and how long events may take to arrive after it.
const PHASE_LIMIT: Duration = Duration::from_secs(900);
const EVENTS_LIMIT: Duration = Duration::from_secs(30);

/// How much is asked of one server.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Load {
    kind: Kind,
    operations: usize,
    lists: usize,
    list_objects: usize,
    connections: usize,
}

/// Measures, prints, and fails when a request failed or an event was lost.
pub(crate) async fn run(args: &RequestsArgs) -> Result<(), Error> {
    let tools = Tools::find(&args.common.k8s_version)?;
    let environment = Environment::read(&tools.repository);
    let loads = loads(args);
    let mut measured: Vec<(Load, Vec<Vec<Measured>>)> =
        loads.iter().map(|&load| (load, Vec::new())).collect();
    let runs = args.common.runs();
    for run in 1..=runs {
        for (load, results) in &mut measured {
            console::note(&format!("run {run} of {runs}: requests to {}", load.kind.name()));
            results.push(measure(*load, &tools).await?);
        }
    }
    let mut tables = vec![table::costs(&measured)];
    tables.extend(table::comparison(&measured));
    tables[0].note(format!("{}; Kubernetes {}", tools.kymactl_version().await?, tools.k8s_version));
    report::publish("Requests", &environment, &tables, args.out.out.as_deref())?;
    check(&table::problems(&measured))
}

fn loads(args: &RequestsArgs) -> Vec<Load> {
    let common = &args.common;
    let embedded = Load {
        kind: Kind::Embedded,
        operations: common.pick(args.operations, 20_000, 200),
        lists: common.pick(args.lists, 200, 20),
        list_objects: common.pick(args.list_objects, 3000, 50),
        connections: args.connections,
    };
    let mut loads = vec![embedded];
    if args.real {
        loads.push(Load {
            kind: Kind::Real,
            operations: common.pick(args.operations_real, 3000, 100),
            lists: common.pick(args.lists_real, 20, 20),
            ..embedded
        });
    }
    loads
}

/// All phases against a fresh server.
async fn measure(load: Load, tools: &Tools) -> Result<Vec<Measured>, Error> {
    let server = Server::start(load.kind, tools).await?;
    install::definitions(&server.endpoint, tools).await?;
    for namespace in [NAMESPACE, LIST_NAMESPACE] {
        install::namespace(&server.endpoint, namespace).await?;
    }
    let mut crew = Crew::open(&server.endpoint, load.connections).await?;
    within(PHASE_LIMIT, "filling the lists", async {
        let filled = crew.work(load.list_objects, Arc::new(Fill)).await?;
        filled.first_error.map_or(Ok(()), |error| Err(Error::Invalid(error)))
    })
    .await?;
    server.settle().await?;

    let workload = Arc::new(Workload::new(load.operations, load.list_objects));
    let mut results = Vec::new();
    for phase in Phase::ALL {
        let operations = if phase == Phase::List { load.lists } else { load.operations };
        let work = Work { phase, workload: Arc::clone(&workload) };
        let measured = measure_phase(&server, &mut crew, work, operations);
        let measured = within(PHASE_LIMIT, format!("the phase {}", phase.name()), measured).await?;
        console::note(&format!("  {measured}"));
        results.push(measured);
    }
    server.stop().await?;
    Ok(results)
}

async fn measure_phase(
    server: &Server,
    crew: &mut Crew,
    work: Work,
    operations: usize,
) -> Result<Measured, Error> {
    let phase = work.phase;
    let mut watchers = if phase == Phase::Status {
        Some(Watchers::attach(&server.endpoint, operations).await?)
    } else {
        None
    };
    let before = server.cpu()?;
    let outcome = crew.work(operations, Arc::new(work)).await?;
    // Delivering events is part of the price.
    let events = match &mut watchers {
        Some(watchers) => Some((watchers.seen().await?, WATCHERS * operations)),
        None => None,
    };
    let cpu = server.cpu()? - before;
    Ok(Measured {
        phase,
        operations,
        cpu,
        elapsed: outcome.elapsed,
        p50: percentile(&outcome.latencies, 50).unwrap_or_default(),
        p99: percentile(&outcome.latencies, 99).unwrap_or_default(),
        errors: outcome.errors,
        first_error: outcome.first_error,
        events,
    })
}

/// Watches that count changes, each on a connection of its own.
#[derive(Debug)]
pub(crate) struct Watchers {
    tasks: JoinSet<Result<(), Error>>,
    seen: Arc<AtomicUsize>,
}

impl Watchers {
    /// Begins to watch; each watch ends after `events` changes.
    pub(crate) async fn attach(endpoint: &Endpoint, events: usize) -> Result<Self, Error> {
        let path = components(NAMESPACE);
        let version = resource_version(endpoint, &path).await?;
        let seen = Arc::new(AtomicUsize::new(0));
        let mut tasks = JoinSet::new();
        for _ in 0..WATCHERS {
            let watch = Watch::open(endpoint, &path, &version).await?;
            tasks.spawn(count(watch, events, Arc::clone(&seen)));
        }
        Ok(Watchers { tasks, seen })
    }

    /// Waits until each has seen all, or does not in time; says how many they have seen together.
    pub(crate) async fn seen(&mut self) -> Result<usize, Error> {
        let all = async {
            while let Some(joined) = self.tasks.join_next().await {
                joined.map_err(Error::Worker)??;
            }
            Ok(())
        };
        match tokio::time::timeout(EVENTS_LIMIT, all).await {
            Ok(Err(error)) => Err(error),
            Ok(Ok(())) | Err(_) => Ok(self.seen.load(Ordering::Relaxed)),
        }
    }
}

async fn count(mut watch: Watch, events: usize, seen: Arc<AtomicUsize>) -> Result<(), Error> {
    let mut own = 0;
    while own < events {
        // A watch that ends shows in the number that is missing.
        let Some(line) = watch.next().await? else { return Ok(()) };
        if watch.event(&line)?.kind == "MODIFIED" {
            own += 1;
            seen.fetch_add(1, Ordering::Relaxed);
        }
    }
    Ok(())
}

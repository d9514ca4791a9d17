//! A fleet over the network: the operator as one process, the server as another.

mod table;

use std::time::{Duration, Instant};

use super::check;
use crate::args::FleetArgs;
use crate::client::Crew;
use crate::console;
use crate::environment::Environment;
use crate::error::{Error, within};
use crate::fleet_watch::{FleetWatch, Since};
use crate::install;
use crate::operator;
use crate::report;
use crate::sample::{COMPONENTS, CREATORS, Sample};
use crate::server::{Kind, Server};
use crate::tools::Tools;
use table::{Figures, Measured, Settings};

const START_LIMIT: Duration = Duration::from_secs(60);
/// How long a fleet may take: far more than it should, so that one sees how much it took.
const FLEET_LIMIT: Duration = Duration::from_secs(1200);
/// How long to look for writes after the end.
const LINGER: Duration = Duration::from_secs(3);

/// Measures, prints, and fails when the watch was not whole.
pub(crate) async fn run(args: &FleetArgs) -> Result<(), Error> {
    let tools = Tools::find(&args.common.k8s_version)?;
    let environment = Environment::read(&tools.repository);
    let settings = Settings {
        kymas: args.common.pick(args.kymas, 500, 5),
        creators: CREATORS,
        operator: operator::Options {
            qps: args.kube_api_qps.clone(),
            concurrency: args.max_concurrent_reconciles,
            service_account: args.service_account,
        },
    };
    let kinds = [(Kind::Real, args.real), (Kind::Embedded, args.embedded)];
    let kinds = kinds.into_iter().filter(|(_, wanted)| *wanted);
    let mut figures: Vec<Figures> = kinds.map(|(kind, _)| Figures { kind, runs: Vec::new() }).collect();
    let runs = args.common.runs();
    for run in 1..=runs {
        for Figures { kind, runs: results } in &mut figures {
            console::note(&format!("run {run} of {runs}: {} Kymas on {}", settings.kymas, kind.name()));
            let measured = measure(*kind, &settings, &tools).await?;
            console::note(&format!("  {measured}"));
            results.push(measured);
        }
    }
    let mut table = table::table(&settings, &figures);
    table.note(format!("{}; Kubernetes {}", tools.kymactl_version().await?, tools.k8s_version));
    report::publish("A fleet over the network", &environment, &[table], args.out.out.as_deref())?;
    check(&table::problems(&settings, &figures))
}

async fn measure(kind: Kind, settings: &Settings, tools: &Tools) -> Result<Measured, Error> {
    let server = Server::start(kind, tools).await?;
    let endpoint = &server.endpoint;
    install::definitions(endpoint, tools).await?;
    let sample = Sample::new(endpoint, settings.kymas, tools).await?;
    let mut operator = operator::start(&server, &settings.operator, tools).await?;
    let mut watch =
        within(START_LIMIT, "the watches' start", FleetWatch::attach(endpoint, Since::Now)).await?;
    let mut crew = Crew::open(endpoint, CREATORS).await?;
    server.settle().await?;

    let process = operator.process();
    let servers_before = cpus(&server)?;
    let operator_before = process.cpu()?;
    let since = Instant::now();
    let work = async {
        let (created, ()) = tokio::try_join!(
            sample.create(&mut crew),
            watch.done(settings.kymas, settings.kymas * COMPONENTS)
        )?;
        Ok(created)
    };
    let work = operator.during(work);
    let created = within(FLEET_LIMIT, format!("a fleet of {}", settings.kymas), work).await?;
    let server_cpus = cpus(&server)?.into_iter().zip(servers_before);
    let server_cpus = server_cpus.map(|((name, after), (_, before))| (name, after - before)).collect();
    let operator_cpu = process.cpu()? - operator_before;
    operator.during(watch.linger(LINGER)).await?;
    let memory_max_kib = process.memory_max_kib()?;
    operator.stop().await?;
    let tally = watch.tally();
    let measured = Measured {
        elapsed: tally.elapsed(Some(since)).unwrap_or_default(),
        created,
        kyma_creates: tally.kyma_creates,
        component_creates: tally.component_creates,
        writes: tally.operator_writes(),
        server_cpus,
        operator_cpu,
        memory_max_kib,
    };
    drop(watch);
    server.stop().await?;
    Ok(measured)
}

/// CPU time of each of the server's processes.
fn cpus(server: &Server) -> Result<Vec<(&'static str, Duration)>, Error> {
    server.processes.iter().map(|process| Ok((process.name, process.cpu()?))).collect()
}

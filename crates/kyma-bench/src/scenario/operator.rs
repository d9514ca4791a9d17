//! The operator as a process of its own: what a fleet costs it, how soon it is there again, and how long one user waits while
//! thousands of others roll out.

mod edits;
mod table;

use std::time::{Duration, Instant};

use super::check;
use crate::args::OperatorArgs;
use crate::client::{Call, Crew, Endpoint};
use crate::console;
use crate::environment::Environment;
use crate::error::{Error, within};
use crate::fleet_watch::{FleetWatch, Since};
use crate::install;
use crate::operator;
use crate::process::Process;
use crate::report;
use crate::sample::{COMPONENTS, CREATORS, NAMESPACE, Sample};
use crate::server::{Kind, Server};
use crate::tools::Tools;
use edits::Users;
use table::{Measured, Memory, Settings};

/// For how long users edit, from the first create of the fleet on: until all of it is about to arrive.
const EDITING: Duration = Duration::from_secs(45);
const START_LIMIT: Duration = Duration::from_secs(60);
/// How long a fleet may take: far more than it should, so that one sees how much it took.
const FLEET_LIMIT: Duration = Duration::from_secs(1200);
/// How long to look for writes after an end, and for the allocator to give back what it no longer needs.
const LINGER: Duration = Duration::from_secs(5);

/// Measures, prints, and fails when the figures mean nothing.
pub(crate) async fn run(args: &OperatorArgs) -> Result<(), Error> {
    let tools = Tools::find(&args.common.k8s_version)?;
    let environment = Environment::read(&tools.repository);
    let settings = Settings {
        kymas: args.common.pick(args.kymas, 4000, 5),
        creators: CREATORS,
        editing: if args.common.quick { Duration::from_secs(5) } else { EDITING },
        operator: operator::Options {
            qps: "-1".to_owned(),
            concurrency: args.max_concurrent_reconciles,
            service_account: false,
        },
    };
    let mut figures = Vec::new();
    for run in 1..=args.common.runs() {
        console::note(&format!("run {run} of {}: {} Kymas", args.common.runs(), settings.kymas));
        let measured = measure(&settings, &tools).await?;
        console::note(&format!("  {measured}"));
        figures.push(measured);
    }
    let mut table = table::table(&settings, &figures);
    table.note(tools.kymactl_version().await?);
    report::publish("The operator", &environment, &[table], args.out.out.as_deref())?;
    check(&table::problems(&settings, &figures))
}

async fn measure(settings: &Settings, tools: &Tools) -> Result<Measured, Error> {
    let server = Server::start(Kind::Embedded, tools).await?;
    let endpoint = &server.endpoint;
    install::definitions(endpoint, tools).await?;
    let mut sample = Sample::new(endpoint, settings.kymas + 1, tools).await?;
    let single = sample.pop().ok_or(Error::NoSample)?;
    let mut operator = operator::start(&server, &settings.operator, tools).await?;
    server.settle().await?;
    let empty = Memory::of(&operator.process())?;

    let one = operator.during(one(endpoint, single)).await?;
    let mut users = operator.during(Users::create(endpoint)).await?;
    let rolling = roll_out(endpoint, settings, sample, &mut users, operator.process());
    let fleet = operator.during(rolling).await?;
    let full = Memory::of(&operator.process())?;
    let peak_kib = operator.process().memory_max_kib()?;
    operator.stop().await?;

    let mut watch = FleetWatch::attach(endpoint, Since::Now).await?;
    let since = Instant::now();
    let mut operator = operator::start(&server, &settings.operator, tools).await?;
    let start_up = since.elapsed();
    let start_up_cpu = operator.process().cpu()?;
    operator.during(watch.linger(LINGER)).await?;
    let start_up_writes = watch.tally().operator_writes();
    let again = Memory::of(&operator.process())?;
    operator.stop().await?;
    drop(watch);
    server.stop().await?;
    Ok(Measured { empty, one, fleet, full, peak_kib, start_up, start_up_cpu, start_up_writes, again })
}

/// How long one Kyma takes.
async fn one(endpoint: &Endpoint, kyma: Call) -> Result<Duration, Error> {
    let mut watch = FleetWatch::attach(endpoint, Since::Now).await?;
    let mut connection = endpoint.connect().await?;
    let since = Instant::now();
    connection.accepted(&kyma).await?;
    within(FLEET_LIMIT, "one Kyma", watch.done(1, COMPONENTS)).await?;
    Ok(watch.tally().elapsed(Some(since)).unwrap_or_default())
}

/// What a roll-out was.
#[derive(Debug, Clone)]
struct Fleet {
    /// From the first create to the last "success" of all.
    elapsed: Duration,
    /// Until the last Kyma was created.
    created: Duration,
    component_creates: usize,
    operator_cpu: Duration,
    /// From each edit to the component that shows it, in increasing order.
    edits: Vec<Duration>,
}

/// Creates a fleet and lets users edit theirs meanwhile.
async fn roll_out(
    endpoint: &Endpoint,
    settings: &Settings,
    sample: Sample,
    users: &mut Users,
    operator: Process,
) -> Result<Fleet, Error> {
    let kymas = settings.kymas;
    let watch = FleetWatch::attach_in(endpoint, Some(NAMESPACE), Since::Now);
    let mut watch = within(START_LIMIT, "the watches' start", watch).await?;
    let mut crew = Crew::open(endpoint, CREATORS).await?;
    let before = operator.cpu()?;
    let since = Instant::now();
    let arrive = watch.done(kymas, kymas * COMPONENTS);
    let edit = users.edit(settings.editing);
    let work = async { tokio::try_join!(sample.create(&mut crew), arrive, edit) };
    let (created, (), edits) = within(FLEET_LIMIT, format!("a fleet of {kymas}"), work).await?;
    let operator_cpu = operator.cpu()? - before;
    watch.linger(LINGER).await?;
    let tally = watch.tally();
    let elapsed = tally.elapsed(Some(since)).unwrap_or_default();
    Ok(Fleet { elapsed, created, component_creates: tally.component_creates, operator_cpu, edits })
}

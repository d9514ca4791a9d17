//! Clients that misbehave: whether the server's memory stays inside a stated bound, and others are served meanwhile.

mod attackers;
mod bound;
mod kind;
mod table;
mod visitors;

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::check;
use crate::args::AttackArgs;
use crate::client::Crew;
use crate::console;
use crate::environment::Environment;
use crate::error::{Error, within};
use crate::install;
use crate::process::own_cpu;
use crate::report;
use crate::server::{Kind, Server};
use crate::tools::Tools;
use attackers::{Attackers, LIST_NAMESPACE, Listed};
use bound::Limits;
pub(crate) use kind::Attack;
use kind::Size;
use table::{Measured, Turn};
use visitors::Visitors;

/// How often quiet and attack take turns with one server.
const TURNS: u32 = 2;
/// How long the well-behaved clients warm up, and how long nobody asks anything after an attack.
const WARM_UP: Duration = Duration::from_secs(1);
const PAUSE: Duration = Duration::from_millis(500);
/// How many fill the large list.
const FILLERS: usize = 16;
/// How long all of one attack may take: far more than it should.
const LIMIT: Duration = Duration::from_secs(600);

/// Measures, prints, and fails when a well-behaved client was refused or an attack did not happen.
pub(crate) async fn run(args: &AttackArgs) -> Result<(), Error> {
    let tools = Tools::find(&args.common.k8s_version)?;
    let environment = Environment::read(&tools.repository);
    let limits = Limits::parse(&tools.help("apiserver").await?)?;
    let size = Size::of(args);
    let attacks = if args.only.is_empty() { &Attack::ALL[..] } else { &args.only };
    let runs = args.common.runs();
    let mut all = Vec::new();
    for run in 1..=runs {
        for &attack in attacks {
            console::note(&format!("run {run} of {runs}: {}", attack.name()));
            let measured = within(LIMIT, attack.name(), measure(attack, &size, &tools)).await?;
            console::note(&format!("  {measured}"));
            all.push(measured);
        }
    }
    let mut tables = [table::service(&size, &all), table::memory(&size, &limits, &all)];
    tables[0].note(tools.kymactl_version().await?);
    report::publish("Attacks", &environment, &tables, args.out.out.as_deref())?;
    check(&table::problems(&all))
}

/// One attack on a fresh server.
async fn measure(attack: Attack, size: &Size, tools: &Tools) -> Result<Measured, Error> {
    let server = Server::start(Kind::Embedded, tools).await?;
    for namespace in [visitors::NAMESPACE, attackers::NAMESPACE, LIST_NAMESPACE] {
        install::namespace(&server.endpoint, namespace).await?;
    }
    if attack == Attack::UnreadLists {
        let filled =
            Crew::open(&server.endpoint, FILLERS).await?.work(size.list_objects, Arc::new(Listed)).await?;
        filled.first_error.map_or(Ok(()), |error| Err(Error::Invalid(error)))?;
    }
    let mut visitors = Visitors::open(&server.endpoint, size.rate).await?;
    visitors.visit(WARM_UP).await?;
    server.settle().await?;
    let mut measured = Measured::new(attack);
    for _ in 0..TURNS {
        measured.quiet.push(turn(&server, &mut visitors, size.turn).await?);
        let attackers = Attackers::start(attack, &server.endpoint, size)?;
        let attacked = turn(&server, &mut visitors, size.turn).await;
        measured.tally.add(&attackers.stop().await?);
        measured.attacked.push(attacked?);
        sleep(PAUSE).await;
    }
    server.stop().await?;
    Ok(measured)
}

/// What well-behaved clients see for a while, and what the server has needed up to its end.
async fn turn(server: &Server, visitors: &mut Visitors, time: Duration) -> Result<Turn, Error> {
    let (server_cpu, driver_cpu, began) = (server.cpu()?, own_cpu(), Instant::now());
    let visit = visitors.visit(time).await?;
    let elapsed = began.elapsed();
    let (server_cpu, driver_cpu) =
        (server.cpu()?.saturating_sub(server_cpu), own_cpu().saturating_sub(driver_cpu));
    let peak_kib =
        server.processes.iter().map(crate::process::Process::memory_max_kib).sum::<Result<u64, Error>>()?;
    Ok(Turn { visit, elapsed, server_cpu, driver_cpu, peak_kib })
}

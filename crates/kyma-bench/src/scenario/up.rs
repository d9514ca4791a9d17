//! A fleet in one process: how much longer a thousand Kymas take than one.

mod table;

use std::time::Duration;

use tokio::time::sleep;

use super::check;
use crate::args::UpArgs;
use crate::console;
use crate::environment::Environment;
use crate::error::{Error, within};
use crate::fleet_watch::{FleetWatch, Since};
use crate::report;
use crate::sample::COMPONENTS;
use crate::server::Program;
use crate::tools::{Tools, free_port};
use table::{Measured, Pair, Store};

/// How long the process may take until it serves.
const START_LIMIT: Duration = Duration::from_secs(30);
/// How long a fleet may take: far more than it should, so that one sees how much it took.
const FLEET_LIMIT: Duration = Duration::from_secs(600);
/// How long kymactl may take to say what the watch has seen already.
const LINE_LIMIT: Duration = Duration::from_secs(10);
/// How long to look for writes after the end.
const LINGER: Duration = Duration::from_secs(3);
const POLL: Duration = Duration::from_millis(50);

/// Measures, prints, and fails when the watch was not whole.
pub(crate) async fn run(args: &UpArgs) -> Result<(), Error> {
    let tools = Tools::find(&args.common.k8s_version)?;
    let environment = Environment::read(&tools.repository);
    let store = if args.durable { Store::Disk } else { Store::Memory };
    let kymas = args.common.pick(args.kymas, store.fleet(), 5);
    let runs = args.common.runs();
    let mut pairs = Vec::new();
    for run in 1..=runs {
        console::note(&format!("run {run} of {runs}: kymactl up with 1 and with {kymas} Kymas"));
        let one = measure(1, store, &tools).await?;
        let fleet = if kymas == 1 { one.clone() } else { measure(kymas, store, &tools).await? };
        pairs.push(Pair { one, fleet });
    }
    let mut table = table::table(store, &pairs);
    table.note(tools.kymactl_version().await?);
    report::publish("A fleet in one process", &environment, &[table], args.out.out.as_deref())?;
    check(&table::problems(&pairs))
}

/// One fleet. The process is left up at the end of it and ended from here: it must be there to be looked at, and the
/// watch must see the last event before its connection ends.
async fn measure(kymas: usize, store: Store, tools: &Tools) -> Result<Measured, Error> {
    let folder = tempfile::tempdir().map_err(Error::MakeFolder)?;
    let kubeconfig = folder.path().join("kubeconfig");
    let (kymas_text, port) = (kymas.to_string(), free_port()?.to_string());
    let mut args: Vec<_> = [
        "up",
        "--kymas",
        &kymas_text,
        "--secure-port",
        &port,
        "--metrics-bind-address",
        "0",
        "--health-probe-bind-address",
        "0",
    ]
    .map(Into::into)
    .to_vec();
    match store {
        Store::Memory => args.push("--in-memory".into()),
        Store::Disk => args.extend(["--data-dir".into(), folder.path().join("data").into_os_string()]),
    }
    args.extend(["--write-kubeconfig".into(), kubeconfig.clone().into_os_string()]);
    let mut program = Program::start("kymactl up", &tools.kymactl, &args, folder)?;
    let process = program.process();
    let endpoint = program.endpoint(&kubeconfig, START_LIMIT).await?;
    let watching = program.during(FleetWatch::attach(&endpoint, Since::Start));
    let mut watch = within(START_LIMIT, "the watches' start", watching).await?;
    let watched = program.during(watch.done(kymas, kymas * COMPONENTS));
    within(FLEET_LIMIT, format!("a fleet of {kymas}"), watched).await?;
    let cpu = process.cpu()?;
    let said = said(&program).await?;
    program.during(watch.linger(LINGER)).await?;
    let memory_max_kib = process.memory_max_kib()?;
    program.stop().await?;
    let tally = watch.tally();
    let measured = Measured {
        kymas,
        elapsed: tally.elapsed(None).unwrap_or_default(),
        said,
        kyma_creates: tally.kyma_creates,
        component_creates: tally.component_creates,
        component_changes: tally.component_changes,
        kyma_changes: tally.kyma_changes,
        writes: tally.operator_writes(),
        cpu,
        memory_max_kib,
    };
    console::note(&format!("  {measured}"));
    Ok(measured)
}

/// How long it took by kymactl's own account; `None` where it does not say.
async fn said(program: &Program) -> Result<Option<Duration>, Error> {
    let saying = async {
        loop {
            if let Some(said) = table::said(&program.log()?) {
                return Ok(Some(said));
            }
            sleep(POLL).await;
        }
    };
    tokio::time::timeout(LINE_LIMIT, saying).await.unwrap_or(Ok(None))
}

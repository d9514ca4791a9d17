//! `kymactl loadtest`: the experiment, on a server and an operator that are processes of their own.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
use kube::config::{Config, KubeConfigOptions, Kubeconfig};
use kyma_controller::{Metrics, client, shutdown};
use kyma_inventory::Stage;
use kyma_loadtest::children::{Program, free_port};
use kyma_loadtest::collect::Source;
use kyma_loadtest::evaluate::{OPERATOR, SERVER};
use kyma_loadtest::{Error, Plan, RAW_FILE, REPORT_FILE, RESULT_FILE, SUMMARY_FILE, Scenario, Totals};
use kyma_report::gate::Gate;
use kyma_report::result::Setting;
use kyma_report::{RunResult, page, raw, summary};
use tokio::sync::watch;
use tokio::time::{Instant, interval};

use super::definitions;
use crate::args::LoadtestArgs;
use crate::exit::Failure;
use crate::{connect, output, signals};

/// The namespace of the fleet.
const NAMESPACE: &str = "loadtest";
/// How often it is told how far the fleet is.
const TELL: Duration = Duration::from_secs(5);
/// The server's kubeconfig, in the run's folder while it runs.
const KUBECONFIG: &str = "kubeconfig";

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::of(&error)
    }
}

/// Runs the experiment, and makes the result of it.
pub(crate) async fn run(args: LoadtestArgs) -> Result<(), Failure> {
    let scenario = scenario(&args)?;
    let Some(folder) = &args.out else { return Err(Failure::usage("--out: say where the result is to go")) };
    let folder = make_folder(folder)?;
    let (drain, stop) = shutdown::channel();
    signals::end_on(drain);
    let mut stage = Scene::set(&args, &folder).await?;
    let plan = Plan {
        scenario,
        namespace: NAMESPACE.to_owned(),
        folder: folder.clone(),
        tool: format!("kymactl {}", env!("CARGO_PKG_VERSION")),
        started: Timestamp::now().to_string(),
        settings: settings(&args),
        sources: stage.sources(),
    };
    let (show, shown) = watch::channel(Totals::default());
    let client = stage.client.clone();
    let done = tokio::select! {
        biased;
        done = kyma_loadtest::run(&plan, &client, &show, stop) => done.map_err(Failure::from),
        error = stage.ended() => Err(Failure::from(error)),
        told = tell(plan.scenario.kymas, shown) => told,
    };
    stage.clear().await;
    // What there is, is worth having, also where it is not all.
    let result = report(&folder, &args.assert);
    done.and(result)
}

/// Makes the result from what a run has written, and shows it.
pub(crate) fn report(folder: &Path, gates: &[Gate]) -> Result<(), Failure> {
    let file = folder.join(RAW_FILE);
    let text = std::fs::read_to_string(&file).map_err(|source| Error::Read { file: file.clone(), source })?;
    let (lines, lost) = raw::read(&text);
    let result = kyma_loadtest::evaluate(&lines, lost).map_err(|why| Error::NoRun { file, why })?;
    let json = serde_json::to_vec(&result).map_err(|error| Failure::of(&error))?;
    write(&folder.join(RESULT_FILE), &json)?;
    write(&folder.join(REPORT_FILE), page::html(&result).as_bytes())?;
    let summary = summary::markdown(&result);
    write(&folder.join(SUMMARY_FILE), summary.as_bytes())?;
    output::print(&summary)?;
    verdict(&result, gates)
}

fn verdict(result: &RunResult, gates: &[Gate]) -> Result<(), Failure> {
    let broken: Vec<String> = gates.iter().filter_map(|gate| gate.broken(result)).collect();
    match &result.unfinished {
        None if broken.is_empty() => Ok(()),
        None => Err(Failure::gate(broken.join("; "))),
        Some(why) => Err(Failure::text(format!("the run did not finish: {why}"))),
    }
}

fn write(file: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let written = std::fs::write(file, bytes);
    written.map_err(|source| Failure::from(Error::Write { file: file.to_owned(), source }))
}

fn scenario(args: &LoadtestArgs) -> Result<Scenario, Failure> {
    let mut scenario = match Scenario::ready_made(&args.scenario) {
        Some(scenario) => scenario,
        None => read_scenario(Path::new(&args.scenario))?,
    };
    scenario.arrival = scenario.arrival.sped_up(args.speed);
    if let Some(kymas) = args.kymas {
        scenario.kymas = kymas as usize;
    }
    scenario.checked().map_err(|error| Failure::usage(format!("--scenario {}: {error}", args.scenario)))
}

fn read_scenario(file: &Path) -> Result<Scenario, Failure> {
    let shown = file.display();
    let text = std::fs::read_to_string(file).map_err(|error| {
        let known: Vec<&str> = kyma_loadtest::scenario::READY_MADE.iter().map(|(name, _)| *name).collect();
        Failure::usage(format!(
            "--scenario {shown}: neither a file that can be read ({error}) nor one of {}",
            known.join(", ")
        ))
    })?;
    Scenario::parse(&text).map_err(|error| Failure::usage(format!("--scenario {shown}: {error}")))
}

/// A folder with nothing in it.
fn make_folder(folder: &Path) -> Result<PathBuf, Failure> {
    let failed = |source| Failure::from(Error::MakeFolder { folder: folder.to_owned(), source });
    std::fs::create_dir_all(folder).map_err(failed)?;
    if std::fs::read_dir(folder).map_err(failed)?.next().is_some() {
        return Err(Failure::usage(format!("--out {}: there is something in it already", folder.display())));
    }
    std::path::absolute(folder).map_err(failed)
}

fn settings(args: &LoadtestArgs) -> Vec<Setting> {
    let setting = |name: &str, value: &str| Setting { name: name.to_owned(), value: value.to_owned() };
    let rate = match args.kube_api_qps.as_str() {
        "-1" => "no client limit",
        "auto" => "as many requests/s as the server bears",
        rate => &format!("{rate} requests/s"),
    };
    let mut settings = vec![
        setting("server", "embedded, in memory; HTTP/1.1, TLS, loopback"),
        setting("operator", &format!("{rate}, {} reconciles at a time", args.max_concurrent_reconciles)),
    ];
    if !args.operator.is_empty() {
        settings.push(setting("more flags of the operator", &args.operator.join(" ")));
    }
    settings
}

/// The server and the operator, each a process, and a client of the former.
struct Scene {
    client: kube::Client,
    config: Config,
    server: Program,
    operator: Program,
    metrics: String,
    kubeconfig: PathBuf,
}

impl Scene {
    async fn set(args: &LoadtestArgs, folder: &Path) -> Result<Self, Failure> {
        let binary = std::env::current_exe()
            .map_err(|error| Failure::new("this program is not to be found", &error))?;
        let kubeconfig = folder.join(KUBECONFIG);
        let mut server = start_server(&binary, folder, &kubeconfig).await?;
        let config = Kubeconfig::read_from(&kubeconfig).map_err(|error| Failure::of(&error))?;
        let config = Config::from_custom_kubeconfig(config, &KubeConfigOptions::default()).await;
        let config = config.map_err(|error| Failure::of(&error))?;
        let client = client::over_config(config.clone(), &connect::unlimited(), &Metrics::new());
        let client = client.map_err(|error| Failure::of(&error))?;
        let started = async {
            definitions::install(&client).await?;
            start_operator(&binary, folder, &kubeconfig, args).await
        };
        let (operator, metrics) = tokio::select! {
            biased;
            started = started => started?,
            error = server.ended() => return Err(error.into()),
        };
        Ok(Self { client, config, server, operator, metrics, kubeconfig })
    }

    fn sources(&self) -> Vec<Source> {
        let metrics = self.metrics.parse().ok().map(Config::new);
        vec![
            Source { of: SERVER, metrics: Some(self.config.clone()), process: self.server.pid() },
            Source { of: OPERATOR, metrics, process: self.operator.pid() },
        ]
    }

    /// Resolves when one of them ends, which none should.
    async fn ended(&mut self) -> Error {
        tokio::select! {
            biased;
            error = self.server.ended() => error,
            error = self.operator.ended() => error,
        }
    }

    /// Ends both, the operator first.
    async fn clear(self) {
        self.operator.end().await;
        self.server.end().await;
        // It opens a server that is gone.
        let _ = std::fs::remove_file(&self.kubeconfig);
    }
}

async fn start_server(binary: &Path, folder: &Path, kubeconfig: &Path) -> Result<Program, Failure> {
    let mut args: Vec<OsString> = ["apiserver", "--in-memory", "--secure-port"].map(Into::into).into();
    args.push(port()?.to_string().into());
    args.extend(["--write-kubeconfig".into(), kubeconfig.into()]);
    let mut server = Program::start("the API server", binary, &args, folder.join("apiserver.log"))?;
    server.ready(async || kubeconfig.exists()).await?;
    Ok(server)
}

async fn start_operator(
    binary: &Path,
    folder: &Path,
    kubeconfig: &Path,
    args: &LoadtestArgs,
) -> Result<(Program, String), Failure> {
    let (metrics, health) = (format!("127.0.0.1:{}", port()?), format!("127.0.0.1:{}", port()?));
    let concurrency = args.max_concurrent_reconciles.to_string();
    let mut flags: Vec<OsString> = vec!["operator".into(), "--kubeconfig".into(), kubeconfig.into()];
    let typed = [
        ("--kube-api-qps", args.kube_api_qps.as_str()),
        ("--kube-api-burst", "-1"),
        ("--max-concurrent-reconciles", &concurrency),
        ("--metrics-bind-address", &metrics),
        ("--health-probe-bind-address", &health),
    ];
    flags.extend(typed.map(|(flag, value)| format!("{flag}={value}").into()));
    flags.extend(args.operator.iter().map(Into::into));
    let mut operator = Program::start("the operator", binary, &flags, folder.join("operator.log"))?;
    let url =
        format!("http://{health}").parse().map_err(|error: http::uri::InvalidUri| Failure::of(&error))?;
    let probe = kube::Client::try_from(Config::new(url)).map_err(|error| Failure::of(&error))?;
    let is_ready = async || {
        let request = http::Request::get("/readyz").body(Vec::new());
        match request {
            Ok(request) => probe.request_text(request).await.is_ok(),
            Err(_) => false,
        }
    };
    operator.ready(is_ready).await?;
    Ok((operator, format!("http://{metrics}")))
}

fn port() -> Result<u16, Failure> {
    free_port().map_err(|error| Failure::new("there is no free port", &error))
}

/// Tells how far the fleet is, for ever.
async fn tell(kymas: usize, shown: watch::Receiver<Totals>) -> Result<(), Failure> {
    let start = Instant::now();
    let mut ticks = interval(TELL);
    loop {
        ticks.tick().await;
        let totals = *shown.borrow();
        let stages: Vec<String> = Stage::all()
            .map(|stage| {
                let word = if stage == Stage::EMPTY { "new" } else { stage.word() };
                format!("{word} {}", totals.components[stage.index()])
            })
            .collect();
        output::line(&format!(
            "{} s: {}/{kymas} Kymas ready, {} there; components: {}",
            start.elapsed().as_secs(),
            totals.ready,
            totals.kymas,
            stages.join(" ")
        ))?;
    }
}

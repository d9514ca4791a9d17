//! `kymactl up`: everything in one process, from nothing to a reconciled fleet.

use std::net::{IpAddr, Ipv4Addr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::Client;
use kube::api::{Api, PostParams};
use kyma_apiserver::{ApiServer, User};
use kyma_controller::{ClientOptions, Drain, FastRandom, Manager, Metrics, Shutdown, client, shutdown};
use kyma_inventory::sample;
use tokio::time::Instant;

use super::apiserver::{Serving, check_store};
use super::operator::{self, Addresses};
use super::sample as fleet_maker;
use crate::args::UpArgs;
use crate::connect;
use crate::exit::Failure;
use crate::fleet::{self, Fleet, Progress};
use crate::output;

/// How long the definitions may take to be served.
const ESTABLISH_TIMEOUT: Duration = Duration::from_secs(10);

pub(crate) async fn run(args: UpArgs) -> Result<(), Failure> {
    check_store(&args.store)?;
    let config = operator::config(&args.controllers)?;
    let addresses = Addresses::bind(&args.addresses).await?;
    let serving = Serving::bind(IpAddr::V4(Ipv4Addr::LOCALHOST), args.secure_port).await?;
    let server = ApiServer::builder().start().await.map_err(|error| Failure::of(&error))?;
    let home = Home::new(args.write_kubeconfig.as_deref())?;
    serving.write(&home.kubeconfig)?;
    introduce(&args, &serving, &home, &addresses)?;

    let (drain, stop) = shutdown::channel();
    tokio::spawn(shutdown::on_signals(drain.clone()));
    let (server_drain, server_stop) = shutdown::channel();
    let served = serving.run(server.clone(), async move { server_stop.draining().await });

    let metrics = Metrics::new();
    let client = client::over_service(
        server.client(User::admin()),
        "default",
        &connect::limits(&args.client),
        &metrics,
    );
    let own = client::over_service(
        server.client(User::admin()),
        "default",
        &ClientOptions::unlimited(),
        &Metrics::new(),
    );
    install(&own).await?;
    let work = async {
        let operator = operator::start(client, config, metrics, addresses, stop.clone());
        let show = show(&args, &own, &drain, stop.clone());
        let ended = tokio::try_join!(operator, show);
        server_drain.begin();
        ended.map(|_| ())
    };
    tokio::try_join!(served, work).map(|_| ())
}

fn introduce(args: &UpArgs, serving: &Serving, home: &Home, addresses: &Addresses) -> Result<(), Failure> {
    let mut text =
        format!("API server  {}\nkubeconfig  {}\n", serving.listener.url(), home.kubeconfig.display());
    if let Some(url) = addresses.metrics_url() {
        text.push_str(&format!("metrics     {url}\n"));
    }
    text.push_str(&format!(
        "store       memory\nlimits      {}, {} reconciles at a time in each controller\n",
        if args.client.kube_api_qps < 0.0 {
            "no client limit".to_owned()
        } else {
            format!("{} requests/s", args.client.kube_api_qps)
        },
        args.controllers.max_concurrent_reconciles,
    ));
    text.push_str(&format!(
        "try         kubectl --kubeconfig {} get kymas -n {}\n\n",
        home.kubeconfig.display(),
        sample::NAMESPACE
    ));
    output::print(&text)
}

/// Creates the definitions and waits until they are served.
async fn install(client: &Client) -> Result<(), Failure> {
    let api: Api<CustomResourceDefinition> = Api::all(client.clone());
    for definition in kyma_inventory::crds::all().map_err(|error| Failure::of(&error))? {
        let created = api.create(&PostParams::default(), &definition).await;
        let name = created
            .map_err(|error| Failure::new("failed to install a CRD", &error))?
            .metadata
            .name
            .unwrap_or_default();
        let established = kube::runtime::wait::await_condition(
            api.clone(),
            &name,
            kube::runtime::conditions::is_crd_established(),
        );
        match tokio::time::timeout(ESTABLISH_TIMEOUT, established).await {
            Ok(Ok(_)) => {}
            Ok(Err(error)) => return Err(Failure::new(format!("failed to wait for the CRD {name}"), &error)),
            Err(_) => {
                return Err(Failure::text(format!(
                    "the CRD {name} was not served within {ESTABLISH_TIMEOUT:?}"
                )));
            }
        }
    }
    Ok(())
}

/// Makes the fleet, shows how far it is, and says when it is done.
async fn show(args: &UpArgs, client: &Client, drain: &Drain, stop: Shutdown) -> Result<(), Failure> {
    let mut manager = Manager::new(Metrics::new(), Arc::new(FastRandom::from_entropy()));
    let fleet = fleet::watch(&mut manager, client);
    let watches = async { manager.run(stop.clone()).await.map_err(|error| Failure::of(&error)) };
    let story = async {
        let told = tokio::select! {
            biased;
            told = tell(args, client, &fleet) => told,
            () = stop.draining() => Ok(()),
        };
        if told.is_err() || args.exit_when_done {
            drain.begin();
        } else if !stop.is_draining() {
            output::line("The server and the operator stay up until Ctrl-C.")?;
        }
        told
    };
    tokio::try_join!(watches, story).map(|_| ())
}

async fn tell(args: &UpArgs, client: &Client, fleet: &Fleet) -> Result<(), Failure> {
    let since = Instant::now();
    let progress = Progress::new(fleet.clone(), args.kymas);
    let work = async {
        fleet_maker::create(client, sample::NAMESPACE, 1..=args.kymas).await?;
        fleet.done(args.kymas).await;
        Ok::<_, Failure>(())
    };
    tokio::select! {
        biased;
        done = work => done?,
        shown = progress.run() => shown?,
    }
    progress.finish();
    let totals = fleet.totals();
    output::line(&format!(
        "done: {} Kymas with {} components are \"success\" after {:.1} s; {} writes were seen",
        totals.ready,
        totals.components.iter().sum::<usize>(),
        since.elapsed().as_secs_f64(),
        totals.writes
    ))
}

/// Where the kubeconfig is: in a folder that goes away at the end, or where the user wants it.
struct Home {
    kubeconfig: PathBuf,
    _folder: Option<tempfile::TempDir>,
}

impl Home {
    fn new(given: Option<&Path>) -> Result<Self, Failure> {
        if let Some(path) = given {
            return Ok(Home { kubeconfig: path.to_owned(), _folder: None });
        }
        let folder = tempfile::Builder::new().prefix("kymactl-").tempdir();
        let folder = folder.map_err(|error| Failure::new("failed to make a temporary folder", &error))?;
        Ok(Home { kubeconfig: folder.path().join("kubeconfig"), _folder: Some(folder) })
    }
}

//! `kymactl up`: everything in one process, from nothing to a reconciled fleet.

use std::sync::Arc;

use kube::Client;
use kube::api::{Api, ListParams};
use kyma_apiserver::User;
use kyma_apiserver::serve::Names;
use kyma_controller::{Drain, FastRandom, Manager, Metrics, Shutdown, client, shutdown};
use kyma_inventory::{Kyma, sample};
use kyma_operator::Config;
use tokio::time::Instant;

use super::apiserver::{Home, LOOPBACK, Serving, Settings, Started, until_cut_off};
use super::definitions::install;
use super::operator::{self, Addresses};
use super::sample as fleet_maker;
use crate::args::{ApiRate, UpArgs};
use crate::connect;
use crate::exit::Failure;
use crate::fleet::{self, Fleet, Progress};
use crate::{output, signals};

pub(crate) async fn run(args: UpArgs) -> Result<(), Failure> {
    let config = operator::config(&args.controllers)?;
    let home = home(&args)?;
    let kubeconfig = home.kubeconfig(args.write_kubeconfig.as_deref())?;
    let (drain, stop) = shutdown::channel();
    signals::end_on(drain.clone());
    let addresses = Addresses::bind(&args.addresses).await?;
    let serving = Serving::bind(LOOPBACK, args.secure_port).await?;
    let settings = Settings { namespace: Some(sample::NAMESPACE), ..Settings::default() };
    let serving = serving.start(&home, Names::of(LOOPBACK), kubeconfig, settings).await?;
    introduce(&args, &serving, &home, &addresses)?;
    until_cut_off(&stop, serve(&args, serving, config, addresses, (&drain, &stop))).await
}

fn home(args: &UpArgs) -> Result<Home, Failure> {
    match (&args.store.data_dir, args.store.in_memory) {
        (Some(folder), _) => Ok(Home::kept(folder)),
        (None, true) => Home::memory_with_folder(),
        (None, false) => Home::temporary(),
    }
}

/// Serves, and operates the fleet on it. The server ends after its clients.
async fn serve(
    args: &UpArgs,
    serving: Started,
    config: Config,
    addresses: Addresses,
    (drain, stop): (&Drain, &Shutdown),
) -> Result<(), Failure> {
    let (server_drain, server_stop) = shutdown::channel();
    let server = serving.server().clone();
    let served = serving.run(async move { server_stop.draining().await });
    let metrics = Metrics::new();
    let client = client::over_service(
        server.client(User::admin()),
        "default",
        &connect::limits(&args.client),
        &metrics,
    );
    let own =
        client::over_service(server.client(User::admin()), "default", &connect::unlimited(), &Metrics::new());
    drop(server);
    let work = async {
        install(&own).await?;
        let operator = operator::start(client, config, metrics, addresses, stop.clone());
        let show = show(args, &own, drain, stop.clone());
        let ended = tokio::try_join!(operator, show);
        server_drain.begin();
        ended.map(|_| ())
    };
    tokio::try_join!(served, work).map(|_| ())
}

fn introduce(args: &UpArgs, serving: &Started, home: &Home, addresses: &Addresses) -> Result<(), Failure> {
    let kubeconfig = serving.kubeconfig().display();
    let mut text = format!("API server  {}\nkubeconfig  {kubeconfig}\n", serving.url());
    if let Some(url) = addresses.metrics_url() {
        text.push_str(&format!("metrics     {url}\n"));
    }
    text.push_str(&format!(
        "store       {}\nlimits      {}, {} reconciles at a time in each controller\n",
        home.place(),
        match args.client.kube_api_qps {
            ApiRate::Auto => "as many requests/s as the server bears".to_owned(),
            ApiRate::PerSecond(rate) if rate < 0.0 => "no client limit".to_owned(),
            ApiRate::PerSecond(rate) => format!("{rate} requests/s"),
        },
        args.controllers.max_concurrent_reconciles,
    ));
    text.push_str(&format!("try         kubectl --kubeconfig {kubeconfig} get kymas\n\n"));
    output::print(&text)
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
    // Only what comes after the first list is a write.
    fleet.listed().await;
    let since = Instant::now();
    // A data directory may hold a larger fleet from an earlier start: all of it is brought to success.
    let wanted = args.kymas.max(there(client).await?);
    let progress = Progress::new(fleet.clone(), wanted);
    let work = async {
        fleet_maker::create(client, sample::NAMESPACE, 1..=args.kymas).await?;
        fleet.done(wanted).await;
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

/// How many Kymas there are already.
async fn there(client: &Client) -> Result<usize, Failure> {
    let api: Api<Kyma> = Api::all(client.clone());
    let page = api.list_metadata(&ListParams::default().limit(1)).await;
    let page = page.map_err(|error| Failure::new("failed to count the Kymas that are there", &error))?;
    let rest = page.metadata.remaining_item_count.unwrap_or_default();
    Ok(page.items.len() + usize::try_from(rest).unwrap_or_default())
}

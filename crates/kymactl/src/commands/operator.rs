//! `kymactl operator`: the operator alone, against any cluster.

use std::sync::Arc;

use kyma_controller::admin::{self, Access, AddressChoice, Guard, Listener, Site, Tls};
use kyma_controller::election::Timings;
use kyma_controller::{
    ClientOptions, Clock as _, ElectorOptions, FastRandom, Fence, Metrics, Numbers, Ownership, Random as _,
    SharderOptions, Shutdown, TokioClock, shutdown,
};
use kyma_operator::{Config, Operator, Replicas};
use kyma_workqueue::LimiterOptions;

use crate::allocator;
use crate::args::{AddressArgs, ControllerArgs, Defaults, ElectionArgs, OperatorArgs, Shards};
use crate::connect;
use crate::exit::Failure;
use crate::signals;

pub(crate) async fn run(args: OperatorArgs) -> Result<(), Failure> {
    let metrics = Metrics::new();
    let mut config = config(&args.controllers)?;
    config.replicas = replicas(&args.election)?;
    let fence = config.replicas.fence().cloned();
    let tls = tls(&args)?;
    let addresses = Addresses::bind(&args.addresses).await?;
    let options = ClientOptions { fence, ..connect::limits(&args.client) };
    let client = connect::client(&args.cluster, &options, &metrics).await?;
    let guarded = match tls {
        // Its own client: neither limits nor a Lease of the operator's are in its way, and its requests are not among those counted.
        Some(tls) => {
            let client = connect::client(&args.cluster, &connect::unlimited(), &Metrics::new()).await?;
            Access { guard: Some(Arc::new(Guard::new(client))), tls: Some(Arc::new(tls)) }
        }
        None => Access::default(),
    };
    let addresses = Addresses { guarded, ..addresses };
    let (drain, stop) = shutdown::channel();
    addresses.announce();
    signals::end_on(drain);
    start(client, config, metrics, addresses, stop).await
}

/// Runs the operator with its metrics and health until it is told to stop.
pub(crate) async fn start(
    client: kube::Client,
    config: Config,
    metrics: Metrics,
    addresses: Addresses,
    stop: Shutdown,
) -> Result<(), Failure> {
    allocator::register(&metrics);
    let clock = Arc::new(TokioClock::new());
    let random = Arc::new(FastRandom::from_entropy());
    let operator = Operator::new(&client, &config, clock, random, &metrics);
    let (drain, ended) = shutdown::channel();
    let sites = [
        (addresses.metrics, Site::Metrics(metrics), addresses.guarded),
        (addresses.health, Site::Health(operator.health()), Access::default()),
    ];
    let sites = sites.into_iter().filter_map(|(listener, site, access)| Some((listener?, site, access)));
    let serving = futures_util::future::join_all(
        sites.map(|(listener, site, access)| admin::serve(listener, site, access, ended.clone())),
    );
    let work = async {
        let done = operator.run(stop).await.map_err(|error| Failure::of(&error));
        drain.begin();
        done
    };
    tokio::join!(work, serving).0
}

/// The controllers' settings, as typed.
pub(crate) fn config<D: Defaults>(args: &ControllerArgs<D>) -> Result<Config, Failure> {
    if args.queue_max_delay < args.queue_base_delay {
        return Err(Failure::usage("--queue-max-delay: must not be shorter than --queue-base-delay"));
    }
    Ok(Config {
        namespace: None,
        replicas: Replicas::Alone,
        concurrency: usize::from(args.max_concurrent_reconciles),
        sync_period: args.sync_period,
        status_interval: args.status_interval,
        limiter: LimiterOptions {
            base_delay: args.queue_base_delay,
            max_delay: args.queue_max_delay,
            qps: args.queue_qps,
            burst: args.queue_burst,
        },
    })
}

/// The Lease that replicas share (`config/manager` of the proof of concept), and how those that each has begin.
const LEASE: &str = "0f60298a.kyma-project.io";
/// Where a pod finds the name of its namespace.
const POD_NAMESPACE: &str = "/var/run/secrets/kubernetes.io/serviceaccount/namespace";

fn replicas(args: &ElectionArgs) -> Result<Replicas, Failure> {
    if !args.leader_elect {
        return match args.shards {
            Shards::Auto | Shards::Off => Ok(Replicas::Alone),
            Shards::On => {
                Err(Failure::usage("--shards=on: replicas that share the fleet need --leader-elect too"))
            }
        };
    }
    let of_pod = || std::fs::read_to_string(POD_NAMESPACE).ok().map(|text| text.trim().to_owned());
    let namespace = args.leader_elect_namespace.clone().or_else(of_pod).filter(|name| !name.is_empty());
    let Some(namespace) = namespace else {
        return Err(Failure::usage(
            "--leader-elect: outside a cluster there is no pod whose namespace could be taken; name one with \
             --leader-elect-namespace",
        ));
    };
    // As client-go's identities: for people the host, and for programs what no two processes have in common.
    let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
    let unique = FastRandom::from_entropy().next_u64();
    let (timings, fence) = (Timings::default(), Fence::closed());
    Ok(match args.shards {
        Shards::Off => {
            let identity = format!("{host}_{unique:016x}");
            Replicas::OneActs(ElectorOptions { namespace, name: LEASE, identity, timings, fence })
        }
        Shards::Auto | Shards::On => {
            let (id, ownership) = (replica_id(&host, unique), Ownership::of(Numbers::NONE));
            Replicas::Share(SharderOptions { namespace, group: LEASE, id, timings, fence, ownership })
        }
    })
}

/// A replica's name, as the end of its Lease's name: a DNS label, whatever the host is called.
fn replica_id(host: &str, unique: u64) -> String {
    let legal = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' };
    let host: String = host.chars().take(63).map(legal).collect();
    let host = host.trim_matches('-');
    let unique = format!("{unique:016x}");
    if host.is_empty() { unique } else { format!("{host}-{}", &unique[..8]) }
}

/// Where metrics and health are served; bound before anything else starts.
pub(crate) struct Addresses {
    metrics: Option<Listener>,
    health: Option<Listener>,
    /// How metrics are served.
    guarded: Access,
}

impl Addresses {
    /// Binds what was asked for, or the defaults: outside a cluster on loopback only, and the next free port where taken.
    pub(crate) async fn bind(args: &AddressArgs) -> Result<Self, Failure> {
        let metrics = bind(args.metrics_bind_address.as_deref(), 8080).await?;
        let health = bind(args.health_probe_bind_address.as_deref(), 8081).await?;
        Ok(Addresses { metrics, health, guarded: Access::default() })
    }

    /// Says where.
    pub(crate) fn announce(&self) {
        for (what, listener) in [("metrics", &self.metrics), ("health", &self.health)] {
            if let Some(listener) = listener {
                tracing::info!(what, address = %listener.local_addr(), "serving");
            }
        }
    }

    /// Where metrics are served.
    pub(crate) fn metrics_url(&self) -> Option<String> {
        self.metrics.as_ref().map(|listener| format!("http://{}/metrics", listener.local_addr()))
    }
}

/// The certificate for metrics, where they are not for everybody.
fn tls(args: &OperatorArgs) -> Result<Option<Tls>, Failure> {
    if !args.secure.metrics_secure {
        return Ok(None);
    }
    if args.addresses.metrics_bind_address.as_deref() == Some("0") {
        return Err(Failure::usage("--metrics-secure: with --metrics-bind-address=0 no metrics are served"));
    }
    match &args.secure.metrics_cert_path {
        Some(folder) => Tls::of_folder(folder).map_err(|error| Failure::new("--metrics-cert-path", &error)),
        None => Tls::self_signed(TokioClock::new().now()).map_err(|error| Failure::of(&error)),
    }
    .map(Some)
}

async fn bind(given: Option<&str>, port: u16) -> Result<Option<Listener>, Failure> {
    let in_cluster = std::env::var_os("KUBERNETES_SERVICE_HOST").is_some();
    let choice = match given {
        Some(address) => AddressChoice::Given(address.to_owned()),
        None if in_cluster => AddressChoice::Given(format!(":{port}")),
        None => AddressChoice::Default(format!("127.0.0.1:{port}")),
    };
    admin::bind(&choice).await.map_err(|error| Failure::of(&error))
}

#[cfg(test)]
mod tests {
    use super::replica_id;

    #[test]
    fn a_replica_is_called_after_its_host() {
        assert_eq!(replica_id("kymactl-7d9f", 0x1234_5678_9abc_def0), "kymactl-7d9f-12345678");
        assert_eq!(replica_id("My.Host_", 1), "my-host-00000000");
        assert_eq!(replica_id("__", 1), "0000000000000001");
        assert!(replica_id(&"h".repeat(300), 1).len() < 80);
    }
}

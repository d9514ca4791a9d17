//! From flags and environment to a client of a cluster.

use kube::config::{Config, KubeConfigOptions, Kubeconfig};
use kyma_controller::{ClientOptions, Metrics, Qps, client};

use crate::args::{ApiRate, ClientArgs, ClusterArgs, Defaults};
use crate::exit::Failure;

/// How a command without a kubeconfig can go on.
const HINT: &str = "name a kubeconfig with --kubeconfig or $KUBECONFIG, or start a server with `kymactl up`";

/// The configuration of the cluster that is meant.
pub(crate) async fn config(args: &ClusterArgs) -> Result<Config, Failure> {
    let options = KubeConfigOptions { context: args.context.clone(), ..KubeConfigOptions::default() };
    let unusable = |error: &(dyn std::error::Error + 'static)| {
        Failure::text(format!("no cluster to talk to: {}; {HINT}", crate::exit::chain(error)))
    };
    if let Some(path) = &args.kubeconfig {
        let kubeconfig = Kubeconfig::read_from(path).map_err(|error| unusable(&error))?;
        return Config::from_custom_kubeconfig(kubeconfig, &options).await.map_err(|error| unusable(&error));
    }
    match Config::from_kubeconfig(&options).await {
        Ok(config) => Ok(config),
        Err(error) if args.context.is_some() => Err(unusable(&error)),
        Err(error) => Config::incluster().map_err(|_| unusable(&error)),
    }
}

/// Who asks, and so the field manager of what is written: `kymactl`.
const USER_AGENT: &str = concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION"));

/// A client without limits.
pub(crate) fn unlimited() -> ClientOptions {
    ClientOptions { user_agent: USER_AGENT, ..ClientOptions::unlimited() }
}

/// The client's limits, as typed.
pub(crate) fn limits<D: Defaults>(args: &ClientArgs<D>) -> ClientOptions {
    let per_second = match args.kube_api_qps {
        ApiRate::Auto => return ClientOptions { qps: Qps::Auto, ..unlimited() },
        ApiRate::PerSecond(rate) if rate < 0.0 => return unlimited(),
        ApiRate::PerSecond(rate) => rate,
    };
    #[expect(clippy::cast_possible_truncation, reason = "a rate that f32 cannot hold is no rate")]
    let qps = Qps::PerSecond(per_second as f32);
    // A rate that was asked for holds: a second's requests may come at once where nobody says how many.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a cast of f64 saturates")]
    let of_a_second = || per_second.ceil().max(1.0) as u32;
    let burst = u32::try_from(args.kube_api_burst).unwrap_or_else(|_| of_a_second());
    ClientOptions { qps, burst, ..unlimited() }
}

/// A client of a cluster, and one line of trouble where it does not answer.
pub(crate) async fn client(
    args: &ClusterArgs,
    options: &ClientOptions,
    metrics: &Metrics,
) -> Result<kube::Client, Failure> {
    let config = config(args).await?;
    let url = config.cluster_url.to_string();
    let client = client::over_config(config, options, metrics).map_err(|error| Failure::of(&error))?;
    match client.apiserver_version().await {
        Ok(_) => Ok(client),
        // Who may not ask for the version may still be allowed what is needed.
        Err(kube::Error::Api(status)) if status.code == 403 => Ok(client),
        Err(error) => {
            let cause = crate::exit::chain(&error);
            Err(Failure::text(format!("the API server at {url} does not answer: {cause}; {HINT}")))
        }
    }
}

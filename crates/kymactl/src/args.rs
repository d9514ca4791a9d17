//! The command line, as typed. What it means is each command's own business.

mod loadtest;
mod requests;

use std::marker::PhantomData;
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args as Group, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use kyma_apiserver::serve::ConnectionLimits;

pub(crate) use loadtest::{CompareArgs, CompareFormat, LoadtestAction, LoadtestArgs};
use requests::{AuditArgs, RequestArgs};

/// Operate, try and prove a Kyma fleet.
#[derive(Debug, Parser)]
#[command(name = "kymactl", version, about, max_term_width = 100)]
pub(crate) struct Args {
    #[command(flatten)]
    pub(crate) log: LogArgs,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What is logged to standard error.
#[derive(Debug, Group)]
pub(crate) struct LogArgs {
    /// What to log: a level, or directives such as `info,kyma_operator=debug`. `access=debug` among them logs each
    /// request to the embedded server; those that it failed to answer (5xx) are logged at `warn`.
    #[arg(long, global = true, env = "KYMACTL_LOG", default_value = "warn", hide_env_values = true)]
    pub(crate) log_level: String,
    /// The form of log lines.
    #[arg(long, global = true, value_enum, default_value_t = LogFormat::Text)]
    pub(crate) log_format: LogFormat,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Start an embedded API server and the operator, and bring a sample fleet to success.
    Up(UpArgs),
    /// Run the embedded API server alone.
    Apiserver(ApiserverArgs),
    /// Run the operator against a cluster.
    Operator(OperatorArgs),
    /// Print the CustomResourceDefinitions as YAML.
    Crds,
    /// Print the sample fleet as YAML, or create it in the cluster.
    Sample(SampleArgs),
    /// Repeat the experiment: a fleet that arrives as a scenario says, on a server and an operator that are processes of their
    /// own, and everything that is measured meanwhile.
    Loadtest(LoadtestArgs),
    /// Compare load tests; fails when something is worse.
    Compare(CompareArgs),
    /// Show the fleet at a glance; fails when a Kyma is in error.
    Status(StatusArgs),
    /// Print a completion script.
    Completion {
        /// For which shell.
        #[arg(value_enum)]
        shell: Shell,
    },
    /// Print the manual page.
    Man,
    /// Print the version.
    Version,
}

#[derive(Debug, Group)]
pub(crate) struct UpArgs {
    /// How many Kymas the sample fleet has; each has 18 components.
    #[arg(long, default_value_t = 100, value_name = "N")]
    pub(crate) kymas: usize,
    #[command(flatten)]
    pub(crate) store: StoreArgs,
    /// The port of the API server; without it 6443, or the next that is free.
    #[arg(long, value_name = "PORT")]
    pub(crate) secure_port: Option<u16>,
    /// Leave when the whole fleet is "success", instead of staying up until Ctrl-C.
    #[arg(long)]
    pub(crate) exit_when_done: bool,
    /// Where to write the kubeconfig; without it DIR/kubeconfig, or into the folder that goes away at the end.
    #[arg(long, value_name = "FILE")]
    pub(crate) write_kubeconfig: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) addresses: AddressArgs,
    #[command(flatten)]
    pub(crate) client: ClientArgs<UpDefaults>,
    #[command(flatten)]
    pub(crate) controllers: ControllerArgs<UpDefaults>,
}

#[derive(Debug, Group)]
pub(crate) struct ApiserverArgs {
    /// The address to listen on. Others than loopback need --allow-remote.
    #[arg(long, default_value = "127.0.0.1", value_name = "IP")]
    pub(crate) bind_address: IpAddr,
    /// Let other machines connect. Connections are encrypted and every request is authenticated; but whoever has the
    /// kubeconfig, or the certificate or the token in it, can read, change and delete everything from there.
    #[arg(long)]
    pub(crate) allow_remote: bool,
    /// One more DNS name or IP address under which clients reach the server, for its certificate. Can be repeated.
    #[arg(long, value_name = "NAME")]
    pub(crate) tls_san: Vec<String>,
    /// The port; without it 6443, or the next that is free.
    #[arg(long, value_name = "PORT")]
    pub(crate) secure_port: Option<u16>,
    #[command(flatten)]
    pub(crate) store: StoreArgs,
    /// Where to write the admin's kubeconfig; it is there when the server serves. Without it DIR/kubeconfig; needed with
    /// --in-memory.
    #[arg(long, value_name = "FILE")]
    pub(crate) write_kubeconfig: Option<PathBuf>,
    /// Collect no garbage and leave the content of namespaces alone, as a kube-apiserver without kube-controller-manager.
    #[arg(long)]
    pub(crate) no_controllers: bool,
    #[command(flatten)]
    pub(crate) limits: LimitArgs,
    #[command(flatten)]
    pub(crate) requests: RequestArgs,
    #[command(flatten)]
    pub(crate) audit: AuditArgs,
}

/// What connections may cost.
#[derive(Debug, Group)]
#[command(next_help_heading = "Limits")]
pub(crate) struct LimitArgs {
    /// How many connections may be open; more are closed at once.
    #[arg(long, value_name = "N", default_value_t = 4096, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub(crate) max_connections: u32,
    /// How long a TLS handshake may take.
    #[arg(long, value_name = "DURATION", default_value = "10s", value_parser = limit)]
    pub(crate) tls_handshake_timeout: Duration,
    /// How many bytes the line and the headers of a request may have.
    #[arg(long, value_name = "BYTES", default_value_t = 65536, value_parser = clap::value_parser!(u32).range(8192..=1_048_576))]
    pub(crate) max_header_bytes: u32,
    /// How long the line and the headers of a request may take.
    #[arg(long, value_name = "DURATION", default_value = "32s", value_parser = limit)]
    pub(crate) header_read_timeout: Duration,
    /// How long the body of a request may take.
    #[arg(long, value_name = "DURATION", default_value = "30s", value_parser = limit)]
    pub(crate) body_read_timeout: Duration,
    /// How long a connection without requests stays open.
    #[arg(long, value_name = "DURATION", default_value = "90s", value_parser = limit)]
    pub(crate) idle_timeout: Duration,
    /// How long a client may take nothing of what it is sent.
    #[arg(long, value_name = "DURATION", default_value = "1m", value_parser = limit)]
    pub(crate) write_stall_timeout: Duration,
    /// How many requests an HTTP/2 connection may carry at a time.
    #[arg(long, value_name = "N", default_value_t = 250, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub(crate) http2_max_streams_per_connection: u32,
}

/// Where the embedded server keeps its objects.
#[derive(Debug, Group)]
pub(crate) struct StoreArgs {
    /// Keep objects, certificates and token in this folder; the next start goes on from there.
    #[arg(long, value_name = "DIR", conflicts_with = "in_memory")]
    pub(crate) data_dir: Option<PathBuf>,
    /// Keep everything in memory: it ends with the process.
    #[arg(long)]
    pub(crate) in_memory: bool,
}

#[derive(Debug, Group)]
pub(crate) struct OperatorArgs {
    #[command(flatten)]
    pub(crate) cluster: ClusterArgs,
    #[command(flatten)]
    pub(crate) addresses: AddressArgs,
    #[command(flatten)]
    pub(crate) secure: SecureArgs,
    #[command(flatten)]
    pub(crate) traces: TraceArgs,
    #[command(flatten)]
    pub(crate) election: ElectionArgs,
    #[command(flatten)]
    pub(crate) client: ClientArgs<OperatorDefaults>,
    #[command(flatten)]
    pub(crate) controllers: ControllerArgs<OperatorDefaults>,
}

/// Where traces go.
#[derive(Debug, Group)]
pub(crate) struct TraceArgs {
    /// Send traces, a span for each reconcile and each of its requests, to the OTLP collector (HTTP, protobuf) at this base
    /// address, such as `http://localhost:4318`. The other variables of OpenTelemetry work too, such as OTEL_SERVICE_NAME,
    /// OTEL_TRACES_SAMPLER and OTEL_EXPORTER_OTLP_HEADERS.
    #[arg(long, value_name = "URL", env = crate::traces::VARIABLE, hide_env_values = true)]
    pub(crate) otlp_endpoint: Option<String>,
}

/// Which cluster to talk to.
#[derive(Debug, Group)]
pub(crate) struct ClusterArgs {
    /// The kubeconfig; without it $KUBECONFIG, then ~/.kube/config, then the pod's own service account.
    #[arg(long, value_name = "FILE")]
    pub(crate) kubeconfig: Option<PathBuf>,
    /// The context of the kubeconfig; without it the current one.
    #[arg(long, value_name = "NAME")]
    pub(crate) context: Option<String>,
}

/// Where metrics and health are served.
#[derive(Debug, Group)]
pub(crate) struct AddressArgs {
    /// Where metrics are served, such as `:8080`; `0` for nowhere. Without it 127.0.0.1:8080 or the next free port, in a
    /// cluster :8080.
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) metrics_bind_address: Option<String>,
    /// Where /healthz and /readyz are served, such as `:8081`; `0` for nowhere. Without it 127.0.0.1:8081 or the next free
    /// port, in a cluster :8081.
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) health_probe_bind_address: Option<String>,
}

/// Who may see metrics.
#[derive(Debug, Group)]
pub(crate) struct SecureArgs {
    /// Serve metrics over TLS, and only to those of whom the API server says that they may get the path /metrics: it is asked
    /// with a TokenReview and a SubjectAccessReview, as other controllers do.
    #[arg(long)]
    pub(crate) metrics_secure: bool,
    /// The folder with the certificate for metrics, tls.crt and tls.key; without it one that nobody has signed. A new one is
    /// taken as it comes.
    #[arg(long, value_name = "FOLDER", requires = "metrics_secure")]
    pub(crate) metrics_cert_path: Option<PathBuf>,
}

/// How many replicas share the work.
#[derive(Debug, Group)]
pub(crate) struct ElectionArgs {
    /// Act only while holding a Lease, so that many replicas can run: together, or one at a time, as --shards says.
    #[arg(long)]
    pub(crate) leader_elect: bool,
    /// Where the Leases are; without it in the pod's own namespace. Needed outside a cluster.
    #[arg(long, value_name = "NAMESPACE", requires = "leader_elect")]
    pub(crate) leader_elect_namespace: Option<String>,
    /// Whether replicas share the fleet. `auto`: they do with --leader-elect, each with a Lease of its own,
    /// 0f60298a.kyma-project.io-ID. `on`: the same, and --leader-elect must be there. `off`: the one acts that holds the
    /// Lease 0f60298a.kyma-project.io, and the others wait for it to go.
    #[arg(long, value_name = "WHETHER", default_value = "auto", value_enum)]
    pub(crate) shards: Shards,
}

/// Whether replicas share the fleet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Shards {
    Auto,
    On,
    Off,
}

/// Defaults that differ from command to command. They are texts: clap keeps a value that it has to write itself in a
/// static, which all types of a generic function have in common.
pub(crate) trait Defaults {
    const KUBE_API_QPS: &'static str;
    const KUBE_API_BURST: &'static str;
    const MAX_CONCURRENT_RECONCILES: &'static str;
}

/// What the proof of concept ran with.
#[derive(Debug)]
pub(crate) struct OperatorDefaults;

impl Defaults for OperatorDefaults {
    const KUBE_API_QPS: &'static str = "150";
    const KUBE_API_BURST: &'static str = "150";
    const MAX_CONCURRENT_RECONCILES: &'static str = "10";
}

/// As fast as the machine. Those that wait for the disk share a sync: the more there are, the less each write costs.
#[derive(Debug)]
pub(crate) struct UpDefaults;

impl Defaults for UpDefaults {
    const KUBE_API_QPS: &'static str = "-1";
    const KUBE_API_BURST: &'static str = "-1";
    const MAX_CONCURRENT_RECONCILES: &'static str = "128";
}

/// A rate of requests to the API server, as typed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum ApiRate {
    /// So many a second; no limit where it is negative.
    PerSecond(f64),
    /// As many as the server bears.
    Auto,
}

/// How hard the operator may ask the API server.
#[derive(Debug, Group)]
pub(crate) struct ClientArgs<D: Defaults> {
    /// Requests a second to the API server, on average; -1 for no limit, auto for as many as it bears.
    #[arg(long, value_name = "RATE", default_value = D::KUBE_API_QPS, allow_negative_numbers = true, value_parser = api_rate)]
    pub(crate) kube_api_qps: ApiRate,
    /// How many requests may be sent at once above the rate; -1 for those of a second. Not used with auto.
    #[arg(long, value_name = "N", default_value = D::KUBE_API_BURST, allow_negative_numbers = true, value_parser = burst)]
    pub(crate) kube_api_burst: i32,
    #[arg(skip)]
    defaults: PhantomData<D>,
}

/// How the controllers work.
#[derive(Debug, Group)]
pub(crate) struct ControllerArgs<D: Defaults> {
    /// How many objects each controller works on at a time.
    #[arg(long, value_name = "N", default_value = D::MAX_CONCURRENT_RECONCILES, value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) max_concurrent_reconciles: u16,
    /// How often every object is looked at though nothing has changed; 0 for never.
    #[arg(long, value_name = "DURATION", default_value = "10h", value_parser = duration)]
    pub(crate) sync_period: Duration,
    /// How long a Kyma's progress waits for more progress before it is written.
    #[arg(long, value_name = "DURATION", default_value = "1s", value_parser = duration)]
    pub(crate) status_interval: Duration,
    /// Wait after an object's first failure; it doubles with each further one.
    #[arg(long, value_name = "DURATION", default_value = "1s", value_parser = duration)]
    pub(crate) queue_base_delay: Duration,
    /// The longest wait after a failure.
    #[arg(long, value_name = "DURATION", default_value = "1000s", value_parser = duration)]
    pub(crate) queue_max_delay: Duration,
    /// Retries a second of all objects together, on average; -1 for no limit.
    #[arg(long, value_name = "RATE", default_value_t = 30.0, allow_negative_numbers = true, value_parser = rate)]
    pub(crate) queue_qps: f64,
    /// How many retries may come at once above the rate.
    #[arg(long, value_name = "N", default_value_t = 200)]
    pub(crate) queue_burst: u32,
    #[arg(skip)]
    defaults: PhantomData<D>,
}

#[derive(Debug, Group)]
pub(crate) struct SampleArgs {
    /// The last Kyma's number: how many there are, counted from 1.
    #[arg(long, value_name = "N")]
    pub(crate) kymas: usize,
    /// The first Kyma's number.
    #[arg(long, value_name = "I", default_value_t = 1)]
    pub(crate) from: usize,
    /// The namespace.
    #[arg(short, long, default_value = kyma_inventory::sample::NAMESPACE)]
    pub(crate) namespace: String,
    /// Create the fleet in the cluster, at full speed, instead of printing it.
    #[arg(long)]
    pub(crate) apply: bool,
    #[command(flatten)]
    pub(crate) cluster: ClusterArgs,
}

#[derive(Debug, Group)]
pub(crate) struct StatusArgs {
    /// Only these Kymas, each with its components; without a name all Kymas in numbers, the slowest and those in error.
    #[arg(value_name = "NAME", conflicts_with = "all_namespaces")]
    pub(crate) names: Vec<String>,
    /// The namespace; without it the context's.
    #[arg(short, long, value_name = "NAMESPACE")]
    pub(crate) namespace: Option<String>,
    /// All namespaces, also where one is named.
    #[arg(short = 'A', long)]
    pub(crate) all_namespaces: bool,
    /// How it is shown.
    #[arg(short, long, value_name = "FORMAT", value_enum, default_value_t = StatusFormat::Table)]
    pub(crate) output: StatusFormat,
    /// Go on until Ctrl-C: redrawn on a terminal, elsewhere a line for each change, once a second at most.
    #[arg(short, long)]
    pub(crate) watch: bool,
    #[command(flatten)]
    pub(crate) cluster: ClusterArgs,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum StatusFormat {
    /// For people: the numbers, the ten slowest Kymas, the first ten in error.
    Table,
    /// All Kymas that are not "success", with more columns, nothing cut.
    Wide,
    /// For programs: one document; with --watch one a line for each change.
    Json,
    /// The same as YAML.
    Yaml,
    /// The Kymas that are not "success", one a line as `kubectl -o name` writes them.
    Name,
}

impl LimitArgs {
    /// As the server takes them.
    pub(crate) fn meant(&self) -> ConnectionLimits {
        ConnectionLimits {
            connections: self.max_connections as usize,
            handshake_timeout: self.tls_handshake_timeout,
            header_bytes: self.max_header_bytes,
            header_read_timeout: self.header_read_timeout,
            body_read_timeout: self.body_read_timeout,
            idle_timeout: self.idle_timeout,
            write_stall_timeout: self.write_stall_timeout,
            streams: self.http2_max_streams_per_connection,
        }
    }
}

fn api_rate(text: &str) -> Result<ApiRate, String> {
    match text {
        "auto" => Ok(ApiRate::Auto),
        text => rate(text).map(ApiRate::PerSecond).map_err(|error| format!("{error}, or auto")),
    }
}

/// A rate: -1 or above 0.
fn rate(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(rate) if rate.is_finite() && (rate > 0.0 || rate == -1.0) => Ok(rate),
        _ => Err("must be a number above 0, or -1 for no limit".to_owned()),
    }
}

/// A burst: -1 or above 0.
fn burst(text: &str) -> Result<i32, String> {
    match text.parse::<i32>() {
        Ok(burst) if burst > 0 || burst == -1 => Ok(burst),
        _ => Err("must be a whole number above 0, or -1 for no limit".to_owned()),
    }
}

/// A duration as Go writes it: `300ms`, `1.5s`, `1h30m`, `0`.
fn duration(text: &str) -> Result<Duration, String> {
    const HINT: &str = "must be a duration such as 300ms, 1.5s, 2m or 10h";
    let mut rest = text;
    if rest == "0" {
        return Ok(Duration::ZERO);
    }
    let mut seconds = 0.0;
    if rest.is_empty() {
        return Err(HINT.to_owned());
    }
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.').ok_or(HINT)?;
        let number: f64 = rest[..end].parse().map_err(|_| HINT)?;
        rest = &rest[end..];
        let end = rest.find(|c: char| c.is_ascii_digit()).unwrap_or(rest.len());
        let unit = match &rest[..end] {
            "ns" => 1e-9,
            "us" | "µs" => 1e-6,
            "ms" => 1e-3,
            "s" => 1.0,
            "m" => 60.0,
            "h" => 3600.0,
            _ => return Err(HINT.to_owned()),
        };
        seconds += number * unit;
        rest = &rest[end..];
    }
    Duration::try_from_secs_f64(seconds).map_err(|_| HINT.to_owned())
}

/// A time that is allowed: some, and no more than a day.
fn limit(text: &str) -> Result<Duration, String> {
    match duration(text)? {
        limit if (Duration::from_millis(1)..=Duration::from_secs(24 * 3600)).contains(&limit) => Ok(limit),
        _ => Err("must be between 1ms and 24h".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Args::command().debug_assert();
    }

    #[test]
    fn durations_read_as_go_writes_them() {
        let cases = [
            ("10h", 36_000_000),
            ("1h30m", 5_400_000),
            ("1.5s", 1500),
            ("300ms", 300),
            ("0", 0),
            ("1000s", 1_000_000),
        ];
        for (text, milliseconds) in cases {
            assert_eq!(duration(text), Ok(Duration::from_millis(milliseconds)), "{text}");
        }
        for text in ["", "5", "s", "1x", "-1s", "1h2", "1e400h"] {
            assert!(duration(text).is_err(), "{text}");
        }
    }

    #[test]
    fn limits_are_positive_or_none() {
        assert_eq!((rate("-1"), rate("0.5")), (Ok(-1.0), Ok(0.5)));
        assert!(rate("0").is_err() && rate("-2").is_err() && rate("nan").is_err() && burst("0").is_err());
    }

    #[test]
    fn a_limit_is_some_time_but_no_age() {
        assert_eq!(limit("1m"), Ok(Duration::from_secs(60)));
        assert!(limit("0").is_err() && limit("25h").is_err() && limit("1").is_err());
    }

    #[test]
    fn limits_are_by_default_those_of_the_server() {
        let typed = Args::parse_from(["kymactl", "apiserver", "--in-memory", "--write-kubeconfig", "k"]);
        let Command::Apiserver(args) = typed.command else { panic!("another command") };
        assert_eq!(args.limits.meant(), ConnectionLimits::default());
    }

    #[test]
    fn the_operator_s_limits_are_the_proof_of_concept_s_and_up_has_none() {
        let typed = Args::parse_from(["kymactl", "operator"]);
        let Command::Operator(args) = typed.command else { panic!("another command") };
        let (client, controllers) = (args.client, args.controllers);
        assert_eq!((client.kube_api_qps, client.kube_api_burst), (ApiRate::PerSecond(150.0), 150));
        assert_eq!(controllers.max_concurrent_reconciles, 10);
        let typed = Args::parse_from(["kymactl", "up"]);
        let Command::Up(args) = typed.command else { panic!("another command") };
        let (client, controllers) = (args.client, args.controllers);
        assert_eq!((client.kube_api_qps, client.kube_api_burst), (ApiRate::PerSecond(-1.0), -1));
        assert_eq!(controllers.max_concurrent_reconciles, 128);
    }

    #[test]
    fn a_client_s_rate_is_a_number_or_found() {
        let typed = |rate| Args::try_parse_from(["kymactl", "operator", "--kube-api-qps", rate]);
        let Ok(Args { command: Command::Operator(args), .. }) = typed("auto") else { panic!("refused") };
        assert_eq!(args.client.kube_api_qps, ApiRate::Auto);
        for wrong in ["0", "-2", "fast", "inf"] {
            let error = typed(wrong).unwrap_err().to_string();
            assert!(error.contains("must be a number above 0, or -1 for no limit, or auto"), "{error}");
        }
    }

    #[test]
    fn help_is_what_it_was() {
        for name in ["up", "apiserver", "loadtest", "compare", "operator", "sample", "status"] {
            let mut command = Args::command().term_width(100);
            command.build();
            let help = command.find_subcommand_mut(name).unwrap().render_long_help().to_string();
            insta::assert_snapshot!(format!("help-{name}"), help);
        }
    }
}

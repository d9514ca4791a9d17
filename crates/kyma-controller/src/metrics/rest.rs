//! `rest_client_*`, as in client-go (`component-base/metrics/prometheus/restclient/metrics.go`).

use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use http::{Method, StatusCode};
use prometheus_client::encoding::{EncodeLabelSet, EncodeLabelValue, LabelValueEncoder};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

/// Upper bounds in seconds, those of client-go.
const BUCKETS: [f64; 12] = [0.005, 0.025, 0.1, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 30.0, 60.0];

/// A response's status code; `<error>` when there was no response.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Code(Option<StatusCode>);

impl EncodeLabelValue for Code {
    fn encode(&self, encoder: &mut LabelValueEncoder<'_>) -> std::fmt::Result {
        match self.0 {
            Some(code) => encoder.write_str(code.as_str()),
            None => encoder.write_str("<error>"),
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ByCode {
    code: Code,
    method: &'static str,
    host: Arc<str>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ByVerb {
    verb: &'static str,
    host: Arc<str>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ByHost {
    host: Arc<str>,
}

fn histogram() -> Histogram {
    Histogram::new(BUCKETS)
}

type Histograms = Family<ByVerb, Histogram, fn() -> Histogram>;

/// The families of all clients.
#[derive(Clone)]
pub(crate) struct Families {
    requests: Family<ByCode, Counter>,
    duration: Histograms,
    throttled: Histograms,
    rate: Family<ByHost, Gauge<f64, AtomicU64>>,
}

impl Families {
    pub(super) fn register(registry: &mut Registry) -> Self {
        let families = Self {
            requests: Family::default(),
            duration: Family::new_with_constructor(histogram),
            throttled: Family::new_with_constructor(histogram),
            rate: Family::default(),
        };
        registry.register(
            "rest_client_requests",
            "Number of HTTP requests, partitioned by status code, method, and host",
            families.requests.clone(),
        );
        registry.register(
            "rest_client_request_duration_seconds",
            "Request latency in seconds. Broken down by verb, and host",
            families.duration.clone(),
        );
        registry.register(
            "rest_client_rate_limiter_duration_seconds",
            "Client side rate limiter latency in seconds. Broken down by verb, and host",
            families.throttled.clone(),
        );
        registry.register(
            "rest_client_rate_limiter_qps",
            "Requests per second that the client allows itself, or has found the server to bear; broken down by host, none where it has no limit",
            families.rate.clone(),
        );
        families
    }

    /// The metrics of one client.
    pub(crate) fn of(&self, host: &str) -> ClientMetrics {
        ClientMetrics { families: self.clone(), host: host.into() }
    }
}

/// The metrics of one client.
#[derive(Clone)]
pub(crate) struct ClientMetrics {
    families: Families,
    host: Arc<str>,
}

impl ClientMetrics {
    /// A response came, or did not.
    pub(crate) fn answered(&self, method: &Method, code: Option<StatusCode>) {
        let labels = ByCode { code: Code(code), method: verb(method), host: Arc::clone(&self.host) };
        self.families.requests.get_or_create(&labels).inc();
    }

    /// How long a request took with its wait for the throttle (client-go counts that too).
    pub(crate) fn took(&self, method: &Method, duration: Duration) {
        let labels = ByVerb { verb: verb(method), host: Arc::clone(&self.host) };
        self.families.duration.get_or_create(&labels).observe(duration.as_secs_f64());
    }

    /// How many requests per second may be sent from now on.
    pub(crate) fn rate(&self, per_second: f64) {
        self.families.rate.get_or_create(&ByHost { host: Arc::clone(&self.host) }).set(per_second);
    }

    /// How long a request waited for the throttle.
    pub(crate) fn throttled(&self, method: &Method, duration: Duration) {
        let labels = ByVerb { verb: verb(method), host: Arc::clone(&self.host) };
        self.families.throttled.get_or_create(&labels).observe(duration.as_secs_f64());
    }
}

/// The methods of the Kubernetes API; no other can make a series.
fn verb(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        _ => "OTHER",
    }
}

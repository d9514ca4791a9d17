//! Metrics under kube-apiserver's names (k8s.io/apiserver/pkg/endpoints/metrics). Labels come from kinds that are
//! served and from closed sets, never from what a client wrote.

use std::sync::Arc;

use http::request::Parts;
use http::{Method, Response};
use kyma_registry::{Registry, Resource, Subresource};
use parking_lot::Mutex;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{
    DescriptorEncoder, EncodeLabelSet, EncodeLabelValue, EncodeMetric, LabelValueEncoder,
};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::{ConstGauge, Gauge};
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry as Metric;
use tokio::time::Instant;

use crate::body::Body;
use crate::router::{Route, Verb};

/// A label that is shared with the kind it names.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
struct Text(Arc<str>);

impl EncodeLabelValue for Text {
    fn encode(&self, encoder: &mut LabelValueEncoder<'_>) -> Result<(), std::fmt::Error> {
        (&*self.0).encode(encoder)
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, EncodeLabelSet)]
struct Target {
    verb: &'static str,
    group: Text,
    version: Text,
    resource: Text,
    subresource: &'static str,
    scope: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Answered {
    verb: &'static str,
    group: Text,
    version: Text,
    resource: Text,
    subresource: &'static str,
    scope: &'static str,
    code: u16,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestKind {
    request_kind: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Kind {
    group: Text,
    version: Text,
    resource: Text,
}

type Durations = Family<Target, Histogram, fn() -> Histogram>;
type Sizes = Family<Kind, Histogram, fn() -> Histogram>;

/// kube-apiserver's buckets, in seconds.
const DURATION_BUCKETS: [f64; 24] = [
    0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1.0, 1.25, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0, 15.0,
    20.0, 30.0, 45.0, 60.0, 120.0,
];
/// kube-apiserver's buckets of a watch event, in bytes.
const SIZE_BUCKETS: [f64; 8] = [1024.0, 2048.0, 4096.0, 8192.0, 16384.0, 32768.0, 65536.0, 131_072.0];

/// The server's metrics.
pub(crate) struct Metrics {
    registry: Mutex<Metric>,
    requests: Family<Answered, Counter>,
    durations: Durations,
    inflight: Family<RequestKind, Gauge>,
    long_running: Family<Target, Gauge>,
    watch_events: Family<Kind, Counter>,
    watch_sizes: Sizes,
}

impl Metrics {
    pub(crate) fn new(registry: &Arc<Registry>) -> Self {
        let mut metrics = Metric::default();
        let requests = Family::default();
        let durations = Durations::new_with_constructor(|| Histogram::new(DURATION_BUCKETS));
        let inflight = Family::default();
        let long_running = Family::default();
        let watch_events = Family::default();
        let watch_sizes = Sizes::new_with_constructor(|| Histogram::new(SIZE_BUCKETS));
        // Counters get their suffix `_total` from the encoder.
        metrics.register("apiserver_request", "Requests by verb, kind and code", requests.clone());
        metrics.register(
            "apiserver_request_duration_seconds",
            "Time from request to answer",
            durations.clone(),
        );
        metrics.register(
            "apiserver_current_inflight_requests",
            "Requests being answered now",
            inflight.clone(),
        );
        metrics.register("apiserver_longrunning_requests", "Watches that are open now", long_running.clone());
        metrics.register("apiserver_watch_events", "Events sent to watchers", watch_events.clone());
        metrics.register(
            "apiserver_watch_events_sizes",
            "Bytes of the events sent to watchers",
            watch_sizes.clone(),
        );
        metrics.register_collector(Box::new(Storage(Arc::clone(registry))));
        Metrics {
            registry: Mutex::new(metrics),
            requests,
            durations,
            inflight,
            long_running,
            watch_events,
            watch_sizes,
        }
    }

    /// All metrics as OpenMetrics text.
    pub(crate) fn encode(&self) -> String {
        let mut text = String::new();
        // Writing to a String fails only where a collector does, and ours do not.
        let _ = prometheus_client::encoding::text::encode(&mut text, &self.registry.lock());
        text
    }

    /// Begins to measure a request.
    pub(crate) fn begin(&self, parts: &Parts, route: Option<&Route<'_>>) -> Measured<'_> {
        let target = match route {
            Some(Route::Kind { resource, path, verb, subresource }) => {
                target(resource, *verb, *subresource, path.name.is_some(), path.namespace.is_some())
            }
            _ => Target { verb: method_name(&parts.method), ..Target::default() },
        };
        let request_kind = match target.verb {
            "WATCH" => None,
            "GET" | "LIST" | "HEAD" => Some("readOnly"),
            _ => Some("mutating"),
        };
        let inflight = request_kind
            .map(|request_kind| self.inflight.get_or_create(&RequestKind { request_kind }).clone());
        if let Some(gauge) = &inflight {
            gauge.inc();
        }
        Measured { metrics: self, target, inflight, since: Instant::now() }
    }

    /// What a watch on this kind counts.
    pub(crate) fn watch(&self, resource: &Resource) -> WatchMeter {
        let kind = Kind {
            group: Text(Arc::clone(&resource.group)),
            version: Text(Arc::clone(&resource.version)),
            resource: Text(Arc::clone(&resource.names.plural)),
        };
        let scope = if resource.namespaced() { "namespace" } else { "cluster" };
        let target = Target {
            scope,
            ..target(resource, Verb::Watch, Subresource::Main, false, resource.namespaced())
        };
        let open = self.long_running.get_or_create(&target).clone();
        open.inc();
        WatchMeter {
            open,
            events: self.watch_events.get_or_create(&kind).clone(),
            sizes: self.watch_sizes.get_or_create(&kind).clone(),
        }
    }
}

fn target(
    resource: &Resource,
    verb: Verb,
    subresource: Subresource,
    named: bool,
    namespaced: bool,
) -> Target {
    Target {
        verb: metric_verb(verb),
        group: Text(Arc::clone(&resource.group)),
        version: Text(Arc::clone(&resource.version)),
        resource: Text(Arc::clone(&resource.names.plural)),
        subresource: match subresource {
            Subresource::Main => "",
            Subresource::Status => "status",
            Subresource::Finalize => "finalize",
        },
        scope: match (named, namespaced) {
            (true, _) => "resource",
            (false, true) => "namespace",
            (false, false) => "cluster",
        },
    }
}

/// Verbs as kube-apiserver's metrics name them.
fn metric_verb(verb: Verb) -> &'static str {
    match verb {
        Verb::Get => "GET",
        Verb::List => "LIST",
        Verb::Watch => "WATCH",
        Verb::Create => "POST",
        Verb::Update => "PUT",
        Verb::Patch => "PATCH",
        Verb::Delete => "DELETE",
        Verb::DeleteCollection => "DELETECOLLECTION",
    }
}

fn method_name(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        _ => "other",
    }
}

/// A request that is being measured. Dropped without an answer, it counts as one that is no longer in flight.
pub(crate) struct Measured<'a> {
    metrics: &'a Metrics,
    target: Target,
    inflight: Option<Gauge>,
    since: Instant,
}

impl Measured<'_> {
    pub(crate) fn end(self, response: &Response<Body>) {
        let target = self.target.clone();
        // A watch has only begun here.
        if target.verb != "WATCH" {
            self.metrics.durations.get_or_create(&target).observe(self.since.elapsed().as_secs_f64());
        }
        let Target { verb, group, version, resource, subresource, scope } = target;
        let code = response.status().as_u16();
        let answered = Answered { verb, group, version, resource, subresource, scope, code };
        self.metrics.requests.get_or_create(&answered).inc();
    }
}

impl Drop for Measured<'_> {
    fn drop(&mut self) {
        if let Some(gauge) = &self.inflight {
            gauge.dec();
        }
    }
}

/// What an open watch counts.
#[derive(Debug)]
pub(crate) struct WatchMeter {
    open: Gauge,
    events: Counter,
    sizes: Histogram,
}

impl WatchMeter {
    /// An event of so many bytes was sent.
    #[expect(clippy::cast_precision_loss, reason = "an event is far smaller than 2^52 bytes")]
    pub(crate) fn sent(&self, bytes: usize) {
        self.events.inc();
        self.sizes.observe(bytes as f64);
    }
}

impl Drop for WatchMeter {
    fn drop(&mut self) {
        self.open.dec();
    }
}

/// Counts of stored objects, read when they are asked for.
#[derive(Debug)]
struct Storage(Arc<Registry>);

impl Collector for Storage {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), std::fmt::Error> {
        let store = self.0.store();
        let catalog = self.0.catalog();
        let gauge = prometheus_client::metrics::MetricType::Gauge;
        let help = "Stored objects by kind";
        let mut objects = encoder.encode_descriptor("apiserver_storage_objects", help, None, gauge)?;
        for resource in catalog.stored() {
            let labels = [("resource", resource.qualified())];
            let count = i64::try_from(store.count(resource.id)).unwrap_or(i64::MAX);
            ConstGauge::new(count).encode(objects.encode_family(&labels)?)?;
        }
        let bytes = i64::try_from(store.stats().object_bytes).unwrap_or(i64::MAX);
        let help = "Bytes of all stored objects";
        let mut size = encoder.encode_descriptor("apiserver_storage_size_bytes", help, None, gauge)?;
        ConstGauge::new(bytes).encode(size.encode_family(&[("storage_cluster_id", "memory")])?)?;
        Ok(())
    }
}

//! Metrics under kube-apiserver's names, with its labels and buckets (k8s.io/apiserver/pkg/endpoints/metrics and
//! k8s.io/apiserver/pkg/storage, 1.37). Labels come from kinds that are served and from closed sets, never from what a
//! client wrote; so there are at most as many series as there are kinds, verbs and codes.

mod labels;
mod process;
mod requests;
mod storage;
mod store;
mod text;
mod watches;

use std::fmt;
use std::sync::Arc;

use http::HeaderMap;
use kyma_registry::{Registry, Resource};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Registry as Metric;

use crate::audit::AuditStats;
use crate::limits::Gates;
use crate::serve::ConnectionStats;
use crate::serve::stats::ConnectionMetrics;

pub(crate) use labels::Labels;
pub(crate) use requests::Meters;
pub(crate) use store::Operation;
pub(crate) use text::Format;
pub(crate) use watches::WatchMeter;

/// What the metrics read when they are asked for.
pub(crate) struct Sources {
    pub(crate) registry: Arc<Registry>,
    pub(crate) connections: Arc<ConnectionStats>,
    pub(crate) gates: Arc<Gates>,
    pub(crate) audit: Arc<AuditStats>,
}

/// The server's metrics.
pub(crate) struct Metrics {
    registry: Metric,
    requests: Arc<requests::Requests>,
    watches: watches::Watches,
    store: store::Operations,
}

impl Metrics {
    pub(crate) fn new(sources: Sources) -> Self {
        let Sources { registry, connections, gates, audit } = sources;
        let mut metrics = Metric::default();
        let requests = Arc::new(requests::Requests::default());
        metrics.register_collector(Box::new(requests::RequestMetrics(Arc::clone(&requests))));
        let watches = watches::Watches::registered(&mut metrics);
        let store = store::Operations::registered(&mut metrics);
        metrics.register_collector(Box::new(InFlight(gates)));
        metrics.register_collector(Box::new(storage::Storage(registry)));
        metrics.register_collector(Box::new(AuditMetrics(audit)));
        metrics.register_collector(Box::new(ConnectionMetrics(connections)));
        metrics.register_collector(Box::new(process::Process));
        Metrics { registry: metrics, requests, watches, store }
    }

    /// All metrics, in the format that the client takes, with its content type.
    pub(crate) fn encode(&self, headers: &HeaderMap) -> (&'static str, String) {
        let format = Format::of(headers);
        (format.content_type(), text::encode(&self.registry, format))
    }

    /// What a request with these labels counts.
    pub(crate) fn request(&self, labels: &Labels) -> Arc<Meters> {
        self.requests.meters(labels)
    }

    /// What operations on the store count.
    pub(crate) fn store(&self) -> &store::Operations {
        &self.store
    }

    /// What a watch counts.
    pub(crate) fn watch(&self, resource: &Resource, labels: &Labels) -> WatchMeter {
        self.watches.meter(resource, labels)
    }
}

/// Writes one value that has no labels.
pub(crate) fn single(
    encoder: &mut DescriptorEncoder<'_>,
    kind: MetricType,
    (name, help): (&str, &str),
    value: f64,
) -> fmt::Result {
    let encoder = encoder.encode_descriptor(name, help, None, kind)?;
    // Whole numbers are written as such, as Go does.
    let whole = value.fract() == 0.0 && (0.0..9e15).contains(&value);
    match (kind, whole) {
        (MetricType::Counter, true) => ConstCounter::new(value as u64).encode(encoder),
        (MetricType::Counter, false) => ConstCounter::new(value).encode(encoder),
        (_, true) => ConstGauge::new(value as i64).encode(encoder),
        (_, false) => ConstGauge::new(value).encode(encoder),
    }
}

/// Writes one value for each value of one label.
pub(crate) fn each<const N: usize>(
    encoder: &mut DescriptorEncoder<'_>,
    kind: MetricType,
    (name, help): (&str, &str),
    label: &'static str,
    values: [(&'static str, u64); N],
) -> fmt::Result {
    let mut family = encoder.encode_descriptor(name, help, None, kind)?;
    for (value, count) in values {
        let labels = [(label, value)];
        let encoder = family.encode_family(&labels)?;
        match kind {
            MetricType::Counter => ConstCounter::new(count).encode(encoder)?,
            _ => ConstGauge::new(i64::try_from(count).unwrap_or(i64::MAX)).encode(encoder)?,
        }
    }
    Ok(())
}

/// How many requests are being answered. Nobody waits in a queue here: who does not get in is told to come back.
#[derive(Debug)]
struct InFlight(Arc<Gates>);

impl Collector for InFlight {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let (reading, writing) = self.0.in_flight();
        let kinds = [("readOnly", reading as u64), ("mutating", writing as u64)];
        let executing = ("apiserver_current_inflight_requests", "Requests that are being answered now");
        each(&mut encoder, MetricType::Gauge, executing, "request_kind", kinds)?;
        let queued =
            ("apiserver_current_inqueue_requests", "Requests that wait for their turn; none ever does");
        each(&mut encoder, MetricType::Gauge, queued, "request_kind", [("readOnly", 0), ("mutating", 0)])?;
        let held = ("kymactl_request_body_bytes", "Bytes of request bodies that are held now");
        single(&mut encoder, MetricType::Gauge, held, self.0.body_bytes() as f64)?;
        let help = "Bytes of answers that are held for their clients now";
        let held = self.0.answers().bytes() as f64;
        single(&mut encoder, MetricType::Gauge, ("kymactl_response_body_bytes", help), held)
    }
}

/// What became of audit events.
#[derive(Debug)]
struct AuditMetrics(Arc<AuditStats>);

impl Collector for AuditMetrics {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let counter = MetricType::Counter;
        // Counters get their suffix `_total` from the encoder.
        let events = ("apiserver_audit_event", "Audit events generated and sent to the audit log");
        single(&mut encoder, counter, events, self.0.events() as f64)?;
        let levels = ("apiserver_audit_level", "Audit levels of requests, one for each request");
        each(&mut encoder, counter, levels, "level", self.0.levels())?;
        let errors = ("apiserver_audit_error", "Audit events that the log does not have");
        each(&mut encoder, counter, errors, "plugin", [("log", self.0.errors())])
    }
}

//! Requests: how many, how long, how large. All values of one combination of labels are found by one look-up.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::{Mutex, RwLock};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};

use super::Labels;

/// Buckets of `apiserver_request_duration_seconds`; those of the SLI lack the first two.
pub(super) const SECONDS: [f64; 23] = [
    0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1.0, 1.25, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0, 15.0,
    20.0, 30.0, 45.0, 60.0,
];

/// What the requests of one combination of labels have been.
#[derive(Debug)]
pub(crate) struct Meters {
    codes: Mutex<BTreeMap<u16, u64>>,
    terminated: Mutex<BTreeMap<u16, u64>>,
    durations: Histogram,
    /// Without dry runs.
    sli: Option<Histogram>,
    /// Of answers to those who read.
    sizes: Option<Histogram>,
}

impl Meters {
    fn new(labels: &Labels) -> Self {
        Meters {
            codes: Mutex::default(),
            terminated: Mutex::default(),
            durations: Histogram::new(SECONDS),
            sli: labels.dry_run.is_empty().then(|| Histogram::new(SECONDS[2..].iter().copied())),
            sizes: matches!(labels.verb, "GET" | "LIST")
                .then(|| Histogram::new(exponential_buckets(1000.0, 10.0, 7))),
        }
    }

    /// A request was answered.
    #[expect(clippy::cast_precision_loss, reason = "an answer is far smaller than 2^52 bytes")]
    pub(crate) fn answered(&self, code: u16, took: Duration, bytes: usize) {
        *self.codes.lock().entry(code).or_default() += 1;
        let took = took.as_secs_f64();
        self.durations.observe(took);
        if let Some(sli) = &self.sli {
            sli.observe(took);
        }
        if let Some(sizes) = &self.sizes {
            sizes.observe(bytes as f64);
        }
    }

    /// A request was turned away, or cut off, with this code.
    pub(crate) fn terminated(&self, code: u16) {
        *self.terminated.lock().entry(code).or_default() += 1;
    }
}

/// All requests. Bounded, as labels are.
#[derive(Debug, Default)]
pub(super) struct Requests(RwLock<HashMap<Labels, Arc<Meters>>>);

impl Requests {
    pub(super) fn meters(&self, labels: &Labels) -> Arc<Meters> {
        if let Some(meters) = self.0.read().get(labels) {
            return Arc::clone(meters);
        }
        let meters = Arc::new(Meters::new(labels));
        Arc::clone(self.0.write().entry(labels.clone()).or_insert(meters))
    }

    /// In the order of the labels.
    fn sorted(&self) -> Vec<(Labels, Arc<Meters>)> {
        let all = self.0.read();
        let mut all: Vec<_> =
            all.iter().map(|(labels, meters)| (labels.clone(), Arc::clone(meters))).collect();
        // Whose first request is still being answered has nothing to show yet.
        all.retain(|(_, meters)| !meters.codes.lock().is_empty() || !meters.terminated.lock().is_empty());
        all.sort_by(|a, b| a.0.cmp(&b.0));
        all
    }
}

/// The requests as metrics.
#[derive(Debug)]
pub(super) struct RequestMetrics(pub(super) Arc<Requests>);

impl Collector for RequestMetrics {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let all = self.0.sorted();
        // Counters get their suffix `_total` from the encoder.
        let help = "Requests by verb, dry run, kind, scope, component and code";
        counts(&mut encoder, ("apiserver_request", help), &all, |meters| &meters.codes, true)?;
        let help = "Requests that were turned away or cut off in self-defence";
        let terminated = ("apiserver_request_terminations", help);
        counts(&mut encoder, terminated, &all, |meters| &meters.terminated, false)?;

        durations(&mut encoder, &all)?;
        let help = "Seconds from a request to the end of its answer, without dry runs";
        let sli = ("apiserver_request_sli_duration_seconds", help);
        histograms(&mut encoder, sli, &all, |meters| meters.sli.as_ref())?;
        let sizes = ("apiserver_response_sizes", "Bytes of answers to those who read");
        histograms(&mut encoder, sizes, &all, |meters| meters.sizes.as_ref())
    }
}

type All = [(Labels, Arc<Meters>)];

fn durations(encoder: &mut DescriptorEncoder<'_>, all: &All) -> fmt::Result {
    let (name, help) =
        ("apiserver_request_duration_seconds", "Seconds from a request to the end of its answer");
    let mut family = encoder.encode_descriptor(name, help, None, MetricType::Histogram)?;
    for (labels, meters) in all {
        let mut pairs = labels.pairs();
        pairs.push(("dry_run", labels.dry_run));
        meters.durations.encode(family.encode_family(&pairs)?)?;
    }
    Ok(())
}

fn counts(
    encoder: &mut DescriptorEncoder<'_>,
    (name, help): (&str, &str),
    all: &All,
    of: fn(&Meters) -> &Mutex<BTreeMap<u16, u64>>,
    dry_run: bool,
) -> fmt::Result {
    let mut family = encoder.encode_descriptor(name, help, None, MetricType::Counter)?;
    for (labels, meters) in all {
        let codes = of(meters).lock().clone();
        for (code, count) in codes {
            let code = code.to_string();
            let mut pairs = labels.pairs();
            if dry_run {
                pairs.push(("dry_run", labels.dry_run));
            }
            pairs.push(("code", &code));
            ConstCounter::new(count).encode(family.encode_family(&pairs)?)?;
        }
    }
    Ok(())
}

fn histograms(
    encoder: &mut DescriptorEncoder<'_>,
    (name, help): (&str, &str),
    all: &All,
    of: fn(&Meters) -> Option<&Histogram>,
) -> fmt::Result {
    let mut family = encoder.encode_descriptor(name, help, None, MetricType::Histogram)?;
    for (labels, meters) in all {
        if let Some(histogram) = of(meters) {
            histogram.encode(family.encode_family(&labels.pairs())?)?;
        }
    }
    Ok(())
}

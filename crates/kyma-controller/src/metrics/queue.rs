//! `workqueue_*`, as in controller-runtime's `pkg/internal/metrics/workqueue.go` (depth by class in `priority`).

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use kyma_workqueue::{Class, Snapshot, WorkQueue};
use parking_lot::Mutex;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeLabelSet, EncodeMetric};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ByName {
    name: &'static str,
    controller: &'static str,
}

impl ByName {
    fn new(name: &'static str) -> Self {
        Self { name, controller: name }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ByPriority {
    name: &'static str,
    controller: &'static str,
    priority: &'static str,
}

/// From 10 ns to 1000 s, a bucket for each power of ten.
fn histogram() -> Histogram {
    Histogram::new(exponential_buckets(10e-9, 10.0, 12))
}

type Histograms = Family<ByName, Histogram, fn() -> Histogram>;

/// The families of all queues.
pub(super) struct Families {
    adds: Family<ByName, Counter>,
    retries: Family<ByName, Counter>,
    waited: Histograms,
    worked: Histograms,
    gauges: Arc<Gauges>,
}

impl Families {
    pub(super) fn register(registry: &mut Registry) -> Self {
        let families = Self {
            adds: Family::default(),
            retries: Family::default(),
            waited: Family::new_with_constructor(histogram),
            worked: Family::new_with_constructor(histogram),
            gauges: Arc::default(),
        };
        registry.register(
            "workqueue_adds",
            "Total number of adds handled by workqueue",
            families.adds.clone(),
        );
        registry.register(
            "workqueue_retries",
            "Total number of retries handled by workqueue",
            families.retries.clone(),
        );
        registry.register(
            "workqueue_queue_duration_seconds",
            "How long in seconds an item stays in workqueue before being requested",
            families.waited.clone(),
        );
        registry.register(
            "workqueue_work_duration_seconds",
            "How long in seconds processing an item from workqueue takes",
            families.worked.clone(),
        );
        registry.register_collector(Box::new(Arc::clone(&families.gauges)));
        families
    }

    /// The counters of one queue.
    pub(super) fn observer(&self, name: &'static str) -> Observer {
        let label = ByName::new(name);
        Observer {
            adds: self.adds.get_or_create_owned(&label),
            retries: self.retries.get_or_create_owned(&label),
            waited: self.waited.get_or_create_owned(&label),
            worked: self.worked.get_or_create_owned(&label),
        }
    }

    /// Shows the queue's gauges at each scrape, as long as somebody else holds the queue.
    pub(super) fn show<K>(&self, name: &'static str, queue: &WorkQueue<K>)
    where
        K: Clone + Eq + std::hash::Hash + Send + 'static,
    {
        let queue = queue.downgrade();
        let look = Box::new(move || queue.upgrade().map(|queue| queue.snapshot()));
        self.gauges.queues.lock().push((name, look));
    }
}

/// The counters of one queue.
pub(super) struct Observer {
    adds: Counter,
    retries: Counter,
    waited: Histogram,
    worked: Histogram,
}

impl kyma_workqueue::Metrics for Observer {
    fn added(&self, _class: Class) {
        self.adds.inc();
    }

    fn retried(&self) {
        self.retries.inc();
    }

    fn started(&self, _class: Class, waited: Duration) {
        self.waited.observe(waited.as_secs_f64());
    }

    fn finished(&self, worked: Duration) {
        self.worked.observe(worked.as_secs_f64());
    }
}

type Look = Box<dyn Fn() -> Option<Snapshot> + Send + Sync>;

/// What is looked up at the time of a scrape. Bounded by the queues of the program.
#[derive(Default)]
struct Gauges {
    queues: Mutex<Vec<(&'static str, Look)>>,
}

impl fmt::Debug for Gauges {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gauges").finish_non_exhaustive()
    }
}

impl Collector for Gauges {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let queues: Vec<_> = {
            let mut queues = self.queues.lock();
            let snapshots: Vec<_> = queues.iter().map(|(name, look)| Some((*name, look()?))).collect();
            let mut alive = snapshots.iter();
            queues.retain(|_| alive.next().is_some_and(Option::is_some));
            snapshots.into_iter().flatten().collect()
        };
        let help = "Current depth of workqueue";
        let mut depth = encoder.encode_descriptor("workqueue_depth", help, None, MetricType::Gauge)?;
        for (name, snapshot) in &queues {
            for class in Class::ALL {
                let labels = ByPriority { name, controller: name, priority: class.as_str() };
                let value = i64::try_from(snapshot.depth[class as usize]).unwrap_or(i64::MAX);
                ConstGauge::new(value).encode(depth.encode_family(&labels)?)?;
            }
        }
        let help = "How many seconds of work has been done that is in progress and hasn't been observed by work_duration";
        seconds(&mut encoder, "workqueue_unfinished_work_seconds", help, &queues, |queue| queue.unfinished)?;
        let help = "How many seconds has the longest running processor for workqueue been running";
        let name = "workqueue_longest_running_processor_seconds";
        seconds(&mut encoder, name, help, &queues, |queue| queue.longest_running)
    }
}

fn seconds(
    encoder: &mut DescriptorEncoder<'_>,
    metric: &str,
    help: &str,
    queues: &[(&'static str, Snapshot)],
    value: fn(&Snapshot) -> Duration,
) -> fmt::Result {
    let mut gauge = encoder.encode_descriptor(metric, help, None, MetricType::Gauge)?;
    for (name, snapshot) in queues {
        let labels = ByName::new(name);
        ConstGauge::new(value(snapshot).as_secs_f64()).encode(gauge.encode_family(&labels)?)?;
    }
    Ok(())
}

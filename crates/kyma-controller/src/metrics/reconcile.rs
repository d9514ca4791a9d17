//! `controller_runtime_*`, as in controller-runtime's `pkg/internal/controller/metrics/metrics.go`.

use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

use crate::reconciler::{ErrorClass, Outcome};

/// Upper bounds in seconds, those of controller-runtime.
const BUCKETS: [f64; 40] = [
    0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.25,
    1.5, 1.75, 2.0, 2.5, 3.0, 3.5, 4.0, 4.5, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0, 15.0, 20.0, 25.0, 30.0, 40.0,
    50.0, 60.0,
];

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ByController {
    controller: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ByResult {
    controller: &'static str,
    result: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ByReason {
    controller: &'static str,
    reason: &'static str,
}

fn histogram() -> Histogram {
    Histogram::new(BUCKETS)
}

type Histograms = Family<ByController, Histogram, fn() -> Histogram>;

/// The families of all controllers.
pub(crate) struct Families {
    total: Family<ByResult, Counter>,
    errors: Family<ByController, Counter>,
    reasons: Family<ByReason, Counter>,
    panics: Family<ByController, Counter>,
    time: Histograms,
    workers: Family<ByController, Gauge>,
    active: Family<ByController, Gauge>,
}

impl Families {
    pub(super) fn register(registry: &mut Registry) -> Self {
        let families = Self {
            total: Family::default(),
            errors: Family::default(),
            reasons: Family::default(),
            panics: Family::default(),
            time: Family::new_with_constructor(histogram),
            workers: Family::default(),
            active: Family::default(),
        };
        registry.register(
            "controller_runtime_reconcile",
            "Total number of reconciliations per controller",
            families.total.clone(),
        );
        registry.register(
            "controller_runtime_reconcile_errors",
            "Total number of reconciliation errors per controller",
            families.errors.clone(),
        );
        registry.register(
            "controller_reconcile_failures",
            "Reconciliation errors per controller and kind of failure",
            families.reasons.clone(),
        );
        registry.register(
            "controller_runtime_reconcile_panics",
            "Total number of reconciliation panics per controller",
            families.panics.clone(),
        );
        registry.register(
            "controller_runtime_reconcile_time_seconds",
            "Length of time per reconciliation per controller",
            families.time.clone(),
        );
        registry.register(
            "controller_runtime_max_concurrent_reconciles",
            "Maximum number of concurrent reconciles per controller",
            families.workers.clone(),
        );
        registry.register(
            "controller_runtime_active_workers",
            "Number of currently used workers per controller",
            families.active.clone(),
        );
        families
    }

    /// The metrics of one controller, at zero.
    pub(crate) fn of(&self, controller: &'static str, workers: usize) -> ControllerMetrics {
        let label = ByController { controller };
        let result = |result| self.total.get_or_create_owned(&ByResult { controller, result });
        self.workers.get_or_create(&label).set(i64::try_from(workers).unwrap_or(i64::MAX));
        ControllerMetrics {
            success: result("success"),
            requeue: result("requeue"),
            requeue_after: result("requeue_after"),
            error: result("error"),
            errors: self.errors.get_or_create_owned(&label),
            reasons: ErrorClass::ALL.map(|reason| {
                self.reasons.get_or_create_owned(&ByReason { controller, reason: reason.as_str() })
            }),
            panics: self.panics.get_or_create_owned(&label),
            time: self.time.get_or_create_owned(&label),
            active: self.active.get_or_create_owned(&label),
        }
    }
}

/// The metrics of one controller.
#[derive(Clone)]
pub(crate) struct ControllerMetrics {
    success: Counter,
    requeue: Counter,
    requeue_after: Counter,
    error: Counter,
    errors: Counter,
    reasons: [Counter; ErrorClass::ALL.len()],
    panics: Counter,
    time: Histogram,
    active: Gauge,
}

impl ControllerMetrics {
    /// A worker begins; it ends when the guard is dropped, on whatever path.
    pub(crate) fn begin(&self) -> Active {
        self.active.inc();
        Active(self.active.clone())
    }

    pub(crate) fn panicked(&self) {
        self.panics.inc();
    }

    pub(crate) fn finished(&self, outcome: &Outcome, took: Duration) {
        self.time.observe(took.as_secs_f64());
        match outcome {
            Outcome::Done => self.success.inc(),
            Outcome::After { .. } => self.requeue_after.inc(),
            Outcome::Again { .. } => self.requeue.inc(),
            Outcome::Retry { reason, .. } => {
                self.errors.inc();
                self.reasons[*reason as usize].inc();
                self.error.inc()
            }
        };
    }
}

/// Counts as an active worker while it lives.
pub(crate) struct Active(Gauge);

impl Drop for Active {
    fn drop(&mut self) {
        self.0.dec();
    }
}

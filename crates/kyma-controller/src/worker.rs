//! Workers: from a queue to a reconciler and back.

use std::any::Any;
use std::fmt::Debug;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use kyma_workqueue::{Class, Handed, WorkQueue};
use parking_lot::Mutex;
use tokio::task::JoinSet;
use tokio::time::Instant;
use tracing::{Instrument as _, Span, field};

use crate::metrics::Metrics;
use crate::metrics::reconcile::ControllerMetrics;
use crate::reconciler::{ErrorClass, Outcome, Reconciler};
use crate::shutdown::Shutdown;

mod complaints;

use complaints::Complaints;

/// Runs `concurrency` workers (at least one) until the shut-down drains, and then shuts the queue down: each worker
/// finishes the key that it has, and what still waits is dropped, since the next start lists everything anyway. An
/// abort ends them where they are.
///
/// A reconcile that panics counts as failed and is retried, as with controller-runtime's `RecoverPanic`; its worker
/// goes on.
pub async fn run_workers<R: Reconciler>(
    reconciler: Arc<R>,
    queue: WorkQueue<R::Key>,
    concurrency: usize,
    metrics: Metrics,
    shutdown: Shutdown,
) {
    let concurrency = concurrency.max(1);
    let metrics = metrics.reconcile().of(reconciler.name(), concurrency);
    let complaints = Arc::new(Mutex::new(Complaints::new(Instant::now())));
    let mut workers = JoinSet::new();
    for _ in 0..concurrency {
        let complaints = Arc::clone(&complaints);
        workers.spawn(work(Arc::clone(&reconciler), queue.clone(), metrics.clone(), complaints));
    }
    tracing::info!(controller = reconciler.name(), workers = concurrency, "workers started");
    shutdown.draining().await;
    queue.shut_down();
    tokio::select! {
        biased;
        () = shutdown.aborted() => {}
        () = async { while workers.join_next().await.is_some() {} } => {}
    }
    workers.shutdown().await;
    tracing::info!(controller = reconciler.name(), "workers ended");
}

async fn work<R: Reconciler>(
    reconciler: Arc<R>,
    queue: WorkQueue<R::Key>,
    metrics: ControllerMetrics,
    complaints: Arc<Mutex<Complaints>>,
) {
    let controller = reconciler.name();
    while let Some(Handed { key, class, waited }) = queue.take().await {
        let active = metrics.begin();
        let start = Instant::now();
        let span = span(controller, &key, class, waited);
        let reconcile = AssertUnwindSafe(reconciler.reconcile(&key)).catch_unwind();
        let outcome = match reconcile.instrument(span.clone()).await {
            Ok(outcome) => outcome,
            Err(panic) => {
                metrics.panicked();
                let message = format!("panic: {}", panic_text(panic.as_ref()));
                Outcome::Retry { priority: 0, reason: ErrorClass::Panic, message }
            }
        };
        let took = start.elapsed();
        metrics.finished(&outcome, took);
        span.record("outcome", outcome.as_str());
        if let Outcome::Retry { message, .. } = &outcome {
            span.record("otel.status_code", "error").record("otel.status_description", message);
        }
        drop(span);
        tracing::debug!(
            controller,
            key = ?key,
            class = class.as_str(),
            waited_ms = waited.as_millis(),
            took_ms = took.as_millis(),
            outcome = outcome.as_str(),
            "reconciled"
        );
        if let Outcome::Retry { reason, message, .. } = &outcome {
            let failures = queue.num_requeues(&key) + 1;
            complain(&complaints, controller, &key, (failures, reason.as_str(), message));
        }
        requeue(&queue, &key, &outcome);
        // After the adds: what comes next for the key must not begin before this is over.
        queue.done(&key);
        drop(active);
    }
}

/// What traces show of a reconcile.
fn span(controller: &'static str, key: &impl Debug, class: Class, waited: Duration) -> Span {
    tracing::trace_span!(
        "reconcile",
        controller,
        key = ?key,
        class = class.as_str(),
        waited_ms = whole_millis(waited),
        outcome = field::Empty,
        otel.status_code = field::Empty,
        otel.status_description = field::Empty,
    )
}

/// For traces, whose numbers are signed: of others their exporter makes texts.
pub(crate) fn whole_millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

/// Warns of a failure, unless there have been too many.
fn complain(
    complaints: &Mutex<Complaints>,
    controller: &str,
    key: &impl Debug,
    (failures, reason, message): (u32, &str, &str),
) {
    match complaints.lock().hear(failures) {
        Some(0) => {
            tracing::warn!(controller, key = ?key, reason, failures, "reconcile failed: {message}");
        }
        Some(unsaid) => {
            tracing::warn!(controller, key = ?key, reason, failures, unsaid, "reconcile failed: {message}");
        }
        None => tracing::debug!(controller, key = ?key, reason, failures, "reconcile failed: {message}"),
    }
}

fn requeue<K>(queue: &WorkQueue<K>, key: &K, outcome: &Outcome)
where
    K: Clone + Eq + std::hash::Hash + Send + 'static,
{
    match *outcome {
        Outcome::Done => queue.forget(key),
        Outcome::After { delay, turn } => {
            queue.forget(key);
            queue.add_after(key.clone(), turn, delay);
        }
        Outcome::Again { turn } => {
            queue.forget(key);
            queue.add(key.clone(), turn);
        }
        Outcome::Retry { priority, .. } => queue.add_rate_limited(key.clone(), priority),
    }
}

fn panic_text(panic: &(dyn Any + Send)) -> &str {
    panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("of an unknown kind")
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;
    use std::time::Duration;

    use super::*;
    use crate::metrics::{Format, named_queue};
    use crate::shutdown;
    use kyma_workqueue::{LimiterOptions, Turn};

    /// Answers with prepared outcomes; `None` panics. Notes when it was called.
    struct Script {
        outcomes: Mutex<VecDeque<Option<Outcome>>>,
        calls: Mutex<Vec<u64>>,
        start: Instant,
        takes: Duration,
    }

    impl Script {
        fn new(outcomes: impl IntoIterator<Item = Option<Outcome>>) -> Self {
            let outcomes = Mutex::new(outcomes.into_iter().collect());
            Self { outcomes, calls: Mutex::default(), start: Instant::now(), takes: Duration::ZERO }
        }
    }

    impl Reconciler for Script {
        type Key = u32;

        fn name(&self) -> &'static str {
            "script"
        }

        async fn reconcile(&self, _key: &u32) -> Outcome {
            self.calls.lock().push(self.start.elapsed().as_secs());
            tokio::time::sleep(self.takes).await;
            let next = self.outcomes.lock().pop_front();
            next.unwrap_or(Some(Outcome::Done)).expect("scripted")
        }
    }

    fn retry() -> Option<Outcome> {
        Some(Outcome::Retry { priority: 0, reason: ErrorClass::Server, message: "no".into() })
    }

    #[tokio::test(start_paused = true)]
    async fn outcomes_decide_what_comes_next_and_a_panic_is_a_failure() {
        let after = |secs| Some(Outcome::After { delay: Duration::from_secs(secs), turn: Turn::default() });
        let again = Some(Outcome::Again { turn: Turn::user(0) });
        let script = [retry(), None, retry(), after(100), retry(), again, Some(Outcome::Done)];
        let reconciler = Arc::new(Script::new(script));
        let metrics = Metrics::new();
        let queue = named_queue("script", LimiterOptions::default(), &metrics);
        let (drain, shutdown) = shutdown::channel();
        let workers =
            tokio::spawn(run_workers(reconciler.clone(), queue.clone(), 3, metrics.clone(), shutdown));
        queue.add(7, Turn::user(0));
        tokio::time::sleep(Duration::from_secs(1000)).await;
        // Failures wait 1, 2 and 4 s; `After` ends the row, so that the next failure waits 1 s again.
        assert_eq!(*reconciler.calls.lock(), [0, 1, 3, 7, 107, 108, 108]);
        let text = metrics.encode(Format::Text);
        for line in [
            r#"controller_runtime_reconcile_total{controller="script",result="error"} 4"#,
            r#"controller_runtime_reconcile_total{controller="script",result="requeue_after"} 1"#,
            r#"controller_runtime_reconcile_total{controller="script",result="requeue"} 1"#,
            r#"controller_runtime_reconcile_total{controller="script",result="success"} 1"#,
            r#"controller_runtime_reconcile_panics_total{controller="script"} 1"#,
            r#"controller_runtime_active_workers{controller="script"} 0"#,
            r#"workqueue_retries_total{name="script",controller="script"} 5"#,
        ] {
            assert!(text.contains(line), "{line} is not in\n{text}");
        }
        drain.begin();
        workers.await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn a_drain_finishes_what_is_in_hand_and_an_abort_does_not_wait() {
        let run = async |abort: bool| {
            let reconciler = Arc::new(Script { takes: Duration::from_secs(30), ..Script::new([]) });
            let metrics = Metrics::new();
            let queue = named_queue("script", LimiterOptions::default(), &metrics);
            for key in 0..5 {
                queue.add(key, Turn::user(0));
            }
            let (drain, shutdown) = shutdown::channel();
            let workers = run_workers(reconciler.clone(), queue, 2, metrics.clone(), shutdown);
            let end = async {
                tokio::time::sleep(Duration::from_secs(10)).await;
                drain.begin();
                tokio::time::sleep(Duration::from_secs(5)).await;
                if abort {
                    drain.abort();
                }
            };
            let start = Instant::now();
            tokio::join!(workers, end);
            let text = metrics.encode(Format::Text);
            assert!(text.contains(r#"controller_runtime_active_workers{controller="script"} 0"#));
            (start.elapsed().as_secs(), reconciler.calls.lock().len())
        };
        assert_eq!(run(false).await, (30, 2));
        assert_eq!(run(true).await, (15, 2));
    }
}

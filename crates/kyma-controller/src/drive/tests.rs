//! A whole operator, small: config maps are reconciled, against a server that says what it was told to say.

use std::time::Duration;

use http::Method;
use k8s_openapi::api::core::v1::ConfigMap;
use kyma_workqueue::{LimiterOptions, Turn};
use parking_lot::Mutex;
use tokio::time::{Instant, sleep};

use super::*;
use crate::cache::ObjectKey;
use crate::clock::FastRandom;
use crate::events::{EventRecorder, EventType, recorder};
use crate::fake::{Fake, Reply, config_map, event, list};
use crate::metrics::named_queue;
use crate::reconciler::Outcome;
use crate::{Clock, Drain, TokioClock};

type Log = Arc<Mutex<Vec<(u64, String)>>>;

#[derive(Clone)]
struct Notebook {
    log: Log,
    start: Instant,
}

impl Notebook {
    fn note(&self, line: impl Into<String>) {
        self.log.lock().push((self.start.elapsed().as_secs(), line.into()));
    }
}

/// Adds the key of each object to the queue.
struct Keys(WorkQueue<ObjectKey>);

impl Sink<ConfigMap> for Keys {
    fn relist_begin(&mut self) {}
    fn apply(&mut self, object: ConfigMap, initial: bool) {
        let turn = if initial { Turn::sweep(0) } else { Turn::user(0) };
        self.0.add(ObjectKey::of(&object), turn);
    }
    fn delete(&mut self, object: ConfigMap) {
        self.0.add(ObjectKey::of(&object), Turn::user(0));
    }
    fn relist_end(&mut self) {}
}

struct Slow {
    notebook: Notebook,
    recorder: EventRecorder,
}

impl Reconciler for Slow {
    type Key = ObjectKey;

    fn name(&self) -> &'static str {
        "slow"
    }

    async fn reconcile(&self, key: &ObjectKey) -> Outcome {
        self.notebook.note(format!("begin {key}"));
        sleep(Duration::from_secs(3)).await;
        self.recorder.record(
            &ConfigMap::default().object_ref(&()),
            EventType::Normal,
            "Done",
            key.to_string(),
        );
        self.notebook.note(format!("end {key}"));
        Outcome::Done
    }
}

struct Setup {
    manager: Manager,
    notebook: Notebook,
    fake: Fake,
    drain: Drain,
    shutdown: Shutdown,
}

/// The list takes 5 s.
fn setup() -> Setup {
    let fake = Fake::default();
    fake.list(Reply::After(Duration::from_secs(5), list(&[config_map("a", 1), config_map("b", 2)], 5, None)));
    let metrics = Metrics::new();
    let notebook = Notebook { log: Log::default(), start: Instant::now() };
    let random: Arc<dyn Random> = Arc::new(FastRandom::seeded(1));
    let clock: Arc<dyn Clock> = Arc::new(TokioClock::new());
    let client = fake.client(&metrics);
    let (recorder, writer) = recorder(client.clone(), "test", clock, Arc::clone(&random), &metrics);
    let queue = named_queue("slow", LimiterOptions::default(), &metrics);
    let mut manager = Manager::new(metrics, random);
    manager.inform(Api::all(client), InformerOptions::default(), Keys(queue.clone()));
    manager.control(Arc::new(Slow { notebook: notebook.clone(), recorder }), queue, 1);
    manager.task("event writer", |shutdown| writer.run(shutdown));
    let (drain, shutdown) = shutdown::channel();
    Setup { manager, notebook, fake, drain, shutdown }
}

fn lines(notebook: &Notebook) -> Vec<(u64, String)> {
    notebook.log.lock().clone()
}

fn line(at: u64, line: &str) -> (u64, String) {
    (at, line.to_owned())
}

#[tokio::test(start_paused = true)]
async fn workers_start_in_sync_and_services_end_last() {
    let Setup { mut manager, notebook, fake, drain, shutdown } = setup();
    let watch = fake.watch();
    fake.write(Reply::Json(200, serde_json::json!({})));
    manager.task_after_sync("ticker", {
        let notebook = notebook.clone();
        |shutdown| async move {
            notebook.note("ticker begins");
            shutdown.draining().await;
            notebook.note("ticker ends");
        }
    });
    let health = manager.health();
    let script = async {
        sleep(Duration::from_secs(1)).await;
        let (ready, report) = health.answer("/readyz", false).unwrap();
        assert!(!ready && report.contains("waiting for the first list of ConfigMap"), "{report}");
        sleep(Duration::from_secs(5)).await;
        assert!(health.answer("/readyz", false).unwrap().0);
        watch.send(event("ADDED", &config_map("c", 6))).await.unwrap();
        sleep(Duration::from_secs(4)).await;
        drain.begin();
    };
    let (result, ()) = tokio::join!(manager.run(shutdown), script);
    result.unwrap();
    assert_eq!(
        lines(&notebook),
        [
            line(5, "ticker begins"),
            line(5, "begin pb/a"),
            line(8, "end pb/a"),
            line(8, "begin pb/c"),
            line(10, "ticker ends"),
            line(11, "end pb/c"),
        ],
        "the drain at 10 s let c end and b wait for the next start"
    );
    let events: Vec<_> = fake.saw().into_iter().filter(|saw| saw.method == Method::POST).collect();
    assert_eq!(events.len(), 2, "the event of the last reconcile was written after it: {events:?}");
    assert!(events[1].at >= 11.0);
}

#[tokio::test(start_paused = true)]
async fn an_abort_waits_for_nobody() {
    let Setup { manager, notebook, drain, shutdown, .. } = setup();
    let before = tokio::runtime::Handle::current().metrics().num_alive_tasks();
    let script = async {
        sleep(Duration::from_secs(6)).await;
        drain.begin();
        sleep(Duration::from_secs(1)).await;
        drain.abort();
    };
    let (result, ()) = tokio::join!(manager.run(shutdown), script);
    result.unwrap();
    assert_eq!(lines(&notebook), [line(5, "begin pb/a")]);
    assert_eq!(notebook.start.elapsed(), Duration::from_secs(7));
    tokio::task::yield_now().await;
    let after = tokio::runtime::Handle::current().metrics().num_alive_tasks();
    assert!(after <= before, "{after} tasks are left of {before}");
}

#[tokio::test(start_paused = true)]
async fn a_drain_before_the_sync_starts_no_worker() {
    let Setup { manager, notebook, drain, shutdown, .. } = setup();
    let script = async {
        sleep(Duration::from_secs(2)).await;
        drain.begin();
    };
    let (result, ()) = tokio::join!(manager.run(shutdown), script);
    result.unwrap();
    assert_eq!(lines(&notebook), []);
    assert_eq!(notebook.start.elapsed(), Duration::from_secs(2));
}

#[tokio::test(start_paused = true)]
async fn a_task_that_panics_ends_the_rest_in_order() {
    let Setup { mut manager, notebook, drain: _drain, shutdown, .. } = setup();
    manager.task("finished early", |_| async {});
    manager.task_after_sync("careless", |_| async {
        sleep(Duration::from_secs(1)).await;
        panic!("on purpose");
    });
    let error = manager.run(shutdown).await.unwrap_err();
    assert_eq!(error.to_string(), r#"the task "careless" ended with a panic"#);
    assert_eq!(lines(&notebook), [line(5, "begin pb/a"), line(8, "end pb/a")]);
}

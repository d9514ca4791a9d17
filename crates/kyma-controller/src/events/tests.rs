//! Recorder and writer against a server that says what it was told to say, under paused time.

use http::Method;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::*;
use crate::clock::{FastRandom, TokioClock};
use crate::fake::{Fake, Reply, failure};
use crate::metrics::Format;
use crate::shutdown::{self, Drain};

struct Running {
    recorder: EventRecorder,
    metrics: Metrics,
    drain: Drain,
    task: JoinHandle<()>,
}

fn start(fake: &Fake) -> Running {
    let metrics = Metrics::new();
    let clock = Arc::new(TokioClock::starting_at("2022-05-04T10:00:00Z".parse().unwrap()));
    let random = Arc::new(FastRandom::seeded(1));
    let (recorder, writer) = recorder(fake.client(&metrics), "test", clock, random, &metrics);
    let (drain, shutdown) = shutdown::channel();
    let task = tokio::spawn(writer.run(shutdown));
    Running { recorder, metrics, drain, task }
}

impl Running {
    fn record(&self, name: &str, message: &str) {
        let about = ObjectReference {
            namespace: Some("pb".into()),
            name: Some(name.into()),
            ..ObjectReference::default()
        };
        self.recorder.record(&about, EventType::Warning, "NameConflict", message);
    }

    /// The counter of a fate.
    fn count(&self, fate: &str) -> u64 {
        let text = self.metrics.encode(Format::Text);
        let prefix = format!("event_recorder_events_total{{fate=\"{fate}\"}} ");
        text.lines().find_map(|line| line.strip_prefix(&prefix)).unwrap().parse().unwrap()
    }
}

fn ok() -> Reply {
    Reply::Json(200, serde_json::json!({}))
}

/// Methods, and the last part of the paths without the part that chance made.
fn requests(fake: &Fake) -> Vec<String> {
    let describe = |uri: &str, method: &Method| {
        let path = uri.split('?').next().unwrap();
        let last = path.rsplit('/').next().unwrap().split('.').next().unwrap();
        format!("{method} {last}")
    };
    fake.saw().iter().map(|saw| describe(&saw.uri, &saw.method)).collect()
}

#[tokio::test(start_paused = true)]
async fn an_event_is_created_once_and_then_counted() {
    let fake = Fake::default();
    (0..2).for_each(|_| fake.write(ok()));
    let running = start(&fake);
    running.record("a", "taken");
    sleep(Duration::from_secs(5)).await;
    running.record("a", "taken");
    sleep(Duration::from_secs(5)).await;
    let saw = fake.saw();
    assert_eq!(requests(&fake), ["POST events", "PATCH a"]);
    assert!(saw[0].uri.starts_with("/api/v1/namespaces/pb/events"));
    let name = saw[0].body["metadata"]["name"].as_str().unwrap();
    assert!(saw[1].uri.contains(&format!("/events/{name}")), "{}", saw[1].uri);
    let patch = serde_json::json!({"count": 2, "lastTimestamp": "2022-05-04T10:00:05Z", "message": "taken"});
    assert_eq!(saw[1].body, patch);
    assert!(saw.iter().all(|saw| saw.turn == Some(Turn::sweep(0))), "{saw:?}");
    assert_eq!((running.count("created"), running.count("counted")), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn an_event_that_has_expired_on_the_server_is_made_anew() {
    let fake = Fake::default();
    fake.write(ok());
    fake.write(Reply::Json(404, failure(404, "NotFound")));
    fake.write(ok());
    let running = start(&fake);
    running.record("a", "taken");
    running.record("a", "taken");
    sleep(Duration::from_secs(1)).await;
    assert_eq!(requests(&fake), ["POST events", "PATCH a", "POST events"]);
    assert_eq!(fake.saw()[2].body["count"], 2);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_is_away_is_waited_for_and_a_refusal_is_not_repeated() {
    let fake = Fake::default();
    (0..2).for_each(|_| fake.write(Reply::Json(503, failure(503, "ServiceUnavailable"))));
    fake.write(ok());
    fake.write(Reply::Json(403, failure(403, "Forbidden")));
    let running = start(&fake);
    running.record("a", "first");
    running.record("a", "second");
    sleep(Duration::from_secs(60)).await;
    let times: Vec<_> = fake.saw().iter().map(|saw| saw.at).collect();
    assert_eq!(times.len(), 4);
    assert!(times.windows(2).take(2).all(|pair| (5.0..15.1).contains(&(pair[1] - pair[0]))), "{times:?}");
    assert_eq!((running.count("created"), running.count("failed")), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn too_many_about_one_object_are_left_out() {
    let fake = Fake::default();
    (0..40).for_each(|_| fake.write(ok()));
    let running = start(&fake);
    (0..30).for_each(|n| running.record("a", &format!("number {n}")));
    running.record("b", "once");
    sleep(Duration::from_secs(1)).await;
    assert_eq!((running.count("created"), running.count("spam")), (26, 5));
}

#[tokio::test(start_paused = true)]
async fn a_full_buffer_loses_the_oldest() {
    let fake = Fake::default();
    (0..BUFFER).for_each(|_| fake.write(ok()));
    let running = start(&fake);
    // The writer does not run before this task waits.
    (0..BUFFER + 7).for_each(|n| running.record(&format!("object-{n}"), "x"));
    sleep(Duration::from_secs(1)).await;
    assert_eq!((running.count("overflowed"), running.count("created")), (7, 1024));
    assert_eq!(fake.saw()[0].body["involvedObject"]["name"], "object-7");
}

#[tokio::test(start_paused = true)]
async fn a_drain_writes_what_is_left_once_and_not_for_long() {
    let fake = Fake::default();
    fake.write(ok());
    fake.write(Reply::Json(503, failure(503, "ServiceUnavailable")));
    fake.write(Reply::After(Duration::from_secs(60), serde_json::json!({})));
    let running = start(&fake);
    ["a", "b", "c", "d"].into_iter().for_each(|name| running.record(name, "x"));
    running.drain.begin();
    let start = Instant::now();
    running.task.await.unwrap();
    assert_eq!(start.elapsed(), FLUSH);
    assert_eq!(fake.saw().len(), 3, "the third request took too long");
}

#[tokio::test(start_paused = true)]
async fn a_drain_with_nothing_to_write_is_over_at_once() {
    let running = start(&Fake::default());
    sleep(Duration::from_secs(1)).await;
    let start = Instant::now();
    running.drain.begin();
    running.task.await.unwrap();
    assert_eq!(start.elapsed(), Duration::ZERO);
}

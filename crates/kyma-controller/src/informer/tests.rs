//! The informer against a server that says what it was told to say, under paused time.

use k8s_openapi::api::core::v1::ConfigMap;
use kube::ResourceExt;
use kube::core::Status;
use parking_lot::Mutex;
use tokio::task::JoinHandle;

use super::*;
use crate::clock::FastRandom;
use crate::fake::{Fake, Reply, config_map, event, failure, list};
use crate::metrics::Format;
use crate::shutdown::{self, Drain};

/// Writes down what it was told.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<String>>>);

impl Log {
    fn push(&self, line: String) {
        self.0.lock().push(line);
    }

    fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock())
    }
}

impl Sink<ConfigMap> for Log {
    fn relist_begin(&mut self) {
        self.push("begin".into());
    }
    fn apply(&mut self, object: ConfigMap, initial: bool) {
        let how = if initial { "list" } else { "apply" };
        self.push(format!("{how} {}@{}", object.name_any(), object.resource_version().unwrap()));
    }
    fn delete(&mut self, object: ConfigMap) {
        self.push(format!("delete {}@{}", object.name_any(), object.resource_version().unwrap()));
    }
    fn relist_end(&mut self) {
        self.push("end".into());
    }
    fn undecodable(&mut self, key: ObjectKey, seen: Seen) {
        self.push(format!("undecodable {key} {seen:?}"));
    }
}

struct Running {
    log: Log,
    synced: watch::Receiver<bool>,
    metrics: Metrics,
    drain: Drain,
    task: JoinHandle<()>,
}

fn start(fake: &Fake) -> Running {
    let (log, metrics) = (Log::default(), Metrics::new());
    let (synced, receiver) = watch::channel(false);
    let (drain, shutdown) = shutdown::channel();
    let api = Api::<ConfigMap>::namespaced(fake.client(&metrics), "pb");
    let options =
        InformerOptions { label_selector: Some("a=b".into()), page_size: 2, ..InformerOptions::default() };
    let context = Context { metrics: metrics.clone(), random: Arc::new(FastRandom::seeded(3)), synced };
    let task = tokio::spawn(run(api, options, log.clone(), context, shutdown));
    Running { log, synced: receiver, metrics, drain, task }
}

async fn settle() {
    sleep(Duration::from_millis(1)).await;
}

/// The times of requests, in seconds, and the waits between them.
fn waits(fake: &Fake) -> Vec<f64> {
    let times: Vec<_> = fake.saw().iter().map(|saw| saw.at).collect();
    times.windows(2).map(|pair| pair[1] - pair[0]).collect()
}

#[tokio::test(start_paused = true)]
async fn it_lists_in_pages_and_watches_from_there() {
    let fake = Fake::default();
    fake.list(Reply::Json(200, list(&[config_map("a", 1), config_map("b", 2)], 5, Some("page-2"))));
    fake.list(Reply::Json(200, list(&[config_map("c", 3)], 5, None)));
    let watch = fake.watch();
    let mut running = start(&fake);
    running.synced.wait_for(|synced| *synced).await.unwrap();
    assert_eq!(running.log.take(), ["begin", "list a@1", "list b@2", "list c@3", "end"]);

    watch.send(event("ADDED", &config_map("d", 6))).await.unwrap();
    watch.send(event("MODIFIED", &config_map("a", 7))).await.unwrap();
    watch.send(event("DELETED", &config_map("b", 8))).await.unwrap();
    settle().await;
    assert_eq!(running.log.take(), ["apply d@6", "apply a@7", "delete b@8"]);

    let uris: Vec<_> = fake.saw().into_iter().map(|saw| saw.uri).collect();
    let path = "/api/v1/namespaces/pb/configmaps?";
    assert!(uris.iter().all(|uri| uri.starts_with(path) && uri.contains("labelSelector=a%3Db")), "{uris:?}");
    assert!(uris[0].contains("limit=2") && !uris[0].contains("continue="), "{uris:?}");
    assert!(uris[1].contains("continue=page-2"), "{uris:?}");
    assert!(
        uris[2].contains("resourceVersion=5") && uris[2].contains("allowWatchBookmarks=true"),
        "{uris:?}"
    );
    assert_eq!(uris.len(), 3);

    running.drain.begin();
    running.task.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_watch_that_ends_goes_on_and_one_that_is_too_old_lists_anew() {
    let fake = Fake::default();
    fake.list(Reply::Json(200, list(&[config_map("a", 1)], 5, None)));
    let first = fake.watch();
    let second = fake.watch();
    fake.list(Reply::Json(200, list(&[config_map("b", 12)], 20, None)));
    let running = start(&fake);
    settle().await;
    first.send(event("MODIFIED", &config_map("a", 9))).await.unwrap();
    settle().await;
    drop(first);
    settle().await;
    assert!(fake.saw()[2].uri.contains("resourceVersion=9"));
    assert_eq!(running.log.take(), ["begin", "list a@1", "end", "apply a@9"]);

    second.send(event("ERROR", &failure(410, "Expired"))).await.unwrap();
    sleep(Duration::from_secs(2)).await;
    assert_eq!(running.log.take(), ["begin", "list b@12", "end"]);
    let text = running.metrics.encode(Format::Text);
    for line in [
        r#"informer_lists_total{kind="ConfigMap"} 2"#,
        r#"informer_failures_total{kind="ConfigMap"} 1"#,
        r#"informer_events_total{kind="ConfigMap",event="applied"} 1"#,
        r#"informer_synced{kind="ConfigMap"} 1"#,
    ] {
        assert!(text.contains(line), "{line} is not in\n{text}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_object_that_cannot_be_read_does_not_disturb_the_others() {
    let broken = |name, revision| {
        let mut object = config_map(name, revision);
        object["data"] = "no map".into();
        object
    };
    let fake = Fake::default();
    fake.list(Reply::Json(200, list(&[config_map("a", 1), broken("b", 2), config_map("c", 3)], 5, None)));
    let watch = fake.watch();
    let running = start(&fake);
    settle().await;
    assert_eq!(running.log.take(), ["begin", "list a@1", "undecodable pb/b Listed", "list c@3", "end"]);

    watch.send(event("MODIFIED", &broken("a", 6))).await.unwrap();
    watch.send(event("MODIFIED", &config_map("b", 7))).await.unwrap();
    watch.send(event("DELETED", &broken("a", 8))).await.unwrap();
    settle().await;
    assert_eq!(
        running.log.take(),
        ["undecodable pb/a Applied", "apply b@7", "undecodable pb/a Deleted { revision: 8 }"]
    );
    assert_eq!(fake.saw().len(), 2, "neither list nor watch was repeated");
}

#[tokio::test(start_paused = true)]
async fn a_server_that_fails_is_asked_again_ever_more_rarely() {
    let fake = Fake::default();
    for _ in 0..8 {
        fake.list(Reply::Json(503, failure(503, "ServiceUnavailable")));
    }
    fake.list(Reply::Json(200, list(&[], 5, None)));
    let mut running = start(&fake);
    running.synced.wait_for(|synced| *synced).await.unwrap();
    let waits = waits(&fake);
    let shortest = [0.8, 1.6, 3.2, 6.4, 12.8, 15.0, 15.0, 15.0];
    for (wait, shortest) in waits.iter().zip(shortest) {
        assert!(*wait >= shortest && *wait <= (2.0 * shortest).min(30.0) + 0.01, "{waits:?}");
    }
    assert_eq!(running.log.take().last().map(String::as_str), Some("end"));
}

#[tokio::test(start_paused = true)]
async fn a_silent_watch_counts_as_recovered_after_a_while() {
    let fake = Fake::default();
    fake.list(Reply::Json(200, list(&[], 5, None)));
    for _ in 0..3 {
        fake.refuse_watch(Reply::Json(500, failure(500, "InternalError")));
    }
    let watch = fake.watch();
    fake.refuse_watch(Reply::Json(500, failure(500, "InternalError")));
    let running = start(&fake);
    sleep(Duration::from_secs(60)).await;
    drop(watch);
    sleep(Duration::from_secs(10)).await;
    let waits = waits(&fake);
    // List, three refusals, the watch, a refusal, the next watch.
    assert_eq!(waits.len(), 6, "{waits:?}");
    assert!(waits[3] >= 3.2, "the third refusal waits long: {waits:?}");
    assert!(waits[5] <= 1.6, "the first one after the silence does not: {waits:?}");
    running.drain.begin();
    running.task.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn the_end_does_not_wait_for_a_back_off() {
    let fake = Fake::default();
    let running = start(&fake);
    settle().await;
    let start = Instant::now();
    running.drain.begin();
    running.task.await.unwrap();
    assert_eq!((start.elapsed(), fake.saw().len()), (Duration::ZERO, 1));
}

#[tokio::test]
async fn failures_say_what_was_tried_where() {
    let client = Fake::default().client(&Metrics::new());
    let all = Target::of(&Api::<ConfigMap>::all(client.clone()));
    let one = Target::of(&Api::<k8s_openapi::api::apps::v1::Deployment>::namespaced(client, "pb"));
    let api = |code, message: &str| kube::Error::Api(Status::failure(message, "").with_code(code).boxed());
    let forbidden = watcher::Error::InitialListFailed(api(403, "no role"));
    assert_eq!(one.explain(&forbidden), "not allowed to list deployments.apps in namespace pb: no role");
    let forbidden = watcher::Error::WatchStartFailed(api(403, "no role"));
    assert_eq!(all.explain(&forbidden), "not allowed to watch configmaps in all namespaces: no role");
    let expired = watcher::Error::WatchError(Status::failure("too old", "Expired").with_code(410).boxed());
    assert_eq!(all.explain(&expired), "failed to watch configmaps in all namespaces: too old (410)");
    let lost = watcher::Error::InitialListFailed(kube::Error::Service("connection refused".into()));
    assert_eq!(
        one.explain(&lost),
        "failed to list deployments.apps in namespace pb: ServiceError: connection refused"
    );
}

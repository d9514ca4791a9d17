//! What a server with a garbage collector hardly ever lets happen, played by a script.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request, Response};
use http_body_util::{BodyExt, Full};
use kube::Client;
use kube::client::Body;
use kyma_controller::{
    FastRandom, Metrics, ObjectKey, Outcome, Reconciler, TokioClock, Uid, events, named_queue,
};
use kyma_controller::{Numbers, Ownership};
use kyma_inventory::kyma::{Component, KymaSpec};
use kyma_inventory::{HelmComponent, Kyma};
use kyma_workqueue::LimiterOptions;
use parking_lot::Mutex;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::KymaController;
use crate::apply::Writer;
use crate::context::Context;
use crate::fleet::{Fleet, PartId};
use crate::meters::Meters;

const UID: &str = "00000000-0000-0000-0000-000000000001";
const OTHER_UID: &str = "00000000-0000-0000-0000-000000000002";

type Log = Arc<Mutex<Vec<(Method, String, Value)>>>;

/// A controller whose server answers as `script` says, and the log of what it was asked.
fn controller(script: fn(&Method, &str) -> (u16, Value)) -> (KymaController, Arc<Context>, Log) {
    let log = Log::default();
    let noted = Arc::clone(&log);
    let service = tower::service_fn(move |request: Request<Body>| {
        let log = Arc::clone(&noted);
        async move {
            let (parts, body) = request.into_parts();
            let body = body.collect().await.unwrap().to_bytes();
            let name = parts.uri.path().rsplit("pb/").next().unwrap_or_default().to_owned();
            let (code, answer) = script(&parts.method, &name);
            log.lock().push((parts.method, name, serde_json::from_slice(&body).unwrap_or_default()));
            let body = Full::new(Bytes::from(answer.to_string()));
            Ok::<_, Infallible>(Response::builder().status(code).body(body).unwrap())
        }
    });
    let (client, metrics) = (Client::new(service, "default"), Metrics::new());
    let clock = Arc::new(TokioClock::starting_at("2024-01-01T00:00:00Z".parse().unwrap()));
    let random = Arc::new(FastRandom::seeded(1));
    let (recorder, _) = events::recorder(client.clone(), "test", clock.clone(), random, &metrics);
    let (meters, limiter) = (Meters::register(&metrics), LimiterOptions::default());
    let ownership = Ownership::of(Numbers::ALL);
    ownership.open(Numbers::ALL);
    let context = Arc::new(Context {
        ownership,
        fleet: Fleet::new(Duration::from_secs(1), limiter),
        kymas: named_queue("kyma", limiter, &metrics),
        components: named_queue("helmcomponent", limiter, &metrics),
        clusters: named_queue("cluster", limiter, &metrics),
        writer: Writer::new(client, meters.clone()),
        events: recorder,
        meters,
        clock,
        started: Instant::now(),
    });
    (KymaController::new(Arc::clone(&context)), context, log)
}

fn key() -> ObjectKey {
    ObjectKey::new("pb", "k")
}

fn kyma() -> Kyma {
    let components = vec![Component { name: "a".into(), namespace: String::new() }];
    let mut kyma = Kyma::new("pb", "k", KymaSpec { components });
    kyma.metadata.uid = Some(UID.into());
    kyma.metadata.generation = Some(1);
    kyma.metadata.resource_version = Some("1".into());
    kyma
}

fn child(owner: &str) -> HelmComponent {
    serde_json::from_value(child_json(owner)).unwrap()
}

fn child_json(owner: &str) -> Value {
    json!({
        "metadata": {
            "name": "k-a", "namespace": "pb", "uid": "child", "generation": 1, "resourceVersion": "2",
            "ownerReferences": [{
                "apiVersion": "inventory.kyma-project.io/v1alpha1", "kind": "Kyma", "name": "k", "uid": owner,
                "controller": true,
            }],
        },
        "spec": { "componentName": "a" },
    })
}

fn failure(code: u16, reason: &str) -> (u16, Value) {
    let status = json!({
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "code": code,
        "reason": reason, "message": "no",
    });
    (code, status)
}

fn methods(log: &Log) -> Vec<(Method, String)> {
    log.lock().iter().map(|(method, name, _)| (method.clone(), name.clone())).collect()
}

#[tokio::test(start_paused = true)]
async fn what_a_kyma_left_behind_is_deleted_when_the_server_knows_no_such_kyma() {
    let (controller, context, log) = controller(|method, _| match *method {
        Method::GET => failure(404, "NotFound"),
        _ => (200, json!({ "kind": "Status", "status": "Success" })),
    });
    context.fleet.observe_component(PartId::FIRST, &child(UID));
    controller.reconcile(&key()).await;
    let expected = [(Method::GET, "kymas/k".to_owned()), (Method::DELETE, "helmcomponents/k-a".to_owned())];
    assert_eq!(methods(&log), expected);
    assert_eq!(log.lock()[1].2["preconditions"], json!({ "uid": "child", "resourceVersion": "2" }));
    assert!(context.fleet.components(|components| components.is_empty()));
    assert_eq!(controller.reconcile(&key()).await, Outcome::Done);
}

#[tokio::test(start_paused = true)]
async fn what_seems_left_behind_stays_when_the_kyma_lives() {
    let (controller, context, log) = controller(|_, _| (200, json!({ "metadata": { "uid": UID } })));
    context.fleet.observe_component(PartId::FIRST, &child(UID));
    let outcome = controller.reconcile(&key()).await;
    assert_eq!(methods(&log), [(Method::GET, "kymas/k".to_owned())]);
    assert!(matches!(outcome, Outcome::After { .. }), "{outcome:?}");
}

#[tokio::test(start_paused = true)]
async fn a_successors_child_is_not_taken_for_a_predecessors() {
    // The cache still holds the old Kyma; another operator has already made the new one's child.
    let (controller, context, log) = controller(|method, _| match *method {
        Method::GET => (200, json!({ "metadata": { "uid": OTHER_UID } })),
        _ => (200, json!({ "metadata": { "resourceVersion": "3" } })),
    });
    context.fleet.observe_kyma(&kyma());
    context.fleet.observe_component(PartId::FIRST, &child(OTHER_UID));
    controller.reconcile(&key()).await;
    assert!(methods(&log).iter().all(|(method, _)| *method != Method::DELETE), "{log:?}");
}

#[tokio::test(start_paused = true)]
async fn a_child_whose_create_was_not_answered_is_found_again() {
    let (controller, context, log) = controller(|method, _| match *method {
        Method::POST => failure(409, "AlreadyExists"),
        Method::GET => (200, child_json(UID)),
        _ => (200, json!({ "metadata": { "resourceVersion": "3" } })),
    });
    context.fleet.observe_kyma(&kyma());
    controller.reconcile(&key()).await;
    let done = [
        (Method::PUT, "kymas/k/status"),
        (Method::POST, "helmcomponents"),
        (Method::GET, "helmcomponents/k-a"),
    ];
    assert_eq!(methods(&log), done.map(|(method, name)| (method, name.to_owned())));
    let owner =
        context.fleet.components(|components| components.owned(&key()).next().map(|(_, uid)| uid.clone()));
    assert_eq!(owner, Some(Uid::parse(UID)));
    assert!(!context.fleet.memory(|memory| memory.is_refused(&key())));
    assert_eq!(context.components.len(), 1, "its life begins");
}

#[tokio::test(start_paused = true)]
async fn a_name_that_the_cache_does_not_show_to_be_taken_is_a_conflict_all_the_same() {
    let (controller, context, log) = controller(|method, _| match *method {
        Method::POST => failure(409, "AlreadyExists"),
        Method::GET => {
            let mut foreign = child_json(OTHER_UID);
            foreign["metadata"]["ownerReferences"][0]["name"] = json!("another");
            (200, foreign)
        }
        _ => (200, json!({ "metadata": { "resourceVersion": "3" } })),
    });
    context.fleet.observe_kyma(&kyma());
    let outcome = controller.reconcile(&key()).await;
    assert!(matches!(outcome, Outcome::Again { .. }), "{outcome:?}");
    controller.reconcile(&key()).await;
    let status = log.lock().last().unwrap().2["status"].clone();
    assert_eq!(status["conditions"][0]["reason"], "NameConflict");
    // The create is sent again when its time comes, not before.
    let creates = |log: &Log| methods(log).iter().filter(|(method, _)| *method == Method::POST).count();
    controller.reconcile(&key()).await;
    assert_eq!(creates(&log), 1);
    tokio::time::sleep(Duration::from_secs(1)).await;
    controller.reconcile(&key()).await;
    assert_eq!(creates(&log), 2);
}

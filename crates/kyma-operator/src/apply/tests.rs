use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use kube::Client;
use kube::client::Body;
use kyma_controller::{Metrics, ObjectKey, Uid};
use kyma_inventory::kyma::{Component, KymaStatus};
use kyma_inventory::plan::Create;
use kyma_workqueue::Turn;
use parking_lot::Mutex;
use serde_json::{Value, json};
use std::convert::Infallible;
use std::sync::Arc;
use tower::service_fn;

use super::{Base, WriteError, Writer};
use crate::decide::ChildToPatch;
use crate::meters::Meters;

/// What a request was: method, path, content type, turn, body.
type Seen = Arc<Mutex<Vec<(String, String, String, Option<Turn>, Value)>>>;

/// A writer whose server gives one answer to everything, and what it was asked.
fn writer(code: u16, answer: &Value) -> (Writer, Seen) {
    let seen = Seen::default();
    let log = Arc::clone(&seen);
    let answer = Bytes::from(answer.to_string());
    let service = service_fn(move |request: Request<Body>| {
        let (log, answer) = (Arc::clone(&log), answer.clone());
        async move {
            let (parts, body) = request.into_parts();
            let body = body.collect().await.unwrap().to_bytes();
            log.lock().push((
                parts.method.to_string(),
                parts.uri.path().to_owned(),
                parts.headers["content-type"].to_str().unwrap().to_owned(),
                parts.extensions.get::<Turn>().copied(),
                serde_json::from_slice(&body).unwrap_or(Value::Null),
            ));
            Ok::<_, Infallible>(Response::builder().status(code).body(Full::new(answer)).unwrap())
        }
    });
    (Writer::new(Client::new(service, "default"), Meters::register(&Metrics::new())), seen)
}

fn status(code: u16, reason: &str) -> Value {
    json!({
        "kind": "Status", "apiVersion": "v1", "status": "Failure", "code": code, "reason": reason,
        "message": "words", "metadata": {},
    })
}

fn key() -> ObjectKey {
    ObjectKey::new("pb", "k")
}

const UID: &str = "00000000-0000-0000-0000-000000000001";

#[tokio::test]
async fn a_status_is_put_with_what_identifies_the_object_and_no_more() {
    let (writer, seen) = writer(200, &json!({ "metadata": { "resourceVersion": "8" } }));
    let base = Base { key: &key(), uid: &Uid::parse(UID), revision: 7, claimed: false };
    let status = KymaStatus { status: "success".into(), ..KymaStatus::default() };
    assert_eq!(writer.kyma_status(base, &status, Turn::user(3)).await.unwrap(), 8);
    let expected = (
        "PUT".to_owned(),
        "/apis/inventory.kyma-project.io/v1alpha1/namespaces/pb/kymas/k/status".to_owned(),
        "application/json".to_owned(),
        Some(Turn::user(3)),
        json!({
            "apiVersion": "inventory.kyma-project.io/v1alpha1", "kind": "Kyma",
            "metadata": { "name": "k", "namespace": "pb", "uid": UID, "resourceVersion": "7" },
            "status": { "status": "success" },
        }),
    );
    assert_eq!(*seen.lock(), [expected]);
}

#[tokio::test]
async fn whoever_applied_labels_stays_their_manager() {
    let (writer, seen) = writer(200, &json!({ "metadata": { "resourceVersion": "8" } }));
    let base = Base { key: &key(), uid: &Uid::parse(UID), revision: 7, claimed: true };
    let status = KymaStatus { status: "success".into(), ..KymaStatus::default() };
    assert_eq!(writer.kyma_status(base, &status, Turn::user(3)).await.unwrap(), 8);
    let (method, path, content_type, _, body) = seen.lock()[0].clone();
    assert_eq!((method.as_str(), content_type.as_str()), ("PATCH", "application/json-patch+json"));
    assert!(path.ends_with("/kymas/k/status"));
    let expected = json!([
        { "op": "replace", "path": "/metadata/resourceVersion", "value": "7" },
        { "op": "add", "path": "/status", "value": { "status": "success" } },
    ]);
    assert_eq!(body, expected);
}

#[tokio::test]
async fn a_child_is_created_with_owner_and_shard() {
    let answer = json!({
        "metadata": { "uid": "u", "resourceVersion": "5", "generation": 1 },
        "spec": { "componentName": "istio", "namespace": "istio-system" },
    });
    let (writer, seen) = writer(201, &answer);
    let component = Component { name: "istio".into(), namespace: "istio-system".into() };
    let create = Create { name: "kyma-sample-1-istio".into(), component };
    let kyma = ObjectKey::new("pb", "kyma-sample-1");
    let created = writer.create(&kyma, &Uid::parse(UID), &create, Turn::default()).await.unwrap();
    assert_eq!(
        (created.revision, created.generation, created.spec.namespace.as_str()),
        (5, 1, "istio-system")
    );
    let (method, path, _, _, body) = seen.lock()[0].clone();
    assert_eq!(method, "POST");
    assert_eq!(path, "/apis/inventory.kyma-project.io/v1alpha1/namespaces/pb/helmcomponents");
    let expected = json!({
        "apiVersion": "inventory.kyma-project.io/v1alpha1", "kind": "HelmComponent",
        "metadata": {
            "name": "kyma-sample-1-istio", "namespace": "pb",
            "labels": { "inventory.kyma-project.io/shard": "37" },
            "ownerReferences": [{
                "apiVersion": "inventory.kyma-project.io/v1alpha1", "kind": "Kyma", "name": "kyma-sample-1",
                "uid": UID, "controller": true, "blockOwnerDeletion": true,
            }],
        },
        "spec": { "componentName": "istio", "namespace": "istio-system" },
    });
    assert_eq!(body, expected);
}

#[tokio::test]
async fn a_namespace_is_merged_in_or_taken_out() {
    for (namespace, expected) in [("x", json!("x")), ("", Value::Null)] {
        let (writer, seen) = writer(200, &json!({ "metadata": { "resourceVersion": "8" } }));
        let patch =
            ChildToPatch { key: ObjectKey::new("pb", "k-a"), revision: 7, namespace: namespace.into() };
        writer.patch(&patch, Turn::default()).await.unwrap();
        let (method, path, content_type, _, body) = seen.lock()[0].clone();
        assert_eq!((method.as_str(), content_type.as_str()), ("PATCH", "application/merge-patch+json"));
        assert!(path.ends_with("/helmcomponents/k-a"));
        let expected = json!({ "metadata": { "resourceVersion": "7" }, "spec": { "namespace": expected } });
        assert_eq!(body, expected);
    }
}

#[tokio::test]
async fn a_delete_names_the_state_that_was_read() {
    let base_key = ObjectKey::new("pb", "k-a");
    let uid = Uid::parse(UID);
    let held = json!({ "kind": "HelmComponent", "metadata": {} });
    for (answer, gone) in [(json!({ "kind": "Status", "status": "Success" }), true), (held, false)] {
        let (writer, seen) = writer(200, &answer);
        let base = Base { key: &base_key, uid: &uid, revision: 7, claimed: false };
        assert_eq!(writer.delete(base, Turn::default()).await.unwrap(), gone);
        let body = seen.lock()[0].4.clone();
        assert_eq!(body["preconditions"], json!({ "uid": UID, "resourceVersion": "7" }));
    }
}

#[tokio::test]
async fn refusals_are_told_apart() {
    let failure = async |code, reason: &str| {
        let (writer, _) = writer(code, &status(code, reason));
        let create = Create { name: "k-a".into(), component: Component::default() };
        writer.create(&key(), &Uid::parse(UID), &create, Turn::default()).await.unwrap_err()
    };
    assert!(matches!(failure(409, "AlreadyExists").await, WriteError::Taken));
    assert!(matches!(failure(409, "Conflict").await, WriteError::Conflict));
    assert!(matches!(failure(404, "NotFound").await, WriteError::Gone));
    assert!(matches!(failure(422, "Invalid").await, WriteError::Refused(words) if words == "words"));
    assert!(matches!(failure(413, "RequestEntityTooLarge").await, WriteError::Refused(_)));
    assert!(matches!(failure(403, "Forbidden").await, WriteError::Forbidden(_)));
    assert!(matches!(failure(500, "InternalError").await, WriteError::Request(_)));
}

#[tokio::test]
async fn a_kyma_that_is_not_there_has_no_uid() {
    let (writer, _) = writer(404, &status(404, "NotFound"));
    assert_eq!(writer.kyma_uid(&key(), Turn::default()).await.unwrap(), None);
    let (writer, _) = self::writer(200, &json!({ "metadata": { "uid": UID }, "spec": { "components": [] } }));
    assert_eq!(writer.kyma_uid(&key(), Turn::default()).await.unwrap(), Some(Uid::parse(UID)));
}

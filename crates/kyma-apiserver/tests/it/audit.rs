//! The audit log: what kube-apiserver would write for the same requests.

use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{Method, Request};
use http_body_util::{BodyExt as _, Full};
use kyma_apiserver::{AuditLevel, AuditOptions, PeerAddress, User};
use serde_json::{Value, json};
use tower::ServiceExt as _;

use crate::server::{Server, call};

const LEASES: &str = "/apis/coordination.k8s.io/v1/namespaces/default/leases";
const MAPS: &str = "/api/v1/namespaces/default/configmaps";

async fn logged(folder: &Path, level: AuditLevel) -> Server {
    let options = AuditOptions { level, ..AuditOptions::new(folder.join("audit.log")) };
    Server::with(|builder| builder.audit(options)).await
}

/// The log of a server that has ended.
fn events(server: Server, folder: &Path) -> Vec<Value> {
    drop(server);
    let text = std::fs::read_to_string(folder.join("audit.log")).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// What stands under these names, in their order.
fn picked(event: &Value, names: &[&str]) -> Vec<Value> {
    names.iter().map(|name| event[*name].clone()).collect()
}

#[tokio::test(start_paused = true)]
async fn an_event_says_who_did_what_and_what_came_of_it() {
    let folder = tempfile::tempdir().unwrap();
    let server = logged(folder.path(), AuditLevel::RequestResponse).await;
    let lease = json!({"metadata": {"name": "l", "labels": {"a": "b"}}, "spec": {"holderIdentity": "me"}});
    let peer: SocketAddr = "[::ffff:192.0.2.7]:4711".parse().unwrap();
    let request = Request::builder()
        .method(Method::POST)
        .uri(format!("{LEASES}?fieldManager=test"))
        .header("user-agent", "tester/1")
        .header("audit-id", "my-own")
        .extension(PeerAddress(peer));
    let request = request.body(Full::new(Bytes::from(format!("{lease:#}")))).unwrap();
    let response = server.server.client(User::admin()).oneshot(request).await.unwrap();
    assert_eq!(response.headers()["audit-id"], "my-own");
    let made: Value =
        serde_json::from_slice(&response.into_body().collect().await.unwrap().to_bytes()).unwrap();

    let events = events(server, folder.path());
    assert_eq!(
        events,
        [json!({
            "kind": "Event", "apiVersion": "audit.k8s.io/v1", "level": "RequestResponse", "auditID": "my-own",
            "stage": "ResponseComplete", "requestURI": format!("{LEASES}?fieldManager=test"), "verb": "create",
            "user": {"username": "kubernetes-admin", "groups": ["system:masters", "system:authenticated"]},
            "sourceIPs": ["192.0.2.7"], "userAgent": "tester/1",
            "objectRef": {"resource": "leases", "namespace": "default", "name": "l",
                "apiGroup": "coordination.k8s.io", "apiVersion": "v1"},
            "responseStatus": {"metadata": {}, "code": 201},
            "requestObject": lease, "responseObject": made,
            "requestReceivedTimestamp": "2026-01-01T00:00:00.000000Z",
            "stageTimestamp": "2026-01-01T00:00:00.000000Z",
            "annotations": {"authorization.k8s.io/decision": "allow", "authorization.k8s.io/reason": ""},
        })]
    );
}

#[tokio::test(start_paused = true)]
async fn each_level_shows_more_and_no_level_shows_a_secret() {
    for (level, request, response) in [
        (AuditLevel::Metadata, false, false),
        (AuditLevel::Request, true, false),
        (AuditLevel::RequestResponse, true, true),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let server = logged(folder.path(), level).await;
        let secret = json!({"metadata": {"name": "s"}, "stringData": {"password": "correct horse"}});
        server.create("/api/v1/namespaces/default/secrets", &secret).await;
        server.get("/api/v1/namespaces/default/secrets").await;
        server.create(MAPS, &json!({"metadata": {"name": "m"}, "data": {"password": "correct horse"}})).await;
        server.create(LEASES, &json!({"metadata": {"name": "l"}})).await;
        server.delete(&format!("{LEASES}/l")).await;
        let events = events(server, folder.path());
        let text = json!(events).to_string();
        // As it is, in base64 and as hexadecimal digits.
        for trace in ["correct horse", "Y29ycmVjdCBob3JzZQ", "636f7272656374"] {
            assert!(!text.contains(trace), "{level:?}: {text}");
        }
        assert_eq!(events.len(), 5);
        assert!(events[..3].iter().all(|event| event["level"] == "Metadata"));
        assert_eq!(events[0]["objectRef"]["name"], "s", "the name stands in the body only");
        let lease = &events[3];
        assert_eq!(lease["level"], level.as_str());
        assert_eq!(
            (lease["requestObject"].is_object(), lease["responseObject"].is_object()),
            (request, response)
        );
        let status = &events[4]["responseStatus"];
        assert_eq!((&status["status"], &status["code"]), (&json!("Success"), &json!(200)), "{status}");
        assert_eq!(status["details"]["name"], "l");
    }
}

#[tokio::test(start_paused = true)]
async fn failures_and_refusals_are_logged_and_health_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let server = logged(folder.path(), AuditLevel::Metadata).await;
    let guest = server.server.client(User::new("guest", []));
    for (client, path, code) in [
        (server.server.client(User::admin()), format!("{LEASES}/none"), 404),
        (guest, LEASES.to_owned(), 403),
        (server.server.anonymous(), "/api/v1/namespaces/default".to_owned(), 401),
        (server.server.anonymous(), "/readyz?verbose".to_owned(), 200),
        (server.server.anonymous(), "/version".to_owned(), 200),
    ] {
        assert_eq!(call(client, Method::GET, &path, None).await.status().as_u16(), code, "{path}");
    }
    let wrong = Request::builder().uri("/apis").body(Full::<Bytes>::default()).unwrap();
    assert_eq!(server.server.refuse(wrong).status().as_u16(), 401);

    let events = events(server, folder.path());
    let allowed = |event: &Value| event["annotations"]["authorization.k8s.io/decision"].clone();
    assert_eq!(events.len(), 4);
    assert_eq!(picked(&events[0], &["verb", "requestURI"]), [json!("get"), json!(format!("{LEASES}/none"))]);
    assert_eq!(
        events[0]["responseStatus"],
        json!({"metadata": {}, "status": "Failure", "message": "leases.coordination.k8s.io \"none\" not found",
            "reason": "NotFound", "details": {"name": "none", "group": "coordination.k8s.io", "kind": "leases"}, "code": 404})
    );
    assert_eq!((events[1]["verb"].as_str(), allowed(&events[1])), (Some("list"), json!("forbid")));
    assert_eq!(events[1]["responseStatus"]["code"], 403);
    assert_eq!(
        events[2]["user"],
        json!({"username": "system:anonymous", "groups": ["system:unauthenticated"]})
    );
    assert_eq!(
        events[2]["objectRef"],
        json!({"resource": "namespaces", "namespace": "default", "name": "default", "apiVersion": "v1"})
    );
    assert_eq!(
        (&events[3]["requestURI"], &events[3]["responseStatus"]["code"]),
        (&json!("/apis"), &json!(401))
    );
    let ids: std::collections::BTreeSet<_> =
        events.iter().map(|event| event["auditID"].to_string()).collect();
    assert_eq!(ids.len(), 4, "each request has a name of its own");
}

#[tokio::test(start_paused = true)]
async fn a_watch_is_logged_when_it_begins_and_when_it_ends() {
    let folder = tempfile::tempdir().unwrap();
    let server = logged(folder.path(), AuditLevel::RequestResponse).await;
    let path = format!("{LEASES}?watch=1&timeoutSeconds=7&fieldSelector=metadata.name%3Dl");
    let response = server.open(Method::GET, &path, None).await;
    let id = response.headers()["audit-id"].to_str().unwrap().to_owned();
    response.into_body().collect().await.unwrap();
    let events = events(server, folder.path());
    assert_eq!(events.len(), 2);
    for (event, (stage, second)) in events.iter().zip([("ResponseStarted", "00"), ("ResponseComplete", "07")])
    {
        assert_eq!(
            picked(event, &["stage", "verb", "auditID", "stageTimestamp"]),
            [json!(stage), json!("watch"), json!(id), json!(format!("2026-01-01T00:00:{second}.000000Z"))]
        );
        assert_eq!(event["responseStatus"], json!({"metadata": {}, "code": 200}));
        assert_eq!(event["objectRef"]["name"], "l");
    }
}

#[tokio::test(start_paused = true)]
async fn who_leaves_before_the_answer_is_logged_too() {
    let folder = tempfile::tempdir().unwrap();
    let server = logged(folder.path(), AuditLevel::Metadata).await;
    let path = format!("{LEASES}?resourceVersion=1000000");
    let waiting = server.open(Method::GET, &path, None);
    assert!(tokio::time::timeout(Duration::from_secs(1), waiting).await.is_err());
    let events = events(server, folder.path());
    assert_eq!(events[0]["responseStatus"]["message"], "Connection closed early");
}

#[tokio::test(start_paused = true)]
async fn a_log_on_a_full_disk_is_counted_and_ends_nothing() {
    let server = Server::with(|builder| builder.audit(AuditOptions::new("/dev/full"))).await;
    let began = Instant::now();
    loop {
        server.request(Method::GET, LEASES, None).await;
        let (_, text) = server.text("/metrics").await;
        let lost =
            text.lines().find_map(|line| line.strip_prefix("apiserver_audit_error_total{plugin=\"log\"} "));
        if lost.unwrap().parse::<u64>().unwrap() > 0 {
            break;
        }
        assert!(began.elapsed() < Duration::from_secs(20), "{text}");
    }
    server.config_map("a").await;
}

#[tokio::test(start_paused = true)]
async fn a_log_that_cannot_be_opened_is_named_at_the_start() {
    let options = AuditOptions::new("/nowhere/at/all/audit.log");
    let error = kyma_apiserver::ApiServer::builder().audit(options).start().await.unwrap_err();
    assert!(error.to_string().contains("/nowhere/at/all/audit.log"), "{error}");
}

//! Acting as somebody else: in-process, over TLS, and in the audit log.

use http::{Method, Request, StatusCode};
use http_body_util::Full;
use kyma_apiserver::{AuditLevel, AuditOptions, Client, Limits, User};
use serde_json::{Value, json};
use tower::ServiceExt as _;

use crate::serve::{Served, limits};
use crate::server::{Server, whole};

const MAPS: &str = "/api/v1/namespaces/default/configmaps";

async fn sent(client: Client, method: Method, path: &str, headers: &[(&str, &str)]) -> (StatusCode, Value) {
    let mut request = Request::builder().method(method).uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let body = Full::<bytes::Bytes>::from(json!({"metadata": {"name": "a"}}).to_string());
    let (parts, text) = whole(client.oneshot(request.body(body).unwrap()).await.unwrap()).await;
    (parts.status, serde_json::from_str(&text).unwrap_or(Value::Null))
}

/// The audit log's events.
fn events(folder: &std::path::Path) -> Vec<Value> {
    let text = std::fs::read_to_string(folder.join("audit.log")).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[tokio::test(start_paused = true)]
async fn the_log_says_who_asked_and_as_whom() {
    let folder = tempfile::tempdir().unwrap();
    let options =
        AuditOptions { level: AuditLevel::Metadata, ..AuditOptions::new(folder.path().join("audit.log")) };
    let server = Server::with(|builder| builder.audit(options)).await;
    let (admin, guest) = (server.server.client(User::admin()), server.server.client(User::new("guest", [])));
    let jane = ("impersonate-user", "jane");
    let more = [jane, ("impersonate-uid", "7"), ("impersonate-extra-scopes", "view")];
    assert_eq!(sent(admin.clone(), Method::GET, MAPS, &more).await.0, 403);
    let masters = [jane, ("impersonate-group", "system:masters")];
    assert_eq!(sent(admin.clone(), Method::POST, MAPS, &masters).await.0, 201);
    let (status, refusal) = sent(guest, Method::GET, MAPS, &[jane]).await;
    assert_eq!((status.as_u16(), &refusal["details"]), (403, &json!({"kind": "configmaps"})));
    assert_eq!(
        refusal["message"],
        "configmaps is forbidden: User \"guest\" cannot impersonate-on:user-info:list resource \"configmaps\" in API group \"\" in the namespace \"default\""
    );
    assert_eq!(sent(admin, Method::GET, MAPS, &[("impersonate-group", "g")]).await.0, 400);
    // Who shows nothing is told that first, except where that needs no credentials.
    assert_eq!(sent(server.server.anonymous(), Method::GET, MAPS, &[jane]).await.0, 401);
    assert_eq!(sent(server.server.anonymous(), Method::GET, "/healthz", &[jane]).await.0, 403);
    drop(server);

    let events = events(folder.path());
    let admin = json!({"username": "kubernetes-admin", "groups": ["system:masters", "system:authenticated"]});
    let (constrained, decision) = ("impersonate:user-info", "authorization.k8s.io/decision");
    assert_eq!(events[0]["user"], admin);
    assert_eq!(
        events[0]["impersonatedUser"],
        json!({"username": "jane", "uid": "7", "groups": ["system:authenticated"], "extra": {"scopes": ["view"]}})
    );
    assert_eq!(events[0]["authenticationMetadata"], Value::Null, "such a key needs the wide permission");
    assert_eq!((&events[0]["verb"], &events[0]["annotations"][decision]), (&json!("list"), &json!("forbid")));
    assert_eq!(events[1]["impersonatedUser"]["groups"], json!(["system:masters", "system:authenticated"]));
    assert_eq!(events[1]["annotations"][decision], "allow");
    for (event, code) in [(&events[2], 403), (&events[3], 400)] {
        assert_eq!(event["responseStatus"]["code"], code);
        assert_eq!((&event["impersonatedUser"], &event["annotations"]), (&Value::Null, &Value::Null));
    }
    assert_eq!(events.len(), 5, "health is not logged");
    assert!(!events.iter().any(|event| event["authenticationMetadata"] == json!(constrained)));
}

#[tokio::test(start_paused = true)]
async fn a_narrow_permission_is_named_in_the_log() {
    let folder = tempfile::tempdir().unwrap();
    let options = AuditOptions::new(folder.path().join("audit.log"));
    let server = Server::with(|builder| builder.audit(options)).await;
    let admin = server.server.client(User::admin());
    sent(admin, Method::GET, "/api", &[("impersonate-user", "system:serviceaccount:ns:a")]).await;
    drop(server);
    let events = events(folder.path());
    assert_eq!(
        events[0]["authenticationMetadata"],
        json!({"impersonationConstraint": "impersonate:serviceaccount"})
    );
    assert_eq!(
        events[0]["impersonatedUser"]["groups"],
        json!(["system:serviceaccounts", "system:serviceaccounts:ns", "system:authenticated"])
    );
}

#[tokio::test(start_paused = true)]
async fn who_acts_as_another_has_the_others_place_in_the_queue() {
    let limits = Limits { max_requests_inflight: 1, ..Limits::default() };
    let server = Server::with(|builder| builder.limits(limits)).await;
    let admin = server.server.client(User::admin());
    let path = format!("{MAPS}?resourceVersion=1000000");
    let waiting = tokio::spawn(sent(admin.clone(), Method::GET, path.leak(), &[]));
    tokio::task::yield_now().await;
    assert_eq!(sent(admin.clone(), Method::GET, "/api", &[("impersonate-user", "jane")]).await.0, 429);
    assert_eq!(sent(admin, Method::GET, "/api", &[]).await.0, 200, "masters always get in");
    assert_eq!(waiting.await.unwrap().0, 504);
}

#[tokio::test]
async fn headers_count_over_tls_and_every_event_says_where_it_came_from() {
    let folder = tempfile::tempdir().unwrap();
    let options = AuditOptions::new(folder.path().join("audit.log"));
    let served = Served::with(folder.path(), limits(), |builder| builder.audit(options)).await;
    let bearer = format!("Authorization: Bearer {}\r\n", served.token);
    let (jane, masters) = ("Impersonate-User: jane\r\n", "Impersonate-Group: system:masters\r\n");
    for (certificate, headers, code) in [
        (true, jane.to_owned(), 403),
        (true, format!("{jane}{masters}"), 200),
        (false, format!("{bearer}{jane}{masters}"), 200),
        (true, masters.to_owned(), 400),
        (false, jane.to_owned(), 401),
        (false, "Authorization: Bearer wrong\r\n".to_owned(), 401),
    ] {
        assert_eq!(served.get(certificate, MAPS, &headers).await, code, "{headers:?}");
    }
    served.stop().await;
    let events = events(folder.path());
    let seen: Vec<_> = events
        .iter()
        .map(|event| (event["responseStatus"]["code"].as_u64().unwrap(), event["sourceIPs"].clone()))
        .collect();
    let from = json!(["127.0.0.1"]);
    let expected = [403, 200, 200, 400, 401, 401].map(|code| (code, from.clone()));
    assert_eq!(seen, expected);
}

//! Requests that nobody should send: whatever they say, the answer is the client's fault or right, never the
//! server's failure, and the server stays whole.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method, Request, Uri};
use http_body_util::{BodyExt as _, Full};
use kyma_apiserver::{Client, User};
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};
use tower::Service as _;

use crate::server::Server;

/// At the least; more with `PROPTEST_CASES`.
const CASES: u32 = 3000;
/// In virtual time, which passes only when nothing else is to be done: whoever takes longer hangs.
const ANSWER_LIMIT: Duration = Duration::from_secs(120);

/// A request as it might come off the wire.
#[derive(Clone)]
struct Hostile {
    method: &'static str,
    path: String,
    query: Option<String>,
    headers: Vec<(&'static str, Vec<u8>)>,
    body: Vec<u8>,
}

impl std::fmt::Debug for Hostile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { method, path, query, headers, body } = self;
        let query = query.as_deref().unwrap_or_default();
        write!(f, "{method} {path}?{query}")?;
        for (name, value) in headers {
            write!(f, "\n{name}: {}", String::from_utf8_lossy(value))?;
        }
        write!(f, "\n\n{:.400}", String::from_utf8_lossy(body))
    }
}

impl Hostile {
    /// What HTTP itself lets through; the rest never reaches the service.
    fn request(&self) -> Option<Request<Full<Bytes>>> {
        let uri = match &self.query {
            Some(query) => format!("{}?{query}", self.path),
            None => self.path.clone(),
        };
        let mut request = Request::builder()
            .method(Method::from_bytes(self.method.as_bytes()).ok()?)
            .uri(uri.parse::<Uri>().ok()?)
            .body(Full::new(Bytes::from(self.body.clone())))
            .ok()?;
        for (name, value) in &self.headers {
            let value = HeaderValue::from_bytes(value).ok()?;
            request.headers_mut().append(HeaderName::from_static(name), value);
        }
        Some(request)
    }

    fn may_stream(&self) -> bool {
        self.path.contains("watch") || self.query.as_deref().is_some_and(|query| query.contains("watch"))
    }
}

fn method() -> impl Strategy<Value = &'static str> {
    select(
        &["GET", "GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE", "CONNECT", "BREW"][..],
    )
}

fn path() -> impl Strategy<Value = String> {
    const PREFIXES: [&str; 14] = [
        "/api/v1",
        "/api/v1/namespaces/default",
        "/api/v1/watch/namespaces/default",
        "/apis/apiextensions.k8s.io/v1",
        "/apis/coordination.k8s.io/v1/namespaces/default",
        "/apis/example.com/v1/namespaces/default",
        "/apis/absent.example/v1",
        "/apis",
        "/api",
        "/openapi/v3",
        "/readyz",
        "/healthz",
        "/metrics",
        "",
    ];
    const SEGMENTS: [&str; 16] = [
        "namespaces",
        "configmaps",
        "secrets",
        "events",
        "leases",
        "customresourcedefinitions",
        "things",
        "a",
        "things.example.com",
        "status",
        "finalize",
        "%2F",
        "%00",
        "..",
        "%zz",
        "watch",
    ];
    let segment = prop_oneof![
        4 => select(&SEGMENTS[..]).prop_map(str::to_owned),
        1 => "[!-~&&[^?#]]{0,8}",
        1 => Just("x".repeat(300)),
    ];
    (select(&PREFIXES[..]), prop::collection::vec(segment, 0..5)).prop_map(|(prefix, segments)| {
        let mut path = prefix.to_owned();
        for segment in segments {
            path.push('/');
            path.push_str(&segment);
        }
        if path.is_empty() { "/".to_owned() } else { path }
    })
}

fn query() -> impl Strategy<Value = Option<String>> {
    const NAMES: [&str; 18] = [
        "limit",
        "continue",
        "resourceVersion",
        "resourceVersionMatch",
        "labelSelector",
        "fieldSelector",
        "watch",
        "timeoutSeconds",
        "allowWatchBookmarks",
        "sendInitialEvents",
        "dryRun",
        "fieldManager",
        "fieldValidation",
        "force",
        "propagationPolicy",
        "gracePeriodSeconds",
        "pretty",
        "includeObject",
    ];
    const VALUES: [&str; 24] = [
        "",
        "0",
        "1",
        "-1",
        "true",
        "false",
        "All",
        "Strict",
        "Exact",
        "NotOlderThan",
        "Foreground",
        "Nowhere",
        "18446744073709551616",
        "9223372036854775807",
        "a%3Db",
        "a+in+(b",
        "%21a",
        "metadata.name%3Da",
        "%00",
        "%zz",
        "%F0%9F",
        "metadata.name",
        "e30",
        "eyJydiI6MX0",
    ];
    let value = prop_oneof![4 => select(&VALUES[..]).prop_map(str::to_owned), 1 => "[ -~&&[^# \"<>`]]{0,20}"];
    let pair = (select(&NAMES[..]), value).prop_map(|(name, value)| format!("{name}={value}"));
    prop::option::of(prop::collection::vec(pair, 0..4).prop_map(|pairs| pairs.join("&")))
}

fn headers() -> impl Strategy<Value = Vec<(&'static str, Vec<u8>)>> {
    const TYPES: [&str; 14] = [
        "application/json",
        "application/yaml",
        "application/vnd.kubernetes.protobuf",
        "application/merge-patch+json",
        "application/json-patch+json",
        "application/strategic-merge-patch+json",
        "application/apply-patch+yaml",
        "application/json;as=Table;v=v1;g=meta.k8s.io",
        "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io",
        "application/cbor",
        "*/*;q=0",
        "application/json;charset=\"",
        ";;,,",
        "",
    ];
    const NAMES: [&str; 11] = [
        "accept",
        "content-type",
        "user-agent",
        "accept-encoding",
        "content-encoding",
        "audit-id",
        "if-none-match",
        "impersonate-user",
        "impersonate-group",
        "impersonate-uid",
        "impersonate-extra-a%2",
    ];
    let value = prop_oneof![
        5 => select(&TYPES[..]).prop_map(|text| text.as_bytes().to_vec()),
        1 => prop::collection::vec(prop_oneof![Just(b'\t'), 0x20..=0x7e_u8, 0x80..=0xff_u8], 0..40),
    ];
    prop::collection::vec((select(&NAMES[..]), value), 0..4)
}

/// JSON of any shape, with the keys that mean something more often than others.
fn value() -> impl Strategy<Value = Value> {
    const KEYS: [&str; 18] = [
        "apiVersion",
        "kind",
        "metadata",
        "name",
        "namespace",
        "labels",
        "annotations",
        "finalizers",
        "ownerReferences",
        "resourceVersion",
        "uid",
        "generateName",
        "spec",
        "status",
        "data",
        "op",
        "path",
        "$patch",
    ];
    const TEXTS: [&str; 14] = [
        "",
        "v1",
        "ConfigMap",
        "Namespace",
        "CustomResourceDefinition",
        "a",
        "default",
        "1",
        "kubernetes",
        "/metadata",
        "add",
        "replace",
        "\u{0}",
        "\u{10ffff}",
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        select(&TEXTS[..]).prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 40, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::vec((select(&KEYS[..]), inner), 0..6)
                .prop_map(|pairs| pairs.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()),
        ]
    })
}

fn sound() -> Vec<Value> {
    vec![
        json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a", "labels": {"a": "b"}}, "data": {"k": "v"}}),
        json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "a"}, "data": {"k": "dg=="}, "type": "Opaque"}),
        json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"generateName": "a-"}}),
        json!({"apiVersion": "example.com/v1", "kind": "Thing", "metadata": {"name": "a"}, "spec": {"size": 3}}),
        json!({"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": {"name": "a"}, "spec": {"leaseDurationSeconds": 3}}),
        json!({"kind": "DeleteOptions", "apiVersion": "v1", "preconditions": {"uid": "a"}, "propagationPolicy": "Orphan"}),
        json!([{"op": "move", "from": "/metadata/labels", "path": "/data"}, {"op": "test", "path": "", "value": {}}]),
        definition(),
    ]
}

fn definition() -> Value {
    json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": "things.example.com"},
        "spec": {
            "group": "example.com", "scope": "Namespaced",
            "names": {"plural": "things", "singular": "thing", "kind": "Thing", "listKind": "ThingList"},
            "versions": [{
                "name": "v1", "served": true, "storage": true, "subresources": {"status": {}},
                "schema": {"openAPIV3Schema": {"type": "object", "properties": {
                    "spec": {"type": "object", "properties": {"size": {"type": "integer", "maximum": 5}}},
                    "status": {"type": "object", "x-kubernetes-preserve-unknown-fields": true},
                }}},
            }],
        },
    })
}

/// Replaces the part of an object that `at` leads to, one step a level.
fn planted(object: &mut Value, at: &[usize], fault: Value) {
    let inner = match (object.is_array() || object.is_object(), at) {
        (true, [first, rest @ ..]) => match object {
            Value::Array(items) if !items.is_empty() => {
                let index = first % items.len();
                items.get_mut(index).map(|item| (item, rest))
            }
            Value::Object(fields) if !fields.is_empty() => {
                let index = first % fields.len();
                fields.values_mut().nth(index).map(|field| (field, rest))
            }
            _ => None,
        },
        _ => None,
    };
    match inner {
        Some((inner, rest)) => planted(inner, rest, fault),
        None => *object = fault,
    }
}

fn body() -> impl Strategy<Value = Vec<u8>> {
    let faulty = (select(sound()), prop::collection::vec(any::<usize>(), 0..6), prop::option::of(value()))
        .prop_map(|(mut object, at, fault)| {
            if let Some(fault) = fault {
                planted(&mut object, &at, fault);
            }
            object.to_string().into_bytes()
        });
    let cut = (select(sound()), any::<prop::sample::Index>()).prop_map(|(object, end)| {
        let mut text = object.to_string().into_bytes();
        text.truncate(end.index(text.len()));
        text
    });
    let protobuf =
        prop::collection::vec(any::<u8>(), 0..60).prop_map(|bytes| [b"k8s\0".as_slice(), &bytes].concat());
    prop_oneof![
        6 => faulty,
        2 => value().prop_map(|value| value.to_string().into_bytes()),
        1 => cut,
        1 => protobuf,
        1 => prop::collection::vec(any::<u8>(), 0..60),
        1 => select(&["[", "{\"a\":", "- ", "&a [*a,"][..]).prop_map(|text| text.repeat(20_000).into_bytes()),
    ]
}

fn hostile() -> impl Strategy<Value = Hostile> {
    (method(), path(), query(), headers(), body()).prop_map(|(method, path, query, headers, body)| Hostile {
        method,
        path,
        query,
        headers,
        body,
    })
}

/// The answer is there in time, is not the server's fault, and says of itself what it is.
async fn answered(mut client: Client, hostile: &Hostile) -> Result<(), TestCaseError> {
    let Some(request) = hostile.request() else { return Ok(()) };
    let exchange = async {
        let (head, body) = client.call(request).await.unwrap_or_else(|never| match never {}).into_parts();
        let bytes = if hostile.may_stream() && head.status.is_success() {
            Bytes::new()
        } else {
            body.collect().await.map_err(|error| TestCaseError::fail(error.to_string()))?.to_bytes()
        };
        Ok::<_, TestCaseError>((head, bytes))
    };
    let (head, bytes) = tokio::time::timeout(ANSWER_LIMIT, exchange)
        .await
        .map_err(|_| TestCaseError::fail("no answer"))??;
    // Two that the real server gives as well: a resourceVersion from the future is waited for, and an error that it
    // does not translate into a Status of its own comes as 500 without a reason.
    let status: Value = serde_json::from_slice(&bytes).unwrap_or_default();
    let future = status["details"]["causes"][0]["reason"] == "ResourceVersionTooLarge";
    let untranslated = status["kind"] == "Status" && status["reason"].is_null();
    let text = String::from_utf8_lossy(&bytes);
    prop_assert!(future || untranslated || !head.status.is_server_error(), "{} {text}", head.status);
    let json = head
        .headers
        .get("content-type")
        .is_some_and(|value| value.as_bytes().starts_with(b"application/json"));
    if json && !bytes.is_empty() {
        let body: Value =
            serde_json::from_slice(&bytes).map_err(|error| TestCaseError::fail(error.to_string()))?;
        if head.status.is_client_error() {
            prop_assert_eq!(&body["kind"], "Status");
            prop_assert_eq!(body["code"].as_u64(), Some(u64::from(head.status.as_u16())));
            prop_assert_eq!(&body["status"], "Failure");
        }
    }
    Ok(())
}

#[test]
fn no_request_harms_the_server() {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    let server = runtime.block_on(Server::start());
    runtime.block_on(async {
        server.create("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", &definition()).await;
        for object in sound() {
            let path = match object["kind"].as_str() {
                Some("ConfigMap") => "/api/v1/namespaces/default/configmaps",
                Some("Secret") => "/api/v1/namespaces/default/secrets",
                _ => continue,
            };
            server.create(path, &object).await;
        }
    });
    let mut runner =
        TestRunner::new(Config { cases: CASES.max(Config::default().cases), ..Config::default() });
    let done = runner.run(&hostile(), |hostile| {
        for client in [server.server.client(User::admin()), server.server.anonymous()] {
            runtime.block_on(answered(client, &hostile))?;
        }
        Ok(())
    });
    done.unwrap_or_else(|error| panic!("{error}"));
    runtime.block_on(async {
        assert_eq!(server.text("/readyz").await.1, "ok");
        for path in [
            "/api/v1/configmaps",
            "/api/v1/namespaces",
            "/apis/apiextensions.k8s.io/v1/customresourcedefinitions",
        ] {
            let list = server.get(path).await;
            for item in list["items"].as_array().unwrap() {
                assert!(item["metadata"]["uid"].is_string(), "{item}");
            }
        }
    });
}

//! What the tests speak through, and what needs no kind of its own: who may come in.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request, StatusCode};
use http_body_util::{BodyExt as _, Full};
use kyma_apiserver::{ApiServer, Body, Builder, Client, Seeded, TokioClock, User};
use serde_json::{Value, json};
use tower::Service as _;

/// Long enough for everything that the server does by itself.
pub(crate) async fn settle() {
    tokio::time::sleep(Duration::from_secs(1)).await;
}

/// Time for a namespace to go: its content is left alone for five seconds.
pub(crate) async fn let_go() {
    tokio::time::sleep(Duration::from_secs(6)).await;
}

/// A server whose window is as short as wanted, and requests to it.
pub(crate) struct Server {
    pub(crate) server: ApiServer,
    client: Client,
}

impl Server {
    pub(crate) async fn start() -> Self {
        Server::with_window(Duration::from_secs(300)).await
    }

    pub(crate) async fn with_window(window_age: Duration) -> Self {
        let options = kyma_store::Options { window_age, ..kyma_store::Options::default() };
        Server::with(|builder| builder.store_options(options)).await
    }

    pub(crate) async fn with(settings: impl FnOnce(Builder) -> Builder) -> Self {
        let builder = ApiServer::builder().clock(clock()).random(Arc::new(Seeded::new(7)));
        let server = settings(builder).start().await.unwrap();
        let client = server.client(User::admin());
        Server { server, client }
    }

    /// All of an answer as text, with its head.
    pub(crate) async fn text(&self, path: &str) -> (http::response::Parts, String) {
        whole(self.open(Method::GET, path, None).await).await
    }

    pub(crate) async fn open(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> http::Response<Body> {
        call(self.client.clone(), method, path, body).await
    }

    pub(crate) async fn request(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> (StatusCode, Value) {
        let (parts, body) = self.open(method, path, body).await.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        (parts.status, serde_json::from_slice(&bytes).unwrap_or(Value::Null))
    }

    pub(crate) async fn code(&self, path: &str) -> StatusCode {
        self.request(Method::GET, path, None).await.0
    }

    pub(crate) async fn get(&self, path: &str) -> Value {
        self.request(Method::GET, path, None).await.1
    }

    pub(crate) async fn create(&self, path: &str, object: &Value) -> Value {
        let (status, created) = self.request(Method::POST, path, Some(object)).await;
        assert_eq!(status, StatusCode::CREATED, "{created}");
        created
    }

    pub(crate) async fn config_map(&self, name: &str) -> Value {
        self.create("/api/v1/namespaces/default/configmaps", &json!({"metadata": {"name": name}})).await
    }

    pub(crate) async fn delete(&self, path: &str) -> (StatusCode, Value) {
        self.request(Method::DELETE, path, None).await
    }
}

/// A wall clock on the runtime's time.
pub(crate) fn clock() -> Arc<TokioClock> {
    Arc::new(TokioClock::starting_at("2026-01-01T00:00:00Z".parse().unwrap()))
}

/// All of an answer as text, with its head.
pub(crate) async fn whole(response: http::Response<Body>) -> (http::response::Parts, String) {
    let (parts, body) = response.into_parts();
    let bytes = body.collect().await.unwrap().to_bytes();
    (parts, String::from_utf8(bytes.to_vec()).unwrap())
}

pub(crate) async fn call(
    mut client: Client,
    method: Method,
    path: &str,
    body: Option<&Value>,
) -> http::Response<Body> {
    let body = body.map(|body| Bytes::from(body.to_string())).unwrap_or_default();
    let request = Request::builder().method(method).uri(path).body(Full::new(body)).unwrap();
    client.call(request).await.unwrap()
}

#[tokio::test(start_paused = true)]
async fn without_credentials_only_health_and_version_are_answered() {
    let server = Server::start().await;
    for (path, status) in [
        ("/livez", 200),
        ("/readyz?verbose", 200),
        ("/healthz/ping", 401),
        ("/healthz/nothing", 401),
        ("/version", 200),
        ("/api/v1/namespaces", 401),
        ("/metrics", 401),
    ] {
        let response = call(server.server.anonymous(), Method::GET, path, None).await;
        assert_eq!(response.status().as_u16(), status, "{path}");
    }
}

#[tokio::test(start_paused = true)]
async fn who_is_no_admin_is_told_what_is_missing() {
    let server = Server::start().await;
    let guest = server.server.client(User::new("guest", []));
    let response = call(guest.clone(), Method::GET, "/api/v1/namespaces/default/configmaps", None).await;
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    let status: Value = serde_json::from_slice(&bytes).unwrap();
    assert_eq!(
        status["message"],
        "configmaps is forbidden: User \"guest\" cannot list resource \"configmaps\" in API group \"\" in the namespace \"default\""
    );
    assert_eq!(call(guest, Method::GET, "/apis", None).await.status(), StatusCode::OK);
}

#[tokio::test(start_paused = true)]
async fn a_thousand_servers_live_in_one_process() {
    let mut servers = Vec::new();
    for _ in 0..1000 {
        servers.push(Server::start().await);
    }
    for server in &servers {
        assert_eq!(server.get("/api/v1/namespaces").await["items"].as_array().unwrap().len(), 4);
    }
}

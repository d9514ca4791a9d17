//! What a case is given: a server, and names that nobody else uses.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use http::Method;
use parking_lot::Mutex;
use serde_json::Value;

use crate::check::Outcome;
use crate::client::{Call, Http};
use crate::fixture::{self, Kind};
use crate::poll::eventually;

/// A fresh kind is served within milliseconds here, and within seconds on a busy real server.
const SERVED_LIMIT: Duration = Duration::from_secs(20);

/// One case's view of one server.
pub(crate) struct Context {
    http: Http,
    anonymous: Http,
    slug: String,
    run: String,
    namespaces: AtomicUsize,
    /// Paths of what was made outside of namespaces, and of the namespaces.
    made: Mutex<Vec<String>>,
}

impl Context {
    /// For the case of this name (as [`crate::case::Case::slug`] says it) in the run of this id.
    pub(crate) fn new(http: Http, anonymous: Http, slug: String, run: String) -> Self {
        Self { http, anonymous, slug, run, namespaces: AtomicUsize::new(0), made: Mutex::default() }
    }

    /// The server for somebody without credentials.
    pub(crate) fn anonymous(&self) -> &Http {
        &self.anonymous
    }

    /// kube-rs as the client of the same server.
    pub(crate) fn kube(&self) -> kube::Client {
        self.http.kube()
    }

    /// A name of this case alone, good for a namespace and as a part of a DNS name.
    pub(crate) fn name(&self) -> String {
        format!("{}-{}", self.slug, self.run)
    }

    /// An API group of this case alone.
    pub(crate) fn group(&self) -> String {
        format!("{}.conformance.kyma-project.io", self.name())
    }

    /// Makes a namespace for this case.
    pub(crate) async fn namespace(&self) -> Outcome<String> {
        let number = self.namespaces.fetch_add(1, Ordering::Relaxed);
        let name = if number == 0 { self.name() } else { format!("{}-{number}", self.name()) };
        self.post(NAMESPACES, &fixture::namespace(&name)).await?.created()?;
        self.remember(format!("{NAMESPACES}/{name}"));
        Ok(name)
    }

    /// Has a path deleted when the case is over, however it ends.
    pub(crate) fn remember(&self, path: String) {
        self.made.lock().push(path);
    }

    /// Installs a kind by its definition and waits until it is served; its objects live in a new namespace of
    /// the case, unless it is of the cluster.
    pub(crate) async fn install(&self, definition: &Value) -> Outcome<Kind> {
        let namespace =
            if definition["spec"]["scope"] == "Namespaced" { self.namespace().await? } else { String::new() };
        let kind = Kind::of(definition, &namespace);
        self.post(DEFINITIONS, definition).await?.created()?;
        self.remember(format!("{DEFINITIONS}/{}", kind.definition));
        self.served(&kind.path()).await?;
        Ok(kind)
    }

    /// The kind that most cases use, with the schema of [`fixture::widget_schema`].
    pub(crate) async fn widgets(&self) -> Outcome<Kind> {
        self.install(&fixture::definition(&self.group(), "Widget", &fixture::widget_schema())).await
    }

    /// Waits until a list of this path answers. Before that the real server says 404 or, for a moment, 429.
    pub(crate) async fn served(&self, path: &str) -> Outcome {
        eventually(&format!("{path} is served"), SERVED_LIMIT, || async {
            let answer = self.get(path).await?;
            Ok(if answer.code() == 200 { Ok(()) } else { Err(answer.shown()) })
        })
        .await
    }

    /// Waits until a path answers 404.
    pub(crate) async fn gone(&self, path: &str, limit: Duration) -> Outcome {
        eventually(&format!("{path} is gone"), limit, || async {
            let answer = self.get(path).await?;
            Ok(if answer.code() == 404 { Ok(()) } else { Err(answer.shown()) })
        })
        .await
    }

    /// Deletes what the case made, newest first, and does not wait for it. What fails here is no case's fault.
    pub(crate) async fn tidy(self: Arc<Self>) {
        let made: Vec<String> = self.made.lock().drain(..).rev().collect();
        for path in made {
            let _ = self.delete(&path).await;
        }
    }

    pub(crate) fn call(&self, method: Method, path: &str) -> Call {
        self.http.call(method, path)
    }

    pub(crate) fn get(&self, path: &str) -> Call {
        self.http.get(path)
    }

    pub(crate) fn delete(&self, path: &str) -> Call {
        self.http.delete(path)
    }

    pub(crate) fn post(&self, path: &str, body: &Value) -> Call {
        self.http.post(path, body)
    }

    pub(crate) fn put(&self, path: &str, body: &Value) -> Call {
        self.http.put(path, body)
    }

    pub(crate) fn patch(&self, path: &str, media_type: &str, body: &Value) -> Call {
        self.http.patch(path, media_type, body)
    }
}

/// The path of all namespaces.
pub(crate) const NAMESPACES: &str = "/api/v1/namespaces";
/// The path of all definitions of custom resources.
pub(crate) const DEFINITIONS: &str = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";

/// The path of a namespace's ConfigMaps.
pub(crate) fn config_maps(namespace: &str) -> String {
    format!("{NAMESPACES}/{namespace}/configmaps")
}

/// The path of a namespace's Leases. The real control plane puts a ConfigMap into every namespace, but no Lease,
/// so cases that list take these.
pub(crate) fn leases(namespace: &str) -> String {
    format!("/apis/coordination.k8s.io/v1/namespaces/{namespace}/leases")
}

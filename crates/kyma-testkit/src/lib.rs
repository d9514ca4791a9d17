//! For tests only: an embedded API server and a kube client of it in one process, builders of objects, and waiting.
//!
//! Under `#[tokio::test(start_paused = true)]` server, client and operator run on the same virtual time: a life cycle
//! of a minute takes milliseconds, and nothing waits for a socket. It is no mock: what answers is the whole server.

#![expect(clippy::expect_used, reason = "tests only: what cannot be done fails the test")]

pub mod network;

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use k8s_openapi::api::core::v1::Namespace;
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::api::{Api, ObjectMeta, PostParams};
use kyma_apiserver::{ApiServer, Seeded, User};

/// When a test's wall clock starts.
pub const START: &str = "2026-01-01T00:00:00Z";
/// How long a condition may take to come true, in (virtual) time.
const PATIENCE: Duration = Duration::from_secs(3600);
/// How often a condition is looked at.
const GLANCE: Duration = Duration::from_millis(10);

/// A server with the CRDs of the inventory, and an admin's client of it.
pub struct Cluster {
    /// The server.
    pub server: ApiServer,
    /// Its admin's client.
    pub client: kube::Client,
}

impl std::fmt::Debug for Cluster {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Cluster").field("server", &self.server).finish_non_exhaustive()
    }
}

impl Cluster {
    /// An empty server: the built-in kinds and nothing else.
    pub async fn empty() -> Self {
        let start: Timestamp = START.parse().expect("START is a time");
        let clock = Arc::new(kyma_apiserver::TokioClock::starting_at(start));
        let builder = ApiServer::builder().clock(clock).random(Arc::new(Seeded::new(1)));
        let server = builder.start().await.expect("a server in memory starts");
        let client = kube::Client::new(server.client(User::admin()), "default");
        Cluster { server, client }
    }

    /// A server with the inventory's kinds and the namespace `pb`.
    pub async fn with_inventory() -> Self {
        let cluster = Cluster::empty().await;
        cluster.install(kyma_inventory::crds::all().expect("the CRDs follow from the types")).await;
        cluster.namespace("pb").await;
        cluster
    }

    /// Creates definitions and waits until their kinds are served.
    pub async fn install(&self, definitions: impl IntoIterator<Item = CustomResourceDefinition>) {
        let api: Api<CustomResourceDefinition> = Api::all(self.client.clone());
        for definition in definitions {
            let created =
                api.create(&PostParams::default(), &definition).await.expect("the definition is valid");
            let name = created.metadata.name.unwrap_or_default();
            until("the definition is established", async || {
                let definition = api.get(&name).await.expect("the definition is there");
                let conditions = definition.status.and_then(|status| status.conditions).unwrap_or_default();
                conditions.iter().any(|c| c.type_ == "Established" && c.status == "True")
            })
            .await;
        }
    }

    /// Creates a namespace.
    pub async fn namespace(&self, name: &str) {
        let metadata = ObjectMeta { name: Some(name.to_owned()), ..ObjectMeta::default() };
        let namespace = Namespace { metadata, ..Namespace::default() };
        let api: Api<Namespace> = Api::all(self.client.clone());
        api.create(&PostParams::default(), &namespace).await.expect("the namespace is new");
    }
}

/// Waits until a condition holds.
///
/// # Panics
/// When it does not come true within an hour of the runtime's time.
pub async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let since = tokio::time::Instant::now();
    while !holds().await {
        assert!(since.elapsed() < PATIENCE, "waited for an hour, but it never held: {what}");
        tokio::time::sleep(GLANCE).await;
    }
}

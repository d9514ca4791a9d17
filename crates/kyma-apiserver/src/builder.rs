//! Putting a server together.

use std::sync::Arc;

use kyma_registry::object::Object;
use kyma_registry::{ApiError, CreateOptions, Random, Registry, Request};
use kyma_store::{Clock, Options, Store, TokioClock};
use serde_json::json;
use tokio::sync::watch;

use crate::background::Background;
use crate::metrics::Metrics;
use crate::random::Seeded;
use crate::service::{ApiServer, Shared};

/// The namespaces that the real server makes at its first start.
const NAMESPACES: [&str; 4] = ["default", "kube-node-lease", "kube-public", "kube-system"];

/// Why a server could not start.
#[derive(Debug, thiserror::Error)]
#[error("failed to prepare the server's first objects")]
pub struct StartError {
    #[source]
    source: ApiError,
}

/// Settings of a server.
pub struct Builder {
    store: Options,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
}

impl std::fmt::Debug for Builder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Builder").field("store", &self.store).finish_non_exhaustive()
    }
}

impl Builder {
    pub(crate) fn new() -> Self {
        Builder {
            store: Options::default(),
            clock: Arc::new(TokioClock::starting_at(jiff::Timestamp::now())),
            random: Arc::new(Seeded::from_entropy()),
        }
    }

    /// How long and how large the history window is, in which watches and pages can go on.
    #[must_use]
    pub fn store_options(mut self, options: Options) -> Self {
        self.store = options;
        self
    }

    /// The wall clock that stamps objects; by default the system's time, running with tokio's clock.
    #[must_use]
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Where UIDs and generated names come from; by default the system's entropy.
    #[must_use]
    pub fn random(mut self, random: Arc<dyn Random>) -> Self {
        self.random = random;
        self
    }

    /// Starts the server: its first namespaces are there when this returns. Must be called inside a tokio runtime,
    /// which carries its background work until the last handle is dropped.
    ///
    /// # Errors
    /// Where the first objects cannot be stored.
    pub async fn start(self) -> Result<ApiServer, StartError> {
        let store = Store::in_memory(self.store, Arc::clone(&self.clock));
        let registry = Arc::new(Registry::new(store, self.clock, self.random));
        for namespace in NAMESPACES {
            ensure_namespace(&registry, namespace).await.map_err(|source| StartError { source })?;
        }
        // A server has no past: whoever brings a version from before its start is told so.
        registry.store().forget_history();
        let background = Background::start(&registry);
        let (closing, _) = watch::channel(false);
        let metrics = Metrics::new(&registry);
        Ok(ApiServer::new(Shared { registry, metrics, closing, _background: background }))
    }
}

async fn ensure_namespace(registry: &Registry, name: &str) -> Result<(), ApiError> {
    let catalog = registry.catalog();
    let Some(resource) = catalog.find("", "v1", "namespaces") else {
        return Err(ApiError::internal("the kind Namespace is not served"));
    };
    let request = Request { resource, namespace: None };
    if registry.get(&request, name).is_ok() {
        return Ok(());
    }
    let mut namespace = Object::new();
    namespace.insert("apiVersion".into(), "v1".into());
    namespace.insert("kind".into(), "Namespace".into());
    namespace.insert("metadata".into(), json!({"name": name}));
    registry.create(&request, namespace.into(), &CreateOptions::default()).await.map(|_| ())
}

//! Putting a server together.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use kyma_registry::{ApiError, Random, Registry};
use kyma_store::{Clock, Options, Store, TokioClock};
use tokio::sync::watch;

use crate::audit::{AuditLevel, AuditLog, AuditOptions};
use crate::background::Background;
use crate::first_objects;
use crate::limits::{Gates, Limits};
use crate::metrics::{Metrics, Sources};
use crate::random::Seeded;
use crate::service::{ApiServer, Shared};

/// Why a server could not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// What every server has could not be stored.
    #[error("failed to prepare the server's first objects")]
    FirstObjects {
        /// Why not.
        #[source]
        source: ApiError,
    },
    /// The audit log cannot be written to.
    #[error("failed to open the audit log {}", .path.display())]
    OpenAuditLog {
        /// The file.
        path: PathBuf,
        /// Why not.
        #[source]
        source: io::Error,
    },
}

/// Settings of a server.
pub struct Builder {
    store: Option<Store>,
    options: Options,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    limits: Limits,
    audit: Option<AuditOptions>,
    controllers: bool,
}

impl std::fmt::Debug for Builder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Builder { store, options, limits, audit, controllers, .. } = self;
        f.debug_struct("Builder")
            .field("store", store)
            .field("options", options)
            .field("limits", limits)
            .field("audit", audit)
            .field("controllers", controllers)
            .finish_non_exhaustive()
    }
}

impl Builder {
    pub(crate) fn new() -> Self {
        Builder {
            store: None,
            options: Options::default(),
            clock: Arc::new(TokioClock::starting_at(jiff::Timestamp::now())),
            random: Arc::new(Seeded::from_entropy()),
            limits: Limits::default(),
            audit: None,
            controllers: true,
        }
    }

    /// The store of the server's objects, which may have some already; by default an empty one in memory. It should run
    /// on the same [`clock`](Self::clock).
    #[must_use]
    pub fn store(mut self, store: Store) -> Self {
        self.store = Some(store);
        self
    }

    /// How long and how large the history window is, in which watches and pages can go on. A [`store`](Self::store) that
    /// was opened elsewhere has its own.
    #[must_use]
    pub fn store_options(mut self, options: Options) -> Self {
        self.options = options;
        self
    }

    /// What requests may cost.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Keeps an audit log; by default there is none.
    #[must_use]
    pub fn audit(mut self, options: AuditOptions) -> Self {
        self.audit = Some(options);
        self
    }

    /// Whether garbage is collected and the content of namespaces deleted, as kube-controller-manager does beside the real
    /// server; by default it is. Without it, as with an API server alone, dependents stay and namespaces never go.
    #[must_use]
    pub fn controllers(mut self, run: bool) -> Self {
        self.controllers = run;
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

    /// Starts the server: its first objects are there, and the kinds that it has definitions of are served, when this
    /// returns. Must be called inside a tokio runtime, which carries its background work until the last handle is dropped.
    ///
    /// # Errors
    /// Where the first objects cannot be stored, or the audit log cannot be opened.
    pub async fn start(self) -> Result<ApiServer, StartError> {
        let Builder { store, options, clock, random, limits, audit, controllers } = self;
        let audit_stats = Arc::default();
        let audit = match audit.filter(|options| options.level > AuditLevel::None) {
            None => None,
            Some(options) => {
                let opened = AuditLog::open(&options, Arc::clone(&audit_stats));
                let AuditOptions { path, .. } = options;
                Some(Arc::new(opened.map_err(|source| StartError::OpenAuditLog { path, source })?))
            }
        };
        let store = store.unwrap_or_else(|| Store::in_memory(options, Arc::clone(&clock)));
        let names = Seeded::new(random.next_u64());
        let registry = Arc::new(Registry::new(store, clock, random));
        first_objects::ensure(&registry).await.map_err(|source| StartError::FirstObjects { source })?;
        // Whoever brings a version from before the start is told so.
        registry.store().forget_history();
        let background = Background::start(&registry, controllers).await;
        let (closing, _) = watch::channel(false);
        let (connections, gates) = (Arc::default(), Arc::new(Gates::new(limits)));
        let metrics = Metrics::new(Sources {
            registry: Arc::clone(&registry),
            connections: Arc::clone(&connections),
            gates: Arc::clone(&gates),
            audit: audit_stats,
        });
        let shared =
            Shared { registry, metrics, gates, audit, names, connections, closing, _background: background };
        Ok(ApiServer::new(shared))
    }
}

//! What goes on without a request: kinds are established, namespaces emptied, garbage collected.
//!
//! Each driver waits for the store to change, asks a planner of the registry what to do, and does it through the same
//! verbs as everybody else. What fails because somebody was faster is looked at again at the next change.

mod definitions;
mod garbage;
mod namespaces;

use std::sync::Arc;
use std::time::Duration;

use kyma_registry::{ApiError, Registry};
use tokio::task::AbortHandle;
use tokio::time::sleep;

/// Pause after a pass that failed, so that a fault is no hot loop.
const PAUSE_AFTER_FAILURE: Duration = Duration::from_millis(500);
/// How often a store at rest is relieved of its old history.
const EXPIRE_PERIOD: Duration = Duration::from_secs(30);

/// The running drivers; they end when this is dropped.
#[derive(Debug)]
pub(crate) struct Background(Vec<AbortHandle>);

impl Background {
    /// Starts all drivers, with the `controllers` that are not the API server's own or without. The kinds of definitions
    /// that are there already are served when this returns.
    pub(crate) async fn start(registry: &Arc<Registry>, controllers: bool) -> Self {
        definitions::serve_known(registry).await;
        let mut tasks = vec![
            tokio::spawn(definitions::drive(Arc::clone(registry))).abort_handle(),
            tokio::spawn(expire(Arc::clone(registry))).abort_handle(),
        ];
        if controllers {
            tasks.push(tokio::spawn(namespaces::drive(Arc::clone(registry))).abort_handle());
            tasks.push(tokio::spawn(garbage::drive(Arc::clone(registry))).abort_handle());
        }
        Background(tasks)
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        for task in &self.0 {
            task.abort();
        }
    }
}

/// Writes drop what is out of the history window; this does so where nobody writes.
async fn expire(registry: Arc<Registry>) {
    loop {
        sleep(EXPIRE_PERIOD).await;
        registry.store().expire();
    }
}

/// Whether somebody was faster: then the next change brings the object again.
fn is_race(error: &ApiError) -> bool {
    matches!(error.code(), 404 | 409)
}

/// Says that a pass failed, and lets some time pass.
async fn pause_after(driver: &'static str, error: &ApiError) {
    tracing::warn!(driver, %error, "a background pass failed and will be repeated");
    sleep(PAUSE_AFTER_FAILURE).await;
}

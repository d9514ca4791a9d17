//! What a client must not send while its process does not lead.

use std::sync::Arc;

use parking_lot::Mutex;
use thiserror::Error;
use tokio::time::Instant;

/// Lets writes pass while a Lease is held by this process's own clock; clones share it.
///
/// A process that was stopped for a while does not know at first that it has lost its Lease: what it was about to send must
/// not be sent by whoever wakes first, and no timer is needed for that.
#[derive(Clone, Debug)]
pub struct Fence(Arc<Mutex<Option<Instant>>>);

/// A write that was not sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("this process does not lead, and sends no writes")]
pub(super) struct NotLeading;

impl Fence {
    /// A fence that lets nothing pass.
    #[must_use]
    pub fn closed() -> Self {
        Self(Arc::default())
    }

    /// Lets writes pass until then.
    pub(crate) fn open_until(&self, end: Instant) {
        *self.0.lock() = Some(end);
    }

    /// Lets nothing pass any more.
    pub(crate) fn close(&self) {
        *self.0.lock() = None;
    }

    /// Whether a write may be sent now.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.0.lock().is_some_and(|end| Instant::now() < end)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn it_closes_by_itself() {
        let fence = Fence::closed();
        assert!(!fence.is_open());
        fence.clone().open_until(Instant::now() + Duration::from_secs(10));
        assert!(fence.is_open());
        tokio::time::advance(Duration::from_secs(10)).await;
        assert!(!fence.is_open());
        fence.open_until(Instant::now() + Duration::from_secs(1));
        fence.close();
        assert!(!fence.is_open());
    }
}

//! Ending in two steps: drain (finish what is in hand), then abort.

use std::sync::Arc;

use thiserror::Error;
use tokio::sync::watch;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Phase {
    Running,
    Draining,
    Aborted,
}

/// The end that decides. When all clones are gone, nobody can decide any more, which counts as a drain.
#[derive(Clone, Debug)]
pub struct Drain(Arc<watch::Sender<Phase>>);

/// The end that obeys; clones see the same.
#[derive(Clone, Debug)]
pub struct Shutdown(watch::Receiver<Phase>);

/// Both ends.
#[must_use]
pub fn channel() -> (Drain, Shutdown) {
    let (sender, receiver) = watch::channel(Phase::Running);
    (Drain(Arc::new(sender)), Shutdown(receiver))
}

impl Drain {
    /// Asks everybody to finish what they have in hand and end.
    pub fn begin(&self) {
        self.advance(Phase::Draining);
    }

    /// Ends everybody where they are.
    pub fn abort(&self) {
        self.advance(Phase::Aborted);
    }

    fn advance(&self, to: Phase) {
        self.0.send_if_modified(|phase| {
            let later = to > *phase;
            *phase = to.max(*phase);
            later
        });
    }
}

impl Shutdown {
    /// Waits until a drain or an abort begins.
    pub async fn draining(&self) {
        // An error means that all `Drain`s are gone.
        let _ = self.0.clone().wait_for(|phase| *phase >= Phase::Draining).await;
    }

    /// Waits for an abort; for ever when nobody is left who could call one.
    pub async fn aborted(&self) {
        if self.0.clone().wait_for(|phase| *phase == Phase::Aborted).await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    /// Whether a drain or an abort has begun.
    #[must_use]
    pub fn is_draining(&self) -> bool {
        *self.0.borrow() >= Phase::Draining || self.0.has_changed().is_err()
    }

    /// Whether an abort has begun.
    #[must_use]
    pub fn is_aborted(&self) -> bool {
        *self.0.borrow() == Phase::Aborted
    }
}

/// Why signals cannot be listened for.
#[derive(Debug, Error)]
pub enum SignalError {
    /// The operating system refused the handler.
    #[error("failed to install a handler for the signal {signal}")]
    InstallHandler {
        /// The signal's name.
        signal: &'static str,
        /// What it said.
        #[source]
        source: std::io::Error,
    },
}

/// Drains at the first SIGINT or SIGTERM, aborts at the second, and then returns.
///
/// # Errors
///
/// When a handler cannot be installed.
pub async fn on_signals(drain: Drain) -> Result<(), SignalError> {
    let mut signals = signals::Signals::install()?;
    signals.next().await;
    tracing::info!("shutting down; a second signal ends it at once");
    drain.begin();
    signals.next().await;
    tracing::warn!("ended by a second signal");
    drain.abort();
    Ok(())
}

#[cfg(unix)]
mod signals {
    use tokio::signal::unix::{Signal, SignalKind, signal};

    use super::SignalError;

    pub(super) struct Signals {
        interrupt: Signal,
        terminate: Signal,
    }

    impl Signals {
        pub(super) fn install() -> Result<Self, SignalError> {
            let handler = |kind, name| {
                signal(kind).map_err(|source| SignalError::InstallHandler { signal: name, source })
            };
            Ok(Self {
                interrupt: handler(SignalKind::interrupt(), "SIGINT")?,
                terminate: handler(SignalKind::terminate(), "SIGTERM")?,
            })
        }

        pub(super) async fn next(&mut self) {
            tokio::select! {
                biased;
                _ = self.interrupt.recv() => {}
                _ = self.terminate.recv() => {}
            }
        }
    }
}

#[cfg(not(unix))]
mod signals {
    use super::SignalError;

    pub(super) struct Signals;

    impl Signals {
        pub(super) fn install() -> Result<Self, SignalError> {
            Ok(Self)
        }

        pub(super) async fn next(&mut self) {
            if tokio::signal::ctrl_c().await.is_err() {
                std::future::pending().await
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    #[tokio::test]
    async fn first_drains_then_aborts_and_never_goes_back() {
        let (drain, shutdown) = channel();
        assert!(!shutdown.is_draining() && shutdown.draining().now_or_never().is_none());
        drain.begin();
        shutdown.draining().await;
        assert!(shutdown.is_draining() && !shutdown.is_aborted());
        assert!(shutdown.aborted().now_or_never().is_none());
        drain.abort();
        drain.begin();
        shutdown.aborted().await;
        assert!(shutdown.is_aborted() && shutdown.is_draining());
    }

    #[tokio::test]
    async fn nobody_left_to_decide_is_a_drain_but_no_abort() {
        let (drain, shutdown) = channel();
        drop(drain);
        shutdown.draining().await;
        assert!(shutdown.is_draining() && !shutdown.is_aborted());
        assert!(shutdown.aborted().now_or_never().is_none());
    }
}

//! Named checks behind `/healthz` and `/readyz`, answered as the API server does.

use std::fmt::{self, Write as _};
use std::sync::Arc;

use parking_lot::RwLock;

type Check = Arc<dyn Fn() -> Result<(), String> + Send + Sync>;

/// The checks of a program; clones share them.
#[derive(Clone, Default)]
pub struct Health {
    /// Bounded by what the program adds at its start.
    checks: Arc<RwLock<Checks>>,
}

#[derive(Default)]
struct Checks {
    live: Vec<(&'static str, Check)>,
    ready: Vec<(&'static str, Check)>,
}

impl Health {
    /// No checks: live and ready.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a check whose failure means that only a restart helps.
    pub fn add_liveness(
        &self,
        name: &'static str,
        check: impl Fn() -> Result<(), String> + Send + Sync + 'static,
    ) {
        self.checks.write().live.push((name, Arc::new(check)));
    }

    /// Adds a check whose failure means that it is not the time yet.
    pub fn add_readiness(
        &self,
        name: &'static str,
        check: impl Fn() -> Result<(), String> + Send + Sync + 'static,
    ) {
        self.checks.write().ready.push((name, Arc::new(check)));
    }

    /// The answer to a path (`/readyz`, `/healthz/ping`): whether all is well, and the text that says so; `None` when
    /// there is no such path.
    #[must_use]
    pub fn answer(&self, path: &str, verbose: bool) -> Option<(bool, String)> {
        let (endpoint, only) = match path.trim_start_matches('/').split_once('/') {
            Some((endpoint, only)) => (endpoint, Some(only)),
            None => (path.trim_start_matches('/'), None),
        };
        // Cloned, so that no lock is held while checks run.
        let checks = match endpoint {
            "healthz" => self.checks.read().live.clone(),
            "readyz" => self.checks.read().ready.clone(),
            _ => return None,
        };
        let ping: Check = Arc::new(|| Ok(()));
        let all = std::iter::once(("ping", ping)).chain(checks);
        let chosen: Vec<_> = all.filter(|(name, _)| only.is_none_or(|only| only == *name)).collect();
        if chosen.is_empty() {
            return None;
        }
        let mut report = String::new();
        let mut healthy = true;
        for (name, check) in chosen {
            // Writing to a String cannot fail.
            let _ = match check() {
                Ok(()) => writeln!(report, "[+]{name} ok"),
                Err(reason) => {
                    healthy = false;
                    writeln!(report, "[-]{name} failed: {reason}")
                }
            };
        }
        Some(match (healthy, verbose) {
            (true, false) => (true, "ok".to_owned()),
            (true, true) => (true, format!("{report}{endpoint} check passed\n")),
            (false, _) => (false, format!("{report}{endpoint} check failed\n")),
        })
    }
}

impl fmt::Debug for Health {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let checks = self.checks.read();
        let names =
            |checks: &[(&'static str, Check)]| checks.iter().map(|(name, _)| *name).collect::<Vec<_>>();
        f.debug_struct("Health")
            .field("live", &names(&checks.live))
            .field("ready", &names(&checks.ready))
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::*;

    #[test]
    fn answers_read_as_the_api_server_s() {
        let health = Health::new();
        let synced = Arc::new(AtomicBool::new(false));
        health.add_readiness("informers-synced", {
            let synced = synced.clone();
            move || if synced.load(Ordering::Relaxed) { Ok(()) } else { Err("waiting for Kyma".to_owned()) }
        });
        let answer = |path, verbose| health.answer(path, verbose);
        let ok = || Some((true, "ok".to_owned()));
        assert_eq!(answer("/healthz", false), ok());
        let report = "[+]ping ok\n[-]informers-synced failed: waiting for Kyma\nreadyz check failed\n";
        assert_eq!(answer("/readyz", false), Some((false, report.to_owned())));
        assert_eq!(answer("/readyz/ping", false), ok());
        assert!(!answer("/readyz/informers-synced", false).unwrap().0);

        synced.store(true, Ordering::Relaxed);
        assert_eq!(answer("/readyz", false), ok());
        let report = "[+]ping ok\n[+]informers-synced ok\nreadyz check passed\n";
        assert_eq!(answer("/readyz", true), Some((true, report.to_owned())));
        for path in ["/", "/livez", "/readyz/other", "/healthz/informers-synced"] {
            assert_eq!(answer(path, false), None, "{path}");
        }
    }
}

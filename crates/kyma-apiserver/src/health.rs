//! `/healthz`, `/livez`, `/readyz` (k8s.io/apiserver/pkg/server/healthz/healthz.go).
//!
//! Everybody may ask for the sum; a single check shows its reason, and so needs a user who may see it.

use std::collections::BTreeSet;

use http::header::X_CONTENT_TYPE_OPTIONS;
use http::{HeaderValue, Response, StatusCode};
use kyma_registry::reason::PAGE_NOT_FOUND;
use kyma_store::{Persistence, Store};

use crate::body::Body;
use crate::response::{self, TEXT};

/// What can be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Check {
    /// That the server answers at all.
    Ping,
    /// That what is written is kept.
    Store,
    /// That the server is not about to end.
    Shutdown,
}

impl Check {
    fn name(self) -> &'static str {
        match self {
            Check::Ping => "ping",
            Check::Store => "store",
            Check::Shutdown => "shutdown",
        }
    }
}

/// The checks of an endpoint, in the order in which they are shown.
fn checks(endpoint: &str) -> &'static [Check] {
    match endpoint {
        "readyz" => &[Check::Ping, Check::Store, Check::Shutdown],
        _ => &[Check::Ping, Check::Store],
    }
}

/// How the server is when it is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct State {
    persistence: Persistence,
    draining: bool,
}

impl State {
    pub(crate) fn new(store: &Store, draining: bool) -> Self {
        State { persistence: store.persistence(), draining }
    }

    /// Why a check fails. A store that cannot keep anything until a restart fails everywhere, since whoever watches over
    /// the server will restart it. A full disk fails nowhere: reads go on, and only a write finds out that there is room
    /// again, which would never come to a server that is not ready. The metric `kymactl_store_writable` shows it.
    fn fault(&self, check: Check) -> Option<&str> {
        match (check, &self.persistence) {
            (Check::Store, Persistence::ReadOnly(reason)) => Some(reason),
            (Check::Shutdown, _) if self.draining => Some("process is shutting down"),
            _ => None,
        }
    }
}

/// Answers `endpoint`, or one `check` of it.
pub(crate) fn answer(
    state: &State,
    endpoint: &str,
    check: Option<&str>,
    query: Option<&str>,
) -> Response<Body> {
    match check {
        None => all(state, endpoint, query.unwrap_or_default()),
        Some(name) => match checks(endpoint).iter().find(|check| check.name() == name) {
            Some(check) => one(state.fault(*check)),
            None => response::text(StatusCode::NOT_FOUND, PAGE_NOT_FOUND),
        },
    }
}

fn one(fault: Option<&str>) -> Response<Body> {
    match fault {
        None => response::bytes(StatusCode::OK, TEXT, "ok"),
        Some(reason) => {
            let text = format!("internal server error: {reason}\n");
            response::text(StatusCode::INTERNAL_SERVER_ERROR, text)
        }
    }
}

fn all(state: &State, endpoint: &str, query: &str) -> Response<Body> {
    let query: Vec<_> = form_urlencoded::parse(query.as_bytes()).collect();
    let excluded: BTreeSet<&str> =
        query.iter().filter(|(name, _)| name == "exclude").map(|(_, value)| &**value).collect();
    let mut unknown = excluded.clone();
    let (mut lines, mut failed) = (String::new(), false);
    for check in checks(endpoint) {
        let name = check.name();
        if unknown.remove(name) {
            lines.push_str(&format!("[+]{name} excluded: ok\n"));
        } else if let Some(reason) = state.fault(*check) {
            tracing::debug!(endpoint, check = name, reason, "a health check fails");
            lines.push_str(&format!("[-]{name} failed: reason withheld\n"));
            failed = true;
        } else {
            lines.push_str(&format!("[+]{name} ok\n"));
        }
    }
    if !unknown.is_empty() {
        let names: Vec<String> = unknown.iter().map(|name| format!("{name:?}")).collect();
        let names = names.join(",");
        lines.push_str(&format!("warn: some health checks cannot be excluded: no matches for {names}\n"));
    }
    if failed {
        let text = format!("{lines}{endpoint} check failed\n");
        return response::text(StatusCode::INTERNAL_SERVER_ERROR, text);
    }
    let verbose = query.iter().any(|(name, _)| name == "verbose");
    let text = if verbose { format!("{lines}{endpoint} check passed\n") } else { "ok".to_owned() };
    let mut response = response::bytes(StatusCode::OK, TEXT, text);
    response.headers_mut().insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(state: &State, endpoint: &str, check: Option<&str>, query: &str) -> (u16, String) {
        let response = answer(state, endpoint, check, Some(query));
        let code = response.status().as_u16();
        let crate::body::Kind::Whole(Some(bytes), _) = response.into_body().0 else { panic!("no body") };
        (code, String::from_utf8(bytes.to_vec()).unwrap())
    }

    fn state(persistence: Persistence, draining: bool) -> State {
        State { persistence, draining }
    }

    #[test]
    fn the_texts_are_the_real_servers() {
        let well = state(Persistence::Healthy, false);
        let full = state(Persistence::Failing("no space".to_owned()), false);
        let broken = state(Persistence::ReadOnly("a sync failed".to_owned()), false);
        let (draining, ok) = (state(Persistence::Healthy, true), "ok".to_owned());
        for (state, endpoint, check, query, expected) in [
            (&well, "readyz", None, "", (200, ok.as_str())),
            (
                &well,
                "readyz",
                None,
                "verbose",
                (200, "[+]ping ok\n[+]store ok\n[+]shutdown ok\nreadyz check passed\n"),
            ),
            (
                &well,
                "livez",
                None,
                "verbose=false&exclude=store&exclude=b&exclude=a",
                (
                    200,
                    "[+]ping ok\n[+]store excluded: ok\nwarn: some health checks cannot be excluded: no matches for \
                     \"a\",\"b\"\nlivez check passed\n",
                ),
            ),
            (&well, "readyz", Some("store"), "", (200, &ok)),
            (&well, "livez", Some("shutdown"), "", (404, "404 page not found\n")),
            (
                &broken,
                "readyz",
                None,
                "",
                (500, "[+]ping ok\n[-]store failed: reason withheld\n[+]shutdown ok\nreadyz check failed\n"),
            ),
            (&broken, "readyz", Some("store"), "", (500, "internal server error: a sync failed\n")),
            (&broken, "readyz", None, "exclude=store", (200, &ok)),
            (&full, "readyz", None, "", (200, &ok)),
            (&full, "livez", None, "", (200, &ok)),
            (
                &draining,
                "readyz",
                Some("shutdown"),
                "",
                (500, "internal server error: process is shutting down\n"),
            ),
            (&draining, "healthz", None, "", (200, &ok)),
        ] {
            let found = asked(state, endpoint, check, query);
            assert_eq!((found.0, found.1.as_str()), expected, "{endpoint} {check:?} {query}");
        }
    }

    #[test]
    fn what_a_restart_can_mend_is_not_alive() {
        let broken = state(Persistence::ReadOnly("a sync failed".to_owned()), false);
        for endpoint in ["healthz", "livez", "readyz"] {
            let (code, text) = asked(&broken, endpoint, None, "");
            assert_eq!(code, 500);
            assert!(text.contains("[-]store failed: reason withheld\n") && !text.contains("sync"), "{text}");
        }
    }
}

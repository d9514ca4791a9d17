//! A case: a name, a time limit and what to do.

use std::time::Duration;

use futures_util::future::BoxFuture;

use crate::check::Outcome;
use crate::context::Context;

/// For a case that says nothing else. What the real control plane does in the background (collecting, removing
/// namespaces) takes seconds, and the cases wait for it by polling.
const LIMIT: Duration = Duration::from_secs(30);

/// One line of the table.
#[derive(Clone, Copy)]
pub(crate) struct Case {
    /// `topic/what-holds`.
    pub(crate) name: &'static str,
    /// Over this it has failed.
    pub(crate) limit: Duration,
    /// The case itself.
    pub(crate) run: for<'a> fn(&'a Context) -> BoxFuture<'a, Outcome>,
}

impl Case {
    /// The name as part of a namespace or an API group.
    pub(crate) fn slug(&self) -> String {
        self.name.replace('/', "-")
    }
}

/// The limit of a case from what its line in the table says: nothing, or a number of seconds.
pub(crate) const fn limit(seconds: &[u64]) -> Duration {
    match seconds {
        [seconds, ..] => Duration::from_secs(*seconds),
        [] => LIMIT,
    }
}

/// A topic's part of the table: `"topic/name" => function`, or `"topic/name" within 60 => function`.
macro_rules! cases {
    ($($name:literal $(within $seconds:literal)? => $run:path),* $(,)?) => {
        pub(crate) const CASES: &[$crate::case::Case] = &[$($crate::case::Case {
            name: $name,
            limit: $crate::case::limit(&[$($seconds)?]),
            run: |cx| Box::pin($run(cx)),
        }),*];
    };
}

pub(crate) use cases;

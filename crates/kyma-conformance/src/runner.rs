//! Runs a table of cases against one server.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream;
use tokio::time::{Instant, timeout};

use crate::case::Case;
use crate::check::Failure;
use crate::client::Http;
use crate::context::Context;
use crate::output::{Output, Totals, Verdict};

/// What all cases of a run share.
pub(crate) struct Surroundings<'a> {
    pub(crate) server: &'a str,
    pub(crate) http: &'a Http,
    pub(crate) anonymous: &'a Http,
    /// Part of all names, so that two runs against one server do not meet.
    pub(crate) run: &'a str,
    pub(crate) concurrency: usize,
}

/// Runs the cases, and prints a line for each as it ends.
pub(crate) async fn run_cases(around: &Surroundings<'_>, cases: &[Case], output: &mut Output) -> Totals {
    let mut totals = Totals::default();
    let all = stream::iter(cases.iter().map(|case| async move {
        let started = Instant::now();
        let context =
            Context::new(around.http.clone(), around.anonymous.clone(), case.slug(), around.run.to_owned());
        let context = Arc::new(context);
        let verdict = run_case(*case, Arc::clone(&context)).await;
        let took = started.elapsed();
        context.tidy().await;
        (case.name, took, verdict)
    }));
    let mut ended = all.buffer_unordered(around.concurrency);
    while let Some((name, took, verdict)) = ended.next().await {
        report(output, &mut totals, (name, around.server), took, &verdict);
    }
    totals
}

/// Plays those of the named cases that contain `filter`, one after the other; without a kymactl they are skipped.
pub(crate) async fn play_all(
    names: &[&'static str],
    server: &str,
    kymactl: Option<&Path>,
    filter: &str,
    output: &mut Output,
    play: impl AsyncFn(&'static str, &Path) -> Verdict,
) -> Totals {
    let mut totals = Totals::default();
    for name in names.iter().filter(|name| name.contains(filter)) {
        let started = Instant::now();
        let verdict = match kymactl {
            None => Verdict::Skipped("it needs the kymactl binary: set KYMACTL_BIN or --kymactl".to_owned()),
            Some(kymactl) => play(name, kymactl).await,
        };
        report(output, &mut totals, (name, server), started.elapsed(), &verdict);
    }
    totals
}

/// Prints and counts one verdict; `of` is the case and the server.
pub(crate) fn report(
    output: &mut Output,
    totals: &mut Totals,
    of: (&str, &str),
    took: Duration,
    verdict: &Verdict,
) {
    match verdict {
        Verdict::Passed => totals.passed += 1,
        Verdict::Failed(_) => totals.failed += 1,
        Verdict::Skipped(_) => totals.skipped += 1,
    }
    output.case(of.0, of.1, took, verdict);
}

/// A case runs as a task of its own: one that panics fails alone.
async fn run_case(case: Case, context: Arc<Context>) -> Verdict {
    let mut task = tokio::spawn(async move { (case.run)(&context).await });
    match timeout(case.limit, &mut task).await {
        Ok(Ok(Ok(()))) => Verdict::Passed,
        Ok(Ok(Err(failure))) => Verdict::Failed(failure),
        Ok(Err(panic)) => Verdict::Failed(Failure::new(case.name, "an end", panic.to_string())),
        Err(_) => {
            task.abort();
            let expected = format!("an end within {} s", case.limit.as_secs());
            Verdict::Failed(Failure::new(case.name, expected, "it is still running"))
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Surroundings, run_cases};
    use crate::case::Case;
    use crate::check::{Failure, Outcome};
    use crate::client::Http;
    use crate::context::Context;
    use crate::output::tests::Shared;
    use crate::output::{Output, Totals};

    async fn passes(_: &Context) -> Outcome {
        Ok(())
    }

    async fn fails(_: &Context) -> Outcome {
        Err(Failure::new("it", "1", "2"))
    }

    async fn panics(_: &Context) -> Outcome {
        panic!("a fault in the case")
    }

    async fn hangs(_: &Context) -> Outcome {
        std::future::pending().await
    }

    #[tokio::test(start_paused = true)]
    async fn each_case_is_run_counted_and_printed() {
        let limit = Duration::from_secs(3);
        let cases = [
            Case { name: "a/passes", limit, run: |cx| Box::pin(passes(cx)) },
            Case { name: "a/fails", limit, run: |cx| Box::pin(fails(cx)) },
            Case { name: "a/panics", limit, run: |cx| Box::pin(panics(cx)) },
            Case { name: "a/hangs", limit, run: |cx| Box::pin(hangs(cx)) },
        ];
        let http = Http::nowhere();
        let around = Surroundings { server: "none", http: &http, anonymous: &http, run: "x", concurrency: 2 };
        let shared = Shared::default();
        let totals = run_cases(&around, &cases, &mut Output::new(shared.clone(), false)).await;
        assert_eq!(totals, Totals { passed: 1, failed: 3, skipped: 0 });
        let text = shared.text();
        for line in [
            "ok a/passes (none) ",
            "FAILED a/fails (none) ",
            "FAILED a/panics (none) ",
            "FAILED a/hangs (none) 3.00s",
        ] {
            assert!(text.contains(line), "{text}");
        }
        assert!(text.contains("an end within 3 s"), "{text}");
    }
}

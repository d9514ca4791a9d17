//! The same kubectl command lines against two servers, and their outputs compared.

use std::path::Path;
use std::time::Duration;

use futures_util::{StreamExt, stream};
use tokio::time::Instant;

use crate::check::{Failure, Outcome};
use crate::output::{Output, Totals, Verdict};
use crate::runner::report;
use crate::server::Server;

mod mask;
mod script;
mod scripts;
mod session;

use mask::Masks;
use script::Line;
pub(crate) use script::Script;
pub(crate) use scripts::scripts;
use session::{Said, Session};

/// How many scripts run at a time; each runs on both servers.
const CONCURRENCY: usize = 3;

/// Runs the scripts whose names contain `filter`, and prints a line for each.
pub(crate) async fn compare_all(
    kubectl: &Path,
    servers: [&Server; 2],
    filter: &str,
    run: &str,
    output: &mut Output,
) -> Totals {
    let mut totals = Totals::default();
    let label = format!("{} and {}", servers[0].label, servers[1].label);
    let masks = Masks::new();
    let wanted = scripts().into_iter().filter(|script| script.name.contains(filter));
    let all = stream::iter(wanted.map(|script| {
        let masks = &masks;
        async move {
            let started = Instant::now();
            let verdict = if kubectl.exists() {
                let namespace = format!("{}-{run}", script.name.replace('/', "-"));
                compare(kubectl, servers, &script, &namespace, masks)
                    .await
                    .map_or_else(Verdict::Failed, |()| Verdict::Passed)
            } else {
                Verdict::Skipped(format!("there is no {}", kubectl.display()))
            };
            (script.name, started.elapsed(), verdict)
        }
    }));
    let mut ended = all.buffer_unordered(CONCURRENCY);
    while let Some((name, took, verdict)) = ended.next().await {
        report(output, &mut totals, (name, &label), took, &verdict);
    }
    totals
}

/// Prints the scripts whose names contain `filter` as skipped.
pub(crate) fn skip_all(filter: &str, output: &mut Output) -> Totals {
    let mut totals = Totals::default();
    for script in scripts().into_iter().filter(|script| script.name.contains(filter)) {
        let verdict = Verdict::Skipped("it compares two servers".to_owned());
        report(output, &mut totals, (script.name, "one server"), Duration::ZERO, &verdict);
    }
    totals
}

/// Runs one script on both servers, line by line, and tells all lines whose outputs differ.
async fn compare(
    kubectl: &Path,
    servers: [&Server; 2],
    script: &Script,
    namespace: &str,
    masks: &Masks,
) -> Outcome {
    let one = Session::open(kubectl, servers[0], script, namespace).await?;
    let other = Session::open(kubectl, servers[1], script, namespace).await?;
    let mut different = Vec::new();
    let mut beside = Vec::new();
    for line in script.lines {
        if Line::parse(line).beside {
            let started = tokio::try_join!(one.start_beside(line), other.start_beside(line));
            beside.push((line, started));
            continue;
        }
        let outcome = tokio::try_join!(one.run(line), other.run(line))
            .and_then(|(said, reference)| equal(line, &said, &reference, masks));
        different.extend(outcome.err().map(|failure| failure.to_string()));
    }
    for (line, started) in beside {
        let ended = match started {
            Ok((one, other)) => tokio::try_join!(one.end(), other.end()),
            Err(failure) => Err(failure),
        };
        let outcome = ended.and_then(|(said, reference)| equal(line, &said, &reference, masks));
        different.extend(outcome.err().map(|failure| failure.to_string()));
    }
    one.close().await;
    other.close().await;
    if different.is_empty() {
        return Ok(());
    }
    let what = format!("{} of {} command lines", different.len(), script.lines.len());
    Err(Failure::new(what, format!("the output of the {} server", servers[1].label), different.join("\n")))
}

/// Compares what the first server made kubectl say with what the reference did.
fn equal(line: &str, said: &Said, reference: &Said, masks: &Masks) -> Outcome {
    let without_prose = Line::parse(line).without_prose;
    let [said, reference] = [said, reference].map(|said| {
        let stdout = masks.apply(&said.stdout);
        let stdout = if without_prose { mask::without_prose(&stdout) } else { stdout };
        Said { code: said.code, stdout, stderr: masks.apply(&said.stderr) }
    });
    if said == reference {
        return Ok(());
    }
    let what = format!("kubectl {line}");
    if said.code != reference.code {
        return Err(Failure::new(what, reference.shown(), said.shown()));
    }
    let [said, reference] = [said.shown(), reference.shown()];
    let (expected, actual) = first_difference(&reference, &said);
    Err(Failure::new(what, expected, actual))
}

impl Said {
    fn shown(&self) -> String {
        let Self { code, stdout, stderr } = self;
        let code = code.map_or_else(|| "a signal".to_owned(), |code| format!("exit code {code}"));
        format!("{code}\n{stdout}{stderr}")
    }
}

/// From the first line that differs on, with the line before it.
fn first_difference(expected: &str, actual: &str) -> (String, String) {
    let same =
        expected.lines().zip(actual.lines()).take_while(|(expected, actual)| expected == actual).count();
    let from = |text: &str| text.lines().skip(same.saturating_sub(1)).take(12).collect::<Vec<_>>().join("\n");
    (from(expected), from(actual))
}

#[cfg(test)]
mod tests {
    use super::{Masks, Said, equal};

    fn said(stdout: &str) -> Said {
        Said { code: Some(0), stdout: stdout.into(), stderr: String::new() }
    }

    #[test]
    fn what_is_masked_may_differ() {
        let one = "a   Active   5s\nuid: 0d4a9d5c-5b0c-4c35-9d3b-6a4b4d2f7c11\n";
        let other = "a   Active   3m12s\nuid: 6a1f0a52-08e2-4f43-8e5f-3d6fbb8f1c77\n";
        assert_eq!(equal("get x", &said(one), &said(other), &Masks::new()), Ok(()));
    }

    #[test]
    fn one_letter_is_a_difference() {
        let masks = Masks::new();
        let text = "NAME   STATUS   AGE\na      Active   5s\n";
        for at in text.char_indices().filter(|(_, letter)| letter.is_alphabetic()).map(|(at, _)| at).take(20)
        {
            let mut planted = text.to_owned();
            planted.replace_range(at..=at, "z");
            assert!(equal("get x", &said(&planted), &said(text), &masks).is_err(), "{planted}");
        }
        let mut other = said(text);
        other.stderr = "Warning: w\n".into();
        assert!(equal("get x", &other, &said(text), &masks).is_err());
        assert!(equal("get x", &Said { code: Some(1), ..said(text) }, &said(text), &masks).is_err());
    }

    #[test]
    fn a_difference_is_shown_where_it_is() {
        let (one, other) = (said("1\n2\n3\nx\n5\n"), said("1\n2\n3\n4\n5\n"));
        let failure = equal("get x", &one, &other, &Masks::new()).unwrap_err().to_string();
        assert!(failure.contains("kubectl get x"), "{failure}");
        assert!(failure.contains("expected: 3\n4\n5") && failure.contains("actual:   3\nx\n5"), "{failure}");
    }
}

//! The same kubectl command lines against two servers, and their outputs compared.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use futures_util::{StreamExt, stream};
use tempfile::TempDir;
use tokio::process::Command;
use tokio::time::Instant;

use crate::check::{Failure, Outcome};
use crate::context::NAMESPACES;
use crate::fixture;
use crate::output::{Output, Totals, Verdict};
use crate::runner::report;
use crate::server::Server;

mod mask;
mod script;
mod scripts;

use mask::Masks;
pub(crate) use script::Script;
use script::words;
pub(crate) use scripts::scripts;

/// How many scripts run at a time; each runs on both servers.
const CONCURRENCY: usize = 2;

/// For one command line; kubectl waits for deletions by itself.
const LINE_LIMIT: Duration = Duration::from_secs(90);

/// What a command line left behind.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Said {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

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
    let wanted = scripts().iter().filter(|script| script.name.contains(filter));
    let all = stream::iter(wanted.map(|script| {
        let masks = &masks;
        async move {
            let started = Instant::now();
            let verdict = if kubectl.exists() {
                let namespace = format!("{}-{run}", script.name.replace('/', "-"));
                compare(kubectl, servers, script, &namespace, masks)
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
    for script in scripts().iter().filter(|script| script.name.contains(filter)) {
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
    for line in script.lines {
        let outcome = match tokio::join!(one.run(line), other.run(line)) {
            (Ok(said), Ok(reference)) => equal(line, &said, &reference, masks),
            (Err(failure), _) | (_, Err(failure)) => Err(failure),
        };
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
    let [said, reference] = [said, reference].map(|said| Said {
        code: said.code,
        stdout: masks.apply(&said.stdout),
        stderr: masks.apply(&said.stderr),
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

/// A script on one server: a namespace and a folder with the script's files.
struct Session<'a> {
    kubectl: &'a Path,
    server: &'a Server,
    namespace: &'a str,
    folder: TempDir,
}

impl<'a> Session<'a> {
    async fn open(
        kubectl: &'a Path,
        server: &'a Server,
        script: &Script,
        namespace: &'a str,
    ) -> Outcome<Self> {
        let failed =
            |error: std::io::Error| Failure::new("a folder for files", "it can be made", error.to_string());
        let folder = tempfile::tempdir().map_err(failed)?;
        for (name, text) in script.files {
            std::fs::write(folder.path().join(name), text).map_err(failed)?;
        }
        server.http.post(NAMESPACES, &fixture::namespace(namespace)).await?.created()?;
        Ok(Self { kubectl, server, namespace, folder })
    }

    /// Runs one command line; `$NS` in it is the script's namespace.
    async fn run(&self, line: &str) -> Outcome<Said> {
        let failed = |why: String| Failure::new(format!("kubectl {line}"), "it runs", why);
        let mut command = Command::new(self.kubectl);
        command
            .arg("--kubeconfig")
            .arg(&self.server.kubeconfig)
            .args(words(&line.replace("$NS", self.namespace)))
            .current_dir(self.folder.path())
            // Discovery is cached by address below the home folder, and addresses are used again.
            .env("HOME", self.folder.path())
            .env_remove("KUBECONFIG")
            .env_remove("KUBECACHEDIR")
            .stdin(Stdio::null())
            .kill_on_drop(true);
        let late = |_| failed(format!("no end after {} s", LINE_LIMIT.as_secs()));
        let output = tokio::time::timeout(LINE_LIMIT, command.output()).await.map_err(late)?;
        let output = output.map_err(|error| failed(error.to_string()))?;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Ok(Said { code: output.status.code(), stdout: text(&output.stdout), stderr: text(&output.stderr) })
    }

    /// Deletes the namespace, and that of `$NS-other`, and does not wait for it.
    async fn close(self) {
        for name in [self.namespace.to_owned(), format!("{}-other", self.namespace)] {
            let _ = self.server.http.delete(&format!("{NAMESPACES}/{name}")).await;
        }
    }
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

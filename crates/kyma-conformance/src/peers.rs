//! The test suites of other projects, run unchanged against both servers, a fresh one for each.
//!
//! They are built by `hack/peers/build.sh` from Go modules: compiled tests that take the server of `KUBECONFIG`. The
//! real server (without controllers, as their authors run them) says which cases apply; those have to pass on the
//! embedded one, but for the exceptions in `hack/peers/not-applicable.yaml`, each of which has its reason.

mod report;
mod table;
mod verdict;

use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::process::Command;
use tokio::time::Instant;

use crate::args::{PeersArgs, Which};
use crate::check::Failure;
use crate::client::chain;
use crate::output::{Output, Totals, Verdict};
use crate::process::Process;
use crate::runner::report as say;
use crate::server::{Server, ServerError};
use crate::suite::{RunError, interrupted};
use report::Cases;
use table::Row;
use verdict::{Exception, judge};

/// The slowest suite needs half a minute.
const SUITE_LIMIT: Duration = Duration::from_secs(600);

/// A compiled suite.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Suite {
    /// Project and package: `controller-runtime/client`.
    name: String,
    program: PathBuf,
    /// Where it has to run: its package's folder, which has its test data.
    folder: PathBuf,
}

/// Runs the suites on the servers of the arguments, and writes the table.
///
/// # Errors
/// When nothing could be run; a case that fails is no error but counted.
pub async fn run(args: &PeersArgs, output: &mut Output) -> Result<Totals, RunError> {
    tokio::select! {
        biased;
        () = interrupted() => Err(RunError::Interrupt),
        done = run_all(args, output) => done,
    }
}

async fn run_all(args: &PeersArgs, output: &mut Output) -> Result<Totals, RunError> {
    let suites = suites(&args.suites, &args.filter)?;
    let exceptions = exceptions(&args.not_applicable)?;
    let mut totals = Totals::default();
    let mut rows = Vec::new();
    for suite in &suites {
        let mut sides = Sides::default();
        for label in labels(args.server) {
            let started = Instant::now();
            let cases = on_fresh_server(suite, label, args).await;
            let verdict = match (&cases, label) {
                (Err(failure), _) => Verdict::Failed(failure.clone()),
                // With one server there is nothing to compare with: what failed, failed.
                (Ok(cases), _) if args.server != Which::Both => alone(cases),
                (Ok(_), _) => Verdict::Passed,
            };
            say(output, &mut totals, (&suite.name, label), started.elapsed(), &verdict);
            sides.keep(label, cases.ok());
        }
        if let (Some(real), Some(embedded)) = (&sides.real, &sides.embedded) {
            let judged = judge(&suite.name, real, embedded, &exceptions);
            for verdict in verdicts(&judged) {
                let name = format!("{}/compared", suite.name);
                say(output, &mut totals, (&name, "both"), Duration::ZERO, &verdict);
            }
            rows.push(Row { suite: suite.name.clone(), judged });
        }
    }
    if args.server == Which::Both {
        let text = table::markdown(&rows);
        match &args.out {
            Some(file) => std::fs::write(file, &text)
                .map_err(|error| problem(file, format!("failed to write the table: {error}")))?,
            None => output.line(&text),
        }
    }
    output.totals(totals);
    Ok(totals)
}

/// What a suite said on either server.
#[derive(Default)]
struct Sides {
    real: Option<Cases>,
    embedded: Option<Cases>,
}

impl Sides {
    fn keep(&mut self, label: &str, cases: Option<Cases>) {
        if label == REAL { self.real = cases } else { self.embedded = cases }
    }
}

const REAL: &str = "real";
const EMBEDDED: &str = "embedded";

fn labels(which: Which) -> &'static [&'static str] {
    match which {
        Which::Embedded => &[EMBEDDED],
        Which::Real => &[REAL],
        Which::Both => &[REAL, EMBEDDED],
    }
}

fn alone(cases: &Cases) -> Verdict {
    let failed: Vec<String> = cases
        .iter()
        .filter(|(_, specs)| specs.failed > 0)
        .map(|(name, specs)| format!("{name}: {}", specs.why.as_deref().unwrap_or_default()))
        .collect();
    let passed: usize = cases.values().map(|specs| specs.passed).sum();
    if failed.is_empty() && passed > 0 {
        return Verdict::Passed;
    }
    let actual = format!("{passed} passed, {} failed:\n{}", failed.len(), failed.join("\n"));
    Verdict::Failed(Failure::new("the suite", "every case passes", actual))
}

fn verdicts(judged: &verdict::Judged) -> Vec<Verdict> {
    if judged.holds() {
        return vec![Verdict::Passed];
    }
    let mut failures = Vec::new();
    for (case, why) in &judged.failed {
        failures.push(Failure::new(case, "it passes, as on the real server", why));
    }
    for case in &judged.stale {
        let expected = "it fails, or is no longer listed as not applicable";
        failures.push(Failure::new(case, expected, "it passes, or is not there"));
    }
    if judged.real == 0 {
        failures.push(Failure::new("the suite", "cases that pass on the real server", "none"));
    }
    failures.into_iter().map(Verdict::Failed).collect()
}

async fn on_fresh_server(suite: &Suite, label: &str, args: &PeersArgs) -> Result<Cases, Failure> {
    let server = if label == REAL {
        Server::real_without_manager(&args.controlplane).await
    } else {
        Server::embedded(args.kymactl.as_deref()).await
    };
    let server =
        server.map_err(|error: ServerError| Failure::new("the server", "it starts", chain(&error)))?;
    let cases = on_server(suite, &server.kubeconfig).await;
    server.stop().await.map_err(|why| Failure::new("the end of the server", "a clean one", why))?;
    cases
}

/// Runs a suite in its folder, and reads its report.
async fn on_server(suite: &Suite, kubeconfig: &Path) -> Result<Cases, Failure> {
    let failed = |why: String| Failure::new(&suite.name, "a report of its cases", why);
    let folder = tempfile::tempdir().map_err(|error| failed(error.to_string()))?;
    let report = folder.path().join("report.json");
    let mut command = Command::new(&suite.program);
    command
        .arg(format!("--ginkgo.json-report={}", report.display()))
        .arg("--ginkgo.no-color")
        .current_dir(&suite.folder)
        .env("USE_EXISTING_CLUSTER", "true")
        .env("KUBECONFIG", kubeconfig);
    let process = Process::spawn(command, folder.path().join("log"));
    let mut process = process.map_err(|error| failed(error.to_string()))?;
    if !process.wait(SUITE_LIMIT).await {
        let tail = process.tail();
        process.kill().await;
        return Err(failed(format!("it still runs after {} s:\n{tail}", SUITE_LIMIT.as_secs())));
    }
    let text = std::fs::read_to_string(&report)
        .map_err(|error| failed(format!("{error}; the end of its output:\n{}", process.tail())))?;
    report::parse(&text).map_err(|error| failed(error.to_string()))
}

/// The suites in `<folder>/<project>/<name>.test`, by name.
fn suites(folder: &Path, filter: &str) -> Result<Vec<Suite>, RunError> {
    let missing = || problem(folder, "no suites; build them with `hack/peers/build.sh`".to_owned());
    let mut suites = Vec::new();
    for project in std::fs::read_dir(folder).map_err(|_| missing())?.flatten() {
        for file in std::fs::read_dir(project.path()).into_iter().flatten().flatten() {
            let program = file.path();
            if program.extension().is_none_or(|extension| extension != "test") {
                continue;
            }
            let place = program.with_extension("dir");
            let place =
                std::fs::read_to_string(&place).map_err(|error| problem(&place, error.to_string()))?;
            let stem = program.file_stem().unwrap_or_default().to_string_lossy();
            let name = format!("{}/{stem}", project.file_name().to_string_lossy());
            let program =
                std::path::absolute(&program).map_err(|error| problem(&program, error.to_string()))?;
            suites.push(Suite { name, program, folder: place.trim().into() });
        }
    }
    if suites.is_empty() {
        return Err(missing());
    }
    suites.retain(|suite| suite.name.contains(filter));
    if suites.is_empty() {
        return Err(RunError::SelectCases { filter: filter.to_owned() });
    }
    suites.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(suites)
}

fn exceptions(file: &Path) -> Result<Vec<Exception>, RunError> {
    let text = std::fs::read_to_string(file).map_err(|error| problem(file, error.to_string()))?;
    serde_saphyr::from_str(&text).map_err(|error| problem(file, error.to_string()))
}

fn problem(place: &Path, why: String) -> RunError {
    RunError::RunPeers { place: place.to_owned(), why }
}

#[cfg(test)]
mod tests {
    use super::{RunError, Suite, suites};

    #[test]
    fn suites_are_found_with_their_folders() {
        let folder = tempfile::tempdir().unwrap();
        let project = folder.path().join("some-project");
        std::fs::create_dir(&project).unwrap();
        std::fs::write(project.join("stamp"), "").unwrap();
        for name in ["b", "a"] {
            std::fs::write(project.join(format!("{name}.test")), "").unwrap();
            std::fs::write(project.join(format!("{name}.dir")), "/somewhere\n").unwrap();
        }
        let found = suites(folder.path(), "").unwrap();
        let names: Vec<&str> = found.iter().map(|suite| suite.name.as_str()).collect();
        assert_eq!(names, ["some-project/a", "some-project/b"]);
        let b = suites(folder.path(), "/b").unwrap();
        let program = project.join("b.test");
        assert_eq!(b, [Suite { name: "some-project/b".into(), program, folder: "/somewhere".into() }]);
        assert!(matches!(suites(folder.path(), "absent"), Err(RunError::SelectCases { .. })));
    }

    #[test]
    fn a_folder_without_suites_says_how_to_get_them() {
        let folder = tempfile::tempdir().unwrap();
        let error = suites(folder.path(), "").unwrap_err().to_string();
        assert!(error.contains("hack/peers/build.sh"), "{error}");
    }
}

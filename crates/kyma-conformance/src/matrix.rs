//! The conformance matrix: verb × subresource × condition, for some kinds.
//!
//! Nobody writes down what a cell comes to: the real server was asked, and its answers are in `recorded/*.txt`, with
//! names, times, versions and UIDs replaced by symbols. Every run plays all cells on each of its servers and compares
//! with the record, so a change of either is seen, and what a cell says can be read without any server.
//! `run --record` writes the record anew from the real server.

mod cell;
mod play;
mod record;
mod request;
mod subject;

use std::path::Path;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream;
use tokio::time::{Instant, timeout};

use crate::check::{Failure, Outcome};
use crate::context::{DEFINITIONS, NAMESPACES};
use crate::fixture;
use crate::output::{Output, Totals, Verdict};
use crate::poll::eventually;
use crate::runner::report;
use crate::server::Server;
use cell::{Cell, cells};
use record::{Difference, Record};
use subject::SUBJECTS;

/// The longest cell is a watch that ends after a second.
const CELL_LIMIT: Duration = Duration::from_secs(30);
const SERVED_LIMIT: Duration = Duration::from_secs(20);
/// Beginning of the names in a run.
const PREFIX: &str = "mx";

/// The names of all cells: `matrix/configmap/update/stale`.
pub(crate) fn names() -> Vec<String> {
    SUBJECTS.iter().flat_map(cells).map(|cell| name(&cell)).collect()
}

fn name(cell: &Cell) -> String {
    format!("matrix/{}/{}", cell.subject.name, cell.name())
}

/// What a run of the matrix is told.
pub(crate) struct Plan<'a> {
    pub(crate) filter: &'a str,
    /// Part of all names.
    pub(crate) run: &'a str,
    pub(crate) concurrency: usize,
    /// Where the records are.
    pub(crate) folder: &'a Path,
    /// Whether to write them instead of comparing.
    pub(crate) record: bool,
}

/// Plays the cells on a server, and compares or records what it answers.
pub(crate) async fn run_all(server: &Server, plan: &Plan<'_>, output: &mut Output) -> Totals {
    let mut totals = Totals::default();
    let chosen = SUBJECTS.iter().flat_map(cells).filter(|cell| name(cell).contains(plan.filter));
    let chosen: Vec<Cell> = chosen.collect();
    if chosen.is_empty() {
        return totals;
    }
    let namespace = format!("{PREFIX}-{}", plan.run);
    let started = Instant::now();
    let read = record::differences(plan.folder);
    let ready = async {
        let differences = read.map_err(|why| Failure::new("the differences", "a file of them", why))?;
        surroundings(server, &namespace).await?;
        Ok::<_, Failure>(differences)
    };
    let differences = match ready.await {
        Ok(differences) => differences,
        Err(failure) => {
            let of = ("matrix/surroundings", server.label);
            report(output, &mut totals, of, started.elapsed(), &Verdict::Failed(failure));
            return totals;
        }
    };
    let played = stream::iter(chosen.iter().enumerate().map(|(at, cell)| {
        let space = if cell.subject.namespaced { namespace.as_str() } else { "" };
        let object = format!("{namespace}-{at:04}");
        async move {
            let started = Instant::now();
            let played = timeout(CELL_LIMIT, play::play(cell, &server.http, space, &object)).await;
            let played = played.unwrap_or_else(|_| Err(Failure::new(name(cell), "an end", "it still runs")));
            (cell, started.elapsed(), played)
        }
    }));
    let mut played = played.buffer_unordered(plan.concurrency);
    let mut recorder = Recorder::new(plan, differences, server.label);
    while let Some((cell, took, text)) = played.next().await {
        let verdict = match text {
            Ok(text) => recorder.take(cell, text),
            Err(failure) => Verdict::Failed(failure),
        };
        report(output, &mut totals, (&name(cell), server.label), took, &verdict);
    }
    if let Err(why) = recorder.finish() {
        let verdict = Verdict::Failed(Failure::new("the record", "it is written", why));
        report(output, &mut totals, ("matrix/record", server.label), started.elapsed(), &verdict);
    }
    let _ = server.http.delete(&format!("{NAMESPACES}/{namespace}")).await;
    totals
}

/// The namespace and the kinds that the cells are about.
async fn surroundings(server: &Server, namespace: &str) -> Outcome {
    server.http.post(NAMESPACES, &fixture::namespace(namespace)).await?.created()?;
    install(server).await
}

/// Installs the custom kinds, and waits until they are Established: only then objects can be created.
pub(crate) async fn install(server: &Server) -> Outcome {
    for definition in subject::definitions() {
        let answer = server.http.post(DEFINITIONS, &definition).await?;
        if answer.code() != 409 {
            answer.created()?;
        }
        let item = format!("{DEFINITIONS}/{}", fixture::text(&definition, "/metadata/name"));
        eventually(&format!("{item} is Established"), SERVED_LIMIT, || async {
            let now = server.http.get(&item).await?.ok()?;
            let established = fixture::condition(&now, "Established")["status"] == "True";
            Ok(if established { Ok(()) } else { Err(now["status"].to_string()) })
        })
        .await?;
    }
    Ok(())
}

/// Takes the texts of the cells: compares them with the records, or makes new ones.
struct Recorder<'a> {
    plan: &'a Plan<'a>,
    label: &'static str,
    differences: Vec<Difference>,
    /// By kind.
    records: Vec<(&'static str, Result<Record, String>)>,
    /// Kinds whose record has changed.
    fresh: Vec<(&'static str, Record)>,
}

impl<'a> Recorder<'a> {
    fn new(plan: &'a Plan<'a>, differences: Vec<Difference>, label: &'static str) -> Self {
        let records = SUBJECTS.iter().map(|subject| (subject.name, record::read(plan.folder, subject.name)));
        Self { plan, label, differences, records: records.collect(), fresh: Vec::new() }
    }

    fn take(&mut self, cell: &Cell, text: String) -> Verdict {
        let kind = cell.subject.name;
        if self.plan.record {
            match self.fresh.iter_mut().find(|(name, _)| *name == kind) {
                Some((_, record)) => drop(record.insert(cell.name(), text)),
                None => self.fresh.push((kind, Record::from([(cell.name(), text)]))),
            }
            return Verdict::Passed;
        }
        let recorded = self.records.iter().find(|(name, _)| *name == kind).map(|(_, record)| record);
        let expected = match recorded {
            Some(Ok(record)) => record.get(&cell.name()).map_or("nothing is recorded", String::as_str),
            Some(Err(why)) => why,
            None => "no such kind",
        };
        let full = name(cell);
        let excuse = self.differences.iter().find(|difference| difference.cell == full);
        // The record is the real server's: nothing excuses that.
        let excuse = excuse.filter(|_| self.label != "real");
        match (expected == text, excuse) {
            (true, None) => Verdict::Passed,
            (false, Some(difference)) => Verdict::Skipped(difference.reason.clone()),
            (true, Some(_)) => {
                Verdict::Failed(Failure::new(full, "a difference, as written down", "it is as recorded"))
            }
            (false, None) => Verdict::Failed(Failure::new(full, expected, text)),
        }
    }

    /// Writes the new records. A filtered run replaces only what it has played.
    fn finish(self) -> Result<(), String> {
        for (kind, fresh) in self.fresh {
            let known: Vec<String> = SUBJECTS
                .iter()
                .filter(|subject| subject.name == kind)
                .flat_map(cells)
                .map(|cell| cell.name())
                .collect();
            let old = self.records.iter().find(|(name, _)| *name == kind);
            let mut record = old.and_then(|(_, record)| record.clone().ok()).unwrap_or_default();
            record.retain(|name, _| known.contains(name));
            record.extend(fresh);
            record::write(self.plan.folder, kind, &record)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{SUBJECTS, cells, record};

    fn folder() -> std::path::PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("recorded")
    }

    #[test]
    fn every_cell_is_recorded_and_nothing_else() {
        for subject in &SUBJECTS {
            let record = record::read(&folder(), subject.name).unwrap();
            let recorded: Vec<&String> = record.keys().collect();
            let mut names: Vec<String> = cells(subject).iter().map(super::Cell::name).collect();
            names.sort();
            assert_eq!(recorded, names.iter().collect::<Vec<_>>(), "{}", subject.name);
            assert!(record.values().all(|text| text.lines().count() >= 2), "{}", subject.name);
        }
    }

    #[test]
    fn every_difference_is_about_a_cell() {
        let names = super::names();
        for difference in record::differences(&folder()).unwrap() {
            assert!(names.contains(&difference.cell), "{}", difference.cell);
            assert!(!difference.reason.is_empty(), "{}", difference.cell);
        }
    }
}

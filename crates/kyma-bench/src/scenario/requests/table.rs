//! Figures of requests, and the tables that show them.

use std::fmt;
use std::time::Duration;

use super::Load;
use super::phase::Phase;
use crate::report::Table;
use crate::server::{Kind, TRANSPORT};
use crate::statistics::{Spread, count, number, spread};

/// What kymactl is to need at most, beside kube-apiserver + etcd.
const FACTOR_WANTED: f64 = 15.0;

/// One phase of one run.
#[derive(Debug, Clone)]
pub(crate) struct Measured {
    pub(crate) phase: Phase,
    pub(crate) operations: usize,
    /// Of the server's processes together.
    pub(crate) cpu: Duration,
    pub(crate) elapsed: Duration,
    pub(crate) p50: Duration,
    pub(crate) p99: Duration,
    pub(crate) errors: usize,
    pub(crate) first_error: Option<String>,
    /// How many events watchers saw, and how many there were for them.
    pub(crate) events: Option<(usize, usize)>,
}

/// The runs of one server.
pub(crate) type Runs = (Load, Vec<Vec<Measured>>);

impl Measured {
    fn cpu_us(&self) -> f64 {
        self.cpu.as_secs_f64() * 1e6 / count(self.operations)
    }

    fn rate(&self) -> f64 {
        count(self.operations) / self.elapsed.as_secs_f64()
    }
}

/// One line, to see how it goes.
impl fmt::Display for Measured {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}: {} µs of CPU each, {}/s",
            self.phase.name(),
            number(self.cpu_us()),
            number(self.rate())
        )?;
        if let Some(error) = &self.first_error {
            write!(f, "; {} errors, the first: {error}", self.errors)?;
        }
        if let Some((seen, wanted)) = self.events {
            write!(f, "; {seen} of {wanted} events seen")?;
        }
        Ok(())
    }
}

/// The same phase of all runs.
fn phases(runs: &Runs) -> impl Iterator<Item = (Phase, Vec<&Measured>)> {
    Phase::ALL.into_iter().map(|phase| {
        let measured = runs.1.iter().flatten().filter(|measured| measured.phase == phase);
        (phase, measured.collect())
    })
}

/// What each request costs each server.
pub(crate) fn costs(all: &[Runs]) -> Table {
    let header = [
        "request",
        "server",
        "store",
        "transport",
        "settings",
        "server CPU µs/request",
        "requests/s",
        "p50 ms",
        "p99 ms",
        "errors",
        "events seen",
    ];
    let mut table = Table::new("Cost of a request", &header);
    for runs in all {
        let load = &runs.0;
        for (phase, measured) in phases(runs) {
            let of = |figure: fn(&Measured) -> f64| spread(measured.iter().map(|&measured| figure(measured)));
            let events: Option<(usize, usize)> =
                measured.iter().filter_map(|measured| measured.events).reduce(|a, b| (a.0 + b.0, a.1 + b.1));
            table.row([
                label(phase, load),
                load.kind.name().to_owned(),
                load.kind.store().to_owned(),
                TRANSPORT.to_owned(),
                settings(phase, load),
                of(Measured::cpu_us),
                of(Measured::rate),
                of(|measured| measured.p50.as_secs_f64() * 1e3),
                of(|measured| measured.p99.as_secs_f64() * 1e3),
                measured.iter().map(|measured| measured.errors).sum::<usize>().to_string(),
                events.map_or_else(|| "–".to_owned(), |(seen, wanted)| format!("{seen} of {wanted}")),
            ]);
        }
    }
    let runs = all.first().map_or(0, |runs| runs.1.len());
    table.note(format!("Runs: {runs}, each against a fresh server; the median (smallest..largest)."));
    table.note(
        "Server CPU is utime + stime of the server's processes; they are counted in steps of 10 ms, the driver's own are not in it.",
    );
    table
}

/// kymactl beside kube-apiserver; `None` unless both were measured.
pub(crate) fn comparison(all: &[Runs]) -> Option<Table> {
    let of = |kind| all.iter().find(|runs| runs.0.kind == kind);
    let (embedded, real) = (of(Kind::Embedded)?, of(Kind::Real)?);
    let header = [
        "request",
        "transport",
        "kymactl apiserver (memory) CPU µs",
        "kube-apiserver + etcd (disk, no fsync) CPU µs",
        "factor",
        "wanted",
        "",
    ];
    let mut table = Table::new("Server CPU beside the real server", &header);
    for ((phase, ours), (_, theirs)) in phases(embedded).zip(phases(real)) {
        let median = |measured: &[&Measured]| Spread::of(measured.iter().map(|measured| measured.cpu_us()));
        let (Some(ours), Some(theirs)) = (median(&ours), median(&theirs)) else { continue };
        // Less than a step of the process table has no factor.
        let factor = (ours.median > 0.0).then(|| theirs.median / ours.median);
        let verdict = match factor {
            Some(factor) if factor < FACTOR_WANTED => "missed",
            Some(_) => "reached",
            None => "too little to measure",
        };
        table.row([
            label(phase, &embedded.0),
            TRANSPORT.to_owned(),
            ours.to_string(),
            theirs.to_string(),
            factor.map_or_else(|| "–".to_owned(), number),
            format!("at least {}", number(FACTOR_WANTED)),
            verdict.to_owned(),
        ]);
    }
    table.note("The factor is that of the medians; both servers were driven in turns in the same run.");
    Some(table)
}

/// What makes the figures worthless.
pub(crate) fn problems(all: &[Runs]) -> Vec<String> {
    let measured =
        all.iter().flat_map(|(load, runs)| runs.iter().flatten().map(move |measured| (load, measured)));
    let mut problems = Vec::new();
    for (load, measured) in measured {
        let what = format!("{} at {}", measured.phase.name(), load.kind.name());
        if measured.errors > 0 {
            let first = measured.first_error.as_deref().unwrap_or("unknown");
            problems.push(format!("{what}: {} errors, the first: {first}", measured.errors));
        }
        if let Some((seen, wanted)) = measured.events.filter(|(seen, wanted)| seen != wanted) {
            problems.push(format!("{what}: watchers saw {seen} of {wanted} events"));
        }
    }
    problems
}

fn label(phase: Phase, load: &Load) -> String {
    if phase == Phase::List {
        format!("list of {} objects", load.list_objects)
    } else {
        phase.name().to_owned()
    }
}

fn settings(phase: Phase, load: &Load) -> String {
    let operations = if phase == Phase::List { load.lists } else { load.operations };
    format!("{operations} requests, {} connections", load.connections)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn runs(kind: Kind, cpus_ms: &[u64]) -> Runs {
        let load = Load { kind, operations: 100, lists: 20, list_objects: 3000, connections: 16 };
        let measured = |cpu_ms: u64| {
            let measured = |phase| Measured {
                phase,
                operations: 100,
                cpu: Duration::from_millis(cpu_ms),
                elapsed: Duration::from_millis(50),
                p50: Duration::from_micros(500),
                p99: Duration::from_millis(2),
                errors: 0,
                first_error: None,
                events: (phase == Phase::Status).then_some((400, 400)),
            };
            Phase::ALL.map(measured).to_vec()
        };
        (load, cpus_ms.iter().map(|&cpu_ms| measured(cpu_ms)).collect())
    }

    #[test]
    fn a_row_says_what_was_measured() {
        let text = costs(&[runs(Kind::Embedded, &[3, 2, 4])]).to_markdown();
        let row = "| status PUT, 4 watchers | kymactl apiserver | memory | HTTP/1.1, TLS, loopback \
                   | 100 requests, 16 connections | 30 (20..40) | 2000 | 0.500 | 2 | 0 | 1200 of 1200 |\n";
        assert!(text.contains(row), "{text}");
        assert!(text.contains(
            "| list of 3000 objects | kymactl apiserver | memory | HTTP/1.1, TLS, loopback | 20 requests"
        ));
        assert!(text.contains("- Runs: 3, each"));
    }

    #[test]
    fn a_factor_is_of_medians() {
        let all = [runs(Kind::Embedded, &[3]), runs(Kind::Real, &[20, 60, 50])];
        let text = comparison(&all).unwrap().to_markdown();
        assert!(text.contains("| 30 | 500 (200..600) | 16.7 | at least 15 | reached |"), "{text}");
        let text = comparison(&[runs(Kind::Embedded, &[5]), runs(Kind::Real, &[40])]).unwrap().to_markdown();
        assert!(text.contains("| 50 | 400 | 8 | at least 15 | missed |"), "{text}");
        let text = comparison(&[runs(Kind::Embedded, &[0]), runs(Kind::Real, &[40])]).unwrap().to_markdown();
        assert!(text.contains("| 0 | 400 | – | at least 15 | too little to measure |"), "{text}");
        assert!(comparison(&all[..1]).is_none());
    }

    #[test]
    fn errors_and_lost_events_are_problems() {
        let mut all = [runs(Kind::Embedded, &[3])];
        assert_eq!(problems(&all), Vec::<String>::new());
        all[0].1[0][0].errors = 2;
        all[0].1[0][0].first_error = Some("no".to_owned());
        all[0].1[0][1].events = Some((399, 400));
        assert_eq!(
            problems(&all),
            [
                "create at kymactl apiserver: 2 errors, the first: no",
                "status PUT, 4 watchers at kymactl apiserver: watchers saw 399 of 400 events"
            ]
        );
    }
}

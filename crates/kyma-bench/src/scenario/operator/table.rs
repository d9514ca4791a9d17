//! Figures of the operator, and the table that shows them.

use std::fmt;
use std::time::Duration;

use super::Fleet;
use crate::error::Error;
use crate::operator;
use crate::process::Process;
use crate::report::Table;
use crate::sample::COMPONENTS;
use crate::server::{Kind, TRANSPORT};
use crate::statistics::{Spread, count, number, percentile};

/// What is wanted of a fleet of [`wanted::KYMAS`], and what the Go operator needed for as many, or for one component.
mod wanted {
    pub(super) const KYMAS: usize = 4000;
    pub(super) const EMPTY_MB: f64 = 12.0;
    pub(super) const FULL_MB: f64 = 45.0;
    pub(super) const LIFE_MS: f64 = 0.6;
    pub(super) const RATIO: f64 = 1.15;
    pub(super) const START_UP_S: f64 = 3.0;
    pub(super) const EDIT_S: f64 = 1.0;
    pub(super) const GO_EMPTY: &str = "40 MB";
    pub(super) const GO_FULL: &str = "350 MB";
    pub(super) const GO_LIFE: &str = "5.4 ms";
}

/// What all runs have in common.
#[derive(Debug, Clone)]
pub(super) struct Settings {
    pub(super) kymas: usize,
    pub(super) creators: usize,
    pub(super) editing: Duration,
    pub(super) operator: operator::Options,
}

/// One run.
#[derive(Debug)]
pub(super) struct Measured {
    pub(super) empty: Memory,
    /// How long one Kyma took, alone.
    pub(super) one: Duration,
    pub(super) fleet: Fleet,
    /// With everything arrived.
    pub(super) full: Memory,
    pub(super) peak_kib: u64,
    /// From the second start to "ready", with everything arrived.
    pub(super) start_up: Duration,
    pub(super) start_up_cpu: Duration,
    pub(super) start_up_writes: usize,
    /// After that.
    pub(super) again: Memory,
}

/// Memory of the process at one time, in KiB.
#[derive(Debug, Clone, Copy)]
pub(super) struct Memory {
    /// What is resident.
    pub(super) all: u64,
    /// What of it is not the program's code and other files.
    pub(super) own: u64,
}

impl Memory {
    pub(super) fn of(process: &Process) -> Result<Self, Error> {
        Ok(Memory { all: process.memory_kib()?, own: process.memory_own_kib()? })
    }

    fn files(self) -> u64 {
        self.all.saturating_sub(self.own)
    }
}

impl Measured {
    fn ratio(&self) -> f64 {
        self.fleet.elapsed.as_secs_f64() / self.one.as_secs_f64()
    }

    fn life_ms(&self) -> f64 {
        self.fleet.operator_cpu.as_secs_f64() * 1e3 / count(self.fleet.component_creates)
    }

    fn edit_s(&self, percent: usize) -> f64 {
        percentile(&self.fleet.edits, percent).map_or(f64::NAN, |waited| waited.as_secs_f64())
    }
}

impl fmt::Display for Measured {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "one {:.1} s, the fleet {:.1} s ({:.1} s to create), {} ms of CPU a component, {} then {} MB, up again in {:.2} s, an \
             edit in {:.2} s (p99 of {})",
            self.one.as_secs_f64(),
            self.fleet.elapsed.as_secs_f64(),
            self.fleet.created.as_secs_f64(),
            number(self.life_ms()),
            number(mb(self.empty.all)),
            number(mb(self.full.all)),
            self.start_up.as_secs_f64(),
            self.edit_s(99),
            self.fleet.edits.len(),
        )
    }
}

/// Megabytes, in which the limits are given.
fn mb(kib: u64) -> f64 {
    count(usize::try_from(kib).unwrap_or(usize::MAX)) * 1024.0 / 1e6
}

/// All figures, a line each.
pub(super) fn table(settings: &Settings, runs: &[Measured]) -> Table {
    let header = ["figure", "settings", "measured", "wanted", "", "Go operator"];
    let mut table = Table::new("The operator, a process of its own", &header);
    let (objects, components) = (settings.kymas * (COMPONENTS + 1), settings.kymas * COMPONENTS);
    // Other sizes show how it grows, and are not what was asked for.
    let is_whole = settings.kymas >= wanted::KYMAS;
    let mut line = |figure: &str, with: String, of: fn(&Measured) -> f64, most: Option<f64>, go: &str| {
        let Some(measured) = Spread::of(runs.iter().map(of)) else { return };
        let most = most.filter(|_| is_whole);
        let verdict = most.map_or("", |most| if measured.median <= most { "reached" } else { "missed" });
        let most = most.map_or_else(String::new, |most| format!("at most {}", number(most)));
        let cells = [figure, &with, &measured.to_string(), &most, verdict, go];
        table.row(cells.map(str::to_owned));
    };
    let arrived = format!("{objects} objects, all arrived");
    line(
        "memory when empty, MB",
        "no objects".into(),
        |run| mb(run.empty.all),
        Some(wanted::EMPTY_MB),
        wanted::GO_EMPTY,
    );
    line(
        "of which the program's code and other files, MB",
        "no objects".into(),
        |run| mb(run.empty.files()),
        None,
        "",
    );
    line("memory, MB", arrived.clone(), |run| mb(run.full.all), Some(wanted::FULL_MB), wanted::GO_FULL);
    line(
        "of which the program's code and other files, MB",
        arrived.clone(),
        |run| mb(run.full.files()),
        None,
        "",
    );
    line("most memory until then, MB", arrived.clone(), |run| mb(run.peak_kib), None, "");
    line("memory after a restart, MB", arrived.clone(), |run| mb(run.again.all), Some(wanted::FULL_MB), "");
    let lives = format!("{components} components from nothing to \"success\"");
    line("CPU of a component's life, ms", lives, Measured::life_ms, Some(wanted::LIFE_MS), wanted::GO_LIFE);
    line("one Kyma, s", "alone".into(), |run| run.one.as_secs_f64(), None, "");
    let fleet = format!("{} Kymas created by {} clients", settings.kymas, settings.creators);
    line("the fleet, s", fleet, |run| run.fleet.elapsed.as_secs_f64(), None, "");
    line("the fleet / one Kyma", String::new(), Measured::ratio, Some(wanted::RATIO), "");
    let edits =
        format!("{} edits meanwhile", runs.iter().map(|run| run.fleet.edits.len()).min().unwrap_or_default());
    line("an edit until its component shows it, s, p50", edits.clone(), |run| run.edit_s(50), None, "");
    line("the same, p99", edits, |run| run.edit_s(99), Some(wanted::EDIT_S), "");
    line(
        "start until ready, s",
        arrived.clone(),
        |run| run.start_up.as_secs_f64(),
        Some(wanted::START_UP_S),
        "",
    );
    line("CPU of that, s", arrived.clone(), |run| run.start_up_cpu.as_secs_f64(), None, "");
    line("writes after a start", arrived, |run| count(run.start_up_writes), Some(0.0), "");
    notes(&mut table, settings, runs.len());
    table
}

fn notes(table: &mut Table, settings: &Settings, runs: usize) {
    let operator::Options { concurrency, .. } = settings.operator;
    table.note(format!("Runs: {runs}, each on a fresh server; the median (smallest..largest)."));
    table.note(format!(
        "{}, in memory; {TRANSPORT}. Operator, server and the driver that creates, watches and edits are three processes on this \
         machine. No client limit, {concurrency} reconciles at a time.",
        Kind::Embedded.name()
    ));
    table.note(format!(
        "Times are from the first create of a Kyma to the last \"success\" that an independent watch sees. Users edit one of 20 other \
         Kymas every 250 ms in the first {} s: the target namespace of its component, whose change is waited for. Memory is \
         resident, 5 s after the last event.",
        settings.editing.as_secs()
    ));
}

/// What makes the figures worthless.
pub(super) fn problems(settings: &Settings, runs: &[Measured]) -> Vec<String> {
    let components = settings.kymas * COMPONENTS;
    let wrong = runs.iter().map(|run| run.fleet.component_creates).filter(|seen| *seen != components);
    wrong.map(|seen| format!("the watch saw {seen} components created, of {components}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measured(fleet_seconds: u64) -> Measured {
        Measured {
            empty: Memory { all: 10 * 1024, own: 2 * 1024 },
            one: Duration::from_secs(68),
            fleet: Fleet {
                elapsed: Duration::from_secs(fleet_seconds),
                created: Duration::from_secs(5),
                component_creates: 72_000,
                operator_cpu: Duration::from_secs(36),
                edits: (1..=100).map(|i| Duration::from_millis(20 * i)).collect(),
            },
            full: Memory { all: 40 * 1024, own: 30 * 1024 },
            peak_kib: 60 * 1024,
            start_up: Duration::from_secs(4),
            start_up_cpu: Duration::from_secs(2),
            start_up_writes: 0,
            again: Memory { all: 39 * 1024, own: 29 * 1024 },
        }
    }

    fn settings(kymas: usize) -> Settings {
        let operator = operator::Options { qps: "-1".to_owned(), concurrency: 128, service_account: false };
        Settings { kymas, creators: 32, editing: Duration::from_secs(45), operator }
    }

    #[test]
    fn each_line_says_whether_it_was_reached() {
        let text = table(&settings(4000), &[measured(70)]).to_markdown();
        for line in [
            "| memory, MB | 76000 objects, all arrived | 41.9 | at most 45 | reached | 350 MB |",
            "| CPU of a component's life, ms | 72000 components from nothing to \"success\" | 0.500 | at most 0.600 | reached | 5.4 ms |",
            "| the fleet / one Kyma |  | 1.03 | at most 1.15 | reached |  |",
            "| the same, p99 | 100 edits meanwhile | 1.98 | at most 1 | missed |  |",
            "| start until ready, s | 76000 objects, all arrived | 4 | at most 3 | missed |  |",
            "| writes after a start | 76000 objects, all arrived | 0 | at most 0 | reached |  |",
        ] {
            assert!(text.contains(line), "{line}\n{text}");
        }
    }

    #[test]
    fn a_smaller_fleet_is_not_judged() {
        assert!(!table(&settings(5), &[measured(70)]).to_markdown().contains("at most"));
    }

    #[test]
    fn a_watch_that_missed_creates_is_a_problem() {
        assert_eq!(problems(&settings(4000), &[measured(70)]), Vec::<String>::new());
        assert_eq!(problems(&settings(4001), &[measured(70)]).len(), 1);
    }
}

//! Figures of attacks, and the tables that show them.

use std::fmt;
use std::time::Duration;

use super::TURNS;
use super::attackers::Tally;
use super::bound::Limits;
use super::kind::{Attack, Size};
use super::visitors::{VISITORS, Visit};
use crate::report::Table;
use crate::server::{Kind, TRANSPORT};
use crate::statistics::{Spread, number, percentile, spread};

/// How many times its quiet value the p99 may be.
const RATIO_WANTED: f64 = 2.0;

/// One turn, with or without attackers.
#[derive(Debug, Default)]
pub(super) struct Turn {
    pub(super) visit: Visit,
    pub(super) elapsed: Duration,
    /// Of the server's process.
    pub(super) server_cpu: Duration,
    /// Of this process: well-behaved clients and attackers.
    pub(super) driver_cpu: Duration,
    /// The most memory of the server up to the turn's end.
    pub(super) peak_kib: u64,
}

/// One attack of one run.
#[derive(Debug)]
pub(super) struct Measured {
    attack: Attack,
    pub(super) quiet: Vec<Turn>,
    pub(super) attacked: Vec<Turn>,
    pub(super) tally: Tally,
}

impl Measured {
    pub(super) fn new(attack: Attack) -> Self {
        Measured { attack, quiet: Vec::new(), attacked: Vec::new(), tally: Tally::default() }
    }

    fn ratio(&self) -> f64 {
        latency_ms(&self.attacked, 99) / latency_ms(&self.quiet, 99)
    }

    /// Before anybody attacked.
    fn quiet_mib(&self) -> f64 {
        mib(self.quiet.first().map_or(0, |turn| turn.peak_kib))
    }

    fn attacked_mib(&self) -> f64 {
        mib(self.attacked.iter().map(|turn| turn.peak_kib).max().unwrap_or_default())
    }

    fn growth_mib(&self) -> f64 {
        self.attacked_mib() - self.quiet_mib()
    }

    fn turns(&self) -> impl Iterator<Item = &Turn> + Clone {
        self.quiet.iter().chain(&self.attacked)
    }
}

/// One line, to see how it goes.
impl fmt::Display for Measured {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (quiet, attacked) = (latency_ms(&self.quiet, 99), latency_ms(&self.attacked, 99));
        let (ratio, growth) = (number(self.ratio()), number(self.growth_mib()));
        write!(f, "p99 {} ms, attacked {} ms: {ratio}; ", number(quiet), number(attacked))?;
        write!(f, "{growth} MiB more; attackers: {}", self.tally)
    }
}

/// Of all requests of these turns together.
fn latency_ms(turns: &[Turn], percent: usize) -> f64 {
    let mut all: Vec<Duration> = turns.iter().flat_map(|turn| &turn.visit.latencies).copied().collect();
    all.sort_unstable();
    percentile(&all, percent).unwrap_or_default().as_secs_f64() * 1e3
}

/// How many cores are busy with it.
fn cores(turns: &[Turn], cpu: fn(&Turn) -> Duration) -> f64 {
    let sum = |time: fn(&Turn) -> Duration| turns.iter().map(time).sum::<Duration>().as_secs_f64();
    turns.iter().map(cpu).sum::<Duration>().as_secs_f64() / sum(|turn| turn.elapsed)
}

fn mib(kib: u64) -> f64 {
    // Exact up to 4 TiB.
    f64::from(u32::try_from(kib).unwrap_or(u32::MAX)) / 1024.0
}

/// The runs of each attack that was measured.
fn attacks(all: &[Measured]) -> impl Iterator<Item = (Attack, Vec<&Measured>)> {
    let runs = |attack| all.iter().filter(move |measured| measured.attack == attack).collect::<Vec<_>>();
    Attack::ALL.into_iter().map(move |attack| (attack, runs(attack))).filter(|(_, runs)| !runs.is_empty())
}

/// Whether others are served.
pub(super) fn service(size: &Size, all: &[Measured]) -> Table {
    let header = [
        "attack",
        "store",
        "transport",
        "settings",
        "p99 ms quiet",
        "p99 ms attacked",
        "p50 ms quiet",
        "p50 ms attacked",
        "p99 attacked / quiet",
        "wanted",
        "",
        "attackers got",
        "refused to attackers",
        "errors of others",
        "server CPU quiet, attacked",
        "driver CPU quiet, attacked",
    ];
    let mut table = Table::new("Service of others", &header);
    for (attack, runs) in attacks(all) {
        let of = |figure: &dyn Fn(&Measured) -> f64| spread(runs.iter().map(|&run| figure(run)));
        let cpu = |cpu: fn(&Turn) -> Duration| {
            format!("{}, {}", of(&|run| cores(&run.quiet, cpu)), of(&|run| cores(&run.attacked, cpu)))
        };
        let ratio = Spread::of(runs.iter().map(|run| run.ratio()));
        let is_reached = ratio.is_some_and(|ratio| ratio.median <= RATIO_WANTED);
        let mut tally = Tally::default();
        runs.iter().for_each(|run| tally.add(&run.tally));
        table.row([
            attack.name().to_owned(),
            Kind::Embedded.store().to_owned(),
            TRANSPORT.to_owned(),
            attack.settings(size),
            of(&|run| latency_ms(&run.quiet, 99)),
            of(&|run| latency_ms(&run.attacked, 99)),
            of(&|run| latency_ms(&run.quiet, 50)),
            of(&|run| latency_ms(&run.attacked, 50)),
            of(&Measured::ratio),
            format!("at most {}", number(RATIO_WANTED)),
            if is_reached { "reached" } else { "missed" }.to_owned(),
            tally.to_string(),
            tally.refused().to_string(),
            runs.iter().flat_map(|run| run.turns()).map(|turn| turn.visit.errors).sum::<usize>().to_string(),
            cpu(|turn| turn.server_cpu),
            cpu(|turn| turn.driver_cpu),
        ]);
    }
    service_notes(size, all, &mut table);
    table
}

fn service_notes(size: &Size, all: &[Measured], table: &mut Table) {
    let runs = attacks(all).map(|(_, runs)| runs.len()).max().unwrap_or_default();
    table.note(format!(
        "Runs: {runs}, each attack on a fresh server; the median (smallest..largest). Quiet and attack take turns, {TURNS} \
         of {} s each, with the same server.",
        size.turn.as_secs()
    ));
    table.note(format!(
        "Others: {VISITORS} connections that create, get and update ConfigMaps of 1 KiB, {} requests a second together in \
         an open loop: a request that is due while the last answer is still awaited counts from when it was due.",
        size.rate
    ));
    table.note("What attackers got, and what was refused to them, is of all runs together; they belong to `system:masters`, as the others do.");
    table.note(
        "CPU is in cores. The driver's has the others and the attackers in it, on the same machine: attackers pause so \
         that the server's fairness is measured and not how much of the machine the driver takes. The row of nobody \
         shows how far two measurements of the same differ.",
    );
}

/// Whether memory stays inside its bound.
pub(super) fn memory(size: &Size, limits: &Limits, all: &[Measured]) -> Table {
    let header =
        ["attack", "peak MiB quiet", "peak MiB attacked", "growth MiB", "bound MiB", "", "the bound is"];
    let mut table = Table::new("Memory of the server", &header);
    for (attack, runs) in attacks(all) {
        let of = |figure: fn(&Measured) -> f64| spread(runs.iter().map(|&run| figure(run)));
        // From the end of the first quiet turn to that of the last attack.
        let bound = limits.bound(attack, size, 2 * TURNS - 1);
        let bound_mib = mib(bound.bytes / 1024);
        let growth = Spread::of(runs.iter().map(|run| run.growth_mib()));
        let is_reached = growth.is_some_and(|growth| growth.median <= bound_mib);
        table.row([
            attack.name().to_owned(),
            of(Measured::quiet_mib),
            of(Measured::attacked_mib),
            of(Measured::growth_mib),
            number(bound_mib),
            if is_reached { "reached" } else { "missed" }.to_owned(),
            bound.made_of,
        ]);
    }
    table.note(
        "The peak is `VmHWM`; quiet is before the first attack. Limits are the defaults that `kymactl apiserver --help` \
         names, and what the server's `ConnectionLimits` say that a silent connection costs.",
    );
    table
}

/// What makes the figures worthless.
pub(super) fn problems(all: &[Measured]) -> Vec<String> {
    let mut problems = Vec::new();
    for measured in all {
        let name = measured.attack.name();
        let visits = measured.turns().map(|turn| &turn.visit);
        let errors: usize = visits.clone().map(|visit| visit.errors).sum();
        if errors > 0 {
            let first = visits.clone().find_map(|visit| visit.first_error.as_deref()).unwrap_or("unknown");
            problems.push(format!("{name}: {errors} errors of others, the first: {first}"));
        }
        if measured.attack != Attack::Nobody && measured.tally.is_empty() {
            problems.push(format!("{name}: it did not happen"));
        }
    }
    problems
}

#[cfg(test)]
pub(super) mod tests;

//! Figures of the store, and the tables that show them.

use std::fmt;
use std::time::Duration;

use kyma_store::Stats;

use super::WRITERS;
use super::load::Load;
use crate::report::Table;
use crate::statistics::{Spread, count, number, percentile, spread};

/// CPU time that a durable write may cost more than one in memory, in microseconds, by the number of writers.
const MORE_WANTED: [(usize, f64); 2] = [(16, 35.0), (256, 15.0)];
/// How long the opening may take, in seconds.
const OPENING_WANTED: f64 = 2.0;

/// Where a store keeps its objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Memory,
    Disk,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Memory => "memory",
            Self::Disk => "disk, synced",
        }
    }
}

/// One store that was written to.
#[derive(Debug)]
pub(super) struct Writing {
    pub(super) kind: Kind,
    pub(super) writers: usize,
    pub(super) objects: usize,
    pub(super) load: Load,
}

impl Writing {
    fn cpu_us(&self) -> f64 {
        self.load.cpu.as_secs_f64() * 1e6 / count(self.load.writes)
    }

    fn rate(&self) -> f64 {
        count(self.load.writes) / self.load.elapsed.as_secs_f64()
    }

    fn latency_ms(&self, percent: usize) -> f64 {
        percentile(&self.load.latencies, percent).unwrap_or_default().as_secs_f64() * 1e3
    }
}

/// One line, to see how it goes.
impl fmt::Display for Writing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (kind, cpu, rate) = (self.kind.name(), number(self.cpu_us()), number(self.rate()));
        write!(f, "{} writers, {kind}: {cpu} µs of CPU each, {rate}/s", self.writers)
    }
}

/// How a store was left before it was opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Start {
    Closed,
    Crashed,
}

impl Start {
    fn name(self) -> &'static str {
        match self {
            Self::Closed => "closed in good order",
            Self::Crashed => "left by a crash",
        }
    }
}

/// One store that was opened.
#[derive(Debug, Clone)]
pub(super) struct Opening {
    pub(super) start: Start,
    /// How many objects were written to it.
    pub(super) wanted: usize,
    /// What was found in it.
    pub(super) stats: Stats,
    pub(super) elapsed: Duration,
}

/// One line, to see how it goes.
impl fmt::Display for Opening {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = number(self.elapsed.as_secs_f64());
        write!(f, "{} objects, {}: {seconds} s to open", self.stats.objects, self.start.name())
    }
}

fn of(writings: &[Writing], writers: usize, kind: Kind) -> Vec<&Writing> {
    writings.iter().filter(|writing| writing.writers == writers && writing.kind == kind).collect()
}

/// What each write costs.
pub(super) fn costs(writings: &[Writing]) -> Table {
    let header =
        ["writers", "store", "transport", "settings", "CPU µs/write", "commits/s", "p50 ms", "p99 ms"];
    let mut table = Table::new("Cost of a write", &header);
    for writers in WRITERS {
        for kind in [Kind::Memory, Kind::Disk] {
            let measured = of(writings, writers, kind);
            let figure =
                |figure: &dyn Fn(&Writing) -> f64| spread(measured.iter().map(|&measured| figure(measured)));
            let objects = measured.first().map_or(0, |writing| writing.objects);
            table.row([
                writers.to_string(),
                kind.name().to_owned(),
                "in-process".to_owned(),
                format!("{objects} creates, then as many replaces, 600 bytes each"),
                figure(&Writing::cpu_us),
                figure(&Writing::rate),
                figure(&|writing| writing.latency_ms(50)),
                figure(&|writing| writing.latency_ms(99)),
            ]);
        }
    }
    let runs = of(writings, WRITERS[0], Kind::Disk).len();
    table.note(format!("Runs: {runs}, each with a fresh store; the median (smallest..largest)."));
    table.note("CPU time is this process's, the writers' own included.");
    table.note("Memory and disk take turns in the same run; each writer has one write at a time.");
    table
}

/// What durability adds.
pub(super) fn difference(writings: &[Writing]) -> Table {
    let header = ["writers", "memory CPU µs", "disk CPU µs", "more", "wanted", ""];
    let mut table = Table::new("What durability adds to a write", &header);
    for (writers, wanted) in MORE_WANTED {
        let cpu = |kind| Spread::of(of(writings, writers, kind).iter().map(|writing| writing.cpu_us()));
        let (Some(memory), Some(disk)) = (cpu(Kind::Memory), cpu(Kind::Disk)) else { continue };
        let more = disk.median - memory.median;
        table.row([
            writers.to_string(),
            memory.to_string(),
            disk.to_string(),
            number(more),
            format!("at most {}", number(wanted)),
            if more <= wanted { "reached" } else { "missed" }.to_owned(),
        ]);
    }
    table.note("The difference is that of the medians.");
    table
}

/// How long a start takes.
pub(super) fn openings(openings: &[Opening]) -> Table {
    let header = ["objects", "the store was", "bytes of JSON each", "file MiB", "s to open", "wanted", ""];
    let mut table = Table::new("Opening a store", &header);
    for start in [Start::Closed, Start::Crashed] {
        let measured: Vec<&Opening> = openings.iter().filter(|opening| opening.start == start).collect();
        let seconds = Spread::of(measured.iter().map(|opening| opening.elapsed.as_secs_f64()));
        let (Some(first), Some(seconds)) = (measured.first(), seconds) else { continue };
        let bytes = first.stats.object_bytes.checked_div(first.stats.objects).unwrap_or_default();
        table.row([
            first.stats.objects.to_string(),
            start.name().to_owned(),
            bytes.to_string(),
            first.stats.disk_bytes.map_or_else(|| "–".to_owned(), |bytes| (bytes >> 20).to_string()),
            seconds.to_string(),
            format!("less than {}", number(OPENING_WANTED)),
            if seconds.median < OPENING_WANTED { "reached" } else { "missed" }.to_owned(),
        ]);
    }
    table.note("Every page and every object is checked; the file is in the page cache.");
    table
}

/// What makes the figures worthless.
pub(super) fn problems(openings: &[Opening]) -> Vec<String> {
    let lossy = openings.iter().filter(|opening| opening.stats.objects != opening.wanted);
    lossy
        .map(|opening| {
            let (found, wanted, start) = (opening.stats.objects, opening.wanted, opening.start.name());
            format!("the store that was {start} has {found} of {wanted} objects")
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use kyma_store::Revision;

    use super::*;

    fn writing(kind: Kind, writers: usize, cpu_us: u64) -> Writing {
        let load = Load {
            writes: 1000,
            cpu: Duration::from_micros(1000 * cpu_us),
            elapsed: Duration::from_millis(100),
            latencies: (1..=1000).map(Duration::from_micros).collect(),
        };
        Writing { kind, writers, objects: 500, load }
    }

    fn writings(disk_16: u64, disk_256: u64) -> Vec<Writing> {
        vec![
            writing(Kind::Memory, 16, 4),
            writing(Kind::Disk, 16, disk_16),
            writing(Kind::Memory, 256, 4),
            writing(Kind::Disk, 256, disk_256),
        ]
    }

    fn opening(start: Start, objects: usize, ms: u64) -> Opening {
        let stats = Stats {
            objects,
            object_bytes: objects * 600,
            window_events: 0,
            window_bytes: 0,
            revision: Revision::FIRST,
            watchers: 0,
            disk_bytes: Some(64 << 20),
        };
        Opening { start, wanted: 1000, stats, elapsed: Duration::from_millis(ms) }
    }

    #[test]
    fn a_row_says_what_was_measured() {
        let text = costs(&writings(20, 10)).to_markdown();
        let row = "| 16 | disk, synced | in-process | 500 creates, then as many replaces, 600 bytes each \
                   | 20 | 10000 | 0.500 | 0.990 |\n";
        assert!(text.contains(row), "{text}");
        assert!(text.contains("- Runs: 1, each"), "{text}");
    }

    #[test]
    fn a_miss_is_called_one() {
        let text = difference(&writings(39, 20)).to_markdown();
        assert!(text.contains("| 16 | 4 | 39 | 35 | at most 35 | reached |"), "{text}");
        assert!(text.contains("| 256 | 4 | 20 | 16 | at most 15 | missed |"), "{text}");
    }

    #[test]
    fn a_store_that_lost_objects_is_a_problem() {
        let mut all = vec![opening(Start::Closed, 1000, 1999), opening(Start::Crashed, 1000, 2000)];
        let text = openings(&all).to_markdown();
        assert!(
            text.contains("| 1000 | closed in good order | 600 | 64 | 2.00 | less than 2 | reached |"),
            "{text}"
        );
        assert!(text.contains("| 1000 | left by a crash | 600 | 64 | 2 | less than 2 | missed |"), "{text}");
        assert_eq!(problems(&all), Vec::<String>::new());
        all[1].stats.objects = 999;
        assert_eq!(problems(&all), ["the store that was left by a crash has 999 of 1000 objects"]);
    }
}

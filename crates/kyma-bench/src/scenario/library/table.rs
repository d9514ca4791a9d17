//! Figures of the server as a library, and the table that shows them.

use std::fmt;
use std::time::Duration;

use crate::report::Table;
use crate::statistics::{Spread, count, number, percentile};

/// Milliseconds in which a server starts, at most.
const START_WANTED: f64 = 10.0;
/// Milliseconds until a new kind is served, at most.
const SERVED_WANTED: f64 = 100.0;
/// Bytes of memory that an object of 650 bytes takes, at most.
const MEMORY_WANTED: f64 = 1600.0;
/// Microseconds of CPU that an event costs per watcher, at most.
const EVENT_WANTED: f64 = 5.0;

/// Servers that were started.
#[derive(Debug)]
pub(super) struct Starts {
    /// How long each took, sorted.
    pub(super) times: Vec<Duration>,
}

/// Kinds that were defined.
#[derive(Debug)]
pub(super) struct Definitions {
    /// How long each was not served after its definition was answered, sorted.
    pub(super) times: Vec<Duration>,
}

/// Objects that were created.
#[derive(Debug)]
pub(super) struct Stored {
    pub(super) objects: usize,
    pub(super) json_bytes: usize,
    pub(super) memory_bytes: u64,
}

/// Events that were sent to all watchers.
#[derive(Debug)]
pub(super) struct Events {
    pub(super) watchers: usize,
    pub(super) events: usize,
    /// How many all of them got together.
    pub(super) seen: usize,
    pub(super) cpu: Duration,
    pub(super) elapsed: Duration,
}

fn at_ms(times: &[Duration], percent: usize) -> f64 {
    percentile(times, percent).unwrap_or_default().as_secs_f64() * 1e3
}

impl Stored {
    fn json_each(&self) -> f64 {
        count(self.json_bytes) / count(self.objects)
    }

    fn memory_each(&self) -> f64 {
        count(usize::try_from(self.memory_bytes).unwrap_or(usize::MAX)) / count(self.objects)
    }
}

impl Events {
    fn cpu_us(&self) -> f64 {
        self.cpu.as_secs_f64() * 1e6 / count(self.seen.max(1))
    }
}

impl fmt::Display for Starts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} servers started, p99 {} ms", self.times.len(), number(at_ms(&self.times, 99)))
    }
}

impl fmt::Display for Definitions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} kinds defined, served after {} ms at p99",
            self.times.len(),
            number(at_ms(&self.times, 99))
        )
    }
}

impl fmt::Display for Stored {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (json, memory) = (number(self.json_each()), number(self.memory_each()));
        write!(f, "{} objects of {json} bytes of JSON, {memory} bytes of memory each", self.objects)
    }
}

impl fmt::Display for Events {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (cpu, seconds) = (number(self.cpu_us()), number(self.elapsed.as_secs_f64()));
        write!(f, "{} events for {} watchers, {cpu} µs of CPU each, {seconds} s", self.events, self.watchers)
    }
}

/// All figures, a line each.
pub(super) fn figures(
    starts: &[Starts],
    definitions: &[Definitions],
    stored: &[Stored],
    events: &[Events],
) -> Table {
    let header = ["figure", "settings", "measured", "p50 or whole", "wanted", ""];
    let mut table = Table::new("In this process", &header);
    let mut line = |figure: &str, settings: String, measured: Vec<f64>, beside: Vec<f64>, wanted: f64| {
        let (Some(measured), Some(beside)) = (Spread::of(measured), Spread::of(beside)) else { return };
        table.row([
            figure.to_owned(),
            settings,
            measured.to_string(),
            beside.to_string(),
            format!("at most {}", number(wanted)),
            if measured.median <= wanted { "reached" } else { "missed" }.to_owned(),
        ]);
    };
    if let Some(first) = starts.first() {
        let settings = format!("{} servers, all of which stay; p99", first.times.len());
        let at = |percent| starts.iter().map(|run| at_ms(&run.times, percent)).collect();
        line("start of a server, ms", settings, at(99), at(50), START_WANTED);
    }
    if let Some(first) = definitions.first() {
        let settings = format!("{} kinds with a rule each, asked every 0.1 ms; p99", first.times.len());
        let at = |percent| definitions.iter().map(|run| at_ms(&run.times, percent)).collect();
        line("new kind is served, ms", settings, at(99), at(50), SERVED_WANTED);
    }
    if let Some(first) = stored.first() {
        let json = number(first.json_each());
        let settings = format!(
            "{} ConfigMaps of {json} bytes of JSON with managed fields; the worst run",
            first.objects
        );
        // Later runs find memory that earlier ones have left.
        let each = vec![stored.iter().map(Stored::memory_each).fold(0.0, f64::max)];
        let whole =
            stored.iter().map(|run| run.memory_each() * count(run.objects) / f64::from(1 << 20)).collect();
        line("memory of an object, bytes", settings, each, whole, MEMORY_WANTED);
    }
    if let Some(first) = events.first() {
        let settings = format!("{} watchers of all ConfigMaps, {} events", first.watchers, first.events);
        let each = events.iter().map(Events::cpu_us).collect();
        let whole = events.iter().map(|run| run.elapsed.as_secs_f64()).collect();
        line("event per watcher, CPU µs", settings, each, whole, EVENT_WANTED);
    }
    table.note(format!(
        "Runs: {}; the median (smallest..largest). Store: memory. Transport: none.",
        starts.len()
    ));
    table.note(
        "Beside what is measured stands p50 of the times, of memory the growth in MiB, of events the seconds until the last \
         was read.",
    );
    table.note(
        "Memory is resident, by this process's allocator, which is kymactl's; the history window is empty.",
    );
    table.note("CPU is this process's, the readers' included, who count lines.");
    table
}

/// What makes the figures worthless.
pub(super) fn problems(events: &[Events]) -> Vec<String> {
    let lost = events.iter().filter(|run| run.seen != run.watchers * run.events);
    lost.map(|run| format!("{} watchers saw {} events of {} each", run.watchers, run.seen, run.events))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn events(seen: usize) -> Events {
        let (cpu, elapsed) = (Duration::from_millis(30), Duration::from_millis(20));
        Events { watchers: 100, events: 100, seen, cpu, elapsed }
    }

    #[test]
    fn each_line_says_whether_it_was_reached() {
        let times = |ms| vec![Duration::from_millis(ms); 100];
        let stored = Stored { objects: 100, json_bytes: 65_000, memory_bytes: 170_000 };
        let table = figures(
            &[Starts { times: times(1) }],
            &[Definitions { times: times(101) }],
            &[stored],
            &[events(10_000)],
        );
        let text = table.to_markdown();
        assert!(text.contains("| start of a server, ms | 100 servers, all of which stay; p99 | 1 | 1 | at most 10 | reached |"), "{text}");
        assert!(text.contains("| 101 | 101 | at most 100 | missed |"), "{text}");
        assert!(text.contains("| 1700 | 0.162 | at most 1600 | missed |"), "{text}");
        assert!(text.contains("| 3 | 0.020 | at most 5 | reached |"), "{text}");
    }

    #[test]
    fn a_lost_event_is_a_problem() {
        assert!(problems(&[events(10_000)]).is_empty());
        assert_eq!(problems(&[events(9_999)]), ["100 watchers saw 9999 events of 100 each"]);
    }
}

//! Figures of the work queue, and the table that shows them.

use std::fmt;
use std::time::Duration;

use crate::report::Table;
use crate::statistics::{Spread, count, number};

/// Bytes that a waiting key takes besides the key, at most.
const MEMORY_WANTED: f64 = 100.0;
/// Microseconds of a turn, at most.
const TURN_WANTED: f64 = 1.0;

/// One run.
#[derive(Debug)]
pub(super) struct Figures {
    /// Keys that waited at once.
    pub(super) keys: usize,
    /// Keys that were handed out, half of them after others had taken their places.
    pub(super) handed: usize,
    /// Bytes of a key itself.
    pub(super) key_bytes: usize,
    pub(super) memory_bytes: u64,
    /// CPU of the first adds.
    pub(super) adding: Duration,
    /// CPU of the turns with all keys waiting: get, done and another add.
    pub(super) turning: Duration,
}

impl Figures {
    fn memory_each(&self) -> f64 {
        count(usize::try_from(self.memory_bytes).unwrap_or(usize::MAX)) / count(self.keys)
            - count(self.key_bytes)
    }

    fn add_us(&self) -> f64 {
        self.adding.as_secs_f64() * 1e6 / count(self.keys)
    }

    fn turn_us(&self) -> f64 {
        self.turning.as_secs_f64() * 1e6 / count(self.keys / 2)
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (memory, turn) = (number(self.memory_each()), number(self.turn_us()));
        write!(f, "{} keys, {memory} bytes each besides the key, a turn {turn} µs of CPU", self.keys)
    }
}

/// All figures, a line each.
pub(super) fn figures(runs: &[Figures]) -> Table {
    let mut table = Table::new("In this process", &["figure", "settings", "measured", "wanted", ""]);
    let Some(first) = runs.first() else { return table };
    let mut line = |figure: &str, settings: String, measured: Vec<f64>, wanted: Option<f64>| {
        let Some(measured) = Spread::of(measured) else { return };
        let verdict =
            wanted.map_or("", |wanted| if measured.median <= wanted { "reached" } else { "missed" });
        let wanted = wanted.map_or_else(String::new, |wanted| format!("at most {}", number(wanted)));
        table.row([figure.to_owned(), settings, measured.to_string(), wanted, verdict.to_owned()]);
    };
    let waiting = format!("{} keys of all classes wait", first.keys);
    // Later runs find memory that earlier ones have left.
    let memory = vec![runs.iter().map(Figures::memory_each).fold(f64::MIN, f64::max)];
    line(
        "memory of a key, bytes",
        format!("{waiting}; besides the key; the worst run"),
        memory,
        Some(MEMORY_WANTED),
    );
    line("add, CPU µs", "of all of these".to_owned(), runs.iter().map(Figures::add_us).collect(), None);
    let turns = runs.iter().map(Figures::turn_us).collect();
    line("turn, CPU µs", format!("get, done and another add; {waiting}"), turns, Some(TURN_WANTED));
    table.note(format!("Runs: {}; the median (smallest..largest). One worker, no observer.", runs.len()));
    table.note("Memory is resident, by this process's allocator, which is kymactl's.");
    table
}

/// What makes the figures worthless.
pub(super) fn problems(runs: &[Figures]) -> Vec<String> {
    let lost = runs.iter().filter(|run| run.handed != run.keys + run.keys / 2);
    lost.map(|run| format!("of {} keys {} were handed out", run.keys + run.keys / 2, run.handed)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(handed: usize) -> Figures {
        Figures {
            keys: 1000,
            handed,
            key_bytes: 8,
            memory_bytes: 98_000,
            adding: Duration::from_micros(250),
            turning: Duration::from_micros(550),
        }
    }

    #[test]
    fn each_line_says_whether_it_was_reached() {
        let text = figures(&[run(1500)]).to_markdown();
        assert!(text.contains("besides the key; the worst run | 90 | at most 100 | reached |"), "{text}");
        assert!(text.contains("| 1.10 | at most 1 | missed |"), "{text}");
    }

    #[test]
    fn a_lost_key_is_a_problem() {
        assert!(problems(&[run(1500)]).is_empty());
        assert_eq!(problems(&[run(1499)]), ["of 1500 keys 1499 were handed out"]);
    }
}

//! Figures of fleets in one process, and the table that shows them.

use std::fmt;
use std::time::Duration;

use crate::report::Table;
use crate::sample::COMPONENTS;
use crate::statistics::{Spread, count, number, spread};

/// Writes that one Kyma costs the operator: its creates, five stages of each component, and its own status.
const WRITES_WANTED: usize = COMPONENTS + 5 * COMPONENTS + 14;
/// How long one Kyma takes, in seconds.
const ONE_WANTED: std::ops::RangeInclusive<f64> = 67.0..=69.0;

/// Where the objects are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Store {
    Memory,
    Disk,
}

impl Store {
    /// Kymas of the fleet whose time is a figure to reach.
    pub(crate) fn fleet(self) -> usize {
        match self {
            Self::Memory => 1000,
            Self::Disk => 4000,
        }
    }

    /// How much longer that fleet may take than one Kyma.
    fn ratio_wanted(self) -> f64 {
        match self {
            Self::Memory => 1.15,
            Self::Disk => 1.2,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Memory => "memory",
            Self::Disk => "disk, synced",
        }
    }
}

/// One fleet.
#[derive(Debug, Clone)]
pub(crate) struct Measured {
    pub(crate) kymas: usize,
    /// From the first create to the last "success", by the watch.
    pub(crate) elapsed: Duration,
    /// The same by kymactl's own account.
    pub(crate) said: Option<Duration>,
    pub(crate) kyma_creates: usize,
    pub(crate) component_creates: usize,
    pub(crate) component_changes: usize,
    pub(crate) kyma_changes: usize,
    /// Of the operator, all together.
    pub(crate) writes: usize,
    pub(crate) cpu: Duration,
    pub(crate) memory_max_kib: u64,
}

/// One Kyma and a fleet, one after the other in the same run.
#[derive(Debug)]
pub(crate) struct Pair {
    pub(crate) one: Measured,
    pub(crate) fleet: Measured,
}

impl Pair {
    fn ratio(&self) -> f64 {
        self.fleet.elapsed.as_secs_f64() / self.one.elapsed.as_secs_f64()
    }
}

impl Measured {
    fn seconds(&self) -> f64 {
        self.elapsed.as_secs_f64()
    }

    fn writes_per_kyma(&self) -> f64 {
        count(self.writes) / count(self.kymas)
    }
}

/// One line, to see how it goes.
impl fmt::Display for Measured {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} Kymas: {:.2} s, {} writes ({} creates, {} component statuses, {} Kyma statuses), {:.2} s of CPU, {} MiB at most",
            self.kymas,
            self.seconds(),
            self.writes,
            self.component_creates,
            self.component_changes,
            self.kyma_changes,
            self.cpu.as_secs_f64(),
            self.memory_max_kib / 1024
        )
    }
}

/// Finds the time in what `kymactl up` says at the end: `done: … after 67.2 s; …`.
pub(crate) fn said(log: &str) -> Option<Duration> {
    let line = log.lines().find(|line| line.starts_with("done: "))?;
    let (_, after) = line.split_once(" after ")?;
    let (seconds, _) = after.split_once(" s")?;
    Duration::try_from_secs_f64(seconds.parse().ok()?).ok()
}

/// One Kyma, the fleet, and what they are to each other.
pub(crate) fn table(store: Store, pairs: &[Pair]) -> Table {
    let header = [
        "Kymas",
        "store",
        "transport",
        "settings",
        "s to the last success, by an independent watch",
        "the same, by kymactl",
        "operator's writes",
        "writes per Kyma",
        "CPU s",
        "CPU µs/write",
        "peak RSS MiB",
    ];
    let mut table = Table::new("kymactl up", &header);
    for pick in [(|pair| &pair.one) as fn(&Pair) -> &Measured, |pair| &pair.fleet] {
        let measured: Vec<&Measured> = pairs.iter().map(pick).collect();
        let of = |figure: fn(&Measured) -> f64| spread(measured.iter().map(|&measured| figure(measured)));
        table.row([
            measured.first().map_or_else(String::new, |measured| measured.kymas.to_string()),
            store.name().to_owned(),
            "in-process".to_owned(),
            "no client limit, defaults".to_owned(),
            of(Measured::seconds),
            spread(measured.iter().filter_map(|measured| measured.said).map(|said| said.as_secs_f64())),
            of(|measured| count(measured.writes)),
            of(Measured::writes_per_kyma),
            of(|measured| measured.cpu.as_secs_f64()),
            of(|measured| measured.cpu.as_secs_f64() * 1e6 / count(measured.writes)),
            of(|measured| count(usize::try_from(measured.memory_max_kib / 1024).unwrap_or_default())),
        ]);
    }
    verdicts(&mut table, store, pairs);
    table.note(format!("Runs: {}; the median (smallest..largest).", pairs.len()));
    table.note(
        "The operator talks to the server in the same process; the independent watch, and nobody else, comes over HTTP/1.1 \
         and TLS on loopback, and the server's part of its price is in the CPU time.",
    );
    table
}

fn verdicts(table: &mut Table, store: Store, pairs: &[Pair]) {
    let verdict = |reached| if reached { "reached" } else { "missed" };
    if let Some(one) = Spread::of(pairs.iter().map(|pair| pair.one.seconds())) {
        let (from, to) = (number(*ONE_WANTED.start()), number(*ONE_WANTED.end()));
        // To the tenth that is printed: the first event may reach the watch some milliseconds later than the last one.
        let verdict = verdict(ONE_WANTED.contains(&((one.median * 10.0).round() / 10.0)));
        table.note(format!("One Kyma: {one} s; wanted {from} to {to} s: {verdict}."));
    }
    if let Some(writes) = Spread::of(pairs.iter().map(|pair| count(pair.one.writes))) {
        let exact = pairs.iter().all(|pair| pair.one.writes == WRITES_WANTED);
        table.note(format!(
            "One Kyma: {writes} writes; wanted {WRITES_WANTED} in each run: {}.",
            verdict(exact)
        ));
    }
    if let Some(ratio) = Spread::of(pairs.iter().map(Pair::ratio)) {
        let kymas = pairs.first().map_or(0, |pair| pair.fleet.kymas);
        let verdict = verdict(ratio.median <= store.ratio_wanted());
        table.note(format!(
            "{kymas} Kymas take {ratio} times as long as one; wanted at most {}: {verdict}.",
            number(store.ratio_wanted())
        ));
    }
}

/// What makes the figures worthless: a watch that did not see every create has not seen every write either.
pub(crate) fn problems(pairs: &[Pair]) -> Vec<String> {
    let fleets = pairs.iter().flat_map(|pair| [&pair.one, &pair.fleet]);
    let incomplete =
        fleets.filter(|it| it.kyma_creates != it.kymas || it.component_creates != it.kymas * COMPONENTS);
    incomplete
        .map(|it| {
            format!(
                "of {} Kymas the watch saw {} creates and {} of their components",
                it.kymas, it.kyma_creates, it.component_creates
            )
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measured(kymas: usize, seconds: f64) -> Measured {
        Measured {
            kymas,
            elapsed: Duration::from_secs_f64(seconds),
            said: Some(Duration::from_secs_f64(seconds + 0.5)),
            kyma_creates: kymas,
            component_creates: kymas * COMPONENTS,
            component_changes: kymas * COMPONENTS * 5,
            kyma_changes: kymas * 14,
            writes: kymas * WRITES_WANTED,
            cpu: Duration::from_millis(122),
            memory_max_kib: 20 * 1024,
        }
    }

    fn pair(one: f64, fleet: f64) -> Pair {
        Pair { one: measured(1, one), fleet: measured(1000, fleet) }
    }

    #[test]
    fn the_end_is_read_from_what_kymactl_says() {
        let log = "kubeconfig  x\n0/1 Kymas ready, 3 s elapsed\n\
                   done: 1 Kymas with 18 components are \"success\" after 67.3 s; 123 writes were seen\nThe server stays up\n";
        assert_eq!(said(log), Some(Duration::from_millis(67_300)));
        assert_eq!(said("done: nothing"), None);
        assert_eq!(said("0/1 Kymas ready after 3 s"), None);
    }

    #[test]
    fn both_fleets_and_their_ratio_are_shown() {
        let text =
            table(Store::Memory, &[pair(67.5, 70.0), pair(68.0, 75.0), pair(67.0, 68.0)]).to_markdown();
        assert!(text.contains("| 1 | memory | in-process | no client limit, defaults | 67.5 (67..68) | 68 (67.5..68.5) | 122 | 122 | 0.122 | 1000 | 20 |"), "{text}");
        assert!(text.contains("| 1000 | memory |") && text.contains("| 122000 | 122 |"), "{text}");
        assert!(text.contains("One Kyma: 67.5 (67..68) s; wanted 67 to 69 s: reached."), "{text}");
        assert!(
            text.contains(
                "1000 Kymas take 1.04 (1.01..1.10) times as long as one; wanted at most 1.15: reached."
            ),
            "{text}"
        );
    }

    #[test]
    fn a_miss_is_called_one() {
        let mut pair = pair(70.0, 100.0);
        pair.one.writes += 1;
        let text = table(Store::Disk, &[pair]).to_markdown();
        assert!(
            text.contains("| 1000 | disk, synced |") && text.contains("wanted at most 1.20: missed."),
            "{text}"
        );
        assert_eq!(text.matches(": missed.").count(), 3, "{text}");
    }

    #[test]
    fn a_watch_that_came_late_is_a_problem() {
        assert_eq!(problems(&[pair(67.0, 67.0)]), Vec::<String>::new());
        let mut late = pair(67.0, 67.0);
        late.fleet.component_creates -= 1;
        assert_eq!(
            problems(&[late]),
            ["of 1000 Kymas the watch saw 1000 creates and 17999 of their components"]
        );
    }
}

//! The fleet in numbers and short lists: pure.
//!
//! This is also what `-o json` prints, so names and meanings of fields only ever get company (docs/guides/status.md).

use jiff::Timestamp;
use kyma_controller::{ObjectKey, Record};
use kyma_inventory::Stage;
use serde::Serialize;

use super::Shown;
use super::kyma::{KymaEntry, State};
use super::records::Records;

mod outlook;
mod report;
mod serial;

pub(crate) use report::{KymaReport, LastEvent};
pub(super) use report::{Leaf, MISSING, stage_word};

use outlook::Outlook;

/// The shape's name and version: a field that is renamed or goes would make it another version.
const API_VERSION: &str = "kymactl.kyma-project.io/v1";
const KIND: &str = "FleetStatus";

/// Silence for longer than this, in seconds, though something is due, is worth a word.
const SILENCE_SECONDS: i64 = 30;

/// The fleet at one moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Summary {
    api_version: &'static str,
    kind: &'static str,
    /// When this was true, by the clock of the machine that asked.
    #[serde(serialize_with = "serial::time")]
    pub(crate) time: Timestamp,
    /// The namespace; absent for all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) namespace: Option<String>,
    /// All Kymas in one word: the worst that there is.
    #[serde(serialize_with = "serial::overall")]
    pub(crate) state: Option<State>,
    pub(crate) kymas: Kymas,
    pub(crate) components: Components,
    /// When the last component arrives, if the life cycle is kept from now on; absent when none is on its way.
    #[serde(serialize_with = "serial::maybe_time", skip_serializing_if = "Option::is_none")]
    pub(crate) expected_end: Option<Timestamp>,
    /// Since when nothing has moved; absent while something does, or nothing is due.
    #[serde(serialize_with = "serial::maybe_time", skip_serializing_if = "Option::is_none")]
    pub(crate) stalled_since: Option<Timestamp>,
    /// Kymas that are neither "success" nor in error, those first that have not been ready for the longest time.
    pub(crate) slowest: Vec<KymaReport>,
    /// Kymas in error.
    pub(crate) errors: Vec<KymaReport>,
    /// Kymas that are not in error, but odd.
    pub(crate) warnings: Vec<KymaReport>,
    /// The Kymas that were asked for by name, with their components.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) selected: Vec<KymaReport>,
    /// Whether Kymas were asked for by name.
    #[serde(skip)]
    pub(crate) by_name: bool,
    /// Since when the server has not answered, so that all this is old; only found out while watching.
    #[serde(skip)]
    pub(crate) stale_since: Option<Timestamp>,
    /// Whether there are Kymas in other namespaces; only looked at where there are none in this one.
    #[serde(skip)]
    pub(crate) elsewhere: bool,
}

/// Kymas, counted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Kymas {
    pub(crate) total: usize,
    /// In the order of [`State::ALL`].
    #[serde(serialize_with = "serial::by_state")]
    pub(crate) by_state: [usize; State::ALL.len()],
    /// Those with a warning, whatever their state.
    pub(crate) warnings: usize,
}

/// Components, counted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Components {
    /// Those that are there, with or without a Kyma.
    pub(crate) total: usize,
    /// Those that are wanted and not there yet.
    pub(crate) missing: usize,
    /// Of those that are there and those that are missing: how many in a hundred have arrived.
    pub(crate) arrived_percent: u8,
    /// In the order of the life cycle.
    #[serde(serialize_with = "serial::by_stage")]
    pub(crate) by_stage: [usize; Stage::COUNT],
}

impl Kymas {
    /// How many are in a state.
    pub(crate) fn of(&self, state: State) -> usize {
        State::ALL.iter().zip(self.by_state).find(|(each, _)| **each == state).map_or(0, |(_, count)| count)
    }

    /// Those that the list of the slowest is taken from.
    pub(crate) fn slow(&self) -> usize {
        self.total - self.of(State::Success) - self.of(State::Error)
    }
}

impl Components {
    /// How many have arrived.
    pub(crate) fn arrived(&self) -> usize {
        self.by_stage[Stage::SUCCESS.index()]
    }

    /// All that are there or wanted.
    pub(crate) fn wanted(&self) -> usize {
        self.total + self.missing
    }
}

impl Summary {
    /// What the records say at `now`.
    pub(crate) fn of(records: &Records, shown: Shown, now: Timestamp) -> Self {
        let kymas = count_kymas(records);
        let outlook = Outlook::of(records, now);
        let report = |(key, entry): (&ObjectKey, &KymaEntry)| KymaReport::of(key, entry, records, now);
        let brief = |kyma| report(kyma).without_components();
        let in_error = records.kymas().iter().filter(|(_, entry)| entry.state == State::Error);
        let odd = records.kymas().iter().filter(|(_, entry)| is_warning(entry));
        let by_name = !records.scope().names.is_empty();
        Self {
            api_version: API_VERSION,
            kind: KIND,
            time: now,
            namespace: records.scope().namespace.clone(),
            state: overall(&kymas),
            components: count_components(records),
            expected_end: outlook.end,
            stalled_since: outlook
                .silent_since
                .filter(|since| (now.as_second() - since.as_second()) > SILENCE_SECONDS),
            slowest: slowest(records).into_iter().take(shown.slowest).map(brief).collect(),
            errors: in_error.take(shown.troubled).map(brief).collect(),
            warnings: odd.take(shown.troubled).map(brief).collect(),
            selected: records.kymas().iter().filter(|_| by_name).map(report).collect(),
            by_name,
            stale_since: None,
            elsewhere: false,
            kymas,
        }
    }

    /// Kymas in error, which make the command fail.
    pub(crate) fn failed(&self) -> usize {
        self.kymas.of(State::Error)
    }

    /// Whether there is nothing at all.
    pub(crate) fn is_empty(&self) -> bool {
        self.kymas.total == 0 && self.components.total == 0
    }
}

fn count_kymas(records: &Records) -> Kymas {
    let mut kymas = Kymas { total: records.kymas().len(), ..Kymas::default() };
    for (_, entry) in records.kymas().iter() {
        for (state, count) in State::ALL.iter().zip(&mut kymas.by_state) {
            *count += usize::from(*state == entry.state);
        }
        kymas.warnings += usize::from(is_warning(entry));
    }
    kymas
}

fn is_warning(entry: &KymaEntry) -> bool {
    entry.remark.is_some() && !matches!(entry.state, State::Error | State::Deleting)
}

fn count_components(records: &Records) -> Components {
    let components = records.components();
    let by_stage = components.tallies().stages();
    let mut counted = Components { total: by_stage.iter().sum(), by_stage, ..Components::default() };
    for (key, entry) in records.kymas().iter().filter(|(_, entry)| entry.state != State::Deleting) {
        let children = components.tallies().of(key, entry.uid()).map_or(0, |tally| tally.children);
        counted.missing += entry.wanted.saturating_sub(children);
    }
    // Rounded down, so that 100 means all.
    let percent = (100 * counted.arrived()).checked_div(counted.wanted()).unwrap_or(100);
    counted.arrived_percent = u8::try_from(percent).unwrap_or(100);
    counted
}

/// None where there are no Kymas.
fn overall(kymas: &Kymas) -> Option<State> {
    if kymas.total == 0 {
        None
    } else if kymas.of(State::Error) > 0 {
        Some(State::Error)
    } else if kymas.of(State::Success) == kymas.total {
        Some(State::Success)
    } else {
        Some(State::Reconciling)
    }
}

/// The Kymas that are on their way: those first that have not been ready for the longest time, of these the ones that
/// have the longest way to go.
fn slowest(records: &Records) -> Vec<(&ObjectKey, &KymaEntry)> {
    let mut slow: Vec<_> = records
        .kymas()
        .iter()
        .filter(|(_, entry)| !matches!(entry.state, State::Success | State::Error))
        .collect();
    // The sort is stable and the cache in the order of names.
    slow.sort_by_cached_key(|(key, entry)| {
        let longest =
            records.components().tallies().of(key, entry.uid()).map_or(u64::MAX, |tally| tally.longest());
        (entry.since.is_none(), entry.since, std::cmp::Reverse(longest))
    });
    slow
}

#[cfg(test)]
mod tests;

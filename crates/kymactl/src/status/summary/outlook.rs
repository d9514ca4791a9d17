//! When components arrive, if the life cycle is kept from now on, and whether anybody keeps it.

use jiff::{SignedDuration, Timestamp};
use kyma_controller::Record as _;
use kyma_inventory::Stage;
use kyma_inventory::stages::{Step, remaining, step};
use kyma_operator::records::ComponentRecord;

use crate::status::kyma::State;
use crate::status::records::Records;

/// What is to come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Outlook {
    /// When the last component arrives; none when none is on its way.
    pub(super) end: Option<Timestamp>,
    /// The last sign of life, if something is due and so should have happened.
    pub(super) silent_since: Option<Timestamp>,
}

impl Outlook {
    /// The outlook for all that is held.
    pub(super) fn of(records: &Records, now: Timestamp) -> Self {
        let (mut end, mut heard, mut due) = (None, None, false);
        for (_, record) in records.components().iter() {
            heard = heard.max(record.last_reconciliation());
            if let Some(arrival) = Arrival::of(record, now) {
                end = end.max(Some(arrival.at));
                due |= arrival.due;
            }
        }
        for (key, entry) in records.kymas().iter() {
            heard = heard.max(entry.created);
            // What is in error will not get its missing components, and what is being deleted no more of them.
            if matches!(entry.state, State::New | State::Reconciling) {
                due |= entry.state == State::New;
                let children = records.components().tallies().of(key, entry.uid());
                if children.map_or(0, |tally| tally.children) < entry.wanted {
                    end = end.max(Some(from_start(entry.longest, now)));
                }
            }
        }
        Self { end, silent_since: heard.filter(|_| due) }
    }
}

/// When a component arrives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Arrival {
    /// If each further stage begins when it is due, the next one not before now.
    pub(super) at: Timestamp,
    /// Whether its next stage should have begun.
    due: bool,
}

impl Arrival {
    /// None when it has arrived, or never will because it is being deleted.
    pub(super) fn of(record: &ComponentRecord, now: Timestamp) -> Option<Self> {
        if record.deleting {
            return None;
        }
        let progress = record.progress();
        let (from, next, due) = match step(&progress, now, now) {
            Step::Rest => return None,
            Step::Enter(next) => (now, next, true),
            Step::WaitUntil(at) => (at, progress.stage.next()?, false),
        };
        Some(Self { at: after(from, remaining(next, progress.name_bytes)), due })
    }
}

/// When a component arrives that is not there yet.
pub(super) fn from_start(name_bytes: usize, now: Timestamp) -> Timestamp {
    after(now, remaining(Stage::EMPTY, name_bytes))
}

fn after(time: Timestamp, seconds: u64) -> Timestamp {
    let later = SignedDuration::from_secs(i64::try_from(seconds).unwrap_or(i64::MAX));
    time.checked_add(later).unwrap_or(Timestamp::MAX)
}

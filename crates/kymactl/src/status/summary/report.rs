//! What there is to tell of one Kyma.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use kyma_controller::{ObjectKey, Record as _};
use kyma_inventory::Stage;
use kyma_inventory::names::child_name;
use kyma_operator::records::ComponentRecord;
use serde::Serialize;

use super::outlook::{Arrival, from_start};
use super::serial;
use crate::status::kyma::{KymaEntry, State};
use crate::status::records::Records;

/// The stage of a component that is wanted and not there.
pub(in crate::status) const MISSING: &str = "missing";
/// The stage of a component that is being deleted.
const DELETING: &str = "deleting";

/// A stage as it is shown: the first one has no word of its own.
pub(in crate::status) fn stage_word(stage: Stage) -> &'static str {
    if stage == Stage::EMPTY { "new" } else { stage.word() }
}

/// One Kyma.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct KymaReport {
    pub(crate) namespace: String,
    pub(crate) name: String,
    pub(crate) uid: String,
    #[serde(serialize_with = "serial::state")]
    pub(crate) state: State,
    /// Since when it has been ready, or has not; absent where the object does not tell.
    #[serde(serialize_with = "serial::maybe_time", skip_serializing_if = "Option::is_none")]
    pub(crate) since: Option<Timestamp>,
    /// How many of its components have arrived.
    pub(crate) ready: usize,
    /// How many it wants.
    pub(crate) total: usize,
    /// The component that arrives last; absent when none is on its way.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) waiting_for: Option<Leaf>,
    /// The Ready condition's reason, where it is in error or odd.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) reason: Option<String>,
    /// The Ready condition's message, where it is in error or odd.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) message: Option<String>,
    /// The newest Event about it, for the first few in error.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) last_event: Option<LastEvent>,
    /// Its components in the order of the spec, then those that it no longer wants.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) components: Vec<Leaf>,
}

/// One component of a Kyma.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Leaf {
    /// The component's name.
    pub(crate) component: String,
    /// The name of its `HelmComponent`, there or not.
    pub(crate) object: String,
    /// A stage of the life cycle, or one of the words above.
    pub(crate) stage: &'static str,
    /// When the stage began; absent where that is unknown.
    #[serde(serialize_with = "serial::maybe_time", skip_serializing_if = "Option::is_none")]
    pub(crate) since: Option<Timestamp>,
    /// When it arrives, if the life cycle is kept from now on; absent when it has, or never will.
    #[serde(serialize_with = "serial::maybe_time", skip_serializing_if = "Option::is_none")]
    pub(crate) expected_end: Option<Timestamp>,
    /// Whether the Kyma wants it, and it has not arrived.
    #[serde(skip)]
    awaited: bool,
    #[serde(skip)]
    arrived: bool,
}

/// The newest Event about an object.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct LastEvent {
    /// "Normal" or "Warning".
    #[serde(rename = "type")]
    pub(crate) kind: String,
    pub(crate) reason: String,
    pub(crate) message: String,
    /// How often it was seen.
    pub(crate) count: i32,
    /// When it was seen last.
    #[serde(serialize_with = "serial::maybe_time", skip_serializing_if = "Option::is_none")]
    pub(crate) time: Option<Timestamp>,
}

impl KymaReport {
    /// The report with all components.
    pub(super) fn of(key: &ObjectKey, entry: &KymaEntry, records: &Records, now: Timestamp) -> Self {
        let components = leaves(key, entry, records, now);
        let last = components.iter().filter(|leaf| leaf.awaited).max_by_key(|leaf| leaf.expected_end);
        let remark = entry.remark.as_deref();
        Self {
            namespace: key.namespace().to_owned(),
            name: key.name().to_owned(),
            uid: entry.uid().to_string(),
            state: entry.state,
            since: entry.since,
            ready: components.iter().filter(|leaf| leaf.arrived).count(),
            total: entry.wanted,
            waiting_for: last.filter(|_| entry.state != State::Deleting).cloned(),
            reason: remark.map(|remark| remark.reason.clone()),
            message: remark.map(|remark| remark.message.clone()),
            last_event: None,
            components,
        }
    }

    /// The same without the components.
    pub(super) fn without_components(self) -> Self {
        Self { components: Vec::new(), ..self }
    }

    /// When its last component arrives, if the life cycle is kept from now on.
    pub(in crate::status) fn expected_end(&self) -> Option<Timestamp> {
        self.waiting_for.as_ref().and_then(|leaf| leaf.expected_end)
    }
}

fn leaves(key: &ObjectKey, entry: &KymaEntry, records: &Records, now: Timestamp) -> Vec<Leaf> {
    let cache = records.components();
    let owned = records.components().owned(key).filter(|(_, owner)| *owner == entry.uid());
    // Two with one name are possible when one was made by hand; the one that the operator looks for counts.
    let mut children: BTreeMap<&str, (&ObjectKey, &ComponentRecord)> = BTreeMap::new();
    let mut others = Vec::new();
    for (child, record) in owned.filter_map(|(child, _)| Some((child, cache.get(child)?))) {
        if child.name() == child_name(key.name(), &record.chart.name) {
            children.insert(&record.chart.name, (child, record));
        } else {
            others.push((child, record));
        }
    }
    let mut named = BTreeSet::new();
    let mut leaves = Vec::with_capacity(entry.wanted);
    for component in entry.components.iter().filter(|component| named.insert(component.name.as_str())) {
        leaves.push(match children.remove(component.name.as_str()) {
            Some((child, record)) => {
                let arrived = record.stage == Stage::SUCCESS;
                Leaf { awaited: !arrived, arrived, ..there(child, record, now) }
            }
            None => missing(key, entry, &component.name, now),
        });
    }
    leaves.extend(children.into_values().chain(others).map(|(child, record)| there(child, record, now)));
    leaves
}

/// A component that exists.
fn there(child: &ObjectKey, record: &ComponentRecord, now: Timestamp) -> Leaf {
    Leaf {
        component: record.chart.name.to_string(),
        object: child.name().to_owned(),
        stage: if record.deleting { DELETING } else { stage_word(record.stage) },
        since: record.last_reconciliation(),
        expected_end: Arrival::of(record, now).map(|arrival| arrival.at),
        awaited: false,
        arrived: false,
    }
}

fn missing(kyma: &ObjectKey, entry: &KymaEntry, component: &str, now: Timestamp) -> Leaf {
    let comes = matches!(entry.state, State::New | State::Reconciling);
    Leaf {
        component: component.to_owned(),
        object: child_name(kyma.name(), component),
        stage: MISSING,
        since: None,
        expected_end: comes.then(|| from_start(component.len(), now)),
        awaited: true,
        arrived: false,
    }
}

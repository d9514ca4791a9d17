//! What is held of one Kyma.

use std::sync::Arc;

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kyma_controller::{Record, Uid};
use kyma_inventory::conditions::{Condition, bounded, reason};
use kyma_inventory::kyma::{Component, SUCCESS};
use kyma_inventory::{Kyma, stages};
use kyma_operator::records::{KymaRecord, Pools};

/// Where a Kyma stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// No operator has looked at it yet.
    New,
    /// Components are on their way, or the operator has yet to see the latest spec.
    Reconciling,
    /// Something keeps it from ever being ready.
    Error,
    /// It is being deleted.
    Deleting,
    /// All components have arrived.
    Success,
}

impl State {
    /// All states, in the order in which they are counted out.
    pub(crate) const ALL: [Self; 5] =
        [Self::New, Self::Reconciling, Self::Error, Self::Deleting, Self::Success];

    /// The state as it is shown.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Reconciling => "reconciling",
            Self::Error => "error",
            Self::Deleting => "deleting",
            Self::Success => "success",
        }
    }

    fn of(record: &KymaRecord) -> Self {
        if record.deleting {
            Self::Deleting
        } else if is_failure(record) {
            Self::Error
        } else if record.state.is_empty() {
            Self::New
        } else if record.state.as_ref() == SUCCESS && !record.is_new_to_us() {
            Self::Success
        } else {
            Self::Reconciling
        }
    }
}

/// Whether the status says that time alone will not help: a Ready condition that is False for another reason than
/// components on their way. A component that is listed twice is no such reason; the first entry counts.
fn is_failure(record: &KymaRecord) -> bool {
    const HARMLESS: [&str; 4] = ["", reason::RECONCILING, reason::SUCCESS, reason::DUPLICATE_COMPONENT];
    let ready = record.ready.as_deref();
    let failed = ready.is_some_and(|ready| ready.status == "False" && !HARMLESS.contains(&&*ready.reason));
    failed || record.state.eq_ignore_ascii_case("error")
}

/// What the Ready condition says that is worth showing. Each text is at most
/// [`kyma_inventory::conditions::MESSAGE_BYTES_MAX`] long.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Remark {
    /// In one word.
    pub(crate) reason: String,
    /// In a sentence.
    pub(crate) message: String,
}

/// What is held of a Kyma; the rest of the object is dropped as soon as it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct KymaEntry {
    revision: u64,
    uid: Uid,
    /// When it was created.
    pub(crate) created: Option<Timestamp>,
    /// Since when it has been ready, or not, as far as the object tells.
    pub(crate) since: Option<Timestamp>,
    /// Where it stands.
    pub(crate) state: State,
    /// Why it is in error, or what is odd about it.
    pub(crate) remark: Option<Box<Remark>>,
    /// The components that it shall have; Kymas with the same list share it.
    pub(crate) components: Arc<[Component]>,
    /// How many different names `components` has.
    pub(crate) wanted: usize,
    /// The length in bytes of the longest of these names.
    pub(crate) longest: usize,
}

impl KymaEntry {
    /// The entry of an object.
    pub(crate) fn of(kyma: &Kyma, pools: &mut Pools) -> Self {
        let record = KymaRecord::of(kyma, pools);
        let state = State::of(&record);
        let ready = record.ready.as_deref();
        let created = time(kyma.metadata.creation_timestamp.as_ref());
        let since = match (state, ready) {
            (State::Deleting, _) => time(kyma.metadata.deletion_timestamp.as_ref()),
            (_, Some(ready)) if (ready.status == "True") == (state == State::Success) => {
                stages::parse_time(&ready.last_transition_time)
            }
            // The condition speaks of an earlier spec.
            (_, Some(_)) => None,
            (State::Success, None) => None,
            (_, None) => created,
        };
        Self {
            revision: record.revision(),
            uid: record.uid().clone(),
            created,
            since,
            state,
            remark: ready.and_then(|ready| remark(ready, state)).map(Box::new),
            components: record.components,
            wanted: record.wanted,
            longest: record.longest,
        }
    }
}

fn remark(ready: &Condition, state: State) -> Option<Remark> {
    let worth_it = state == State::Error || ready.reason == reason::DUPLICATE_COMPONENT;
    worth_it
        .then(|| Remark { reason: bounded(ready.reason.clone()), message: bounded(ready.message.clone()) })
}

fn time(time: Option<&Time>) -> Option<Timestamp> {
    time.map(|time| time.0)
}

impl Record for KymaEntry {
    fn revision(&self) -> u64 {
        self.revision
    }

    fn uid(&self) -> &Uid {
        &self.uid
    }

    fn owner(&self) -> Option<&Uid> {
        None
    }
}

#[cfg(test)]
mod tests {
    use kyma_inventory::conditions::MESSAGE_BYTES_MAX;
    use kyma_inventory::sample;
    use serde_json::{Value, json};

    use super::*;

    fn entry(status: &Value, metadata: &Value) -> KymaEntry {
        let mut kyma = serde_json::to_value(sample::kyma(1, "pb")).unwrap();
        kyma["metadata"]["creationTimestamp"] = "2026-01-01T00:00:00Z".into();
        kyma["metadata"]["generation"] = 2.into();
        kyma["metadata"].as_object_mut().unwrap().extend(metadata.as_object().unwrap().clone());
        kyma["status"] = status.clone();
        KymaEntry::of(&serde_json::from_value(kyma).unwrap(), &mut Pools::default())
    }

    fn status(state: &str, seen: i64, ready: &str, reason: &str) -> Value {
        json!({ "status": state, "observedGeneration": seen, "conditions": [{
            "type": "Ready", "status": ready, "reason": reason, "message": "m",
            "lastTransitionTime": "2026-01-01T00:01:00Z",
        }] })
    }

    #[test]
    fn each_state_is_told_from_the_others() {
        let none = json!({});
        let (created, changed) = (Some("2026-01-01T00:00:00Z"), Some("2026-01-01T00:01:00Z"));
        let gone = json!({ "deletionTimestamp": "2026-01-01T00:02:00Z", "finalizers": ["a/b"] });
        let cases = [
            (Value::Null, &none, State::New, created),
            (status("reconciling", 2, "False", "Reconciling"), &none, State::Reconciling, changed),
            (status("success", 2, "True", "Success"), &none, State::Success, changed),
            // The operator has not seen this spec.
            (status("success", 1, "True", "Success"), &none, State::Reconciling, None),
            (status("reconciling", 2, "False", "NameConflict"), &none, State::Error, changed),
            (status("reconciling", 2, "False", "InvalidComponent"), &none, State::Error, changed),
            (status("reconciling", 2, "False", "SomethingNew"), &none, State::Error, changed),
            (status("reconciling", 2, "False", "DuplicateComponent"), &none, State::Reconciling, changed),
            (status("success", 2, "True", "DuplicateComponent"), &none, State::Success, changed),
            (status("reconciling", 2, "Unknown", "Whatever"), &none, State::Reconciling, changed),
            (
                status("reconciling", 2, "False", "NameConflict"),
                &gone,
                State::Deleting,
                Some("2026-01-01T00:02:00Z"),
            ),
            // As the proof of concept wrote it.
            (json!({ "status": "reconciling", "waitingFor": ["istio"] }), &none, State::Reconciling, created),
            (json!({ "status": "success" }), &none, State::Success, None),
            (json!({ "status": "Error" }), &none, State::Error, created),
        ];
        for (status, metadata, state, since) in cases {
            let entry = entry(&status, metadata);
            let since = since.map(|text| text.parse::<Timestamp>().unwrap());
            assert_eq!((entry.state, entry.since), (state, since), "{status}");
        }
    }

    #[test]
    fn remarks_are_about_trouble_and_short() {
        let remark = |reason: &str| entry(&status("reconciling", 2, "False", reason), &json!({})).remark;
        assert_eq!(remark("Reconciling"), None);
        assert_eq!(remark("DuplicateComponent").unwrap().message, "m");
        let long = "x".repeat(100_000);
        let remark = remark(&long).unwrap();
        assert!(remark.reason.len() <= MESSAGE_BYTES_MAX && remark.reason.ends_with('…'));
    }

    /// What an entry costs by itself; lists of components are shared, remarks are rare and bounded.
    #[test]
    fn an_entry_is_small() {
        assert!(size_of::<KymaEntry>() <= 128, "{}", size_of::<KymaEntry>());
    }
}

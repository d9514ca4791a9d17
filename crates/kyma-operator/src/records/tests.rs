use jiff::Timestamp;
use kyma_controller::{ObjectKey, Record, Uid};
use kyma_inventory::sample;
use kyma_inventory::stages::remaining;
use kyma_inventory::{HelmComponent, Kyma, Stage};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{ComponentRecord, KymaRecord, Pools, Tallies};

fn component(metadata: &Value, rest: &Value) -> HelmComponent {
    let mut object = json!({
        "metadata": {
            "name": "k-istio", "namespace": "pb", "uid": "6f1a8a4e-94b5-4b0f-9d2e-0d9f4a1c7b33",
            "resourceVersion": "7", "generation": 1,
        },
        "spec": { "componentName": "istio" },
    });
    let merged = object.as_object_mut().unwrap();
    merged["metadata"].as_object_mut().unwrap().extend(metadata.as_object().unwrap().clone());
    merged.extend(rest.as_object().unwrap().clone());
    serde_json::from_value(object).unwrap()
}

fn owned_by(api_version: &str, kind: &str, controller: bool) -> Value {
    json!({ "ownerReferences": [
        { "apiVersion": "apps/v1", "kind": "Deployment", "name": "d", "uid": "x" },
        { "apiVersion": api_version, "kind": kind, "name": "k", "uid": "u", "controller": controller },
    ] })
}

fn record(metadata: &Value, rest: &Value) -> ComponentRecord {
    ComponentRecord::of(&component(metadata, rest), &mut Pools::default())
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

#[test]
fn a_component_record_is_small() {
    assert!(size_of::<ComponentRecord>() <= 152);
}

#[test]
fn only_a_kyma_that_controls_is_the_owner() {
    let owner = |api_version, kind, controller| {
        record(&owned_by(api_version, kind, controller), &json!({}))
            .owner
            .map(|owner| owner.key.name().to_owned())
    };
    assert_eq!(owner("inventory.kyma-project.io/v1alpha1", "Kyma", true).as_deref(), Some("k"));
    assert_eq!(owner("inventory.kyma-project.io/v2", "Kyma", true).as_deref(), Some("k"));
    assert_eq!(owner("inventory.kyma-project.io/v1alpha1", "Kyma", false), None);
    assert_eq!(owner("inventory.kyma-project.io/v1alpha1", "Cluster", true), None);
    assert_eq!(owner("operator.kyma-project.io/v1beta2", "Kyma", true), None);
    assert_eq!(owner("v1", "Kyma", true), None);
}

#[test]
fn whatever_the_status_says_there_is_a_record() {
    let odd = json!({ "status": {
        "status": "exploded", "lastReconciliation": "2021-02-30T00:00:00Z", "observedGeneration": -3,
        "conditions": [{ "type": "Ready", "status": "Maybe", "lastTransitionTime": "soon" }],
    } });
    let record = record(&json!({ "resourceVersion": "not a number" }), &odd);
    assert_eq!((record.revision(), record.stage, record.last_reconciliation()), (0, Stage::EMPTY, None));
    assert_eq!((record.observed_generation.get(), record.ready), (Some(-3), Some(false)));
    let bare: HelmComponent = serde_json::from_value(json!({ "metadata": {} })).unwrap();
    assert_eq!(ComponentRecord::of(&bare, &mut Pools::default()).chart.name.as_ref(), "");
}

#[test]
fn what_is_written_and_what_is_remembered_say_the_same() {
    let foreign = json!({ "status": { "conditions": [
        { "type": "Audited", "status": "True", "reason": "R", "message": "m", "lastTransitionTime": "2020-01-01T00:00:00Z" },
    ] } });
    let mut object = component(&json!({}), &foreign);
    let mut expected = ComponentRecord::of(&object, &mut Pools::default());
    let mut now = at("2024-01-01T00:00:00.25Z");
    for (revision, stage) in Stage::all().skip(1).enumerate() {
        let revision = 100 + revision as u64;
        now += jiff::SignedDuration::from_secs(2);
        object.status = Some(expected.status_entering(stage, now));
        object.metadata.resource_version = Some(revision.to_string());
        expected = expected.entered(stage, now, revision);
        // The watch brings what the answer to the write has said already: no difference, no wake-up.
        assert_eq!(ComponentRecord::of(&object, &mut Pools::default()), expected, "{stage:?}");
    }
    let conditions = object.status.unwrap().conditions;
    let shown: Vec<_> = conditions.iter().map(|c| (c.kind.as_str(), c.status.as_str())).collect();
    assert_eq!(shown, [("Audited", "True"), ("Ready", "True")]);
    assert_eq!(conditions[1].last_transition_time, "2024-01-01T00:00:10Z");
}

#[test]
fn a_kyma_record_comes_out_of_its_status_as_it_went_in() {
    let mut kyma = sample::kyma(1, "pb");
    kyma.metadata.resource_version = Some("5".into());
    kyma.metadata.generation = Some(2);
    let status = json!({
        "status": "reconciling", "waitingFor": ["istio", "ory"], "observedGeneration": 2,
        "conditions": [
            { "type": "Ready", "status": "False", "reason": "R", "message": "m", "lastTransitionTime": "2020-01-01T00:00:00Z" },
            { "type": "Audited", "status": "True", "reason": "R", "message": "", "lastTransitionTime": "2020-01-01T00:00:00Z" },
        ],
    });
    let pools = &mut Pools::default();
    let before = KymaRecord::of(&kyma, pools);
    kyma.status = Some(serde_json::from_value(status).unwrap());
    kyma.metadata.resource_version = Some("6".into());
    let learned = before.clone().with_status(kyma.status.as_ref().unwrap(), 6, pools);
    assert_eq!(learned, KymaRecord::of(&kyma, pools));
    assert_eq!((learned.wanted, learned.longest, learned.foreign.len()), (18, 22, 1));
    assert_eq!(learned.status().waiting_for, ["istio", "ory"]);
    assert!(before.is_new_to_us() && !learned.is_new_to_us());
}

#[test]
fn a_kyma_without_anything_has_a_record() {
    let kyma: Kyma = serde_json::from_value(json!({ "metadata": { "name": "k" } })).unwrap();
    let record = KymaRecord::of(&kyma, &mut Pools::default());
    assert_eq!((record.wanted, record.longest, record.state.as_ref()), (0, 0, ""));
}

/// One change: which component, its owner, its stage; none when it goes.
type Change = (u8, Option<(u8, usize)>);

fn change() -> impl Strategy<Value = Change> {
    (0_u8..6, prop::option::of((0_u8..3, 0..Stage::COUNT)))
}

proptest! {
    #[test]
    fn counters_agree_with_counting(changes in prop::collection::vec(change(), 0..60)) {
        let mut tallies = Tallies::default();
        let mut held: Vec<Option<ComponentRecord>> = vec![None; 6];
        for (n, new) in changes {
            let new = new.map(|(owner, stage)| {
                // Owner 0 is none; 1 and 2 are a Kyma and its predecessor of the same name.
                let metadata = if owner == 0 { json!({}) } else { json!({ "namespace": "pb", "ownerReferences": [{
                    "apiVersion": "inventory.kyma-project.io/v1alpha1", "kind": "Kyma", "name": "k",
                    "uid": format!("u{owner}"), "controller": true,
                }] }) };
                let stage = Stage::all().nth(stage).unwrap().word();
                record(&metadata, &json!({
                    "spec": { "componentName": "x".repeat(usize::from(n)) }, "status": { "status": stage },
                }))
            });
            let slot = &mut held[usize::from(n)];
            tallies.change(slot.as_ref(), new.as_ref());
            *slot = new;
        }
        let kyma = ObjectKey::new("pb", "k");
        for uid in ["u1", "u2"].map(Uid::parse) {
            let mine: Vec<_> = held.iter().flatten().filter(|record| record.owner() == Some(&uid)).collect();
            let tally = tallies.of(&kyma, &uid);
            prop_assert_eq!(tally.map_or(0, |tally| tally.children), mine.len());
            let waiting = mine.iter().filter(|record| record.stage != Stage::SUCCESS);
            prop_assert_eq!(tally.map_or(0, super::Tally::waiting), waiting.clone().count());
            let longest = waiting.map(|record| remaining(record.stage, record.name_bytes())).max();
            prop_assert_eq!(tally.map_or(0, super::Tally::longest), longest.unwrap_or(0));
        }
        prop_assert_eq!(tallies.stages().iter().sum::<usize>(), held.iter().flatten().count());
        let owned = held.iter().flatten().any(|record| record.owner.is_some());
        prop_assert_eq!(tallies.kymas().count(), usize::from(owned));
    }
}

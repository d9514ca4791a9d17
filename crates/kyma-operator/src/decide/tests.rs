use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use kyma_controller::{Numbers, ObjectKey};
use kyma_inventory::kyma::{Component, KymaSpec};
use kyma_inventory::plan::{DeleteCause, StatusPlan};
use kyma_inventory::{HelmComponent, Kyma, Stage, sample};
use kyma_workqueue::{Class, LimiterOptions, Turn};
use serde_json::json;

use super::{
    ComponentDecision, EDITED, Next, after_stage, component, component_event, kyma_event, seed_component,
};
use crate::fleet::{Fleet, PartId};
use crate::records::{ComponentRecord, KymaRecord, Pools};

const UID: &str = "00000000-0000-0000-0000-000000000001";
const OLD_UID: &str = "00000000-0000-0000-0000-000000000009";

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_700_000_000 + second).unwrap()
}

fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn key(name: &str) -> ObjectKey {
    ObjectKey::new("pb", name)
}

fn kyma(names: &[&str], revision: u64) -> Kyma {
    let component = |name: &&str| Component { name: (*name).into(), namespace: String::new() };
    let mut kyma = Kyma::new("pb", "k", KymaSpec { components: names.iter().map(component).collect() });
    kyma.metadata.uid = Some(UID.into());
    kyma.metadata.generation = Some(1);
    kyma.metadata.resource_version = Some(revision.to_string());
    kyma
}

fn child(name: &str, owner: Option<&str>, stage: &str, revision: u64) -> HelmComponent {
    let owners = owner.map(|uid| {
        json!([{
            "apiVersion": "inventory.kyma-project.io/v1alpha1", "kind": "Kyma", "name": "k", "uid": uid,
            "controller": true,
        }])
    });
    serde_json::from_value(json!({
        "metadata": {
            "name": name, "namespace": "pb", "uid": format!("uid of {name}"), "generation": 1,
            "resourceVersion": revision.to_string(), "ownerReferences": owners,
        },
        "spec": { "componentName": name.strip_prefix("k-").unwrap_or(name) },
        "status": { "status": stage, "lastReconciliation": "2023-11-14T22:13:20Z", "observedGeneration": 1 },
    }))
    .unwrap()
}

fn record(object: &HelmComponent) -> ComponentRecord {
    ComponentRecord::of(object, &mut Pools::default())
}

fn fleet() -> Fleet {
    Fleet::new(secs(1), LimiterOptions::default())
}

#[test]
fn a_component_enters_waits_and_rests() {
    let decide = |word, now| component(&record(&child("k-istio", None, word, 1)), at(0), at(now));
    let pending = Stage::parse("pending");
    assert_eq!(decide("", 0), ComponentDecision::Enter(pending, Turn::dependent(16)));
    assert_eq!(decide("pending", 0), ComponentDecision::Wait(secs(1), Turn::dependent(15)));
    assert_eq!(decide("started", 2), ComponentDecision::Wait(secs(3), Turn::dependent(10)));
    assert_eq!(decide("retrying", 5), ComponentDecision::Enter(Stage::SUCCESS, Turn::dependent(0)));
    assert_eq!(decide("success", 5), ComponentDecision::Rest);
    let mut gone = record(&child("k-istio", None, "", 1));
    gone.deleting = true;
    assert_eq!(component(&gone, at(0), at(0)), ComponentDecision::Rest);
}

#[test]
fn the_next_stage_is_counted_from_the_decision_not_from_the_answer() {
    let record = record(&child("k-istio", None, "", 1)).entered(Stage::parse("started"), at(0), 2);
    let answered = at(0) + SignedDuration::from_millis(400);
    let expected = Next::After(Duration::from_millis(4600), Turn::dependent(10));
    assert_eq!(after_stage(&record, at(0), answered), expected);
    assert_eq!(after_stage(&record, at(0), at(9)), Next::After(secs(0), Turn::dependent(10)));
    let done = record.entered(Stage::SUCCESS, at(0), 3);
    assert_eq!(after_stage(&done, at(0), at(0)), Next::Never);
}

#[test]
fn only_what_a_kyma_sees_of_a_component_wakes_it() {
    let plain = record(&child("k-istio", Some(UID), "started", 1));
    let woken = |new: ComponentRecord| component_event(Some(&plain), Some(&new)).new_owner;
    assert!(!woken(ComponentRecord { stage: Stage::parse("failing"), ..plain.clone() }));
    assert!(!woken(ComponentRecord { generation: 2, revision: 9, ..plain.clone() }));
    assert!(woken(ComponentRecord { stage: Stage::SUCCESS, ..plain.clone() }));
    assert!(woken(ComponentRecord { deleting: true, ..plain.clone() }));
    assert!(woken(ComponentRecord {
        chart: Pools::default().chart(&plain.chart.name, "elsewhere"),
        ..plain.clone()
    }));
    let orphaned = component_event(Some(&plain), Some(&ComponentRecord { owner: None, ..plain.clone() }));
    assert!(orphaned.old_owner);
    let gone = component_event(Some(&plain), None);
    assert!(gone.old_owner && !gone.new_owner && gone.component.is_none());
}

#[test]
fn status_writes_wake_no_component_and_specs_do() {
    let owned = record(&child("k-istio", Some(UID), "", 1));
    let by_hand = record(&child("alone", None, "", 1));
    let turn = |old, new| component_event(old, Some(new)).component;
    assert_eq!(turn(None, &owned), Some(Turn::dependent(16)));
    assert_eq!(turn(None, &by_hand), Some(Turn::user(16)));
    let stage = ComponentRecord { stage: Stage::parse("failing"), revision: 2, ..owned.clone() };
    assert_eq!(turn(Some(&owned), &stage), None);
    let spec = ComponentRecord { generation: 2, ..owned.clone() };
    assert_eq!(turn(Some(&owned), &spec), Some(Turn::user(16)));
    let leaving = ComponentRecord { deleting: true, generation: 2, ..owned.clone() };
    assert_eq!(turn(Some(&owned), &leaving), None);
}

#[test]
fn a_kyma_is_woken_by_its_user_and_not_by_itself() {
    let of = |object: &Kyma| KymaRecord::of(object, &mut Pools::default());
    let old = of(&kyma(&["a"], 1));
    assert_eq!(kyma_event(None, &old), Some(Class::User));
    assert_eq!(kyma_event(Some(&old), &KymaRecord { revision: 2, ..old.clone() }), None);
    assert_eq!(kyma_event(Some(&old), &KymaRecord { generation: 2, ..old.clone() }), Some(Class::User));
    let foreign = KymaRecord { state: "success".into(), revision: 2, ..old.clone() };
    assert_eq!(kyma_event(Some(&old), &foreign), Some(Class::Dependent));
}

#[test]
fn an_edit_goes_before_whatever_is_created() {
    let fleet = fleet();
    let wakes = fleet.observe_kyma(&kyma(&["a-component-with-a-long-name"], 1));
    assert!(wakes.kymas[0].1.priority < EDITED);
    let mut edited = kyma(&["a"], 2);
    edited.metadata.generation = Some(2);
    assert_eq!(fleet.observe_kyma(&edited).kymas, [(key("k"), Turn::new(Class::User, EDITED))]);
}

#[test]
fn a_newer_state_wakes_who_met_a_conflict_over_the_older_one() {
    let fleet = fleet();
    fleet.observe_kyma(&kyma(&["aa"], 1));
    let state = |stage, revision| child("k-aa", Some(UID), stage, revision);
    fleet.observe_component(PartId::FIRST, &state("pending", 2));
    let quiet = fleet.observe_component(PartId::FIRST, &state("started", 3));
    assert_eq!((quiet.kymas.len(), quiet.component), (0, None), "nobody waits");
    assert_eq!(fleet.component_outdated(&key("k-aa"), 3, secs(0)), Some(3));
    let by_watch = fleet.observe_component(PartId::FIRST, &state("failing", 4));
    let quiet = fleet.observe_component(PartId::FIRST, &state("failing", 5));
    assert_eq!((quiet.kymas.len(), quiet.component), (0, None), "nobody waits any more");
    assert_eq!(fleet.component_outdated(&key("k-aa"), 5, secs(0)), Some(5));
    let by_answer = fleet.learn_component_object(&state("retrying", 6));
    for wakes in [by_watch, by_answer] {
        assert_eq!(wakes.kymas.iter().map(|(kyma, _)| kyma).collect::<Vec<_>>(), [&key("k")]);
        assert_eq!(wakes.component.map(|(component, ..)| component), Some(key("k-aa")));
    }
}

#[test]
fn a_kyma_counts_as_long_as_its_longest_component() {
    let fleet = fleet();
    fleet.observe_kyma(&kyma(&["bb", "dddd"], 1));
    assert_eq!(fleet.kyma_priority(&key("k")), 13, "both are missing");
    fleet.observe_component(PartId::FIRST, &child("k-dddd", Some(UID), "failing", 2));
    assert_eq!(fleet.kyma_priority(&key("k")), 13, "one is missing");
    fleet.observe_component(PartId::FIRST, &child("k-bb", Some(UID), "started", 3));
    assert_eq!(fleet.kyma_priority(&key("k")), 8);
    fleet.observe_component(PartId::FIRST, &child("k-dddd", Some(UID), "success", 4));
    assert_eq!(fleet.kyma_priority(&key("k")), 6);
    assert_eq!(fleet.kyma_priority(&key("unknown")), 0);
}

#[test]
fn seeds_put_new_kymas_first_and_find_what_was_left_behind() {
    let fleet = fleet();
    fleet.observe_kyma(&kyma(&["a"], 1));
    let (kymas, components) = fleet.seeds(Numbers::ALL);
    assert_eq!((kymas, components.len()), (vec![(key("k"), Turn::user(4))], 0));
    fleet.observe_component(PartId::FIRST, &child("k-a", Some(UID), "pending", 2));
    let (kymas, components) = fleet.seeds(Numbers::ALL);
    assert_eq!(kymas, [(key("k"), Turn::sweep(4))]);
    assert_eq!(components, [(key("k-a"), Turn::sweep(4))]);
    assert_eq!(seed_component(&record(&child("x", None, "success", 1))), Turn::sweep(0));
    let orphans = self::fleet();
    orphans.observe_component(PartId::FIRST, &child("k-a", Some(UID), "pending", 2));
    assert_eq!(orphans.seeds(Numbers::ALL).0, [(key("k"), Turn::sweep(0))]);
}

#[test]
fn the_first_turn_is_the_users_and_the_rest_follows_as_consequence() {
    let fleet = fleet();
    let mut object = sample::kyma(1, "pb");
    object.metadata.uid = Some(UID.into());
    object.metadata.generation = Some(1);
    object.metadata.resource_version = Some("1".into());
    fleet.observe_kyma(&object);
    let (record, decision) = fleet.decide_kyma(&key("kyma-sample-1"), secs(0)).unwrap();
    assert_eq!(decision.turn, Turn::user(67));
    assert_eq!((decision.plan.creates.len(), decision.next), (4, Next::Again(Turn::dependent(67))));
    let StatusPlan::Write(desired) = &decision.plan.status else { panic!("no first status") };
    let status = desired.to_status(&record.status(), &[], 1, at(0));
    fleet.learn_kyma_status(&key("kyma-sample-1"), &record, &status, 2);
    let (_, decision) = fleet.decide_kyma(&key("kyma-sample-1"), secs(0)).unwrap();
    assert_eq!((decision.turn, decision.plan.status), (Turn::dependent(67), StatusPlan::Same));
}

#[test]
fn deletes_carry_the_state_that_was_read() {
    let fleet = fleet();
    fleet.observe_kyma(&kyma(&["a"], 1));
    fleet.observe_component(PartId::FIRST, &child("k-a", Some(OLD_UID), "success", 5));
    fleet.observe_component(PartId::FIRST, &child("k-z", Some(UID), "success", 6));
    let (_, decision) = fleet.decide_kyma(&key("k"), secs(0)).unwrap();
    let mut deletes: Vec<_> = decision.deletes.iter().map(|d| (d.key.clone(), d.revision, d.cause)).collect();
    deletes.sort_by_key(|(_, revision, _)| *revision);
    let expected = [(key("k-a"), 5, DeleteCause::OfPredecessor), (key("k-z"), 6, DeleteCause::NotWanted)];
    assert_eq!(deletes, expected);
}

#[test]
fn a_name_that_is_taken_is_looked_at_again_later_and_later_and_at_once_when_it_is_free() {
    let fleet = fleet();
    fleet.observe_kyma(&kyma(&["b-c"], 1));
    fleet.observe_component(PartId::FIRST, &child("k-b-c", None, "", 2));
    for (now, wait) in [(0, 1), (1, 2), (3, 4)] {
        let (_, decision) = fleet.decide_kyma(&key("k"), secs(now)).unwrap();
        assert_eq!(
            (decision.plan.creates.len(), decision.next),
            (0, Next::After(secs(wait), Turn::retry(0)))
        );
    }
    // In between nothing is put off any further.
    let (_, decision) = fleet.decide_kyma(&key("k"), secs(5)).unwrap();
    assert_eq!(decision.next, Next::After(secs(2), Turn::retry(0)));
    let wakes = fleet.observe_component_delete(PartId::FIRST, &key("k-b-c"), 9);
    assert_eq!(wakes.kymas, [(key("k"), Turn::dependent(10))]);
    let (_, decision) = fleet.decide_kyma(&key("k"), secs(5)).unwrap();
    assert_eq!(decision.plan.creates.len(), 1);
}

#[test]
fn what_another_namespace_owns_by_mistake_is_not_ours() {
    let fleet = fleet();
    fleet.observe_kyma(&kyma(&["a"], 1));
    let mut stray = child("k-z", Some(UID), "", 2);
    stray.metadata.namespace = Some("elsewhere".into());
    fleet.observe_component(PartId::FIRST, &stray);
    let (_, decision) = fleet.decide_kyma(&key("k"), secs(0)).unwrap();
    assert!(decision.deletes.is_empty());
}

#[test]
fn a_kyma_being_deleted_is_left_in_peace() {
    let fleet = fleet();
    fleet.observe_kyma(&kyma(&["Ä"], 1));
    fleet.memory(|memory| {
        let cause = kyma_inventory::plan::RefusalCause::Invalid;
        memory.refuse(&key("k"), 1, "Ä", cause, "no".into(), secs(0));
    });
    let mut object = kyma(&["Ä"], 2);
    let time = k8s_openapi::apimachinery::pkg::apis::meta::v1::Time(at(0));
    object.metadata.deletion_timestamp = Some(time);
    fleet.observe_kyma(&object);
    let (_, decision) = fleet.decide_kyma(&key("k"), secs(100)).unwrap();
    assert!(decision.plan.is_empty());
    assert_eq!(decision.next, Next::Never);
}

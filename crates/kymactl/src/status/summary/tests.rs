use serde_json::{Value, json};

use super::*;
use crate::status::fixture::{Fleet, NOW, ago, everywhere, motley, pb, reconciling, status, success};

fn names(reports: &[KymaReport]) -> Vec<&str> {
    reports.iter().map(|report| report.name.as_str()).collect()
}

/// Seconds from now.
fn seconds(time: Option<Timestamp>) -> Option<i64> {
    let now: Timestamp = NOW.parse().unwrap();
    time.map(|time| time.as_second() - now.as_second())
}

#[test]
fn everything_is_counted_once() {
    let summary = motley(everywhere()).summary();
    assert_eq!((summary.kymas.total, summary.kymas.by_state), (6, [1, 2, 1, 0, 2]));
    assert_eq!((summary.kymas.slow(), summary.kymas.warnings, summary.failed()), (3, 1, 1));
    let components = &summary.components;
    assert_eq!((components.total, components.by_stage), (10, [0, 0, 0, 1, 1, 8]));
    // One of the long name's, three of the new one's, one that a conflict keeps away.
    assert_eq!((components.missing, components.wanted(), components.arrived_percent), (5, 15, 53));
    assert_eq!(names(&summary.errors), ["broken"]);
    assert_eq!(names(&summary.warnings), ["twice"]);
    assert_eq!(summary.state, Some(State::Error));
    assert!(summary.selected.is_empty());
}

#[test]
fn an_empty_fleet_has_a_summary() {
    let summary = Fleet::new(everywhere()).summary();
    assert!(summary.is_empty());
    assert_eq!((summary.state, summary.components.arrived_percent), (None, 100));
    assert_eq!((summary.expected_end, summary.stalled_since), (None, None));
}

#[test]
fn the_overall_state_is_the_worst() {
    let done = Fleet::new(pb(&[])).kyma("a", 9, &[], &success(9));
    assert_eq!(done.summary().state, Some(State::Success));
    let busy = done.kyma("b", 9, &[], &reconciling(9));
    assert_eq!(busy.summary().state, Some(State::Reconciling));
    let broken = busy.kyma("c", 9, &[], &status("reconciling", "False", "InvalidComponent", "", 9));
    assert_eq!(broken.summary().state, Some(State::Error));
}

#[test]
fn the_slowest_come_first_and_of_equals_those_with_the_longest_way() {
    let fleet = Fleet::new(pb(&[]))
        .kyma("young", 5, &["ory"], &reconciling(5))
        .kyma("near", 60, &["ory"], &reconciling(60))
        .component("near", "ory", "retrying", 1)
        .kyma("far", 60, &["istio"], &reconciling(60))
        .component("far", "istio", "started", 1)
        .kyma("ready", 600, &["ory"], &success(500))
        .kyma("untold", 600, &["ory"], &json!({ "status": "success", "observedGeneration": 7 }))
        .kyma("old", 90, &["ory"], &Value::Null);
    let slowest = fleet.summary().slowest;
    assert_eq!(names(&slowest), ["untold", "old", "far", "near", "young"]);
    let few = fleet.summary_of(Shown { slowest: 2, troubled: 0 });
    assert_eq!(names(&few.slowest), ["untold", "old"]);
    assert_eq!(few.kymas.slow(), 5);
}

#[test]
fn the_component_that_arrives_last_is_the_one_that_is_waited_for() {
    let summary = motley(pb(&[])).summary();
    let told: Vec<_> = summary
        .slowest
        .iter()
        .map(|report| {
            let leaf = report.waiting_for.as_ref().unwrap();
            (report.ready, report.total, &*leaf.component, leaf.stage, seconds(report.expected_end()))
        })
        .collect();
    // failing for 7 of 22 s, then retrying for 22 s; a missing one passes through all, 1 + 3 × 22 s.
    assert_eq!(
        told,
        [
            (1, 3, "service-catalog-addons", MISSING, Some(67)),
            (2, 3, "service-catalog-addons", "failing", Some(15 + 22)),
            (0, 3, "service-catalog-addons", MISSING, Some(67)),
        ]
    );
    assert_eq!(seconds(summary.expected_end), Some(67));
}

#[test]
fn arrivals_follow_the_life_cycle() {
    // The stage, since when, and in how many seconds a component with a name of 5 bytes arrives.
    let cases = [
        ("", 3, Some(16)),
        ("pending", 0, Some(1 + 15)),
        ("started", 2, Some(3 + 10)),
        ("failing", 2, Some(3 + 5)),
        ("retrying", 2, Some(3)),
        // Late: the rest of the way is still to go, from now on.
        ("started", 500, Some(10)),
        ("retrying", 500, Some(0)),
        // The clock of the other machine is ahead: a stage is never longer than it is.
        ("retrying", -500, Some(5)),
        ("success", 2, None),
    ];
    for (stage, since, expected) in cases {
        let fleet = Fleet::new(pb(&[]))
            .kyma("k", 9, &["istio"], &reconciling(9))
            .component("k", "istio", stage, since);
        assert_eq!(seconds(fleet.summary().expected_end), expected, "{stage} {since}");
    }
    let respecified = json!({ "status": "success", "lastReconciliation": ago(9), "observedGeneration": 0 });
    let fleet =
        Fleet::new(pb(&[])).kyma("k", 9, &[], &reconciling(9)).child("k", "istio", &json!({}), &respecified);
    assert_eq!(seconds(fleet.summary().expected_end), Some(16));
}

#[test]
fn what_is_in_error_or_going_away_is_not_waited_for() {
    let conflict = status("reconciling", "False", "NameConflict", "m", 9);
    let mut gone = reconciling(9);
    let fleet = Fleet::new(pb(&[])).kyma("k", 9, &["istio"], &conflict);
    let summary = fleet.summary();
    assert_eq!((summary.expected_end, summary.stalled_since, summary.components.missing), (None, None, 1));
    assert_eq!(summary.errors[0].waiting_for.as_ref().unwrap().stage, MISSING);
    assert_eq!(summary.errors[0].expected_end(), None);

    gone["status"] = "success".into();
    let deleting = json!({ "deletionTimestamp": ago(3), "finalizers": ["a/b"] });
    let fleet = Fleet::new(pb(&[])).kyma("k", 900, &["istio"], &success(900)).child(
        "k",
        "istio",
        &deleting,
        &json!({ "status": "started", "lastReconciliation": ago(800) }),
    );
    let summary = fleet.summary();
    assert_eq!((summary.expected_end, summary.stalled_since), (None, None));
}

#[test]
fn silence_is_told_when_something_is_due() {
    let fleet = |created, stage, since| {
        let fleet = Fleet::new(pb(&[])).kyma("k", created, &["istio"], &reconciling(created));
        seconds(fleet.component("k", "istio", stage, since).summary().stalled_since)
    };
    assert_eq!(fleet(300, "started", 200), Some(-200));
    // Due, but only just.
    assert_eq!(fleet(300, "started", 30), None);
    assert_eq!(fleet(300, "started", 31), Some(-31));
    // Nothing is due.
    assert_eq!(fleet(300, "success", 200), None);
    let unseen =
        |created| Fleet::new(pb(&[])).kyma("k", created, &["istio"], &Value::Null).summary().stalled_since;
    assert_eq!(seconds(unseen(31)), Some(-31));
    assert_eq!(unseen(30), None);
    // A Kyma that has just come is news, if not from the operator.
    let joined = Fleet::new(pb(&[])).kyma("k", 300, &["a"], &Value::Null).kyma("l", 5, &["a"], &Value::Null);
    assert_eq!(joined.summary().stalled_since, None);
}

#[test]
fn one_that_was_asked_for_is_shown_with_its_components_in_spec_order() {
    let owner = |uid: &str| {
        json!({ "ownerReferences": [{
            "apiVersion": "inventory.kyma-project.io/v1alpha1", "kind": "Kyma", "name": "k", "uid": uid,
            "controller": true,
        }] })
    };
    let fleet = Fleet::new(pb(&["k"]))
        .kyma("k", 60, &["ory", "istio", "ory", "kiali"], &reconciling(60))
        .component("k", "istio", "started", 1)
        .component("k", "ory", "success", 9)
        .component("k", "unwanted", "pending", 0)
        // Its predecessor of the same name had it.
        .child("k", "kiali", &owner("another"), &json!({ "status": "success" }))
        .kyma("other", 60, &["ory"], &reconciling(60))
        .component("other", "ory", "started", 1);
    let summary = fleet.summary();
    assert_eq!((summary.kymas.total, summary.components.total), (1, 4));
    let report = &summary.selected[0];
    let leaves: Vec<_> = report.components.iter().map(|leaf| (&*leaf.component, leaf.stage)).collect();
    assert_eq!(
        leaves,
        [("ory", "success"), ("istio", "started"), ("kiali", MISSING), ("unwanted", "pending")]
    );
    assert_eq!((report.ready, report.total), (1, 3));
    assert_eq!(report.waiting_for.as_ref().unwrap().object, "k-kiali");
    assert!(summary.slowest[0].components.is_empty(), "only what was asked for has all its components");
}

#[test]
fn the_shape_of_the_document_is_stable() {
    insta::assert_json_snapshot!("fleet", motley(everywhere()).summary());
    insta::assert_json_snapshot!("one", motley(pb(&["halfway"])).summary());
    insta::assert_json_snapshot!("empty", Fleet::new(pb(&[])).summary());
}

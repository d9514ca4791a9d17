//! What users do while things are under way.

use std::time::Duration;

use kube::api::{DeleteParams, ListParams, Patch, PatchParams, PostParams};
use kyma_inventory::helm_component::HelmComponentSpec;
use kyma_inventory::kyma::{Component, SUCCESS};
use kyma_inventory::{HelmComponent, sample};
use serde_json::json;
use tokio::time::sleep;

use crate::harness::{Fixture, component, components, kyma, settle};

fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn words(stages: &[(Duration, String)]) -> Vec<&str> {
    stages.iter().map(|(_, word)| word.as_str()).collect()
}

const LIFE: [&str; 5] = ["pending", "started", "failing", "retrying", "success"];

#[tokio::test(start_paused = true)]
async fn a_component_that_is_added_starts_and_disturbs_nobody() {
    let fixture = Fixture::new().await;
    let _running = fixture.run();
    settle().await;
    fixture.create(&kyma("k", &["aaaaa"])).await;
    fixture.at(5.0).await;
    fixture.respecify("k", &components(&["aaaaa", "bb"])).await;
    settle().await;
    let status = fixture.kyma("k").await.status.unwrap();
    assert_eq!(
        (status.waiting_for, status.observed_generation),
        (vec!["aaaaa".to_owned(), "bb".into()], Some(2))
    );
    fixture.success("k").await;
    let stages = fixture.stages();
    assert_eq!(words(&stages["k-aaaaa"]), LIFE);
    assert_eq!(stages["k-aaaaa"][4].0 - stages["k-aaaaa"][0].0, secs(16));
    assert_eq!(stages["k-bb"][4].0 - stages["k-bb"][0].0, secs(7));
}

#[tokio::test(start_paused = true)]
async fn a_component_that_is_taken_out_goes() {
    let fixture = Fixture::new().await;
    let _running = fixture.run();
    settle().await;
    fixture.create(&kyma("k", &["a", "service-catalog-addons"])).await;
    fixture.at(10.0).await;
    fixture.respecify("k", &components(&["a"])).await;
    settle().await;
    assert_eq!(fixture.states().await.into_keys().collect::<Vec<_>>(), ["k-a"]);
    assert_eq!(fixture.kyma("k").await.status.unwrap().status, SUCCESS);
}

#[tokio::test(start_paused = true)]
async fn a_component_that_is_renamed_goes_and_comes() {
    let fixture = Fixture::new().await;
    let _running = fixture.run();
    settle().await;
    fixture.create(&kyma("k", &["old", "kept"])).await;
    fixture.at(3.0).await;
    fixture.respecify("k", &components(&["new", "kept"])).await;
    fixture.success("k").await;
    assert_eq!(fixture.states().await.into_keys().collect::<Vec<_>>(), ["k-kept", "k-new"]);
    assert_eq!(words(&fixture.stages()["k-kept"]), LIFE);
}

#[tokio::test(start_paused = true)]
async fn a_new_namespace_is_patched_in_and_the_life_starts_again() {
    let fixture = Fixture::new().await;
    let _running = fixture.run();
    settle().await;
    fixture.create(&kyma("k", &["aaa"])).await;
    fixture.at(5.0).await;
    fixture.respecify("k", &[Component { name: "aaa".into(), namespace: "there".into() }]).await;
    settle().await;
    let child = fixture.components().get("k-aaa").await.unwrap();
    assert_eq!(child.spec.namespace, "there");
    fixture.success("k").await;
    let stages = &fixture.stages()["k-aaa"];
    assert_eq!(words(stages), [&["pending", "started", "failing"][..], &LIFE].concat());
    assert_eq!(stages[7].0 - stages[3].0, secs(10));
    // And back out again, when it already is a success.
    fixture.respecify("k", &[component("aaa")]).await;
    settle().await;
    assert_eq!(fixture.components().get("k-aaa").await.unwrap().spec.namespace, "");
    assert_eq!(fixture.states().await["k-aaa"], "pending");
}

#[tokio::test(start_paused = true)]
async fn a_component_that_is_edited_by_hand_starts_again() {
    let fixture = Fixture::new().await;
    let running = fixture.run();
    settle().await;
    fixture.create(&kyma("k", &["aaa"])).await;
    fixture.success("k").await;
    let patch = Patch::Merge(json!({ "spec": { "version": "2.0" } }));
    fixture.components().patch("k-aaa", &PatchParams::default(), &patch).await.unwrap();
    settle().await;
    assert_eq!(fixture.states().await["k-aaa"], "pending");
    fixture.success("k").await;
    // The same while the operator was away.
    running.stop().await;
    let patch = Patch::Merge(json!({ "spec": { "version": "3.0" } }));
    fixture.components().patch("k-aaa", &PatchParams::default(), &patch).await.unwrap();
    let _running = fixture.run();
    settle().await;
    assert_eq!(fixture.states().await["k-aaa"], "pending");
}

#[tokio::test(start_paused = true)]
async fn a_deleted_kyma_takes_its_components_with_it() {
    let fixture = Fixture::new().await;
    let _running = fixture.run();
    settle().await;
    fixture.create(&sample::kyma(1, "pb")).await;
    fixture.create(&sample::kyma(2, "pb")).await;
    fixture.at(20.0).await;
    fixture.kymas().delete("kyma-sample-1", &DeleteParams::default()).await.unwrap();
    sleep(secs(30)).await;
    let states = fixture.states().await;
    assert_eq!(states.len(), 18);
    assert!(states.keys().all(|name| name.starts_with("kyma-sample-2-")));
    fixture.success("kyma-sample-2").await;
}

#[tokio::test(start_paused = true)]
async fn a_kyma_that_is_made_anew_gets_new_components() {
    let fixture = Fixture::new().await;
    let _running = fixture.run();
    settle().await;
    fixture.create(&kyma("k", &["aaaaa", "bb"])).await;
    fixture.at(8.0).await;
    fixture.kymas().delete("k", &DeleteParams::default()).await.unwrap();
    let anew = fixture.create(&kyma("k", &["aaaaa", "cc"])).await;
    fixture.success("k").await;
    let all = fixture.components().list(&ListParams::default()).await.unwrap();
    let names: Vec<_> = all.iter().map(|child| child.metadata.name.clone().unwrap()).collect();
    assert_eq!(names, ["k-aaaaa", "k-cc"]);
    for child in all {
        assert_eq!(Some(&child.metadata.owner_references.unwrap()[0].uid), anew.metadata.uid.as_ref());
    }
}

#[tokio::test(start_paused = true)]
async fn a_component_that_is_deleted_by_hand_comes_back() {
    let fixture = Fixture::new().await;
    let _running = fixture.run();
    settle().await;
    fixture.create(&kyma("k", &["aaa"])).await;
    fixture.success("k").await;
    fixture.components().delete("k-aaa", &DeleteParams::default()).await.unwrap();
    sleep(secs(2)).await;
    assert_eq!(fixture.kyma("k").await.status.unwrap().status, "reconciling");
    fixture.success("k").await;
    assert_eq!(fixture.states().await["k-aaa"], SUCCESS);
}

#[tokio::test(start_paused = true)]
async fn a_kyma_being_deleted_gets_no_more_creates() {
    let fixture = Fixture::new().await;
    let mut object = kyma("k", &["aaa"]);
    object.metadata.finalizers = Some(vec!["example.org/hold".into()]);
    fixture.create(&object).await;
    fixture.kymas().delete("k", &DeleteParams::default()).await.unwrap();
    let _running = fixture.run();
    sleep(secs(60)).await;
    assert_eq!(fixture.states().await.len(), 0);
    assert_eq!(fixture.writes().len(), 0);
}

#[tokio::test(start_paused = true)]
async fn objects_of_the_proof_of_concept_are_left_alone() {
    let fixture = Fixture::new().await;
    let made = fixture.create(&kyma("k", &["aaa"])).await;
    let mut child = HelmComponent::new(
        "pb",
        "k-aaa",
        HelmComponentSpec { component_name: "aaa".into(), ..Default::default() },
    );
    child.metadata.owner_references = Some(
        serde_json::from_value(json!([{
            "apiVersion": "inventory.kyma-project.io/v1alpha1", "kind": "Kyma", "name": "k",
            "uid": made.metadata.uid, "controller": true, "blockOwnerDeletion": true,
        }]))
        .unwrap(),
    );
    fixture.components().create(&PostParams::default(), &child).await.unwrap();
    let status = Patch::Merge(json!({ "status": {
        "status": "success", "lastReconciliation": "2021-11-02T10:00:00Z",
    } }));
    fixture.components().patch_status("k-aaa", &PatchParams::default(), &status).await.unwrap();
    let status = Patch::Merge(json!({ "status": { "status": "success" } }));
    fixture.kymas().patch_status("k", &PatchParams::default(), &status).await.unwrap();
    let _running = fixture.run();
    sleep(secs(100)).await;
    assert_eq!(fixture.writes().len(), 0, "{:#?}", fixture.writes());
    // The first news bring the new fields along.
    fixture.respecify("k", &components(&["aaa", "b"])).await;
    fixture.success("k").await;
}

#[tokio::test(start_paused = true)]
async fn a_stage_of_the_proof_of_concept_goes_on_where_it_was() {
    let fixture = Fixture::new().await;
    let spec = HelmComponentSpec { component_name: "aaaaa".into(), ..Default::default() };
    for (name, status) in [
        ("late", json!({ "status": "failing", "lastReconciliation": "2021-11-02T10:00:00Z" })),
        ("timeless", json!({ "status": "failing" })),
        ("ahead", json!({ "status": "failing", "lastReconciliation": "2100-01-01T00:00:00Z" })),
        ("unknown", json!({ "status": "exploded" })),
    ] {
        let object = HelmComponent::new("pb", name, spec.clone());
        fixture.components().create(&PostParams::default(), &object).await.unwrap();
        let patch = Patch::Merge(json!({ "status": status }));
        fixture.components().patch_status(name, &PatchParams::default(), &patch).await.unwrap();
    }
    let _running = fixture.run();
    let start = fixture.elapsed();
    sleep(secs(60)).await;
    let stages = fixture.stages();
    let expected = |times: &[(u64, &str)]| -> Vec<(Duration, String)> {
        times.iter().map(|(time, word)| (start + secs(*time), (*word).to_owned())).collect()
    };
    assert_eq!(stages["late"], expected(&[(0, "retrying"), (5, "success")]));
    assert_eq!(stages["timeless"], expected(&[(5, "retrying"), (10, "success")]));
    assert_eq!(stages["ahead"], expected(&[(5, "retrying"), (10, "success")]));
    let life = [(0, "pending"), (1, "started"), (6, "failing"), (11, "retrying"), (16, "success")];
    assert_eq!(stages["unknown"], expected(&life));
}

//! Names that cannot be, or are somebody else's: a clear condition and Event, no hot loop, no harm to others.

use std::time::Duration;

use kube::api::DeleteParams;
use kyma_inventory::Condition;
use kyma_inventory::kyma::{Component, SUCCESS};
use tokio::time::sleep;

use crate::harness::{Fixture, components, kyma, settle};

fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

async fn ready(fixture: &Fixture, name: &str) -> Condition {
    fixture.kyma(name).await.status.unwrap().conditions[0].clone()
}

#[tokio::test(start_paused = true)]
async fn illegal_names_are_refused_and_the_others_arrive() {
    let fixture = Fixture::new().await;
    let _running = fixture.run();
    settle().await;
    let too_long = "x".repeat(300);
    fixture.create(&kyma("k", &["", "Ä", "UPPER", "a/b", &too_long, "good"])).await;
    fixture.create(&kyma("neighbour", &["aaa"])).await;
    settle().await;
    let condition = ready(&fixture, "k").await;
    assert_eq!((condition.status.as_str(), condition.reason.as_str()), ("False", "InvalidComponent"));
    assert!(!condition.message.is_empty());
    sleep(secs(3600)).await;
    let status = fixture.kyma("k").await.status.unwrap();
    assert_eq!(status.status, "reconciling");
    assert_eq!(status.waiting_for, ["", "Ä", "UPPER", "a/b", &too_long]);
    assert_eq!(fixture.states().await["k-good"], SUCCESS);
    assert_eq!(fixture.kyma("neighbour").await.status.unwrap().status, SUCCESS);
    // Each of the five is tried again at 1, 3, 7, … seconds, twelve times or so in the hour; and nothing else.
    let tries = fixture.writes().iter().filter(|write| write.code == 422).count();
    assert!((50..=70).contains(&tries), "{tries}");
    let kymas = fixture.writes().iter().filter(|write| write.name == "k").count();
    assert!(kymas <= 4, "{kymas} status writes");
    let events = fixture.events("k").await;
    let warnings =
        events.iter().filter(|(kind, reason, _)| kind == "Warning" && reason == "InvalidComponent");
    assert!((1..=3).contains(&warnings.count()), "{events:?}");
}

#[tokio::test(start_paused = true)]
async fn a_spec_that_is_put_right_is_tried_at_once() {
    let fixture = Fixture::new().await;
    let _running = fixture.run();
    settle().await;
    fixture.create(&kyma("k", &["UPPER"])).await;
    sleep(secs(1000)).await;
    fixture.respecify("k", &components(&["upper"])).await;
    let start = fixture.elapsed();
    fixture.success("k").await;
    assert_eq!((fixture.elapsed() - start).as_secs(), 16);
    assert_eq!(ready(&fixture, "k").await.reason, "Success");
}

#[tokio::test(start_paused = true)]
async fn of_a_name_that_comes_twice_the_first_counts() {
    let fixture = Fixture::new().await;
    let _running = fixture.run();
    settle().await;
    let mut object = kyma("k", &["a", "b", "a"]);
    object.spec.components[2] = Component { name: "a".into(), namespace: "elsewhere".into() };
    fixture.create(&object).await;
    settle().await;
    assert_eq!(ready(&fixture, "k").await.reason, "DuplicateComponent");
    fixture.success("k").await;
    sleep(secs(100)).await;
    assert_eq!(fixture.components().get("k-a").await.unwrap().spec.namespace, "");
    let condition = ready(&fixture, "k").await;
    assert_eq!((condition.status.as_str(), condition.reason.as_str()), ("True", "DuplicateComponent"));
    let reasons: Vec<String> = fixture.events("k").await.into_iter().map(|(_, reason, _)| reason).collect();
    assert!(
        reasons.contains(&"DuplicateComponent".into()) && reasons.contains(&"Success".into()),
        "{reasons:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_name_that_another_kyma_took_is_a_conflict_until_it_is_free() {
    let fixture = Fixture::new().await;
    let _running = fixture.run();
    settle().await;
    fixture.create(&kyma("a-b", &["c"])).await;
    settle().await;
    fixture.create(&kyma("a", &["b-c", "d"])).await;
    sleep(secs(100)).await;
    let condition = ready(&fixture, "a").await;
    assert_eq!((condition.status.as_str(), condition.reason.as_str()), ("False", "NameConflict"));
    assert_eq!(fixture.kyma("a").await.status.unwrap().waiting_for, ["b-c"]);
    assert_eq!(fixture.kyma("a-b").await.status.unwrap().status, SUCCESS);
    assert_eq!(fixture.components().get("a-b-c").await.unwrap().spec.component_name, "c");
    let events = fixture.events("a").await;
    assert!(
        events.iter().any(|(kind, reason, _)| kind == "Warning" && reason == "NameConflict"),
        "{events:?}"
    );
    fixture.kymas().delete("a-b", &DeleteParams::default()).await.unwrap();
    fixture.success("a").await;
    assert_eq!(fixture.components().get("a-b-c").await.unwrap().spec.component_name, "b-c");
}

#[tokio::test(start_paused = true)]
async fn a_name_that_somebody_made_by_hand_is_never_adopted() {
    let fixture = Fixture::new().await;
    let spec = kyma_inventory::helm_component::HelmComponentSpec {
        component_name: "mine".into(),
        ..Default::default()
    };
    let object = kyma_inventory::HelmComponent::new("pb", "k-a", spec);
    fixture.components().create(&kube::api::PostParams::default(), &object).await.unwrap();
    let _running = fixture.run();
    fixture.create(&kyma("k", &["a"])).await;
    sleep(secs(3600)).await;
    let held = fixture.components().get("k-a").await.unwrap();
    assert_eq!((held.spec.component_name.as_str(), held.metadata.owner_references), ("mine", None));
    assert_eq!(held.status.unwrap().status, SUCCESS);
    assert_eq!(ready(&fixture, "k").await.reason, "NameConflict");
    // No create is sent for what the cache shows to be taken.
    let creates = fixture.writes().iter().filter(|write| write.method == http::Method::POST).count();
    assert!(creates <= 1, "{creates}");
    fixture.components().delete("k-a", &DeleteParams::default()).await.unwrap();
    fixture.success("k").await;
}

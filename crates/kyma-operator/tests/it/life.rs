//! The life cycle: to the second, and to the write.

use std::time::Duration;

use http::Method;
use kyma_inventory::kyma::SUCCESS;
use kyma_inventory::sample;
use kyma_operator::Config;

use crate::harness::{Fixture, settle};

fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

#[tokio::test(start_paused = true)]
async fn one_kyma_takes_67_seconds_and_122_writes() {
    let fixture = Fixture::new().await;
    let _running = fixture.run();
    settle().await;
    fixture.create(&sample::kyma(1, "pb")).await;
    fixture.success("kyma-sample-1").await;
    let writes = fixture.writes();
    assert!(writes.iter().all(super::harness::Write::succeeded), "{writes:#?}");
    let count = |kind: &str, method| {
        writes.iter().filter(|write| write.kind == kind && write.method == method).count()
    };
    assert_eq!(count("helmcomponents", Method::POST), 18);
    assert_eq!(count("helmcomponents", Method::PUT), 90);
    assert_eq!(count("kymas", Method::PUT), 14);
    assert_eq!(writes.len(), 122);
    assert_eq!(writes.last().unwrap().at - writes[0].at, secs(67));
    // Nothing more, not even after the sync period has passed twice.
    fixture.forget_writes();
    tokio::time::sleep(secs(21 * 60 * 60)).await;
    assert_eq!(fixture.writes().len(), 0);
}

#[tokio::test(start_paused = true)]
async fn each_component_passes_each_stage_on_the_second() {
    let fixture = Fixture::new().await;
    let _running = fixture.run();
    settle().await;
    fixture.create(&sample::kyma(1, "pb")).await;
    fixture.success("kyma-sample-1").await;
    let start = fixture.writes()[0].at;
    let stages = fixture.stages();
    assert_eq!(stages.len(), 18);
    for (name, _) in sample::COMPONENTS {
        let n = name.len() as u64;
        let times = [
            ("pending", 0),
            ("started", 1),
            ("failing", 1 + n),
            ("retrying", 1 + 2 * n),
            ("success", 1 + 3 * n),
        ];
        let expected: Vec<_> =
            times.iter().map(|(word, time)| (start + secs(*time), (*word).to_owned())).collect();
        assert_eq!(stages[&format!("kyma-sample-1-{name}")], expected, "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn progress_is_coalesced_at_the_trailing_edge() {
    let fixture = Fixture::new().await;
    let _running = fixture.run();
    settle().await;
    fixture.create(&sample::kyma(1, "pb")).await;
    fixture.success("kyma-sample-1").await;
    let writes = fixture.writes();
    let kymas: Vec<_> = writes.iter().filter(|write| write.kind == "kymas").collect();
    let times: Vec<u64> = kymas.iter().map(|write| (write.at - writes[0].at).as_secs()).collect();
    // The first at once; each length of name one second after its success; success at once.
    let mut expected: Vec<u64> =
        sample::COMPONENTS.iter().map(|(name, _)| 3 * name.len() as u64 + 2).collect();
    expected.sort_unstable();
    expected.dedup();
    *expected.last_mut().unwrap() -= 1;
    expected.insert(0, 0);
    assert_eq!(times, expected);
    let waiting: Vec<usize> =
        kymas.iter().map(|write| write.body["status"]["waitingFor"].as_array().map_or(0, Vec::len)).collect();
    assert!(waiting.windows(2).all(|pair| pair[0] > pair[1]), "{waiting:?}");
    assert_eq!((waiting[0], waiting.last()), (18, Some(&0)));
}

#[tokio::test(start_paused = true)]
async fn what_is_written_says_what_it_should() {
    let fixture = Fixture::new().await;
    let _running = fixture.run();
    settle().await;
    fixture.create(&sample::kyma(1, "pb")).await;
    settle().await;
    let kyma = fixture.kyma("kyma-sample-1").await;
    let status = kyma.status.unwrap();
    let in_order: Vec<&str> = sample::COMPONENTS.iter().map(|(name, _)| *name).collect();
    assert_eq!(
        (status.status.as_str(), status.waiting_for),
        ("reconciling", in_order.iter().map(ToString::to_string).collect())
    );
    assert_eq!((status.observed_generation, status.conditions.len()), (Some(1), 1));
    let child = fixture.components().get("kyma-sample-1-istio").await.unwrap();
    let owner = &child.metadata.owner_references.as_ref().unwrap()[0];
    assert_eq!((Some(&owner.uid), owner.kind.as_str()), (kyma.metadata.uid.as_ref(), "Kyma"));
    assert_eq!((owner.controller, owner.block_owner_deletion), (Some(true), Some(true)));
    assert_eq!(child.metadata.labels.unwrap()["inventory.kyma-project.io/shard"], "37");
    assert_eq!(
        (child.spec.component_name.as_str(), child.spec.namespace.as_str()),
        ("istio", "istio-system")
    );
    let status = child.status.unwrap();
    assert_eq!((status.status.as_str(), status.observed_generation), ("pending", Some(1)));
    let time = status.last_reconciliation.unwrap();
    assert!(
        time.starts_with("2026-01-01T00:00:00.") && time.len() == "2026-01-01T00:00:00.000000Z".len(),
        "{time}"
    );
    fixture.success("kyma-sample-1").await;
    let status = fixture.kyma("kyma-sample-1").await.status.unwrap();
    assert_eq!((status.waiting_for.len(), status.conditions[0].status.as_str()), (0, "True"));
    settle().await;
    let events = fixture.events("kyma-sample-1").await;
    assert_eq!(events, [("Normal".into(), "Success".into(), "18 components have arrived".into())]);
}

#[tokio::test(start_paused = true)]
async fn a_fleet_is_there_before_the_operator_and_takes_no_longer() {
    let fixture = Fixture::new().await;
    for i in 1..=20 {
        fixture.create(&sample::kyma(i, "pb")).await;
    }
    let _running = fixture.run();
    for i in 1..=20 {
        fixture.success(&sample::name(i)).await;
    }
    let writes = fixture.writes();
    assert_eq!(writes.len(), 20 * 122);
    assert_eq!(writes.last().unwrap().at - writes[0].at, secs(67));
}

#[tokio::test(start_paused = true)]
async fn the_first_turns_go_to_the_longest_names() {
    let fixture = Fixture::new().await;
    for i in 1..=3 {
        fixture.create(&sample::kyma(i, "pb")).await;
    }
    let _running = fixture.run_with(Config { concurrency: 1, ..Config::default() });
    settle().await;
    let lengths: Vec<usize> = fixture
        .writes()
        .iter()
        .filter(|write| write.method == Method::POST)
        .map(|write| write.body["spec"]["componentName"].as_str().unwrap().len())
        .collect();
    assert_eq!(lengths.len(), 54);
    // Each Kyma's first turn creates its four longest; then the longest of all that are left go first.
    let mut longest: Vec<usize> = sample::COMPONENTS.iter().map(|(name, _)| name.len()).collect();
    longest.sort_unstable_by(|a, b| b.cmp(a));
    let first = [&longest[..4]; 3].concat();
    assert_eq!(lengths[..12], first);
    let rest = &lengths[12..];
    assert!(rest.iter().rev().take(6).all(|length| *length <= 6), "{rest:?}");
}

#[tokio::test(start_paused = true)]
async fn a_component_made_by_hand_runs_its_life_and_stays() {
    let fixture = Fixture::new().await;
    let _running = fixture.run();
    settle().await;
    let spec = kyma_inventory::helm_component::HelmComponentSpec {
        component_name: "istio".into(),
        ..Default::default()
    };
    let object = kyma_inventory::HelmComponent::new("pb", "by-hand", spec);
    fixture.components().create(&kube::api::PostParams::default(), &object).await.unwrap();
    tokio::time::sleep(secs(3600)).await;
    assert_eq!(fixture.states().await["by-hand"], SUCCESS);
    assert_eq!(fixture.writes().len(), 5);
}

#[tokio::test(start_paused = true)]
async fn nothing_to_install_is_a_success_at_once() {
    let fixture = Fixture::new().await;
    let _running = fixture.run();
    settle().await;
    fixture.create(&crate::harness::kyma("empty", &[])).await;
    settle().await;
    assert_eq!(fixture.kyma("empty").await.status.unwrap().status, SUCCESS);
    assert_eq!(fixture.writes().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn only_the_given_namespace_is_looked_at() {
    let fixture = Fixture::new().await;
    fixture.cluster.namespace("other").await;
    let _running = fixture.run_with(Config { namespace: Some("other".into()), ..Config::default() });
    fixture.create(&sample::kyma(1, "pb")).await;
    tokio::time::sleep(secs(100)).await;
    assert_eq!(fixture.writes().len(), 0);
}

#[tokio::test(start_paused = true)]
async fn clusters_do_no_harm() {
    let fixture = Fixture::new().await;
    let _running = fixture.run();
    let api: kube::Api<kyma_inventory::Cluster> = kube::Api::namespaced(fixture.client(), "pb");
    let object = kyma_inventory::Cluster::new("pb", "c", Default::default());
    api.create(&kube::api::PostParams::default(), &object).await.unwrap();
    settle().await;
    api.delete("c", &kube::api::DeleteParams::default()).await.unwrap();
    settle().await;
    assert_eq!(fixture.writes().len(), 0);
}

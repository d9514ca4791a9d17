//! Many replicas, each with its part of the fleet: together they do what one does, and whoever comes or goes, only what
//! must move moves.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use k8s_openapi::api::coordination::v1::Lease;
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::ResourceExt as _;
use kube::api::{Api, DeleteParams, ListParams, ObjectMeta, Patch, PatchParams, PostParams};
use kyma_controller::drive::RunError;
use kyma_controller::{Numbers, Ownership};
use kyma_inventory::kyma::Component;
use kyma_inventory::names::{SHARD_LABEL, shard_of};
use kyma_inventory::sample;
use kyma_operator::Config;
use serde_json::json;
use tokio::time::{Instant, sleep};

use crate::harness::{Fault, Fixture, GROUP, LIFE, NAMESPACE, Running, Write, kyma, sharing};

const NAMES: [&str; 3] = ["a", "bbbbbb", "cccccccccc"];

fn replica(fixture: &Fixture, id: &str) -> Running {
    replica_with(fixture, id, Ownership::of(Numbers::NONE))
}

fn replica_with(fixture: &Fixture, id: &str, ownership: Ownership) -> Running {
    fixture.run_replica(id, Config { replicas: sharing(id, ownership), ..Config::default() })
}

/// What each Lease claims.
async fn claims(fixture: &Fixture) -> BTreeMap<String, Numbers> {
    let api: Api<Lease> = Api::namespaced(fixture.client(), NAMESPACE);
    let all = api.list(&ListParams::default()).await.unwrap();
    let claims = |lease: &Lease| lease.annotations()[&format!("{GROUP}/shards")].parse().unwrap();
    all.iter().map(|lease| (lease.name_any().replacen("the-group-", "", 1), claims(lease))).collect()
}

/// Waits until these replicas have shared all shards out among themselves; returns how long that took.
async fn shared_by(fixture: &Fixture, ids: &[&str]) -> Duration {
    let since = Instant::now();
    loop {
        let claims = claims(fixture).await;
        let of_these = || ids.iter().filter_map(|id| claims.get(*id));
        let all = of_these().fold(Numbers::NONE, |all, numbers| all | *numbers);
        if all == Numbers::ALL && of_these().map(|numbers| numbers.len()).sum::<usize>() == 256 {
            return since.elapsed();
        }
        assert!(since.elapsed() < Duration::from_secs(60), "{claims:?}");
        sleep(Duration::from_millis(10)).await;
    }
}

async fn replicas(fixture: &Fixture, ids: &[&str]) -> Vec<Running> {
    let running = ids.iter().map(|id| replica(fixture, id)).collect();
    shared_by(fixture, ids).await;
    // The components of the last shards are being listed.
    sleep(Duration::from_secs(1)).await;
    running
}

async fn create(fixture: &Fixture, kymas: usize) -> Vec<String> {
    let names: Vec<String> = (1..=kymas).map(|i| format!("kyma-{i}")).collect();
    for name in &names {
        fixture.create(&kyma(name, &NAMES)).await;
    }
    names
}

async fn all_succeed(fixture: &Fixture, names: &[String]) {
    for name in names {
        fixture.success(name).await;
    }
    let stages = fixture.stages();
    assert_eq!(stages.len(), names.len() * NAMES.len());
    for (name, stages) in &stages {
        let words: Vec<&str> = stages.iter().map(|(_, word)| word.as_str()).collect();
        assert_eq!(words, LIFE, "{name}");
    }
    let creates = fixture.writes().iter().filter(|w| w.method == http::Method::POST && w.succeeded()).count();
    assert_eq!(creates, names.len() * NAMES.len());
}

/// Which replicas wrote something of each Kyma, from the write with this number on.
fn actors(fixture: &Fixture, from: usize) -> BTreeMap<String, BTreeSet<String>> {
    let mut actors: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for write in fixture.writes().into_iter().skip(from).filter(Write::succeeded) {
        let name = if write.name.is_empty() {
            write.body["metadata"]["name"].as_str().unwrap()
        } else {
            &write.name
        };
        let kyma = name.splitn(3, '-').take(2).collect::<Vec<_>>().join("-");
        actors.entry(kyma).or_default().insert(write.by);
    }
    actors
}

/// Who renews a Lease with this write.
fn renews(write: &Write) -> Option<&str> {
    (write.kind == "leases").then(|| write.body["spec"]["holderIdentity"].as_str().unwrap_or_default())
}

#[tokio::test(start_paused = true)]
async fn four_share_the_fleet_and_cost_what_one_costs() {
    let fixture = Fixture::new().await;
    let _running = replicas(&fixture, &["a", "b", "c", "d"]).await;
    const KYMAS: usize = 60;
    for number in 1..=KYMAS {
        fixture.create(&sample::kyma(number, NAMESPACE)).await;
    }
    for number in 1..=KYMAS {
        fixture.success(&format!("kyma-sample-{number}")).await;
    }
    let writes = fixture.writes();
    assert!(writes.iter().all(Write::succeeded), "nobody is in another one's way");
    assert_eq!(writes.len(), KYMAS * 122);
    let claims = claims(&fixture).await;
    for (id, numbers) in &claims {
        assert!((38..=90).contains(&numbers.len()), "{id} has {}", numbers.len());
    }
    for write in writes.iter().filter(|write| write.kind == "kymas") {
        assert!(claims[&write.by].contains(shard_of(NAMESPACE, &write.name)), "{write:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_replica_that_dies_is_followed_and_only_its_kymas_move() {
    let fixture = Fixture::new().await;
    let ids = ["a", "b", "c", "d"];
    let mut running = replicas(&fixture, &ids).await;
    let names = create(&fixture, 24).await;
    sleep(Duration::from_secs(4)).await;
    let before = actors(&fixture, 0);
    assert!(before.values().all(|replicas| replicas.len() == 1), "{before:?}");
    running.remove(1).kill().await;
    let (from, since) = (fixture.writes().len(), Instant::now());
    let waited = shared_by(&fixture, &["a", "c", "d"]).await;
    assert!((12.0..20.0).contains(&waited.as_secs_f64()), "it took {waited:?}");
    all_succeed(&fixture, &names).await;
    assert!(since.elapsed() < Duration::from_secs(60));
    let after = actors(&fixture, from);
    for (kyma, replicas) in &after {
        assert_eq!(replicas.len(), 1, "{kyma}: {replicas:?}");
        assert!(!replicas.contains("b"));
        assert!(
            before[kyma].contains("b") || before[kyma] == *replicas,
            "{kyma} moved from {:?}",
            before[kyma]
        );
    }
    assert!(before.iter().any(|(kyma, replicas)| replicas.contains("b") && after.contains_key(kyma)));
}

#[tokio::test(start_paused = true)]
async fn a_replica_that_leaves_is_followed_within_three_seconds() {
    let fixture = Fixture::new().await;
    let mut running = replicas(&fixture, &["a", "b", "c"]).await;
    let names = create(&fixture, 12).await;
    sleep(Duration::from_millis(7300)).await;
    let since = Instant::now();
    running.remove(0).stop().await;
    assert!(!claims(&fixture).await.contains_key("a"), "its Lease is gone");
    shared_by(&fixture, &["b", "c"]).await;
    assert!(since.elapsed() < Duration::from_secs(3), "it took {:?}", since.elapsed());
    all_succeed(&fixture, &names).await;
}

#[tokio::test(start_paused = true)]
async fn a_replica_that_comes_takes_its_part_within_three_seconds() {
    let fixture = Fixture::new().await;
    let mut running = replicas(&fixture, &["a", "b"]).await;
    let names = create(&fixture, 12).await;
    sleep(Duration::from_millis(5200)).await;
    let before = claims(&fixture).await;
    let since = Instant::now();
    running.push(replica(&fixture, "c"));
    shared_by(&fixture, &["a", "b", "c"]).await;
    assert!(since.elapsed() < Duration::from_secs(3), "it took {:?}", since.elapsed());
    let after = claims(&fixture).await;
    for id in ["a", "b"] {
        assert_eq!(after[id] & before[id], after[id], "nobody but c gains anything");
    }
    all_succeed(&fixture, &names).await;
    assert!(actors(&fixture, 0).values().any(|replicas| replicas.contains("c")));
}

#[tokio::test(start_paused = true)]
async fn a_replica_that_cannot_renew_ends_before_another_acts_for_it() {
    let fixture = Fixture::new().await;
    let mut running = replicas(&fixture, &["a", "b"]).await;
    let names = create(&fixture, 6).await;
    sleep(Duration::from_secs(3)).await;
    fixture.fail(|_, write| if renews(write) == Some("a") { Fault::Refuse(500) } else { Fault::Pass });
    let since = Instant::now();
    let ended = running.remove(0).ended().await;
    assert!(matches!(ended, Err(RunError::LeaseLost { lease }) if lease == GROUP));
    assert!((7.0..=10.0).contains(&since.elapsed().as_secs_f64()), "it ended after {:?}", since.elapsed());
    assert!(claims(&fixture).await["b"].len() < 256);
    shared_by(&fixture, &["b"]).await;
    all_succeed(&fixture, &names).await;
}

/// A replica that was stopped between its decision and its write: its Lease is gone when it goes on, and what was on its way
/// lands in a world that has moved on.
#[tokio::test(start_paused = true)]
async fn a_write_that_comes_late_repeats_nothing_and_skips_nothing() {
    for late_one in 0..12 {
        let fixture = Fixture::new().await;
        let mut running = replicas(&fixture, &["a", "b"]).await;
        let (mut seen, mut is_cut_off) = (0, false);
        fixture.fail(move |_, write| {
            if renews(write) == Some("a") && is_cut_off {
                return Fault::Refuse(500);
            }
            let is_creation = write.kind == "helmcomponents" && write.method == http::Method::POST;
            if write.by == "a" && (write.stage().is_some() || is_creation) && !is_cut_off {
                seen += 1;
                if seen > late_one {
                    is_cut_off = true;
                    return Fault::Late(Duration::from_secs(40));
                }
            }
            Fault::Pass
        });
        let names = create(&fixture, 4).await;
        // Its own workers are not waited for: what is on its way is 40 s late.
        let ended = tokio::spawn(running.remove(0).ended());
        shared_by(&fixture, &["b"]).await;
        for name in &names {
            fixture.success(name).await;
        }
        assert!(matches!(ended.await.unwrap(), Err(RunError::LeaseLost { .. })));
        all_succeed(&fixture, &names).await;
        let refused = fixture.writes().iter().filter(|write| !write.succeeded()).count();
        assert!(refused <= 1, "write {late_one}: {refused} were refused");
    }
}

#[tokio::test(start_paused = true)]
async fn a_component_without_its_label_is_not_lost() {
    let fixture = Fixture::new().await;
    let _running = replicas(&fixture, &["a", "b", "c"]).await;
    let names = create(&fixture, 4).await;
    sleep(Duration::from_millis(2500)).await;
    let other = (usize::from(shard_of(NAMESPACE, "kyma-2")) + 1..256).map(|n| n.to_string());
    let strange = [None, Some("no-number".to_owned()), Some("0300".to_owned())].into_iter();
    for (name, label) in ["kyma-1-a", "kyma-3-a", "kyma-4-bbbbbb"].into_iter().zip(strange) {
        let patch = json!({ "metadata": { "labels": { SHARD_LABEL: label } } });
        fixture.components().patch(name, &PatchParams::default(), &Patch::Merge(patch)).await.unwrap();
    }
    // Each of another shard in turn: one of them has another holder.
    for label in other.take(4) {
        let patch = json!({ "metadata": { "labels": { SHARD_LABEL: label } } });
        fixture
            .components()
            .patch("kyma-2-bbbbbb", &PatchParams::default(), &Patch::Merge(patch))
            .await
            .unwrap();
        sleep(Duration::from_millis(300)).await;
    }
    for name in &names {
        fixture.success(name).await;
    }
    for (name, stages) in fixture.stages() {
        let words: Vec<&str> = stages.iter().map(|(_, word)| word.as_str()).collect();
        assert_eq!(words, LIFE, "{name}");
    }
    let label = |name: &str| {
        let components = fixture.components();
        let name = name.to_owned();
        async move { components.get(&name).await.unwrap().labels().get(SHARD_LABEL).cloned() }
    };
    assert_eq!(label("kyma-1-a").await, None, "nothing is relabelled that all can see");
    assert_eq!(label("kyma-2-bbbbbb").await, Some(shard_of(NAMESPACE, "kyma-2").to_string()));
}

/// An upgrade: the fleet is there, made by an operator that knew no shards.
#[tokio::test(start_paused = true)]
async fn a_fleet_without_labels_is_shared_too() {
    let fixture = Fixture::new().await;
    let alone = fixture.run();
    let names = create(&fixture, 8).await;
    sleep(Duration::from_secs(3)).await;
    alone.stop().await;
    for component in fixture.components().list(&ListParams::default()).await.unwrap() {
        let patch = json!({ "metadata": { "labels": { SHARD_LABEL: null } } });
        let name = component.name_any();
        fixture.components().patch(&name, &PatchParams::default(), &Patch::Merge(patch)).await.unwrap();
    }
    let from = fixture.writes().len();
    let _running = replicas(&fixture, &["a", "b", "c"]).await;
    all_succeed(&fixture, &names).await;
    let actors: BTreeSet<String> = actors(&fixture, from).into_values().flatten().collect();
    assert!(actors.len() > 1, "{actors:?}");
}

/// When nothing has moved for a minute, each replica has one informer of its shards again, and misses nothing by it.
#[tokio::test(start_paused = true)]
async fn informers_are_gathered_when_nothing_moves() {
    let fixture = Fixture::new().await;
    let mut running = replicas(&fixture, &["a", "b", "c"]).await;
    let names = create(&fixture, 6).await;
    running.remove(0).stop().await;
    shared_by(&fixture, &["b", "c"]).await;
    all_succeed(&fixture, &names).await;
    sleep(Duration::from_secs(70)).await;
    fixture.forget_writes();
    for name in &names {
        fixture.components().delete(&format!("{name}-a"), &DeleteParams::default()).await.unwrap();
    }
    sleep(Duration::from_secs(1)).await;
    for name in &names {
        fixture.success(name).await;
    }
    let again: BTreeSet<String> = fixture.stages().into_keys().collect();
    assert_eq!(again, names.iter().map(|name| format!("{name}-a")).collect());
}

#[tokio::test(start_paused = true)]
async fn the_lease_of_a_replica_that_died_is_removed_in_the_end() {
    let fixture = Fixture::new().await;
    let mut running = replicas(&fixture, &["a", "b"]).await;
    running.remove(0).kill().await;
    let since = Instant::now();
    while claims(&fixture).await.contains_key("a") {
        assert!(since.elapsed() < Duration::from_secs(600));
        sleep(Duration::from_secs(1)).await;
    }
    assert!(since.elapsed() > Duration::from_secs(300), "it was removed after {:?}", since.elapsed());
    assert_eq!(claims(&fixture).await["b"], Numbers::ALL);
}

#[tokio::test(start_paused = true)]
async fn a_lease_that_says_nothing_readable_claims_everything() {
    let fixture = Fixture::new().await;
    let api: Api<Lease> = Api::namespaced(fixture.client(), NAMESPACE);
    let strange: Lease = serde_json::from_value(json!({
        "metadata": {
            "name": "the-group-strange",
            "labels": { "the-group/replica": "true" },
            "annotations": { "the-group/shards": "0-255" },
        },
        "spec": { "holderIdentity": "strange", "leaseDurationSeconds": 30 },
    }))
    .unwrap();
    api.create(&PostParams::default(), &strange).await.unwrap();
    let _running = replica(&fixture, "a");
    fixture.create(&kyma("k", &NAMES)).await;
    sleep(Duration::from_secs(29)).await;
    assert_eq!(fixture.writes().len(), 0);
    sleep(Duration::from_secs(4)).await;
    assert!(!fixture.writes().is_empty(), "it was never renewed");
}

/// Who cannot list must not take the part of those who can: an upgrade whose new replica lacks a right.
#[tokio::test(start_paused = true)]
async fn a_replica_that_cannot_list_does_not_join() {
    let fixture = Fixture::new().await;
    let definitions: Api<CustomResourceDefinition> = Api::all(fixture.client());
    let kymas = definitions.get("kymas.inventory.kyma-project.io").await.unwrap();
    definitions.delete(&kymas.name_any(), &DeleteParams::default()).await.unwrap();
    let running = replica(&fixture, "a");
    sleep(Duration::from_secs(60)).await;
    assert_eq!(claims(&fixture).await, BTreeMap::new());
    let again = CustomResourceDefinition {
        metadata: ObjectMeta { name: kymas.metadata.name, ..ObjectMeta::default() },
        ..kymas
    };
    definitions.create(&PostParams::default(), &again).await.unwrap();
    shared_by(&fixture, &["a"]).await;
    running.stop().await;
}

/// A number that is not claimed any more must not be acted upon any more, whatever keeps a round from its end.
#[tokio::test(start_paused = true)]
async fn who_cannot_evict_gives_up_what_others_own() {
    let fixture = Fixture::new().await;
    let mut running = replicas(&fixture, &["a", "b"]).await;
    let names = create(&fixture, 12).await;
    sleep(Duration::from_secs(2)).await;
    fixture.fail(|_, write| {
        let evicts = write.name == "the-group-b" && renews(write) == Some("");
        if evicts && write.by == "a" { Fault::Refuse(500) } else { Fault::Pass }
    });
    running.remove(1).kill().await;
    sleep(Duration::from_secs(14)).await;
    running.push(replica(&fixture, "c"));
    all_succeed(&fixture, &names).await;
    assert!(fixture.writes().iter().all(Write::succeeded), "no two act upon the same");
    let (claims, from) = (claims(&fixture).await, fixture.writes().len());
    assert_eq!(claims["a"] & claims["c"], Numbers::NONE);
    for name in &names {
        fixture.respecify(name, &[Component { name: "a".into(), namespace: "x".into() }]).await;
    }
    for name in &names {
        fixture.success(name).await;
    }
    assert!(fixture.writes().iter().all(Write::succeeded), "no two act upon the same");
    for (kyma, replicas) in actors(&fixture, from) {
        let owner = if claims["c"].contains(shard_of(NAMESPACE, &kyma)) { "c" } else { "a" };
        assert_eq!(replicas, BTreeSet::from([owner.to_owned()]), "{kyma}");
    }
}

/// The server did what was asked, and its answer was lost: nobody else has had anything to do with it.
#[tokio::test(start_paused = true)]
async fn a_lost_answer_to_a_renewal_moves_nothing() {
    let fixture = Fixture::new().await;
    let ownership = Ownership::of(Numbers::NONE);
    let _running = replica_with(&fixture, "a", ownership.clone());
    shared_by(&fixture, &["a"]).await;
    sleep(Duration::from_secs(3)).await;
    let mut granted = ownership.granted();
    assert_eq!(*granted.borrow_and_update(), Numbers::ALL);
    let mut lost = 0;
    fixture.fail(move |_, write| {
        lost += u32::from(renews(write).is_some());
        if renews(write).is_some() && lost < 3 { Fault::LoseAnswer } else { Fault::Pass }
    });
    sleep(Duration::from_secs(20)).await;
    assert!(!granted.has_changed().unwrap(), "it was {}", *granted.borrow());
}

/// What the process was asking when it was told to end may have happened.
#[tokio::test(start_paused = true)]
async fn a_lease_is_given_back_in_whatever_state_it_is() {
    let fixture = Fixture::new().await;
    let mut running = replicas(&fixture, &["a"]).await;
    fixture.fail(|_, write| if renews(write).is_some() { Fault::LoseAnswer } else { Fault::Pass });
    sleep(Duration::from_secs(3)).await;
    running.remove(0).stop().await;
    assert_eq!(claims(&fixture).await, BTreeMap::new());
}

/// A patch that was on its way when its replica was stopped comes over a newer one.
#[tokio::test(start_paused = true)]
async fn a_patch_that_comes_late_changes_nothing() {
    let fixture = Fixture::new().await;
    let mut running = replicas(&fixture, &["a", "b"]).await;
    let names = create(&fixture, 6).await;
    all_succeed(&fixture, &names).await;
    let mut is_cut_off = false;
    fixture.fail(move |_, write| {
        if renews(write) == Some("a") && is_cut_off {
            return Fault::Refuse(500);
        }
        let is_patch = write.kind == "helmcomponents" && write.body.get("spec").is_some();
        if is_patch && write.by == "a" && !is_cut_off {
            is_cut_off = true;
            return Fault::Late(Duration::from_secs(40));
        }
        Fault::Pass
    });
    let into =
        |namespace: &str| NAMES.map(|name| Component { name: name.into(), namespace: namespace.into() });
    for name in &names {
        fixture.respecify(name, &into("x")).await;
    }
    let ended = tokio::spawn(running.remove(0).ended());
    shared_by(&fixture, &["b"]).await;
    for name in &names {
        fixture.respecify(name, &into("z")).await;
    }
    for name in &names {
        fixture.success(name).await;
    }
    assert!(matches!(ended.await.unwrap(), Err(RunError::LeaseLost { .. })));
    let late: Vec<_> = fixture.writes().into_iter().filter(|write| !write.succeeded()).collect();
    assert_eq!(late.iter().map(|write| write.code).collect::<Vec<_>>(), [409], "{late:?}");
    let words: Vec<String> = fixture.stages()[&late[0].name].iter().map(|(_, word)| word.clone()).collect();
    assert!(words.ends_with(&LIFE.map(str::to_owned)), "{words:?}");
    // For no namespace, for x and for z.
    assert_eq!(words.iter().filter(|word| *word == LIFE[0]).count(), 3, "{words:?}");
}

/// Without a label, whose a component is follows from its owner.
#[tokio::test(start_paused = true)]
async fn a_component_that_loses_its_owner_is_not_lost() {
    let fixture = Fixture::new().await;
    let _running = replicas(&fixture, &["a", "b", "c"]).await;
    create(&fixture, 6).await;
    sleep(Duration::from_millis(2500)).await;
    for number in 1..=6 {
        let patch = json!({ "metadata": { "labels": { SHARD_LABEL: null } } });
        let name = format!("kyma-{number}-cccccccccc");
        fixture.components().patch(&name, &PatchParams::default(), &Patch::Merge(patch)).await.unwrap();
    }
    sleep(Duration::from_millis(500)).await;
    for number in 1..=6 {
        let patch = json!({ "metadata": { "ownerReferences": null } });
        let name = format!("kyma-{number}-cccccccccc");
        fixture.components().patch(&name, &PatchParams::default(), &Patch::Merge(patch)).await.unwrap();
    }
    sleep(Duration::from_secs(60)).await;
    let states = fixture.states().await;
    assert!(states.values().all(|state| state == "success"), "{states:?}");
}

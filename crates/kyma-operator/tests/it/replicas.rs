//! Many replicas, one Lease: one acts, and whatever becomes of it, the next one goes on where it was.

use std::time::Duration;

use k8s_openapi::api::coordination::v1::Lease;
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::api::{Api, DeleteParams};
use kyma_controller::drive::RunError;
use kyma_controller::election::Timings;
use kyma_controller::{ElectorOptions, Fence};
use kyma_operator::{Config, Replicas};
use tokio::time::{Instant, sleep};

use crate::harness::{Fault, Fixture, NAMESPACE, Running, Write, kyma};

const LEASE: &str = "the-lease";
const NAMES: [&str; 3] = ["a", "bbbbbb", "cccccccccc"];
const LIFE: [&str; 5] = ["pending", "started", "failing", "retrying", "success"];

fn replica(fixture: &Fixture, identity: &str) -> Running {
    let election = ElectorOptions {
        namespace: NAMESPACE.to_owned(),
        name: LEASE,
        identity: identity.to_owned(),
        timings: Timings::default(),
        fence: Fence::closed(),
    };
    fixture.run_with(Config { replicas: Replicas::OneActs(election), ..Config::default() })
}

async fn holder(fixture: &Fixture) -> String {
    let api: Api<Lease> = Api::namespaced(fixture.client(), NAMESPACE);
    let lease = api.get_opt(LEASE).await.unwrap();
    lease.and_then(|lease| lease.spec?.holder_identity).unwrap_or_default()
}

/// How long it takes until a replica leads.
async fn leads(fixture: &Fixture, identity: &str) -> Duration {
    let since = Instant::now();
    while holder(fixture).await != identity {
        assert!(since.elapsed() < Duration::from_secs(60), "{identity} does not lead");
        sleep(Duration::from_millis(10)).await;
    }
    since.elapsed()
}

/// Two replicas, of which the first leads.
async fn two(fixture: &Fixture) -> (Running, Running) {
    let first = replica(fixture, "first");
    leads(fixture, "first").await;
    (first, replica(fixture, "second"))
}

/// Who wrote a Lease last, by what it says.
fn candidate(write: &Write) -> Option<&str> {
    (write.kind == "leases").then(|| write.body["spec"]["holderIdentity"].as_str().unwrap_or_default())
}

fn assert_whole_lives(fixture: &Fixture) {
    let stages = fixture.stages();
    assert_eq!(stages.len(), NAMES.len());
    for (name, stages) in &stages {
        let words: Vec<&str> = stages.iter().map(|(_, word)| word.as_str()).collect();
        assert_eq!(words, LIFE, "{name}");
    }
    let creates = fixture.writes().iter().filter(|w| w.method == http::Method::POST && w.succeeded()).count();
    assert_eq!(creates, NAMES.len());
}

#[tokio::test(start_paused = true)]
async fn one_of_two_acts_and_costs_what_one_alone_costs() {
    let alone = Fixture::new().await;
    let _running = alone.run();
    alone.create(&kyma("k", &NAMES)).await;
    alone.success("k").await;

    let fixture = Fixture::new().await;
    let (_first, _second) = two(&fixture).await;
    fixture.create(&kyma("k", &NAMES)).await;
    fixture.success("k").await;
    assert_eq!(holder(&fixture).await, "first");
    assert_eq!(fixture.writes().len(), alone.writes().len());
    assert_whole_lives(&fixture);
    let said = fixture.events(LEASE).await;
    assert_eq!(said, [("Normal".into(), "LeaderElection".into(), "first became leader".into())]);
}

#[tokio::test(start_paused = true)]
async fn a_leader_that_leaves_is_followed_within_three_seconds() {
    let fixture = Fixture::new().await;
    let (first, _second) = two(&fixture).await;
    fixture.create(&kyma("k", &NAMES)).await;
    sleep(Duration::from_millis(7300)).await;
    let since = Instant::now();
    first.stop().await;
    leads(&fixture, "second").await;
    assert!(since.elapsed() < Duration::from_secs(3), "it took {:?}", since.elapsed());
    fixture.success("k").await;
    assert_whole_lives(&fixture);
}

#[tokio::test(start_paused = true)]
async fn a_leader_that_dies_is_followed_within_twenty_seconds() {
    for death in [0, 1500, 4000, 9900] {
        let fixture = Fixture::new().await;
        let (first, _second) = two(&fixture).await;
        fixture.create(&kyma("k", &NAMES)).await;
        sleep(Duration::from_millis(death)).await;
        first.kill().await;
        let waited = leads(&fixture, "second").await;
        // Its last renewal is up to two seconds old.
        assert!((13.0..20.0).contains(&waited.as_secs_f64()), "it took {waited:?}");
        fixture.success("k").await;
        assert_whole_lives(&fixture);
    }
}

#[tokio::test(start_paused = true)]
async fn a_leader_that_cannot_renew_ends_before_the_next_one_begins() {
    let fixture = Fixture::new().await;
    let (first, _second) = two(&fixture).await;
    fixture.create(&kyma("k", &NAMES)).await;
    sleep(Duration::from_secs(3)).await;
    fixture.fail(|_, write| if candidate(write) == Some("first") { Fault::Refuse(500) } else { Fault::Pass });
    let since = Instant::now();
    let ended = first.ended().await;
    assert!(matches!(ended, Err(RunError::LeaseLost { lease }) if lease == LEASE));
    let ended_after = since.elapsed();
    assert!((8.0..=10.0).contains(&ended_after.as_secs_f64()), "it ended after {ended_after:?}");
    assert_eq!(holder(&fixture).await, "first");
    leads(&fixture, "second").await;
    fixture.success("k").await;
    assert_whole_lives(&fixture);
}

/// A replica that was stopped between its decision and its write: the Lease is gone when it goes on, and what was on its
/// way lands in a world that has moved on.
#[tokio::test(start_paused = true)]
async fn a_write_that_comes_late_repeats_nothing_and_skips_nothing() {
    for late_one in 0..12 {
        let fixture = Fixture::new().await;
        let (first, _second) = two(&fixture).await;
        let mut seen = 0;
        let mut is_cut_off = false;
        fixture.fail(move |_, write| {
            if candidate(write) == Some("first") && is_cut_off {
                return Fault::Refuse(500);
            }
            let is_status = write.kind == "helmcomponents" && write.method == http::Method::PUT;
            if is_status && !is_cut_off {
                seen += 1;
                if seen > late_one {
                    is_cut_off = true;
                    return Fault::Late(Duration::from_secs(40));
                }
            }
            Fault::Pass
        });
        fixture.create(&kyma("k", &NAMES)).await;
        // Its own workers are not waited for: what is on its way is 40 s late.
        let ended = tokio::spawn(first.ended());
        leads(&fixture, "second").await;
        fixture.success("k").await;
        assert!(matches!(ended.await.unwrap(), Err(RunError::LeaseLost { .. })));
        assert_whole_lives(&fixture);
        let refused = fixture.writes().iter().filter(|write| !write.succeeded()).count();
        assert!(refused <= 1, "write {late_one}: {refused} were refused");
    }
}

/// The Lease is lost while the first list is still being asked for.
#[tokio::test(start_paused = true)]
async fn a_replica_that_never_came_to_work_ends_too_when_its_lease_is_lost() {
    let fixture = Fixture::new().await;
    let definitions: Api<CustomResourceDefinition> = Api::all(fixture.client());
    definitions.delete("kymas.inventory.kyma-project.io", &DeleteParams::default()).await.unwrap();
    let first = replica(&fixture, "first");
    leads(&fixture, "first").await;
    fixture.fail(|_, write| if candidate(write).is_some() { Fault::Refuse(500) } else { Fault::Pass });
    let ended = tokio::time::timeout(Duration::from_secs(30), first.ended()).await;
    assert!(matches!(ended, Ok(Err(RunError::LeaseLost { lease: LEASE }))), "{ended:?}");
}

//! Restarts, conflicts and a server that fails: no stage is skipped or repeated, and the end is the same.

use std::collections::BTreeMap;
use std::time::Duration;

use kube::api::{Patch, PatchParams};
use kyma_controller::{FastRandom, Random};
use kyma_inventory::kyma::SUCCESS;
use kyma_inventory::sample;
use serde_json::json;
use tokio::time::sleep;

use crate::harness::{Fault, Fixture, LIFE, components, kyma, settle};

/// Every component passed every stage exactly once and in order, and stayed in each for its time at least.
fn assert_whole_lives(stages: &BTreeMap<String, Vec<(Duration, String)>>, names: &[&str]) {
    assert_eq!(stages.len(), names.len());
    for name in names {
        let stages = &stages[*name];
        let words: Vec<&str> = stages.iter().map(|(_, word)| word.as_str()).collect();
        assert_eq!(words, LIFE, "{name}");
        let component = name.split_once('-').unwrap().1;
        let n = component.len() as u64;
        for (pair, least) in stages.windows(2).zip([1, n, n, n]) {
            assert!(pair[1].0 - pair[0].0 >= Duration::from_secs(least), "{name} {pair:?}");
        }
    }
}

const NAMES: [&str; 4] = ["a", "bb", "cccccc", "dddddddddd"];
const CHILDREN: [&str; 4] = ["k-a", "k-bb", "k-cccccc", "k-dddddddddd"];

#[tokio::test(start_paused = true)]
async fn a_restart_at_any_moment_neither_skips_nor_repeats() {
    for seed in 0..25 {
        let random = FastRandom::seeded(seed);
        let fixture = Fixture::new().await;
        fixture.create(&kyma("k", &NAMES)).await;
        let mut running = fixture.run();
        for restart in 0..4 {
            // Half of the restarts come within the first milliseconds, when most of the writes are.
            let millis = if restart % 2 == 0 { random.next_u64() % 30 } else { random.next_u64() % 12_000 };
            sleep(Duration::from_millis(millis)).await;
            if random.next_u64().is_multiple_of(2) {
                running.kill().await;
            } else {
                running.stop().await;
            }
            if random.next_u64().is_multiple_of(2) {
                sleep(Duration::from_millis(random.next_u64() % 20_000)).await;
            }
            running = fixture.run();
        }
        fixture.success("k").await;
        assert_whole_lives(&fixture.stages(), &CHILDREN);
        let creates =
            fixture.writes().iter().filter(|w| w.method == http::Method::POST && w.succeeded()).count();
        assert_eq!(creates, 4, "seed {seed}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_crash_in_the_middle_of_each_write_is_survived() {
    for crash_at in 0..4 + 20 + 1 + 4 {
        let fixture = Fixture::new().await;
        fixture.create(&kyma("k", &NAMES)).await;
        // The server carries the write out, and the operator dies without learning of it.
        let (sender, receiver) = tokio::sync::oneshot::channel();
        let mut sender = Some(sender);
        fixture.fail(move |number, _| {
            if number == crash_at
                && let Some(sender) = sender.take()
            {
                let _ = sender.send(());
                return Fault::LoseAnswer;
            }
            Fault::Pass
        });
        let running = fixture.run();
        receiver.await.unwrap();
        running.kill().await;
        let _running = fixture.run();
        fixture.success("k").await;
        assert_whole_lives(&fixture.stages(), &CHILDREN);
    }
}

#[tokio::test(start_paused = true)]
async fn writes_of_others_in_between_change_nothing() {
    let fixture = Fixture::new().await;
    let _running = fixture.run();
    fixture.create(&kyma("k", &NAMES)).await;
    let random = FastRandom::seeded(7);
    settle().await;
    for n in 0..400 {
        sleep(Duration::from_millis(random.next_u64() % 200)).await;
        let patch = Patch::Merge(json!({ "metadata": { "labels": { "touched": n.to_string() } } }));
        let child = CHILDREN[(random.next_u64() % 4) as usize];
        fixture.components().patch(child, &PatchParams::default(), &patch).await.unwrap();
        fixture.kymas().patch("k", &PatchParams::default(), &patch).await.unwrap();
    }
    fixture.success("k").await;
    assert_whole_lives(&fixture.stages(), &CHILDREN);
    let succeeded = fixture.writes().iter().filter(|write| write.succeeded()).count();
    assert_eq!(succeeded, 4 + 20 + 1 + 4);
}

#[tokio::test(start_paused = true)]
async fn conditions_of_others_survive_our_writes() {
    let fixture = Fixture::new().await;
    let _running = fixture.run();
    fixture.create(&kyma("k", &["aaa"])).await;
    settle().await;
    let audited = json!({
        "type": "Audited", "status": "True", "reason": "Seen", "message": "", "lastTransitionTime": "2025-01-01T00:00:00Z",
    });
    let child = fixture.components().get("k-aaa").await.unwrap();
    let mut conditions = serde_json::to_value(child.status.unwrap().conditions).unwrap();
    conditions.as_array_mut().unwrap().insert(0, audited.clone());
    let patch = Patch::Merge(json!({ "status": { "conditions": conditions } }));
    fixture.components().patch_status("k-aaa", &PatchParams::default(), &patch).await.unwrap();
    let kyma = fixture.kyma("k").await;
    let mut conditions = serde_json::to_value(kyma.status.unwrap().conditions).unwrap();
    conditions.as_array_mut().unwrap().insert(0, audited);
    let patch = Patch::Merge(json!({ "status": { "conditions": conditions } }));
    fixture.kymas().patch_status("k", &PatchParams::default(), &patch).await.unwrap();
    fixture.success("k").await;
    for conditions in [
        fixture.components().get("k-aaa").await.unwrap().status.unwrap().conditions,
        fixture.kyma("k").await.status.unwrap().conditions,
    ] {
        let kinds: Vec<_> = conditions.iter().map(|c| (c.kind.as_str(), c.status.as_str())).collect();
        assert_eq!(kinds, [("Audited", "True"), ("Ready", "True")]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_that_fails_now_and_then_only_costs_time() {
    for seed in 0..10 {
        let random = FastRandom::seeded(seed);
        let fixture = Fixture::new().await;
        fixture.fail(move |_, _| match random.next_u64() % 10 {
            0 | 1 => Fault::Refuse(500),
            2 => Fault::LoseAnswer,
            3 => Fault::Refuse(503),
            _ => Fault::Pass,
        });
        let _running = fixture.run();
        fixture.create(&kyma("k", &NAMES)).await;
        fixture.success("k").await;
        assert_whole_lives(&fixture.stages(), &CHILDREN);
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_that_only_fails_is_not_stormed() {
    let fixture = Fixture::new().await;
    fixture.create(&kyma("k", &NAMES)).await;
    fixture.fail(|_, _| Fault::Refuse(500));
    let _running = fixture.run();
    sleep(Duration::from_secs(3600)).await;
    // 1, 2, 4 … 1000 s apart: the back-off of one key, since the first write already fails.
    let tries = fixture.writes().len();
    assert!((10..=16).contains(&tries), "{tries}");
    fixture.fail(|_, _| Fault::Pass);
    fixture.success("k").await;
}

#[tokio::test(start_paused = true)]
async fn a_policy_against_one_component_does_not_stop_the_others() {
    let fixture = Fixture::new().await;
    fixture.fail(|_, write| {
        let forbidden = write.body["spec"]["componentName"] == "dddddddddd";
        if forbidden { Fault::Refuse(403) } else { Fault::Pass }
    });
    let _running = fixture.run();
    fixture.create(&kyma("k", &NAMES)).await;
    sleep(Duration::from_secs(100)).await;
    let status = fixture.kyma("k").await.status.unwrap();
    assert_eq!(status.waiting_for, ["dddddddddd"]);
    assert_eq!(status.conditions[0].reason, "InvalidComponent");
    fixture.fail(|_, _| Fault::Pass);
    fixture.success("k").await;
}

#[tokio::test(start_paused = true)]
async fn random_edits_end_in_what_the_last_spec_says() {
    for seed in 0..15 {
        let random = FastRandom::seeded(seed);
        let fixture = Fixture::new().await;
        let mut running = fixture.run();
        fixture.create(&kyma("k", &NAMES)).await;
        let mut last = NAMES.to_vec();
        for _ in 0..8 {
            sleep(Duration::from_millis(random.next_u64() % 6000)).await;
            let pool = ["a", "bb", "cccccc", "dddddddddd", "ee", "f"];
            last = pool.into_iter().filter(|_| random.next_u64().is_multiple_of(2)).collect();
            fixture.respecify("k", &components(&last)).await;
            if random.next_u64().is_multiple_of(4) {
                running.kill().await;
                running = fixture.run();
            }
        }
        fixture.success("k").await;
        settle().await;
        let expected: BTreeMap<String, String> =
            last.iter().map(|name| (format!("k-{name}"), SUCCESS.to_owned())).collect();
        assert_eq!(fixture.states().await, expected, "seed {seed}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_second_operator_that_takes_over_goes_on_where_the_first_was() {
    let fixture = Fixture::new().await;
    let first = fixture.run();
    settle().await;
    fixture.create(&sample::kyma(1, "pb")).await;
    fixture.at(30.0).await;
    first.stop().await;
    let _second = fixture.run();
    fixture.success("kyma-sample-1").await;
    let writes = fixture.writes();
    assert_eq!(writes.len(), 122);
    assert_eq!((writes.last().unwrap().at - writes[0].at).as_secs(), 67);
}

/// How late the stages of a fleet are in all, where each write takes a while, and some Kymas are never let through.
async fn lateness(latency: Duration, refused: usize) -> Duration {
    const KYMAS: usize = 30;
    let fixture = Fixture::new().await;
    fixture.fail(move |count, write| {
        let name = if write.name.is_empty() {
            write.body["metadata"]["name"].as_str()
        } else {
            Some(write.name.as_str())
        };
        // For reasons of the object, the server and the policy, one after the other.
        if name.is_some_and(|name| name.starts_with("refused")) {
            return Fault::RefuseLate([422, 500, 403, 503][count % 4], latency);
        }
        if latency.is_zero() { Fault::Pass } else { Fault::Late(latency) }
    });
    let _running = fixture.run();
    for number in 0..refused {
        fixture.create(&kyma(&format!("refused-{number}"), &SAMPLE)).await;
    }
    for number in 0..KYMAS {
        fixture.create(&kyma(&format!("k-{number}"), &SAMPLE)).await;
    }
    for number in 0..KYMAS {
        fixture.success(&format!("k-{number}")).await;
    }
    let stages = fixture.stages();
    stages.values().flatten().map(|(at, _)| *at).sum()
}

const SAMPLE: [&str; 6] =
    ["istio", "cluster-essentials", "logging", "ory", "service-catalog-addons", "serverless"];

#[tokio::test(start_paused = true)]
async fn kymas_that_are_never_let_through_make_no_others_late() {
    let latency = Duration::from_millis(20);
    let ideal = lateness(Duration::ZERO, 0).await;
    let quiet = lateness(latency, 0).await - ideal;
    let stormy = lateness(latency, 2).await - ideal;
    assert!(stormy < quiet.mul_f64(1.05), "{stormy:?} instead of {quiet:?}");
}

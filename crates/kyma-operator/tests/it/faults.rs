//! Whatever the network, the clock and whoever kills the operator do: once they stop, the fleet is what its specs say, and no
//! stage was skipped or repeated. Seeded: `KYMA_FAULT_SEED=n` runs the seed of a failure again, `KYMA_FAULT_SEEDS=n` as many
//! seeds as are wanted.

use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use kube::api::DeleteParams;
use kyma_controller::{Clock, FastRandom, Numbers, Ownership, Random};
use kyma_inventory::kyma::SUCCESS;
use kyma_operator::Config;
use kyma_testkit::network::{Network, Weather};
use tokio::sync::Notify;
use tokio::time::{sleep, timeout};

use crate::harness::{Fault, Fixture, LIFE, components, kyma, settle, sharing};

const FIRST: [&str; 5] = ["a", "bb", "cccccc", "ddd", "eeeeeeeee"];
const SECOND: [&str; 3] = ["ff", "gggg", "hhhhhhhh"];
/// How long the bad weather lasts that comes in one piece.
const LONGEST_SPELL: u64 = 60;
/// Of a quiet run's writes so many are made at most, in percent.
const MOST_WRITES: usize = 150;

/// A wall clock that others set.
#[derive(Debug)]
struct SetClock {
    clock: kyma_controller::TokioClock,
    ahead: AtomicI64,
}

impl Clock for SetClock {
    fn now(&self) -> Timestamp {
        self.clock.now() + SignedDuration::from_secs(self.ahead.load(Ordering::Relaxed))
    }
}

/// A source of choices.
struct Chance(FastRandom);

impl Chance {
    fn below(&self, end: u64) -> u64 {
        self.0.next_u64() % end
    }

    fn seconds(&self, end: u64) -> Duration {
        Duration::from_millis(self.below(end * 1000))
    }
}

/// Adds one kind of trouble.
fn worsen(weather: &mut Weather, chance: &Chance) {
    match chance.below(11) {
        0 => weather.away = true,
        1 => weather.refused = 30,
        2 => weather.lost = 20,
        3 => weather.conflicts = 10,
        4 => weather.slow = Duration::from_secs(4),
        5 => weather.cut = 10,
        6 => weather.twice = 30,
        7 => weather.late = Duration::from_secs(3),
        8 => (weather.cut, weather.gone) = (20, 100),
        9 => (weather.cut, weather.gone, weather.stale) = (20, 50, 50),
        _ => {
            *weather = Weather { refused: 10, lost: 10, cut: 10, twice: 10, stale: 10, ..Weather::default() }
        }
    }
}

/// What a seed does to the network and to the clock, one thing after the other.
async fn bad_weather(network: &Network, clock: &SetClock, chance: &Chance) {
    // One seed in eight sees a server that is away for long.
    if chance.below(8) == 0 {
        sleep(chance.seconds(20)).await;
        network.set(Weather { away: true, ..Weather::default() });
        sleep(Duration::from_secs(600)).await;
        network.set(Weather::default());
    }
    for _ in 0..=chance.below(3) {
        sleep(chance.seconds(10)).await;
        let mut weather = Weather::default();
        for _ in 0..=chance.below(2) {
            worsen(&mut weather, chance);
        }
        if chance.below(4) == 0 {
            clock.ahead.fetch_add(chance.below(121).cast_signed() - 60, Ordering::Relaxed);
        }
        network.set(weather);
        sleep(chance.seconds(LONGEST_SPELL)).await;
        network.set(Weather::default());
    }
}

/// What there is to do for an operator: two Kymas, one of which changes its mind, and one that goes. Gives the expected
/// components.
async fn users(fixture: &Fixture, chance: &Chance) -> BTreeSet<String> {
    fixture.create(&kyma("one", &FIRST)).await;
    sleep(chance.seconds(5)).await;
    fixture.create(&kyma("two", &SECOND)).await;
    fixture.create(&kyma("gone", &SECOND[..1])).await;
    sleep(chance.seconds(40)).await;
    fixture.respecify("two", &components(&[SECOND[0], SECOND[1], "jjj"])).await;
    fixture.kymas().delete("gone", &DeleteParams::default()).await.unwrap();
    let first = FIRST.iter().map(|name| format!("one-{name}"));
    first.chain(["two-ff", "two-gggg", "two-jjj"].map(str::to_owned)).collect()
}

/// Runs an operator, and kills it a few times: at some time, or just when it has begun a write.
async fn operate(fixture: &Fixture, network: &Network, clock: &Arc<SetClock>, chance: &Chance) {
    let (written, wanted) = (Arc::new(Notify::new()), Arc::new(AtomicU64::new(u64::MAX)));
    fixture.fail({
        let (written, wanted) = (Arc::clone(&written), Arc::clone(&wanted));
        move |number, _| {
            if number as u64 >= wanted.load(Ordering::Relaxed) {
                wanted.store(u64::MAX, Ordering::Relaxed);
                written.notify_one();
            }
            Fault::Pass
        }
    });
    for _ in 0..chance.below(4) {
        let running = fixture.run_behind(network, Arc::clone(clock) as Arc<dyn Clock>, Config::default());
        if chance.below(2) == 0 {
            wanted.store(fixture.begun() + chance.below(40), Ordering::Relaxed);
            let _ = timeout(Duration::from_secs(60), written.notified()).await;
        } else {
            sleep(chance.seconds(60)).await;
        }
        running.kill().await;
        sleep(chance.seconds(5)).await;
    }
    let _running = fixture.run_behind(network, Arc::clone(clock) as Arc<dyn Clock>, Config::default());
    std::future::pending::<()>().await;
}

/// Runs three replicas that share the fleet. Each is killed a few times, and whoever ends, also because its Lease is lost, is followed by
/// another.
async fn operate_together(fixture: &Fixture, network: &Network, clock: &Arc<SetClock>, chance: &Chance) {
    let place = |place: usize| async move {
        let mut kills = chance.below(3);
        for number in 0_u64.. {
            let replicas = sharing(&format!("{place}-{number}"), Ownership::of(Numbers::NONE));
            let config = Config { replicas, ..Config::default() };
            let running = fixture.run_behind(network, Arc::clone(clock) as Arc<dyn Clock>, config);
            let life = if kills > 0 { chance.seconds(120) } else { Duration::MAX };
            kills = kills.saturating_sub(1);
            running.for_at_most(life).await;
            sleep(chance.seconds(5)).await;
        }
    };
    tokio::join!(place(0), place(1), place(2));
}

/// How many writes a run makes in which nothing goes wrong.
async fn quiet() -> usize {
    let fixture = Fixture::new().await;
    let _running = fixture.run();
    users(&fixture, &Chance(FastRandom::seeded(0))).await;
    fixture.success("one").await;
    fixture.success("two").await;
    settle().await;
    fixture.writes().len()
}

/// Who operates.
#[derive(Clone, Copy, Debug)]
enum Operators {
    /// One, which is killed now and then.
    One,
    /// Three that share the fleet.
    Three,
}

async fn live(operators: Operators, seed: u64, most_writes: usize) {
    let chance = |part: u64| Chance(FastRandom::seeded(seed.wrapping_mul(4).wrapping_add(part)));
    let fixture = Fixture::new().await;
    let network = Network::new(Arc::new(FastRandom::seeded(seed)));
    let clock = Arc::new(SetClock { clock: fixture.clock(), ahead: AtomicI64::new(0) });
    let (user, weather, killer) = (chance(1), chance(2), chance(3));
    let settled = async {
        let (expected, ()) = tokio::join!(users(&fixture, &user), bad_weather(&network, &clock, &weather));
        fixture.success("one").await;
        fixture.success("two").await;
        // Whoever is told late has seen it by then.
        sleep(Duration::from_secs(600)).await;
        expected
    };
    let operate = async {
        match operators {
            Operators::One => operate(&fixture, &network, &clock, &killer).await,
            Operators::Three => operate_together(&fixture, &network, &clock, &killer).await,
        }
    };
    let expected = tokio::select! {
        expected = settled => expected,
        () = operate => unreachable!("it goes on for ever"),
    };
    let states = fixture.states().await;
    let wanted: BTreeMap<String, String> =
        expected.iter().map(|name| (name.clone(), SUCCESS.to_owned())).collect();
    assert_eq!(states, wanted, "the components in the end");
    for (name, stages) in fixture.stages() {
        let words: Vec<&str> = stages.iter().map(|(_, word)| word.as_str()).collect();
        let whole = if expected.contains(&name) { words == LIFE } else { LIFE.starts_with(&words) };
        assert!(whole, "{name} went through {stages:?}");
    }
    let writes = fixture.writes();
    let mut count = BTreeMap::new();
    for write in &writes {
        *count
            .entry(format!("{} {} {} {}", write.method, write.kind, write.name, write.code))
            .or_insert(0) += 1;
    }
    let writes = writes.len();
    assert!(writes <= most_writes, "{writes} writes, where {most_writes} are allowed: {count:#?}");
}

fn virtually<T>(run: impl Future<Output = T>) -> T {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    builder.enable_time().start_paused(true).build().unwrap().block_on(run)
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().unwrap())
}

#[test]
fn no_trouble_skips_or_repeats_a_stage() {
    each_seed(Operators::One, "no_trouble_skips");
}

#[test]
fn no_trouble_among_replicas_skips_or_repeats_a_stage() {
    each_seed(Operators::Three, "no_trouble_among");
}

/// Runs the seeds that are wanted; of three operators, which renew their Leases all the time, a tenth of them.
fn each_seed(operators: Operators, test: &str) {
    let most_writes = virtually(quiet()) * MOST_WRITES / 100;
    let seeds = number("KYMA_FAULT_SEEDS").unwrap_or(100);
    let seeds = match operators {
        Operators::One => seeds,
        Operators::Three => seeds.div_ceil(10),
    };
    let seeds = match number("KYMA_FAULT_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..seeds,
    };
    let (next, failed) = (Mutex::new(seeds), Mutex::new(Vec::new()));
    let workers = std::thread::available_parallelism().map_or(1, usize::from);
    let work = || {
        loop {
            let Some(seed) = next.lock().unwrap().next() else { return };
            if catch_unwind(AssertUnwindSafe(|| virtually(live(operators, seed, most_writes)))).is_err() {
                eprintln!("again: KYMA_FAULT_SEED={seed} cargo test -p kyma-operator --test it {test}");
                failed.lock().unwrap().push(seed);
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(work);
        }
    });
    let failed = failed.into_inner().unwrap();
    assert!(failed.is_empty(), "seeds that failed: {failed:?}");
}

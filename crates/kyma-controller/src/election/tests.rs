use proptest::prelude::*;

use super::*;

const WALL: &str = "2026-01-01T00:00:00Z";

fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn wall() -> Timestamp {
    WALL.parse().unwrap()
}

fn candidate(identity: &str) -> Election {
    Election::new(identity, Timings::default())
}

fn spec(step: Step) -> LeaseSpec {
    match step {
        Step::Create(spec) | Step::Update(spec) => spec,
        Step::Wait(end) => panic!("waits until {end:?}"),
    }
}

#[test]
fn who_finds_no_lease_creates_it_and_renews_it() {
    let mut a = candidate("a");
    a.saw(None, secs(0));
    let Step::Create(first) = a.step(secs(0), wall()) else { panic!() };
    assert_eq!(first.holder_identity.as_deref(), Some("a"));
    assert_eq!((first.lease_duration_seconds, first.lease_transitions), (Some(15), Some(0)));
    assert!(!a.is_holder() && a.leads_until().is_none());
    a.wrote(&first, secs(1), secs(2));
    assert!(a.is_holder());
    assert_eq!(a.leads_until(), Some(secs(11)), "from when it asked");
    let later = wall() + Duration::from_secs(60);
    let Step::Update(renewed) = a.step(secs(3), later) else { panic!() };
    assert_eq!((renewed.acquire_time, renewed.lease_transitions), (first.acquire_time, Some(0)));
    assert_eq!(renewed.renew_time, Some(MicroTime(later)));
}

#[test]
fn another_waits_as_long_as_the_lease_changes_whatever_the_clocks_say() {
    let (mut a, mut b) = (candidate("a"), candidate("b"));
    // A clock that is a year ahead or behind changes nothing.
    let mut held = spec(a.step(secs(0), "2030-01-01T00:00:00Z".parse().unwrap()));
    a.wrote(&held, secs(0), secs(0));
    for second in [0, 14, 28] {
        b.saw(Some(&held), secs(second));
        assert_eq!(b.step(secs(second), wall()), Step::Wait(secs(second + 15)));
        held = spec(a.step(secs(second), wall() + Duration::from_secs(second)));
    }
    b.saw(Some(&held), secs(40));
    b.saw(Some(&held), secs(54));
    assert_eq!(b.step(secs(54), wall()), Step::Wait(secs(55)), "nothing new was seen");
    let taken = spec(b.step(secs(55), wall()));
    assert_eq!((taken.holder_identity.as_deref(), taken.lease_transitions), (Some("b"), Some(1)));
}

#[test]
fn a_lease_that_was_given_back_is_free_at_once() {
    let (mut a, mut b) = (candidate("a"), candidate("b"));
    let held = spec(a.step(secs(0), wall()));
    a.wrote(&held, secs(0), secs(0));
    let released = a.resign(wall()).unwrap();
    assert_eq!(a.leads_until(), None);
    assert_eq!((released.holder_identity.as_deref(), released.lease_duration_seconds), (Some(""), Some(1)));
    b.saw(Some(&released), secs(1));
    assert_eq!(spec(b.step(secs(1), wall())).lease_transitions, Some(1));
    assert_eq!(b.resign(wall()), None, "it is not b's to give");
}

#[test]
fn a_lease_without_a_duration_or_a_holder_keeps_nobody_away() {
    for strange in [
        LeaseSpec::default(),
        LeaseSpec {
            holder_identity: Some("x".into()),
            lease_duration_seconds: Some(-5),
            ..LeaseSpec::default()
        },
        LeaseSpec { lease_duration_seconds: Some(3600), ..LeaseSpec::default() },
    ] {
        let mut a = candidate("a");
        a.saw(Some(&strange), secs(5));
        assert_eq!(spec(a.step(secs(5), wall())).lease_transitions, Some(1), "{strange:?}");
    }
}

#[test]
fn timings_that_cannot_work_are_refused() {
    let timings = |lease, renew_deadline, retry_period| Timings {
        lease: Duration::from_millis(lease),
        renew_deadline: Duration::from_millis(renew_deadline),
        retry_period: Duration::from_millis(retry_period),
    };
    assert_eq!(Timings::default().check(), Ok(()));
    for (timings, error) in [
        (timings(0, 0, 0), TimingsError::NoWholeSeconds),
        (timings(1500, 1000, 200), TimingsError::NoWholeSeconds),
        (timings(10_000, 10_000, 2_000), TimingsError::DeadlineNotInLease),
        (timings(15_000, 10_000, 10_000), TimingsError::RetryNotInDeadline),
    ] {
        assert_eq!(timings.check(), Err(error));
    }
}

/// The Lease on a server.
#[derive(Default)]
struct Server {
    spec: Option<LeaseSpec>,
    version: u64,
}

/// A request of a candidate that is on its way.
#[derive(Debug)]
struct Pending {
    who: usize,
    spec: LeaseSpec,
    over: u64,
    asked: Duration,
    lands: Duration,
    answer_is_lost: bool,
}

/// One move of the model: who asks, how long after the move before, how long its write is under way, and what goes
/// wrong.
#[derive(Clone, Debug)]
struct Move {
    who: usize,
    after: Duration,
    delay: Duration,
    answer_is_lost: bool,
    resigns: bool,
}

fn moves() -> impl Strategy<Value = Vec<Move>> {
    let one =
        (0..4_usize, 0..4000_u64, prop_oneof![5 => 0..500_u64, 1 => 0..30_000_u64], 0..10_u32, 0..40_u32);
    let one = one.prop_map(|(who, after, delay, lost, resigns)| Move {
        who,
        after: Duration::from_millis(after),
        delay: Duration::from_millis(delay),
        answer_is_lost: lost == 0,
        resigns: resigns == 0,
    });
    prop::collection::vec(one, 1..120)
}

proptest! {
    /// Whatever is late or lost, no two candidates lead at a time, each by its own account.
    #[test]
    fn no_two_lead_at_a_time(moves in moves()) {
        let mut server = Server::default();
        let mut candidates: Vec<_> = ["a", "b", "c", "d"].map(candidate).into();
        // The version that each of them has read or written last.
        let mut known = [0_u64; 4];
        let mut pending: Vec<Pending> = Vec::new();
        let mut now = Duration::ZERO;
        for Move { who, after, delay, answer_is_lost, resigns } in moves {
            now += after;
            pending.sort_by_key(|pending| pending.lands);
            while pending.first().is_some_and(|pending| pending.lands <= now) {
                let Pending { who, spec, over, asked, lands, answer_is_lost } = pending.remove(0);
                if server.version == over {
                    server.version += 1;
                    server.spec = Some(spec.clone());
                    if !answer_is_lost {
                        candidates[who].wrote(&spec, asked, lands);
                        known[who] = server.version;
                    }
                }
            }
            // One request of a candidate at a time.
            if !pending.iter().any(|pending| pending.who == who) {
                let candidate = &mut candidates[who];
                if resigns && candidate.leads_until().is_some() {
                    if let Some(spec) = candidate.resign(wall() + now) {
                        let lands = now + delay;
                        pending.push(Pending { who, spec, over: known[who], asked: now, lands, answer_is_lost: true });
                    }
                } else {
                    candidate.saw(server.spec.as_ref(), now);
                    known[who] = server.version;
                    if let Step::Create(spec) | Step::Update(spec) = candidate.step(now, wall() + now) {
                        let lands = now + delay;
                        pending.push(Pending { who, spec, over: server.version, asked: now, lands, answer_is_lost });
                    }
                }
            }
            let leading = candidates.iter().filter(|one| one.leads_until().is_some_and(|end| now < end)).count();
            prop_assert!(leading <= 1, "{leading} lead at {now:?}");
        }
    }
}

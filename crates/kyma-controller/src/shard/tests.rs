use proptest::prelude::*;

use super::*;

fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn wall() -> Timestamp {
    "2026-01-01T00:00:00Z".parse().unwrap()
}

fn replica(id: &str) -> Membership {
    Membership::new(id, Timings::default())
}

/// The Leases on a server.
#[derive(Default)]
struct Server(BTreeMap<String, Listed>);

impl Server {
    fn list(&self) -> Vec<Listed> {
        self.0.values().cloned().collect()
    }

    fn write(&mut self, replica: &mut Membership, busy: Numbers, now: Duration) {
        let spec = replica.spec(wall() + now);
        let (id, claims) = (replica.id.clone(), replica.claims(busy));
        self.0.insert(id.clone(), Listed { id, spec, claims });
        replica.wrote(now);
    }

    fn evict(&mut self, id: &str) {
        let lease = self.0.get_mut(id).unwrap();
        (lease.spec, lease.claims) = (vacant(&lease.spec), Numbers::NONE);
    }

    /// A whole round of one replica, with nothing in its hands.
    fn round(&mut self, replica: &mut Membership, now: Duration) -> Numbers {
        self.write(replica, Numbers::NONE, now);
        replica.saw(self.list(), now);
        let overdue: Vec<String> = replica.overdue().map(str::to_owned).collect();
        overdue.iter().for_each(|id| self.evict(id));
        replica.saw(self.list(), now);
        replica.granted()
    }

    /// Rounds of all until nobody wants another one at once; returns what each was granted.
    fn settle(&mut self, replicas: &mut [Membership], now: Duration) -> Vec<Numbers> {
        for _ in 0..9 {
            for replica in &mut *replicas {
                self.round(replica, now);
            }
        }
        let rests = |replica: &Membership| replica.next_round(Numbers::NONE, now) > now + HURRY;
        assert!(replicas.iter().all(rests), "they do not come to rest");
        replicas.iter().map(Membership::granted).collect()
    }
}

fn union(all: &[Numbers]) -> Numbers {
    all.iter().fold(Numbers::NONE, |union, numbers| union | *numbers)
}

#[test]
fn who_is_alone_gets_everything_in_two_rounds() {
    let (mut server, mut a) = (Server::default(), replica("a"));
    assert_eq!(server.round(&mut a, secs(0)), Numbers::NONE, "nothing is claimed yet");
    assert_eq!(a.next_round(Numbers::NONE, secs(0)), secs(0), "what it owns is to be claimed");
    assert_eq!(server.round(&mut a, secs(0)), Numbers::ALL);
    assert_eq!(a.next_round(Numbers::NONE, secs(0)), secs(2));
    assert_eq!(a.lives_until(), Some(secs(10)));
}

#[test]
fn a_newcomer_gets_its_numbers_when_the_other_has_let_go() {
    let (mut server, mut a, mut b) = (Server::default(), replica("a"), replica("b"));
    server.settle(std::slice::from_mut(&mut a), secs(0));
    server.round(&mut b, secs(1));
    assert_eq!(server.round(&mut b, secs(1)), Numbers::NONE, "a claims all of them");
    assert_eq!(b.next_round(Numbers::NONE, secs(1)), secs(1) + HURRY);

    let kept = server.round(&mut a, secs(2));
    let moving = !kept;
    assert!(!moving.is_empty() && !kept.is_empty());
    // One of those that move is still worked upon.
    let busy = Numbers::from_iter(moving.iter().take(1));
    assert_eq!(a.next_round(busy, secs(2)), secs(2));
    server.write(&mut a, busy, secs(2));
    assert_eq!(server.round(&mut b, secs(2)), moving & !busy);
    server.write(&mut a, Numbers::NONE, secs(3));
    assert_eq!(server.round(&mut b, secs(3)), moving);
}

#[test]
fn only_the_numbers_of_who_leaves_move() {
    let mut server = Server::default();
    let mut replicas: Vec<_> = ["a", "b", "c", "d"].map(replica).into();
    let before = server.settle(&mut replicas, secs(0));
    assert_eq!(union(&before), Numbers::ALL);
    for numbers in &before {
        assert!((38..=90).contains(&numbers.len()), "15 to 35 percent: {before:?}");
    }
    // b is killed, and c gives its Lease back.
    let gone = [replicas.remove(1), replicas.remove(1)];
    server.0.remove("c");
    let after = server.settle(&mut replicas, secs(14));
    let (lost_b, lost_c) = (before[1], before[2]);
    assert_eq!(union(&after) & lost_b, Numbers::NONE, "b may still live");
    assert!(!(union(&after) & lost_c).is_empty(), "c is gone at once");
    let after = server.settle(&mut replicas, secs(15));
    assert_eq!(union(&after), Numbers::ALL);
    for (numbers, before) in after.iter().zip([before[0], before[3]]) {
        assert_eq!(*numbers & before, before, "nothing else moves");
        assert_eq!(*numbers & !before & !(lost_b | lost_c), Numbers::NONE);
    }
    assert!(gone[0].lives_until().unwrap() < secs(15), "by then b has ended by its own clock");
}

#[test]
fn a_lease_that_somebody_removed_claims_nothing() {
    let (mut server, mut a) = (Server::default(), replica("a"));
    server.settle(std::slice::from_mut(&mut a), secs(0));
    server.0.clear();
    a.saw(server.list(), secs(1));
    assert_eq!(a.granted(), Numbers::NONE);
    assert_eq!(a.next_round(Numbers::NONE, secs(1)), secs(1), "it is written again at once");
}

#[test]
fn a_lease_that_has_run_out_is_evicted_and_forgotten_long_after() {
    let (mut server, mut a, mut b) = (Server::default(), replica("a"), replica("b"));
    server.settle(std::slice::from_mut(&mut b), secs(0));
    server.write(&mut a, Numbers::NONE, secs(1));
    a.saw(server.list(), secs(1));
    assert_eq!(a.next_round(a.claims(Numbers::NONE), secs(15)), secs(15), "its claims come first");
    server.write(&mut a, Numbers::NONE, secs(15));
    a.saw(server.list(), secs(15));
    assert_eq!((a.overdue().count(), a.replicas()), (0, 2));
    a.saw(server.list(), secs(16));
    assert_eq!(a.overdue().collect::<Vec<_>>(), ["b"]);
    assert_eq!(a.granted(), Numbers::NONE, "a renewal may be on its way");
    server.evict("b");
    let granted = server.settle(std::slice::from_mut(&mut a), secs(16));
    assert_eq!((granted[0], a.overdue().count(), a.replicas()), (Numbers::ALL, 0, 1));
    assert_eq!(a.forgotten(secs(330)).count(), 0);
    assert_eq!(a.forgotten(secs(331)).collect::<Vec<_>>(), ["b"]);
    b.evicted();
    assert_eq!(b.granted(), Numbers::NONE);
}

#[test]
fn replicas_of_every_release_share_alike() {
    let owned = owned("kymactl-0", &["kymactl-1", "kymactl-2"]);
    let expected = "0-3,7,10-12,21,27,36,39,47,49,51,53-54,56-57,60-61,64,68,70,77,80,86,88,91,94,97,102,107,116,120-121,\
                    127,131-134,136,140,144,146-147,150,159,164-165,167-168,170,179-180,183,187-189,195-196,199-200,203,\
                    206,212,214,219,222,227,230,236,238,245,248,252,254-255";
    assert_eq!(owned.to_string(), expected);
}

/// One move of the model: who, how long after the move before, and what.
#[derive(Clone, Debug)]
struct Move {
    who: usize,
    after: Duration,
    step: Step,
}

#[derive(Clone, Copy, Debug)]
enum Step {
    /// A write of the own Lease is sent; it may say that this number is still in hand.
    Send(u8),
    /// What was sent arrives, and its answer comes.
    Land,
    /// The server lists.
    List,
    /// The list comes.
    Look,
    /// Who is overdue is evicted, where the Lease is still what was listed.
    Evict,
    /// All of these, one after the other.
    Round,
    /// It ends; another one of its name begins, as a container does in its pod.
    Restart,
}

fn moves() -> impl Strategy<Value = Vec<Move>> {
    let step = prop_oneof![
        4 => any::<u8>().prop_map(Step::Send),
        4 => Just(Step::Land),
        3 => Just(Step::List),
        3 => Just(Step::Look),
        2 => Just(Step::Evict),
        8 => Just(Step::Round),
        1 => Just(Step::Restart),
    ];
    let after = prop_oneof![5 => 0..1000_u64, 1 => 0..16_000_u64].prop_map(Duration::from_millis);
    let one = (0..3_usize, after, step).prop_map(|(who, after, step)| Move { who, after, step });
    prop::collection::vec(one, 1..300)
}

/// A replica of the model, with what it knows and what is under way.
struct Actor {
    replica: Membership,
    /// Its Lease as it knows it, to write over.
    known: Option<Listed>,
    sent: Option<(Listed, Option<Listed>, Duration)>,
    listed: Option<Vec<Listed>>,
}

impl Actor {
    fn new(id: &str) -> Self {
        Self { replica: replica(id), known: None, sent: None, listed: None }
    }

    fn step(&mut self, step: Step, server: &mut Server, now: Duration) {
        let is_idle = self.sent.is_none() && self.listed.is_none();
        let replica = &mut self.replica;
        match step {
            Step::Send(busy) if is_idle => {
                let in_hand = Numbers::from_iter([busy]) & replica.granted();
                let (id, spec) = (replica.id.clone(), replica.spec(wall() + now));
                let lease = Listed { id, spec, claims: replica.claims(in_hand) };
                self.sent = Some((lease, self.known.clone(), now));
            }
            Step::Land => {
                let Some((lease, over, asked)) = self.sent.take() else { return };
                let held = server.0.get(&replica.id);
                if held == over.as_ref() {
                    server.0.insert(replica.id.clone(), lease.clone());
                    replica.wrote(asked);
                    self.known = Some(lease);
                } else {
                    self.known = held.cloned();
                    replica.evicted();
                }
            }
            Step::List if is_idle => self.listed = Some(server.list()),
            Step::Look => {
                let Some(all) = self.listed.take() else { return };
                self.known = all.iter().find(|lease| lease.id == replica.id).cloned();
                replica.saw(all, now);
            }
            Step::Evict => {
                for id in self.replica.overdue() {
                    let seen = &self.replica.fellows[id].seen;
                    // In the model the Lease itself is its version: no two renewals are of one time.
                    if server.0.get(id).is_some_and(|held| seen.is_of(&held.spec)) {
                        server.evict(id);
                    }
                }
            }
            Step::Round => {
                for step in [Step::Land, Step::Send(0), Step::Land, Step::List, Step::Look, Step::Evict] {
                    self.step(step, server, now);
                }
            }
            Step::Restart => {
                server.0.remove(&replica.id);
                let id = replica.id.clone();
                *self = Self::new(&id);
            }
            Step::Send(_) | Step::List => {}
        }
    }
}

proptest! {
    /// However their reads and writes interleave, whoever dies, and however late an answer comes, no two act upon a number
    /// at a time, each by its own account.
    #[test]
    fn no_two_act_upon_a_number(moves in moves()) {
        let mut server = Server::default();
        let mut actors: Vec<_> = ["a", "b", "c"].map(Actor::new).into();
        let mut now = Duration::ZERO;
        for Move { who, after, step } in moves {
            now += after + Duration::from_nanos(1);
            actors[who].step(step, &mut server, now);
            let acting: Vec<_> = actors
                .iter()
                .filter(|actor| actor.replica.lives_until().is_some_and(|end| now < end))
                .map(|actor| actor.replica.granted())
                .collect();
            let sum: usize = acting.iter().map(|numbers| numbers.len()).sum();
            prop_assert_eq!(sum, union(&acting).len(), "{:?} at {:?}", acting, now);
        }
    }
}

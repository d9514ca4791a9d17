//! Random operations on the whole queue against a model so naive that it is plainly right.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use super::{Next, State};
use crate::limiter::LimiterOptions;
use crate::line::AGED_EVERY;
use crate::order::{Class, Turn};
use crate::stats::{Metrics, NoMetrics, Snapshot};

/// Few keys, so that operations meet on the same one.
const KEYS: u8 = 10;
const OPS_PER_CASE: usize = 200;

#[derive(Clone, Debug)]
enum Op {
    Add(u8, Turn),
    AddAfter(u8, Turn, Duration),
    AddRateLimited(u8, u64),
    Forget(u8),
    Get,
    /// Ends the work on one of the keys that are worked on (or on none, when there is none).
    Done(usize),
    Advance(Duration),
}

struct Dirty {
    key: u8,
    turn: Turn,
    since: Duration,
}

/// Lists in the order of arrival; every question is a scan.
#[derive(Default)]
struct Model {
    now: Duration,
    dirty: Vec<Dirty>,
    processing: Vec<(u8, Duration)>,
    delayed: Vec<(u8, Turn, Duration)>,
    failures: [u32; KEYS as usize],
    regular: u32,
}

impl Model {
    fn is_processing(&self, key: u8) -> bool {
        self.processing.iter().any(|(held, _)| *held == key)
    }

    fn add(&mut self, key: u8, turn: Turn) {
        match self.dirty.iter_mut().find(|item| item.key == key) {
            Some(item) => item.turn = item.turn.merge(turn),
            None => self.dirty.push(Dirty { key, turn, since: self.now }),
        }
    }

    fn add_after(&mut self, key: u8, turn: Turn, delay: Duration) {
        if delay.is_zero() {
            return self.add(key, turn);
        }
        let due = self.now + delay;
        match self.delayed.iter_mut().find(|(held, ..)| *held == key) {
            Some((_, held, time)) => {
                *held = held.merge(turn);
                *time = due.min(*time);
            }
            None => self.delayed.push((key, turn, due)),
        }
    }

    fn add_rate_limited(&mut self, key: u8, priority: u64) {
        let failures = &mut self.failures[key as usize];
        let delay = Duration::from_secs(1 << (*failures).min(5)).min(Duration::from_secs(20));
        *failures += 1;
        self.add_after(key, Turn::retry(priority), delay);
    }

    /// The system lets late adds in at its next step, all at the same moment, so does the model.
    fn advance(&mut self, by: Duration) {
        self.now += by;
        let mut due: Vec<_> = self.delayed.extract_if(.., |(_, _, due)| *due <= self.now).collect();
        due.sort_by_key(|(_, _, due)| *due);
        for (key, turn, _) in due {
            self.add(key, turn);
        }
    }

    fn ready(&self) -> impl Iterator<Item = (usize, &Dirty)> {
        self.dirty.iter().enumerate().filter(|(_, item)| !self.is_processing(item.key))
    }

    fn get(&mut self) -> Option<u8> {
        // Lists are in the order of arrival and `min_by_key` takes the first of equals.
        let overdue = self
            .ready()
            .find(|(_, item)| {
                item.turn.class.allowance().is_some_and(|allowance| self.now - item.since > allowance)
            })
            .map(|(index, _)| index);
        let regular = self.ready().min_by_key(|(_, item)| item.turn).map(|(index, _)| index);
        self.regular = if overdue.is_some() { self.regular + 1 } else { 0 };
        let index = if self.regular == AGED_EVERY {
            self.regular = 0;
            overdue
        } else {
            regular
        }?;
        let item = self.dirty.remove(index);
        self.processing.push((item.key, self.now));
        Some(item.key)
    }

    fn done(&mut self, index: usize) -> Option<u8> {
        let index = index.checked_rem(self.processing.len())?;
        Some(self.processing.remove(index).0)
    }

    fn snapshot(&self) -> Snapshot {
        let running = || self.processing.iter().map(|(_, started)| self.now - *started);
        Snapshot {
            depth: Class::ALL.map(|class| self.ready().filter(|(_, item)| item.turn.class == class).count()),
            delayed: self.delayed.len(),
            processing: self.processing.len(),
            longest_running: running().max().unwrap_or_default(),
            unfinished: running().sum(),
        }
    }
}

fn limiter() -> LimiterOptions {
    LimiterOptions { max_delay: Duration::from_secs(20), qps: 0.0, ..LimiterOptions::default() }
}

fn turns() -> impl Strategy<Value = Turn> {
    (0..4_usize, 0..3_u64).prop_map(|(class, priority)| Turn::new(Class::ALL[class], priority))
}

fn ops() -> impl Strategy<Value = Op> {
    let delays = (0..40_u64).prop_map(|halves| Duration::from_millis(halves * 500));
    prop_oneof![
        6 => (0..KEYS, turns()).prop_map(|(key, turn)| Op::Add(key, turn)),
        3 => (0..KEYS, turns(), delays.clone()).prop_map(|(key, turn, delay)| Op::AddAfter(key, turn, delay)),
        1 => (0..KEYS, 0..3_u64).prop_map(|(key, priority)| Op::AddRateLimited(key, priority)),
        1 => (0..KEYS).prop_map(Op::Forget),
        6 => Just(Op::Get),
        5 => any::<usize>().prop_map(Op::Done),
        2 => delays.prop_map(Op::Advance),
    ]
}

/// Runs one operation on both and returns what each handed out.
fn run(op: &Op, state: &mut State<u8>, model: &mut Model) -> (Option<u8>, Option<u8>) {
    match *op {
        Op::Add(key, turn) => {
            state.add(key, turn, model.now);
            model.add(key, turn);
        }
        Op::AddAfter(key, turn, delay) => {
            state.add_after(key, turn, delay, model.now);
            model.add_after(key, turn, delay);
        }
        Op::AddRateLimited(key, priority) => {
            state.add_rate_limited(key, priority, model.now);
            model.add_rate_limited(key, priority);
        }
        Op::Forget(key) => {
            state.forget(&key);
            model.failures[key as usize] = 0;
        }
        Op::Get => {
            let got = match state.get(model.now) {
                Next::Key(key) => Some(key),
                Next::Wait | Next::End => None,
            };
            return (got, model.get());
        }
        Op::Done(index) => {
            if let Some(key) = model.done(index) {
                state.done(&key, model.now);
            }
        }
        Op::Advance(by) => model.advance(by),
    }
    (None, None)
}

#[test]
fn random_operations_behave_as_the_model() {
    let ops_wanted = std::env::var("KYMA_QUEUE_OPS").map_or(200_000, |count| count.parse().unwrap());
    let cases = u32::try_from(usize::div_ceil(ops_wanted, OPS_PER_CASE)).unwrap();
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    let case = prop::collection::vec(ops(), OPS_PER_CASE);
    TestRunner::new(config)
        .run(&case, |ops| {
            let mut state = State::new(limiter(), Arc::new(NoMetrics));
            let mut model = Model::default();
            for op in &ops {
                let (got, expected) = run(op, &mut state, &mut model);
                prop_assert_eq!(got, expected, "handed out by {:?}", op);
                prop_assert_eq!(state.snapshot(model.now), model.snapshot(), "after {:?}", op);
                for key in 0..KEYS {
                    prop_assert_eq!(state.num_requeues(&key), model.failures[key as usize]);
                }
            }
            Ok(())
        })
        .unwrap();
}

#[derive(Default)]
struct Log(Mutex<Vec<String>>);

impl Metrics for Log {
    fn added(&self, class: Class) {
        self.0.lock().push(format!("added {}", class.as_str()));
    }
    fn retried(&self) {
        self.0.lock().push("retried".into());
    }
    fn started(&self, class: Class, waited: Duration) {
        self.0.lock().push(format!("started {} after {waited:?}", class.as_str()));
    }
    fn finished(&self, worked: Duration) {
        self.0.lock().push(format!("finished after {worked:?}"));
    }
}

#[test]
fn the_observer_is_told_what_client_go_tells() {
    let log = Arc::new(Log::default());
    let mut state = State::new(limiter(), log.clone());
    let at = Duration::from_secs;
    state.add("a", Turn::sweep(0), at(0));
    state.add("a", Turn::user(0), at(1));
    assert_eq!(state.get(at(3)), Next::Key("a"));
    state.add_rate_limited("a", 0, at(4));
    state.done(&"a", at(5));
    assert_eq!(state.get(at(5)), Next::Key("a"));
    let told = log.0.lock().clone();
    assert_eq!(
        told,
        [
            "added sweep",
            "started user after 3s",
            "retried",
            "added retry",
            "finished after 2s",
            "started retry after 0ns"
        ]
    );
}

#[test]
fn users_are_not_starved_by_a_retry_storm() {
    let mut state = State::new(limiter(), Arc::new(NoMetrics));
    for key in 0..10_000_u32 {
        state.add(key, Turn::retry(u64::MAX), Duration::ZERO);
    }
    // The storm is long overdue, which is the worst case for the users.
    let now = Duration::from_secs(1000);
    for key in 10_000..10_030 {
        state.add(key, Turn::user(0), now);
    }
    let first_40: Vec<_> = (0..40).map(|_| state.get(now)).collect();
    let users = first_40.iter().filter(|next| matches!(next, Next::Key(10_000..))).count();
    assert_eq!(users, 30, "at most every fourth get goes to what is overdue");
}

#[test]
fn no_class_is_starved_by_a_flood_of_users() {
    let mut state = State::new(limiter(), Arc::new(NoMetrics));
    let mut now = Duration::ZERO;
    for (key, turn) in [(1, Turn::dependent(0)), (2, Turn::retry(0)), (3, Turn::sweep(0))] {
        state.add(key, turn, now);
    }
    let mut handed_at = std::collections::BTreeMap::new();
    for flood in 1000..41_000_u32 {
        // Users come as fast as they are handed out, one a millisecond.
        state.add(flood, Turn::user(9), now);
        state.add(flood + 100_000, Turn::user(9), now);
        if let Next::Key(key @ 1..=3) = state.get(now) {
            handed_at.insert(key, now);
        }
        now += Duration::from_millis(1);
    }
    for (key, allowance) in [(1, 2), (2, 10), (3, 30)] {
        let waited = handed_at[&key];
        let allowance = Duration::from_secs(allowance);
        assert!(waited > allowance && waited <= allowance + Duration::from_millis(5), "{key}: {waited:?}");
    }
}

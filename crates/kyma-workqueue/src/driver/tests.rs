//! The driver under paused time.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::task::JoinSet;
use tokio::time::{Instant, advance, timeout};

use super::WorkQueue;
use crate::limiter::LimiterOptions;
use crate::order::Turn;
use crate::stats::NoMetrics;

fn queue<K: Clone + Eq + std::hash::Hash + Send + 'static>() -> WorkQueue<K> {
    WorkQueue::new(LimiterOptions::default(), Arc::new(NoMetrics))
}

fn secs(n: u64) -> Duration {
    Duration::from_secs(n)
}

#[tokio::test(start_paused = true)]
async fn a_delayed_add_fires_at_its_time_and_the_earliest_wins() {
    let queue = queue();
    let start = Instant::now();
    queue.add_after("late", Turn::default(), secs(20));
    queue.add_after("early", Turn::default(), secs(9));
    queue.add_after("early", Turn::default(), secs(5));
    queue.add_after("early", Turn::default(), secs(7));
    assert_eq!(queue.get().await, Some("early"));
    assert_eq!(start.elapsed(), secs(5));
    queue.done(&"early");
    assert_eq!(queue.get().await, Some("late"));
    assert_eq!(start.elapsed(), secs(20));
    queue.done(&"late");
    assert_eq!(queue.snapshot(), crate::Snapshot::default(), "each entry fired once");
}

#[tokio::test(start_paused = true)]
async fn the_timer_is_set_anew_while_a_worker_waits() {
    let queue = queue();
    queue.add_after("late", Turn::default(), secs(60));
    let worker = tokio::spawn({
        let queue = queue.clone();
        async move { queue.get().await }
    });
    advance(secs(1)).await;
    let start = Instant::now();
    queue.add_after("early", Turn::default(), secs(2));
    assert_eq!(worker.await.unwrap(), Some("early"));
    assert_eq!(start.elapsed(), secs(2));
}

#[tokio::test(start_paused = true)]
async fn handing_a_key_out_early_leaves_its_delayed_add() {
    let queue = queue();
    let start = Instant::now();
    queue.add_after("a", Turn::default(), secs(10));
    advance(secs(4)).await;
    queue.add("a", Turn::user(0));
    assert_eq!(queue.get().await, Some("a"));
    queue.add_after("a", Turn::default(), secs(6));
    queue.done(&"a");
    assert_eq!(queue.get().await, Some("a"));
    assert_eq!(start.elapsed(), secs(10));
}

#[tokio::test(start_paused = true)]
async fn delayed_adds_become_ready_without_any_worker() {
    let queue = queue();
    queue.add_after("a", Turn::sweep(0), secs(3));
    tokio::time::sleep(secs(4)).await;
    assert_eq!(queue.snapshot().depth, [0, 0, 0, 1]);
    assert_eq!(queue.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn retries_back_off_until_forgotten() {
    let queue = queue();
    let mut waits = Vec::new();
    for _ in 0..4 {
        let start = Instant::now();
        queue.add_rate_limited("a", 0);
        assert_eq!(queue.get().await, Some("a"));
        queue.done(&"a");
        waits.push(start.elapsed().as_secs());
    }
    assert_eq!(waits, [1, 2, 4, 8]);
    assert_eq!(queue.num_requeues(&"a"), 4);
    queue.forget(&"a");
    assert_eq!(queue.num_requeues(&"a"), 0);
}

#[tokio::test(start_paused = true)]
async fn a_get_that_is_dropped_loses_nothing() {
    let queue = queue();
    assert!(timeout(secs(1), queue.get()).await.is_err());
    let mut abandoned = Box::pin(queue.get());
    // Enrols as a waiter, is woken by the add, and is dropped before it runs again.
    assert!(timeout(Duration::ZERO, abandoned.as_mut()).await.is_err());
    let other = tokio::spawn({
        let queue = queue.clone();
        async move { queue.get().await }
    });
    tokio::task::yield_now().await;
    queue.add("a", Turn::default());
    drop(abandoned);
    assert_eq!(timeout(secs(1), other).await.unwrap().unwrap(), Some("a"));
}

#[tokio::test(start_paused = true)]
async fn shutting_down_ends_all_workers_at_once_and_drops_what_waits() {
    let queue = queue();
    let mut workers = JoinSet::new();
    for _ in 0..10 {
        let queue = queue.clone();
        workers.spawn(async move { queue.get().await });
    }
    tokio::task::yield_now().await;
    queue.shut_down();
    assert!(queue.is_shutting_down());
    queue.add(1, Turn::user(0));
    queue.add_after(2, Turn::user(0), secs(1));
    queue.add_rate_limited(3, 0);
    assert_eq!(workers.join_all().await, [None; 10]);
    tokio::time::sleep(secs(10)).await;
    assert_eq!(queue.snapshot(), crate::Snapshot::default());
}

#[tokio::test(start_paused = true)]
async fn draining_hands_out_what_is_ready_and_waits_for_its_end() {
    let queue = queue();
    for key in 0..3 {
        queue.add(key, Turn::default());
    }
    queue.add_after(9, Turn::default(), secs(60));
    let worker = tokio::spawn({
        let queue = queue.clone();
        async move {
            let mut handed = Vec::new();
            while let Some(key) = queue.get().await {
                // What is added to a key in work before the drain is still done.
                queue.add(key, Turn::default());
                tokio::time::sleep(secs(10)).await;
                queue.done(&key);
                handed.push(key);
            }
            handed
        }
    });
    tokio::time::sleep(secs(5)).await;
    let start = Instant::now();
    queue.shut_down_with_drain().await;
    // Key 0 was in work and dirty again: 5 s are left of its first time, then 1, 2, and 0 again.
    assert_eq!(start.elapsed(), secs(35));
    assert_eq!(worker.await.unwrap(), [0, 1, 2, 0]);
}

#[tokio::test(start_paused = true)]
async fn shutting_down_cuts_a_drain_short() {
    let queue = queue();
    for key in 0..3 {
        queue.add(key, Turn::default());
    }
    let held = queue.get().await.unwrap();
    let drain = tokio::spawn({
        let queue = queue.clone();
        async move { queue.shut_down_with_drain().await }
    });
    tokio::time::sleep(secs(1)).await;
    queue.shut_down();
    assert_eq!(queue.get().await, None);
    assert!(!drain.is_finished(), "what a worker holds is waited for");
    queue.done(&held);
    timeout(secs(1), drain).await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn the_timer_task_ends_with_the_last_handle() {
    let tasks = || tokio::runtime::Handle::current().metrics().num_alive_tasks();
    let before = tasks();
    let first = queue::<u8>();
    let (second, weak) = (first.clone(), first.downgrade());
    first.add_after(1, Turn::default(), secs(1));
    tokio::task::yield_now().await;
    assert_eq!(tasks(), before + 1);
    drop(first);
    assert!(weak.upgrade().is_some());
    drop(second);
    assert!(weak.upgrade().is_none());
    tokio::task::yield_now().await;
    assert_eq!(tasks(), before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_workers_never_share_a_key_and_miss_no_add() {
    const KEYS: usize = 64;
    const ADDS: usize = 20_000;
    let queue = queue::<usize>();
    let held: Arc<[AtomicUsize; KEYS]> = Arc::new(std::array::from_fn(|_| AtomicUsize::new(0)));
    // The newest value of each key; a worker that looks at a key takes it, as a reconcile would.
    let latest = Arc::new(Mutex::new(BTreeMap::new()));
    let seen = Arc::new(Mutex::new(BTreeMap::new()));
    let mut workers = JoinSet::new();
    for _ in 0..1000 {
        let (queue, held, latest, seen) = (queue.clone(), held.clone(), latest.clone(), seen.clone());
        workers.spawn(async move {
            while let Some(key) = queue.get().await {
                assert_eq!(held[key].fetch_add(1, Ordering::SeqCst), 0, "two workers have key {key}");
                let value = latest.lock().get(&key).copied();
                tokio::task::yield_now().await;
                seen.lock().insert(key, value);
                assert_eq!(held[key].fetch_sub(1, Ordering::SeqCst), 1);
                queue.done(&key);
            }
        });
    }
    for value in 0..ADDS {
        let key = (value * 31) % KEYS;
        latest.lock().insert(key, value);
        queue.add(key, Turn::dependent((value % 7) as u64));
        if value % 100 == 0 {
            tokio::task::yield_now().await;
        }
    }
    queue.shut_down_with_drain().await;
    while let Some(worker) = workers.join_next().await {
        worker.unwrap();
    }
    let latest: BTreeMap<_, _> = latest.lock().iter().map(|(key, value)| (*key, Some(*value))).collect();
    assert_eq!(*seen.lock(), latest, "every key was looked at after its last add");
}

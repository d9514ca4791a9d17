//! Many tasks on several threads.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use kyma_store::{CommitError, Expect, Key, ListQuery, Revision, Store, TokioClock};

use crate::support::{key, put, soon, value};

const WRITERS: usize = 8;
const WRITES: usize = 300;
const KEYS: [&str; 5] = ["pa/a", "pa/b", "pb/a", "pb/b", "pb/c"];

/// Adds one to a counter that others count up too, as an API client with optimistic concurrency does.
async fn count_up(store: &Store, key: Key) {
    loop {
        let (expect, count) = match store.get(&key) {
            Some(object) => (Expect::At(object.revision), value(&object).parse::<u64>().unwrap()),
            None => (Expect::Absent, 0),
        };
        match store.commit(put(key.clone(), expect, &(count + 1).to_string())).await {
            Ok(object) => {
                let visible = store.get(&key).unwrap();
                assert!(visible.revision >= object.revision, "a writer reads what it wrote");
                return;
            }
            Err(CommitError::Stale(head) | CommitError::Exists(head)) => {
                assert_ne!(Expect::At(head.revision), expect);
            }
            Err(error) => panic!("{error}"),
        }
    }
}

/// Follows to the last write and checks that each change comes once, in order, on top of the one before.
async fn follow(store: Store) -> usize {
    let resource = store.resource("counters");
    let mut watcher = store.watch(resource, None, Revision::FIRST).unwrap();
    let last = Revision::new(1 + (WRITERS * WRITES) as u64);
    let mut heads: HashMap<Key, (Revision, u64)> = HashMap::new();
    let (mut count, mut revision) = (0, Revision::FIRST);
    loop {
        let batch = watcher.next(7).await.unwrap();
        for event in &batch.events {
            assert!(event.revision > revision);
            assert_eq!(event.revision, event.object.revision);
            revision = event.revision;
            let now = value(&event.object).parse().unwrap();
            let before = heads.insert(event.object.key.clone(), (event.revision, now));
            assert_eq!(event.previous.as_ref().map(|object| object.revision), before.map(|(head, _)| head));
            assert_eq!(now, before.map_or(1, |(_, count)| count + 1));
            count += 1;
        }
        assert!(batch.progress >= revision);
        if batch.progress == last {
            return count;
        }
    }
}

/// Lists until told to stop: every list must be a state that the store was in.
async fn list_all(store: Store, done: Arc<AtomicBool>) -> usize {
    let query = ListQuery::all(store.resource("counters"));
    let mut lists = 0;
    while !done.load(Ordering::Relaxed) {
        let page = store.list(&query).unwrap();
        let sum: u64 = page.objects.iter().map(|object| value(object).parse::<u64>().unwrap()).sum();
        assert_eq!(sum, page.revision.get() - 1, "each revision has added one to one counter");
        let older = Revision::new(page.revision.get().div_ceil(2));
        let page = store.list(&ListQuery { at: Some(older), ..query.clone() }).unwrap();
        let sum: u64 = page.objects.iter().map(|object| value(object).parse::<u64>().unwrap()).sum();
        assert_eq!(sum, older.get() - 1);
        lists += 1;
        tokio::task::yield_now().await;
    }
    lists
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn writers_readers_and_watchers_agree() {
    let clock = Arc::new(TokioClock::starting_at(jiff::Timestamp::UNIX_EPOCH));
    let store = Store::in_memory(kyma_store::Options::default(), clock);
    let resource = store.resource("counters");
    let done = Arc::new(AtomicBool::new(false));
    let watchers: Vec<_> = (0..6).map(|_| tokio::spawn(follow(store.clone()))).collect();
    let readers: Vec<_> = (0..2).map(|_| tokio::spawn(list_all(store.clone(), Arc::clone(&done)))).collect();
    let writers: Vec<_> = (0..WRITERS)
        .map(|writer| {
            let store = store.clone();
            tokio::spawn(async move {
                for number in 0..WRITES {
                    count_up(&store, key(resource, KEYS[(writer + number) % KEYS.len()])).await;
                }
            })
        })
        .collect();
    for writer in writers {
        soon(writer).await.unwrap();
    }
    done.store(true, Ordering::Relaxed);
    for watcher in watchers {
        assert_eq!(soon(watcher).await.unwrap(), WRITERS * WRITES);
    }
    for reader in readers {
        assert!(soon(reader).await.unwrap() > 0);
    }
    assert_eq!(store.revision().get(), 1 + (WRITERS * WRITES) as u64);
    // A namespace's share, read from the log after the fact.
    let mut counted = 0;
    for namespace in ["pa", "pb"] {
        let mut watcher = store.watch(resource, Some(Arc::from(namespace)), Revision::FIRST).unwrap();
        loop {
            let batch = watcher.try_next(100).unwrap();
            counted += batch.events.len();
            if batch.progress == store.revision() && batch.events.len() < 100 {
                break;
            }
        }
    }
    assert_eq!(counted, WRITERS * WRITES);
}

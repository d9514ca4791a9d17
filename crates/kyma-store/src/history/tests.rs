use super::*;
use crate::fixtures::key;
use crate::object::Index;

fn resource() -> ResourceId {
    key("").resource
}

fn history(age: u64, bytes: usize) -> History {
    let window = Window { age: Duration::from_secs(age), bytes };
    let mut history = History::new(window, Revision::FIRST);
    history.define(resource());
    history
}

fn object(revision: u64, length: usize) -> Arc<Object> {
    let json = vec![b'x'; length].into();
    Arc::new(Object { key: key("a"), revision: Revision::new(revision), json, index: Index::default() })
}

fn append(history: &mut History, at: u64, event: Event) {
    history.append(Arc::new(event), Slot::for_test(0), Duration::from_secs(at));
}

fn created(revision: u64) -> Event {
    Event { revision: Revision::new(revision), object: object(revision, 1), previous: None, deleted: false }
}

fn positions(history: &History, position: u64) -> Option<Vec<u64>> {
    let events = history.log(resource()).read(position)?;
    Some(events.map(|event| event.revision.get()).collect())
}

#[test]
fn positions_survive_the_window() {
    let mut history = history(60, usize::MAX);
    for revision in [3, 5, 9] {
        append(&mut history, revision, created(revision));
    }
    let log = history.log(resource());
    let found: Vec<_> =
        [1, 3, 4, 5, 8, 9, 10].map(|revision| log.position_after(Revision::new(revision))).into();
    assert_eq!(found, [0, 1, 1, 2, 2, 3, 3]);
    assert_eq!(positions(&history, 1), Some(vec![5, 9]));

    let (_, evicted) = history.evict().unwrap();
    assert_eq!((evicted.revision.get(), history.oldest().get()), (3, 3));
    assert_eq!(positions(&history, 0), None, "the window has passed it");
    assert_eq!(positions(&history, 1), Some(vec![5, 9]), "the same position is the same event");
    assert_eq!(positions(&history, 3), Some(vec![]));
    assert_eq!(history.log(resource()).end(), 3);

    while history.evict().is_some() {}
    assert_eq!((history.events(), history.bytes(), history.oldest().get()), (0, 0, 9));
    assert_eq!(positions(&history, 3), Some(vec![]), "who has seen all is not too late");
}

#[test]
fn age_is_counted_from_the_publish() {
    let mut history = history(60, usize::MAX);
    assert!(!history.is_too_old(Duration::from_secs(1000)), "nothing is not old");
    append(&mut history, 10, created(2));
    append(&mut history, 30, created(3));
    for (now, old) in [(0, false), (10, false), (70, false), (71, true)] {
        assert_eq!(history.is_too_old(Duration::from_secs(now)), old, "at {now} s");
    }
    history.evict();
    assert!(!history.is_too_old(Duration::from_secs(90)));
    assert!(history.is_too_old(Duration::from_secs(91)));
}

#[test]
fn size_is_what_only_the_window_keeps() {
    let mut history = history(60, 10_000);
    let growth = |history: &mut History, event| {
        let before = history.bytes();
        append(history, 0, event);
        history.bytes() - before
    };
    let create = growth(&mut history, created(2));
    let event = |deleted| Event {
        revision: Revision::new(3),
        object: object(3, 4_000),
        previous: Some(object(2, 1_000)),
        deleted,
    };
    let update = growth(&mut history, event(false));
    assert!((1_000..2_000).contains(&(update - create)), "the version before, not the live one: {update}");
    assert!(!history.is_too_large());
    let deletion = growth(&mut history, event(true));
    assert!((5_000..6_000).contains(&(deletion - create)), "both, since neither is live: {deletion}");
    append(&mut history, 0, event(true));
    assert!(history.is_too_large());
    history.evict();
    history.evict();
    history.evict();
    assert_eq!(history.bytes(), deletion);
}

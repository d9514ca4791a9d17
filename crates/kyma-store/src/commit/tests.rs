use std::collections::BTreeMap;
use std::io;

use proptest::prelude::*;

use super::*;
use crate::fixtures::{at, delete, draft, key, put};

/// What a published state would hold: the committer asks it for durable heads.
#[derive(Default)]
struct Published(BTreeMap<Key, Arc<Object>>);

impl Published {
    fn stage<W>(&self, committer: &mut Committer<W>, write: Write, waiter: W) -> Result<(), CommitError> {
        let durable = self.0.get(&write.key).cloned();
        let previous = committer.admit(&write, durable)?;
        committer.stage(write, Arc::from("kymas"), previous, waiter);
        Ok(())
    }

    fn publish(&mut self, records: &[Record]) {
        for Record { event, .. } in records {
            if event.deleted {
                self.0.remove(&event.object.key);
            } else {
                self.0.insert(event.object.key.clone(), Arc::clone(&event.object));
            }
        }
    }

    /// Drives one batch to its good end.
    fn drive<W>(&mut self, committer: &mut Committer<W>) -> Vec<(W, Arc<Object>)> {
        let flight = committer.take_flight().expect("something is staged");
        self.publish(flight.records());
        committer.settle(&flight);
        flight.into_writers().collect()
    }
}

/// A published object `old` at revision 2 and, if `pending`, staged but not persisted: `old` at 4, `new` at 3.
fn scene(pending: bool) -> (Published, Committer<()>) {
    let (mut published, mut committer) =
        (Published::default(), Committer::new(Revision::FIRST, Interner::new()));
    published.stage(&mut committer, put("old", Expect::Absent, "1"), ()).unwrap();
    published.drive(&mut committer);
    if pending {
        published.stage(&mut committer, put("new", Expect::Absent, "1"), ()).unwrap();
        published.stage(&mut committer, put("old", at(2), "2"), ()).unwrap();
    }
    (published, committer)
}

fn outcome(result: Result<(), CommitError>) -> String {
    match result {
        Ok(()) => "ok".to_owned(),
        Err(CommitError::Exists(head)) => format!("exists at {}", head.revision),
        Err(CommitError::Stale(head)) => format!("stale at {}", head.revision),
        Err(CommitError::Missing) => "missing".to_owned(),
        Err(other) => other.to_string(),
    }
}

#[test]
fn checks_against_the_pending_head() {
    let table = [
        (put("old", Expect::Absent, ""), "exists at 2", "exists at 4"),
        (put("old", at(1), ""), "stale at 2", "stale at 4"),
        (put("old", at(2), ""), "ok", "stale at 4"),
        (put("old", at(4), ""), "stale at 2", "ok"),
        (delete("old", at(2)), "ok", "stale at 4"),
        (delete("old", at(4)), "stale at 2", "ok"),
        (delete("old", Expect::Absent), "exists at 2", "exists at 4"),
        (put("new", Expect::Absent, ""), "ok", "exists at 3"),
        (put("new", at(3), ""), "missing", "ok"),
        (delete("new", at(3)), "missing", "ok"),
        (delete("new", Expect::Absent), "missing", "exists at 3"),
        (delete("other", Expect::Absent), "missing", "missing"),
    ];
    for (write, durable_only, with_pending) in table {
        for (pending, expected) in [(false, durable_only), (true, with_pending)] {
            let (published, mut committer) = scene(pending);
            let result = published.stage(&mut committer, write.clone(), ());
            assert_eq!(outcome(result), expected, "{write:?} with pending writes: {pending}");
        }
    }
}

#[test]
fn a_pending_deletion_makes_room() {
    let (mut published, mut committer) = scene(false);
    published.stage(&mut committer, delete("old", at(2)), ()).unwrap();
    assert_eq!(outcome(published.stage(&mut committer, put("old", at(2), "2"), ())), "missing");
    published.stage(&mut committer, put("old", Expect::Absent, "again"), ()).unwrap();
    let flight = committer.take_flight().unwrap();
    let seen: Vec<_> = flight
        .records()
        .iter()
        .map(|Record { event, .. }| {
            (event.revision.get(), event.deleted, event.previous.as_ref().map(|object| object.revision.get()))
        })
        .collect();
    assert_eq!(seen, [(3, true, Some(2)), (4, false, None)]);
    published.publish(flight.records());
    assert_eq!(published.0[&key("old")].revision.get(), 4);
}

#[test]
fn fills_the_slot_once() {
    for (revision, digits) in [(2, "2"), (10, "10"), (u64::MAX, "18446744073709551615")] {
        let Draft { json, slot, .. } = draft("x");
        let filled = fill(&json, slot, Revision::new(revision));
        let expected = format!(r#"{{"metadata":{{"resourceVersion":"{digits}"}},"value":"x"}}"#);
        assert_eq!(filled, expected.as_bytes());
    }
}

#[test]
#[should_panic(expected = "between the quotes")]
fn refuses_a_slot_elsewhere() {
    let Draft { json, slot, .. } = draft("x");
    fill(&json, slot + 1, Revision::new(2));
}

#[test]
fn one_batch_flies_at_a_time_and_takes_all_that_wait() {
    let (mut published, mut committer) = scene(true);
    let first = committer.take_flight().unwrap();
    assert_eq!(first.records().len(), 2);
    published.stage(&mut committer, put("old", at(4), "3"), ()).unwrap();
    published.stage(&mut committer, put("new", at(3), "2"), ()).unwrap();
    assert!(committer.take_flight().is_none(), "the first batch is still in flight");

    published.publish(first.records());
    committer.settle(&first);
    let stale = published.stage(&mut committer, put("old", at(4), "4"), ());
    assert_eq!(outcome(stale), "stale at 5", "the second batch's head outlives the first batch");
    let second = published.drive(&mut committer);
    assert_eq!(second.iter().map(|((), object)| object.revision.get()).collect::<Vec<_>>(), [5, 6]);
    assert!(committer.heads.is_empty(), "nothing is pending any more");
    assert!(committer.take_flight().is_none());
}

fn full_disk() -> PersistError {
    PersistError::Append(Arc::new(io::Error::from(io::ErrorKind::StorageFull)))
}

#[test]
fn a_failed_batch_takes_along_what_was_checked_against_it() {
    let (mut published, mut committer) =
        (Published::default(), Committer::new(Revision::FIRST, Interner::new()));
    published.stage(&mut committer, put("a", Expect::Absent, "1"), "first").unwrap();
    published.drive(&mut committer);
    published.stage(&mut committer, put("a", at(2), "2"), "in flight").unwrap();
    let mut flight = committer.take_flight().unwrap();
    published.stage(&mut committer, put("a", at(3), "3"), "behind, same key").unwrap();
    published.stage(&mut committer, put("b", Expect::Absent, "1"), "behind, other key").unwrap();

    committer.unstage(&mut flight, &full_disk());
    let failed: Vec<_> = flight.into_writers().map(|(waiter, _)| waiter).collect();
    assert_eq!(failed, ["in flight", "behind, same key", "behind, other key"]);
    assert!(committer.take_flight().is_none(), "nothing of it is left");
    assert_eq!(outcome(published.stage(&mut committer, put("a", at(3), ""), "")), "stale at 2");
    published.stage(&mut committer, put("a", at(2), "2"), "again").unwrap();
    let (waiter, object) = published.drive(&mut committer).remove(0);
    assert_eq!((waiter, object.revision.get()), ("again", 3), "revisions have no gap");
}

#[test]
fn a_failed_sync_and_a_close_refuse_further_writes() {
    let (published, mut committer) = scene(true);
    let mut flight = committer.take_flight().unwrap();
    committer.unstage(&mut flight, &PersistError::Sync(Arc::new(io::Error::other("broken"))));
    let refused = published.stage(&mut committer, put("a", Expect::Absent, ""), ());
    assert!(matches!(refused, Err(CommitError::Persist(PersistError::Sync(_)))), "the reason stays");
    committer.close();
    let refused = published.stage(&mut committer, put("a", Expect::Absent, ""), ());
    assert!(matches!(refused, Err(CommitError::Closed)));

    let (published, mut committer) = scene(true);
    committer.close();
    let refused = published.stage(&mut committer, put("a", Expect::Absent, ""), ());
    assert!(matches!(refused, Err(CommitError::Closed)));
    assert!(committer.take_flight().is_some(), "what was accepted goes its way");
}

#[test]
fn versions_share_their_strings() {
    let write = |name: &str, expect, owner: &str| {
        let mut draft = draft("x");
        draft.index.uid = Arc::from(format!("uid-of-{name}"));
        draft.index.labels = Box::new([(Arc::from("shard"), Arc::from("7"))]);
        draft.index.fields = Box::new([(Arc::from("status.phase"), Arc::from("Active"))]);
        draft.index.owners = Box::new([Arc::from(owner)]);
        Write { key: key(name), expect, change: Change::Put(draft) }
    };
    let (mut published, mut committer) =
        (Published::default(), Committer::new(Revision::FIRST, Interner::new()));
    published.stage(&mut committer, write("a", Expect::Absent, "kyma"), ()).unwrap();
    published.stage(&mut committer, write("b", Expect::Absent, "kyma"), ()).unwrap();
    published.stage(&mut committer, write("a", at(2), "other"), ()).unwrap();
    let objects: Vec<_> = published.drive(&mut committer).into_iter().map(|(_, object)| object).collect();
    let [first, neighbour, second] = &objects[..] else { panic!("three writes") };

    assert!(Arc::ptr_eq(&first.key.name, &second.key.name));
    assert!(Arc::ptr_eq(&first.index.uid, &second.index.uid));
    assert!(Arc::ptr_eq(&first.key.namespace, &neighbour.key.namespace));
    assert!(Arc::ptr_eq(&first.index.labels[0].0, &neighbour.index.labels[0].0));
    assert!(Arc::ptr_eq(&first.index.labels[0].1, &second.index.labels[0].1));
    assert!(Arc::ptr_eq(&first.index.fields[0].1, &neighbour.index.fields[0].1));
    assert!(Arc::ptr_eq(&first.index.owners[0], &neighbour.index.owners[0]));
    assert_eq!(&*second.index.owners[0], "other", "only equal strings are shared");
}

#[derive(Clone, Debug)]
enum Step {
    Stage { key: usize, expect: Guess, delete: bool },
    Take,
    Succeed,
    Fail,
}

/// What the writer believes, relative to the pending head.
#[derive(Clone, Copy, Debug)]
enum Guess {
    Right,
    Absent,
    Older,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let guess = prop_oneof![6 => Just(Guess::Right), 1 => Just(Guess::Absent), 1 => Just(Guess::Older)];
    let stage = (0..3usize, guess, prop::bool::weighted(0.2));
    let step = prop_oneof![
        5 => stage.prop_map(|(key, expect, delete)| Step::Stage { key, expect, delete }),
        2 => Just(Step::Take),
        2 => Just(Step::Succeed),
        1 => Just(Step::Fail),
    ];
    prop::collection::vec(step, 1..80)
}

/// Revision of each key's head, or `None`; a list of such states is the model's whole history.
type Heads = [Option<u64>; 3];

proptest! {
    /// Against a model that keeps the heads after every accepted write: `heads[n]` is the state at revision
    /// `1 + n`, of which `durable` and `flying` say how many are settled and on their way.
    #[test]
    fn pending_heads_follow_a_naive_model(steps in steps()) {
        let names = ["a", "b", "c"];
        let (mut published, mut committer) = (Published::default(), Committer::new(Revision::FIRST, Interner::new()));
        let mut heads: Vec<Heads> = vec![[None; 3]];
        let (mut durable, mut flying) = (0, 0);
        let mut flight: Option<Flight<usize>> = None;
        for step in steps {
            match step {
                Step::Stage { key, expect, delete: deletes } => {
                    let head = heads[heads.len() - 1][key];
                    let expect = match (expect, head) {
                        (Guess::Absent, _) | (Guess::Right, None) => Expect::Absent,
                        (Guess::Right, Some(revision)) => at(revision),
                        (Guess::Older, _) => at(head.unwrap_or(9).saturating_sub(1)),
                    };
                    let write = if deletes { delete(names[key], expect) } else { put(names[key], expect, "x") };
                    let accepted = match (expect, head) {
                        (Expect::Absent, None) => !deletes,
                        (Expect::At(revision), Some(head)) => revision.get() == head,
                        _ => false,
                    };
                    let result = published.stage(&mut committer, write, heads.len());
                    prop_assert_eq!(result.is_ok(), accepted);
                    if accepted {
                        let mut next = heads[heads.len() - 1];
                        next[key] = (!deletes).then_some(heads.len() as u64 + 1);
                        heads.push(next);
                    }
                }
                Step::Take => {
                    let taken = committer.take_flight();
                    prop_assert_eq!(taken.is_some(), flight.is_none() && heads.len() > durable + 1);
                    if let Some(taken) = taken {
                        flying = taken.records().len();
                        prop_assert_eq!(durable + flying + 1, heads.len());
                        flight = Some(taken);
                    }
                }
                Step::Succeed => if let Some(flight) = flight.take() {
                    published.publish(flight.records());
                    committer.settle(&flight);
                    for (write, object) in flight.into_writers() {
                        durable += 1;
                        prop_assert_eq!(write, durable);
                        prop_assert_eq!(object.revision.get(), 1 + durable as u64);
                    }
                },
                Step::Fail => if let Some(mut flight) = flight.take() {
                    committer.unstage(&mut flight, &full_disk());
                    prop_assert_eq!(flight.into_writers().count(), heads.len() - 1 - durable);
                    heads.truncate(durable + 1);
                },
            }
            let visible: Heads = names.map(|name| published.0.get(&key(name)).map(|head| head.revision.get()));
            prop_assert_eq!(visible, heads[durable], "readers see durable writes only; {} in flight", flying);
        }
    }
}

#[test]
fn an_object_that_is_too_large_is_refused_before_anything_else_is_looked_at() {
    let (mut published, committer) = scene(false);
    let most = match put("new", Expect::Absent, "1").change {
        Change::Put(draft) | Change::Delete(draft) => draft.json.len(),
    };
    let mut committer = committer.with_max_object_bytes(most);
    published.stage(&mut committer, put("new", Expect::Absent, "1"), ()).unwrap();
    published.drive(&mut committer);

    for (name, expect) in
        [("new", Expect::Absent), ("new", at(3)), ("none", at(3)), ("other", Expect::Absent)]
    {
        let refused = published.stage(&mut committer, put(name, expect, "12"), ());
        let message = format!("the object has {} bytes, more than the store takes ({most})", most + 1);
        assert_eq!(outcome(refused), message, "{name}");
    }
    let mut lowered = committer.with_max_object_bytes(most - 30);
    published
        .stage(&mut lowered, put("new", at(3), "1"), ())
        .expect("what is there may stay as large as it is");
    published.drive(&mut lowered);
    let mut committer = lowered;
    let gone = delete("new", at(4));
    assert_eq!(outcome(published.stage(&mut committer, gone, ())), "ok", "what is there can always go");
}

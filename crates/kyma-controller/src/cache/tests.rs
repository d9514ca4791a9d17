//! The cache against single cases, and against a small server with late watches, lists and responses.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::{Cache, Change, ObjectKey, Record, Uid};

#[derive(Clone, Debug, PartialEq, Eq)]
struct Item {
    uid: Uid,
    revision: u64,
    owner: Option<Uid>,
}

impl Record for Item {
    fn revision(&self) -> u64 {
        self.revision
    }
    fn uid(&self) -> &Uid {
        &self.uid
    }
    fn owner(&self) -> Option<&Uid> {
        self.owner.as_ref()
    }
}

fn key(name: &str) -> ObjectKey {
    ObjectKey::new("pb", name)
}

fn item(uid: &str, revision: u64) -> Item {
    Item { uid: uid.into(), revision, owner: None }
}

fn owned(uid: &str, revision: u64, owner: &str) -> Item {
    Item { owner: Some(owner.into()), ..item(uid, revision) }
}

/// A cache whose first list had these items.
fn synced(items: &[(&str, Item)]) -> Cache<Item> {
    let mut cache = Cache::new();
    cache.relist_begin();
    for (name, item) in items {
        cache.observe(key(name), item.clone());
    }
    assert!(!cache.synced());
    assert_eq!(cache.relist_end(), []);
    assert!(cache.synced());
    cache
}

#[test]
fn the_watch_replaces_and_tells_what_was_there() {
    let mut cache = synced(&[("a", item("u1", 5))]);
    assert_eq!(cache.observe(key("a"), item("u1", 7)), Change::Replaced(item("u1", 5)));
    assert_eq!(cache.observe(key("b"), item("u2", 8)), Change::Added);
    assert_eq!(cache.observe_delete(&key("a"), 9), Some(item("u1", 7)));
    assert_eq!(cache.observe_delete(&key("a"), 9), None);
    assert_eq!((cache.len(), cache.revision()), (1, 9));
}

#[test]
fn own_writes_are_read_at_once_and_the_watch_does_not_take_them_back() {
    let mut cache = synced(&[("a", item("u1", 5))]);
    assert_eq!(cache.learn(key("a"), item("u1", 9)), Change::Replaced(item("u1", 5)));
    assert_eq!(cache.learn(key("new"), item("u2", 10)), Change::Added);
    // The watch is still on its way to them.
    assert_eq!(cache.observe(key("a"), item("u1", 7)), Change::Stale);
    assert_eq!(cache.get(&key("a")), Some(&item("u1", 9)));
    assert_eq!(cache.observe(key("a"), item("u1", 9)), Change::Replaced(item("u1", 9)));
    assert_eq!(cache.learn(key("a"), item("u1", 9)), Change::Stale, "the watch was faster");
}

#[test]
fn a_late_response_does_not_bring_a_deleted_object_back() {
    let mut cache = synced(&[("a", item("u1", 5))]);
    cache.observe(key("a"), item("u1", 6));
    cache.observe_delete(&key("a"), 7);
    assert_eq!(cache.learn(key("a"), item("u1", 6)), Change::Stale);
    assert!(cache.is_empty());
}

#[test]
fn nor_does_it_after_a_repeated_list_that_missed_the_deletion() {
    let mut cache = synced(&[("a", item("u1", 5)), ("b", item("u2", 6))]);
    // Updated at 20 by us, deleted at 21; the watch broke before, and the list's newest item is older than both.
    cache.relist_begin();
    cache.observe(key("b"), item("u2", 6));
    assert_eq!(cache.learn(key("a"), item("u1", 20)), Change::Replaced(item("u1", 5)));
    assert_eq!(cache.relist_end(), [(key("a"), item("u1", 20))]);
    assert_eq!(cache.learn(key("a"), item("u1", 20)), Change::Stale);
    // As soon as the watch has shown how far it is, creations are learned again.
    cache.observe(key("b"), item("u2", 30));
    assert_eq!(cache.learn(key("a"), item("u1", 20)), Change::Stale);
    assert_eq!(cache.learn(key("c"), item("u3", 31)), Change::Added);
}

#[test]
fn a_deletion_older_than_what_is_held_concerns_an_earlier_object() {
    let mut cache = synced(&[("a", item("u1", 5))]);
    cache.learn(key("a"), item("u2", 9));
    assert_eq!(cache.observe_delete(&key("a"), 8), None);
    assert_eq!(cache.learn_delete(&key("a"), &"u1".into()), None);
    assert_eq!(cache.get(&key("a")), Some(&item("u2", 9)));
    assert_eq!(cache.learn_delete(&key("a"), &"u2".into()), Some(item("u2", 9)));
}

#[test]
fn a_list_removes_what_is_absent_and_keeps_what_cannot_be_read() {
    let mut cache = synced(&[("a", item("u1", 1)), ("b", item("u2", 2)), ("c", item("u3", 3))]);
    cache.relist_begin();
    cache.observe(key("b"), item("u2", 4));
    // The list is begun anew: what the broken one showed does not count.
    cache.relist_begin();
    cache.observe(key("a"), item("u1", 1));
    cache.keep(&key("c"));
    cache.keep(&key("never seen"));
    assert_eq!(cache.relist_end(), [(key("b"), item("u2", 4))]);
    assert_eq!(cache.iter().map(|(key, _)| key.clone()).collect::<Vec<_>>(), [key("a"), key("c")]);
    assert_eq!(cache.relist_end(), [], "there is no list to end");
}

#[test]
fn a_list_is_believed_when_the_server_was_restored_from_a_backup() {
    let mut cache = synced(&[("a", item("u1", 900))]);
    cache.relist_begin();
    assert_eq!(cache.observe(key("a"), item("u1", 12)), Change::Replaced(item("u1", 900)));
    cache.relist_end();
    assert_eq!(cache.observe(key("a"), item("u1", 13)), Change::Replaced(item("u1", 12)));
}

#[test]
fn owners_are_indexed_through_changes() {
    let mut cache = synced(&[("b", owned("u2", 1, "o1")), ("a", owned("u1", 2, "o1")), ("c", item("u3", 3))]);
    let of = |cache: &Cache<Item>, owner: &str| {
        cache.owned_by(&owner.into()).map(|key| key.name().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(of(&cache, "o1"), ["a", "b"]);
    cache.observe(key("a"), owned("u1", 4, "o2"));
    cache.observe(key("b"), item("u2", 5));
    cache.observe(key("c"), owned("u3", 6, "o2"));
    assert_eq!(of(&cache, "o1"), [""; 0]);
    assert_eq!(of(&cache, "o2"), ["a", "c"]);
    cache.observe_delete(&key("a"), 7);
    cache.relist_begin();
    cache.relist_end();
    assert!(cache.owned.iter().next().is_none(), "nothing is left behind");
}

#[derive(Clone, Debug)]
enum Op {
    /// Creates or updates the object, by us (whose response comes some time) or by somebody else.
    Write {
        name: u8,
        owner: u8,
        ours: bool,
    },
    Delete(u8),
    /// The next item of the running list, its end, or the next event of the watch.
    Deliver,
    Respond(usize),
    BeginList,
}

/// A server with one kind, its log, one watcher and the responses under way.
#[derive(Default)]
struct World {
    revision: u64,
    objects: BTreeMap<ObjectKey, Item>,
    log: Vec<(ObjectKey, Result<Item, u64>)>,
    /// Where the watch is in the log.
    watched: usize,
    /// What the running list has still to show.
    list: Option<Vec<(ObjectKey, Item)>>,
    lists: usize,
    responses: Vec<(ObjectKey, Item)>,
    /// Where each deleted object's deletion is in the log.
    deletions: BTreeMap<Uid, usize>,
    cache: Cache<Item>,
}

impl World {
    fn write(&mut self, name: u8, owner: u8, ours: bool) {
        self.revision += 1;
        let key = key(&name.to_string());
        let uid = self
            .objects
            .get(&key)
            .map_or_else(|| Uid::parse(&self.revision.to_string()), |it| it.uid.clone());
        let owner = (owner > 0).then(|| Uid::parse(&format!("owner {owner}")));
        let item = Item { uid, revision: self.revision, owner };
        self.objects.insert(key.clone(), item.clone());
        self.log.push((key.clone(), Ok(item.clone())));
        if ours {
            self.responses.push((key, item));
        }
    }

    fn delete(&mut self, name: u8) {
        if let Some((key, item)) = self.objects.remove_entry(&key(&name.to_string())) {
            self.revision += 1;
            self.deletions.insert(item.uid, self.log.len());
            self.log.push((key, Err(self.revision)));
        }
    }

    /// False when there is nothing to deliver.
    fn deliver(&mut self) -> bool {
        if let Some(list) = &mut self.list {
            match list.pop() {
                Some((key, item)) => {
                    self.cache.observe(key, item);
                }
                None => {
                    self.cache.relist_end();
                    self.list = None;
                }
            }
            return true;
        }
        let Some((key, event)) = self.log.get(self.watched).cloned() else { return false };
        self.watched += 1;
        match event {
            Ok(item) => {
                self.cache.observe(key, item);
            }
            Err(revision) => {
                self.cache.observe_delete(&key, revision);
            }
        }
        true
    }

    fn respond(&mut self, index: usize) -> Result<(), TestCaseError> {
        let Some(index) = index.checked_rem(self.responses.len()) else { return Ok(()) };
        let (key, item) = self.responses.remove(index);
        let before = self.cache.get(&key).cloned();
        let passed = self.log.iter().position(|(_, event)| event.as_ref().is_ok_and(|it| *it == item));
        let ahead = passed.is_some_and(|position| position >= self.watched) && self.list.is_none();
        let change = self.cache.learn(key.clone(), item.clone());
        match change {
            Change::Added => prop_assert_eq!(before.as_ref(), None),
            Change::Replaced(previous) => prop_assert_eq!(before, Some(previous)),
            Change::Stale => {
                prop_assert_eq!(self.cache.get(&key), before.as_ref());
                // A new object of ours that the watch has not reached is always learned, but for repeated lists.
                prop_assert!(before.is_some() || !ahead || self.lists > 1, "forgot {:?}", item);
                return Ok(());
            }
        }
        prop_assert_eq!(self.cache.get(&key), Some(&item));
        Ok(())
    }

    fn begin_list(&mut self) {
        self.cache.relist_begin();
        self.list = Some(self.objects.clone().into_iter().collect());
        self.watched = self.log.len();
        self.lists += 1;
    }

    fn check(&self) -> Result<(), TestCaseError> {
        let mut owned: BTreeMap<Uid, Vec<ObjectKey>> = BTreeMap::new();
        for (key, item) in self.cache.iter() {
            let deleted = self.deletions.get(&item.uid).is_some_and(|at| *at < self.watched);
            prop_assert!(!deleted || self.list.is_some(), "{:?} came back from the dead", item);
            if let Some(owner) = &item.owner {
                owned.entry(owner.clone()).or_default().push(key.clone());
            }
        }
        let indexed: BTreeMap<_, _> =
            self.cache.owned.iter().map(|(owner, keys)| (owner.clone(), keys.to_vec())).collect();
        prop_assert_eq!(indexed, owned);
        Ok(())
    }
}

fn ops() -> impl Strategy<Value = Op> {
    prop_oneof![
        6 => (0..4_u8, 0..3_u8, any::<bool>()).prop_map(|(name, owner, ours)| Op::Write { name, owner, ours }),
        2 => (0..4_u8).prop_map(Op::Delete),
        8 => Just(Op::Deliver),
        4 => any::<usize>().prop_map(Op::Respond),
        1 => Just(Op::BeginList),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_cache_converges_and_never_goes_back(ops in prop::collection::vec(ops(), 0..120)) {
        let mut world = World::default();
        world.begin_list();
        while world.list.is_some() {
            world.deliver();
        }
        let mut last: BTreeMap<Uid, u64> = BTreeMap::new();
        for op in ops {
            match op {
                Op::Write { name, owner, ours } => world.write(name, owner, ours),
                Op::Delete(name) => world.delete(name),
                Op::Deliver => { world.deliver(); }
                Op::Respond(index) => world.respond(index)?,
                Op::BeginList => world.begin_list(),
            }
            world.check()?;
            let now: BTreeMap<_, _> =
                world.cache.iter().map(|(_, item)| (item.uid.clone(), item.revision)).collect();
            for (uid, revision) in &now {
                let before = last.get(uid).copied().unwrap_or_default();
                prop_assert!(*revision >= before, "{:?} went back from {} to {}", uid, before, revision);
            }
            last = now;
        }
        while world.deliver() {}
        while !world.responses.is_empty() {
            world.respond(0)?;
        }
        let held: BTreeMap<_, _> = world.cache.iter().map(|(key, item)| (key.clone(), item.clone())).collect();
        prop_assert_eq!(held, world.objects);
    }
}

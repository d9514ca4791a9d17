use super::*;
use crate::fixtures::key;
use crate::object::Index;

/// Applies writes as a committer would and remembers what the window would.
#[derive(Default)]
struct Scene {
    keyspace: Keyspace,
    events: VecDeque<(Slot, Event)>,
    revision: u64,
}

impl Scene {
    fn write(&mut self, name: &str, deleted: bool) {
        self.revision += 1;
        let key = key(name);
        let revision = Revision::new(self.revision);
        let previous = self.keyspace.get(&key);
        let object = Arc::new(Object { key, revision, json: vec![b'x'; 10].into(), index: Index::default() });
        let event = Event { revision, object, previous, deleted };
        let slot = self.keyspace.apply(&event);
        self.events.push_back((slot, event));
    }

    fn evict(&mut self) {
        let (slot, event) = self.events.pop_front().expect("there are events");
        self.keyspace.forget(slot, &event);
    }

    /// Names and revisions at a revision.
    fn list(&self, at: u64) -> Vec<(String, u64)> {
        let query = ListQuery { at: Some(Revision::new(at)), ..ListQuery::all(key("").resource) };
        let page = self.keyspace.list(&query, Revision::new(self.revision));
        page.objects.iter().map(|object| (object.key.name.to_string(), object.revision.get())).collect()
    }
}

fn listed(objects: &[(&str, u64)]) -> Vec<(String, u64)> {
    objects.iter().map(|(name, revision)| ((*name).to_owned(), *revision)).collect()
}

/// `b` is made at 1, `a` at 2, `b` changed at 3, `a` deleted at 4, made again at 5, `b` deleted at 6.
fn scene() -> Scene {
    let mut scene = Scene::default();
    for (name, deleted) in [("b", false), ("a", false), ("b", false), ("a", true), ("a", false), ("b", true)]
    {
        scene.write(name, deleted);
    }
    scene
}

/// What `scene` held at each revision from 1 on.
const STATES: [&[(&str, u64)]; 6] = [
    &[("b", 1)],
    &[("a", 2), ("b", 1)],
    &[("a", 2), ("b", 3)],
    &[("b", 3)],
    &[("a", 5), ("b", 3)],
    &[("a", 5)],
];

#[test]
fn lists_at_every_revision_that_is_kept() {
    let mut scene = scene();
    for oldest in 0..=STATES.len() {
        for (at, state) in (1..).zip(STATES) {
            if at >= oldest {
                assert_eq!(scene.list(at as u64), listed(state), "at {at} when {oldest} is the oldest");
            }
        }
        if oldest < STATES.len() {
            scene.evict();
        }
    }
}

#[test]
fn keeps_only_what_can_still_be_read() {
    let mut scene = scene();
    let kept = |scene: &Scene| -> usize {
        let versions = scene.keyspace.versions.iter();
        versions.map(|(_, versions)| 1 + versions.older.as_ref().map_or(0, |older| older.0.len())).sum()
    };
    let mut counts = vec![kept(&scene)];
    while !scene.events.is_empty() {
        scene.evict();
        counts.push(kept(&scene));
    }
    // The third event replaces b@1, the fourth buries a@2 and itself, the last b@3 and itself.
    assert_eq!(counts, [6, 6, 6, 5, 3, 3, 1]);
    assert_eq!((scene.keyspace.slots.len(), scene.keyspace.order.len()), (1, 1), "b is forgotten");
    scene.write("b", false);
    assert_eq!(scene.list(7), listed(&[("a", 5), ("b", 7)]));
}

#[test]
fn counts_live_objects() {
    let mut scene = Scene::default();
    let resource = key("").resource;
    let counts = |scene: &Scene| {
        let keyspace = &scene.keyspace;
        (keyspace.count(resource), keyspace.objects(), keyspace.bytes())
    };
    assert_eq!(counts(&scene), (0, 0, 0));
    scene.write("a", false);
    scene.write("b", false);
    scene.write("a", false);
    assert_eq!(counts(&scene), (2, 2, 20));
    scene.write("a", true);
    assert_eq!(counts(&scene), (1, 1, 10));
    assert_eq!(scene.keyspace.count(ResourceId::for_test(9)), 0);
}

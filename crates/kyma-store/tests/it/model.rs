//! Random operations against a model that keeps every version there ever was.

use std::sync::Arc;
use std::time::Duration;

use kyma_store::{
    CommitError, Expect, ListQuery, Options, ReadError, ResourceId, Revision, WatchError, Watcher,
};
use proptest::prelude::*;

use crate::support::{Scene, delete, key, path, put, revisions, value};

const RESOURCES: [&str; 2] = ["kymas", "helmcomponents"];
const PATHS: [&str; 7] = ["a/x", "a/y", "a-b/x", "a-b/z", "b/x", "x", "y"];
const NAMESPACES: [Option<&str>; 4] = [None, Some("a"), Some("a-b"), Some("")];
const WINDOW_AGE: Duration = Duration::from_secs(60);

#[derive(Clone, Debug)]
enum Step {
    /// Writes with the right expectation, or with one that is off by so many revisions.
    Write {
        resource: usize,
        path: usize,
        delete: bool,
        off: Option<u64>,
    },
    Advance(u64),
    Expire,
    /// Lists at a share of the revisions so far, or at the newest.
    List {
        resource: usize,
        namespace: usize,
        at: Option<u8>,
        after: Option<usize>,
        limit: Option<usize>,
    },
    Watch {
        resource: usize,
        namespace: usize,
        since: u8,
    },
    Poll {
        watcher: usize,
        max: usize,
    },
}

fn step() -> impl Strategy<Value = Step> {
    let resource = || 0..RESOURCES.len();
    let namespace = || 0..NAMESPACES.len();
    let write =
        (resource(), 0..PATHS.len(), prop::bool::weighted(0.25), prop::option::weighted(0.15, 0..3u64))
            .prop_map(|(resource, path, delete, off)| Step::Write { resource, path, delete, off });
    let list = (
        resource(),
        namespace(),
        prop::option::of(any::<u8>()),
        prop::option::weighted(0.3, 0..PATHS.len()),
        prop::option::of(0..5usize),
    )
        .prop_map(|(resource, namespace, at, after, limit)| Step::List {
            resource,
            namespace,
            at,
            after,
            limit,
        });
    let watch = (resource(), namespace(), any::<u8>()).prop_map(|(resource, namespace, since)| Step::Watch {
        resource,
        namespace,
        since,
    });
    prop_oneof![
        12 => write,
        1 => (0..40u64).prop_map(Step::Advance),
        1 => Just(Step::Expire),
        4 => list,
        2 => watch,
        4 => (0..4usize, 0..4usize).prop_map(|(watcher, max)| Step::Poll { watcher, max }),
    ]
}

/// One version of one key; the model's write number `n` has revision `n + 2`.
struct Version {
    resource: usize,
    path: &'static str,
    /// `None` when this write deleted it.
    value: Option<String>,
    at: Duration,
}

#[derive(Default)]
struct Model {
    versions: Vec<Version>,
    now: Duration,
}

impl Model {
    fn current(&self) -> u64 {
        1 + self.versions.len() as u64
    }

    /// Revision and value of a key.
    fn head(&self, resource: usize, path: &str, at: u64) -> Option<(u64, &str)> {
        let written = (2..).zip(&self.versions).take_while(|(revision, _)| *revision <= at);
        let (revision, version) =
            written.filter(|(_, version)| version.resource == resource && version.path == path).last()?;
        Some((revision, version.value.as_deref()?))
    }

    fn list(&self, resource: usize, namespace: Option<&str>, at: u64) -> Vec<(String, u64, String)> {
        let mut paths: Vec<&str> = PATHS.iter().copied().filter(|path| covers(namespace, path)).collect();
        paths.sort_by_key(|path| sort_key(path));
        let heads = paths.into_iter().filter_map(|path| {
            let (revision, value) = self.head(resource, path, at)?;
            Some((path.to_owned(), revision, value.to_owned()))
        });
        heads.collect()
    }

    /// A revision between 0 and a little beyond the newest, as a share of 255.
    fn share(&self, share: u8) -> u64 {
        (self.current() + 2) * u64::from(share) / 255
    }
}

/// Cluster-scoped objects first, then the order of `namespace/name` as text.
fn sort_key(path: &str) -> (bool, String) {
    (path.contains('/'), path.to_owned())
}

fn covers(namespace: Option<&str>, path: &str) -> bool {
    let own = path.split_once('/').map_or("", |(namespace, _)| namespace);
    namespace.is_none_or(|namespace| namespace == own)
}

struct Following {
    watcher: Watcher,
    resource: usize,
    namespace: Option<&'static str>,
    /// Everything up to here was seen or is not for this watcher.
    seen: u64,
    lost: bool,
}

struct Run {
    scene: Scene,
    resources: Vec<ResourceId>,
    model: Model,
    following: Vec<Following>,
}

impl Run {
    fn new(window_bytes: usize) -> Self {
        let scene =
            Scene::with_options(Options { window_age: WINDOW_AGE, window_bytes, ..Options::default() });
        let resources = RESOURCES.map(|name| scene.store.resource(name)).into();
        Self { scene, resources, model: Model::default(), following: Vec::new() }
    }

    fn readable(&self, at: u64) -> Result<(), ReadError> {
        let (oldest, current) = (self.scene.store.oldest(), Revision::new(self.model.current()));
        match Revision::new(at) {
            at if at > current => Err(ReadError::Future { current }),
            at if at < oldest => Err(ReadError::Compacted { oldest }),
            _ => Ok(()),
        }
    }

    async fn write(&mut self, resource: usize, path: &'static str, deletes: bool, off: Option<u64>) {
        let model = &mut self.model;
        let head = model.head(resource, path, model.current()).map(|(revision, _)| revision);
        let expect = match (off, head) {
            (None, None) | (Some(0), _) => Expect::Absent,
            (None, Some(revision)) => Expect::At(Revision::new(revision)),
            (Some(off), head) => Expect::At(Revision::new(head.unwrap_or(1) + off)),
        };
        let value = model.current().to_string();
        let key = key(self.resources[resource], path);
        let write = if deletes { delete(key, expect) } else { put(key, expect, &value) };
        let result = self.scene.store.commit(write).await;
        let allowed = match (expect, head) {
            (Expect::Absent, None) => !deletes,
            (Expect::At(revision), Some(head)) => revision.get() == head,
            _ => false,
        };
        match result {
            Ok(object) => {
                assert!(allowed);
                assert_eq!(object.revision.get(), model.current() + 1, "revisions grow by one");
                let value = (!deletes).then_some(value);
                model.versions.push(Version { resource, path, value, at: model.now });
            }
            Err(CommitError::Exists(found)) => {
                assert_eq!((expect, Some(found.revision.get())), (Expect::Absent, head));
            }
            Err(CommitError::Stale(found)) => {
                assert_eq!(Some(found.revision.get()), head);
                assert_ne!(Expect::At(found.revision), expect);
            }
            Err(CommitError::Missing) => assert!(head.is_none() && !allowed),
            Err(error) => panic!("{error}"),
        }
    }

    fn list(&self, query: &ListQuery, resource: usize, namespace: Option<&str>) {
        let at = query.at.map_or(self.model.current(), Revision::get);
        let page = match (self.scene.store.list(query), self.readable(at)) {
            (Ok(page), Ok(())) => page,
            (result, expected) => return assert_eq!(result.map(|_| ()), expected),
        };
        let mut expected = self.model.list(resource, namespace, at);
        if let Some((namespace, name)) = &query.after {
            let after = if namespace.is_empty() { name.to_string() } else { format!("{namespace}/{name}") };
            expected.retain(|(path, ..)| sort_key(path) > sort_key(&after));
        }
        let rest = expected.split_off(query.limit.unwrap_or(usize::MAX).min(expected.len()));
        let objects: Vec<_> =
            page.objects.iter().map(|object| (path(object), object.revision.get(), value(object))).collect();
        assert_eq!(objects, expected);
        assert_eq!((page.revision.get(), page.more, page.remaining), (at, !rest.is_empty(), rest.len()));
    }

    fn watch(&mut self, resource: usize, namespace: Option<&'static str>, since: u64) {
        let id = self.resources[resource];
        let watcher = self.scene.store.watch(id, namespace.map(Arc::from), Revision::new(since));
        match (watcher, self.readable(since)) {
            (Ok(watcher), Ok(())) => {
                // The oldest makes place: the steps poll a few only.
                if self.following.len() == 4 {
                    self.following.remove(0);
                }
                self.following.push(Following { watcher, resource, namespace, seen: since, lost: false });
            }
            (result, expected) => assert_eq!(result.map(|_| ()), expected),
        }
    }

    fn poll(&mut self, watcher: usize, max: usize) {
        let Some(following) = self.following.get_mut(watcher) else { return };
        let Following { watcher, resource, namespace, seen, lost } = following;
        let versions = &self.model.versions;
        let ahead: Vec<u64> = (2..)
            .zip(versions)
            .filter(|(revision, version)| *revision > *seen && version.resource == *resource)
            .map(|(revision, _)| revision)
            .collect();
        let oldest = self.scene.store.oldest();
        let behind = ahead.first().is_some_and(|revision| *revision <= oldest.get());
        match watcher.try_next(max) {
            Ok(batch) => {
                assert!(!behind && !*lost, "the window has passed revision {ahead:?}");
                let expected: Vec<u64> = ahead
                    .iter()
                    .copied()
                    .filter(|revision| covers(*namespace, versions[*revision as usize - 2].path))
                    .take(max)
                    .collect();
                assert_eq!(revisions(&batch.events), expected);
                for event in &batch.events {
                    let version = &versions[event.revision.get() as usize - 2];
                    assert_eq!(
                        (path(&event.object).as_str(), event.deleted),
                        (version.path, version.value.is_none())
                    );
                    assert_eq!(value(&event.object), version.value.clone().unwrap_or("gone".to_owned()));
                    let before = self.model.head(*resource, version.path, event.revision.get() - 1);
                    let previous =
                        event.previous.as_deref().map(|object| (object.revision.get(), value(object)));
                    assert_eq!(
                        previous.as_ref().map(|(revision, value)| (*revision, value.as_str())),
                        before
                    );
                }
                assert!(batch.progress.get() >= *seen && batch.progress.get() <= self.model.current());
                *seen = batch.progress.get();
            }
            Err(WatchError::Compacted { oldest: told }) => {
                assert!(behind && told == oldest);
                *lost = true;
            }
            Err(WatchError::Closed) => panic!("nobody closed it"),
        }
    }

    fn check_window(&self, limit: usize, expired: bool) {
        let stats = self.scene.store.stats();
        assert!(stats.window_bytes <= limit);
        assert_eq!(stats.revision.get(), self.model.current());
        assert_eq!(stats.window_events as u64, self.model.current() - self.scene.store.oldest().get());
        let live: usize =
            (0..RESOURCES.len()).map(|resource| self.model.list(resource, None, u64::MAX).len()).sum();
        assert_eq!(stats.objects, live);
        if expired {
            let fresh = |version: &Version| self.model.now - version.at <= WINDOW_AGE;
            let first_fresh = self.model.versions.iter().position(fresh).unwrap_or(self.model.versions.len());
            assert!(self.scene.store.oldest().get() > first_fresh as u64);
        }
    }

    async fn step(&mut self, step: Step) -> bool {
        match step {
            Step::Write { resource, path, delete, off } => {
                self.write(resource, PATHS[path], delete, off).await;
            }
            Step::Advance(seconds) => {
                self.scene.clock.advance(Duration::from_secs(seconds));
                self.model.now += Duration::from_secs(seconds);
            }
            Step::Expire => {
                self.scene.store.expire();
                return true;
            }
            Step::List { resource, namespace, at, after, limit } => {
                let namespace = NAMESPACES[namespace];
                let id = self.resources[resource];
                let after = after.map(|path| key(id, PATHS[path])).map(|key| (key.namespace, key.name));
                let at = at.map(|share| Revision::new(self.model.share(share)));
                let query = ListQuery { resource: id, namespace: namespace.map(Arc::from), after, limit, at };
                self.list(&query, resource, namespace);
            }
            Step::Watch { resource, namespace, since } => {
                self.watch(resource, NAMESPACES[namespace], self.model.share(since));
            }
            Step::Poll { watcher, max } => self.poll(watcher, max),
        }
        false
    }
}

proptest! {
    #[test]
    fn any_history_is_told_as_it_happened(
        steps in prop::collection::vec(step(), 1..150),
        window_bytes in prop_oneof![Just(usize::MAX), 500..8000usize],
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let mut run = Run::new(window_bytes);
            for step in steps {
                let expired = run.step(step).await;
                run.check_window(window_bytes, expired);
            }
            for watcher in 0..run.following.len() {
                run.poll(watcher, usize::MAX);
            }
        });
    }
}

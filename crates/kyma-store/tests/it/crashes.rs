//! Random writes, faults and crashes against a model that knows what was acknowledged.

use std::collections::BTreeMap;
use std::sync::Arc;

use kyma_store::{CommitError, Crash, Expect, FaultyDisk, Index, PersistError, Revision};
use proptest::prelude::*;

use crate::support::{Scene, delete, kept, put};

const NAMES: [&str; 6] = ["pa/a", "pa/b", "pb/a", "pb/b", "pb/c", "cluster"];

#[derive(Clone, Debug)]
enum Step {
    Put {
        name: usize,
        length: usize,
    },
    Delete {
        name: usize,
    },
    /// The disk has so many blocks left.
    Fill(u64),
    MakeRoom,
    FailWrite(u64),
    FailSync(u64),
    /// The store is closed in good order and opened again.
    Reopen,
    Crash(Crash),
}

fn step() -> impl Strategy<Value = Step> {
    let crash = prop_oneof![Just(Crash::Process), Just(Crash::Power), Just(Crash::Torn)];
    prop_oneof![
        12 => (0..NAMES.len(), prop_oneof![0..100usize, 0..20_000usize])
            .prop_map(|(name, length)| Step::Put { name, length }),
        4 => (0..NAMES.len()).prop_map(|name| Step::Delete { name }),
        1 => (0..40u64).prop_map(Step::Fill),
        2 => Just(Step::MakeRoom),
        1 => (0..20u64).prop_map(Step::FailWrite),
        1 => (0..3u64).prop_map(Step::FailSync),
        1 => Just(Step::Reopen),
        2 => crash.prop_map(Step::Crash),
    ]
}

/// What a store keeps, and its revision.
type Content = (BTreeMap<String, (u64, String, Index)>, u64);

struct Run {
    disk: Arc<FaultyDisk>,
    scene: Scene,
    /// What was acknowledged.
    content: Content,
    /// What the one write whose fate nobody knows would have made of it.
    doubtful: Option<Content>,
}

impl Run {
    fn new(seed: u64) -> Self {
        let disk = Arc::new(FaultyDisk::new(seed));
        let scene = Scene::on_disk(&disk).unwrap();
        Self { disk, scene, content: (BTreeMap::new(), Revision::FIRST.get()), doubtful: None }
    }

    async fn step(&mut self, step: Step) {
        match step {
            Step::Put { name, length } => self.write(NAMES[name], Some("x".repeat(length))).await,
            Step::Delete { name } => self.write(NAMES[name], None).await,
            Step::Fill(blocks) => self.disk.set_room(Some(blocks * 4096)),
            Step::MakeRoom => self.disk.set_room(None),
            Step::FailWrite(after) => self.disk.fail_write(after),
            Step::FailSync(after) => self.disk.fail_sync(after),
            Step::Reopen => self.reopen(None),
            Step::Crash(crash) => self.reopen(Some(crash)),
        }
        assert_eq!(self.found(), self.content, "readers see what was acknowledged");
    }

    fn found(&self) -> Content {
        (kept(&self.scene.store), self.scene.store.revision().get())
    }

    async fn write(&mut self, name: &str, value: Option<String>) {
        let key = self.scene.key(name);
        let head = self.scene.store.get(&key).map(|object| object.revision);
        let expect = head.map_or(Expect::Absent, Expect::At);
        let path = format!("inventory.kyma-project.io/kymas {name}");
        let revision = self.content.1 + 1;
        let mut after = self.content.clone();
        after.1 = revision;
        let write = match value {
            Some(value) => {
                let json = format!(r#"{{"metadata":{{"resourceVersion":"{revision}"}},"value":"{value}"}}"#);
                after.0.insert(path, (revision, json, Index::default()));
                put(key, expect, &value)
            }
            None => {
                after.0.remove(&path);
                delete(key, expect)
            }
        };
        match self.scene.store.commit(write).await {
            Ok(_) => self.content = after,
            Err(CommitError::Missing) => assert_eq!(head, None),
            Err(CommitError::Persist(PersistError::Append(_))) => {}
            // The first is in doubt; those behind it were never tried.
            Err(CommitError::Persist(PersistError::Sync(_))) => {
                self.doubtful.get_or_insert(after);
            }
            Err(other) => panic!("{other:?}"),
        }
    }

    fn reopen(&mut self, crash: Option<Crash>) {
        if crash.is_some() {
            self.disk.detach();
        }
        let empty = Scene::new();
        drop(std::mem::replace(&mut self.scene, empty));
        self.disk.crash(crash.unwrap_or(Crash::Process));
        self.disk.set_room(None);
        self.scene = Scene::on_disk(&self.disk).unwrap_or_else(|error| panic!("{crash:?}: {error}"));
        let found = self.found();
        if Some(&found) == self.doubtful.as_ref() {
            self.content = found;
        }
        self.doubtful = None;
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, max_shrink_iters: 200, ..ProptestConfig::default() })]

    #[test]
    fn nothing_acknowledged_is_lost(seed: u64, steps in prop::collection::vec(step(), 1..40)) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let mut run = Run::new(seed);
            for step in steps {
                run.step(step).await;
            }
            run.step(Step::Crash(Crash::Torn)).await;
        });
    }
}

/// The note of what is there is written whole, but its write is said to have failed; then the file is made shorter.
#[tokio::test]
async fn a_failed_note_is_no_cut_off_file() {
    for seed in 0..200 {
        let mut run = Run::new(seed);
        let steps = [
            Step::Put { name: 0, length: 3985 },
            Step::Put { name: 1, length: 0 },
            Step::FailWrite(8),
            Step::Put { name: 0, length: 0 },
            Step::Reopen,
        ];
        for step in steps {
            run.step(step).await;
        }
    }
}

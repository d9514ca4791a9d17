//! Files that earlier versions have written.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use kyma_store::{Change, Disk as _, Expect, FaultyDisk, Index};

use crate::support::{Scene, delete, kept, key, put};

/// The format that is written now.
const NEWEST: u32 = 1;

/// What every fixture holds, and its revision: some of everything that an object can have.
async fn fill(scene: &Scene) -> u64 {
    let namespaces = scene.store.resource("namespaces");
    scene.store.commit(put(key(namespaces, "pb"), Expect::Absent, "cluster-scoped")).await.unwrap();
    for number in 0..40 {
        let mut write =
            put(scene.key(&format!("pb/kyma-{number}")), Expect::Absent, &"v".repeat(number * 10));
        let Change::Put(draft) = &mut write.change else { unreachable!("it is a put") };
        draft.index = Index {
            uid: Arc::from(format!("0000-{number}")),
            labels: (0..number % 3).map(|label| (Arc::from(format!("l{label}")), Arc::from("v"))).collect(),
            fields: Box::new([(
                Arc::from("status.phase"),
                Arc::from(if number % 2 == 0 { "Active" } else { "" }),
            )]),
            owners: (0..number % 2).map(|owner| Arc::from(format!("owner-{owner}"))).collect(),
            deleting: number % 5 == 0,
        };
        scene.store.commit(write).await.unwrap();
    }
    for name in ["pb/\u{e9}t\u{e9}", "other/x.y-z"] {
        scene.put(name, "\u{1f980}").await;
    }
    let head = scene.put("pb/gone", "1").await.revision;
    scene.store.commit(delete(scene.key("pb/gone"), Expect::At(head))).await.unwrap();
    46
}

/// A file of the newest format is made when it is missing, to be committed; one of an older format never is.
async fn make(file: &Path) {
    let disk = Arc::new(FaultyDisk::new(1));
    let scene = Scene::on_disk(&disk).unwrap();
    fill(&scene).await;
    drop(scene);
    std::fs::write(file, disk.content()).unwrap();
    panic!("{} was missing and is made now; commit it", file.display());
}

#[tokio::test]
async fn files_of_every_format_open_as_they_were_written() {
    for format in 1..=NEWEST {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/fixtures/format-{format}.db"));
        if format == NEWEST && !file.exists() {
            make(&file).await;
        }
        let model = Scene::new();
        let revision = fill(&model).await;
        let disk = Arc::new(FaultyDisk::holding(1, std::fs::read(&file).unwrap()));
        let scene = Scene::on_disk(&disk).unwrap();
        let expected: BTreeMap<_, _> = kept(&model.store);
        assert_eq!(kept(&scene.store), expected, "format {format}");
        assert_eq!((expected.len(), scene.store.revision().get()), (43, revision));
        assert_eq!(scene.put("pb/new", "1").await.revision.get(), revision + 1);
        assert!(disk.length().unwrap() > 0);
    }
}

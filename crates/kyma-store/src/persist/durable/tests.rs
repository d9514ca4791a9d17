use std::collections::BTreeMap;

use super::super::format::Records;
use super::super::tree::Failure;
use super::*;
use crate::commit::{Committer, Expect, Write};
use crate::fixtures::put;
use crate::intern::Interner;
use crate::persist::{Crash, FaultyDisk, encoding};

/// Objects `a` to `e` at revisions 2 to 6.
fn store_of_format_1(seed: u64) -> Arc<FaultyDisk> {
    let disk = Arc::new(FaultyDisk::new(seed));
    let mut engine = Durable::open(disk.clone()).unwrap();
    let mut committer = Committer::new(engine.revision(), Interner::new());
    for name in ["a", "b", "c", "d", "e"] {
        stage(&mut committer, put(name, Expect::Absent, "1"));
    }
    engine.append(committer.take_flight().unwrap().records()).unwrap();
    disk
}

fn stage(committer: &mut Committer<()>, write: Write) {
    let previous = committer.admit(&write, None).unwrap();
    committer.stage(write, Arc::from("kymas"), previous, ());
}

/// Format 2 of these tests: the JSON is turned round, and objects named `b` are gone.
fn turn_round(table: &mut Records<'_>) -> Result<(), Failure> {
    let failed = |error: redb::StorageError| Failure::Disk(io::Error::other(error));
    let mut changed = BTreeMap::new();
    for entry in redb::ReadableTable::iter(table).map_err(failed)? {
        let (key, value) = entry.map_err(failed)?;
        if key.value() != encoding::HEAD_KEY {
            changed.insert(key.value().to_vec(), value.value().to_vec());
        }
    }
    for (key, mut value) in changed {
        if key.ends_with(b"b") {
            table.remove(key.as_slice()).map_err(failed)?;
            continue;
        }
        let json = value.len() - encoding::decode(&key, &value).map_or(0, |kept| kept.json.len());
        value[json..].reverse();
        let checksum = crc32fast::hash(&[&key[..], &value[4..]].concat());
        value[..4].copy_from_slice(&checksum.to_le_bytes());
        table.insert(key.as_slice(), value.as_slice()).map_err(failed)?;
    }
    Ok(())
}

fn to_format_3(_table: &mut Records<'_>) -> Result<(), Failure> {
    Ok(())
}

const STEPS: &[Step] = &[Step { from: 1, run: turn_round }, Step { from: 2, run: to_format_3 }];

fn contents(engine: &mut Durable) -> BTreeMap<String, (u64, String)> {
    let mut contents = BTreeMap::new();
    let mut visit = |kept: Kept<'_>| {
        let json = String::from_utf8(kept.json.to_vec()).unwrap();
        contents.insert(kept.name.to_owned(), (kept.revision.get(), json));
    };
    engine.load(&mut visit).unwrap();
    contents
}

fn turned_round() -> BTreeMap<String, (u64, String)> {
    let json = |revision: u64| format!(r#"{{"metadata":{{"resourceVersion":"{revision}"}},"value":"1"}}"#);
    let turned = |revision| (revision, json(revision).chars().rev().collect());
    [("a", 2), ("c", 4), ("d", 5), ("e", 6)]
        .map(|(name, revision)| (name.to_owned(), turned(revision)))
        .into()
}

#[test]
fn an_older_file_goes_through_all_steps() {
    let disk = store_of_format_1(1);
    let mut engine = Durable::open_with(disk.clone(), (STEPS, 3)).unwrap();
    assert_eq!(contents(&mut engine), turned_round());
    assert_eq!((engine.revision().get(), engine.head.format), (6, 3));
    drop(engine);
    let mut engine = Durable::open_with(disk.clone(), (STEPS, 3)).unwrap();
    assert_eq!(contents(&mut engine), turned_round(), "once, not at each start");
    drop(engine);
    let refused = Durable::open_with(disk.clone(), (STEPS, 2)).map(|_| ()).unwrap_err();
    assert!(matches!(refused, OpenError::Newer { found: 3, known: 2, .. }));
    let refused = Durable::open(disk).map(|_| ()).unwrap_err();
    assert!(matches!(refused, OpenError::Newer { found: 3, known: 1, .. }));
}

#[test]
fn a_file_without_its_step_is_refused() {
    let disk = store_of_format_1(1);
    let refused = Durable::open_with(disk, (&STEPS[1..], 3)).map(|_| ()).unwrap_err();
    assert!(refused.to_string().contains("its data format is 1, which was never in use"), "{refused}");
}

#[test]
fn a_migration_that_fails_changes_nothing() {
    fn fails(table: &mut Records<'_>) -> Result<(), Failure> {
        turn_round(table)?;
        Err(Failure::Disk(io::ErrorKind::StorageFull.into()))
    }
    let disk = store_of_format_1(1);
    let steps = [Step { from: 1, run: fails }];
    let refused = Durable::open_with(disk.clone(), (&steps, 2)).map(|_| ()).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "failed to bring the disk in memory from data format 1 to 2; free some room and start again"
    );
    let mut engine = Durable::open_with(disk, (STEPS, 3)).unwrap();
    assert_eq!(contents(&mut engine), turned_round());
}

/// A migration that a crash interrupts anywhere is finished by the next start, and an older version never takes the
/// file for its own in between.
#[test]
fn a_migration_outlives_crashes() {
    let mut interrupted = 0;
    for seed in 0..60 {
        let disk = store_of_format_1(seed);
        if seed % 2 == 0 {
            disk.fail_write(seed / 2);
        } else {
            disk.fail_sync(seed / 4);
        }
        let opened = Durable::open_with(disk.clone(), (STEPS, 3));
        interrupted += u32::from(opened.is_err());
        disk.detach();
        drop(opened);
        disk.crash(Crash::Torn);
        match Durable::open(Arc::new(FaultyDisk::holding(1, disk.content()))) {
            Ok(mut engine) => assert_eq!(contents(&mut engine).len(), 5, "seed {seed}: it is as it was"),
            Err(OpenError::Newer { .. }) => {}
            Err(other) => panic!("seed {seed}: {other}"),
        }
        let mut engine = Durable::open_with(disk, (STEPS, 3)).unwrap();
        assert_eq!(contents(&mut engine), turned_round(), "seed {seed}");
    }
    assert!(interrupted > 20, "{interrupted}");
}

#[test]
fn only_large_files_that_are_mostly_free_are_compacted() {
    let large = COMPACT_LENGTH_MIN + 1;
    assert!(!is_mostly_free(COMPACT_LENGTH_MIN, 0));
    assert!(is_mostly_free(large, 0));
    assert!(is_mostly_free(large, large / COMPACT_FACTOR - 1));
    assert!(!is_mostly_free(large, large / COMPACT_FACTOR + 1));
}

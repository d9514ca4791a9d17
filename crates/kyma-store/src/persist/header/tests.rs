use super::*;
use crate::persist::{Crash, FaultyDisk};

const MARK_7: Mark = Mark { revision: 7, length: 5000 };

/// A file of 9,000 bytes with two marks, the newer one for revision 7.
fn disk() -> (FaultyDisk, Marks) {
    let disk = FaultyDisk::new(1);
    let mut marks = create(&disk, 1).unwrap();
    disk.set_length(9000).unwrap();
    marks.write(&disk, Mark { revision: 6, length: 4096 }).unwrap();
    marks.write(&disk, MARK_7).unwrap();
    (disk, marks)
}

fn outcome(disk: &FaultyDisk) -> String {
    match read(disk, 1) {
        Ok(Found::Nothing) => "nothing".to_owned(),
        Ok(Found::Store { format, marks }) => format!("format {format} at {}", marks.newest.revision),
        Err(OpenError::Truncated { length, needed, .. }) => format!("{length} of {needed}"),
        Err(OpenError::Newer { found, .. }) => format!("newer: {found}"),
        Err(OpenError::Foreign { .. }) => "foreign".to_owned(),
        Err(OpenError::Damaged { what, .. }) => what,
        Err(other) => panic!("{other:?}"),
    }
}

#[test]
fn the_newer_mark_counts() {
    let (disk, marks) = disk();
    let found = read(&disk, 1).unwrap();
    assert!(matches!(found, Found::Store { format: 1, marks } if marks.newest == MARK_7));
    // Again and again, and the larger sequence wins even with less in it.
    let mut marks = marks;
    for length in [9000, 4096, 8000] {
        marks.write(&disk, Mark { revision: 7, length }).unwrap();
        let Ok(Found::Store { marks: found, .. }) = read(&disk, 1) else { panic!("it is a store") };
        assert_eq!(found.newest, Mark { revision: 7, length });
    }
}

#[test]
fn a_damaged_mark_leaves_the_other() {
    for (byte, expected) in [
        (0, "foreign"),
        (17, "the header's checksum is wrong"),
        (520, "format 1 at 6"),
        (1030, "format 1 at 7"),
    ] {
        let (disk, _) = disk();
        disk.flip(8 * byte);
        assert_eq!(outcome(&disk), expected, "byte {byte}");
    }
    let (disk, _) = disk();
    disk.flip(8 * 520);
    disk.flip(8 * 1030);
    assert_eq!(outcome(&disk), "both marks' checksums are wrong");
}

#[test]
fn a_file_is_as_long_as_its_mark_says() {
    for (length, expected) in [
        (9000, "format 1 at 7"),
        (5000, "format 1 at 7"),
        (4999, "4999 of 5000"),
        (4096, "4096 of 5000"),
        (4000, "4000 of 4096"),
    ] {
        let (disk, _) = disk();
        disk.set_length(length).unwrap();
        assert_eq!(outcome(&disk), expected);
    }
}

#[test]
fn a_newer_format_is_refused_first() {
    let (disk, _) = disk();
    set_format(&disk, 2).unwrap();
    assert_eq!(outcome(&disk), "newer: 2");
    assert!(matches!(read(&disk, 2), Ok(Found::Store { format: 2, .. })));
}

#[test]
fn what_was_never_finished_is_nothing() {
    let disk = FaultyDisk::new(1);
    assert_eq!(outcome(&disk), "nothing");
    create(&disk, 1).unwrap();
    assert_eq!(outcome(&disk), "nothing");
    disk.set_length(20_000).unwrap();
    assert_eq!(outcome(&disk), "nothing", "the database was begun");
    for seed in 0..50 {
        let disk = FaultyDisk::new(seed);
        disk.fail_sync(0);
        assert!(create(&disk, 1).is_err());
        disk.crash(Crash::Torn);
        assert_eq!(outcome(&disk), "nothing", "seed {seed}");
    }
}

/// Of a write that fails nobody knows how much has happened, so the file is not cut before a shorter mark is durable.
#[test]
fn a_mark_whose_write_has_failed_counts_until_another_is_durable() {
    let (disk, mut marks) = disk();
    disk.fail_write(0);
    assert!(marks.write(&disk, Mark { revision: 8, length: 9000 }).is_err());
    assert_eq!(marks.newest, MARK_7);
    assert!(marks.need_more_than(8999) && !marks.need_more_than(9000));
    marks.write(&disk, MARK_7).unwrap();
    assert!(marks.need_more_than(5000), "a crash may lose the one that was written last");
    marks.synced();
    assert!(!marks.need_more_than(5000));
}

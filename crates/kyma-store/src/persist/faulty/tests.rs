use super::*;

fn disk(content: &[u8]) -> FaultyDisk {
    FaultyDisk::holding(1, content.to_vec())
}

#[test]
fn a_crash_keeps_what_was_synced() {
    for (crash, kept) in [(Crash::Process, &b"aBC"[..]), (Crash::Power, b"aB")] {
        let disk = disk(b"ab");
        disk.write_at(1, b"B").unwrap();
        disk.sync().unwrap();
        disk.write_at(2, b"C").unwrap();
        assert_eq!(disk.content(), b"aBC", "a reader sees all");
        disk.crash(crash);
        assert_eq!(disk.content(), kept, "{crash:?}");
    }
}

#[test]
fn a_torn_write_is_there_by_sectors() {
    let mut seen = BTreeSet::new();
    for seed in 0..40 {
        let disk = FaultyDisk::holding(seed, vec![0; 2 * SECTOR]);
        disk.write_at(0, &[1; 2 * SECTOR]).unwrap();
        disk.crash(Crash::Torn);
        let content = disk.content();
        let sectors: Vec<u8> = content.chunks(SECTOR).map(|sector| sector[0]).collect();
        assert!(content.chunks(SECTOR).all(|sector| sector.iter().all(|byte| *byte == sector[0])));
        seen.insert(sectors);
    }
    assert_eq!(seen.into_iter().collect::<Vec<_>>(), [[0, 0], [0, 1], [1, 0], [1, 1]]);
}

#[test]
fn a_torn_sector_has_all_that_came_before() {
    let states = (0..40).map(|seed| {
        let disk = FaultyDisk::holding(seed, vec![0; SECTOR]);
        disk.write_at(0, &[1, 1]).unwrap();
        disk.write_at(1, &[2]).unwrap();
        disk.crash(Crash::Torn);
        disk.content()[..2].to_vec()
    });
    assert_eq!(states.collect::<BTreeSet<_>>().into_iter().collect::<Vec<_>>(), [[0, 0], [1, 1], [1, 2]]);
}

#[test]
fn torn_lengths_come_in_order() {
    let lengths = (0..40).map(|seed| {
        let disk = FaultyDisk::holding(seed, vec![0; 10]);
        for length in [5, 2000, 1000] {
            disk.set_length(length).unwrap();
        }
        disk.write_at(0, &[1; 1000]).unwrap();
        disk.crash(Crash::Torn);
        disk.content().len()
    });
    assert_eq!(lengths.collect::<BTreeSet<_>>().into_iter().collect::<Vec<_>>(), [5, 10, 1000, 2000]);
}

#[test]
fn a_seed_repeats_itself() {
    let torn = |seed| {
        let disk = FaultyDisk::holding(seed, vec![0; 64 * SECTOR]);
        disk.write_at(0, &[1; 64 * SECTOR]).unwrap();
        disk.crash(Crash::Torn);
        disk.content()
    };
    assert_eq!(torn(5), torn(5));
    assert_ne!(torn(5), torn(6));
}

#[test]
fn a_full_disk_has_room_where_it_was_written_before() {
    let disk = disk(&[0; 4096]);
    disk.set_room(Some(8192));
    disk.set_length(100 * BLOCK).unwrap();
    disk.write_at(0, &[1; 4096]).unwrap();
    let error = disk.write_at(4096, &[2; 3 * 4096]).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::StorageFull);
    assert_eq!(disk.content()[4096..4 * 4096], [[2; 4096], [2; 4096], [0; 4096]].concat());
    assert!(disk.write_at(8 * 4096, &[3]).is_err());
    disk.set_length(2 * BLOCK).unwrap();
    disk.write_at(8 * 4096, &[3; 4096]).unwrap();
    assert!(disk.write_at(10 * 4096, &[3]).is_err(), "the room of one block was given back");
    disk.set_room(None);
    disk.write_at(10 * 4096, &[3]).unwrap();
}

#[test]
fn a_failed_write_happens_once() {
    let disk = disk(b"");
    disk.fail_write(1);
    disk.write_at(0, b"a").unwrap();
    assert!(disk.write_at(1, b"bcd").is_err());
    disk.write_at(1, b"xyz").unwrap();
    assert_eq!((disk.content(), disk.writes()), (b"axyz".to_vec(), 3));
}

#[test]
fn no_sync_makes_up_for_a_failed_one() {
    let kept = (0..40).map(|seed| {
        let disk = FaultyDisk::holding(seed, vec![b'-'; 3 * SECTOR]);
        disk.fail_sync(0);
        disk.write_at(0, b"a").unwrap();
        assert!(disk.sync().is_err());
        disk.write_at(2 * SECTOR as u64, b"b").unwrap();
        disk.sync().unwrap();
        disk.crash(Crash::Torn);
        [disk.content()[0], disk.content()[2 * SECTOR]]
    });
    assert_eq!(kept.collect::<BTreeSet<_>>().into_iter().collect::<Vec<_>>(), [*b"-b", *b"ab"]);
}

#[test]
fn a_flipped_bit_stays() {
    let disk = disk(b"a");
    disk.flip(1);
    disk.flip(800);
    disk.crash(Crash::Power);
    assert_eq!(disk.content(), b"c");
}

#[test]
fn a_detached_disk_does_nothing() {
    let disk = disk(b"a");
    disk.write_at(0, b"b").unwrap();
    disk.detach();
    assert!(disk.write_at(0, b"c").is_err() && disk.sync().is_err() && disk.length().is_err());
    disk.crash(Crash::Process);
    assert_eq!(disk.content(), b"b");
    disk.sync().unwrap();
}

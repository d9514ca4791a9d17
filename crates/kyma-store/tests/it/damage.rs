//! Files that are not what was written.

use std::sync::Arc;

use kyma_store::{Crash, FaultyDisk, OpenError};

use crate::support::{Scene, kept};

/// A store's file after it was closed in good order, or after the process was killed.
async fn file(killed: bool) -> Vec<u8> {
    let disk = Arc::new(FaultyDisk::new(3));
    let scene = Scene::on_disk(&disk).unwrap();
    for round in 0..4 {
        for name in 0..30 {
            scene.put(&format!("pb/{name}"), &format!("{round}-{}", "x".repeat(100 + name))).await;
        }
    }
    scene.delete("pb/7").await;
    if killed {
        disk.detach();
    }
    drop(scene);
    disk.crash(Crash::Process);
    disk.content()
}

fn open(content: Vec<u8>) -> Result<Scene, OpenError> {
    Scene::on_disk(&Arc::new(FaultyDisk::holding(1, content)))
}

/// A flipped bit is an error, or it makes no difference; what it never does is show other objects.
#[tokio::test]
async fn a_flipped_bit_shows_or_does_not_matter() {
    for killed in [false, true] {
        let sound = file(killed).await;
        let scene = open(sound.clone()).unwrap();
        let expected = (kept(&scene.store), scene.store.revision());
        let (mut refused, mut harmless) = (0, 0);
        // Every byte that has a meaning of its own: the header and its marks, the database's header with its slots.
        let headers = (0..24).chain(512..540).chain(1024..1052).chain(4096..4096 + 320);
        // Of the pages one byte in so many, another one in each page.
        let pages = (4096 + 320..sound.len()).step_by(61);
        for (number, byte) in headers.chain(pages).enumerate() {
            let mut damaged = sound.clone();
            damaged[byte] ^= 1 << (number % 8);
            match open(damaged) {
                Ok(scene) => {
                    harmless += 1;
                    let found = (kept(&scene.store), scene.store.revision());
                    assert_eq!(found, expected, "byte {byte} bit {} killed {killed}", number % 8);
                }
                Err(OpenError::UseDisk { source, .. }) => {
                    panic!("byte {byte} is no failure of the disk: {source}")
                }
                Err(_) => refused += 1,
            }
        }
        assert!(refused > 50 && harmless > 50, "{refused} refused, {harmless} harmless, killed {killed}");
    }
}

#[tokio::test]
async fn a_cut_off_file_is_refused() {
    for killed in [false, true] {
        let sound = file(killed).await;
        for length in [
            1,
            15,
            16,
            100,
            600,
            4095,
            4096,
            4097,
            8192,
            sound.len() / 2,
            sound.len() - 4096,
            sound.len() - 1,
        ] {
            match open(sound[..length].to_vec()) {
                Err(OpenError::Truncated { length: found, needed, .. }) => {
                    assert!(length >= 16 && found == length as u64 && needed > found);
                }
                Err(OpenError::Foreign { .. }) => assert!(length < 16),
                Err(other) => panic!("{length}: {other}"),
                Ok(_) => panic!("{length} of {} bytes opened", sound.len()),
            }
        }
    }
}

#[tokio::test]
async fn refusals_say_what_where_and_what_to_do() {
    let sound = file(false).await;
    let mut newer = sound.clone();
    newer[16] = 2;
    let checksum = crc32(&newer[..20]);
    newer[20..24].copy_from_slice(&checksum);
    let refused = open(newer).map(|_| ()).unwrap_err();
    assert!(matches!(refused, OpenError::Newer { found: 2, known: 1, .. }));
    assert_eq!(
        refused.to_string(),
        "the disk in memory has data format 2, this version knows formats up to 1; use the newer version that wrote it"
    );

    let refused = open(sound[..5000].to_vec()).map(|_| ()).unwrap_err();
    let needed = sound.len();
    assert_eq!(
        refused.to_string(),
        format!(
            "the disk in memory is cut off: it has 5000 bytes and needs at least {needed}; restore the data directory \
             from a backup, or start with an empty one"
        )
    );

    let mut damaged = sound;
    damaged[17] ^= 1;
    let refused = open(damaged).map(|_| ()).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "the disk in memory is damaged: the header's checksum is wrong; restore the data directory from a backup, or \
         start with an empty one"
    );
}

/// CRC-32 as in zlib, bit by bit: an independent account of what the header must say.
fn crc32(bytes: &[u8]) -> [u8; 4] {
    let mut crc = u32::MAX;
    for byte in bytes {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 };
        }
    }
    (!crc).to_le_bytes()
}

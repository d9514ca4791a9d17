//! Data directories as users have them.

use std::error::Error as _;
use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;

use kyma_store::{OpenError, Revision};
use tempfile::tempdir;

use crate::support::Scene;

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

fn refusal(path: &Path) -> OpenError {
    match Scene::in_folder(path) {
        Ok(_) => panic!("it opened"),
        Err(error) => error,
    }
}

#[tokio::test]
async fn a_folder_and_its_files_are_for_their_owner_alone() {
    let parent = tempdir().unwrap();
    let folder = parent.path().join("a").join("b");
    let scene = Scene::in_folder(&folder).unwrap();
    assert_eq!(
        (mode(&folder), mode(&folder.join("store.db")), mode(&folder.join("LOCK"))),
        (0o700, 0o600, 0o600)
    );
    assert_eq!(scene.store.revision(), Revision::FIRST);
}

#[tokio::test]
async fn an_empty_folder_is_taken_as_it_is() {
    let folder = tempdir().unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o750)).unwrap();
    fs::write(folder.path().join("ca.crt"), "somebody else's").unwrap();
    let scene = Scene::in_folder(folder.path()).unwrap();
    scene.put("pb/a", "1").await;
    assert_eq!(mode(folder.path()), 0o750);
    assert_eq!(fs::read_to_string(folder.path().join("ca.crt")).unwrap(), "somebody else's");
}

#[tokio::test]
async fn a_second_store_is_refused_until_the_first_is_closed() {
    let folder = tempdir().unwrap();
    let first = Scene::in_folder(folder.path()).unwrap();
    let refused = refusal(folder.path());
    assert!(matches!(&refused, OpenError::Locked { path } if path == folder.path()));
    let place = folder.path().display();
    assert_eq!(
        refused.to_string(),
        format!(
            "the data directory {place} is in use by another process; end that one, or choose another directory"
        )
    );
    first.put("pb/a", "1").await;
    first.store.close();
    assert_eq!(Scene::in_folder(folder.path()).unwrap().store.revision().get(), 2);
}

#[test]
fn a_path_that_is_no_folder_is_refused() {
    let parent = tempdir().unwrap();
    let file = parent.path().join("file");
    fs::write(&file, "text").unwrap();
    for path in [file.clone(), file.join("below")] {
        let refused = refusal(&path);
        assert!(matches!(&refused, OpenError::NotAFolder { path: named } if *named == path), "{refused}");
        let place = path.display();
        assert_eq!(
            refused.to_string(),
            format!("the data directory {place} is not a directory; choose another path")
        );
    }
    assert_eq!(fs::read_to_string(&file).unwrap(), "text");
    let dangling = parent.path().join("link");
    symlink(parent.path().join("nowhere").join("at-all"), &dangling).unwrap();
    let refused = refusal(&dangling);
    assert!(matches!(refused, OpenError::CreateFolder { .. }), "{refused}");
    assert!(refused.source().is_some());
}

#[test]
fn a_file_that_cannot_be_opened_is_refused() {
    // A folder in the file's place, since the superuser can open any file.
    for name in ["store.db", "LOCK"] {
        let folder = tempdir().unwrap();
        fs::create_dir(folder.path().join(name)).unwrap();
        let refused = refusal(folder.path());
        assert!(
            matches!(&refused, OpenError::OpenFile { path, .. } if path.ends_with(name)),
            "{name}: {refused}"
        );
    }
}

/// Without any permission, unless this is the superuser, whom nothing stops.
#[test]
fn a_folder_that_cannot_be_read_is_refused() {
    let folder = tempdir().unwrap();
    let locked = folder.path().join("locked");
    fs::create_dir(&locked).unwrap();
    fs::set_permissions(&locked, fs::Permissions::from_mode(0o000)).unwrap();
    let is_superuser = fs::read_dir(&locked).is_ok();
    let opened = Scene::in_folder(&locked);
    fs::set_permissions(&locked, fs::Permissions::from_mode(0o700)).unwrap();
    match opened {
        Ok(_) => assert!(is_superuser),
        Err(refused) => {
            assert!(!is_superuser && matches!(refused, OpenError::OpenFile { .. }), "{refused}");
        }
    }
}

#[test]
fn a_foreign_file_is_refused_and_left_alone() {
    let long = "x".repeat(10_000);
    for content in ["a", "SQLite format 3\0", &long] {
        let folder = tempdir().unwrap();
        let file = folder.path().join("store.db");
        fs::write(&file, content).unwrap();
        let refused = refusal(folder.path());
        assert!(matches!(refused, OpenError::Foreign { .. }), "{refused}");
        let place = file.display();
        assert_eq!(
            refused.to_string(),
            format!(
                "{place} was not written by this program; move it away, or choose another data directory"
            )
        );
        assert_eq!(fs::read_to_string(&file).unwrap(), content);
    }
}

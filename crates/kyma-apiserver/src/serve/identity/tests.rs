use std::fs;
use std::net::Ipv4Addr;
use std::time::Duration;

use super::check::{is_clients, serves};
use super::*;

const DAY: Duration = Duration::from_secs(24 * 3600);

fn start() -> Timestamp {
    "2026-01-01T00:00:00Z".parse().unwrap()
}

fn after(days: u32) -> Timestamp {
    start() + DAY * days
}

fn names() -> Names {
    Names::of(Ipv4Addr::LOCALHOST.into())
}

/// A data folder with an identity that was made at the start.
struct Kept {
    folder: tempfile::TempDir,
}

impl Kept {
    fn new() -> Self {
        let kept = Kept { folder: tempfile::tempdir().unwrap() };
        kept.open(start()).unwrap();
        kept
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("pki")
    }

    fn file(&self, file: File) -> PathBuf {
        self.path().join(file.name())
    }

    fn open(&self, now: Timestamp) -> Result<Identity, IdentityError> {
        Identity::open(&self.path(), names(), now)
    }

    fn texts(&self) -> [String; 7] {
        File::ALL.map(|file| fs::read_to_string(self.file(file)).unwrap())
    }

    /// The refusal's text, which must name this file.
    fn refusal(&self, now: Timestamp, file: &Path) -> String {
        let text = self.open(now).unwrap_err().to_string();
        assert!(text.contains(&file.display().to_string()), "{text}");
        text
    }
}

fn changed(before: &[String; 7], after: &[String; 7]) -> Vec<File> {
    File::ALL
        .into_iter()
        .zip(before.iter().zip(after))
        .filter(|(_, (a, b))| a != b)
        .map(|(file, _)| file)
        .collect()
}

#[test]
fn an_identity_is_made_once_and_then_read_byte_for_byte() {
    let kept = Kept::new();
    let texts = kept.texts();
    let identity = kept.open(after(100)).unwrap();
    assert_eq!(identity.texts(), texts);
    assert_eq!(kept.texts(), texts, "nothing was written");
    assert!(serves(&identity.authority.certificate, &identity.serving.certificate));
    assert!(is_clients(&identity.authority.certificate, &identity.admin.certificate));
    assert!(
        !is_clients(&identity.authority.certificate, &identity.serving.certificate),
        "each for its own use"
    );
    assert!(!serves(&identity.authority.certificate, &identity.admin.certificate));
}

#[test]
fn an_empty_folder_is_a_beginning() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("pki");
    fs::create_dir(&path).unwrap();
    Identity::open(&path, names(), start()).unwrap();
    assert_eq!(fs::read_dir(&path).unwrap().count(), File::ALL.len());
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left beside it");
}

#[test]
fn nothing_is_left_where_it_cannot_be_written() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    let error = Identity::open(&file.join("pki"), names(), start()).unwrap_err();
    assert!(error.to_string().contains("file/pki"), "{error}");
}

#[test]
fn leaves_are_renewed_with_their_keys_when_a_third_of_their_life_is_left() {
    let kept = Kept::new();
    let before = kept.texts();
    kept.open(after(243)).unwrap();
    assert_eq!(changed(&before, &kept.texts()), []);
    let identity = kept.open(after(244)).unwrap();
    assert_eq!(changed(&before, &kept.texts()), [File::Serving, File::Admin]);
    assert_eq!(identity.serving.certificate.not_after, after(244 + 365));
    assert_eq!(identity.next_renewal().as_second(), after(244).as_second() + (2 * 365 * 24 - 1) * 3600 / 3);
    assert_eq!(identity.texts(), kept.texts());

    let texts = kept.texts();
    let identity = kept.open(after(3000)).unwrap();
    assert_eq!(
        changed(&texts, &kept.texts()),
        [File::Authority, File::Serving, File::Admin],
        "after years in a drawer"
    );
    assert!(serves(&identity.authority.certificate, &identity.serving.certificate));
}

#[test]
fn an_authority_near_its_end_is_renewed_with_its_key_so_old_clients_stay() {
    let kept = Kept::new();
    let old = kept.open(start()).unwrap();
    kept.open(after(2432)).unwrap();
    let texts = kept.texts();
    let new = kept.open(after(2434)).unwrap();
    assert_eq!(changed(&texts, &kept.texts()), [File::Authority]);
    assert_eq!(new.authority.certificate.not_after, after(2434 + 3650));
    for (authority, leaves) in [(&old, &new), (&new, &old)] {
        assert!(serves(&authority.authority.certificate, &leaves.serving.certificate));
        assert!(is_clients(&authority.authority.certificate, &leaves.admin.certificate));
    }
}

#[test]
fn a_name_that_is_not_covered_gets_a_new_serving_certificate_and_nothing_else() {
    let kept = Kept::new();
    let before = kept.texts();
    let more = names().with("fleet.example.com").unwrap().with("10.0.0.7").unwrap();
    let identity = Identity::open(&kept.path(), more.clone(), after(1)).unwrap();
    assert_eq!(changed(&before, &kept.texts()), [File::Serving]);
    assert!(identity.serving.certificate.names.cover(&more));
    let before = kept.texts();
    kept.open(after(2)).unwrap();
    assert_eq!(changed(&before, &kept.texts()), [], "a certificate may cover more than is asked for");
}

#[test]
#[cfg(unix)]
fn secrets_are_their_owners_alone_or_refused() {
    use std::os::unix::fs::PermissionsExt;
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let set = |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    let kept = Kept::new();
    assert_eq!(mode(&kept.path()), 0o700);
    for file in File::ALL {
        let path = kept.file(file);
        assert_eq!(mode(&path), 0o600, "{path:?}");
        let public = file.name().ends_with(".crt");
        for bits in [0o644, 0o640, 0o602] {
            set(&path, bits);
            if public {
                assert!(kept.open(start()).is_ok());
            } else {
                let text = kept.refusal(start(), &path);
                assert!(text.contains(&format!("{bits:04o}")) && text.contains("chmod 600"), "{text}");
            }
        }
        set(&path, 0o600);
    }
    set(&kept.path(), 0o770);
    assert!(kept.refusal(start(), &kept.path()).contains("chmod 700"));
    set(&kept.path(), 0o755);
    kept.open(start()).unwrap();
}

#[test]
fn a_file_that_is_missing_or_damaged_is_named_with_the_way_out() {
    let kept = Kept::new();
    for file in File::ALL {
        let path = kept.file(file);
        let whole = fs::read_to_string(&path).unwrap();
        let half = whole[..whole.len() / 2].to_owned();
        for content in [half.into_bytes(), Vec::new(), b"\xff\xfe".to_vec(), vec![b'a'; 1 << 20]] {
            fs::write(&path, content).unwrap();
            let text = kept.refusal(start(), &path);
            assert!(
                text.contains("backup")
                    && text.contains(&format!("remove the folder {} ", kept.path().display()))
            );
        }
        fs::write(&path, whole).unwrap();
        let aside = kept.folder.path().join("aside");
        fs::rename(&path, &aside).unwrap();
        assert!(kept.refusal(start(), &path).contains("is missing"));
        fs::create_dir(&path).unwrap();
        kept.refusal(start(), &path);
        fs::remove_dir(&path).unwrap();
        fs::rename(&aside, &path).unwrap();
    }
    kept.open(start()).unwrap();
}

#[test]
fn files_of_another_identity_are_refused() {
    let kept = Kept::new();
    let own = kept.texts();
    let other = Kept::new().texts();
    let put = |files: &[File], texts: &[String; 7]| {
        for (file, text) in File::ALL.into_iter().zip(texts).filter(|(file, _)| files.contains(file)) {
            fs::write(kept.file(file), text).unwrap();
        }
    };
    for (foreign, named) in [
        (&[File::AuthorityKey][..], File::AuthorityKey),
        (&[File::Authority], File::AuthorityKey),
        (&[File::Serving], File::ServingKey),
        (&[File::AdminKey], File::AdminKey),
        (&[File::Serving, File::ServingKey], File::Serving),
        (&[File::Admin, File::AdminKey], File::Admin),
        (&[File::Authority, File::AuthorityKey], File::Serving),
    ] {
        put(foreign, &other);
        kept.refusal(start(), &kept.file(named));
        put(foreign, &own);
    }
    // The certificates of one identity in each other's places.
    for (certificate, key, from, from_key) in [
        (File::Serving, File::ServingKey, File::Admin, File::AdminKey),
        (File::Admin, File::AdminKey, File::Serving, File::ServingKey),
        (File::Authority, File::AuthorityKey, File::Serving, File::ServingKey),
    ] {
        fs::copy(kept.file(from), kept.file(certificate)).unwrap();
        fs::copy(kept.file(from_key), kept.file(key)).unwrap();
        kept.refusal(start(), &kept.file(certificate));
        put(&[certificate, key], &own);
    }
    kept.open(start()).unwrap();
}

#[test]
fn a_clock_in_the_past_is_refused() {
    let kept = Kept::new();
    kept.open(start() - Duration::from_secs(3600)).unwrap();
    let text = kept.refusal(start() - Duration::from_secs(3601), &kept.file(File::Authority));
    assert!(
        text.contains("the clock shows 2025-12-31T22:59:59Z") && text.contains("set the clock"),
        "{text}"
    );
}

#[test]
fn no_secret_shows_in_debug_output() {
    let identity = Identity::generate(names(), start()).unwrap();
    let shown = format!("{identity:?} {:?}", identity.token());
    assert!(!shown.contains(&identity.token().text()) && !shown.contains("PRIVATE"), "{shown}");
}

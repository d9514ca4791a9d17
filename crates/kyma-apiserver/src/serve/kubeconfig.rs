//! The kubeconfig of the server's admin.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::Identity;

/// Why a kubeconfig could not be written.
#[derive(Debug, thiserror::Error)]
#[error("failed to write the kubeconfig to {}", path.display())]
pub struct WriteError {
    path: PathBuf,
    #[source]
    source: io::Error,
}

/// Writes a kubeconfig with the admin's certificate, readable by its owner alone. The file appears whole: a reader never
/// sees half of it.
///
/// # Errors
/// Where the folder cannot be written.
pub fn write(path: &Path, url: &str, identity: &Identity) -> Result<(), WriteError> {
    let written = write_beside(path, &text(url, identity));
    written.map_err(|source| WriteError { path: path.to_owned(), source })
}

fn text(url: &str, identity: &Identity) -> String {
    let encode = |pem: &str| STANDARD.encode(pem);
    format!(
        "apiVersion: v1\nkind: Config\nclusters:\n- name: kymactl\n  cluster:\n    server: {url}\n    certificate-authority-data: {}\n\
         users:\n- name: kymactl-admin\n  user:\n    client-certificate-data: {}\n    client-key-data: {}\n\
         contexts:\n- name: kymactl\n  context:\n    cluster: kymactl\n    user: kymactl-admin\ncurrent-context: kymactl\n",
        encode(&identity.authority_pem),
        encode(&identity.admin_pem),
        encode(&identity.admin_key_pem),
    )
}

fn write_beside(path: &Path, text: &str) -> io::Result<()> {
    let beside = path.with_extension(format!("{}.new", std::process::id()));
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    let mut file = options.open(&beside)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    std::fs::rename(&beside, path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(unix)]
    fn the_file_is_readable_by_its_owner_alone() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("kubeconfig");
        let identity = Identity::generate(&[]).unwrap();
        write(&path, "https://127.0.0.1:6443", &identity).unwrap();
        write(&path, "https://127.0.0.1:6444", &identity).unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(std::fs::read_to_string(&path).unwrap().contains("server: https://127.0.0.1:6444"));
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left beside it");
    }
}

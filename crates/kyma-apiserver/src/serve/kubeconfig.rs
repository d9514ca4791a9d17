//! The kubeconfig of the server's admin.

use std::io;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::identity::{Identity, write_private};

/// Why a kubeconfig could not be written.
#[derive(Debug, thiserror::Error)]
#[error("failed to write the kubeconfig to {}", path.display())]
pub struct WriteError {
    path: PathBuf,
    #[source]
    source: io::Error,
}

/// Writes a kubeconfig with the admin's certificate and token, readable by its owner alone. The file appears whole: a
/// reader never sees half of it.
///
/// # Errors
/// Where the folder cannot be written.
pub fn write(path: &Path, url: &str, identity: &Identity) -> Result<(), WriteError> {
    let written = write_private(path, &text(url, identity));
    written.map_err(|source| WriteError { path: path.to_owned(), source })
}

/// One user with both credentials: client-go and kube-rs send both, and the server takes the certificate first. When a
/// copy of this file outlives the certificate, the token still opens the door.
fn text(url: &str, identity: &Identity) -> String {
    let (certificate, key) = identity.admin_pem();
    format!(
        "apiVersion: v1\nkind: Config\nclusters:\n- name: kymactl\n  cluster:\n    server: {url}\n    certificate-authority-data: {}\n\
         users:\n- name: kymactl-admin\n  user:\n    client-certificate-data: {}\n    client-key-data: {}\n    token: {}\n\
         contexts:\n- name: kymactl\n  context:\n    cluster: kymactl\n    user: kymactl-admin\ncurrent-context: kymactl\n",
        STANDARD.encode(identity.authority_pem()),
        STANDARD.encode(certificate),
        STANDARD.encode(key),
        identity.token().text(),
    )
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use jiff::Timestamp;

    use super::*;
    use crate::serve::Names;

    #[test]
    #[cfg(unix)]
    fn the_file_is_readable_by_its_owner_alone() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("kubeconfig");
        std::fs::write(&path, "somebody's, readable by all").unwrap();
        let identity =
            Identity::generate(Names::of(Ipv4Addr::LOCALHOST.into()), Timestamp::UNIX_EPOCH).unwrap();
        write(&path, "https://127.0.0.1:6443", &identity).unwrap();
        write(&path, "https://127.0.0.1:6444", &identity).unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.contains("server: https://127.0.0.1:6444") && text.contains(&identity.token().text()));
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left beside it");
    }
}

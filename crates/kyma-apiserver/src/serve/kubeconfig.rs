//! The kubeconfig of the server's admin.

use std::io;
use std::path::PathBuf;

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

/// The admin's kubeconfig, which is written again when what it holds is renewed.
#[derive(Debug, Clone)]
pub struct Kubeconfig {
    /// Where it is.
    pub path: PathBuf,
    /// Where the server is.
    pub url: String,
    /// The namespace that is meant where none is named; without it `default`.
    pub namespace: Option<&'static str>,
}

impl Kubeconfig {
    /// Writes it, with the admin's certificate and token, readable by its owner alone. The file appears whole: a reader
    /// never sees half of it.
    ///
    /// # Errors
    /// Where the folder cannot be written.
    pub fn write(&self, identity: &Identity) -> Result<(), WriteError> {
        let written = write_private(&self.path, &self.text(identity));
        written.map_err(|source| WriteError { path: self.path.clone(), source })
    }

    /// One user with both credentials: client-go and kube-rs send both, and the server takes the certificate first. When a
    /// copy of this file outlives the certificate, the token still opens the door.
    fn text(&self, identity: &Identity) -> String {
        let (certificate, key) = identity.admin_pem();
        let url = &self.url;
        let namespace = self.namespace.map(|name| format!("    namespace: {name}\n")).unwrap_or_default();
        format!(
            "apiVersion: v1\nkind: Config\nclusters:\n- name: kymactl\n  cluster:\n    server: {url}\n    certificate-authority-data: {}\n\
         users:\n- name: kymactl-admin\n  user:\n    client-certificate-data: {}\n    client-key-data: {}\n    token: {}\n\
         contexts:\n- name: kymactl\n  context:\n    cluster: kymactl\n    user: kymactl-admin\n{namespace}current-context: kymactl\n",
            STANDARD.encode(identity.authority_pem()),
            STANDARD.encode(certificate),
            STANDARD.encode(key),
            identity.token().text(),
        )
    }
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
        for (url, namespace) in [("https://127.0.0.1:6443", None), ("https://127.0.0.1:6444", Some("pb"))] {
            Kubeconfig { path: path.clone(), url: url.to_owned(), namespace }.write(&identity).unwrap();
            let text = std::fs::read_to_string(&path).unwrap();
            assert_eq!(text.contains("    user: kymactl-admin\n    namespace: pb\n"), namespace.is_some());
        }
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.contains("server: https://127.0.0.1:6444") && text.contains(&identity.token().text()));
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left beside it");
    }
}

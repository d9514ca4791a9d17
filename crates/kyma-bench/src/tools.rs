//! The binaries that are driven, and what they print.

use std::net::TcpListener;
use std::path::{Path, PathBuf};

use serde_json::Value;
use tokio::process::Command;

use crate::error::Error;

/// Where things are.
#[derive(Debug, Clone)]
pub(crate) struct Tools {
    /// The repository's root.
    pub(crate) repository: PathBuf,
    /// The binary under measurement.
    pub(crate) kymactl: PathBuf,
    /// The version of the real control plane.
    pub(crate) k8s_version: String,
}

impl Tools {
    /// Finds the repository from the current folder upwards, and the binary in it or by KYMACTL_BIN.
    pub(crate) fn find(k8s_version: &str) -> Result<Self, Error> {
        let here = std::env::current_dir()
            .map_err(|source| Error::ReadFile { file: "the current folder".to_owned(), source })?;
        let repository = here.ancestors().find(|folder| folder.join("hack/controlplane/run.sh").is_file());
        let repository = repository.ok_or(Error::NoRepository)?.to_owned();
        let kymactl = match std::env::var_os("KYMACTL_BIN") {
            Some(path) => here.join(path),
            None => repository.join("target/release/kymactl"),
        };
        if !kymactl.is_file() {
            return Err(Error::NoKymactl(kymactl));
        }
        Ok(Tools { repository, kymactl, k8s_version: k8s_version.to_owned() })
    }

    /// The binary's own version, and how it was built as far as its folder tells.
    pub(crate) async fn kymactl_version(&self) -> Result<String, Error> {
        let version = self.output(&["version"]).await?;
        Ok(format!("{} ({} build)", version.trim(), build(&self.kymactl)))
    }

    /// The documents that a command of kymactl prints.
    pub(crate) async fn documents(&self, args: &[&str]) -> Result<Vec<Value>, Error> {
        documents(&self.output(args).await?)
    }

    /// What a command of kymactl says about its flags.
    pub(crate) async fn help(&self, command: &str) -> Result<String, Error> {
        self.output(&[command, "--help"]).await
    }

    async fn output(&self, args: &[&str]) -> Result<String, Error> {
        let output = Command::new(&self.kymactl).args(args).kill_on_drop(true).output().await;
        let output = output.map_err(|source| Error::StartProgram { program: "kymactl", source })?;
        if !output.status.success() {
            let stderr = String::from_utf8_lossy(&output.stderr).trim().to_owned();
            return Err(Error::Kymactl { command: args.join(" "), status: output.status, stderr });
        }
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }
}

/// A port on loopback that nobody has now. It is given up before the server takes it, and the kernel hands out others first.
pub(crate) fn free_port() -> Result<u16, Error> {
    let listener = TcpListener::bind("127.0.0.1:0").map_err(Error::FindPort)?;
    listener.local_addr().map(|address| address.port()).map_err(Error::FindPort)
}

/// Cargo's name of the profile, where the binary is in such a folder.
fn build(binary: &Path) -> &'static str {
    match binary.parent().and_then(Path::file_name).and_then(|name| name.to_str()) {
        Some("release") => "release",
        Some("debug") => "debug",
        _ => "unknown",
    }
}

fn documents(yaml: &str) -> Result<Vec<Value>, Error> {
    let mut found = Vec::new();
    for text in yaml.split("---\n").filter(|text| !text.trim().is_empty()) {
        let value = serde_saphyr::from_str(text);
        found.push(value.map_err(|error| Error::ParseYaml(Box::new(error)))?);
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn yaml_comes_as_json() {
        let text = "---\na: 1\nb: [x, 'true']\n---\nc:\n  d: true\n";
        assert_eq!(
            documents(text).unwrap(),
            [json!({"a": 1, "b": ["x", "true"]}), json!({"c": {"d": true}})]
        );
        assert!(documents("---\na: [\n").is_err());
    }

    #[test]
    fn the_profile_is_cargos_folder() {
        assert_eq!(build(Path::new("/a/target/release/kymactl")), "release");
        assert_eq!(build(Path::new("/usr/bin/kymactl")), "unknown");
    }

    #[test]
    fn a_free_port_can_be_had() {
        let port = free_port().unwrap();
        assert!(TcpListener::bind(("127.0.0.1", port)).is_ok());
    }
}

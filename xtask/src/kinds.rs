//! The table of the built-in kinds, made by hack/controlplane/kinds from the Go types and a running kube-apiserver.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::{fs, io};

use crate::finding::Finding;

/// Where the server's side looks for it.
pub(crate) const TABLE: &str = "crates/kyma-registry/src/structure/kinds.txt";
/// The version whose kinds are served.
const VERSION: &str = "1.37.2";
const SCRIPTS: &str = "hack/controlplane";
/// An instance of its own, so that one that is in use is not disturbed.
const INSTANCE: &str = "kinds";

#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error(
        "no `go` in PATH: the table is made from Go's types; install Go as hack/controlplane/README.md says"
    )]
    FindGo { source: io::Error },
    #[error("failed to start {command}")]
    Start { command: String, source: io::Error },
    #[error("{command} failed ({status}): {said}")]
    Run { command: String, status: std::process::ExitStatus, said: String },
    #[error("failed to read {}", path.display())]
    ReadFile { path: PathBuf, source: io::Error },
    #[error("failed to write {}", path.display())]
    WriteFile { path: PathBuf, source: io::Error },
}

/// Builds the generator, runs it against a control plane of its own, and gives what it prints.
pub(crate) fn generate(root: &Path) -> Result<String, Error> {
    let go = Command::new("go").arg("version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    go.map_err(|source| Error::FindGo { source })?;
    let scripts = root.join(SCRIPTS);
    run(Command::new(scripts.join("build.sh")).env("K8S_VERSION", VERSION))?;
    let binary = root.join(format!(".cache/controlplane/{VERSION}/kinds"));
    let modules = scripts.join(VERSION).join("go.mod");
    let mut build = Command::new("go");
    build.current_dir(scripts.join("kinds")).args(["build", "-mod=readonly", "-buildvcs=false", "-trimpath"]);
    build.arg(format!("-modfile={}", modules.display())).arg("-o").arg(&binary).arg(".");
    build.env("GOTOOLCHAIN", "local").env("GOWORK", "off").env("CGO_ENABLED", "0");
    run(&mut build)?;
    let control = |what: &str| {
        let mut command = Command::new(scripts.join("run.sh"));
        command.arg(what).env("K8S_VERSION", VERSION).env("CONTROLPLANE_NAME", INSTANCE);
        run(&mut command)
    };
    let kubeconfig = text(&control("up")?);
    let printed = run(Command::new(&binary).args(["--kubeconfig", kubeconfig.trim(), "table"]));
    // It ends whether the table could be made or not.
    let ended = control("down");
    let table = text(&printed?);
    ended.map(|_| table)
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn run(command: &mut Command) -> Result<Output, Error> {
    let name = command.get_program().to_string_lossy().into_owned();
    let output = command.output().map_err(|source| Error::Start { command: name.clone(), source })?;
    if output.status.success() {
        return Ok(output);
    }
    let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    Err(Error::Run { command: name, status: output.status, said })
}

/// Writes the table; whether it had to change.
pub(crate) fn write(root: &Path, table: &str) -> Result<bool, Error> {
    let path = root.join(TABLE);
    if fs::read_to_string(&path).is_ok_and(|old| old == table) {
        return Ok(false);
    }
    fs::write(&path, table).map_err(|source| Error::WriteFile { path, source })?;
    Ok(true)
}

/// Whether the committed table is another one.
pub(crate) fn stale(root: &Path, table: &str) -> Result<Option<Finding>, Error> {
    let path = root.join(TABLE);
    let old = fs::read_to_string(&path).map_err(|source| Error::ReadFile { path, source })?;
    Ok(differs(&old, table))
}

fn differs(old: &str, new: &str) -> Option<Finding> {
    if old == new {
        return None;
    }
    let same = old.lines().zip(new.lines()).take_while(|(old, new)| old == new).count();
    Some(Finding::new(TABLE, same + 1, "differs from the real server from here on; run `cargo xtask kinds`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_that_differs_is_named() {
        assert_eq!(differs("a\nb\n", "a\nb\n"), None);
        let found = differs("a\nb\n", "a\nc\n").unwrap().to_string();
        assert!(found.starts_with(&format!("{TABLE}:2: differs")), "{found}");
    }

    #[test]
    fn writing_says_whether_anything_changed() {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir_all(root.path().join(TABLE).parent().unwrap()).unwrap();
        assert!(write(root.path(), "a\n").unwrap());
        assert!(!write(root.path(), "a\n").unwrap());
        assert_eq!(stale(root.path(), "a\n").unwrap(), None);
        assert!(stale(root.path(), "b\n").unwrap().is_some());
    }

    #[test]
    fn a_command_that_fails_is_named_with_what_it_said() {
        let error = run(Command::new("ls").arg("/no/such/file/anywhere")).unwrap_err().to_string();
        assert!(error.starts_with("ls failed (") && error.contains("/no/such/file"), "{error}");
    }
}

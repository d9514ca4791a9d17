//! An instance of the real control plane, without kube-controller-manager, as the published figures had it.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use tokio::process;

use crate::error::{Error, within};
use crate::process::Process;
use crate::tools::Tools;

/// The instance's name where CONTROLPLANE_NAME says none, so that nobody else's is measured or ended.
const DEFAULT_NAME: &str = "bench";
/// How long it may take to start, and to end.
const LIMIT: Duration = Duration::from_secs(120);

/// A control plane that was started here; it is ended when this is dropped.
#[derive(Debug)]
pub(crate) struct ControlPlane {
    script: PathBuf,
    name: String,
    version: String,
    /// The script while it starts the control plane.
    starting: Option<process::Child>,
    is_up: bool,
}

impl ControlPlane {
    /// Starts it, and returns it with the admin's kubeconfig.
    pub(crate) async fn up(tools: &Tools) -> Result<(Self, PathBuf), Error> {
        let name = std::env::var("CONTROLPLANE_NAME").ok().filter(|name| !name.is_empty());
        let mut control_plane = ControlPlane {
            script: tools.repository.join("hack/controlplane/run.sh"),
            name: name.unwrap_or_else(|| DEFAULT_NAME.to_owned()),
            version: tools.k8s_version.clone(),
            starting: None,
            is_up: false,
        };
        control_plane.refuse_anothers().await?;
        let starting = control_plane.start();
        let output = within(LIMIT, "the control plane's start", starting).await?;
        let kubeconfig = PathBuf::from(output.trim());
        Ok((control_plane, kubeconfig))
    }

    /// Its processes, by the files that the script leaves beside the kubeconfig.
    pub(crate) fn processes(&self, kubeconfig: &Path) -> Result<Vec<Process>, Error> {
        let process = |name: &'static str| {
            let file = kubeconfig.with_file_name(format!("{name}.pid"));
            let shown = format!("{name}.pid");
            match std::fs::read_to_string(&file) {
                Ok(text) => match text.trim().parse() {
                    Ok(pid) => Ok(Process { name, pid }),
                    Err(_) => Err(Error::ParseFile { file: shown }),
                },
                Err(source) => Err(Error::ReadFile { file: shown, source }),
            }
        };
        Ok(vec![process("kube-apiserver")?, process("etcd")?])
    }

    /// Stops it and removes its data.
    pub(crate) async fn down(mut self) -> Result<(), Error> {
        let mut command = process::Command::from(self.command("down"));
        let status = within(LIMIT, "the control plane's end", async {
            command.status().await.map_err(|source| Error::StartProgram { program: "run.sh", source })
        })
        .await?;
        self.is_up = !status.success();
        if status.success() { Ok(()) } else { Err(Error::ControlPlane { command: "down", status }) }
    }

    /// What is up already belongs to somebody else: it is neither empty nor ours to end.
    async fn refuse_anothers(&self) -> Result<(), Error> {
        let mut command = process::Command::from(self.command("status"));
        let output = command.stderr(Stdio::null()).output().await;
        let output = output.map_err(|source| Error::StartProgram { program: "run.sh", source })?;
        if output.status.success() {
            return Err(Error::ControlPlaneInUse { name: self.name.clone(), version: self.version.clone() });
        }
        Ok(())
    }

    async fn start(&mut self) -> Result<String, Error> {
        let failed = |source| Error::WaitForProgram { program: "run.sh", source };
        let mut command = self.command("up");
        command.arg("--no-manager").stdout(Stdio::piped());
        let child = process::Command::from(command).spawn();
        let child = child.map_err(|source| Error::StartProgram { program: "run.sh", source })?;
        self.is_up = true;
        let child = self.starting.insert(child);
        let mut text = String::new();
        if let Some(mut stdout) = child.stdout.take() {
            use tokio::io::AsyncReadExt as _;
            stdout.read_to_string(&mut text).await.map_err(failed)?;
        }
        let status = child.wait().await.map_err(failed)?;
        self.starting = None;
        if !status.success() {
            return Err(Error::ControlPlane { command: "up", status });
        }
        Ok(text)
    }

    fn command(&self, what: &str) -> Command {
        let mut command = Command::new(&self.script);
        command.arg(what).env("K8S_VERSION", &self.version).env("CONTROLPLANE_NAME", &self.name);
        command.stdin(Stdio::null());
        command
    }
}

impl Drop for ControlPlane {
    fn drop(&mut self) {
        if !self.is_up {
            return;
        }
        // The script cleans up behind itself; `down` waits for it, as the two take turns.
        let starting = self.starting.as_ref().and_then(process::Child::id);
        if let Some(pid) = starting.and_then(|pid| Pid::from_raw(pid.cast_signed())) {
            let _ = kill_process(pid, Signal::TERM);
        }
        // Nobody is left to hear of a failure, and the next `up` removes what is left.
        let _ = self.command("down").stdout(Stdio::null()).stderr(Stdio::null()).status();
    }
}

//! Child processes: started with their output in a file, ended by their own id.

use std::ffi::OsStr;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::process::{Child, Command};

/// How long a process may take to end after SIGTERM before it is killed.
const END_LIMIT: Duration = Duration::from_secs(10);

/// How much of a log is shown when its process failed.
const TAIL_LINES: usize = 20;

/// A running child. Dropped without [`Process::end`], it is killed.
#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
    log: PathBuf,
}

impl Process {
    /// Starts a program whose whole output goes to `log`.
    pub(crate) fn start<A: AsRef<OsStr>>(program: &Path, args: &[A], log: PathBuf) -> std::io::Result<Self> {
        let mut command = Command::new(program);
        command.args(args);
        Self::spawn(command, log)
    }

    /// The same for a command with surroundings of its own.
    pub(crate) fn spawn(mut command: Command, log: PathBuf) -> std::io::Result<Self> {
        let out = File::create(&log)?;
        let err = out.try_clone()?;
        command.stdin(Stdio::null()).stdout(out).stderr(err).kill_on_drop(true);
        Ok(Self { child: command.spawn()?, log })
    }

    /// Waits until it has ended by itself; `false` if that takes longer than `limit`.
    pub(crate) async fn wait(&mut self, limit: Duration) -> bool {
        tokio::time::timeout(limit, self.child.wait()).await.is_ok()
    }

    /// Whether it has ended by itself, and how.
    pub(crate) fn ended(&mut self) -> Option<String> {
        match self.child.try_wait() {
            Ok(None) => None,
            Ok(Some(status)) => Some(status.to_string()),
            Err(error) => Some(error.to_string()),
        }
    }

    /// The last lines of its output.
    pub(crate) fn tail(&self) -> String {
        let text = std::fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(TAIL_LINES)..].join("\n")
    }

    /// SIGKILL; returns when it is gone.
    pub(crate) async fn kill(mut self) {
        // An error means that it is gone already.
        let _ = self.child.kill().await;
    }

    /// SIGTERM, and SIGKILL if that does not help. True if it ended in time with exit code 0.
    pub(crate) async fn end(mut self) -> bool {
        let Some(id) = self.child.id() else { return false };
        // Without unsafe code there is no other way to send a signal than to ask the program for it.
        let _ = Command::new("kill").arg("-TERM").arg(id.to_string()).stderr(Stdio::null()).status().await;
        match tokio::time::timeout(END_LIMIT, self.child.wait()).await {
            Ok(status) => status.is_ok_and(|status| status.success()),
            Err(_) => {
                let _ = self.child.kill().await;
                false
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::Process;

    fn shell(script: &str, folder: &Path) -> Process {
        Process::start(Path::new("/bin/sh"), &["-c", script], folder.join("log")).unwrap()
    }

    #[tokio::test]
    async fn a_process_that_ends_by_itself_is_seen_with_its_output() {
        let folder = tempfile::tempdir().unwrap();
        let mut process = shell("echo out; echo err >&2; exit 3", folder.path());
        while process.ended().is_none() {
            tokio::task::yield_now().await;
        }
        assert_eq!(process.ended().as_deref(), Some("exit status: 3"));
        assert_eq!(process.tail(), "out\nerr");
        assert!(!process.end().await);
    }

    #[tokio::test]
    async fn a_process_ends_cleanly_if_it_can() {
        let folder = tempfile::tempdir().unwrap();
        let process = shell("trap 'exit 0' TERM; echo ready; while :; do sleep 0.01; done", folder.path());
        // Only after the shell has set its trap does it catch the signal.
        while process.tail() != "ready" {
            tokio::task::yield_now().await;
        }
        assert!(process.end().await);
    }
}

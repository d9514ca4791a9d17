//! A child process, its log and its end.

use std::ffi::OsString;
use std::fs::File;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;
use tokio::process::{Child, Command};
use tokio::time::{sleep, timeout};

use super::{POLL, wait_for_ok};
use crate::client::Endpoint;
use crate::error::{Error, within};
use crate::process::Process;

/// How long a program may take to end before it is killed.
const STOP_LIMIT: Duration = Duration::from_secs(10);
/// How many of its last lines an error shows.
const TAIL_LINES: usize = 20;

/// A program that was started here, and is killed when this is dropped.
#[derive(Debug)]
pub(crate) struct Program {
    name: &'static str,
    child: Child,
    pid: u32,
    folder: TempDir,
}

impl Program {
    /// Starts `binary`; what it prints goes to a file in `folder`, which goes away with the program.
    pub(crate) fn start(
        name: &'static str,
        binary: &Path,
        args: &[OsString],
        folder: TempDir,
    ) -> Result<Self, Error> {
        let failed = |source| Error::StartProgram { program: name, source };
        let log = File::create(folder.path().join("log")).map_err(failed)?;
        let child = Command::new(binary)
            .args(args)
            // More of a log than the default would be measured too.
            .env_remove("KYMACTL_LOG")
            .stdin(Stdio::null())
            .stdout(log.try_clone().map_err(failed)?)
            .stderr(log)
            .kill_on_drop(true)
            .spawn()
            .map_err(failed)?;
        let pid = child.id().ok_or_else(|| failed(std::io::Error::other("it ended at once")))?;
        Ok(Program { name, child, pid, folder })
    }

    /// Its row of the process table.
    pub(crate) fn process(&self) -> Process {
        Process { name: self.name, pid: self.pid }
    }

    /// What it has printed so far.
    pub(crate) fn log(&self) -> Result<String, Error> {
        let bytes = std::fs::read(self.folder.path().join("log"));
        let bytes =
            bytes.map_err(|source| Error::ReadFile { file: format!("the log of {}", self.name), source })?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// Resolves, with an error, when the program ends.
    pub(crate) async fn ended<T>(&mut self) -> Result<T, Error> {
        let status = self.child.wait().await;
        let status = status.map_err(|source| Error::WaitForProgram { program: self.name, source })?;
        Err(self.too_early(status))
    }

    /// Does `work`, unless the program ends before it is done.
    pub(crate) async fn during<T>(
        &mut self,
        work: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        tokio::select! {
            biased;
            ended = self.ended() => ended,
            done = work => done,
        }
    }

    /// Waits until the program has written `kubeconfig` and serves.
    pub(crate) async fn endpoint(&mut self, kubeconfig: &Path, limit: Duration) -> Result<Endpoint, Error> {
        let work = async {
            let endpoint = loop {
                // It may be there in part.
                match Endpoint::from_kubeconfig(kubeconfig).await {
                    Ok(endpoint) => break endpoint,
                    Err(_) => sleep(POLL).await,
                }
            };
            wait_for_ok(&endpoint, "/readyz", limit).await?;
            Ok(endpoint)
        };
        let what = format!("{} to serve", self.name);
        within(limit, what, self.during(work)).await
    }

    /// Asks the program to end, and kills it when it does not.
    pub(crate) async fn stop(mut self) -> Result<(), Error> {
        let failed = |source| Error::SignalProgram { program: self.name, source };
        // `id` is there until the child was waited for, and so long the number is not given to another process.
        let pid = self.child.id().and_then(|pid| Pid::from_raw(pid.cast_signed()));
        if let Some(pid) = pid {
            kill_process(pid, Signal::TERM).map_err(|error| failed(error.into()))?;
        }
        if timeout(STOP_LIMIT, self.child.wait()).await.is_err() {
            self.child.kill().await.map_err(failed)?;
        }
        Ok(())
    }

    fn too_early(&self, status: ExitStatus) -> Error {
        let log = self.log().unwrap_or_default();
        Error::ProgramEnded { program: self.name, status, tail: tail(&log) }
    }
}

fn tail(text: &str) -> String {
    if text.trim().is_empty() {
        return "(it printed nothing)".to_owned();
    }
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(TAIL_LINES)..].join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Program {
        let args = ["-c".into(), script.into()];
        Program::start("sh", Path::new("/bin/sh"), &args, tempfile::tempdir().unwrap()).unwrap()
    }

    #[test]
    fn a_tail_is_the_last_lines() {
        let text: String = (0..25).map(|i| format!("{i}\n")).collect();
        let tail = tail(&text);
        assert!(tail.starts_with("5\n6") && tail.ends_with("\n24"), "{tail}");
        assert_eq!(super::tail("a\nb"), "a\nb");
        assert_eq!(super::tail("\n"), "(it printed nothing)");
    }

    #[tokio::test]
    async fn an_early_end_is_an_error_with_the_last_words() {
        let mut program = shell("echo first; echo why >&2; exit 3");
        let error = program.during(std::future::pending::<Result<(), Error>>()).await.unwrap_err();
        let text = error.to_string();
        assert!(text.contains("exit status: 3") && text.ends_with("first\nwhy"), "{text}");
    }

    #[tokio::test]
    async fn work_that_is_done_first_wins() {
        let mut program = shell("exec tail -f /dev/null");
        assert_eq!(program.during(async { Ok(7) }).await.unwrap(), 7);
        let process = program.process();
        assert!(process.memory_max_kib().is_ok());
        program.stop().await.unwrap();
        assert!(process.memory_max_kib().is_err(), "it must be gone");
    }
}

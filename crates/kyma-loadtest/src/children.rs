//! Server and operator as processes of their own, so that CPU and memory are each one's own.

use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use tokio::process::{Child, Command};
use tokio::time::{Instant, sleep, timeout};

use crate::error::Error;

/// How long a program may take until it is ready.
const READY_LIMIT: Duration = Duration::from_secs(60);
const POLL: Duration = Duration::from_millis(20);
/// How long a program may take to end before it is killed.
const END_LIMIT: Duration = Duration::from_secs(15);
/// How much of a log an error shows.
const TAIL_LINES: usize = 20;

/// A program that runs, and is killed when this is dropped.
#[derive(Debug)]
pub struct Program {
    name: &'static str,
    child: Child,
    log: PathBuf,
}

impl Program {
    /// Starts `binary`; what it prints goes to `log`.
    ///
    /// # Errors
    /// Where it does not start.
    pub fn start(name: &'static str, binary: &Path, args: &[OsString], log: PathBuf) -> Result<Self, Error> {
        let spawn = || -> io::Result<Child> {
            let out = File::create(&log)?;
            let mut command = Command::new(binary);
            command.args(args).stdin(Stdio::null()).stdout(out.try_clone()?).stderr(out).kill_on_drop(true);
            // A Ctrl-C in the terminal is for the load test, which then ends its programs in their order.
            command.process_group(0);
            command.spawn()
        };
        let child = spawn().map_err(|source| Error::Start { name, source })?;
        Ok(Self { name, child, log })
    }

    /// Its number; none once it has ended.
    #[must_use]
    pub fn pid(&self) -> Option<u32> {
        self.child.id()
    }

    /// Waits until it is ready, by `is_ready`.
    ///
    /// # Errors
    /// Where it ends before, or that takes too long.
    pub async fn ready(&mut self, is_ready: impl AsyncFn() -> bool) -> Result<(), Error> {
        let deadline = Instant::now() + READY_LIMIT;
        loop {
            if is_ready().await {
                return Ok(());
            }
            if let Some(error) = self.has_ended() {
                return Err(error);
            }
            if Instant::now() >= deadline {
                let (seconds, tail) = (READY_LIMIT.as_secs(), self.tail());
                return Err(Error::NotReady { name: self.name, seconds, tail });
            }
            sleep(POLL).await;
        }
    }

    /// Resolves when it ends, which it should not.
    pub async fn ended(&mut self) -> Error {
        let status = match self.child.wait().await {
            Ok(status) => status.to_string(),
            Err(error) => error.to_string(),
        };
        Error::Ended { name: self.name, status, tail: self.tail() }
    }

    /// Asks it to end, and kills it when it does not.
    pub async fn end(mut self) {
        // The number is there until the child was waited for, and so long it is not given to another process.
        if let Some(pid) = self.child.id().and_then(|pid| Pid::from_raw(pid.cast_signed())) {
            let _ = kill_process(pid, Signal::TERM);
        }
        if timeout(END_LIMIT, self.child.wait()).await.is_err() {
            tracing::warn!(program = self.name, "it does not end and is killed");
            let _ = self.child.kill().await;
        }
    }

    fn has_ended(&mut self) -> Option<Error> {
        let status = match self.child.try_wait() {
            Ok(None) => return None,
            Ok(Some(status)) => status.to_string(),
            Err(error) => error.to_string(),
        };
        Some(Error::Ended { name: self.name, status, tail: self.tail() })
    }

    fn tail(&self) -> String {
        let text = std::fs::read(&self.log).unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(TAIL_LINES)..].join("\n")
    }
}

/// A port of loopback that nobody listens on right now.
///
/// # Errors
/// Where there is none.
pub fn free_port() -> io::Result<u16> {
    Ok(std::net::TcpListener::bind((std::net::Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str, folder: &Path) -> Program {
        let args = ["-c".into(), script.into()];
        Program::start("the shell", Path::new("/bin/sh"), &args, folder.join("log")).unwrap()
    }

    #[tokio::test]
    async fn who_ends_too_early_is_named_with_what_it_said() {
        let folder = tempfile::tempdir().unwrap();
        let mut program = shell("echo sorry >&2; exit 3", folder.path());
        let error = program.ready(async || false).await.unwrap_err().to_string();
        assert_eq!(error, "the shell ended with exit status: 3; the end of its output:\nsorry");
        let missing = Program::start("it", Path::new("/nowhere/it"), &[], folder.path().join("log"));
        assert!(matches!(missing, Err(Error::Start { name: "it", .. })));
    }

    #[tokio::test]
    async fn who_is_ready_goes_on_until_it_is_asked_to_end() {
        let folder = tempfile::tempdir().unwrap();
        let ended = folder.path().join("ended");
        let script =
            format!("trap 'echo > {}; exit' TERM; echo ready; while :; do sleep 0.01; done", ended.display());
        let mut program = shell(&script, folder.path());
        let log = folder.path().join("log");
        program.ready(async || std::fs::read_to_string(&log).unwrap() == "ready\n").await.unwrap();
        assert!(program.pid().is_some());
        program.end().await;
        assert!(ended.exists());
    }
}

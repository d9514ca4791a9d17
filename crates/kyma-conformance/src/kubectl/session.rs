//! A script on one server: a namespace, and a folder with the script's files.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use tempfile::TempDir;
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::{Child, ChildStdout, Command};
use tokio::time::timeout;

use super::Script;
use super::script::Line;
use crate::check::{Failure, Outcome};
use crate::context::NAMESPACES;
use crate::fixture;
use crate::server::Server;

/// For one command line; kubectl waits for deletions by itself.
const LINE_LIMIT: Duration = Duration::from_secs(90);

/// A line that goes on beside others is under way when it has said something, or has been silent for so long.
const SILENCE: Duration = Duration::from_millis(1500);

/// The copy of the server's kubeconfig, which lines may change.
const KUBECONFIG: &str = "kubeconfig";

/// What a command line left behind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Said {
    pub(super) code: Option<i32>,
    pub(super) stdout: String,
    pub(super) stderr: String,
}

pub(super) struct Session<'a> {
    kubectl: &'a Path,
    server: &'a Server,
    namespace: &'a str,
    folder: TempDir,
}

/// A command line that has been started.
pub(super) struct Running {
    line: String,
    child: Child,
    stdout: ChildStdout,
    said: Vec<u8>,
}

impl<'a> Session<'a> {
    pub(super) async fn open(
        kubectl: &'a Path,
        server: &'a Server,
        script: &Script,
        namespace: &'a str,
    ) -> Outcome<Self> {
        let failed =
            |error: std::io::Error| Failure::new("a folder for files", "it can be made", error.to_string());
        let folder = tempfile::tempdir().map_err(failed)?;
        for (name, text) in script.files {
            std::fs::write(folder.path().join(name), text.replace("$NS", namespace)).map_err(failed)?;
        }
        std::fs::copy(&server.kubeconfig, folder.path().join(KUBECONFIG)).map_err(failed)?;
        server.http.post(NAMESPACES, &fixture::namespace(namespace)).await?.created()?;
        Ok(Self { kubectl, server, namespace, folder })
    }

    /// Runs one command line to its end.
    pub(super) async fn run(&self, line: &str) -> Outcome<Said> {
        self.start(line)?.end().await
    }

    /// Starts one command line, and waits until it is under way.
    pub(super) async fn start_beside(&self, line: &str) -> Outcome<Running> {
        let mut running = self.start(line)?;
        let mut first = [0; 1];
        if let Ok(Ok(read)) = timeout(SILENCE, running.stdout.read(&mut first)).await {
            running.said.extend(first.into_iter().take(read));
        }
        Ok(running)
    }

    fn start(&self, line: &str) -> Outcome<Running> {
        let failed = |why: &dyn ToString| Failure::new(format!("kubectl {line}"), "it runs", why.to_string());
        let parsed = Line::parse(&line.replace("$NS", self.namespace));
        let input = match &parsed.input {
            Some(file) => {
                Stdio::from(std::fs::File::open(self.folder.path().join(file)).map_err(|e| failed(&e))?)
            }
            None => Stdio::null(),
        };
        let mut command = Command::new(self.kubectl);
        command
            .args(["--kubeconfig", KUBECONFIG])
            .args(parsed.arguments)
            .current_dir(self.folder.path())
            // Discovery is cached by address below the home folder, and addresses are used again.
            .env("HOME", self.folder.path())
            .env("TMPDIR", self.folder.path())
            .env_remove("KUBECONFIG")
            .env_remove("KUBECACHEDIR")
            .envs(parsed.environment)
            .stdin(input)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        let mut child = command.spawn().map_err(|error| failed(&error))?;
        let stdout = child.stdout.take().ok_or_else(|| failed(&"its output cannot be read"))?;
        Ok(Running { line: line.to_owned(), child, stdout, said: Vec::new() })
    }

    /// Deletes the namespace, and that of `$NS-other`, and does not wait for it.
    pub(super) async fn close(self) {
        for name in [self.namespace.to_owned(), format!("{}-other", self.namespace)] {
            let _ = self.server.http.delete(&format!("{NAMESPACES}/{name}")).await;
        }
    }
}

impl Running {
    /// Waits for the end, and reads what was said till then.
    pub(super) async fn end(self) -> Outcome<Said> {
        let Self { line, mut child, stdout, said } = self;
        let failed = |why: String| Failure::new(format!("kubectl {line}"), "it ends", why);
        let stderr = child.stderr.take();
        let all = async {
            tokio::join!(read_to_end(Some(stdout), said), read_to_end(stderr, Vec::new()), child.wait())
        };
        let late = |_| failed(format!("it is still running after {} s", LINE_LIMIT.as_secs()));
        let (stdout, stderr, status) = timeout(LINE_LIMIT, all).await.map_err(late)?;
        let status = status.map_err(|error| failed(error.to_string()))?;
        Ok(Said { code: status.code(), stdout, stderr })
    }
}

async fn read_to_end(pipe: Option<impl AsyncRead + Unpin>, mut bytes: Vec<u8>) -> String {
    if let Some(mut pipe) = pipe {
        // What was said before a fault is compared all the same.
        let _ = pipe.read_to_end(&mut bytes).await;
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

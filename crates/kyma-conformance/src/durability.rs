//! What a server acknowledged is there after it was killed.
//!
//! Writers work on `kymactl apiserver --data-dir` and keep a ledger of what it acknowledged. After some hundred
//! writes it is killed, started again on the same folder, and asked for every object: each must be there byte for
//! byte, be gone where a delete was acknowledged, or show the one write that was never answered, whole. The revision
//! never goes back, and definitions, certificates and token are what they were.

mod ledger;
mod load;

use std::path::Path;
use std::process::Stdio;

use bytes::Bytes;
use serde_json::Value;
use tokio::time::Instant;

use crate::args::DurabilityArgs;
use crate::check::{Failure, Outcome, holds, same};
use crate::context::DEFINITIONS;
use crate::output::{Output, Totals, Verdict};
use crate::runner::report;
use crate::server::{Server, ServerError, data_folder, free_port};
use crate::suite::{RunError, install_definitions, interrupted};
use load::{Load, Writers};

/// After so many kills one end is by SIGTERM.
const KILLS_PER_END: u16 = 10;
/// The server is ended after so many acknowledged writes, at the least and at the most.
const WRITES_MIN: u64 = 20;
const WRITES_MAX: u64 = 1500;

/// Kills and restarts a server until it was killed as often as asked for, or one check failed.
///
/// # Errors
/// When no server could be started to begin with.
pub async fn run(args: &DurabilityArgs, output: &mut Output) -> Result<Totals, RunError> {
    tokio::select! {
        biased;
        () = interrupted() => Err(RunError::Interrupt),
        done = rounds(args, output) => done,
    }
}

async fn rounds(args: &DurabilityArgs, output: &mut Output) -> Result<Totals, RunError> {
    let seed = args.seed.unwrap_or_else(|| fastrand::u64(..));
    output.line(&format!("seed {seed}"));
    let unusable = |error| RunError::GetServer(Box::new(error));
    let folder = tempfile::tempdir().map_err(|error| unusable(ServerError::PrepareEmbedded(error)))?;
    let port = free_port().map_err(|error| unusable(ServerError::PrepareEmbedded(error)))?;
    let server = Server::durable(&args.kymactl, folder.path(), port).await.map_err(unusable)?;
    install_definitions(&server, &args.crds).await.map_err(|why| RunError::InstallDefinitions {
        folder: args.crds.clone(),
        server: server.label,
        why,
    })?;
    let mut trial = Trial { args, folder: folder.path(), port, writers: Writers::new(seed), first: None };
    let mut totals = Totals::default();
    let mut server = Some(server);
    let mut random = fastrand::Rng::with_seed(seed);
    for kill in 1..=args.kills {
        let ends: &[End] = if kill % KILLS_PER_END == 0 { &[End::Kill, End::Term] } else { &[End::Kill] };
        for end in ends {
            let Some(running) = server.take() else { break };
            let started = Instant::now();
            let writes = random.u64(WRITES_MIN..=WRITES_MAX);
            let done = trial.round(running, *end, writes).await;
            let verdict = match done {
                Ok(next) => {
                    server = Some(next);
                    Verdict::Passed
                }
                Err(failure) => Verdict::Failed(failure),
            };
            let name = format!("durability/{}-{kill}-after-{writes}-writes", end.name());
            report(output, &mut totals, (&name, "embedded"), started.elapsed(), &verdict);
        }
    }
    if let Some(server) = server {
        let started = Instant::now();
        let verdict = match trial.second_server(server).await {
            Ok(()) => Verdict::Passed,
            Err(failure) => Verdict::Failed(failure),
        };
        report(output, &mut totals, ("durability/second-server", "embedded"), started.elapsed(), &verdict);
    }
    output.line(&format!("{} acknowledged writes in all", trial.writers.acknowledged()));
    output.totals(totals);
    Ok(totals)
}

/// How a server ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Kill,
    Term,
}

impl End {
    fn name(self) -> &'static str {
        match self {
            Self::Kill => "kill",
            Self::Term => "term",
        }
    }
}

/// What stays the same over all restarts.
struct Trial<'a> {
    args: &'a DurabilityArgs,
    folder: &'a Path,
    port: u16,
    writers: Writers,
    first: Option<Kept>,
}

/// What no write of ours changes.
#[derive(PartialEq, Eq)]
struct Kept {
    /// With the certificates and the token.
    kubeconfig: String,
    definitions: Vec<Bytes>,
}

impl Trial<'_> {
    /// Load, end, start, compare; the server that was started.
    async fn round(&mut self, server: Server, end: End, writes: u64) -> Outcome<Server> {
        let kept = kept(&server).await?;
        let first = self.first.get_or_insert(kept);
        let load = Load::start(&server.http, &mut self.writers, writes);
        load.reached().await;
        match end {
            End::Kill => server.kill().await,
            End::Term => {
                server.stop().await.map_err(|why| Failure::new("SIGTERM under load", "a clean end", why))?;
            }
        }
        load.join(&mut self.writers).await?;
        let server = Server::durable(&self.args.kymactl, self.folder, self.port).await;
        let server = server.map_err(|error| {
            let actual = crate::client::chain(&error);
            Failure::new("the start after the end", "the server serves", actual)
        })?;
        let after = kept_of(&server, first.definitions.len()).await?;
        holds("the kubeconfig is the same", after.kubeconfig == first.kubeconfig, "another")?;
        holds("the definitions are the same", after.definitions == first.definitions, "others")?;
        self.writers.compare(&server.http).await?;
        Ok(server)
    }

    /// A second server on the same folder is refused, and harms nobody.
    async fn second_server(&mut self, server: Server) -> Outcome {
        let data = data_folder(self.folder);
        let second = tokio::process::Command::new(&self.args.kymactl)
            .args(["apiserver", "--write-kubeconfig"])
            .arg(self.folder.join("second-kubeconfig"))
            .arg("--data-dir")
            .arg(&data)
            .stdin(Stdio::null())
            .output()
            .await;
        let second =
            second.map_err(|error| Failure::new("a second server", "it starts", error.to_string()))?;
        let said = String::from_utf8_lossy(&second.stderr).into_owned();
        same("the exit code of a second server on the folder", &second.status.code(), &Some(1))?;
        let shown = data.display().to_string();
        holds(
            "it says which folder is in use, in one line",
            said.contains(&shown) && said.trim().lines().count() == 1,
            &said,
        )?;
        self.writers.compare(&server.http).await?;
        server.stop().await.map_err(|why| Failure::new("SIGTERM", "a clean end", why))
    }
}

async fn kept(server: &Server) -> Outcome<Kept> {
    let list = server.http.get(DEFINITIONS).await?.ok()?;
    kept_of(server, list["items"].as_array().map_or(0, Vec::len)).await
}

/// The kubeconfig and the definitions, which must be so many.
async fn kept_of(server: &Server, count: usize) -> Outcome<Kept> {
    let kubeconfig = std::fs::read_to_string(&server.kubeconfig)
        .map_err(|error| Failure::new("the kubeconfig", "it can be read", error.to_string()))?;
    let list = server.http.get(DEFINITIONS).await?.ok()?;
    let names = list["items"].as_array().into_iter().flatten();
    let names: Vec<&str> = names.filter_map(|item: &Value| item["metadata"]["name"].as_str()).collect();
    same("the number of definitions", &names.len(), &count)?;
    let mut definitions = Vec::new();
    for name in names {
        let answer = server.http.get(&format!("{DEFINITIONS}/{name}")).await?;
        answer.ok()?;
        definitions.push(answer.bytes().clone());
    }
    Ok(Kept { kubeconfig, definitions })
}

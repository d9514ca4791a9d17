//! Samples all sources again and again, on a thread of its own: so what it costs can be told, and nothing that the run does
//! waits for it.

use std::thread::JoinHandle;
use std::time::Duration;

use http::Request;
use kube::Client;
use rustix::time::{ClockId, clock_gettime};
use tokio::sync::watch;
use tokio::time::{MissedTickBehavior, interval, timeout};

use super::{exposition, procfs};
use crate::error::Error;
use crate::recorder::Recorder;

/// Whose the samples of the machine are.
pub const MACHINE: &str = "machine";
/// Whose the samples of this process are.
pub const LOADTEST: &str = "loadtest";
/// What the sampler has cost, as a series of this process.
pub const COST: &str = "sampling_cpu_seconds_total";
/// How long a page may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// Where samples come from.
#[derive(Clone, Debug)]
pub struct Source {
    /// Whose they are.
    pub of: &'static str,
    /// The page of metrics, and how to get there; absent where there is none.
    pub metrics: Option<kube::Config>,
    /// The process; absent where it is on another machine.
    pub process: Option<u32>,
}

/// A running sampler.
#[derive(Debug)]
pub struct Sampler {
    stop: watch::Sender<bool>,
    thread: JoinHandle<()>,
}

impl Sampler {
    /// Starts to sample every `period`.
    ///
    /// # Errors
    /// Where no thread can be had.
    pub fn start(sources: Vec<Source>, period: Duration, recorder: Recorder) -> Result<Self, Error> {
        let failed = |source| Error::Start { name: "the sampler", source };
        let (stop, stopped) = watch::channel(false);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(failed)?;
        let work = move || runtime.block_on(run(sources, period, recorder, stopped));
        let thread = std::thread::Builder::new().name("sampler".to_owned()).spawn(work).map_err(failed)?;
        Ok(Self { stop, thread })
    }

    /// Takes a last sample, and ends.
    ///
    /// # Errors
    /// Where it had ended before, by a panic.
    pub async fn end(self) -> Result<(), Error> {
        self.stop.send_replace(true);
        let joined = tokio::task::spawn_blocking(move || self.thread.join()).await;
        match joined {
            Ok(Ok(())) => Ok(()),
            _ => Err(Error::Broken("the sampler panicked".to_owned())),
        }
    }
}

async fn run(sources: Vec<Source>, period: Duration, recorder: Recorder, mut stopped: watch::Receiver<bool>) {
    let pages: Vec<Option<Client>> = sources.iter().map(client).collect();
    let mut ticks = interval(period);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let last = tokio::select! {
            biased;
            _ = stopped.wait_for(|stop| *stop) => true,
            _ = ticks.tick() => false,
        };
        for (source, page) in sources.iter().zip(&pages) {
            sample(source, page.as_ref(), &recorder).await;
        }
        recorder.sample(MACHINE, procfs::machine());
        let mut own = procfs::process(std::process::id()).unwrap_or_default();
        own.push((COST.to_owned(), cost()));
        recorder.sample(LOADTEST, own);
        if last {
            return;
        }
    }
}

/// What this thread has cost so far, in seconds of CPU.
fn cost() -> f64 {
    let spent = clock_gettime(ClockId::ThreadCPUTime);
    spent.tv_sec as f64 + spent.tv_nsec as f64 / 1e9
}

fn client(source: &Source) -> Option<Client> {
    let client = Client::try_from(source.metrics.clone()?);
    client.inspect_err(|error| tracing::warn!(of = source.of, %error, "no client for metrics")).ok()
}

async fn sample(source: &Source, page: Option<&Client>, recorder: &Recorder) {
    // What the process table says of a process is the truth, also where its own page says it too.
    let mut values: Vec<(String, f64)> = Vec::new();
    if let Some(page) = page {
        match fetch(page).await {
            Ok(text) => {
                let ours = |name: &str| !name.starts_with("process_") || name.starts_with("process_network_");
                let kept = exposition::kept(&text).filter(|(name, _)| ours(name));
                values.extend(kept.map(|(name, value)| (name.to_owned(), value)));
            }
            Err(why) => recorder.gap(source.of, why),
        }
    }
    if let Some(pid) = source.process {
        match procfs::process(pid) {
            Ok(process) => values.extend(process),
            Err(error) => recorder.gap(source.of, format!("process {pid}: {error}")),
        }
    }
    if !values.is_empty() {
        recorder.sample(source.of, values);
    }
}

async fn fetch(client: &Client) -> Result<String, String> {
    let request = Request::get("/metrics").body(Vec::new()).map_err(|error| error.to_string())?;
    match timeout(PATIENCE, client.request_text(request)).await {
        Ok(page) => page.map_err(|error| error.to_string()),
        Err(_) => Err(format!("no answer within {} s", PATIENCE.as_secs())),
    }
}

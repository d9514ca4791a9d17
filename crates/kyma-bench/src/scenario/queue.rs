//! What a waiting key costs in the work queue: memory, and the time of a turn.

mod table;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use kyma_workqueue::{Class, LimiterOptions, NoMetrics, Turn, WorkQueue};

use super::check;
use crate::args::QueueArgs;
use crate::console;
use crate::environment::Environment;
use crate::error::{Error, within};
use crate::process::{Process, own_cpu};
use crate::report;
use table::Figures;

/// How long one step may take: far more than it should.
const LIMIT: Duration = Duration::from_secs(120);

/// After so long the allocator gives back what it no longer needs, once it is called again.
const DECAY: Duration = Duration::from_secs(4);
/// Calls of it.
const STIRRING: usize = 2000;

/// Measures, prints, and fails when a key was lost.
pub(crate) async fn run(args: &QueueArgs) -> Result<(), Error> {
    let environment = Environment::read(Path::new("."));
    let keys = args.common.pick(args.keys, 1_000_000, 50_000);
    let mut figures = Vec::new();
    for run in 1..=args.common.runs() {
        console::note(&format!("run {run} of {}", args.common.runs()));
        let found = within(LIMIT, "queueing", measure(keys)).await?;
        console::note(&format!("  {found}"));
        figures.push(found);
    }
    let table = table::figures(&figures);
    report::publish("The work queue", &environment, &[table], args.out.out.as_deref())?;
    check(&table::problems(&figures))
}

/// Lets keys of all classes wait, takes half of them one by one while as many come anew, and then the rest.
async fn measure(keys: usize) -> Result<Figures, Error> {
    let own = Process { name: "kyma-bench", pid: std::process::id() };
    let queue: WorkQueue<u64> = WorkQueue::new(LimiterOptions::default(), Arc::new(NoMetrics));
    settle().await;
    let before = own.memory_kib()?;
    let began = own_cpu();
    for key in 0..keys {
        add(&queue, key);
    }
    let added = own_cpu();
    settle().await;
    let after = own.memory_kib()?;
    let began_turns = own_cpu();
    let mut handed = 0;
    for number in 0..keys / 2 {
        handed += usize::from(turn(&queue).await);
        add(&queue, keys + number);
    }
    let turned = own_cpu();
    while !queue.is_empty() {
        handed += usize::from(turn(&queue).await);
    }
    Ok(Figures {
        keys,
        handed,
        key_bytes: size_of::<u64>(),
        memory_bytes: after.saturating_sub(before) * 1024,
        adding: added.saturating_sub(began),
        turning: turned.saturating_sub(began_turns),
    })
}

/// Lets the allocator give back what the queue outgrew: it does so when it is called after a while.
async fn settle() {
    tokio::time::sleep(DECAY).await;
    for size in 0..STIRRING {
        drop(std::hint::black_box(vec![0_u8; size]));
    }
}

fn add(queue: &WorkQueue<u64>, key: usize) {
    // Every class, and priorities without an order.
    let class = Class::ALL[key % Class::ALL.len()];
    let number = u64::try_from(key).unwrap_or_default();
    queue.add(number, Turn::new(class, number.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 54));
}

async fn turn(queue: &WorkQueue<u64>) -> bool {
    let Some(key) = queue.get().await else { return false };
    queue.done(&key);
    true
}

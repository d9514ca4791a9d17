//! What it costs that an acknowledged write is on the disk: the store alone, in this process, without HTTP.

mod load;
mod table;

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use kyma_store::{Options, Store, TokioClock};
use tempfile::TempDir;

use super::check;
use crate::args::StoreArgs;
use crate::console;
use crate::environment::Environment;
use crate::error::{Error, within};
use crate::report;
use table::{Kind, Opening, Start, Writing};

/// How many write at a time.
const WRITERS: [usize; 2] = [16, 256];
/// How many fill the store whose opening is measured.
const FILLERS: usize = 256;
/// How long one step may take: far more than it should.
const LIMIT: Duration = Duration::from_secs(300);

/// Measures, prints, and fails when a store did not hold what was written to it.
pub(crate) async fn run(args: &StoreArgs) -> Result<(), Error> {
    let environment = Environment::read(Path::new("."));
    let objects = args.common.pick(args.objects, 20_000, 2000);
    let stored = args.common.pick(args.stored_objects, 100_000, 10_000);
    let scratch = args.scratch.clone().unwrap_or_else(std::env::temp_dir);
    let runs = args.common.runs();
    let (mut writings, mut openings) = (Vec::new(), Vec::new());
    for run in 1..=runs {
        console::note(&format!("run {run} of {runs}: {objects} objects, in memory and on the disk"));
        for writers in WRITERS {
            for kind in [Kind::Memory, Kind::Disk] {
                let writing = within(LIMIT, "writing", write(kind, writers, objects, &scratch)).await?;
                console::note(&format!("  {writing}"));
                writings.push(writing);
            }
        }
        for opening in within(LIMIT, "opening", open(stored, &scratch)).await? {
            console::note(&format!("  {opening}"));
            openings.push(opening);
        }
    }
    let tables = [table::costs(&writings), table::difference(&writings), table::openings(&openings)];
    report::publish("Durable writes", &environment, &tables, args.out.out.as_deref())?;
    check(&table::problems(&openings))
}

/// Creates and replaces objects in a fresh store.
async fn write(kind: Kind, writers: usize, objects: usize, scratch: &Path) -> Result<Writing, Error> {
    let folder = folder(scratch)?;
    let store = match kind {
        Kind::Memory => Store::in_memory(Options::default(), clock()),
        Kind::Disk => open_store(folder.path())?,
    };
    let load = load::run(&store, writers, objects).await?;
    store.close();
    Ok(Writing { kind, writers, objects, load })
}

/// Opens a large store after it was closed in good order, and as a crash would have left it.
async fn open(objects: usize, scratch: &Path) -> Result<[Opening; 2], Error> {
    let (folder, copy) = (folder(scratch)?, self::folder(scratch)?);
    let store = open_store(folder.path())?;
    load::create(&store, FILLERS, objects).await?;
    // While it is open the file says that it is: whoever opens the copy has to repair it first.
    let file = |folder: &Path| folder.join("store.db");
    std::fs::copy(file(folder.path()), file(copy.path())).map_err(Error::CopyStore)?;
    store.close();
    drop(store);
    let measure = |start, folder: &Path| -> Result<Opening, Error> {
        let began = Instant::now();
        let store = open_store(folder)?;
        let elapsed = began.elapsed();
        let stats = store.stats();
        Ok(Opening { start, wanted: objects, stats, elapsed })
    };
    Ok([measure(Start::Closed, folder.path())?, measure(Start::Crashed, copy.path())?])
}

fn folder(scratch: &Path) -> Result<TempDir, Error> {
    tempfile::tempdir_in(scratch).map_err(Error::MakeFolder)
}

fn clock() -> Arc<TokioClock> {
    Arc::new(TokioClock::starting_at(jiff::Timestamp::now()))
}

fn open_store(folder: &Path) -> Result<Store, Error> {
    Store::open(Options::default(), clock(), folder).map_err(|error| Error::OpenStore(Box::new(error)))
}

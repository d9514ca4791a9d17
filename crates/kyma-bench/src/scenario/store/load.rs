//! Writers with one write at a time each, and what they cost.

use std::sync::Arc;
use std::time::{Duration, Instant};

use kyma_store::{Change, CommitError, Draft, Expect, Index, Key, ResourceId, Revision, Store, Write};
use tokio::task::JoinSet;

use crate::error::Error;
use crate::process::own_cpu;

/// Bytes of a component's JSON, about as the operator writes it.
const JSON_BYTES: usize = 600;
const RESOURCE: &str = "inventory.kyma-project.io/helmcomponents";

/// What some writes cost.
#[derive(Debug, Clone)]
pub(super) struct Load {
    pub(super) writes: usize,
    /// Of this process: the store's threads, and the writers themselves.
    pub(super) cpu: Duration,
    pub(super) elapsed: Duration,
    /// How long each writer waited for each write, sorted.
    pub(super) latencies: Vec<Duration>,
}

/// Creates every object and replaces it once.
pub(super) async fn run(store: &Store, writers: usize, objects: usize) -> Result<Load, Error> {
    let (cpu, began) = (own_cpu(), Instant::now());
    let created = spread(store, writers, objects, None).await?;
    let mut latencies = created.latencies;
    latencies.extend(spread(store, writers, objects, Some(created.revisions)).await?.latencies);
    let (cpu, elapsed) = (own_cpu().saturating_sub(cpu), began.elapsed());
    latencies.sort_unstable();
    Ok(Load { writes: latencies.len(), cpu, elapsed, latencies })
}

/// Creates every object.
pub(super) async fn create(store: &Store, writers: usize, objects: usize) -> Result<(), Error> {
    spread(store, writers, objects, None).await.map(drop)
}

/// One turn of all writers.
struct Turn {
    /// Those of each writer's objects, in the order of the writers.
    revisions: Vec<Vec<Revision>>,
    latencies: Vec<Duration>,
}

async fn spread(
    store: &Store,
    writers: usize,
    objects: usize,
    revisions: Option<Vec<Vec<Revision>>>,
) -> Result<Turn, Error> {
    let resource = store.resource(RESOURCE);
    let mut tasks = JoinSet::new();
    for writer in 0..writers {
        let own = revisions.as_ref().and_then(|revisions| revisions.get(writer).cloned());
        let numbers = (writer..objects).step_by(writers);
        tasks.spawn(write(store.clone(), resource, writer, numbers, own));
    }
    let mut turn = Turn { revisions: vec![Vec::new(); writers], latencies: Vec::with_capacity(2 * objects) };
    while let Some(joined) = tasks.join_next().await {
        let (writer, revisions, latencies) =
            joined.map_err(Error::Worker)?.map_err(Box::new).map_err(Error::Commit)?;
        turn.revisions[writer] = revisions;
        turn.latencies.extend(latencies);
    }
    Ok(turn)
}

type Written = (usize, Vec<Revision>, Vec<Duration>);

/// Writes one object after the other.
async fn write(
    store: Store,
    resource: ResourceId,
    writer: usize,
    numbers: impl Iterator<Item = usize>,
    expected: Option<Vec<Revision>>,
) -> Result<Written, CommitError> {
    let (mut revisions, mut latencies) = (Vec::new(), Vec::new());
    let mut expected = expected.map(Vec::into_iter);
    for number in numbers {
        let expect = expected.as_mut().and_then(Iterator::next).map_or(Expect::Absent, Expect::At);
        let write = object(resource, number, expect);
        let began = Instant::now();
        revisions.push(store.commit(write).await?.revision);
        latencies.push(began.elapsed());
    }
    Ok((writer, revisions, latencies))
}

/// A component like those of the sample fleet.
fn object(resource: ResourceId, number: usize, expect: Expect) -> Write {
    let (kyma, component) = (number / 18, number % 18);
    let name = format!("kyma-{kyma:06}-component-{component:02}");
    let start = r#"{"metadata":{"resourceVersion":""#;
    let mut json = format!(r#"{start}","name":"{name}","namespace":"pb"}},"status":{{"state":""#);
    json.extend(std::iter::repeat_n('x', JSON_BYTES.saturating_sub(json.len() + 3)));
    json.push_str("\"}}");
    let labels = [
        ("inventory.kyma-project.io/kyma".into(), format!("kyma-{kyma:06}").into()),
        ("inventory.kyma-project.io/shard".into(), (kyma % 256).to_string().into()),
    ];
    let index = Index {
        uid: format!("7b7d0f3e-5a63-4c0d-9a51-{number:012}").into(),
        labels: Box::new(labels),
        fields: Box::new([]),
        owners: Box::new([format!("11c0e5a4-6d9f-4b8e-8f00-{kyma:012}").into()]),
        deleting: false,
    };
    let key = Key { resource, namespace: Arc::from("pb"), name: name.into() };
    Write { key, expect, change: Change::Put(Draft { json: json.into_bytes(), slot: start.len(), index }) }
}

#[cfg(test)]
mod tests {
    use kyma_store::{ListQuery, Options, TokioClock};

    use super::*;

    #[tokio::test]
    async fn each_object_is_written_twice() {
        let clock = Arc::new(TokioClock::starting_at(jiff::Timestamp::UNIX_EPOCH));
        let store = Store::in_memory(Options::default(), clock);
        let load = run(&store, 3, 10).await.unwrap();
        assert_eq!((load.writes, load.latencies.len(), store.revision().get()), (20, 20, 21));
        assert!(load.cpu > Duration::ZERO && load.latencies.is_sorted());
        let page = store.list(&ListQuery::all(store.resource(RESOURCE))).unwrap();
        assert_eq!(page.objects.len(), 10);
        assert!(page.objects.iter().all(|object| (595..=610).contains(&object.json.len())));
        assert!(page.objects.iter().all(|object| object.revision.get() > 11), "all were replaced");
    }
}

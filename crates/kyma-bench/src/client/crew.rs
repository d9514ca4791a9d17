//! Workers that send one request after the other, each on its own connection.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use tokio::task::JoinSet;

use super::connection::{Answer, Call, Connection};
use super::endpoint::Endpoint;
use crate::error::Error;

/// What a crew is to do.
pub(crate) trait Job: Send + Sync + 'static {
    /// The `i`th request.
    fn call(&self, i: usize) -> Call;

    /// Looks at the answer, which the server calls a success; says what is wrong with it.
    fn check(&self, _i: usize, _answer: &Answer) -> Result<(), String> {
        Ok(())
    }
}

/// How a job went.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    /// From the first request to the last answer.
    pub(crate) elapsed: Duration,
    /// Of all requests, those that failed too, in increasing order.
    pub(crate) latencies: Vec<Duration>,
    /// How many failed.
    pub(crate) errors: usize,
    /// What the first of them said.
    pub(crate) first_error: Option<String>,
}

/// Connections with a worker each.
#[derive(Debug)]
pub(crate) struct Crew {
    endpoint: Endpoint,
    connections: Vec<Connection>,
}

impl Crew {
    /// Opens `size` connections, so that no measurement has the handshakes in it.
    pub(crate) async fn open(endpoint: &Endpoint, size: usize) -> Result<Self, Error> {
        let mut connections = Vec::with_capacity(size);
        for _ in 0..size {
            connections.push(endpoint.connect().await?);
        }
        Ok(Crew { endpoint: endpoint.clone(), connections })
    }

    /// Sends the job's first `operations` requests. A failed one is counted, and the next is sent on a new connection.
    pub(crate) async fn work(&mut self, operations: usize, job: Arc<dyn Job>) -> Result<Outcome, Error> {
        let next = Arc::new(AtomicUsize::new(0));
        let mut workers = JoinSet::new();
        let since = Instant::now();
        for connection in self.connections.drain(..) {
            let worker = Worker {
                endpoint: self.endpoint.clone(),
                connection,
                next: Arc::clone(&next),
                operations,
                job: Arc::clone(&job),
                outcome: Outcome::default(),
            };
            workers.spawn(worker.run());
        }
        let mut total = Outcome::default();
        while let Some(joined) = workers.join_next().await {
            let (connection, outcome) = joined.map_err(Error::Worker)??;
            self.connections.push(connection);
            total.latencies.extend(outcome.latencies);
            total.errors += outcome.errors;
            total.first_error = total.first_error.or(outcome.first_error);
        }
        total.elapsed = since.elapsed();
        total.latencies.sort_unstable();
        Ok(total)
    }
}

struct Worker {
    endpoint: Endpoint,
    connection: Connection,
    next: Arc<AtomicUsize>,
    operations: usize,
    job: Arc<dyn Job>,
    outcome: Outcome,
}

impl Worker {
    async fn run(mut self) -> Result<(Connection, Outcome), Error> {
        loop {
            let i = self.next.fetch_add(1, Ordering::Relaxed);
            if i >= self.operations {
                return Ok((self.connection, self.outcome));
            }
            let call = self.job.call(i);
            let since = Instant::now();
            let answered = self.connection.send(&call).await;
            self.outcome.latencies.push(since.elapsed());
            let lost = answered.is_err();
            let checked = answered.and_then(|answer| answer.accepted(&call));
            let checked = checked.map_err(|error| crate::error::chain(&error));
            if let Err(text) = checked.and_then(|answer| self.job.check(i, &answer)) {
                self.outcome.errors += 1;
                self.outcome.first_error.get_or_insert(text);
            }
            if lost {
                self.connection = self.endpoint.connect().await?;
            }
        }
    }
}

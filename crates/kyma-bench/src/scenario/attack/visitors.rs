//! Well-behaved clients: a fixed number of requests a second, whatever the server does, and how long each took.
//!
//! The loop is open: each request is due at a time that does not depend on the answers. One that was still waiting for its
//! connection's last answer counts from when it was due, so that a server that stands still for a second shows in all
//! the requests of that second. One whose connection was free counts from when it was sent: that this process woke late
//! is not the server's doing.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

use crate::client::{Call, Connection, Endpoint};
use crate::error::{Error, chain};

/// How many connections share the rate.
pub(super) const VISITORS: u32 = 16;
/// Where they keep their objects.
pub(super) const NAMESPACE: &str = "visitors";
/// What each object holds.
const DATA_BYTES: usize = 1024;

/// The clients, each with a connection of its own.
#[derive(Debug)]
pub(super) struct Visitors {
    all: Vec<Visitor>,
    rate: u32,
}

/// How one turn went.
#[derive(Debug, Default)]
pub(super) struct Visit {
    /// Of all requests, those that failed too; not sorted.
    pub(super) latencies: Vec<Duration>,
    /// How many failed.
    pub(super) errors: usize,
    /// What the first of them said.
    pub(super) first_error: Option<String>,
}

impl Visitors {
    /// Opens the connections.
    pub(super) async fn open(endpoint: &Endpoint, rate: u32) -> Result<Self, Error> {
        let mut all = Vec::new();
        for number in 0..VISITORS {
            let connection = endpoint.connect().await?;
            all.push(Visitor { endpoint: endpoint.clone(), connection, number, sent: 0 });
        }
        Ok(Visitors { all, rate })
    }

    /// Sends what is due in this time, and waits for the last answers.
    pub(super) async fn visit(&mut self, time: Duration) -> Result<Visit, Error> {
        let mut tasks = JoinSet::new();
        let start = Instant::now();
        let period = Duration::from_secs(1) / self.rate;
        for visitor in self.all.drain(..) {
            let schedule = Schedule { next: start + period * visitor.number, period: period * VISITORS };
            tasks.spawn(visitor.visit(schedule, start + time));
        }
        let mut total = Visit::default();
        while let Some(joined) = tasks.join_next().await {
            let (visitor, visit) = joined.map_err(Error::Worker)??;
            self.all.push(visitor);
            total.latencies.extend(visit.latencies);
            total.errors += visit.errors;
            total.first_error = total.first_error.or(visit.first_error);
        }
        Ok(total)
    }
}

/// When one client's requests are due.
#[derive(Debug)]
struct Schedule {
    next: Instant,
    period: Duration,
}

impl Schedule {
    fn take(&mut self) -> Instant {
        let due = self.next;
        self.next += self.period;
        due
    }
}

#[derive(Debug)]
struct Visitor {
    endpoint: Endpoint,
    connection: Connection,
    number: u32,
    /// How many requests it has sent in all turns.
    sent: usize,
}

impl Visitor {
    async fn visit(mut self, mut schedule: Schedule, end: Instant) -> Result<(Self, Visit), Error> {
        let mut visit = Visit::default();
        loop {
            let due = schedule.take();
            if due >= end {
                return Ok((self, visit));
            }
            let is_late = due < Instant::now();
            sleep_until(due).await;
            let since = if is_late { due } else { Instant::now() };
            let call = call(self.number, self.sent);
            self.sent += 1;
            let answered = self.connection.send(&call).await;
            visit.latencies.push(since.elapsed());
            let is_lost = answered.is_err();
            if let Err(error) = answered.and_then(|answer| answer.accepted(&call)) {
                visit.errors += 1;
                visit.first_error.get_or_insert_with(|| chain(&error));
            }
            if is_lost {
                self.connection = self.endpoint.connect().await?;
            }
        }
    }
}

/// A client creates an object, reads it and replaces it, and goes on with the next.
fn call(visitor: u32, sent: usize) -> Call {
    let collection = format!("/api/v1/namespaces/{NAMESPACE}/configmaps");
    let name = format!("visitor-{visitor}-{}", sent / 3);
    let path = format!("{collection}/{name}");
    match sent % 3 {
        0 => Call::post(collection, &config_map(&name, 'a', DATA_BYTES)),
        1 => Call::get(path),
        _ => Call::put(path, &config_map(&name, 'b', DATA_BYTES)),
    }
}

/// An object that holds so many bytes.
pub(super) fn config_map(name: &str, letter: char, bytes: usize) -> Value {
    let text: String = std::iter::repeat_n(letter, bytes).collect();
    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": {"text": text}})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_is_created_read_and_replaced() {
        for (sent, method, name) in [
            (0, "POST", r#"visitor-7-0\""#),
            (1, "GET", "configmaps/visitor-7-0"),
            (2, "PUT", "configmaps/visitor-7-0"),
            (3, "POST", r#"visitor-7-1\""#),
        ] {
            let call = format!("{:?}", call(7, sent));
            assert!(call.contains(&format!("method: {method}")) && call.contains(name), "{call}");
        }
    }

    #[test]
    fn what_is_due_does_not_depend_on_answers() {
        let start = Instant::now();
        let mut schedule = Schedule { next: start, period: Duration::from_millis(32) };
        let dues = [schedule.take(), schedule.take(), schedule.take()];
        assert_eq!(dues.map(|due| (due - start).as_millis()), [0, 32, 64]);
    }
}

//! Everything that two watches saw, with the time of its arrival.

use std::time::Duration;

use serde_json::Value;
use tokio::time::{Instant, timeout};

use crate::check::{Failure, Outcome};
use crate::client::{Http, query};
use crate::fixture::text;
use crate::watch::{Event, Watch};

/// Longer than any life cycle here.
const WATCH_SECONDS: &str = "300";

/// The events of Kymas and of components.
pub(super) struct Record {
    watches: [Watch; 2],
    events: Vec<(Instant, Event)>,
}

impl Record {
    /// Watches two paths from this version on.
    pub(super) async fn open(http: &Http, paths: [&str; 2], version: &str) -> Outcome<Self> {
        let parameters = [("watch", "true"), ("resourceVersion", version), ("timeoutSeconds", WATCH_SECONDS)];
        let one = Watch::open(http.get(&query(paths[0], &parameters))).await?;
        let other = Watch::open(http.get(&query(paths[1], &parameters))).await?;
        Ok(Self { watches: [one, other], events: Vec::new() })
    }

    /// Records until this holds.
    pub(super) async fn until(
        &mut self,
        what: &str,
        limit: Duration,
        done: impl Fn(&Self) -> bool,
    ) -> Outcome {
        let deadline = Instant::now() + limit;
        while !done(self) {
            let left = deadline.saturating_duration_since(Instant::now());
            if !self.record(left).await? {
                let seen: Vec<String> = self.events.iter().map(|(_, event)| brief(event)).collect();
                return Err(Failure::new(what, format!("within {} s", limit.as_secs()), seen.join(", ")));
            }
        }
        Ok(())
    }

    /// Records until nothing has come for so long.
    pub(super) async fn until_quiet(&mut self, quiet: Duration) -> Outcome {
        while self.record(quiet).await? {}
        Ok(())
    }

    /// Records one event; false when none came in time.
    async fn record(&mut self, limit: Duration) -> Outcome<bool> {
        let [one, other] = &mut self.watches;
        let next = async {
            tokio::select! {
                biased;
                event = one.event() => event,
                event = other.event() => event,
            }
        };
        match timeout(limit, next).await {
            Ok(event) => {
                self.events.push((Instant::now(), event?));
                Ok(true)
            }
            Err(_) => Ok(false),
        }
    }

    fn of(&self, kind: &str, name: &str) -> Vec<(Instant, Value)> {
        let events = self.events.iter().filter(|(_, event)| {
            text(&event.object, "/kind") == kind && text(&event.object, "/metadata/name") == name
        });
        events.map(|(at, event)| (*at, event.object.clone())).collect()
    }

    /// The states of a Kyma, as they came.
    pub(super) fn kyma(&self, name: &str) -> Vec<(Instant, Value)> {
        self.of("Kyma", name)
    }

    /// The states of a component, as they came.
    pub(super) fn component(&self, name: &str) -> Vec<(Instant, Value)> {
        self.of("HelmComponent", name)
    }

    /// The stages of a component, as they came; the first state has none.
    pub(super) fn stages(&self, name: &str) -> Vec<String> {
        let states = self.component(name);
        let stages = states.iter().map(|(_, object)| text(object, "/status/status").to_owned());
        stages.filter(|stage| !stage.is_empty()).collect()
    }

    /// How many events there were.
    pub(super) fn len(&self) -> usize {
        self.events.len()
    }
}

fn brief(event: &Event) -> String {
    format!("{} {}", event.brief(), text(&event.object, "/status/status"))
}

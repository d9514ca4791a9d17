//! What only a further request can tell: the newest Event about what is in error, and where a fleet could be when it
//! is not here. All of it is a help; what cannot be had is left out.

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::future::join_all;
use jiff::Timestamp;
use k8s_openapi::api::core::v1::Event;
use kube::Client;
use kube::api::{Api, ListParams};
use kyma_inventory::conditions::bounded;
use tokio::time::{Instant, timeout};

use super::summary::{KymaReport, LastEvent, Summary};
use super::{Scope, read};

/// For how many Kymas in error the Events are asked for: as many requests are sent.
const EVENTS_OF: usize = 10;
/// The most Events about one object that are looked through.
const EVENTS_EACH: u32 = 100;
/// How long an answer is good for while the fleet is watched.
const FRESH: Duration = Duration::from_secs(10);
/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(2);

/// Asks, and remembers the answers for a while.
#[derive(Default)]
pub(super) struct Extras {
    /// By the Kymas' UIDs; [`EVENTS_OF`] at most.
    events: BTreeMap<String, Option<LastEvent>>,
    elsewhere: bool,
    asked: Option<Instant>,
    checked: Option<Instant>,
    stale_since: Option<Timestamp>,
}

impl Extras {
    /// Completes a summary.
    pub(super) async fn add(&mut self, client: &Client, summary: &mut Summary) {
        let stale = self.asked.is_none_or(|asked| asked.elapsed() >= FRESH);
        let in_error = &summary.errors[..summary.errors.len().min(EVENTS_OF)];
        let unknown = in_error.iter().any(|report| !self.events.contains_key(&report.uid));
        let lost = summary.kymas.total == 0 && summary.namespace.is_some();
        if stale || unknown {
            let asked = in_error.iter().map(async |report| {
                let newest = timeout(PATIENCE, newest(client, report)).await;
                (report.uid.clone(), newest.ok().flatten())
            });
            self.events = join_all(asked).await.into_iter().collect();
            self.elsewhere = lost && timeout(PATIENCE, read::anywhere(client)).await.unwrap_or(false);
            self.asked = Some(Instant::now());
        }
        summary.elsewhere = lost && self.elsewhere;
        for report in summary.errors.iter_mut().chain(&mut summary.selected) {
            report.last_event = self.events.get(&report.uid).cloned().flatten();
        }
    }
}

impl Extras {
    /// Marks a summary of a watch that may have been lost: the informers try for ever and only log why, which nobody
    /// sees behind a picture.
    pub(super) async fn check(&mut self, client: &Client, scope: &Scope, summary: &mut Summary) {
        if self.checked.is_none_or(|checked| checked.elapsed() >= FRESH) {
            let answered = matches!(timeout(PATIENCE, read::probe(client, scope)).await, Ok(Ok(())));
            self.stale_since = if answered { None } else { self.stale_since.or(Some(summary.time)) };
            self.checked = Some(Instant::now());
        }
        summary.stale_since = self.stale_since;
    }
}

/// The newest Event about a Kyma, found as `kubectl describe` finds it.
async fn newest(client: &Client, kyma: &KymaReport) -> Option<LastEvent> {
    let api: Api<Event> = Api::namespaced(client.clone(), &kyma.namespace);
    let about = format!("involvedObject.uid={},involvedObject.name={}", kyma.uid, kyma.name);
    let listed = api.list(&ListParams::default().fields(&about).limit(EVENTS_EACH)).await;
    match listed {
        Ok(events) => events.items.into_iter().map(last_event).max_by_key(|event| event.time),
        Err(error) => {
            tracing::debug!("no Events about {}: {error}", kyma.name);
            None
        }
    }
}

fn last_event(event: Event) -> LastEvent {
    LastEvent {
        time: seen(&event),
        kind: event.type_.unwrap_or_default(),
        reason: bounded(event.reason.unwrap_or_default()),
        message: bounded(event.message.unwrap_or_default()),
        count: event.series.and_then(|series| series.count).or(event.count).unwrap_or(1).max(1),
    }
}

/// When it was seen last, wherever that is written: there are two generations of Events.
fn seen(event: &Event) -> Option<Timestamp> {
    let series = event.series.as_ref().and_then(|series| series.last_observed_time.as_ref());
    series
        .map(|time| time.0)
        .or_else(|| event.last_timestamp.as_ref().map(|time| time.0))
        .or_else(|| event.event_time.as_ref().map(|time| time.0))
        .or_else(|| event.metadata.creation_timestamp.as_ref().map(|time| time.0))
}

//! Users who edit their Kymas, and look when the component shows it.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval};

use crate::client::{Call, Connection, Endpoint, Watch};
use crate::error::{Error, within};
use crate::fleet_watch::{FleetWatch, Since, resource_version};
use crate::install::{self, collection};

/// Where their Kymas are.
const NAMESPACE: &str = "users";
/// How many they are. Each has one component, with the shortest name.
const USERS: usize = 20;
/// With its number behind it, what an edit sets.
const PREFIX: &str = "edit-";
/// How often one of them edits.
const PERIOD: Duration = Duration::from_millis(250);
/// How many events may wait to be looked at: many times what comes between two edits.
const WAITING_MAX: usize = 4096;
/// How long the first Kymas, and later the last edits, may take: far more than they should.
const LIMIT: Duration = Duration::from_secs(120);

/// Users with a Kyma each that has arrived.
#[derive(Debug)]
pub(super) struct Users {
    connection: Connection,
    /// The target namespaces of components, as they come.
    shown: mpsc::Receiver<Result<Shown, Error>>,
    /// Dropped with this, and so is the watch.
    _watch: JoinSet<()>,
}

impl Users {
    /// Creates their Kymas, and waits until they have arrived.
    pub(super) async fn create(endpoint: &Endpoint) -> Result<Self, Error> {
        install::namespace(endpoint, NAMESPACE).await?;
        let mut watch = FleetWatch::attach_in(endpoint, Some(NAMESPACE), Since::Now).await?;
        let mut connection = endpoint.connect().await?;
        for user in 0..USERS {
            let body = json!({
                "apiVersion": install::GROUP_VERSION, "kind": "Kyma", "metadata": {"name": name(user)}, "spec": with_namespace(""),
            });
            connection.accepted(&Call::post(collection(Some(NAMESPACE), "kymas"), &body)).await?;
        }
        within(LIMIT, "the users' Kymas", watch.done(USERS, USERS)).await?;
        let path = collection(Some(NAMESPACE), "helmcomponents");
        let version = resource_version(endpoint, &path).await?;
        let watch = Watch::open(endpoint, &path, &version).await?;
        let (sender, shown) = mpsc::channel(WAITING_MAX);
        let mut tasks = JoinSet::new();
        tasks.spawn(follow(watch, sender));
        Ok(Users { connection, shown, _watch: tasks })
    }

    /// Lets one of them after the other edit, for so long. Returns how long each waited until its component showed the edit, in
    /// increasing order.
    pub(super) async fn edit(&mut self, time: Duration) -> Result<Vec<Duration>, Error> {
        let mut waiting = Waiting::default();
        let mut ticks = interval(PERIOD);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let began = Instant::now();
        let mut number = 0;
        while began.elapsed() < time {
            tokio::select! {
                shown = self.shown.recv() => waiting.shown(&shown.ok_or(Error::WatchesEnded)??),
                _ = ticks.tick() => {
                    let namespace = format!("{PREFIX}{number}");
                    let path = format!("{}/{}", collection(Some(NAMESPACE), "kymas"), name(number % USERS));
                    let call = Call::merge_patch(path, &json!({ "spec": with_namespace(&namespace) }));
                    waiting.edited.insert(number, Instant::now());
                    self.connection.accepted(&call).await?;
                    number += 1;
                }
            }
        }
        let last = async {
            while !waiting.edited.is_empty() {
                waiting.shown(&self.shown.recv().await.ok_or(Error::WatchesEnded)??);
            }
            Ok(())
        };
        within(LIMIT, "the last edits", last).await?;
        waiting.waited.sort_unstable();
        Ok(waiting.waited)
    }
}

/// What a component is seen to say, and when.
#[derive(Debug)]
struct Shown {
    namespace: String,
    at: Instant,
}

/// Edits that no component shows yet, and how long others took.
#[derive(Debug, Default)]
struct Waiting {
    /// When each was made, by its number.
    edited: BTreeMap<usize, Instant>,
    waited: Vec<Duration>,
}

impl Waiting {
    /// A component shows an edit; so it does those that its user made before, and that were passed over.
    fn shown(&mut self, shown: &Shown) {
        let number = shown.namespace.strip_prefix(PREFIX).and_then(|number| number.parse::<usize>().ok());
        let Some(number) = number else { return };
        let of_this_user = |edit: &usize| edit % USERS == number % USERS;
        let answered: Vec<usize> =
            self.edited.range(..=number).map(|(edit, _)| *edit).filter(of_this_user).collect();
        for edit in answered {
            let edited = self.edited.remove(&edit);
            self.waited.extend(edited.map(|since| shown.at.saturating_duration_since(since)));
        }
    }
}

fn name(user: usize) -> String {
    format!("user-{user}")
}

fn with_namespace(namespace: &str) -> Value {
    json!({ "components": [{ "name": "a", "namespace": namespace }] })
}

#[derive(Deserialize)]
struct Component {
    spec: Spec,
}

#[derive(Deserialize)]
struct Spec {
    #[serde(default)]
    namespace: String,
}

/// Tells what components say, until nobody wants to know.
async fn follow(mut watch: Watch, shown: mpsc::Sender<Result<Shown, Error>>) {
    loop {
        let next = next(&mut watch).await;
        let failed = next.is_err();
        if shown.send(next).await.is_err() || failed {
            return;
        }
    }
}

async fn next(watch: &mut Watch) -> Result<Shown, Error> {
    let line = watch.next().await?.ok_or(Error::WatchesEnded)?;
    let at = Instant::now();
    let event = watch.event(&line)?;
    let component: Component = serde_json::from_str(event.object.get())
        .map_err(|source| Error::ParseAnswer { path: NAMESPACE.to_owned(), source })?;
    Ok(Shown { namespace: component.spec.namespace, at })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_edit_that_was_passed_over_ends_with_the_next_one_of_its_user() {
        let began = Instant::now();
        let mut waiting = Waiting::default();
        for number in [1, 2, 1 + USERS, 1 + 2 * USERS] {
            waiting.edited.insert(number, began);
        }
        let mut show = |namespace: String, second| {
            let at = began + Duration::from_secs(second);
            waiting.shown(&Shown { namespace, at });
            (waiting.waited.len(), waiting.edited.len())
        };
        assert_eq!(show("elsewhere".to_owned(), 1), (0, 4));
        assert_eq!(show(format!("{PREFIX}{}", 1 + USERS), 3), (2, 2));
        assert_eq!(show(format!("{PREFIX}{}", 1 + USERS), 4), (2, 2), "it is said again");
        assert_eq!(show(format!("{PREFIX}2"), 5), (3, 1));
        assert_eq!(waiting.waited, [3, 3, 5].map(Duration::from_secs));
    }
}

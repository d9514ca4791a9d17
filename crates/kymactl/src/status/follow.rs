//! Carries it out: once, or for as long as somebody watches.

use std::sync::Arc;
use std::time::Duration;

use kube::Client;
use kube::api::Api;
use kyma_controller::{Clock, FastRandom, InformerOptions, Manager, Metrics, Shutdown};
use kyma_inventory::{HelmComponent, Kyma};
use tokio::time::sleep;

use super::display::{Display, Pace, Reader};
use super::extras::Extras;
use super::records::Feed;
use super::summary::Summary;
use super::{Scope, read};
use crate::exit::Failure;

/// The time between two pictures, at the least.
const PERIOD: Duration = Duration::from_secs(1);

/// Whom to ask about what, and what time it is.
pub(crate) struct Surroundings<'a> {
    /// A client of the cluster.
    pub(crate) client: &'a Client,
    /// Which part of the fleet.
    pub(crate) scope: &'a Scope,
    /// The wall clock; ages are told by it.
    pub(crate) clock: &'a dyn Clock,
}

/// Lists the fleet and shows it.
///
/// # Errors
/// When it cannot be listed or shown, or a Kyma that was asked for by name is not there.
pub(crate) async fn once(around: Surroundings<'_>, display: &mut Display) -> Result<Summary, Failure> {
    let feed = read::all(around.client, around.scope).await?;
    let mut summary = Summary::of(&feed.records(), display.shown(), around.clock.now());
    check_names(&summary, around.scope)?;
    Extras::default().add(around.client, &mut summary).await;
    display.show(&summary)?;
    Ok(summary)
}

/// Shows the fleet until `stop` drains or the reader goes away. Returns the last summary that was shown.
///
/// # Errors
/// When the fleet cannot be read at the start or shown, or a Kyma that was asked for by name is not there.
pub(crate) async fn follow(
    around: Surroundings<'_>,
    display: &mut Display,
    stop: &Shutdown,
) -> Result<Summary, Failure> {
    read::probe(around.client, around.scope).await?;
    let feed = Feed::new(around.scope.clone());
    let (drain, ended) = kyma_controller::shutdown::channel();
    let watches = async {
        let manager = manager(around.client, around.scope, &feed);
        manager.run(ended).await.map_err(|error| Failure::of(&error))
    };
    let story = async {
        let told = tell(&around, &feed, display, stop).await;
        drain.begin();
        let summary = told?;
        display.finish(&summary)?;
        Ok::<_, Failure>(summary)
    };
    tokio::try_join!(watches, story).map(|((), summary)| summary)
}

fn manager(client: &Client, scope: &Scope, feed: &Feed) -> Manager {
    let mut manager = Manager::new(Metrics::new(), Arc::new(FastRandom::from_entropy()));
    manager.inform(api::<Kyma>(client, scope), InformerOptions::default(), feed.clone());
    manager.inform(api::<HelmComponent>(client, scope), InformerOptions::default(), feed.clone());
    manager
}

fn api<K>(client: &Client, scope: &Scope) -> Api<K>
where
    K: kube::Resource<DynamicType = (), Scope = kube::core::NamespaceResourceScope>,
{
    match &scope.namespace {
        Some(namespace) => Api::namespaced(client.clone(), namespace),
        None => Api::all(client.clone()),
    }
}

async fn tell(
    around: &Surroundings<'_>,
    feed: &Feed,
    display: &mut Display,
    stop: &Shutdown,
) -> Result<Summary, Failure> {
    tokio::select! {
        biased;
        () = stop.draining() => {
            return Err(Failure::text("ended before the fleet was listed"));
        }
        () = feed.complete() => {}
    }
    let (mut extras, mut changes, mut first) = (Extras::default(), feed.changes(), true);
    loop {
        changes.mark_unchanged();
        let mut summary = Summary::of(&feed.records(), display.shown(), around.clock.now());
        if std::mem::take(&mut first) {
            check_names(&summary, around.scope)?;
        }
        extras.add(around.client, &mut summary).await;
        extras.check(around.client, around.scope, &mut summary).await;
        if display.show(&summary)? == Reader::Gone {
            return Ok(summary);
        }
        let pause = async {
            sleep(PERIOD).await;
            if display.pace() == Pace::OnChange {
                // The sender lives in `feed`; were it gone, there would be nothing left to wait for.
                let _ = changes.changed().await;
            }
        };
        tokio::select! {
            biased;
            () = stop.draining() => return Ok(summary),
            () = pause => {}
        }
    }
}

/// Refuses names that nobody has.
fn check_names(summary: &Summary, scope: &Scope) -> Result<(), Failure> {
    let found = |name: &str| summary.selected.iter().any(|report| report.name == name);
    let lost: Vec<String> =
        scope.names.iter().filter(|name| !found(name)).map(|name| format!("{name:?}")).collect();
    if lost.is_empty() {
        return Ok(());
    }
    let kind = read::resource::<Kyma>();
    Err(Failure::text(format!("{kind} {} not found in {}", lost.join(", "), scope.place())))
}

//! Clients that ask for a large list, take its beginning, and leave the rest where it is.

use http::StatusCode;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until, timeout_at};

use super::Scene;
use super::watchers::RECEIVE_BYTES;
use crate::client::{Call, Job};
use crate::error::Error;
use crate::scenario::attack::visitors::config_map;

/// Where the list is.
pub(in super::super) const LIST_NAMESPACE: &str = "attackers-list";
/// What each of its objects holds.
const DATA_BYTES: usize = 4096;

/// Makes the objects that are listed.
#[derive(Debug)]
pub(in super::super) struct Listed;

impl Job for Listed {
    fn call(&self, i: usize) -> Call {
        Call::post(configmaps(), &config_map(&format!("listed-{i}"), 'l', DATA_BYTES))
    }
}

/// Asks over and over: who does not read in time hangs up and comes again, so that the server has to make the list anew.
pub(super) async fn run(scene: &Scene) -> Result<(), Error> {
    let apart = scene.size.list_hold / scene.size.listers.max(1);
    let start = Instant::now();
    let mut tasks = JoinSet::new();
    for lister in 0..scene.size.listers {
        tasks.spawn(ask(scene.clone(), start + apart * lister));
    }
    while let Some(joined) = tasks.join_next().await {
        joined.map_err(Error::Worker)?;
    }
    Ok(())
}

async fn ask(scene: Scene, start: Instant) {
    let mut next = start;
    loop {
        sleep_until(next).await;
        next = Instant::now() + scene.size.list_hold;
        let opened = scene.endpoint.connect_raw(Some(RECEIVE_BYTES)).await;
        let Some(mut raw) = scene.tally.opened(opened) else { continue };
        match timeout_at(next, raw.get(&configmaps())).await {
            Ok(Ok(StatusCode::OK)) => {
                scene.tally.held();
                sleep_until(next).await;
            }
            Ok(answer) => scene.tally.answered(&answer),
            Err(_) => scene.tally.waited(),
        }
    }
}

fn configmaps() -> String {
    format!("/api/v1/namespaces/{LIST_NAMESPACE}/configmaps")
}

//! Watchers that read the beginning of the answer, and no event.

use tokio::task::JoinSet;
use tokio::time::interval;

use super::Scene;
use crate::error::Error;

/// What is busy: all that the well-behaved clients write.
const PATH: &str = "/api/v1/configmaps?watch=true";
/// What the system may take for one of them; else it is the system that holds megabytes, and the server has none.
pub(super) const RECEIVE_BYTES: u32 = 16 * 1024;

/// Opens them one after the other, and never reads.
pub(super) async fn run(scene: &Scene) -> Result<(), Error> {
    let mut pace = interval(scene.size.pace(scene.size.watchers));
    let mut tasks = JoinSet::new();
    for _ in 0..scene.size.watchers {
        pace.tick().await;
        tasks.spawn(watch(scene.clone()));
    }
    while let Some(joined) = tasks.join_next().await {
        joined.map_err(Error::Worker)?;
    }
    std::future::pending().await
}

async fn watch(scene: Scene) {
    let opened = scene.endpoint.connect_raw(Some(RECEIVE_BYTES)).await;
    let Some(mut raw) = scene.tally.opened(opened) else { return };
    let answer = raw.get(PATH).await;
    if !answer.as_ref().is_ok_and(http::StatusCode::is_success) {
        return scene.tally.answered(&answer);
    }
    scene.tally.held();
    std::future::pending::<()>().await;
}

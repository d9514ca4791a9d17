//! Connections on which nothing is ever sent.

use tokio::task::JoinSet;
use tokio::time::interval;

use super::Scene;
use crate::client::Raw;
use crate::error::Error;

/// Connections without even the beginning of TLS.
pub(super) async fn without_tls(scene: &Scene) -> Result<(), Error> {
    let open = |scene: Scene| async move { scene.endpoint.connect_silent().await };
    hold(scene, scene.size.connections, open).await
}

/// Connections with TLS, and no request.
pub(super) async fn without_request(scene: &Scene) -> Result<(), Error> {
    let open = |scene: Scene| async move { scene.endpoint.connect_raw(None).await };
    hold(scene, scene.size.connections, open).await
}

/// Opens so many connections one after the other, and lets go of none before the server does.
async fn hold<F>(scene: &Scene, many: u32, open: fn(Scene) -> F) -> Result<(), Error>
where
    F: Future<Output = Result<Raw, Error>> + Send + 'static,
{
    let mut pace = interval(scene.size.pace(many));
    let mut tasks = JoinSet::new();
    for _ in 0..many {
        pace.tick().await;
        let scene = scene.clone();
        tasks.spawn(async move {
            if let Some(mut raw) = scene.tally.opened(open(scene.clone()).await) {
                scene.tally.held();
                raw.closed().await;
                scene.tally.closed();
            }
        });
    }
    while let Some(joined) = tasks.join_next().await {
        joined.map_err(Error::Worker)?;
    }
    std::future::pending().await
}

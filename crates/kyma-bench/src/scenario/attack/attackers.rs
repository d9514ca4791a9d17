//! The attackers: on a thread of their own, so that the well-behaved clients do not wait for them in this process, and
//! behind all others, since attackers have machines of their own.

mod bodies;
mod lists;
mod silent;
mod tally;
mod watchers;

use std::sync::Arc;

use tokio::runtime;
use tokio::sync::oneshot;

use super::kind::{Attack, Size};
use crate::client::Endpoint;
use crate::error::Error;
pub(super) use lists::{LIST_NAMESPACE, Listed};
use tally::Tallied;
pub(super) use tally::Tally;

/// Where those that write do it.
pub(super) const NAMESPACE: &str = "attackers";

/// The nicest that a thread can be.
const NICE: i32 = 19;

/// What all attackers of a turn have in common.
#[derive(Debug, Clone)]
struct Scene {
    endpoint: Endpoint,
    size: Size,
    tally: Arc<Tallied>,
}

/// Attackers at work; they end when this is dropped.
#[derive(Debug)]
pub(super) struct Attackers {
    stop: oneshot::Sender<()>,
    ended: oneshot::Receiver<Result<Tally, Error>>,
}

impl Attackers {
    /// Begins.
    pub(super) fn start(attack: Attack, endpoint: &Endpoint, size: &Size) -> Result<Self, Error> {
        let runtime =
            runtime::Builder::new_current_thread().enable_all().build().map_err(Error::StartAttackers)?;
        let scene = Scene { endpoint: endpoint.clone(), size: size.clone(), tally: Arc::default() };
        let (stop, stopped) = oneshot::channel();
        let (tell, ended) = oneshot::channel();
        let work = move || {
            // What counts is how much of its machine the server gives them, not how much of it they take by being here.
            let _ = rustix::process::setpriority_process(None, NICE);
            let done = runtime.block_on(async {
                tokio::select! {
                    biased;
                    _ = stopped => Ok(()),
                    failed = run(attack, &scene) => failed,
                }
            });
            // Their connections end before anybody hears of it: what comes next is to be quiet.
            drop(runtime);
            // Where nobody waits any more, nobody wants to know.
            let _ = tell.send(done.map(|()| scene.tally.total()));
        };
        let thread = std::thread::Builder::new().name("attackers".to_owned()).spawn(work);
        thread.map_err(Error::StartAttackers)?;
        Ok(Attackers { stop, ended })
    }

    /// Ends, and says what they got.
    pub(super) async fn stop(self) -> Result<Tally, Error> {
        drop(self.stop);
        self.ended.await.map_err(|_| Error::AttackersGone)?
    }
}

/// Attacks until it is dropped.
async fn run(attack: Attack, scene: &Scene) -> Result<(), Error> {
    match attack {
        Attack::Nobody => std::future::pending().await,
        Attack::SilentTcp => silent::without_tls(scene).await,
        Attack::SilentTls => silent::without_request(scene).await,
        Attack::DeafWatchers => watchers::run(scene).await,
        Attack::LargeBodies => bodies::too_large(scene).await,
        Attack::ManyLabels => bodies::many_labels(scene).await,
        Attack::UnreadLists => lists::run(scene).await,
    }
}

#[cfg(test)]
pub(super) mod tests;

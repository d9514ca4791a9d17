//! Watches a fleet from outside: what the operator writes, and when the last "success" is there.

mod tally;

use std::borrow::Cow;
use std::time::{Duration, Instant};

use serde::Deserialize;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::client::{Call, Endpoint, Watch};
use crate::error::Error;
use crate::install::collection;
pub(crate) use tally::{Change, Resource, Seen, Tally};

/// How many events may wait to be counted; more, and the watches wait.
const WAITING_MAX: usize = 4096;
/// How often a watch of a kind that is not served yet is tried again.
const RETRY: Duration = Duration::from_millis(10);

/// From where the watches begin.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Since {
    /// The server's first change: for one that was just started, and whose fleet may be ahead of its watchers.
    Start,
    /// Now: what is there already is not counted.
    Now,
}

/// Two running watches and what they have counted.
#[derive(Debug)]
pub(crate) struct FleetWatch {
    events: mpsc::Receiver<Result<Seen, Error>>,
    tally: Tally,
    /// Dropped with this, and so are the watches.
    _tasks: JoinSet<()>,
}

impl FleetWatch {
    /// Begins to watch both kinds, waiting until they are served.
    pub(crate) async fn attach(endpoint: &Endpoint, since: Since) -> Result<Self, Error> {
        Self::attach_in(endpoint, None, since).await
    }

    /// The same in one namespace, or all.
    pub(crate) async fn attach_in(
        endpoint: &Endpoint,
        namespace: Option<&str>,
        since: Since,
    ) -> Result<Self, Error> {
        let (sender, events) = mpsc::channel(WAITING_MAX);
        let mut tasks = JoinSet::new();
        for resource in [Resource::Kymas, Resource::Components] {
            let path = collection(namespace, resource.plural());
            let version = match since {
                Since::Start => start_version(endpoint).await?,
                Since::Now => resource_version(endpoint, &path).await?,
            };
            let watch = open(endpoint, &path, &version).await?;
            let follower =
                Follower { endpoint: endpoint.clone(), path, resource, version, sender: sender.clone() };
            tasks.spawn(follower.run(watch));
        }
        Ok(FleetWatch { events, tally: Tally::default(), _tasks: tasks })
    }

    /// What was seen so far.
    pub(crate) fn tally(&self) -> &Tally {
        &self.tally
    }

    /// Waits until so many Kymas and components are "success".
    pub(crate) async fn done(&mut self, kymas: usize, components: usize) -> Result<(), Error> {
        while !self.tally.is_done(kymas, components) {
            let seen = self.events.recv().await.ok_or(Error::WatchesEnded)??;
            self.tally.see(&seen);
        }
        Ok(())
    }

    /// Goes on for a while: a write that comes after the end would be one too many.
    pub(crate) async fn linger(&mut self, time: Duration) -> Result<(), Error> {
        let work = async {
            loop {
                let seen = self.events.recv().await.ok_or(Error::WatchesEnded)??;
                self.tally.see(&seen);
            }
        };
        timeout(time, work).await.unwrap_or(Ok(()))
    }
}

/// Opens a watch; a kind that is not served yet is asked for again.
async fn open(endpoint: &Endpoint, path: &str, version: &str) -> Result<Watch, Error> {
    loop {
        match Watch::open(endpoint, path, version).await {
            Err(Error::Refused { status, .. }) if status == http::StatusCode::NOT_FOUND => sleep(RETRY).await,
            opened => return opened,
        }
    }
}

/// The version at which a fresh server was ready: that of the last object that it makes for itself. What is older is out of
/// its history.
async fn start_version(endpoint: &Endpoint) -> Result<String, Error> {
    resource_version(endpoint, "/api/v1/namespaces/default/services/kubernetes").await
}

/// The version of a collection or an object as it is now.
pub(crate) async fn resource_version(endpoint: &Endpoint, path: &str) -> Result<String, Error> {
    #[derive(Deserialize)]
    struct List {
        metadata: ListMetadata,
    }
    #[derive(Deserialize)]
    struct ListMetadata {
        #[serde(rename = "resourceVersion")]
        resource_version: String,
    }
    let answer = endpoint.connect().await?.accepted(&Call::get(format!("{path}?limit=1"))).await?;
    answer.json::<List>(path).map(|list| list.metadata.resource_version)
}

#[derive(Deserialize)]
struct Metadata<'a> {
    #[serde(default, borrow)]
    name: Cow<'a, str>,
    #[serde(rename = "resourceVersion", borrow)]
    resource_version: Cow<'a, str>,
}

#[derive(Deserialize)]
struct Object<'a> {
    #[serde(borrow)]
    metadata: Metadata<'a>,
    #[serde(default, borrow)]
    status: Option<Status<'a>>,
}

#[derive(Deserialize)]
struct Status<'a> {
    #[serde(default, borrow)]
    status: Option<Cow<'a, str>>,
}

/// Follows one resource as long as somebody counts.
struct Follower {
    endpoint: Endpoint,
    path: String,
    resource: Resource,
    version: String,
    sender: mpsc::Sender<Result<Seen, Error>>,
}

impl Follower {
    async fn run(mut self, watch: Watch) {
        if let Err(error) = self.follow(watch).await {
            // Where nobody counts any more nobody is to be told.
            let _ = self.sender.send(Err(error)).await;
        }
    }

    async fn follow(&mut self, mut watch: Watch) -> Result<(), Error> {
        loop {
            while let Some(line) = watch.next().await? {
                let at = Instant::now();
                let event = watch.event(&line)?;
                let Some(change) = Change::parse(&event.kind) else { continue };
                let object: Object<'_> = serde_json::from_str(event.object.get())
                    .map_err(|source| Error::ParseAnswer { path: self.path.clone(), source })?;
                self.version = object.metadata.resource_version.into_owned();
                let status = object.status.and_then(|status| status.status);
                let seen = Seen {
                    resource: self.resource,
                    change,
                    name: object.metadata.name.into_owned(),
                    success: status.as_deref() == Some("success"),
                    at,
                };
                if self.sender.send(Ok(seen)).await.is_err() {
                    return Ok(());
                }
            }
            // A server may end a watch whenever it likes; the next one begins where this one ended.
            watch = open(&self.endpoint, &self.path, &self.version).await?;
        }
    }
}

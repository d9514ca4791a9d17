//! The operator's settings.

use std::time::Duration;

use kyma_controller::{ElectorOptions, Fence, SharderOptions};
use kyma_workqueue::LimiterOptions;

/// What can be set; the defaults are those of the proof of concept.
#[derive(Clone, Debug)]
pub struct Config {
    /// The only namespace to look at; all when there is none.
    pub namespace: Option<String>,
    /// How many keys each controller works on at a time.
    pub concurrency: usize,
    /// How often each object is looked at though nothing is known to have changed; never when zero.
    pub sync_period: Duration,
    /// How long progress of a Kyma waits for more progress before it is written.
    pub status_interval: Duration,
    /// How long retries wait.
    pub limiter: LimiterOptions,
    /// How it stands to other replicas.
    pub replicas: Replicas,
}

/// How a process stands to others that run the same operator.
#[derive(Clone, Debug, Default)]
pub enum Replicas {
    /// There are no others.
    #[default]
    Alone,
    /// One acts, while it holds a Lease.
    OneActs(ElectorOptions),
    /// All act, each upon a part of the fleet.
    Share(SharderOptions),
}

impl Replicas {
    /// What the client needs, so that a process that has lost its Lease sends nothing more.
    #[must_use]
    pub fn fence(&self) -> Option<&Fence> {
        match self {
            Self::Alone => None,
            Self::OneActs(options) => Some(&options.fence),
            Self::Share(options) => Some(&options.fence),
        }
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            namespace: None,
            concurrency: 10,
            sync_period: Duration::from_secs(10 * 60 * 60),
            status_interval: Duration::from_secs(1),
            limiter: LimiterOptions::default(),
            replicas: Replicas::Alone,
        }
    }
}

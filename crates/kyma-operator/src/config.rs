//! The operator's settings.

use std::time::Duration;

use kyma_controller::ElectorOptions;
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
    /// The Lease to be held while it acts; none where there is one replica. The client must have its fence.
    pub election: Option<ElectorOptions>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            namespace: None,
            concurrency: 10,
            sync_period: Duration::from_secs(10 * 60 * 60),
            status_interval: Duration::from_secs(1),
            limiter: LimiterOptions::default(),
            election: None,
        }
    }
}

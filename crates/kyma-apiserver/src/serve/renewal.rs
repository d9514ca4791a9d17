//! Renewing certificates while the server runs.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use kyma_store::Clock;
use tokio::time::sleep;

use super::identity::Identity;
use super::kubeconfig::Kubeconfig;
use super::tls::Tls;

/// The clock is looked at so often, however far the next renewal is: somebody may set it.
const LONGEST_SLEEP: Duration = Duration::from_secs(24 * 3600);
/// After a failure, such as a full disk, it is tried again. A third of the certificate's life is left for that.
const RETRY: Duration = Duration::from_secs(3600);

/// Renews for ever what is due. Files are written where it stands: a few of some hundred bytes, every eight months.
pub(super) async fn run(
    identity: &mut Identity,
    tls: &Tls,
    clock: &Arc<dyn Clock>,
    kubeconfig: Option<&Kubeconfig>,
) -> Infallible {
    let mut behind = false;
    loop {
        let wait = clock.now().duration_until(identity.next_renewal());
        // A due renewal waits a moment as well, so that a clock gone wild makes no hot loop.
        let wait = Duration::try_from(wait).unwrap_or_default().clamp(Duration::from_secs(1), LONGEST_SLEEP);
        sleep(if behind { RETRY } else { wait }).await;
        if !behind && clock.now() < identity.next_renewal() {
            continue;
        }
        match renew(identity, tls, clock, kubeconfig) {
            Ok(()) => {
                behind = false;
                tracing::info!(next = %identity.next_renewal(), "the server's certificates were renewed");
            }
            Err(error) => {
                // All of it again: the certificates may be new and the kubeconfig not.
                behind = true;
                let error: &dyn std::error::Error = &*error;
                tracing::error!(
                    error,
                    "the server's certificates could not be renewed, it is tried again in an hour"
                );
            }
        }
    }
}

fn renew(
    identity: &mut Identity,
    tls: &Tls,
    clock: &Arc<dyn Clock>,
    kubeconfig: Option<&Kubeconfig>,
) -> Result<(), tower::BoxError> {
    identity.renew(clock.now())?;
    tls.show(identity)?;
    if let Some(kubeconfig) = kubeconfig {
        kubeconfig.write(identity)?;
    }
    Ok(())
}

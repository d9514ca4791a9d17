//! Which signals end a command: SIGINT and SIGTERM, and SIGHUP where nobody has said that it is to be ignored.

use kyma_controller::{Drain, shutdown};

/// Ends what runs at the first signal, and cuts it off at the second.
pub(crate) fn end_on(drain: Drain) {
    #[cfg(unix)]
    tokio::spawn(on_hangup(drain.clone()));
    tokio::spawn(shutdown::on_signals(drain));
}

/// The terminal has closed, and nobody is left to see how it goes on.
#[cfg(unix)]
async fn on_hangup(drain: Drain) {
    use tokio::signal::unix::{SignalKind, signal};

    if is_hangup_ignored() {
        return;
    }
    let mut hangups = match signal(SignalKind::hangup()) {
        Ok(hangups) => hangups,
        Err(error) => return tracing::warn!(%error, "SIGHUP will end the process at once"),
    };
    hangups.recv().await;
    tracing::info!("the terminal has closed: shutting down");
    drain.begin();
    hangups.recv().await;
    drain.abort();
}

/// Whether `nohup` or a service manager has switched SIGHUP off: a handler would switch it on again. Where the system does
/// not say, it is left as it is.
#[cfg(unix)]
fn is_hangup_ignored() -> bool {
    std::fs::read_to_string("/proc/self/status").map_or(true, |status| ignores_hangup(&status))
}

#[cfg(unix)]
fn ignores_hangup(status: &str) -> bool {
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    // SIGHUP is number 1, in the lowest bit.
    mask.is_none_or(|mask| mask & 1 == 1)
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;

    #[test]
    fn what_is_ignored_is_read_from_the_mask() {
        let status = |mask: &str| format!("Name:\tkymactl\nSigBlk:\t0000000000000001\nSigIgn:\t{mask}\n");
        assert!(ignores_hangup(&status("0000000000000001")));
        assert!(ignores_hangup(&status("0000000000001003")));
        assert!(!ignores_hangup(&status("0000000000001000")));
        assert!(ignores_hangup("Name:\tkymactl\n"), "left as it is");
    }
}

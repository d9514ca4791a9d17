//! How much memory an attack may cost the server, from the limits that it has by default.
//!
//! The limits are read from what `kymactl apiserver --help` says, so that a table never states a bound that the binary
//! does not have.

use super::kind::{Attack, Size};
use crate::error::Error;

const KIB: u64 = 1024;
/// What a silent connection costs before its handshake and after it, as the server's `ConnectionLimits` say.
const TCP_BYTES: u64 = 15 * KIB;
const TLS_BYTES: u64 = 35 * KIB;
/// What a watcher that does not read holds besides. HTTP keeps 64 KiB and the 16 KiB that came when there was still room,
/// which are parts of four pieces of 32 KiB and an object each; TLS keeps as much as HTTP.
const WATCH_BYTES: u64 = (4 * 40 + 64 + 16) * KIB;
/// What a write of a well-behaved client costs: the object or the event, twice its bytes in this size.
const WRITE_BYTES: u64 = 4 * KIB;
/// Two of three requests write.
const WRITES_OF: (u32, u32) = (2, 3);

/// The limits that bound memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Limits {
    body_bytes: u64,
    bodies_bytes: u64,
    answers_bytes: u64,
}

/// A bound, and what it is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Bound {
    pub(super) bytes: u64,
    pub(super) made_of: String,
}

impl Limits {
    /// Reads the defaults from the help of `kymactl apiserver`.
    pub(super) fn parse(help: &str) -> Result<Self, Error> {
        let default =
            |flag| default(help, flag).ok_or(Error::NoDefault { command: "apiserver --help", flag });
        Ok(Limits {
            body_bytes: default("--max-body-bytes")?,
            bodies_bytes: default("--max-body-bytes-inflight")?,
            answers_bytes: default("--max-response-bytes-inflight")?,
        })
    }

    /// What `attack` may cost, besides what others write during `turns` turns.
    pub(super) fn bound(&self, attack: Attack, size: &Size, turns: u32) -> Bound {
        let connections = |many: u32, bytes: u64| u64::from(many) * bytes;
        let (bytes, made_of) = match attack {
            Attack::Nobody => (0, "nothing".to_owned()),
            Attack::SilentTcp => {
                (connections(size.connections, TCP_BYTES), format!("{} × 15 KiB", size.connections))
            }
            Attack::SilentTls => {
                (connections(size.connections, TLS_BYTES), format!("{} × 35 KiB", size.connections))
            }
            Attack::DeafWatchers => (
                connections(size.watchers, TLS_BYTES + WATCH_BYTES),
                format!("{} × (35 KiB + 240 KiB of buffers)", size.watchers),
            ),
            Attack::LargeBodies => (
                self.bodies_bytes + connections(size.senders, TLS_BYTES),
                "`--max-body-bytes-inflight`".to_owned(),
            ),
            // What the attackers create, one object each, is theirs to keep.
            Attack::ManyLabels => (
                self.bodies_bytes + connections(size.senders, self.body_bytes),
                format!("`--max-body-bytes-inflight`, {} stored objects", size.senders),
            ),
            Attack::UnreadLists => (
                self.answers_bytes + connections(size.listers, TLS_BYTES),
                "`--max-response-bytes-inflight`".to_owned(),
            ),
        };
        let writes =
            size.rate * WRITES_OF.0 / WRITES_OF.1 * size.turn.as_secs().try_into().unwrap_or(0) * turns;
        let made_of = format!("{made_of}; {writes} writes of others × 4 KiB");
        Bound { bytes: bytes + u64::from(writes) * WRITE_BYTES, made_of }
    }
}

/// The default of a flag, by the layout of clap's long help.
fn default(help: &str, flag: &str) -> Option<u64> {
    let mut lines = help.lines().skip_while(|line| line.split_whitespace().next() != Some(flag)).skip(1);
    let of_flag = lines.by_ref().take_while(|line| !line.trim_start().starts_with("--"));
    of_flag
        .into_iter()
        .find_map(|line| line.trim().strip_prefix("[default: ")?.strip_suffix(']')?.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    const HELP: &str = "      --max-body-bytes <BYTES>\n          A larger one gets 413\n          \n          \
        [default: 3145728]\n\n      --max-body-bytes-inflight <BYTES>\n          All\n\n          \
        [default: 67108864]\n\n      --none\n\n      --max-response-bytes-inflight <BYTES>\n          [default: 268435456]\n";

    #[test]
    fn defaults_are_those_of_their_flags() {
        assert_eq!(default(HELP, "--max-body-bytes"), Some(3 << 20));
        assert_eq!(default(HELP, "--none"), None, "the next flag's is not its own");
        assert_eq!(default(HELP, "--unknown"), None);
        assert!(matches!(Limits::parse(""), Err(Error::NoDefault { flag: "--max-body-bytes", .. })));
    }

    #[test]
    fn a_bound_is_what_it_says() {
        let limits = Limits::parse(HELP).unwrap();
        let size = super::super::table::tests::size();
        let bound = limits.bound(Attack::SilentTls, &size, 3);
        assert_eq!(bound.made_of, "1000 × 35 KiB; 4995 writes of others × 4 KiB");
        assert_eq!(bound.bytes, (1000 * 35 + 4995 * 4) * KIB);
        assert!(limits.bound(Attack::UnreadLists, &size, 3).bytes > 256 << 20);
    }
}

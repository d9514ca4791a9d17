//! The audit log: who asked for what and what came of it, one `audit.k8s.io/v1` Event a line
//! (k8s.io/apiserver/pkg/endpoints/filters/audit.go).
//!
//! Requests hand finished lines to a bounded queue; a thread writes them (`writer.rs`). **A line that finds the queue full
//! is dropped and counted** (`apiserver_audit_error_total`), as with kube-apiserver's batch mode: a log on a full or hanging
//! disk must not end the service that it describes, nor fill its memory.
//!
//! What no level shows: bodies of Secrets, ConfigMaps and tokens, as in the policy that upstream recommends; and requests
//! for health and the version, which come all the time and change nothing.

mod event;
mod writer;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread::{self, JoinHandle};

use jiff::Timestamp;

use crate::limits::{Gate, Pass};
use crate::path::{ResourcePath, Target};

pub(crate) use event::{Ending, Event, Stage};
use writer::Writer;

/// How many lines may wait for the writer, as in kube-apiserver's batch mode.
const QUEUE_LINES: usize = 10_000;
/// How many bytes they may have together.
const QUEUE_BYTES: usize = 64 << 20;

/// From where a request has come: an extension of the request, put there by whoever accepted its connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PeerAddress(pub SocketAddr);

/// How much of a request is logged (`audit.k8s.io/v1` Level). Each level shows what the ones before it do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum AuditLevel {
    /// Nothing.
    None,
    /// Who, what, when, and the outcome.
    #[default]
    Metadata,
    /// The object that was sent, too.
    Request,
    /// The object that was answered, too.
    RequestResponse,
}

impl AuditLevel {
    /// All levels, the least first.
    pub const ALL: [AuditLevel; 4] =
        [AuditLevel::None, AuditLevel::Metadata, AuditLevel::Request, AuditLevel::RequestResponse];

    /// As an event names it.
    pub fn as_str(self) -> &'static str {
        match self {
            AuditLevel::None => "None",
            AuditLevel::Metadata => "Metadata",
            AuditLevel::Request => "Request",
            AuditLevel::RequestResponse => "RequestResponse",
        }
    }

    /// The level at which a request for this is logged.
    fn for_target(self, target: &Target<'_>) -> Self {
        match target {
            Target::Health { .. } | Target::Version => AuditLevel::None,
            Target::Resource(path) if is_secret(path) => self.min(AuditLevel::Metadata),
            _ => self,
        }
    }
}

impl std::str::FromStr for AuditLevel {
    type Err = UnknownLevel;

    fn from_str(text: &str) -> Result<Self, UnknownLevel> {
        AuditLevel::ALL
            .into_iter()
            .find(|level| level.as_str().eq_ignore_ascii_case(text))
            .ok_or_else(|| UnknownLevel(text.to_owned()))
    }
}

/// A text that is no level.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown audit level {0:?}: one of None, Metadata, Request, RequestResponse")]
pub struct UnknownLevel(String);

/// Whether bodies of this kind may hold what nobody should read in a log.
fn is_secret(path: &ResourcePath<'_>) -> bool {
    match (path.group, path.resource) {
        ("", "secrets" | "configmaps") | ("authentication.k8s.io", "tokenreviews") => true,
        ("", "serviceaccounts") => path.subresource == Some("token"),
        _ => false,
    }
}

/// Settings of the audit log, named as kube-apiserver's flags `--audit-log-…` are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditOptions {
    /// The file; `-` for standard output. It is for its owner only (mode 0600).
    pub path: PathBuf,
    /// How much is logged.
    pub level: AuditLevel,
    /// The size in megabytes beyond which the file is renamed and begun anew; 0 for never.
    pub max_size: u64,
    /// How many renamed files are kept; 0 for all of them.
    pub max_backups: usize,
}

impl AuditOptions {
    /// Metadata in this file, which with ten older ones takes at most 1.1 GB.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        AuditOptions { path: path.into(), level: AuditLevel::default(), max_size: 100, max_backups: 10 }
    }
}

/// What became of events.
#[derive(Debug, Default)]
pub(crate) struct AuditStats {
    events: AtomicU64,
    lost: AtomicU64,
    levels: [AtomicU64; AuditLevel::ALL.len()],
}

impl AuditStats {
    /// Events that were made.
    pub(crate) fn events(&self) -> u64 {
        self.events.load(Ordering::Relaxed)
    }

    /// Events that are not in the log.
    pub(crate) fn errors(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }

    /// Requests by level.
    pub(crate) fn levels(&self) -> [(&'static str, u64); AuditLevel::ALL.len()] {
        AuditLevel::ALL.map(|level| (level.as_str(), self.levels[level as usize].load(Ordering::Relaxed)))
    }

    fn lost(&self, lines: u64) {
        self.lost.fetch_add(lines, Ordering::Relaxed);
    }
}

/// A line on its way to the writer.
struct Line {
    text: Vec<u8>,
    at: Timestamp,
    _held: Pass,
}

/// The log. When it is dropped, what waits is written first.
pub(crate) struct AuditLog {
    level: AuditLevel,
    stats: Arc<AuditStats>,
    bytes: Arc<Gate>,
    queue: Option<SyncSender<Line>>,
    writer: Option<JoinHandle<()>>,
}

impl AuditLog {
    /// Opens the log and starts its writer.
    pub(crate) fn open(options: &AuditOptions, stats: Arc<AuditStats>) -> std::io::Result<Self> {
        let mut writer = Writer::open(options, Arc::clone(&stats))?;
        let (queue, lines) = sync_channel(QUEUE_LINES);
        let thread = thread::Builder::new().name("audit".to_owned());
        let writer = thread.spawn(move || writer.run(&lines))?;
        let bytes = Gate::new(QUEUE_BYTES);
        Ok(AuditLog { level: options.level, stats, bytes, queue: Some(queue), writer: Some(writer) })
    }

    /// The level of a request, which is counted.
    pub(crate) fn level(&self, target: &Target<'_>) -> AuditLevel {
        let level = self.level.for_target(target);
        self.stats.levels[level as usize].fetch_add(1, Ordering::Relaxed);
        level
    }

    /// Sends a stage of a request to the log.
    pub(crate) fn log(&self, event: &Event, at: Timestamp) {
        self.stats.events.fetch_add(1, Ordering::Relaxed);
        if self.send(event, at).is_none() {
            self.stats.lost(1);
        }
    }

    fn send(&self, event: &Event, at: Timestamp) -> Option<()> {
        let mut text = serde_json::to_vec(event).ok()?;
        text.push(b'\n');
        let held = self.bytes.enter(text.len())?;
        self.queue.as_ref()?.try_send(Line { text, at, _held: held }).ok()
    }
}

impl Drop for AuditLog {
    fn drop(&mut self) {
        // Without a sender the writer ends when it has written what waits.
        self.queue = None;
        if let Some(writer) = self.writer.take()
            && writer.join().is_err()
        {
            tracing::error!("the writer of the audit log failed");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::asked::{Asked, Asker};
    use crate::path::parse;

    #[test]
    fn bodies_of_secrets_are_shown_at_no_level() {
        for (path, at_most) in [
            ("/api/v1/namespaces/a/secrets/b", AuditLevel::Metadata),
            ("/api/v1/configmaps", AuditLevel::Metadata),
            ("/api/v1/namespaces/a/serviceaccounts/b/token", AuditLevel::Metadata),
            ("/apis/authentication.k8s.io/v1/tokenreviews", AuditLevel::Metadata),
            ("/apis/example.com/v1/namespaces/a/secrets/b", AuditLevel::RequestResponse),
            ("/api/v1/namespaces/a/serviceaccounts/b", AuditLevel::RequestResponse),
            ("/apis", AuditLevel::RequestResponse),
            ("/readyz", AuditLevel::None),
            ("/livez/ping", AuditLevel::None),
            ("/version", AuditLevel::None),
        ] {
            for level in AuditLevel::ALL {
                assert_eq!(level.for_target(&parse(path)), level.min(at_most), "{path} at {level:?}");
            }
        }
    }

    #[test]
    fn what_does_not_fit_into_the_queue_is_dropped_and_counted() {
        let stats = Arc::new(AuditStats::default());
        // A writer that hangs: nothing is taken from the queue.
        let (queue, lines) = sync_channel(2);
        let mut log = AuditLog {
            level: AuditLevel::Metadata,
            stats: Arc::clone(&stats),
            bytes: Gate::new(QUEUE_BYTES),
            queue: Some(queue),
            writer: None,
        };
        let (parts, ()) = http::Request::get("/apis").body(()).unwrap().into_parts();
        let now = Timestamp::UNIX_EPOCH;
        let asker = Asker { user: None, other: None };
        let event = Event::new(AuditLevel::Metadata, "id", &Asked::of(&parts), asker, now);
        for _ in 0..5 {
            log.log(&event, now);
        }
        assert_eq!((stats.events(), stats.errors()), (5, 3));
        drop(lines.recv());
        log.log(&event, now);
        assert_eq!((stats.events(), stats.errors()), (6, 3), "there is room again");
        drop(lines.recv());
        log.bytes = Gate::new(10);
        log.log(&event, now);
        assert_eq!(stats.errors(), 4, "bytes are bounded, too");
    }

    #[test]
    fn levels_are_read_by_their_names() {
        for level in AuditLevel::ALL {
            assert_eq!(level.as_str().to_lowercase().parse(), Ok(level));
        }
        let error = "all".parse::<AuditLevel>().unwrap_err();
        assert!(error.to_string().contains("RequestResponse"), "{error}");
    }
}

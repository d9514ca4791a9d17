//! What connections may cost.

use std::time::Duration;

/// Limits of connections, below the requests they carry. A silent connection costs about 15 KiB before its handshake and 35
/// after it, one whose head is being read up to [`header_bytes`](Self::header_bytes) more, so
/// [`connections`](Self::connections) bounds the memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConnectionLimits {
    /// How many may be open at a time. Beyond it a connection is accepted and closed at once: left in the system's
    /// queue, its client would wait without a word, and nothing here would count it.
    pub connections: usize,
    /// How long the TLS handshake may take.
    pub handshake_timeout: Duration,
    /// How many bytes a request's line and headers may have, in both versions of HTTP; at least 8192.
    pub header_bytes: u32,
    /// How long a request's line and headers may take from their first byte (HTTP/1.1; in HTTP/2 a request that is not
    /// whole does not count as one, so the idle time-out ends it).
    pub header_read_timeout: Duration,
    /// How long a request's body may take, all of it.
    pub body_read_timeout: Duration,
    /// How long a connection without any request in progress stays open.
    pub idle_timeout: Duration,
    /// How long a client may take none of what it is sent.
    pub write_stall_timeout: Duration,
    /// How many requests an HTTP/2 connection may carry at a time.
    pub streams: u32,
}

impl Default for ConnectionLimits {
    /// The real server's values where it has any (k8s.io/apiserver/pkg/server/secure_serving.go: headers within 32 s,
    /// idle for 90 s; golang.org/x/net/http2: 250 streams). Its headers may have 1 MiB; no client of ours needs it.
    fn default() -> Self {
        ConnectionLimits {
            connections: 4096,
            handshake_timeout: Duration::from_secs(10),
            header_bytes: 64 * 1024,
            header_read_timeout: Duration::from_secs(32),
            body_read_timeout: Duration::from_secs(30),
            idle_timeout: Duration::from_secs(90),
            write_stall_timeout: Duration::from_secs(60),
            streams: 250,
        }
    }
}

impl ConnectionLimits {
    /// How often an open connection is looked at: each limit is kept to within a quarter of the shortest.
    pub(super) fn glance(&self) -> Duration {
        let shortest = self.header_read_timeout.min(self.idle_timeout).min(self.write_stall_timeout);
        (shortest / 4).max(Duration::from_millis(5))
    }
}

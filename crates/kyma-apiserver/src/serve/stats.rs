//! What happened to connections: counters that cost an atomic addition each, and their metrics.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;

use super::activity::Overdue;

/// A number that is added to from anywhere.
#[derive(Debug, Default)]
pub(super) struct Count(AtomicU64);

impl Count {
    pub(super) fn add(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// Counters of connections, of all listeners of a server.
#[derive(Debug, Default)]
pub struct ConnectionStats {
    pub(super) open: AtomicU64,
    pub(super) limit: AtomicU64,
    pub(super) accepted: Count,
    pub(super) refused: Count,
    pub(super) handshakes_failed: Count,
    pub(super) handshake_timeouts: Count,
    pub(super) header_timeouts: Count,
    pub(super) headers_too_large: Count,
    pub(super) body_timeouts: Count,
    pub(super) idle_timeouts: Count,
    pub(super) write_stalls: Count,
    pub(super) streams_full: Count,
    pub(super) authenticated: Count,
    pub(super) anonymous: Count,
    pub(super) unauthorized: Count,
}

impl ConnectionStats {
    /// How many connections are open now.
    pub fn open(&self) -> u64 {
        self.open.load(Ordering::Relaxed)
    }

    /// How many were closed at once, since there were too many.
    pub fn refused(&self) -> u64 {
        self.refused.get()
    }

    /// How often an HTTP/2 connection carried as many requests as it may.
    pub fn streams_full(&self) -> u64 {
        self.streams_full.get()
    }

    /// How many connections, or requests in them, a limit has ended, by the limit's name.
    pub fn ended(&self) -> [(&'static str, u64); 7] {
        [
            ("max_connections", self.refused.get()),
            ("tls_handshake_timeout", self.handshake_timeouts.get()),
            ("max_header_bytes", self.headers_too_large.get()),
            ("header_read_timeout", self.header_timeouts.get()),
            ("body_read_timeout", self.body_timeouts.get()),
            ("idle_timeout", self.idle_timeouts.get()),
            ("write_stall_timeout", self.write_stalls.get()),
        ]
    }

    pub(super) fn overdue(&self, why: Overdue) {
        match why {
            Overdue::Header => self.header_timeouts.add(),
            Overdue::Idle => self.idle_timeouts.add(),
            Overdue::WriteStall => self.write_stalls.add(),
        }
    }
}

/// The counters as metrics: kube-apiserver's names where it has any
/// (k8s.io/apiserver/pkg/server/metrics, k8s.io/apiserver/pkg/endpoints/filters/metrics.go), else `kymactl_…`.
#[derive(Debug)]
pub(crate) struct ConnectionMetrics(pub(crate) Arc<ConnectionStats>);

impl Collector for ConnectionMetrics {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let stats = &self.0;
        let gauges = [
            ("kymactl_connections_open", "Connections that are open now", &stats.open),
            ("kymactl_connections_limit", "How many connections may be open", &stats.limit),
        ];
        for (name, help, value) in gauges {
            let encoder = encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
            let value = i64::try_from(value.load(Ordering::Relaxed)).unwrap_or(i64::MAX);
            ConstGauge::new(value).encode(encoder)?;
        }
        // Counters get their suffix `_total` from the encoder.
        let counters = [
            ("kymactl_connections_accepted", "Connections that were accepted", stats.accepted.get()),
            (
                "kymactl_http2_streams_full",
                "How often an HTTP/2 connection carried as many requests as it may",
                stats.streams_full.get(),
            ),
            (
                "apiserver_tls_handshake_errors",
                "Handshakes that failed or took too long",
                stats.handshakes_failed.get() + stats.handshake_timeouts.get(),
            ),
        ];
        for (name, help, value) in counters {
            let encoder = encoder.encode_descriptor(name, help, None, MetricType::Counter)?;
            ConstCounter::new(value).encode(encoder)?;
        }
        let help = "Connections, or requests in them, that a limit has ended";
        let mut ended =
            encoder.encode_descriptor("kymactl_connections_ended", help, None, MetricType::Counter)?;
        for (limit, value) in stats.ended() {
            ConstCounter::new(value).encode(ended.encode_family(&[("limit", limit)])?)?;
        }
        let help = "Requests by how their authentication went";
        let mut attempts =
            encoder.encode_descriptor("authentication_attempts", help, None, MetricType::Counter)?;
        let results = [
            ("success", &stats.authenticated),
            ("failure", &stats.anonymous),
            ("error", &stats.unauthorized),
        ];
        for (result, value) in results {
            ConstCounter::new(value.get()).encode(attempts.encode_family(&[("result", result)])?)?;
        }
        Ok(())
    }
}

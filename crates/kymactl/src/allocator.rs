//! What the process allocates with, and what it tells of itself.

/// glibc's allocator cost a fifth of the whole when the server's threads free what others allocated; this one costs half of
/// that, and no more memory. docs/evidence/up-durable.md has the figures.
#[cfg(not(target_env = "msvc"))]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// Shows the allocator's own account in the metrics.
pub(crate) fn register(metrics: &kyma_controller::Metrics) {
    #[cfg(not(target_env = "msvc"))]
    metrics.register_collector(Box::new(jemalloc::Account));
    #[cfg(target_env = "msvc")]
    let _ = metrics;
}

#[cfg(not(target_env = "msvc"))]
mod jemalloc {
    use std::fmt;

    use prometheus_client::collector::Collector;
    use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
    use prometheus_client::metrics::gauge::ConstGauge;
    use tikv_jemalloc_ctl::{Result, epoch, stats};

    /// One of the allocator's figures, in bytes.
    type Figure = (&'static str, &'static str, fn() -> Result<usize>);

    const FIGURES: [Figure; 3] = [
        (
            "allocator_allocated_bytes",
            "Bytes that the program has allocated and not freed",
            stats::allocated::read,
        ),
        ("allocator_active_bytes", "Bytes in pages of which some part is allocated", stats::active::read),
        (
            "allocator_resident_bytes",
            "Bytes in pages that the allocator holds in memory",
            stats::resident::read,
        ),
    ];

    #[derive(Debug)]
    pub(super) struct Account;

    impl Collector for Account {
        fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
            // The figures are those of the newest epoch, which begins here.
            if epoch::advance().is_err() {
                return Ok(());
            }
            for (name, help, read) in FIGURES {
                if let Ok(bytes) = read() {
                    let metric = ConstGauge::new(bytes as f64);
                    metric.encode(encoder.encode_descriptor(name, help, None, metric.metric_type())?)?;
                }
            }
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use kyma_controller::Metrics;
    use kyma_controller::metrics::Format;

    #[test]
    fn the_allocator_tells_what_it_holds() {
        let metrics = Metrics::new();
        super::register(&metrics);
        let text = metrics.encode(Format::Text);
        let line = text.lines().find(|line| line.starts_with("allocator_allocated_bytes")).unwrap();
        let bytes: f64 = line.rsplit(' ').next().unwrap().parse().unwrap();
        assert!(bytes > 10_000.0, "{line}");
    }
}

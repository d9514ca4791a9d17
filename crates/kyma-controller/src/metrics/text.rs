//! The two text formats that Prometheus reads.

use std::collections::BTreeSet;

use prometheus_client::registry::Registry;

/// How to write metrics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// OpenMetrics 1.0, for scrapers that ask for it.
    OpenMetrics,
    /// Prometheus' text format 0.0.4, for all others.
    Text,
}

impl Format {
    /// The format for a request with this Accept header.
    #[must_use]
    pub fn for_accept(accept: &str) -> Self {
        if accept.contains("application/openmetrics-text") { Self::OpenMetrics } else { Self::Text }
    }

    /// The Content-Type of the text.
    #[must_use]
    pub fn content_type(self) -> &'static str {
        match self {
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
            Self::Text => "text/plain; version=0.0.4; charset=utf-8",
        }
    }
}

pub(super) fn encode(registry: &Registry, format: Format) -> String {
    let mut text = String::new();
    // Writing to a String cannot fail; a collector that fails leaves its part out.
    let _ = prometheus_client::encoding::text::encode(&mut text, registry);
    match format {
        Format::OpenMetrics => text,
        Format::Text => to_text(&text),
    }
}

/// In OpenMetrics a counter's family is named without `_total`, in the older format with it; the latter has no
/// units and no end mark.
fn to_text(open_metrics: &str) -> String {
    let counters: BTreeSet<_> = open_metrics
        .lines()
        .filter_map(|line| line.strip_prefix("# TYPE ")?.strip_suffix(" counter"))
        .collect();
    let mut text = String::with_capacity(open_metrics.len());
    for line in open_metrics.lines() {
        if line == "# EOF" || line.starts_with("# UNIT ") {
            continue;
        }
        match family(line).filter(|(_, name, _)| counters.contains(name)) {
            Some((keyword, name, rest)) => {
                text.extend([keyword, name, "_total", rest]);
            }
            None => text.push_str(line),
        }
        text.push('\n');
    }
    text
}

/// Splits a `# HELP name …` or `# TYPE name …` line after its keyword and after its name.
fn family(line: &str) -> Option<(&str, &str, &str)> {
    let keyword = ["# HELP ", "# TYPE "].into_iter().find(|keyword| line.starts_with(keyword))?;
    let rest = &line[keyword.len()..];
    let end = rest.find(' ')?;
    Some((keyword, &rest[..end], &rest[end..]))
}

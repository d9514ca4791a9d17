//! The two text formats that Prometheus reads.

use std::collections::BTreeSet;

use http::HeaderMap;
use http::header::ACCEPT;
use prometheus_client::registry::Registry;

/// How metrics are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    /// OpenMetrics 1.0, for those who ask for it.
    OpenMetrics,
    /// Prometheus' text format 0.0.4, for everybody else, as the real server writes it.
    Text,
}

impl Format {
    /// What a client with these headers takes.
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let asked = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
        let open = asked.flat_map(|value| value.split(',')).any(|choice| {
            choice.split(';').next().is_some_and(|kind| kind.trim() == "application/openmetrics-text")
        });
        if open { Format::OpenMetrics } else { Format::Text }
    }

    /// The `Content-Type` of the text.
    pub(crate) fn content_type(self) -> &'static str {
        match self {
            Format::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
            Format::Text => "text/plain; version=0.0.4; charset=utf-8",
        }
    }
}

/// All metrics as text.
pub(super) fn encode(registry: &Registry, format: Format) -> String {
    let mut text = String::new();
    // Writing to a String fails only where a collector does, and ours do not.
    let _ = prometheus_client::encoding::text::encode(&mut text, registry);
    match format {
        Format::OpenMetrics => text,
        Format::Text => plain(&text),
    }
}

/// OpenMetrics names the family of a counter without `_total`, the older format with it; and it ends with a mark that
/// the older one does not know.
fn plain(open: &str) -> String {
    let counters: BTreeSet<&str> =
        open.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.strip_suffix(" counter")).collect();
    let mut text = String::with_capacity(open.len());
    for line in open.lines().filter(|line| *line != "# EOF") {
        let mut words = line.splitn(4, ' ');
        match (words.next(), words.next(), words.next(), words.next()) {
            (Some("#"), Some(word @ ("HELP" | "TYPE")), Some(name), Some(rest))
                if counters.contains(name) =>
            {
                text.extend(["# ", word, " ", name, "_total ", rest]);
            }
            _ => text.push_str(line),
        }
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn open_metrics_is_for_those_who_ask_for_it() {
        let of = |accept: &str| Format::of(&HeaderMap::from_iter([(ACCEPT, accept.parse().unwrap())]));
        assert_eq!(Format::of(&HeaderMap::new()), Format::Text);
        assert_eq!(of("*/*"), Format::Text);
        assert_eq!(of("text/plain;version=0.0.4;q=0.5,*/*;q=0.1"), Format::Text);
        assert_eq!(
            of("application/openmetrics-text;version=1.0.0;q=0.8,text/plain;q=0.5"),
            Format::OpenMetrics
        );
    }

    #[test]
    fn the_older_format_names_counters_with_their_suffix() {
        let open = "# HELP a_b Some help.\n# TYPE a_b counter\na_b_total{c=\"d\"} 1\n# HELP g A gauge.\n# TYPE g gauge\ng 2\n# EOF\n";
        assert_eq!(
            plain(open),
            "# HELP a_b_total Some help.\n# TYPE a_b_total counter\na_b_total{c=\"d\"} 1\n# HELP g A gauge.\n# TYPE g gauge\ng 2\n"
        );
    }
}

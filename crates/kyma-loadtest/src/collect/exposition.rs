//! Prometheus' text format, as far as it is needed: names with labels, and values; pure.
//!
//! <https://prometheus.io/docs/instrumenting/exposition_formats/>

/// What is kept of a page: everything that a figure or a chart is made of. Histograms that nobody draws would be most of it.
const KEPT: [&str; 9] = [
    "allocator_",
    "controller_runtime_",
    "informer_",
    "kyma_",
    "leader_election_",
    "process_",
    "rest_client_",
    "tokio_",
    "workqueue_",
];
/// The same of the API server's page.
const KEPT_OF_SERVER: [&str; 17] = [
    "apiserver_current_inflight_requests",
    "apiserver_init_events_total",
    "apiserver_longrunning_requests",
    "apiserver_request_duration_seconds_count",
    "apiserver_request_duration_seconds_sum",
    "apiserver_request_total",
    "apiserver_resource_objects",
    "apiserver_storage_",
    "apiserver_watch_events_sizes_count",
    "apiserver_watch_events_sizes_sum",
    "apiserver_watch_events_total",
    "etcd_request_duration_seconds_count",
    "etcd_request_duration_seconds_sum",
    "etcd_requests_total",
    "go_",
    "kymactl_",
    "process_",
];

/// Names with their labels, and finite values. What is not of the format is left out.
pub fn values(page: &str) -> impl Iterator<Item = (&str, f64)> {
    let lines = page.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines.filter_map(value).filter(|(_, value)| value.is_finite())
}

/// The same, of what is kept only.
pub fn kept(page: &str) -> impl Iterator<Item = (&str, f64)> {
    values(page).filter(|(name, _)| KEPT.iter().chain(&KEPT_OF_SERVER).any(|prefix| name.starts_with(prefix)))
}

fn value(line: &str) -> Option<(&str, f64)> {
    let end = match line.find('{') {
        Some(open) => open + closing(&line[open..])? + 1,
        None => line.find(' ')?,
    };
    let (name, rest) = line.split_at(end);
    // A time may follow the value.
    let value = rest.split_ascii_whitespace().next()?;
    Some((name, value.parse().ok()?))
}

/// Where the labels end: a brace that is in no value.
fn closing(labels: &str) -> Option<usize> {
    let (mut quoted, mut escaped) = (false, false);
    for (at, byte) in labels.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b'}' if !quoted => return Some(at),
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_labels_and_values_are_read_and_the_rest_is_left_out() {
        let page = concat!(
            "# HELP up Whether.\n# TYPE up gauge\nup 1\n",
            "a_total{path=\"/a b\",why=\"} \\\" x\"} 2.5e3 1700000000000\n",
            "bad\nworse{a=\"b\" 1\nodd NaN\nbig +Inf\n\nlast{} 7\n",
        );
        let read: Vec<_> = values(page).collect();
        assert_eq!(read, [("up", 1.0), ("a_total{path=\"/a b\",why=\"} \\\" x\"}", 2500.0), ("last{}", 7.0)]);
    }

    #[test]
    fn histograms_that_nobody_draws_are_not_kept() {
        let page =
            "apiserver_request_duration_seconds_bucket{le=\"1\"} 1\nworkqueue_depth{name=\"kyma\"} 2\n";
        assert_eq!(kept(page).collect::<Vec<_>>(), [("workqueue_depth{name=\"kyma\"}", 2.0)]);
    }
}

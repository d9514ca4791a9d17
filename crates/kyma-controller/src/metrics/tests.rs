//! The text that a scraper sees.

use std::time::Duration;

use http::{Method, StatusCode};
use kyma_workqueue::{LimiterOptions, Turn};

use super::{Format, Metrics, named_queue};
use crate::reconciler::{ErrorClass, Outcome};

fn lines(metrics: &Metrics, prefix: &str) -> Vec<String> {
    let text = metrics.encode(Format::Text);
    let mut lines: Vec<_> = text.lines().filter(|line| line.starts_with(prefix)).map(str::to_owned).collect();
    lines.sort();
    lines
}

#[tokio::test(start_paused = true)]
async fn queues_show_client_go_names_with_classes_as_priority() {
    let metrics = Metrics::new();
    let queue = named_queue("kyma", LimiterOptions::default(), &metrics);
    queue.add("a", Turn::user(0));
    queue.add("b", Turn::sweep(0));
    queue.add("b", Turn::sweep(0));
    queue.add_rate_limited("c", 0);
    assert_eq!(queue.get().await, Some("a"));
    tokio::time::sleep(Duration::from_millis(500)).await;

    assert_eq!(
        lines(&metrics, "workqueue_depth"),
        [
            r#"workqueue_depth{name="kyma",controller="kyma",priority="dependent"} 0"#,
            r#"workqueue_depth{name="kyma",controller="kyma",priority="retry"} 0"#,
            r#"workqueue_depth{name="kyma",controller="kyma",priority="sweep"} 1"#,
            r#"workqueue_depth{name="kyma",controller="kyma",priority="user"} 0"#,
        ]
    );
    let labels = r#"{name="kyma",controller="kyma"}"#;
    for (name, value) in [
        ("workqueue_adds_total", "2"),
        ("workqueue_retries_total", "1"),
        ("workqueue_unfinished_work_seconds", "0.5"),
        ("workqueue_longest_running_processor_seconds", "0.5"),
        ("workqueue_queue_duration_seconds_count", "1"),
        ("workqueue_work_duration_seconds_count", "0"),
    ] {
        assert_eq!(lines(&metrics, name), [format!("{name}{labels} {value}")]);
    }

    queue.done(&"a");
    drop(queue);
    assert!(lines(&metrics, "workqueue_depth").is_empty(), "a queue that is gone has no depth");
    assert_eq!(
        lines(&metrics, "workqueue_work_duration_seconds_count"),
        [format!("workqueue_work_duration_seconds_count{labels} 1")]
    );
}

#[test]
fn controllers_show_controller_runtime_names_from_the_start() {
    let metrics = Metrics::new();
    let controller = metrics.reconcile().of("kyma", 10);
    let active = controller.begin();
    let failed = Outcome::Retry { priority: 0, reason: ErrorClass::Conflict, message: "not a label".into() };
    controller.finished(&failed, Duration::from_millis(20));
    controller.finished(&Outcome::Done, Duration::from_millis(20));
    assert_eq!(
        lines(&metrics, "controller_runtime_reconcile_total"),
        [
            r#"controller_runtime_reconcile_total{controller="kyma",result="error"} 1"#,
            r#"controller_runtime_reconcile_total{controller="kyma",result="requeue"} 0"#,
            r#"controller_runtime_reconcile_total{controller="kyma",result="requeue_after"} 0"#,
            r#"controller_runtime_reconcile_total{controller="kyma",result="success"} 1"#,
        ]
    );
    for (name, value) in [
        ("controller_runtime_reconcile_errors_total", 1),
        ("controller_runtime_reconcile_panics_total", 0),
        ("controller_runtime_max_concurrent_reconciles", 10),
        ("controller_runtime_active_workers", 1),
        ("controller_runtime_reconcile_time_seconds_count", 2),
    ] {
        assert_eq!(lines(&metrics, name), [format!(r#"{name}{{controller="kyma"}} {value}"#)]);
    }
    assert_eq!(
        lines(&metrics, r#"controller_reconcile_failures_total{controller="kyma",reason="conflict"}"#),
        [r#"controller_reconcile_failures_total{controller="kyma",reason="conflict"} 1"#]
    );
    drop(active);
    assert_eq!(
        lines(&metrics, "controller_runtime_active_workers"),
        [r#"controller_runtime_active_workers{controller="kyma"} 0"#]
    );
}

#[test]
fn requests_show_client_go_names() {
    let metrics = Metrics::new();
    let client = metrics.rest().of("10.0.0.1:6443");
    client.answered(&Method::PUT, Some(StatusCode::CONFLICT));
    client.answered(&Method::GET, None);
    client.answered(&Method::CONNECT, Some(StatusCode::OK));
    client.took(&Method::PUT, Duration::from_millis(6));
    client.throttled(&Method::PUT, Duration::ZERO);
    assert_eq!(
        lines(&metrics, "rest_client_requests_total"),
        [
            r#"rest_client_requests_total{code="200",method="OTHER",host="10.0.0.1:6443"} 1"#,
            r#"rest_client_requests_total{code="409",method="PUT",host="10.0.0.1:6443"} 1"#,
            r#"rest_client_requests_total{code="<error>",method="GET",host="10.0.0.1:6443"} 1"#,
        ]
    );
    let bucket =
        r#"rest_client_request_duration_seconds_bucket{le="0.025",verb="PUT",host="10.0.0.1:6443"} 1"#;
    assert_eq!(lines(&metrics, r#"rest_client_request_duration_seconds_bucket{le="0.025""#), [bucket]);
    assert_eq!(lines(&metrics, "rest_client_rate_limiter_duration_seconds_count").len(), 1);
}

#[test]
fn both_formats_name_counters_as_their_readers_expect() {
    let metrics = Metrics::new();
    metrics.reconcile().of("kyma", 1);
    let open = metrics.encode(Format::OpenMetrics);
    assert!(open.contains("# TYPE controller_runtime_reconcile counter\n") && open.ends_with("# EOF\n"));
    let text = metrics.encode(Format::Text);
    assert!(text.contains(
        "# HELP controller_runtime_reconcile_total Total number of reconciliations per controller.\n"
    ));
    assert!(text.contains("# TYPE controller_runtime_reconcile_total counter\n"));
    assert!(text.contains("# TYPE controller_runtime_reconcile_errors_total counter\n"));
    assert!(text.contains("# TYPE controller_runtime_active_workers gauge\n") && !text.contains("# EOF"));
    assert_eq!(
        Format::for_accept("application/openmetrics-text;version=1.0.0,text/plain;q=0.5"),
        Format::OpenMetrics
    );
    assert_eq!(Format::for_accept("*/*"), Format::Text);
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn the_process_shows_itself() {
    let metrics = Metrics::new();
    for name in [
        "process_cpu_seconds_total",
        "process_threads",
        "process_virtual_memory_bytes",
        "process_start_time_seconds",
        "process_resident_memory_bytes",
        "process_open_fds",
        "process_network_receive_bytes_total",
        "tokio_alive_tasks",
    ] {
        let lines = lines(&metrics, name);
        let value: f64 = lines[0].rsplit(' ').next().unwrap().parse().unwrap();
        assert!(lines.len() == 1 && value >= 0.0, "{lines:?}");
    }
    let started = lines(&metrics, "process_start_time_seconds");
    let started: f64 = started[0].rsplit(' ').next().unwrap().parse().unwrap();
    let now = jiff::Timestamp::now().as_second() as f64;
    assert!(started <= now + 1.0 && started > now - 3600.0, "the process started {} s ago", now - started);
}

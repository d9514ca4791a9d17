//! `/metrics`: the names, types and labels that dashboards made for kube-apiserver look for.

use std::collections::{BTreeMap, BTreeSet};

use http::{Method, Request};
use http_body_util::{BodyExt as _, Full};
use kyma_apiserver::User;
use serde_json::json;
use tower::ServiceExt as _;

use crate::server::{Server, whole};

const MAPS: &str = "/api/v1/namespaces/default/configmaps";
/// Each metric with its type and labels. What does not begin with `kymactl_` is as in kube-apiserver 1.37.
const LIST: &str = include_str!("metrics.txt");

/// `name type label,label` of each metric that has a series, sorted.
fn summary(text: &str) -> Vec<String> {
    let mut types = BTreeMap::new();
    let mut labels: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for line in text.lines() {
        if let Some((name, kind)) = line.strip_prefix("# TYPE ").and_then(|rest| rest.split_once(' ')) {
            types.insert(name, kind);
        }
        if line.starts_with('#') {
            continue;
        }
        let (name, rest) = line.split_at(line.find(['{', ' ']).unwrap());
        let family = ["_bucket", "_sum", "_count"]
            .iter()
            .filter_map(|end| name.strip_suffix(end))
            .find(|family| types.get(family) == Some(&"histogram"))
            .unwrap_or(name);
        let seen = labels.entry(family).or_default();
        let set = rest.strip_prefix('{').and_then(|rest| rest.split_once('}')).map_or("", |(set, _)| set);
        seen.extend(set.split("\",").filter_map(|label| label.split_once('=')).map(|(key, _)| key));
    }
    let line = |(name, labels): (&&str, &BTreeSet<&str>)| {
        let labels: Vec<_> = labels.iter().copied().filter(|label| *label != "le").collect();
        format!("{name} {} {}", types[*name], labels.join(",")).trim_end().to_owned()
    };
    labels.iter().map(line).collect()
}

#[tokio::test(start_paused = true)]
async fn names_types_and_labels_are_those_of_kube_apiserver() {
    let server = Server::start().await;
    server.config_map("a").await;
    server.get(MAPS).await;
    let mut watch = server.open(Method::GET, &format!("{MAPS}?watch=1"), None).await.into_body();
    watch.frame().await.unwrap().unwrap();
    let slow = server.open(Method::GET, &format!("{MAPS}?timeout=1s&resourceVersion=1000000"), None).await;
    assert_eq!(slow.status().as_u16(), 504);
    let (parts, text) = server.text("/metrics").await;
    assert_eq!(parts.headers["content-type"], "text/plain; version=0.0.4; charset=utf-8");
    let found = summary(&text);
    let listed: Vec<&str> = LIST.lines().filter(|line| !line.starts_with('#')).collect();
    assert_eq!(found, listed, "the list has to be:\n{}", found.join("\n"));
}

#[tokio::test(start_paused = true)]
async fn requests_are_counted_as_kube_apiserver_counts_them() {
    let server = Server::start().await;
    server.config_map("a").await;
    server.get(&format!("{MAPS}/a")).await;
    server.get(&format!("{MAPS}/none")).await;
    server
        .request(Method::POST, &format!("{MAPS}?dryRun=All"), Some(&json!({"metadata": {"name": "b"}})))
        .await;
    server.get("/api/v1/configmaps").await;
    server.request(Method::DELETE, MAPS, None).await;
    server.get("/livez").await;
    let (_, text) = server.text("/metrics").await;
    let kind = "group=\"\",version=\"v1\",resource=\"configmaps\",subresource=\"\"";
    for line in [
        format!("apiserver_request_total{{verb=\"POST\",{kind},scope=\"resource\",component=\"apiserver\",dry_run=\"\",code=\"201\"}} 1"),
        format!("apiserver_request_total{{verb=\"POST\",{kind},scope=\"resource\",component=\"apiserver\",dry_run=\"All\",code=\"201\"}} 1"),
        format!("apiserver_request_total{{verb=\"GET\",{kind},scope=\"resource\",component=\"apiserver\",dry_run=\"\",code=\"404\"}} 1"),
        format!("apiserver_request_total{{verb=\"LIST\",{kind},scope=\"cluster\",component=\"apiserver\",dry_run=\"\",code=\"200\"}} 1"),
        format!("apiserver_request_total{{verb=\"DELETE\",{kind},scope=\"namespace\",component=\"apiserver\",dry_run=\"\",code=\"200\"}} 1"),
        "apiserver_request_total{verb=\"GET\",group=\"\",version=\"\",resource=\"\",subresource=\"/livez\",scope=\"\",component=\"\",dry_run=\"\",code=\"200\"} 1".to_owned(),
        format!("apiserver_response_sizes_count{{verb=\"GET\",{kind},scope=\"resource\",component=\"apiserver\"}} 2"),
        format!("apiserver_request_sli_duration_seconds_count{{verb=\"POST\",{kind},scope=\"resource\",component=\"apiserver\"}} 1"),
        "apiserver_resource_objects{group=\"\",resource=\"namespaces\"} 4".to_owned(),
        "apiserver_current_inflight_requests{request_kind=\"readOnly\"} 1".to_owned(),
        "apiserver_current_inflight_requests{request_kind=\"mutating\"} 0".to_owned(),
    ] {
        assert!(text.lines().any(|found| found == line), "{line} is missing in\n{text}");
    }
    assert!(
        !text.contains("apiserver_response_sizes_count{verb=\"POST\""),
        "sizes are of answers to those who read"
    );
}

#[tokio::test(start_paused = true)]
async fn a_watch_counts_while_it_is_open_and_as_a_request_when_it_ends() {
    let server = Server::start().await;
    server.config_map("a").await;
    let mut watch = server.open(Method::GET, &format!("{MAPS}?watch=1"), None).await.into_body();
    watch.frame().await.unwrap().unwrap();
    server.config_map("b").await;
    watch.frame().await.unwrap().unwrap();
    let open = "apiserver_longrunning_requests{verb=\"WATCH\",group=\"\",version=\"v1\",resource=\"configmaps\",subresource=\"\",scope=\"namespace\",component=\"apiserver\"}";
    let (_, text) = server.text("/metrics").await;
    assert!(text.contains(&format!("{open} 1\n")), "{text}");
    assert!(
        text.contains("apiserver_watch_events_total{group=\"\",version=\"v1\",resource=\"configmaps\"} 2\n"),
        "{text}"
    );
    assert!(text.contains("apiserver_init_events_total{group=\"\",resource=\"configmaps\"} 1\n"), "{text}");
    assert!(!text.contains("apiserver_request_total{verb=\"WATCH\""), "it goes on");
    drop(watch);
    let (_, text) = server.text("/metrics").await;
    assert!(text.contains(&format!("{open} 0\n")), "{text}");
    assert!(text.contains("apiserver_request_total{verb=\"WATCH\""), "{text}");
}

#[tokio::test(start_paused = true)]
async fn who_asks_for_open_metrics_gets_it() {
    let server = Server::start().await;
    let accept = "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5";
    let request = Request::builder().uri("/metrics").header("accept", accept);
    let request = request.body(Full::<bytes::Bytes>::default()).unwrap();
    let response = server.server.client(User::admin()).oneshot(request).await.unwrap();
    let (parts, text) = whole(response).await;
    assert_eq!(parts.headers["content-type"], "application/openmetrics-text; version=1.0.0; charset=utf-8");
    assert!(text.ends_with("# EOF\n") && text.contains("# TYPE apiserver_request counter\n"), "{text}");
}

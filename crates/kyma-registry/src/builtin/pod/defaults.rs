//! Defaults of pods that hang on other members (k8s.io/kubernetes/pkg/apis/core/v1/defaults.go).

use serde_json::{Map, Value};

use super::super::{fill, inner};
use crate::object::Object;

const CONTAINERS: [&str; 3] = ["containers", "initContainers", "ephemeralContainers"];

/// A pod, which has more defaults than a template of one.
pub(super) fn pod(pod: &mut Object) {
    if let Some(pod) = inner(pod, "spec") {
        spec(pod);
        if pod.get("terminationGracePeriodSeconds").and_then(Value::as_i64).is_some_and(|seconds| seconds < 0)
        {
            pod.insert("terminationGracePeriodSeconds".into(), 1.into());
        }
        fill(pod, "enableServiceLinks", true);
        let host_network = pod.get("hostNetwork") == Some(&Value::Bool(true));
        for list in ["containers", "initContainers"] {
            for container in objects(pod, list) {
                request_limits(container);
                if host_network {
                    objects(container, "ports").for_each(use_host_port);
                }
            }
        }
    }
    if let Some(status) = inner(pod, "status") {
        align_addresses(status);
    }
}

/// The member `spec` of a template.
pub(in crate::builtin) fn template(template: &mut Object) {
    if let Some(pod) = inner(template, "spec") {
        spec(pod);
    }
}

/// The specification of a pod.
fn spec(pod: &mut Object) {
    let account = ["serviceAccountName", "serviceAccount"].map(|field| pod.get(field).cloned());
    if let Some(account) = account.into_iter().flatten().find(|name| name.as_str() != Some("")) {
        pod.insert("serviceAccountName".into(), account.clone());
        pod.insert("serviceAccount".into(), account);
    }
    for list in CONTAINERS {
        objects(pod, list).for_each(|container| pull_policy(container, "image", "imagePullPolicy"));
    }
    for volume in objects(pod, "volumes") {
        if volume.keys().all(|key| key == "name") {
            volume.insert("emptyDir".into(), Value::Object(Map::new()));
        }
        if let Some(image) = inner(volume, "image") {
            pull_policy(image, "reference", "pullPolicy");
        }
    }
}

fn objects<'a>(object: &'a mut Object, list: &str) -> impl Iterator<Item = &'a mut Object> {
    let items = object.get_mut(list).and_then(Value::as_array_mut);
    items.into_iter().flatten().filter_map(Value::as_object_mut)
}

fn use_host_port(port: &mut Object) {
    if let Some(number) = port.get("containerPort").cloned() {
        port.entry("hostPort").or_insert(number);
    }
}

/// An image of no fixed tag is pulled always.
fn pull_policy(object: &mut Object, image: &str, policy: &str) {
    let latest = is_latest(object.get(image).and_then(Value::as_str).unwrap_or_default());
    fill(object, policy, if latest { "Always" } else { "IfNotPresent" });
}

/// Whether a reference names the tag `latest`, be it by naming none (`parsers.ParseImageName`).
fn is_latest(image: &str) -> bool {
    let (name, digest) = image.split_once('@').map_or((image, false), |(name, _)| (name, true));
    let slash = name.rfind('/').map_or(0, |slash| slash + 1);
    let (name, tag) = match name.get(slash..).and_then(|last| last.find(':')) {
        Some(colon) => name.split_at(slash + colon),
        None => (name, ""),
    };
    match tag.strip_prefix(':') {
        _ if !is_repository(name) => false,
        Some(tag) => tag == "latest",
        None => !digest,
    }
}

/// Whether this could be the name of a repository, with the domain of a registry before it or without. What is no
/// reference at all has no tag either.
fn is_repository(name: &str) -> bool {
    let (domain, path) = match name.split_once('/') {
        Some((domain, path)) if is_domain(domain) => (domain, path),
        _ => ("", name),
    };
    let known = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b':' | b'[' | b']');
    domain.bytes().all(known) && path.split('/').all(is_component)
}

fn is_domain(first: &str) -> bool {
    first == "localhost" || first.contains(['.', ':']) || first.bytes().any(|byte| byte.is_ascii_uppercase())
}

/// Small letters and digits, with a dot, one or two underscores or any dashes between them.
fn is_component(part: &str) -> bool {
    let inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let runs =
        part.split(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit()).filter(|run| !run.is_empty());
    let edge = |byte: Option<u8>| byte.is_some_and(inner);
    edge(part.bytes().next())
        && edge(part.bytes().next_back())
        && runs.into_iter().all(|run| matches!(run, "." | "_" | "__") || run.bytes().all(|byte| byte == b'-'))
}

/// What a container is limited to and does not request, it requests.
fn request_limits(container: &mut Object) {
    let Some(resources) = inner(container, "resources") else { return };
    let Some(limits) = resources.get("limits").and_then(Value::as_object).cloned() else { return };
    let requests = crate::object::as_object_mut(resources.entry("requests").or_insert(Value::Null));
    for (name, limit) in limits {
        requests.entry(name).or_insert(limit);
    }
}

/// The one address and the list of them say the same.
fn align_addresses(status: &mut Object) {
    let one = status.get("podIP").cloned();
    let first = status.get("podIPs").and_then(|ips| ips.pointer("/0/ip")).cloned();
    match (one, first) {
        (Some(one), first) if first.as_ref() != Some(&one) => {
            status.insert("podIPs".into(), serde_json::json!([{"ip": one}]));
        }
        (None, Some(first)) => {
            status.insert("podIP".into(), first);
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::is_latest;

    #[test]
    fn the_tag_of_an_image_decides_when_it_is_pulled() {
        for image in ["nginx", "nginx:latest", "docker.io/library/nginx", "localhost:5000/a"] {
            assert!(is_latest(image), "{image}");
        }
        for image in ["nginx:1", "localhost:5000/a:1", "nginx@sha256:0", "", "a b"] {
            assert!(!is_latest(image), "{image}");
        }
    }
}

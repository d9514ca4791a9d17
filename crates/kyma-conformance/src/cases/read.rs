//! Get: objects, absent objects, and the resourceVersion parameter.

use std::time::Instant;

use serde_json::json;

use crate::case::cases;
use crate::check::{Outcome, holds, same};
use crate::context::{Context, config_maps, leases};
use crate::fixture::{lease, version};

cases! {
    "get/absent" => absent,
    "get/absent-custom-resource" => absent_custom_resource,
    "get/older-resource-version" => older_resource_version,
    "get/future-resource-version" => future_resource_version,
    "get/impossible-resource-version" => impossible_resource_version,
    "get/pretty" => pretty,
    "get/the-service-of-the-api" => service_of_the_api,
}

/// What every server has from the start besides its namespaces; its address and port are of the
/// server's own settings.
async fn service_of_the_api(cx: &Context) -> Outcome {
    let mut service = cx.get("/api/v1/namespaces/default/services/kubernetes").await?.ok()?;
    let labels = json!({"component": "apiserver", "provider": "kubernetes"});
    same("its labels", &service["metadata"]["labels"], &labels)?;
    let port = service["spec"]["ports"][0].as_object_mut().and_then(|port| port.remove("targetPort"));
    holds("its port", port.is_some_and(|port| port.is_u64()), &service)?;
    let address = service["spec"]["clusterIP"].clone();
    holds("its address", address.as_str().is_some_and(|address| address.ends_with(".1")), &service)?;
    same(
        "its spec",
        &service["spec"],
        &json!({
            "clusterIP": address, "clusterIPs": [address], "internalTrafficPolicy": "Cluster",
            "ipFamilies": ["IPv4"], "ipFamilyPolicy": "SingleStack", "sessionAffinity": "None", "type": "ClusterIP",
            "ports": [{"name": "https", "port": 443, "protocol": "TCP"}],
        }),
    )?;
    same("its status", &service["status"], &json!({"loadBalancer": {}}))
}

async fn absent(cx: &Context) -> Outcome {
    let namespace = cx.namespace().await?;
    let (config_map, lease) = (config_maps(&namespace), leases(&namespace));
    for (path, message, details) in [
        (
            format!("{config_map}/none"),
            "configmaps \"none\" not found",
            json!({"name": "none", "kind": "configmaps"}),
        ),
        (
            format!("{lease}/none"),
            "leases.coordination.k8s.io \"none\" not found",
            json!({"name": "none", "group": "coordination.k8s.io", "kind": "leases"}),
        ),
        (
            "/api/v1/namespaces/no-such-namespace".to_owned(),
            "namespaces \"no-such-namespace\" not found",
            json!({"name": "no-such-namespace", "kind": "namespaces"}),
        ),
        // An absent namespace is as good as an empty one.
        (
            config_maps("no-such-namespace") + "/none",
            "configmaps \"none\" not found",
            json!({"name": "none", "kind": "configmaps"}),
        ),
    ] {
        let refusal = json!({"message": message, "reason": "NotFound", "details": details, "code": 404});
        cx.get(&path).await?.refused(&refusal)?;
    }
    let list = cx.get(&config_maps("no-such-namespace")).await?.ok()?;
    same("items of an absent namespace", &list["items"], &json!([]))
}

async fn absent_custom_resource(cx: &Context) -> Outcome {
    let widgets = cx.widgets().await?;
    cx.get(&widgets.item("none")).await?.refused(&json!({
        "message": format!("{} \"none\" not found", widgets.resource()), "reason": "NotFound",
        "details": widgets.details("none"), "code": 404,
    }))
}

/// It asks for "not older than", which the newest state always is.
async fn older_resource_version(cx: &Context) -> Outcome {
    let path = leases(&cx.namespace().await?);
    let made = cx.post(&path, &lease("a")).await?.created()?;
    // What "any version" gives may lag, so the newest is waited for first.
    for asked in [version(&made), "1", "0"] {
        let read = cx.get(&format!("{path}/a?resourceVersion={asked}")).await?.ok()?;
        same("the object", &read, &made)?;
    }
    Ok(())
}

async fn future_resource_version(cx: &Context) -> Outcome {
    let path = leases(&cx.namespace().await?);
    cx.post(&path, &lease("a")).await?.created()?;
    let started = Instant::now();
    let answer = cx.get(&format!("{path}/a?resourceVersion=9000000000000")).await?;
    let body = answer.refused_as(504, "Timeout")?;
    holds("it waits for that version first", started.elapsed().as_secs() >= 2, &body)?;
    let message = answer.message();
    holds(
        "message",
        message.starts_with("Timeout: Too large resource version: 9000000000000, current: "),
        &message,
    )?;
    same(
        "details",
        &body["details"],
        &json!({
            "causes": [{"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}],
            "retryAfterSeconds": 1,
        }),
    )?;
    same("Retry-After", &answer.header(&http::header::RETRY_AFTER), &"1")
}

async fn impossible_resource_version(cx: &Context) -> Outcome {
    let path = leases(&cx.namespace().await?);
    cx.post(&path, &lease("a")).await?.created()?;
    cx.get(&format!("{path}/a?resourceVersion=abc")).await?.refused(&json!({
        "message":
            "resourceVersion: Invalid value: \"abc\": strconv.ParseUint: parsing \"abc\": invalid syntax",
        "code": 500,
    }))
}

/// For people with curl: the same JSON, over several lines.
async fn pretty(cx: &Context) -> Outcome {
    let path = leases(&cx.namespace().await?);
    let made = cx.post(&path, &lease("a")).await?.created()?;
    let answer = cx.get(&format!("{path}/a?pretty=true")).await?;
    same("the object", &answer.ok()?, &made)?;
    holds("several lines", answer.text().trim_end().lines().count() > 5, &answer.text())
}

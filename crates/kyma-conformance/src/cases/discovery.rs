//! Discovery and OpenAPI, as kubectl and client libraries ask for them.

use std::time::Duration;

use http::header::{ETAG, IF_NONE_MATCH};
use serde_json::{Value, json};

use crate::case::cases;
use crate::check::{Outcome, holds, includes, same};
use crate::context::Context;
use crate::fixture::{Kind, text};
use crate::poll::eventually;

cases! {
    "discovery/api" => api,
    "discovery/core-resources" => core_resources,
    "discovery/groups" => groups,
    "discovery/group-and-version" => group_and_version,
    "discovery/custom-resources" => custom_resources,
    "discovery/aggregated-core" => aggregated_core,
    "discovery/aggregated-groups" => aggregated_groups,
    "discovery/aggregated-or-plain" => aggregated_or_plain,
    "discovery/aggregated-is-cached-by-etag" => aggregated_is_cached_by_etag,
    "discovery/paths-of-the-root" => paths_of_the_root,
    "openapi/index" => openapi_index,
    "openapi/custom-resources" => openapi_custom_resources,
    "openapi/validation-parameter" => openapi_validation_parameter,
    "openapi/namespaces" => openapi_namespaces,
    "openapi/absent-group" => openapi_absent_group,
}

const SOON: Duration = Duration::from_secs(20);

/// What kubectl sends, plain JSON last.
const AGGREGATED: &str = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";

/// The member of an array whose `key` is `value`.
fn member<'a>(array: &'a Value, key: &str, value: &str) -> &'a Value {
    let found = array.as_array().into_iter().flatten().find(|member| member[key] == value);
    found.unwrap_or(&Value::Null)
}

/// An array of texts, sorted.
fn sorted(array: &Value) -> Vec<&str> {
    let mut texts: Vec<&str> = array.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    texts.sort_unstable();
    texts
}

const ALL_VERBS: [&str; 8] =
    ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"];

async fn api(cx: &Context) -> Outcome {
    let answer = cx.get("/api").await?.ok()?;
    includes("the answer", &answer, &json!({"kind": "APIVersions", "versions": ["v1"]}))?;
    let address = &answer["serverAddressByClientCIDRs"][0];
    same("for all clients", &address["clientCIDR"], &"0.0.0.0/0")?;
    holds("an address", text(address, "/serverAddress").contains(':'), address)
}

async fn core_resources(cx: &Context) -> Outcome {
    let answer = cx.get("/api/v1").await?.ok()?;
    includes("the list", &answer, &json!({"kind": "APIResourceList", "groupVersion": "v1"}))?;
    for (name, singular, kind, short, namespaced) in [
        ("configmaps", "configmap", "ConfigMap", json!(["cm"]), true),
        ("events", "event", "Event", json!(["ev"]), true),
        ("namespaces", "namespace", "Namespace", json!(["ns"]), false),
        ("secrets", "secret", "Secret", Value::Null, true),
    ] {
        let resource = member(&answer["resources"], "name", name);
        let expected = json!({"singularName": singular, "kind": kind, "namespaced": namespaced});
        includes(name, resource, &expected)?;
        same("shortNames", &resource["shortNames"], &short)?;
        let verbs: Vec<&str> =
            ALL_VERBS.into_iter().filter(|verb| namespaced || *verb != "deletecollection").collect();
        same("verbs", &sorted(&resource["verbs"]), &verbs)?;
    }
    for (name, verbs) in
        [("namespaces/status", ["get", "patch", "update"].as_slice()), ("namespaces/finalize", &["update"])]
    {
        let resource = member(&answer["resources"], "name", name);
        includes(name, resource, &json!({"singularName": "", "kind": "Namespace", "namespaced": false}))?;
        same("verbs", &sorted(&resource["verbs"]), &verbs)?;
    }
    Ok(())
}

async fn groups(cx: &Context) -> Outcome {
    let widgets = cx.widgets().await?;
    let answer = eventually("the group is listed", SOON, || async {
        let answer = cx.get("/apis").await?.ok()?;
        let listed = !member(&answer["groups"], "name", &widgets.group).is_null();
        Ok(if listed { Ok(answer) } else { Err("it is not".to_owned()) })
    })
    .await?;
    includes("the list", &answer, &json!({"kind": "APIGroupList", "apiVersion": "v1"}))?;
    for group in ["coordination.k8s.io", "apiextensions.k8s.io", &widgets.group] {
        let version = json!({"groupVersion": format!("{group}/v1"), "version": "v1"});
        let expected = json!({"name": group, "versions": [version], "preferredVersion": version});
        same(group, member(&answer["groups"], "name", group), &expected)?;
    }
    Ok(())
}

async fn group_and_version(cx: &Context) -> Outcome {
    let version = json!({"groupVersion": "coordination.k8s.io/v1", "version": "v1"});
    same(
        "group",
        &cx.get("/apis/coordination.k8s.io").await?.ok()?,
        &json!({
            "kind": "APIGroup", "apiVersion": "v1", "name": "coordination.k8s.io", "versions": [version],
            "preferredVersion": version,
        }),
    )?;
    let answer = cx.get("/apis/coordination.k8s.io/v1").await?.ok()?;
    let leases = member(&answer["resources"], "name", "leases");
    includes("leases", leases, &json!({"singularName": "lease", "kind": "Lease", "namespaced": true}))?;
    same("verbs", &sorted(&leases["verbs"]), &ALL_VERBS)?;
    let answer = cx.get("/apis/apiextensions.k8s.io/v1").await?.ok()?;
    let definitions = member(&answer["resources"], "name", "customresourcedefinitions");
    same("shortNames", &sorted(&definitions["shortNames"]), &["crd", "crds"])?;
    same("categories", &definitions["categories"], &json!(["api-extensions"]))?;
    let status = member(&answer["resources"], "name", "customresourcedefinitions/status");
    same("verbs of the status", &sorted(&status["verbs"]), &["get", "patch", "update"])
}

/// The discovery documents of a fresh kind, which the real server makes in the background.
async fn discovered(cx: &Context, widgets: &Kind) -> Outcome<Value> {
    eventually("the kind is discovered", SOON, || async {
        let answer = cx.get(&format!("/apis/{}/v1", widgets.group)).await?;
        Ok(if answer.code() == 200 { Ok(answer.value()) } else { Err(answer.shown()) })
    })
    .await
}

async fn custom_resources(cx: &Context) -> Outcome {
    let widgets = cx.widgets().await?;
    let answer = discovered(cx, &widgets).await?;
    let head = json!({"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": widgets.api_version()});
    includes("the list", &answer, &head)?;
    let resource = member(&answer["resources"], "name", "widgets");
    includes("widgets", resource, &json!({"singularName": "widget", "kind": "Widget", "namespaced": true}))?;
    same("verbs", &sorted(&resource["verbs"]), &ALL_VERBS)?;
    let status = member(&answer["resources"], "name", "widgets/status");
    includes("status", status, &json!({"singularName": "", "kind": "Widget", "namespaced": true}))?;
    same("verbs of the status", &sorted(&status["verbs"]), &["get", "patch", "update"])
}

async fn aggregated_core(cx: &Context) -> Outcome {
    let answer = cx.get("/api").accept(&format!("{AGGREGATED},application/json")).await?;
    let body = answer.ok()?;
    same("Content-Type", &answer.content_type(), &AGGREGATED)?;
    includes(
        "the list",
        &body,
        &json!({"kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2"}),
    )?;
    let version = &body["items"][0]["versions"][0];
    includes("version", version, &json!({"version": "v1", "freshness": "Current"}))?;
    let namespaces = member(&version["resources"], "resource", "namespaces");
    let expected = json!({
        "scope": "Cluster", "singularResource": "namespace", "shortNames": ["ns"],
        "responseKind": {"group": "", "version": "", "kind": "Namespace"},
    });
    includes("namespaces", namespaces, &expected)?;
    let status = member(&namespaces["subresources"], "subresource", "status");
    same("verbs of the status", &sorted(&status["verbs"]), &["get", "patch", "update"])?;
    let config_maps = member(&version["resources"], "resource", "configmaps");
    same("scope", &config_maps["scope"], &"Namespaced")?;
    same("verbs", &sorted(&config_maps["verbs"]), &ALL_VERBS)
}

async fn aggregated_groups(cx: &Context) -> Outcome {
    let widgets = cx.widgets().await?;
    let version = eventually("the group is listed", SOON, || async {
        let answer = cx.get("/apis").accept(AGGREGATED).await?.ok()?;
        let group = answer["items"].as_array().into_iter().flatten();
        let mut group = group.filter(|item| item["metadata"]["name"] == widgets.group.as_str());
        Ok(group.next().map(|item| item["versions"][0].clone()).ok_or_else(|| "it is not".to_owned()))
    })
    .await?;
    includes("version", &version, &json!({"version": "v1", "freshness": "Current"}))?;
    let resource = &version["resources"][0];
    let kind = json!({"group": widgets.group, "version": "v1", "kind": "Widget"});
    let expected = json!({
        "resource": "widgets", "scope": "Namespaced", "singularResource": "widget", "responseKind": kind,
    });
    includes("widgets", resource, &expected)?;
    same("verbs", &sorted(&resource["verbs"]), &ALL_VERBS)?;
    let status = &resource["subresources"][0];
    includes("status", status, &json!({"subresource": "status", "responseKind": kind}))?;
    same("verbs of the status", &sorted(&status["verbs"]), &["get", "patch", "update"])
}

async fn aggregated_or_plain(cx: &Context) -> Outcome {
    for (accept, kind) in [
        ("application/json", "APIGroupList"),
        ("*/*", "APIGroupList"),
        (AGGREGATED, "APIGroupDiscoveryList"),
        (
            "application/json;g=apidiscovery.k8s.io;v=v9;as=APIGroupDiscoveryList,application/json",
            "APIGroupList",
        ),
    ] {
        same(accept, &cx.get("/apis").accept(accept).await?.ok()?["kind"], &kind)?;
    }
    Ok(())
}

async fn aggregated_is_cached_by_etag(cx: &Context) -> Outcome {
    let answer = cx.get("/api").accept(AGGREGATED).await?;
    let etag = answer.header(&ETAG);
    holds("an ETag in quotes", etag.len() > 2 && etag.starts_with('"') && etag.ends_with('"'), etag)?;
    let again = cx.get("/api").accept(AGGREGATED).header(IF_NONE_MATCH, etag).await?;
    same("code", &again.code(), &304)?;
    same("no body", &again.bytes().len(), &0)
}

async fn paths_of_the_root(cx: &Context) -> Outcome {
    let answer = cx.get("/").await?.ok()?;
    let paths = sorted(&answer["paths"]);
    for path in
        ["/api", "/api/v1", "/apis", "/apis/coordination.k8s.io", "/healthz", "/openapi/v3", "/version"]
    {
        holds(path, paths.contains(&path), &paths)?;
    }
    Ok(())
}

/// Where the document of a group is, by the index.
async fn document_path(cx: &Context, group: &str) -> Outcome<String> {
    eventually(&format!("{group} is in the index"), SOON, || async {
        let index = cx.get("/openapi/v3").await?.ok()?;
        let path = index["paths"][group]["serverRelativeURL"].as_str();
        Ok(path.map(str::to_owned).ok_or_else(|| "it is not".to_owned()))
    })
    .await
}

async fn openapi_index(cx: &Context) -> Outcome {
    let index = cx.get("/openapi/v3").await?.ok()?;
    for group in ["api/v1", "apis/coordination.k8s.io/v1", "apis/apiextensions.k8s.io/v1"] {
        let path = text(&index["paths"][group], "/serverRelativeURL");
        holds(group, path.starts_with(&format!("/openapi/v3/{group}?hash=")), path)?;
    }
    Ok(())
}

async fn openapi_custom_resources(cx: &Context) -> Outcome {
    let widgets = cx.widgets().await?;
    let path = document_path(cx, &format!("apis/{}/v1", widgets.group)).await?;
    let answer = cx.get(&path).accept("application/json").await?;
    let document = answer.ok()?;
    same("Content-Type", &answer.content_type(), &"application/json")?;
    holds("version", text(&document, "/openapi").starts_with("3.0"), &document["openapi"])?;
    let schemas = document["components"]["schemas"].as_object().into_iter().flatten();
    let kind = json!([{"group": widgets.group, "version": "v1", "kind": "Widget"}]);
    let mut found = schemas.filter(|(_, schema)| schema["x-kubernetes-group-version-kind"] == kind);
    let Some((name, schema)) = found.next() else {
        return holds("the schema names its kind", false, &document["components"]);
    };
    holds("its name is the group's, reversed", name.starts_with("io.kyma-project.conformance."), name)?;
    let spec = &schema["properties"]["spec"];
    same("required", &spec["required"], &json!(["must"]))?;
    includes("a field", &spec["properties"]["text"], &json!({"type": "string", "pattern": "^[a-z]+$"}))?;
    same("apiVersion", &schema["properties"]["apiVersion"]["type"], &"string")?;
    // The document is the same without the hash.
    let plain = path.split('?').next().unwrap_or("");
    same("without the hash", &cx.get(plain).await?.ok()?, &document)
}

/// kubectl looks for it before it asks the server to validate.
async fn openapi_validation_parameter(cx: &Context) -> Outcome {
    let widgets = cx.widgets().await?;
    let path = document_path(cx, &format!("apis/{}/v1", widgets.group)).await?;
    let document = cx.get(&path).await?.ok()?;
    let group = &widgets.group;
    let item = format!("/apis/{group}/v1/namespaces/{{namespace}}/widgets/{{name}}");
    let patch = &document["paths"][&item]["patch"];
    let parameter = member(&patch["parameters"], "name", "fieldValidation");
    same("in", &parameter["in"], &"query")?;
    let kind = json!({"group": group, "version": "v1", "kind": "Widget"});
    same("kind", &patch["x-kubernetes-group-version-kind"], &kind)?;
    same("action", &patch["x-kubernetes-action"], &"patch")
}

async fn openapi_namespaces(cx: &Context) -> Outcome {
    let document = cx.get(&document_path(cx, "api/v1").await?).await?.ok()?;
    let patch = &document["paths"]["/api/v1/namespaces/{name}"]["patch"];
    let parameter = member(&patch["parameters"], "name", "fieldValidation");
    same("fieldValidation in", &parameter["in"], &"query")?;
    let kind = json!({"group": "", "version": "v1", "kind": "Namespace"});
    same("kind", &patch["x-kubernetes-group-version-kind"], &kind)
}

async fn openapi_absent_group(cx: &Context) -> Outcome {
    same("code", &cx.get("/openapi/v3/apis/nobody.example.com/v1").await?.code(), &404)
}

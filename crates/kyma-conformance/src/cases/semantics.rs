//! What a built-in kind says about its own members: the objects that kyma-registry's tests have on record, sent to the
//! server. What is recorded is the real one's answer, so here it is seen to be still that, and to be all of ours.

use std::sync::LazyLock;

use http::Method;
use regex::Regex;
use serde_json::{Map, Value, json};

use crate::case::cases;
use crate::check::{Failure, Outcome, show};
use crate::context::{Context, NAMESPACES};
use crate::fixture::with;

cases! {
    "semantics/namespaces" => namespaces,
    "semantics/roles" => roles,
    "semantics/cluster-roles" => cluster_roles,
    "semantics/role-bindings" => role_bindings,
    "semantics/cluster-role-bindings" => cluster_role_bindings,
    "semantics/service-accounts" => service_accounts,
    "semantics/services" => services,
    "semantics/pods" within 60 => pods,
    "semantics/containers" within 60 => containers,
    "semantics/volumes" => volumes,
    "semantics/deployments" within 60 => deployments,
    "semantics/replica-sets" => replica_sets,
    "semantics/stateful-sets" within 60 => stateful_sets,
    "semantics/daemon-sets" => daemon_sets,
    "semantics/replication-controllers" => replication_controllers,
    "semantics/controller-revisions" => controller_revisions,
    "semantics/pod-templates" => pod_templates,
    "semantics/claims" => claims,
    "semantics/jobs" => jobs,
    "semantics/cron-jobs" within 60 => cron_jobs,
}

/// A case that sends what one file has.
macro_rules! recorded {
    ($($name:ident: $file:literal),* $(,)?) => {
        $(async fn $name(cx: &Context) -> Outcome {
            send(cx, include_str!(concat!("../../../kyma-registry/src/builtin/testdata/", $file, ".json"))).await
        })*
    };
}

recorded! {
    namespaces: "namespace",
    roles: "role",
    cluster_roles: "clusterrole",
    role_bindings: "rolebinding",
    cluster_role_bindings: "clusterrolebinding",
    service_accounts: "serviceaccount",
    services: "service",
    pods: "pod",
    containers: "containers",
    volumes: "volumes",
    deployments: "deployment",
    replica_sets: "replicaset",
    stateful_sets: "statefulset",
    daemon_sets: "daemonset",
    replication_controllers: "replicationcontroller",
    controller_revisions: "controllerrevision",
    pod_templates: "podtemplate",
    claims: "claim",
    jobs: "job",
    cron_jobs: "cronjob",
}

/// How the files call the namespace of their objects.
const NAMESPACE: &str = "/namespaces/default/";

static UID: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}").ok());

/// Sends all objects of a file, none of which is stored but the good one that others are updates of.
async fn send(cx: &Context, file: &str) -> Outcome {
    let file: Value =
        serde_json::from_str(file).map_err(|error| Failure::new("the file", "JSON", error.to_string()))?;
    let mut path = file["path"].as_str().unwrap_or_default().to_owned();
    let mut base = file["base"].clone();
    if path.contains(NAMESPACE) {
        let namespace = cx.namespace().await?;
        path = path.replace(NAMESPACE, &format!("/namespaces/{namespace}/"));
        account(cx, &namespace).await?;
    } else {
        base = with(base, "/metadata/name", cx.name());
    }
    let item = format!("{path}/{}", base["metadata"]["name"].as_str().unwrap_or_default());
    let mut stored = None;
    for case in file["cases"].as_array().into_iter().flatten() {
        let set = case["set"].as_object().cloned().unwrap_or_default();
        let verb = case["verb"].as_str().unwrap_or_default();
        let (method, path, object) = if verb == "create" {
            (Method::POST, path.clone(), changed(&base, &set))
        } else {
            if stored.is_none() {
                cx.post(&path, &base).await?.created()?;
                cx.remember(item.clone());
                stored = Some(());
            }
            let part = if verb == "status" { "/status" } else { "" };
            (Method::PUT, format!("{item}{part}"), changed(&current(cx, &item).await?, &set))
        };
        let answer = cx.call(method, &format!("{path}?dryRun=All")).json(&object).await?;
        let expected = &case["causes"];
        let actual = match answer.code() {
            200 | 201 => json!([]),
            _ => causes(&answer.value()),
        };
        if masked(&actual) != masked(expected) {
            let what = format!("{verb}: {}", case["name"].as_str().unwrap_or_default());
            return Err(Failure::new(what, show(expected), answer.shown()));
        }
    }
    Ok(())
}

/// The real control plane makes the account that pods run as a moment after their namespace.
async fn account(cx: &Context, namespace: &str) -> Outcome {
    let account = json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default"}});
    let answer = cx.post(&format!("{NAMESPACES}/{namespace}/serviceaccounts"), &account).await?;
    if answer.code() == 409 { Ok(()) } else { answer.created().map(drop) }
}

/// The object as it is now, without the version: controllers write it, too.
async fn current(cx: &Context, item: &str) -> Outcome<Value> {
    let mut object = cx.get(item).await?.ok()?;
    if let Some(metadata) = object["metadata"].as_object_mut() {
        metadata.remove("resourceVersion");
    }
    Ok(object)
}

/// The object with the members of a case: null takes one out, the index behind a list's last item adds one.
fn changed(object: &Value, set: &Map<String, Value>) -> Value {
    let mut object = object.clone();
    for (pointer, value) in set {
        let Some((parent, name)) = pointer.rsplit_once('/') else { continue };
        let mut slot = &mut object;
        for part in parent.split('/').skip(1) {
            slot = match part.parse::<usize>() {
                Ok(index) if slot.is_array() => &mut slot[index],
                _ => {
                    if !slot.is_object() {
                        *slot = json!({});
                    }
                    &mut slot[part]
                }
            };
        }
        match slot {
            Value::Array(items) => match name.parse::<usize>() {
                Ok(index) if index < items.len() => items[index] = value.clone(),
                _ => items.push(value.clone()),
            },
            Value::Object(members) if value.is_null() => {
                members.remove(name);
            }
            other => other[name] = value.clone(),
        }
    }
    object
}

/// Causes as the files have them: field, reason, message.
fn causes(status: &Value) -> Value {
    let causes = status["details"]["causes"].as_array().into_iter().flatten();
    causes.map(|cause| json!([cause["field"], cause["reason"], cause["message"]])).collect()
}

/// UIDs are made anew each time.
fn masked(causes: &Value) -> String {
    let text = causes.to_string();
    UID.as_ref().map_or_else(|| text.clone(), |uid| uid.replace_all(&text, "UID").into_owned())
}
